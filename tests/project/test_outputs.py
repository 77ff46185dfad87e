"""The built book must show what is committed, but for what a run measures.

The build has executed every notebook anyway, so nothing is executed here. nbval
compares a single notebook in the same way, with the same rule in `tests/sanitize.ini`.
"""

import os
import re
from configparser import ConfigParser

import nbformat
import pytest
from canonical import BOOK, EXECUTED, canonical, with_outputs_of_the_build


def rules():
    """Pairs of a pattern and what takes its place."""
    ini = ConfigParser(interpolation=None)
    ini.read_string((BOOK.parent / "tests/sanitize.ini").read_text(encoding="utf-8"))
    return [(ini[name]["regex"], ini[name]["replace"]) for name in ini.sections()]


def shown(notebook):
    """Of each code cell its source and what it shows, without what a run measures."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(cell.source, sanitized(cell.outputs)) for cell in cells]


def sanitized(outputs):
    text = nbformat.v4.writes(nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell(outputs=outputs, id="cell")
    ]))  # fmt: skip
    for pattern, replacement in rules():
        text = re.sub(pattern, replacement, text)
    return text


NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_book_shows_the_committed_outputs(path):
    if not (EXECUTED / path.name).exists():
        needed = "needs the built book (make book)"
        pytest.fail(needed) if "REQUIRE_BROWSER" in os.environ else pytest.skip(needed)
    committed = shown(canonical(nbformat.read(path, as_version=4)))
    executed = shown(with_outputs_of_the_build(path))
    for ours, theirs in zip(executed, committed, strict=True):
        assert ours == theirs
