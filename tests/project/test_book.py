"""The notebooks and the table of contents keep to the conventions of the chapter."""

import ast
import re
import subprocess
from pathlib import Path

import canonical
import nbformat
import numpy as np
import pytest
import yaml

import ch335_helpers
from ch335_helpers.exercises import numbers_of

ROOT = Path(__file__).parents[2]

NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
CHAPTER = ["1_data", "2_model", "3_training", "4_evaluation", "5_extensions"]
IN_DEPTH = ["6_gradients", "7_speed", "8_inside", "9_experiments"]
LOOK_UP = ["glossary", "bibliography", "reference"]
MOST_WORDS, MOST_CELLS = 2500, 25  # of a page
CHAPTER_WORDS, CHAPTER_CELLS = 10_000, 110  # of pages 1 to 5 together
FEWEST_EXERCISES = {**dict.fromkeys(CHAPTER, 5), **dict.fromkeys(IN_DEPTH, 3)}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def draws(cell):
    return any(
        "Figure" in str(o.get("data", {}).get("text/plain")) for o in cell.outputs
    )


def test_the_table_of_contents_lists_the_pages_in_order():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    assert toc["root"] == "book/index"
    listed = {
        part["caption"]: [chapter["file"] for chapter in part["chapters"]]
        for part in toc["parts"]
    }
    expected = {"The chapter": CHAPTER, "In depth": IN_DEPTH, "Look up": LOOK_UP}
    assert listed == {
        caption: [f"book/{page}" for page in pages]
        for caption, pages in expected.items()
    }


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_in_canonical_form(path):
    notebook = nbformat.read(path, as_version=4)
    expected = nbformat.writes(canonical.canonical(notebook)) + "\n"
    assert path.read_text(encoding="utf-8") == expected


def test_every_cell_was_executed_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_output_is_an_error_or_a_complaint(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error", output
            assert output.get("name") != "stderr", output


def markdown(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def test_a_notebook_opens_with_its_time_and_do_learn_need(notebook):
    first = markdown(notebook)[0]
    assert first.startswith("# ")
    for phrase in ("What you'll do", "What you'll learn", "What you'll need"):
        assert f"**{phrase}**" in first
    minutes = canonical.reading_minutes(notebook)
    assert f"Reading time: about {minutes} minutes" in first


def test_a_notebook_closes_with_a_summary_and_exercises(notebook):
    headings = re.findall(r"^## (.*)$", "\n".join(markdown(notebook)), re.MULTILINE)
    assert headings[-2:] == ["Summary", "Exercises"]


def facts(path):
    """Words and code cells of a page, exercises and solutions not counted."""
    notebook = nbformat.read(path, as_version=4)
    words = sum(map(canonical.count_words, markdown(notebook)))
    return words, sum(map(canonical.is_read, notebook.cells))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_is_not_too_long(path):
    words, cells = facts(path)
    assert words <= MOST_WORDS and cells <= MOST_CELLS


def test_the_chapter_is_not_too_long():
    words, cells = np.sum(
        [facts(ROOT / "book" / f"{p}.ipynb") for p in CHAPTER], axis=0
    )
    assert words <= CHAPTER_WORDS and cells <= CHAPTER_CELLS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_exercise_has_a_cell_to_fill_in_and_an_answer_that_is_right(path):
    notebook = nbformat.read(path, as_version=4)
    page = path.stem.split("_")[0]
    labels = re.findall(r":label: ex-(\d+)-(\d+)", "\n".join(markdown(notebook)))
    numbers = [f"{a}.{b}" for a, b in labels]
    assert numbers == numbers_of(int(page))
    assert len(numbers) >= FEWEST_EXERCISES[path.stem]
    tagged = {"exercise": {}, "solution": {}}
    for cell in code_cells(notebook):
        for tag, cells in tagged.items():
            if tag in cell.metadata.get("tags", []):
                for number in re.findall(r'check\("(\d+\.\d+)"', cell.source):
                    cells[number] = cell
    assert list(tagged["exercise"]) == numbers == list(tagged["solution"])
    for number in numbers:
        asked, solved = tagged["exercise"][number], tagged["solution"][number]
        assert "hide-cell" in solved.metadata.tags
        assert f"Exercise {number}: not yet" in str(asked.outputs)
        assert f"Exercise {number}: right" in str(solved.outputs)
    titles = re.findall(r"\{exercise\} (.*)", "\n".join(markdown(notebook)))
    assert all(re.search(r"\([★☆]{3}, \d+ minutes?\)", title) for title in titles)


def test_the_opening_page_gives_the_times_of_the_pages():
    text = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    minutes, exercises = {}, 0
    for page in (*CHAPTER, *IN_DEPTH):
        notebook = nbformat.read(ROOT / "book" / f"{page}.ipynb", as_version=4)
        minutes[page] = canonical.reading_minutes(notebook)
        assert f"({page}.ipynb), about {minutes[page]} min" in text
        if page in CHAPTER:
            titles = re.findall(
                r"\{exercise\} .*, (\d+) min", "".join(markdown(notebook))
            )
            exercises += sum(map(int, titles))
    reading = sum(minutes[page] for page in CHAPTER)
    assert f"about {reading} minutes to read pages 1 to 5" in text
    hours = round((reading + exercises) / 60)
    assert f"about {hours} hours with all of their exercises" in text


def code_lines(cell):
    """The lines of a cell that are neither empty nor part of an import."""
    tree = ast.parse(cell.source)
    imported = {
        line
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    lines = enumerate(cell.source.splitlines(), start=1)
    return [line for number, line in lines if line.strip() and number not in imported]


def test_a_code_cell_has_at_most_fifteen_lines(notebook):
    for cell in filter(canonical.is_read, notebook.cells):
        assert len(code_lines(cell)) <= 15, cell.source


def test_at_most_two_code_cells_stand_together(notebook):
    read = [c for c in notebook.cells if c.cell_type != "code" or canonical.is_read(c)]
    kinds = "".join(cell.cell_type[0] for cell in read)
    assert kinds[0] == kinds[-1] == "m"
    assert "ccc" not in kinds


def test_there_are_ten_to_forty_words_of_prose_a_line_of_code(notebook):
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    n_words = len(" ".join(prose).split())
    read = filter(canonical.is_read, notebook.cells)
    n_lines = sum(len(code_lines(cell)) for cell in read)
    assert 10 <= n_words / n_lines <= 40


def test_a_figure_has_a_caption_and_alternative_text(notebook):
    for cell in code_cells(notebook):
        settings = cell.metadata.get("mystnb", {})
        if draws(cell):
            assert len(settings["image"]["alt"]) >= 40, cell.source
            assert len(settings["figure"]["caption"]) >= 20, cell.source
            assert settings["figure"]["name"].startswith("fig-")
        else:
            assert not settings, f"caption without a figure: {cell.source}"


def bounds(node, own):
    """Whether code asserts something, itself or in a function of the page (`own`)."""
    for part in ast.walk(node):
        called = ast.unparse(part.func) if isinstance(part, ast.Call) else ""
        if isinstance(part, ast.Assert) or called in own or ".assert_" in called:
            return True
    return False


def test_a_measured_number_is_bounded(notebook):
    own, cells = set(), code_cells(notebook)
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        source = cell.source
        if following and "guard" in following.metadata.get("tags", []):
            source += "\n" + following.source
        tree = ast.parse(source)
        own |= {
            part.name
            for part in ast.walk(tree)
            if isinstance(part, ast.FunctionDef) and bounds(part, own)
        }
        # the answer of a solution is bounded by what judges it
        judge = {"check"} if "solution" in cell.metadata.get("tags", []) else set()
        if "≈" in str(cell.outputs):
            assert bounds(tree, own | judge), cell.source


def test_figure_names_are_unique():
    names = []
    for path in NOTEBOOKS:
        for cell in code_cells(nbformat.read(path, as_version=4)):
            if "mystnb" in cell.metadata:
                names.append(cell.metadata["mystnb"]["figure"]["name"])
    assert len(names) == len(set(names)) > 10


def test_the_readmes_results_are_what_the_notebooks_print():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    results = readme.split("## Results")[1].split("\n## ")[0]
    results = results.replace("95 % interval", "interval")
    printed = " ".join(
        output.get("text", "") + output.get("data", {}).get("text/markdown", "")
        for path in NOTEBOOKS
        for cell in code_cells(nbformat.read(path, as_version=4))
        for output in cell.outputs
    )
    printed = set(re.findall(r"[\d.]+(?=%| s\b)", printed))
    # "97.6 to 99.0 %": the sign stands once for both ends
    claimed = re.findall(r"([\d.]+)(?= (?:to [\d.]+ )?%| s\b)", results)
    assert len(claimed) > 15
    assert [number for number in claimed if number not in printed] == []


def test_the_readmes_speeds_are_those_of_the_benchmark():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    speed = readme.split("## Speed")[1].split("\n## ")[0]
    measured = (ROOT / "benchmarks" / "results.md").read_text(encoding="utf-8")
    claimed = re.findall(r"\d+\.\d+(?:e-\d+)?|\d+(?= MB)", speed)
    assert len(claimed) == 14
    assert [number for number in claimed if number not in measured] == []


def test_the_reference_lists_every_module_that_a_reader_calls():
    text = (ROOT / "book" / "reference.md").read_text(encoding="utf-8")
    public = [getattr(ch335_helpers, name) for name in dir(ch335_helpers)]
    modules = {getattr(thing, "__module__", None) or "" for thing in public}
    called = {m for m in modules if m.startswith("ch335_helpers.")}
    called |= {f"ch335_helpers.show.{name}" for name in ("figures.plots", "diagrams")}
    # notebook 7 teaches them
    called |= {"ch335_helpers.training.shards", "ch335_helpers.machine.processes"}
    listed = re.findall(r"automodule:: ([\w.]+)", text)
    assert sorted(listed) == sorted(called)


def test_a_notebook_imports_public_names_alone(notebook):
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom):
                for name in (*node.module.split("."), *(n.name for n in node.names)):
                    assert not name.startswith("_"), cell.source


def test_an_edit_of_any_source_rebuilds_the_book():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    patterns = re.search(r"BOOK_SOURCES := .*?\$\(wildcard (.*?)\)", makefile, re.S)[1]
    patterns = patterns.replace("\\\n", " ").split()
    sources = {path for pattern in patterns for path in ROOT.glob(pattern)}
    git = ["git", "ls-files", "-co", "--exclude-standard", "book", "ch335_helpers"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True)
    files = {ROOT / name for name in listed.stdout.split()}
    existing = {path for path in files if path.exists()}
    assert existing - sources == {ROOT / "book" / "conftest.py"}
