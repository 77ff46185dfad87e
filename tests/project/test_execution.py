"""The build executes a notebook again only if something that it depends on changed."""

import importlib
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

sys.path.append(str(Path(__file__).parents[2] / "book" / "_ext"))
execution = importlib.import_module("execution")
# each execution leaves a dot among the trainings
CODE = """from pathlib import Path
Path("ch335_runs").mkdir(exist_ok=True)
open("ch335_runs/dots", "a").write(".")
import helper; print(helper.answer)"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A project of one page; `book()` builds it and returns its notebook."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "ch335_helpers"))
    for name, text in {
        "ch335_helpers/helper.py": "answer = 41",
        "ch335_helpers/deep/style.css": "",
        "constraints.txt": "numpy==2.4",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "book").mkdir()
    path = tmp_path / "book" / "page.ipynb"
    cells = nbformat.v4.new_markdown_cell("text"), nbformat.v4.new_code_cell(CODE)
    nbformat.write(nbformat.v4.new_notebook(cells=[*cells]), path)
    app = SimpleNamespace(srcdir=str(tmp_path))

    def build():
        execution.surroundings.cache_clear()
        execution.begin(app)
        source = [path.read_text()]
        execution.add_outputs(app, "book/page", source)
        return nbformat.reads(source[0], as_version=4)

    build.root, build.path, build.app = tmp_path, path, app
    return build


def n_executions(book):
    """How often the notebook has been executed since its files were removed."""
    return len((book.root / execution.RUNS / "dots").read_text())


def change(book, edit):
    notebook = nbformat.read(book.path, as_version=4)
    edit(notebook.cells)
    nbformat.write(notebook, book.path)


def test_a_second_build_shows_the_same_and_executes_nothing(book):
    first, second = book(), book()
    assert first.cells[1].outputs[0].text == "41\n"
    assert first.cells[1].execution_count == 1
    assert second == first
    assert n_executions(book) == 1


def test_a_change_of_text_or_metadata_is_seen_and_executes_nothing(book):
    book()

    def edit(cells):
        cells[0].source = "other text"
        cells[1].metadata.update(tags=["hide-input"], mystnb={"figure": {"name": "f"}})

    change(book, edit)
    text, code = book().cells
    assert text.source == "other text"
    assert code.metadata == {
        "tags": ["hide-input"],
        "mystnb": {"figure": {"name": "f"}},
    }
    assert code.outputs[0].text == "41\n"
    assert n_executions(book) == 1


def test_a_change_of_code_executes_again_and_so_does_the_way_back(book):
    book()
    change(book, lambda cells: cells[1].update(source=f"{CODE}\nprint(2)"))
    assert book().cells[1].outputs[0].text == "41\n2\n"
    change(book, lambda cells: cells[1].update(source=CODE))
    assert book().cells[1].outputs[0].text == "41\n"
    assert n_executions(book) == 3  # what the first one saved may have been replaced


@pytest.mark.parametrize(
    "name", ["constraints.txt", "ch335_helpers/deep/style.css", "ch335_helpers/new.py"]
)
def test_a_change_of_what_the_code_calls_begins_anew(book, name):
    book()
    (book.root / name).write_text("changed = True")
    book()
    assert n_executions(book) == 1  # the dot of the first execution was removed


def test_a_changed_helper_is_shown(book):
    book()
    (book.root / "ch335_helpers" / "helper.py").write_text("answer = 42")
    # a file of the same size and second: Python would take its compiled one
    os.utime(book.root / "ch335_helpers" / "helper.py", (1, 1))
    assert book().cells[1].outputs[0].text == "42\n"


def test_without_the_trainings_all_begins_anew(book):
    book()
    shutil.rmtree(book.root / execution.RUNS)
    book()
    assert n_executions(book) == 1


def test_what_a_reader_has_saved_stays(book):
    mine = book.root / "book" / "ch335_mine.npz"
    mine.write_bytes(b"hours of work")
    book()
    (book.root / "constraints.txt").write_text("changed")
    book()
    assert mine.read_bytes() == b"hours of work"


def test_a_cell_that_fails_stops_the_build_and_keeps_nothing(book):
    change(book, lambda cells: cells[1].update(source="1 / 0"))
    with pytest.raises(Exception, match="ZeroDivisionError"):
        book()
    assert not list((book.root / execution.FOLDER).glob("*.ipynb"))


def test_a_page_without_a_notebook_stays_as_it_is(book):
    source = ["# Glossary"]
    execution.add_outputs(book.app, "book/glossary", source)
    assert source == ["# Glossary"]
