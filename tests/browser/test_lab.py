"""A real JupyterLab: notebook 3 is run, its sliders are moved, its panel trains.

A drawing board at its end judges with the network that it has saved.
"""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

sync_api = pytest.importorskip("playwright.sync_api")

NOTEBOOK = Path(__file__).parents[2] / "book" / "3_training.ipynb"
RUNS = NOTEBOOK.parent / "ch335_runs"  # in which the build has kept its main network
BOARD = "from ch335_helpers import DrawingBoard\nDrawingBoard(loaded)"
RUN_ALL = 600_000  # milliseconds that the whole notebook may take on a busy machine
SOON = 180_000  # on a busy machine
SETTINGS = {
    # cells out of sight stay in the page, where a test can find them
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false"}',
}
# how far a panel's first curve and its bar have come
GROWN = """panel => [
    panel.querySelector("polyline.line").getAttribute("points").split(" ").length,
    panel.querySelector(".progress-bar").getBoundingClientRect().width,
]"""


@pytest.fixture
def lab(browser, tmp_path):
    """The page of a JupyterLab that has notebook 3 and a board open."""
    pytest.importorskip("jupyterlab")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(BOARD))
    nbformat.write(notebook, tmp_path / NOTEBOOK.name)
    if RUNS.exists():
        shutil.copytree(RUNS, tmp_path / RUNS.name)
    for name, text in SETTINGS.items():
        file = tmp_path / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port, token = free.getsockname()[1], secrets.token_hex()
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
        "TQDM_DISABLE": "1",
    }
    options = [f"--port={port}", f"--IdentityProvider.token={token}", "--allow-root"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", *options],
            cwd=tmp_path, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/api/status?token={token}", server)
            page = browser.new_page(viewport={"width": 1300, "height": 1100})
            address = f"http://127.0.0.1:{port}/lab/tree/{NOTEBOOK.name}?token={token}"
            page.goto(address)
            page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=SOON)
            yield page
            page.close()
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(address, server):
    """Wait until a server answers."""
    for _ in range(120):
        assert server.poll() is None, "JupyterLab has ended"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("JupyterLab does not answer")


def run_all_cells(page):
    page.get_by_text("| Idle").wait_for(timeout=SOON)  # the kernel is there
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_selector("button:has-text('Train')", timeout=RUN_ALL)
    page.wait_for_function(
        "![...document.querySelectorAll('.jp-InputPrompt')]"
        ".some((prompt) => prompt.textContent.includes('*'))",
        timeout=RUN_ALL,
    )


def handle(page, name):
    """The handle of the slider with this label."""
    slider = page.locator(".widget-inline-hbox", has_text=name)
    return slider.locator(".noUi-handle").first


def press_until(page, name, key, locator):
    """Press a key on a slider and wait until the text beside it is another."""
    before = locator.inner_text()
    handle(page, name).press(key)
    sync_api.expect(locator).not_to_have_text(before, timeout=SOON)


def test_notebook_3_in_a_live_kernel(lab):
    run_all_cells(lab)
    assert lab.locator(".jp-RenderedText[data-mime-type*='stderr']").count() == 0

    # the explorer: the same sentence and picture as on the page, under ipywidgets
    shown = lab.locator(".ch335-explorer", has=lab.locator(".ch335-picture img")).first
    for name in ("learning rate", "epochs"):
        for key in ("End", "Home", "ArrowRight"):
            press_until(lab, name, key, shown.locator(".ch335-sentence"))
    assert "Learning rate 0.0001, 2 epochs" in shown.inner_text()

    # the panel: a long run, watched while it grows, and stopped
    panel = lab.locator(
        ".widget-vbox", has=lab.locator("button:has-text('Train')")
    ).last
    train, stop = (panel.locator(f"button:has-text('{b}')") for b in ("Train", "Stop"))
    message = panel.locator(".ch335-sentence")
    epochs = panel.locator(".widget-inline-hbox", has_text="epochs")
    epochs.locator(".noUi-handle").press("End")
    panel.get_by_text("This will take about").wait_for(timeout=SOON)
    train.click()
    panel.locator("polyline.line").first.wait_for(state="attached", timeout=SOON)
    early = panel.evaluate(GROWN)
    lab.wait_for_function(
        f"([panel, early]) => ({GROWN})(panel).every((now, i) => now > early[i] + 3)",
        arg=[panel.element_handle(), early],
        timeout=SOON,
    )
    assert "left" in message.inner_text()
    assert train.is_disabled()
    stop.click()
    panel.locator("tbody tr").wait_for(timeout=SOON)
    assert "stopped in epoch" in panel.locator("tbody tr").inner_text()
    assert "stopped in epoch" in message.inner_text()

    # a second run, to the end, and both beside each other
    epochs.locator(".noUi-handle").press("Home")
    panel.get_by_text("This will take about").wait_for(timeout=SOON)
    train.click()
    panel.locator("tbody tr").nth(1).wait_for(timeout=SOON)
    assert "1 of 1" in panel.locator("tbody tr").nth(1).inner_text()
    assert panel.locator("polyline.line").count() == 4
    assert train.is_enabled()
    assert lab.locator(".jp-RenderedText[data-mime-type*='stderr']").count() == 0

    # the board: a ring is one to the ideal observer, whatever the network says
    board = lab.locator(".ch335-explorer", has=lab.locator(".ch335-canvas")).last
    board.get_by_role("button", name="Start").click()
    board.get_by_label("a shape").select_option("ring")
    observer = re.compile(r"The ideal observer (agrees|differs): ring \(100%\)")
    sync_api.expect(board).to_contain_text(observer, timeout=SOON)
    assert board.locator(".ch335-maps canvas").count() == 4
