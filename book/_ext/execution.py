"""Execute a notebook only if its code changed, or something that its code calls.

What a notebook has shown is kept in `_build/executed`, together with a key: a hash of
its code and of all else that decides what it shows, the helper, the versions of all
packages and Python. A change of the text, of a caption or of a tag changes no key.
Without that folder, everything is executed.
"""

import hashlib
import json
import shutil
import sys
import time
from functools import cache
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from sphinx.util import logging

FOLDER = "_build/executed"
RUNS = "book/ch335_runs"  # the trainings that notebooks share
SECONDS = 600  # that a cell may take
logger = logging.getLogger(__name__)


@cache
def surroundings(root):
    """A hash of what all notebooks depend on beside their own code."""
    helper = (root / "ch335_helpers").rglob("*")
    files = [path for path in helper if path.is_file() and path.suffix != ".pyc"]
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted([*files, root / "constraints.txt"]):
        digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def key_of(notebook, root):
    """What must be equal for the outputs of a notebook to be those of another."""
    code = json.dumps([cell.source for cell in code_cells(notebook)])
    return hashlib.sha256(f"{surroundings(root)}{code}".encode()).hexdigest()


def begin(app):
    """Keep nothing that was made in other surroundings, or without its trainings."""
    root = Path(app.srcdir)
    runs, made_in = root / RUNS, root / FOLDER / "made-in"
    if not (
        runs.exists() and made_in.exists() and made_in.read_text() == surroundings(root)
    ):
        for folder in (runs, made_in.parent):
            shutil.rmtree(folder, ignore_errors=True)
        made_in.parent.mkdir(parents=True)
        made_in.write_text(surroundings(root))


def executed(notebook, name, root):
    """The notebook with its outputs: those that are kept, or new ones."""
    kept, key = root / FOLDER / f"{name}.ipynb", key_of(notebook, root)
    if kept.exists():
        found = nbformat.read(kept, as_version=4)
        if found.metadata["key"] == key:
            return found
    start, folder = time.perf_counter(), {"metadata": {"path": str(root / "book")}}
    NotebookClient(notebook, timeout=SECONDS, resources=folder).execute()
    logger.info(f" executed {name} in {time.perf_counter() - start:.1f} s")
    notebook.metadata["key"] = key
    nbformat.write(notebook, kept)
    return notebook


def add_outputs(app, name, source):
    """Give a page's notebook its outputs before it is read."""
    root = Path(app.srcdir)
    if not (root / f"{name}.ipynb").exists():
        return
    notebook = nbformat.reads(source[0], as_version=4)
    done = executed(nbformat.from_dict(notebook), Path(name).name, root)
    for cell, run in zip(code_cells(notebook), code_cells(done), strict=True):
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
    source[0] = nbformat.writes(notebook)


def setup(app):
    app.connect("builder-inited", begin)
    app.connect("source-read", add_outputs)
    return {"parallel_read_safe": False}  # a page may use what one before it has saved
