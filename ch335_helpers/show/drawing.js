// A canvas to draw on, and what a network and the ideal observer say to it. All answers
// come from a `Judge` in Python: in a notebook's kernel, or in the page itself.

const SIZE = 32;

function make(tag, look = {}, ...content) {
  const node = Object.assign(document.createElement(tag), look);
  node.append(...content);
  return node;
}

function paint(canvas, size, shades) {
  canvas.width = canvas.height = size;
  const image = new ImageData(size, size);
  shades.forEach((shade, i) => image.data.set([shade, shade, shade, 255], 4 * i));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// `connect({ receive, watch })` resolves to a function that sends a message to Python.
function board(root, connect, begin) {
  const pixels = new Array(SIZE * SIZE).fill(0);
  const cursor = { row: 15, column: 15, shown: false };
  const canvas = make("canvas", { tabIndex: 0, className: "ch335-canvas" });
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Drawing of 32 by 32 pixels. Arrow keys move the brush, Space draws or erases.");
  const erase = make("input", { type: "checkbox" });
  const noise = make("input", { type: "range", min: 0.1, max: 1.5, step: 0.1, value: 0.7 });
  noise.setAttribute("aria-label", "noise");
  const output = make("output");
  const menu = make("select", { disabled: true }, make("option", { value: "" }, "none"));
  const start = make("button", { type: "button", className: "ch335-go" }, "Start");
  const clear = make("button", { type: "button" }, "Clear");
  const sentence = make("p", { className: "ch335-sentence" }, begin);
  sentence.setAttribute("role", "status");
  const where = make("p", { className: "ch335-where" });
  where.setAttribute("role", "status");
  const answers = make("div", { className: "ch335-picture" });
  const pictures = make("div", { className: "ch335-picture ch335-maps" });
  let send, waiting = false, again = false;

  function show() {
    paint(canvas, SIZE, pixels.map((value) => 255 * value));
    if (!cursor.shown) return;
    const pen = canvas.getContext("2d");
    pen.fillStyle = erase.checked ? "rgb(217 115 13 / .7)" : "rgb(63 143 210 / .7)";
    pen.fillRect(cursor.column - 1, cursor.row - 1, 3, 3);
  }

  function judge() {
    if (!send || waiting) return void (again = true);
    [waiting, again] = [true, false];
    send({ call: "judge", arguments: { pixels, noise: Number(noise.value) } });
  }

  function changed() {
    show();
    if (send) judge();
  }

  // The brush is as wide as a stroke of the generator: 3 x 3 pixels.
  function dab(row, column) {
    for (let i = row - 1; i <= row + 1; i++)
      for (let j = column - 1; j <= column + 1; j++)
        if (i >= 0 && j >= 0 && i < SIZE && j < SIZE) pixels[SIZE * i + j] = erase.checked ? 0 : 1;
  }

  const receive = (message) => {
    if (message.shapes) {
      menu.append(...message.shapes.map((name) => make("option", {}, name)));
      menu.disabled = false;
      return;
    }
    if (message.pixels) {
      message.pixels.forEach((value, i) => (pixels[i] = value));
      return changed();
    }
    waiting = false;
    if (message.message) sentence.textContent = message.message;
    if (message.network) answers.innerHTML = message.network + message.observer;
    if (message.pictures) pictures.replaceChildren(...message.pictures.map(([title, size, shades]) => {
      const map = make("canvas");
      map.setAttribute("role", "img");
      map.setAttribute("aria-label", title);
      paint(map, size, shades);
      return make("div", { className: "ch335-panel" }, make("div", { className: "ch335-title" }, title), map);
    }));
    if (again) judge();
  };
  const watch = ({ progress, failed }) => {
    if (progress) sentence.textContent = progress;
    if (!failed) return;
    [send, waiting] = [undefined, false];
    start.disabled = false;
    menu.disabled = true;
    menu.replaceChildren(menu.firstChild);
    sentence.textContent = `Python could not be started: ${failed}.`;
  };

  start.onclick = async () => {
    start.disabled = true;
    try {
      send = await connect({ receive, watch });
      send({ call: "offer", arguments: {} });
      judge();
    } catch (error) {
      watch({ failed: error.message });
    }
  };
  clear.onclick = () => { pixels.fill(0); menu.value = ""; changed(); };
  menu.onchange = () => menu.value && send({ call: "example", arguments: { name: menu.value } });
  noise.oninput = () => {
    output.textContent = Number(noise.value).toFixed(1);
    noise.setAttribute("aria-valuetext", output.textContent);
    if (send) judge();
  };

  let last; // where the pointer was, while it is down
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientY - box.top, event.clientX - box.left].map((at) => Math.floor((SIZE * at) / box.width));
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    cursor.shown = false;
    last = place(event);
    dab(...last);
    changed();
  };
  canvas.onpointermove = (event) => {
    if (!last) return;
    const next = place(event);
    const steps = Math.max(1, ...next.map((at, axis) => Math.abs(at - last[axis])));
    for (let k = 1; k <= steps; k++) dab(...last.map((at, axis) => Math.round(at + ((next[axis] - at) * k) / steps)));
    last = next;
    changed();
  };
  canvas.onpointerup = canvas.onpointercancel = () => (last = undefined);
  canvas.onkeydown = (event) => {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], " ": [0, 0] }[event.key] ?? [];
    if (down === undefined) return;
    event.preventDefault();
    const inside = (at) => Math.min(SIZE - 1, Math.max(0, at));
    Object.assign(cursor, { row: inside(cursor.row + down), column: inside(cursor.column + right), shown: true });
    if (event.key === " ") dab(cursor.row, cursor.column);
    const value = pixels[SIZE * cursor.row + cursor.column] ? "white" : "black";
    where.textContent = `Row ${cursor.row}, column ${cursor.column}: ${value}.`;
    event.key === " " ? changed() : show();
  };
  canvas.onblur = () => { cursor.shown = false; show(); };

  const label = (text, input, ...more) => make("label", {}, make("span", {}, text), input, ...more);
  const controls = make("div", { className: "ch335-controls" },
    make("div", { className: "ch335-row" }, start, clear, label("erase", erase)),
    label("a shape", menu), label("noise", noise, output), sentence, where);
  root.append(make("div", { className: "ch335-desk" }, canvas, controls), answers, pictures);
  noise.oninput();
  show();
}

// The host of a published page: Python runs in the page.
export function onPage() {
  for (const root of document.querySelectorAll(".ch335-board:empty"))
    board(root, async (listeners) => {
      const { open } = await import(new URL("runtime.js", import.meta.url));
      const answer = await fetch(new URL("network.npz", import.meta.url));
      if (!answer.ok) throw new Error("the trained network is not there");
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const params = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
      return open("drawing", { params }, listeners);
    }, "Draw a shape with strokes three pixels wide. Start loads Python into this page, once: about 17 MB.");
}

// The host of a live notebook: Python is the kernel.
export default {
  render({ model, el }) {
    el.classList.add("ch335-explorer");
    board(el, async ({ receive }) => {
      model.on("msg:custom", receive);
      return (message) => model.send(message);
    }, "Draw a shape with strokes three pixels wide, and press Start.");
  },
};
