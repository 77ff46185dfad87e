"""Execute the notebooks and rewrite them in their canonical form.

    python tests/canonical.py [FILE ...]

Committed notebooks carry their text outputs, which nbval compares, and no pictures:
those are made by each build, and so is what an explorer or a panel draws (HTML).
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

BOOK = Path(__file__).parents[1] / "book"
DROPPED = ("image/", "text/html", "application/vnd.jupyter.widget-view+json")


def canonical(notebook):
    """Return the notebook without what changes from one execution to the next."""
    notebook = nbformat.from_dict(notebook)
    notebook.metadata = {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = {
            key: cell.metadata[key]
            for key in ("tags", "mystnb")
            if key in cell.metadata
        }
        if cell.cell_type == "code":
            cell.outputs = [_canonical_output(output) for output in cell.outputs]
    return notebook


def _canonical_output(output):
    if "data" in output:
        output.data = {
            kind: text
            for kind, text in output.data.items()
            if not kind.startswith(DROPPED)
        }
        output.metadata = {}
    return output


def write(path, notebook):
    """Write a notebook in its canonical form: sorted keys, one final line break."""
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def execute(path):
    """Run all cells in the notebook's own folder and write the canonical result."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    write(path, canonical(notebook))


if __name__ == "__main__":
    os.environ["TQDM_DISABLE"] = "1"  # progress bars are for a reader who waits
    for name in sys.argv[1:] or sorted(BOOK.glob("*.ipynb")):
        print(name, flush=True)
        execute(Path(name))
