// One Python for a page, started when something on the page first asks for it.

let worker, state;
const listeners = new Map(); // from the number of a thing on the page to its function
let count = 0;

function tell(change) {
  state = change;
  for (const { watch } of listeners.values()) watch(state);
}

function start() {
  if (typeof WebAssembly !== "object") return tell({ failed: "this browser has no WebAssembly" });
  state = { progress: "Loading Python." };
  worker = new Worker(new URL("worker.js", import.meta.url));
  worker.onerror = (event) => tell({ failed: event.message || "the worker could not be started" });
  worker.onmessage = ({ data }) => {
    if (data.failed) worker.terminate(); // or it would go on loading, and tell
    if (data.text === undefined) return tell(data);
    const { to, ...message } = JSON.parse(data.text);
    listeners.get(to)?.receive(message);
  };
}

// Make an object of the Python class `kind` in the worker. `watch` hears how Python is
// getting on: {progress: words}, {ready: true} or {failed: why}; `receive` hears what the
// object sends. What is returned sends messages to the object.
export function open(kind, options, { watch, receive }) {
  if (!worker || state.failed) start();
  const to = `${kind}-${(count += 1)}`;
  listeners.set(to, { watch, receive });
  watch(state);
  const send = (message) => worker?.postMessage(JSON.stringify({ to, ...message }));
  send({ kind, options });
  return send;
}

// End Python at once, whatever it is doing; the next `open` starts it anew.
export function end(why) {
  worker?.terminate();
  worker = undefined;
  tell({ failed: why });
  listeners.clear();
}
