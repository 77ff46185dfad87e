// Brings every explorer on the page to life that is not alive yet.
(() => {
  for (const root of document.querySelectorAll(".ch335-explorer:not([data-alive])")) {
    const data = root.querySelector("script[type='application/json']");
    if (!data) continue;
    root.dataset.alive = "";
    const { sliders, fragments, states, axes } = JSON.parse(data.textContent);
    const labels = [...root.querySelectorAll("label")];
    const inputs = labels.map((label) => label.querySelector("input"));
    const sentence = root.querySelector(".ch335-sentence");
    const picture = root.querySelector(".ch335-picture");
    let own = []; // the reader's own runs: one string of lines for each drawing

    const show = () => {
      let number = 0; // of the state: the last slider's stops lie side by side
      inputs.forEach((input, i) => {
        const stop = sliders[i][input.value];
        number = number * sliders[i].length + Number(input.value);
        labels[i].querySelector("output").textContent = stop;
        input.setAttribute("aria-valuetext", stop);
      });
      const [words, ...parts] = states[number].map((i) => fragments[i]);
      sentence.textContent = own.length ? `${words} Dotted: your own runs, from the panel on this page.` : words;
      picture.innerHTML = parts.join("\n");
      own.forEach((lines, i) => picture.querySelectorAll("svg")[i].insertAdjacentHTML("beforeend", lines));
    };

    // A panel on the page sends what it has drawn for these axes.
    if (axes) {
      root.dataset.axes = JSON.stringify(axes);
      root.addEventListener("ch335-runs", (event) => {
        own = event.detail;
        show();
      });
    }

    for (const label of labels) label.hidden = false;
    for (const input of inputs) input.addEventListener("input", show);
    show(); // a browser may have kept a slider's place from an earlier visit
  }
})();
