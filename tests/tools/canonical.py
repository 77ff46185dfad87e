"""Give the notebooks the outputs that the book shows, in their canonical form.

    python tests/tools/canonical.py [FILE ...]

Committed notebooks carry their text outputs, which nbval compares, and no pictures:
those are made by each build, and so is what an explorer or a panel draws (HTML).
A page's reading time, in its first cell, is computed from the page.
"""

import re
import sys
from pathlib import Path

import nbformat

BOOK = Path(__file__).parents[2] / "book"
EXECUTED = BOOK.parent / "_build" / "executed"  # by book/_ext/execution.py
WORDS_A_MINUTE, LINES_A_MINUTE = 200, 12  # of prose, and of code
DROPPED = ("image/", "text/html", "application/vnd.jupyter.widget-view+json")


def count_words(markdown):
    """Words of a page without its code, its formulas and its folded solutions."""
    fence = r"^(`{3,}|:{3,})\{solution[\s\S]*?^\1\s*$"
    text = re.sub(fence, " ", markdown, flags=re.M)
    code = r"```\{(code|math)[^`]*```|(?m:^```\w*$[\s\S]*?^```$)"
    formula = r"\$\$[\s\S]*?\$\$|\$[^$\n]*\$"
    text = re.sub(rf"{code}|{formula}|<[^>]+>|\]\([^)]*\)", " ", text)
    text = re.sub(r"^[:`]{3,}.*$", " ", text, flags=re.M)
    return len(re.findall(r"[A-Za-z][\w'’-]*", text))


def is_read(cell):
    """Whether a code cell is read on the page: no exercise, solution or guard."""
    other = {"exercise", "solution", "guard"} & set(cell.metadata.get("tags", []))
    return cell.cell_type == "code" and not other


def reading_minutes(notebook):
    """Minutes that a page takes to read, without its exercises."""
    markdown = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    code = [cell.source for cell in notebook.cells if is_read(cell)]
    n_lines = sum(bool(line.strip()) for text in code for line in text.splitlines())
    n_words = sum(map(count_words, markdown))
    return round(n_words / WORDS_A_MINUTE + n_lines / LINES_A_MINUTE)


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
    time = f"Reading time: about {reading_minutes(notebook)} minutes"
    first = notebook.cells[0]
    first.source = re.sub(r"Reading time: about \d+ minutes", time, first.source)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = {
            key: cell.metadata[key]
            for key in ("tags", "mystnb")
            if key in cell.metadata
        }
        if "guard" in cell.metadata.get("tags", []):
            cell.metadata["jupyter"] = {"source_hidden": True}
        if cell.cell_type == "code":
            outputs = _merge_streams(cell.outputs)
            cell.outputs = [canonical_output(output) for output in outputs]
    return notebook


def _merge_streams(outputs):
    """Join what a busy kernel has sent in pieces."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if "text" in output and last.get("name") == output.get("name"):
            last.text += output.text
        else:
            merged.append(output)
    return merged


def canonical_output(output):
    """Return an output without pictures and without what only a page shows."""
    if "data" in output:
        output.data = {
            kind: text
            for kind, text in output.data.items()
            if not kind.startswith(DROPPED)
        }
        output.metadata = {}
    return output


def with_outputs_of_the_build(path):
    """Return a notebook as the build has executed it, in its canonical form."""
    notebook = nbformat.read(path, as_version=4)
    executed = nbformat.read(EXECUTED / path.name, as_version=4)
    pair = [[c for c in n.cells if c.cell_type == "code"] for n in (notebook, executed)]
    if [cell.source for cell in pair[0]] != [cell.source for cell in pair[1]]:
        raise ValueError(f"{path.name} has changed: call `make book` first")
    for cell, run in zip(*pair, strict=True):
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
    return canonical(notebook)


def write(path, notebook):
    """Write a notebook in its canonical form: sorted keys, one final line break."""
    nbformat.validate(notebook)
    text = nbformat.writes(notebook) + "\n"
    if path.read_text(encoding="utf-8") != text:  # else the book would be built again
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(BOOK.glob("*.ipynb")):
        write(Path(name), with_outputs_of_the_build(Path(name)))
