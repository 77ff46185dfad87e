"""Training in a real browser: the helper in Pyodide, beside ConvNetJS and CPython.

The helper runs in a page of the built book, ConvNetJS in the same page, and the helper
once more in CPython with one thread. All three take turns.
"""

import shutil
import subprocess
from contextlib import contextmanager
from statistics import median
from time import perf_counter

from playwright.sync_api import sync_playwright
from threadpoolctl import threadpool_limits

from benchmarks import chromium
from benchmarks.report import interleave, ratios, spread
from benchmarks.workers import ROOT
from ch335_helpers import Table

BOOK = ROOT / "_build" / "html"
SECONDS = 2  # of each measurement
PATIENCE = 120_000  # milliseconds
# Images a second of training steps, for networks by name. Runs in the page and here.
# `both can express`: ConvNetJS knows neither batch norm nor a global average
OURS = """
from time import perf_counter
import numpy as np
from ch335_helpers import *

def dense():
    return Chain(
        Conv("conv1", 1, 8), ReLU(), MaxPool(), Conv("conv2", 8, 16), ReLU(), MaxPool(),
        Flatten(), Linear("linear", 256, 4),
    )

NETWORKS = {
    "SimpleCNN": (lambda: SimpleCNN(4), 16, 32),
    "both can express": (dense, 16, 32),
    "ResidualCNN, width 8": (lambda: ResidualCNN(width=8), 32, 64),
    "ResidualCNN, width 16": (lambda: ResidualCNN(width=16), 32, 64),
}

def images_per_second(name, seconds):
    make, size, batch = NETWORKS[name]
    model, rng, state = make(), np.random.default_rng(0), {}
    params = model.init(rng)
    x = rng.standard_normal((batch, 1, size, size)).astype(np.float32)
    y = rng.integers(4, size=batch)
    train_step(model, params, x, y, state, 1e-3)
    n, began = 0, perf_counter()
    while perf_counter() - began < seconds:
        train_step(model, params, x, y, state, 1e-3)
        n += batch
    return n / (perf_counter() - began)
"""
CONVNETJS = """seconds => {
    const net = new convnetjs.Net();
    const conv = { type: "conv", sx: 3, pad: 1, stride: 1, activation: "relu" };
    net.makeLayers([
        { type: "input", out_sx: 16, out_sy: 16, out_depth: 1 },
        { ...conv, filters: 8 }, { type: "pool", sx: 2, stride: 2 },
        { ...conv, filters: 16 }, { type: "pool", sx: 2, stride: 2 },
        { type: "softmax", num_classes: 4 },
    ]);
    const settings = { method: "sgd", learning_rate: 1e-3, batch_size: 32 };
    const trainer = new convnetjs.Trainer(net, settings);
    const images = [...Array(32)].map(() => new convnetjs.Vol(16, 16, 1));
    const step = () => images.forEach((image, i) => trainer.train(image, i % 4));
    step();
    const began = performance.now();
    let n = 0;
    while (performance.now() - began < 1000 * seconds) {
        step();
        n += images.length;
    }
    return (1000 * n) / (performance.now() - began);
}"""
ASK = """code => new Promise((resolve, reject) => {
    window.python ??= window.runtime.open("workbench", { prelude: window.prelude }, {
        watch: ({ failed }) => failed && reject(failed),
        receive: (message) => window.answered(message),
    });
    window.answered = (message) => resolve(message.message);
    window.python({ call: "run", arguments: { code } });
})"""


@contextmanager
def browser_on_the_book():
    """A Chromium, and the address of the built book."""
    with chromium.served(BOOK) as address, sync_playwright() as play:
        path = chromium.executable()
        browser = play.chromium.launch(executable_path=path, args=chromium.FLAGS)
        yield browser, address
        browser.close()


def convnetjs():
    """Path of ConvNetJS, installed by npm, which checks its hash."""
    folder = ROOT / "_build" / "npm"
    path = folder / "node_modules" / "convnetjs" / "build" / "convnet-min.js"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / "benchmarks" / name, folder)
        subprocess.run(["npm", "ci"], cwd=folder, check=True, capture_output=True)
    return path


def speeds(browser, address, repetitions):
    """Images a second: a list, one entry a repetition, by network and side."""
    here = {}
    exec(OURS, here)
    page = browser.new_page()
    page.goto(f"{address}/book/glossary.html")
    script = f"{address}/_browser/runtime.js"
    page.evaluate(f"import('{script}').then(module => window.runtime = module)")
    page.evaluate("code => { window.prelude = code; }", OURS)
    page.add_script_tag(path=convnetjs())

    def in_page(name):
        return float(page.evaluate(ASK, f"images_per_second({name!r}, {SECONDS})"))

    turns = {
        ("ConvNetJS", "both can express"): lambda: page.evaluate(CONVNETJS, SECONDS)
    }
    for name in here["NETWORKS"]:
        turns["page", name] = lambda name=name: in_page(name)
        turns["CPython", name] = lambda name=name: here["images_per_second"](
            name, SECONDS
        )
    with threadpool_limits(1):
        return interleave(turns, repetitions)


def seconds_of_train(browser, address):
    """From pressing Train to the first curve and to the end, in a fresh browser."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/book/3_training.html")
        panel = page.locator(".ch335-trainer")
        panel.get_by_role("button", name="Train").click()
        began = perf_counter()
        panel.locator("polyline.line").first.wait_for(
            state="attached", timeout=PATIENCE
        )
        first = perf_counter() - began
        panel.get_by_text("Run 1: done").wait_for(timeout=PATIENCE)
        return first, perf_counter() - began


def section(repetitions):
    """The table of speeds and the times of a first Train, as text."""
    with browser_on_the_book() as (browser, address):
        times = [seconds_of_train(browser, address) for _ in range(3)]
        found = speeds(browser, address, repetitions)
    rows = []
    for (side, name), ours in found.items():
        if side == "page":
            there = found.get(("ConvNetJS", name))
            rows.append(
                (
                    name,
                    spread(ours, "{:,.0f}"),
                    spread(found["CPython", name], "{:,.0f}"),
                    spread(there, "{:,.0f}") if there else "",
                    spread(ratios(ours, there), "{:.1f}") if there else "",
                )
            )
    header = ("network", "page, images/s>", "CPython>", "ConvNetJS>")
    table = Table((*header, "page / ConvNetJS>"), rows)
    first, end = ([pair[i] for pair in times] for i in (0, 1))
    return f"""{table}

From pressing Train for the first time to the first curve: {median(first):.1f} s; to the
end of the default run: {median(end):.1f} s."""
