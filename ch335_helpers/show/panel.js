// Brings every training panel on the page to life: its controls speak to a `Trainer` in
// Python, which the first Train starts.
(() => {
  for (const root of document.querySelectorAll(".ch335-trainer:not([data-alive])")) {
    root.dataset.alive = "";
    root.hidden = false;
    const { options, stops } = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const inputs = [...root.querySelectorAll("[name]")];
    const [go, stop] = root.querySelectorAll("button");
    const bar = root.querySelector("progress");
    const part = (name) => root.querySelector(`.ch335-${name}`);
    let python; // sends messages to the trainer, once there is one

    const explorers = () => [...document.querySelectorAll("[data-axes]")];
    const at = (input) => Number(input.type === "checkbox" ? input.checked : input.value);
    const chosen = () => Object.fromEntries(inputs.map((input) => [input.name, stops[input.name][at(input)]]));
    const call = (name, args = {}) => python({ call: name, arguments: args });
    const show = {
      message: (words) => (part("sentence").textContent = words),
      progress: (share) => (bar.value = share),
      charts: (html) => (part("charts").innerHTML = html),
      table: (html) => {
        part("table").innerHTML = html;
        for (const { dataset } of explorers()) call("beside", JSON.parse(dataset.axes));
      },
      beside: (lines) => explorers().forEach((explorer) => explorer.dispatchEvent(new CustomEvent("ch335-runs", { detail: lines }))),
      training: (yes) => { go.disabled = yes; stop.disabled = !yes; },
      idle: (names) => inputs.forEach((input) => (input.disabled = names.includes(input.name))),
    };
    const receive = (message) => Object.entries(message).forEach(([name, value]) => show[name]?.(value));

    // how Python is getting on, until the trainer itself has something to say
    const watch = ({ progress, failed }) => {
      if (progress) show.message(progress);
      if (!failed) return;
      python = undefined;
      show.training(false);
      show.message(`Python could not be started: ${failed}. The explorer on this page works without it.`);
    };

    go.onclick = async () => {
      show.training(true);
      if (!python) {
        try {
          const home = new URL(document.documentElement.dataset.content_root ?? "./", document.baseURI);
          const { open } = await import(new URL("_browser/runtime.js", home));
          python = open("trainer", options, { watch, receive });
        } catch (error) {
          return watch({ failed: error.message });
        }
      }
      call("choose", chosen());
      call("train");
    };
    stop.onclick = () => call("stop");
    for (const input of inputs) {
      const names = input.dataset.names && JSON.parse(input.dataset.names);
      const moved = () => {
        if (!names) return;
        input.parentElement.querySelector("output").textContent = names[input.value];
        input.setAttribute("aria-valuetext", names[input.value]);
      };
      moved(); // a browser may have kept a slider's place from an earlier visit
      input.addEventListener("input", moved);
      input.addEventListener("change", () => python && call("choose", chosen()));
    }
  }
})();
