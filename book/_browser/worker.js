// Python in a worker: loads Pyodide and the helper, then passes messages on to
// `ch335_helpers.show.live.page`, which does all the work. Texts in JSON go both ways.

const progress = (words) => postMessage({ progress: words });
const megabytes = (bytes) => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);

// Fetch every file, from the reader's device if an earlier page has kept it there.
async function load(base) {
  const files = Object.entries(await (await fetch(base + "contents.json")).json());
  const kept = await globalThis.caches?.open("ch335-python").catch(() => undefined);
  const total = files.reduce((sum, [, file]) => sum + file.bytes, 0);
  const contents = {};
  let loaded = 0;
  const count = (bytes) => {
    loaded += bytes;
    progress(`Loading Python: ${megabytes(loaded)} of ${megabytes(total)} MB.`);
  };
  await Promise.all(files.map(async ([name, { url, sha256 }]) => {
    const key = `${new URL(url, base)}?${sha256}`; // a changed file is another one
    contents[name] = (await kept?.match(key)) ?? (await download(new URL(url, base), count));
    await kept?.put(key, contents[name].clone()).catch(() => {}); // a full device still works
  }));
  for (const { url } of (await kept?.keys()) ?? [])
    if (!files.some(([, file]) => url.endsWith(file.sha256))) await kept.delete(url);
  return contents;
}

async function download(url, count) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} could not be loaded (${answer.status})`);
  const pieces = [], reader = answer.body.getReader();
  for (let part; !(part = await reader.read()).done; ) {
    pieces.push(part.value);
    count(part.value.length);
  }
  const type = answer.headers.get("Content-Type") ?? "";
  return new Response(new Blob(pieces), { headers: { "Content-Type": type } });
}

async function start() {
  const base = new URL("./", self.location.href).href;
  const contents = await load(base);
  progress("Starting Python.");
  const fetched = self.fetch;
  // what Pyodide asks for next is at hand
  self.fetch = async (url, ...rest) => {
    const answer = contents[new URL(url.url ?? url, base).pathname.split("/").pop()];
    return answer ? answer.clone() : fetched(url, ...rest);
  };
  for (const name of ["pyodide.js", "pyodide.asm.js"])
    importScripts(URL.createObjectURL(await contents[name].clone().blob()));
  const python = await loadPyodide({ indexURL: base, lockFileURL: `${base}pyodide-lock.json` });
  await python.loadPackage("ch335-helpers", { messageCallback: () => {} });
  self.fetch = fetched;
  python.globals.set("send", (text) => postMessage({ text }));
  return python.runPython("from ch335_helpers.show.live.page import Page\nPage(send).receive");
}

const receive = start();
receive.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: String(error.message ?? error) }));
onmessage = ({ data }) => receive.then((python) => python(data), () => {}); // failure was told
