"""The built book must show what is committed, but for what a run measures.

The build has executed every notebook anyway, so nothing is executed here. nbval
compares a single notebook in the same way, with the same rule in `sanitize.ini`.
"""

import json
import os
import re
from configparser import ConfigParser
from pathlib import Path

import nbformat
import pytest
from canonical import BOOK, canonical_output

EXECUTED = Path(__file__).parents[1] / "_build" / "jupyter_execute" / "book"


def rules():
    """Pairs of a pattern and what takes its place."""
    ini = ConfigParser(interpolation=None)
    ini.read(Path(__file__).parent / "sanitize.ini", encoding="utf-8")
    return [(ini[name]["regex"], ini[name]["replace"]) for name in ini.sections()]


def shown(notebook, built):
    """Of each code cell its source and what it shows, without what a run measures."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(cell.source, sanitized(cell.outputs, built)) for cell in cells]


def sanitized(outputs, built):
    printed, rest = {"stdout": [], "stderr": []}, []
    for output in outputs:
        if output.output_type == "stream":
            printed[output.name].append(output.text)
        else:
            rest.append(canonical_output(output) | {"execution_count": None})
    # the build joins printed pieces in the first one, and leaves the others as they are
    last = 1 if built else None
    joined = {name: "".join(texts[:last]) for name, texts in printed.items()}
    text = json.dumps([joined, rest], ensure_ascii=False, sort_keys=True, indent=1)
    for pattern, replacement in rules():
        text = re.sub(pattern, replacement, text)
    return text


NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_book_shows_the_committed_outputs(path):
    if not (EXECUTED / path.name).exists():
        needed = "needs the built book (make book)"
        pytest.fail(needed) if "REQUIRE_BROWSER" in os.environ else pytest.skip(needed)
    committed = shown(nbformat.read(path, as_version=4), built=False)
    executed = nbformat.read(EXECUTED / path.name, as_version=4)
    executed = shown(executed, built=True)
    assert len(executed) == len(committed)
    for ours, theirs in zip(executed, committed, strict=True):
        assert ours == theirs
