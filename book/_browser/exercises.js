// Turns every exercise's cell into an editor with Check and Reset. Check runs what is
// in the editor in the page's own Python, which the first Check starts. What is typed
// stays on the reader's device.
import { end, open } from "./runtime.js";

const prelude = JSON.parse(document.getElementById("ch335-prelude").textContent);
const make = (tag, look, ...content) => {
  const node = Object.assign(document.createElement(tag), look);
  node.append(...content);
  return node;
};

function store(key, text) {
  try {
    if (text === undefined) return localStorage.getItem(key);
    text === null ? localStorage.removeItem(key) : localStorage.setItem(key, text);
  } catch { /* a reader may have forbidden it: then work lasts as long as the page */ }
}

// Enter keeps the indentation, and adds to it after a colon.
function indent(event) {
  if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.isComposing) return;
  const { selectionStart: start, value } = event.target;
  const line = value.slice(value.lastIndexOf("\n", start - 1) + 1, start);
  const spaces = line.match(/^ */)[0] + (/:\s*$/.test(line) ? "    " : "");
  event.preventDefault();
  event.target.setRangeText(`\n${spaces}`, start, event.target.selectionEnd, "end");
  event.target.dispatchEvent(new Event("input"));
}

function workbench(cell) {
  const stub = cell.querySelector(".cell_input pre").textContent.trimEnd();
  const number = stub.match(/check\("([\d.]+)"/)?.[1];
  const key = `ch335-exercise-${number}`;
  const editor = make("textarea", { spellcheck: false, autocapitalize: "off", wrap: "off" });
  editor.setAttribute("aria-label", `Your answer to exercise ${number}`);
  const check = make("button", { type: "button", className: "ch335-go" }, "Check");
  const stop = make("button", { type: "button", disabled: true }, "Stop");
  const reset = make("button", { type: "button" }, "Reset");
  const printed = make("pre", { hidden: true });
  const verdict = make("p", { className: "ch335-sentence" });
  verdict.setAttribute("role", "status");
  let python;

  const grow = () => (editor.rows = editor.value.split("\n").length + 1);
  const fill = (text) => { editor.value = text; grow(); };
  const running = (yes) => { check.disabled = yes; stop.disabled = !yes; };
  const say = (words, right) => {
    verdict.textContent = words;
    verdict.dataset.right = right ?? "";
  };
  const receive = ({ printed: text, message, right }) => {
    printed.textContent = text ?? "";
    printed.hidden = !text;
    say(message || "It ran. The last line should call check.", right);
    running(false);
  };
  const watch = ({ progress, ready, failed }) => {
    if (failed) {
      python = undefined;
      if (check.disabled) say(failed);
      running(false);
    } else if (check.disabled) say(progress ?? (ready ? "Checking …" : ""));
  };

  check.onclick = () => {
    running(true);
    printed.hidden = true;
    python ??= open("workbench", { prelude }, { watch, receive });
    say("Checking …");
    python({ call: "run", arguments: { code: editor.value } });
  };
  stop.onclick = () => end("Stopped. The next Check starts Python again.");
  reset.onclick = () => { fill(stub); store(key, null); say(""); printed.hidden = true; };
  editor.onkeydown = indent;
  editor.oninput = () => { grow(); store(key, editor.value); };
  fill(store(key) ?? stub);

  const buttons = make("div", { className: "ch335-row" }, check, stop, reset);
  const bench = make("div", { className: "ch335-explorer ch335-bench" }, editor, buttons, printed, verdict);
  cell.after(bench);
  cell.classList.add("ch335-answered-here");
}

document.querySelectorAll(".cell.tag_exercise").forEach(workbench);
