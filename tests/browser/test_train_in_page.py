"""The published page trains: Python runs in the reader's browser, with no network."""

import json
import re

import numpy as np
import pytest

from ch335_helpers.data.shapes import make_synthetic_images
from ch335_helpers.model.models import ResidualCNN
from ch335_helpers.training.loop import Training

sync_api = pytest.importorskip("playwright.sync_api")
SOON = 60_000  # milliseconds that Python may take to load on a busy machine
STOPS_WITHIN = 1_500  # milliseconds: a second, and the time of the test itself
MOST_BYTES = 18_000_000  # that the first Train loads
# How many points the curve has. A picture of the first few steps shows no curve yet.
POINTS = """panel => panel.querySelector("polyline.line")
    ?.getAttribute("points").split(" ").length ?? 0"""
LOADED = """() => performance.getEntriesByType("resource").map(entry => entry.name)
    .filter(name => name.includes("_browser")).map(name => name.split("/").pop())"""


@pytest.fixture
def asleep(open_page):
    """The training panel of page 3, without Python."""
    return open_page("3_training").locator(".ch335-trainer")


@pytest.fixture
def panel(turn_to):
    """The panel with its usual settings, and a Python that several tests share."""
    return turn_to("3_training").locator(".ch335-trainer")


def next_run(panel):
    """What the panel will call the next run."""
    return f"Run {panel.locator('tbody tr').count() + 1}"


def move(panel, name, to):
    """Move a slider to one of its stops, with the keyboard."""
    slider = panel.locator(f"input[name={name}]")
    names = slider.evaluate("slider => JSON.parse(slider.dataset.names)")
    slider.focus()
    slider.press("Home")
    for _ in range(names.index(to)):
        slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == to


def press(panel, name):
    panel.get_by_role("button", name=name, exact=True).click()


def wait_for(panel, pattern, timeout=SOON):
    """Wait until the panel's sentence matches; return it."""
    sentence = panel.locator(".ch335-sentence")
    sync_api.expect(sentence).to_have_text(re.compile(pattern), timeout=timeout)
    return sentence.inner_text()


def make_it_small(panel, epochs="3"):
    panel.locator("select").select_option(label="SimpleCNN")
    move(panel, "n_images", "100")
    move(panel, "epochs", epochs)


def test_nothing_is_loaded_before_train_is_pressed(asleep):
    move(asleep, "epochs", "4")
    # the editors of the exercises, a few kilobytes, and nothing of Python
    assert {*asleep.page.evaluate(LOADED)} == {"exercises.js", "runtime.js"}
    assert "17 MB" in asleep.locator(".ch335-sentence").inner_text()
    press(asleep, "Train")
    wait_for(asleep, r"Loading Python: [\d.]+ of 17 MB|Starting Python|Epoch")


def test_the_page_trains_while_the_curve_grows_and_the_accuracy_rises(panel):
    number = next_run(panel)
    press(panel, "Train")
    wait_for(panel, r"Epoch \d of 8, loss [\d.]+, about .* left\.")
    early = panel.evaluate(POINTS)
    panel.page.wait_for_function(
        f"([panel, early]) => ({POINTS})(panel) > early + 3",
        arg=[panel.element_handle(), early],
        timeout=SOON,
    )
    done = wait_for(panel, f"{number}: done, best accuracy", timeout=3 * SOON)
    assert float(re.search(r"accuracy ([\d.]+)%", done)[1]) > 60
    # the reader's run stands in the explorer above, too
    explorer = panel.page.locator(".ch335-explorer[data-axes]")
    assert "Dotted: your own runs" in explorer.inner_text()
    n_runs = panel.locator("tbody tr").count()
    assert explorer.locator("polyline[stroke-dasharray]").count() == 2 * n_runs


def test_stop_leaves_a_run_and_the_panel_trains_again_and_diverges(panel):
    rows = panel.locator("tbody tr")
    before, number = rows.count(), next_run(panel)
    press(panel, "Train")
    wait_for(panel, r"Epoch \d of 8")
    assert panel.get_by_role("button", name="Train").is_disabled()
    press(panel, "Stop")
    wait_for(panel, rf"{number}: stopped in epoch \d", timeout=STOPS_WITHIN)
    make_it_small(panel)
    wait_for(panel, r"This will take about .* Press Train\.")
    number = next_run(panel)
    press(panel, "Train")
    wait_for(panel, f"{number}: done")
    assert rows.count() == before + 2
    assert "stopped in epoch" in rows.nth(before).inner_text()
    assert "3 of 3" in rows.nth(before + 1).inner_text()
    move(panel, "lr", "10")
    number = next_run(panel)
    press(panel, "Train")
    wait_for(panel, f"{number}: ")
    assert panel.get_by_role("button", name="Train").is_enabled()
    assert panel.get_by_role("button", name="Stop").is_disabled()


def test_switches_without_effect_cannot_be_moved(panel):
    make_it_small(panel, epochs="1")
    number = next_run(panel)
    press(panel, "Train")
    wait_for(panel, f"{number}: done")
    for name in ("batch norm", "residual"):
        assert panel.get_by_role("checkbox", name=name).is_disabled()
    panel.locator("select").select_option(label="ResidualCNN")
    box = panel.get_by_role("checkbox", name="residual")
    sync_api.expect(box).to_be_enabled(timeout=SOON)


def test_ten_trainings_do_not_grow_the_memory(panel):
    make_it_small(panel, epochs="1")
    heap = []
    for _ in range(10):
        number = next_run(panel)
        press(panel, "Train")
        wait_for(panel, f"{number}: done")
        heap.append(memory(panel.page))
    assert heap[-1] <= heap[2] * 1.05


def test_the_second_page_loads_nothing_anew(browser, address, built):
    files = json.loads((built / "_browser" / "contents.json").read_text())
    assert sum(file["bytes"] for file in files.values()) <= MOST_BYTES
    with browser.new_context() as context:
        loaded = []
        context.on("response", lambda answer: loaded.append(answer.url.split("/")[-1]))
        for expected in (files.keys(), set()):
            loaded.clear()
            page = context.new_page()
            page.goto(f"{address}/book/3_training.html")
            panel = page.locator(".ch335-trainer")
            make_it_small(panel, epochs="1")
            press(panel, "Train")
            wait_for(panel, "Run 1: done")
            assert files.keys() & loaded == expected


def test_the_browser_computes_what_cpython_computes(panel):
    """The losses of a training with the same seed, at every step of three epochs."""
    there = run_in_page(
        panel.page,
        "from ch335_helpers import ResidualCNN, Training, make_synthetic_images\n"
        "X, y = make_synthetic_images(n_per_class=20, seed=3)\n"
        "parts = ResidualCNN(width=8), X, y, X[:20], y[:20]\n"
        "training = Training(*parts, epochs=3, lr=1e-3)\n"
        "for run in training:\n"
        "    pass\n"
        "print(*run.batch_loss)",
    )
    X, y = make_synthetic_images(n_per_class=20, seed=3)
    training = Training(ResidualCNN(width=8), X, y, X[:20], y[:20], epochs=3, lr=1e-3)
    *_, run = training
    there = np.array(there.split(), float)
    assert len(there) == run.n_steps == 12
    np.testing.assert_allclose(there, run.batch_loss, rtol=1e-4)


def run_in_page(page, code):
    """What Python in the page prints when it runs this."""
    bench = page.locator(".ch335-bench").first
    bench.locator("textarea").fill(code)
    bench.get_by_role("button", name="Check").click()
    said = bench.locator(".ch335-sentence")
    sync_api.expect(said).to_have_text(re.compile("It ran"), timeout=SOON)
    return bench.locator("pre").inner_text()


def test_without_webassembly_the_page_says_so(open_page):
    page = open_page("3_training")
    page.evaluate("delete globalThis.WebAssembly")
    panel = page.locator(".ch335-trainer")
    press(panel, "Train")
    said = wait_for(panel, "Python could not be started")
    assert "WebAssembly" in said and "explorer" in said
    assert panel.get_by_role("button", name="Train").is_enabled()


def test_a_network_cut_while_loading_is_told_and_can_be_tried_again(open_page):
    page = open_page("3_training")
    cut = "**/_browser/numpy*"
    page.route(cut, lambda route: route.abort())
    panel = page.locator(".ch335-trainer")
    make_it_small(panel, epochs="1")
    press(panel, "Train")
    wait_for(panel, "Python could not be started")
    page.unroute(cut)
    press(panel, "Train")
    wait_for(panel, "Run 1: done")


def test_two_tabs_train_at_the_same_time(open_page):
    panels = [open_page("3_training").locator(".ch335-trainer") for _ in range(2)]
    for panel in panels:
        make_it_small(panel)
        press(panel, "Train")
    said = [wait_for(panel, "Run 1: done") for panel in panels]
    best = [re.search(r"accuracy [\d.]+%", words)[0] for words in said]
    assert best[0] == best[1]  # neither disturbed the other


def test_a_page_left_while_it_trains_stops_and_can_be_come_back_to(asleep):
    panel, page = asleep, asleep.page
    press(panel, "Train")
    wait_for(panel, r"Epoch \d of 8")
    page.goto(page.url.replace("3_training", "glossary"))
    page.wait_for_timeout(500)
    assert not page.workers
    page.go_back()
    make_it_small(panel, epochs="1")
    press(panel, "Train")
    wait_for(panel, r"Run \d: done")


def memory(page):
    """Bytes of Python's memory in the page, which only ever grows."""
    code = "import pyodide_js\nprint(pyodide_js._module.HEAPU8.length)"
    return int(run_in_page(page, code))
