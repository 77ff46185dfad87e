"""Whole notebooks in JupyterLite: Python in the browser, with no network."""

import re
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import nbformat
import pytest

sync_api = pytest.importorskip("playwright.sync_api")
BOOK = Path(__file__).parents[2] / "book"
NOTEBOOKS = sorted(path.stem for path in BOOK.glob("*.ipynb"))
# Between them: figures, tables and sliders; a network that is trained and kept in a
# file. The others take their turn beside the tests (make test-lite).
IN_EVERY_RUN = "2_model", "4_evaluation"
TRAINS = re.compile(r"\bfit\(|\btrain=True|\bTraining\(|\bsweep\(")
# in a cell's progress bar: an epoch has been validated, or a sweep has one training
UNDER_WAY = re.compile(r"val=|[1-9]\d*/\d+ \[.*training")
SOON = 60_000  # milliseconds that Python may take to load on a busy machine
LONG = 900_000  # that cells which train may take
WHOLE = 3_600_000  # that a whole notebook may take
LARGEST = 90e6  # bytes of all that runs in the browser
LOADED = """() => globalThis.jupyterapp?.shell?.currentWidget?.content?.model
    ?.cells?.length > 3"""
# Every code cell: its number, whether it has run, what it has written and what has gone
# wrong in it.
CELLS = """() => [...jupyterapp.shell.currentWidget.content.model.cells]
    .map((cell, number) => ({
        number, code: cell.type === "code", done: Boolean(cell.executionCount)
            && cell.executionState === "idle",
        written: cell.type !== "code" ? "" : cell.outputs.toJSON()
            .filter(output => output.output_type === "stream")
            .map(({ text }) => [text].flat().join("")).join(""),
        wrong: cell.type !== "code" ? [] : cell.outputs.toJSON()
            .filter(output => output.output_type === "error")
            .map(({ ename, evalue }) => `${ename}: ${evalue}`),
    })).filter(cell => cell.code)"""
RUN_ABOVE = """number => {
    jupyterapp.shell.currentWidget.content.activeCellIndex = number;
    jupyterapp.commands.execute("notebook:run-all-above");
}"""
INSERT = """source => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.model.sharedModel.insertCell(0, { cell_type: "code", source });
    notebook.activeCellIndex = 0;
    jupyterapp.commands.execute("notebook:run-cell");
}"""


@pytest.fixture(scope="session")
def open_notebook(browser, address):
    """Open a notebook as a new reader; at the end, no other machine was asked."""

    @contextmanager
    def open_it(name):
        foreign = []

        def gate(route):
            url = urlsplit(route.request.url)
            if url.hostname != "127.0.0.1":
                foreign.append(route.request.url)
                route.abort()
            elif url.path.endswith("/lite/jupyter-lite.json"):
                # lets a test ask the program itself which cells have run
                answer = route.fetch()
                settings = answer.json()
                settings["jupyter-config-data"]["exposeAppInBrowser"] = True
                route.fulfill(response=answer, json=settings)
            else:
                route.continue_()

        with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
            context.route("**/*", gate)
            page = context.new_page()
            page.goto(f"{address}/lite/notebooks/index.html?path={name}.ipynb")
            page.wait_for_function(LOADED, timeout=SOON)
            page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.ready")
            yield page
        assert not foreign, "another machine was asked"

    return open_it


@pytest.fixture(scope="module")
def notebook(open_notebook):
    """A notebook in which each test runs a cell of its own."""
    with open_notebook("2_model") as page:
        yield page


def wait_for_cells(page, numbers, timeout, enough=None):
    """Wait until these cells have run; fail if something went wrong in one.

    A cell that has written what the pattern `enough` finds is waited for no longer.
    """
    began = perf_counter()
    while True:
        cells = [cell for cell in page.evaluate(CELLS) if cell["number"] in numbers]
        for cell in cells:
            assert not cell["wrong"], f"cell {cell['number']}: {cell['wrong']}"
        waiting = [
            cell["number"]
            for cell in cells
            if not (cell["done"] or (enough and enough.search(cell["written"])))
        ]
        if not waiting:
            return
        assert perf_counter() - began < timeout / 1000, f"still waiting for {waiting}"
        page.wait_for_timeout(500)


def run(page, source):
    """Run code in a new first cell; return what is shown below it."""
    page.evaluate(INSERT, source)
    wait_for_cells(page, {0}, SOON)
    return page.locator(".jp-CodeCell").first.locator(".jp-OutputArea")


def first_that_trains(name):
    """The number of the first cell that trains or takes a step."""
    cells = nbformat.read(BOOK / f"{name}.ipynb", as_version=4).cells
    return next(
        number
        for number, cell in enumerate(cells)
        if cell.cell_type == "code" and TRAINS.search(cell.source)
    )


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.lite)
        for name in NOTEBOOKS
    ],
)
def test_a_notebook_opens_runs_and_begins_to_train(open_notebook, name):
    number = first_that_trains(name)
    with open_notebook(name) as page:
        page.evaluate(RUN_ABOVE, number + 1)
        wait_for_cells(page, set(range(number)), LONG)
        wait_for_cells(page, {number}, LONG, UNDER_WAY)


@pytest.mark.lite
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_whole_notebook_runs_to_its_end(open_notebook, name):
    run_all = "jupyterapp.commands.execute('notebook:run-all-cells') && undefined"
    with open_notebook(name) as page:
        page.evaluate(run_all)
        wait_for_cells(page, {cell["number"] for cell in page.evaluate(CELLS)}, WHOLE)


def test_the_button_opens_the_notebook(open_page):
    page = open_page("3_training", width=375)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Run in your browser").click()
    title = opened.value.locator(".jp-Notebook h1").first
    sync_api.expect(title).to_have_text(re.compile("Train"), timeout=SOON)


def test_an_exercise_answers(notebook):
    shown = run(notebook, 'from ch335_helpers import check\ncheck("1.5", "split")')
    assert "Exercise 1.5: not yet." in shown.inner_text()


KEEPS_FILES = """
import numpy as np
from ch335_helpers import SimpleCNN, load_params, make_synthetic_images, save_params, sweep

save_params("kept.npz", {"w": np.eye(2)})
data = (*make_synthetic_images(4, 16, 4, seed=0), *make_synthetic_images(2, 16, 4, seed=1))
options = {"data": data, "epochs": 1, "batch_size": 8, "folder": "kept", "progress": False}
first, again = (sweep({"a": {"model": SimpleCNN(4)}}, **options) for _ in range(2))
print(load_params("kept.npz")["w"].sum(), first[0].run.seconds == again[0].run.seconds)
"""  # noqa: E501


def test_what_is_written_to_a_file_can_be_read_again(notebook):
    assert "2.0 True" in run(notebook, KEEPS_FILES).inner_text()


def test_figures_and_tables_are_shown(notebook):
    shown = run(notebook, "import numpy as np\nfrom ch335_helpers import plots\n"
                "plots.image_grid(np.eye(8).reshape(1, 8, 8))")  # fmt: skip
    sync_api.expect(shown.locator(".ch335-figure svg").first).to_be_visible()
    code = "from ch335_helpers import *\nSummary(SimpleCNN(), (1, 16, 16))"
    shown = run(notebook, code)
    sync_api.expect(shown.locator("table")).to_be_visible()


def test_the_training_panel_trains(notebook):
    code = "from ch335_helpers import TrainingPanel\nTrainingPanel()"
    panel = run(notebook, code)
    panel.get_by_role("button", name="Train").click()
    panel.locator("polyline.line").first.wait_for(state="attached", timeout=SOON)
    panel.get_by_role("button", name="Stop").click()
    sync_api.expect(panel).to_contain_text(re.compile("stopped"), timeout=SOON)


def test_the_drawing_board_answers(notebook):
    board = run(
        notebook,
        "import numpy as np\nfrom ch335_helpers import DrawingBoard, ResidualCNN\n"
        "DrawingBoard(ResidualCNN().init(np.random.default_rng(0)))",
    )
    board.get_by_role("button", name="Start").click()
    board.get_by_label("a shape").select_option("ring")
    sync_api.expect(board).to_contain_text(
        re.compile(r"The ideal observer (agrees|differs): ring \(100%\)"), timeout=SOON
    )


def test_everything_for_the_browser_is_small_enough(built):
    files = [
        file
        for folder in ("_browser", "lite")
        for file in (built / folder).rglob("*")
        if file.is_file()
    ]
    assert sum(file.stat().st_size for file in files) <= LARGEST
    assert not [file for file in files if file.suffix == ".map"]
    once = [file.name for file in files if file.name.startswith("pyodide.asm")]
    assert sorted(once) == ["pyodide.asm.js", "pyodide.asm.wasm"]


def test_without_a_notebook_in_the_address_all_are_listed(browser, address):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/lite/index.html")
        listed = page.locator(".jp-DirListing-itemText")
        names = [f"{name}.ipynb" for name in NOTEBOOKS]
        sync_api.expect(listed).to_have_text(names, timeout=SOON)
        with page.expect_popup() as opened:
            listed.first.dblclick()
        cell = opened.value.locator(".jp-Notebook .jp-Cell").first
        cell.wait_for(timeout=SOON)


def test_every_page_of_jupyterlite_comes_to_rest(browser, address, built):
    pages = sorted((built / "lite").rglob("*.html"))
    assert len(pages) == 4  # the entrance and three programs
    for path in pages:
        page = browser.new_page()
        page.goto(f"{address}/{path.relative_to(built)}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.title")
        page.close()
