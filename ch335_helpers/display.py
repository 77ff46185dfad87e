"""Objects that show themselves in a notebook and on a page: tables and source code."""

import ast
import inspect
import re
import textwrap

from .checks import check_is, check_sequence

# what Markdown, its formulas or HTML would read as more than a letter
SPECIAL = re.compile(r"[\\`*$<>\[\]|~&{}]|(?<![^\W_])_|_(?![^\W_])")


class Table:
    """A table of text.

    Parameters
    ----------
    header : sequence of str
        Column titles; one that ends in ``>`` is aligned to the right.
    rows : sequence of sequence
        Cells; shown with `str`, letter for letter.
    total : sequence, optional
        A last row, in bold.

    Raises
    ------
    ValueError
        If a row does not have one cell per column.

    Examples
    --------
    >>> Table(["epoch", "loss>"], [[1, 0.5], [2, 0.25]])
    | epoch | loss |
    | :-- | --: |
    | 1 | 0.5 |
    | 2 | 0.25 |
    """

    def __init__(self, header, rows, total=None):
        header = check_sequence("header", header)
        header = [check_is("header", title, str) for title in header]
        self.header = [_literal(title.removesuffix(">")) for title in header]
        self.right = [title.endswith(">") for title in header]
        self.rows = [self._cells("rows", r) for r in check_sequence("rows", rows)]
        if total is not None:
            cells = self._cells("total", total)
            self.rows.append([f"**{cell}**" if cell else "" for cell in cells])

    def _cells(self, name, row):
        row = check_sequence(name, row)
        if len(row) != len(self.header):
            raise ValueError(f"{name} must have {len(self.header)} cells, got {row}")
        return [_literal(str(cell)) for cell in row]

    def _repr_markdown_(self):
        rule = ["--:" if right else ":--" for right in self.right]
        rows = [self.header, rule, *self.rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)

    __repr__ = _repr_markdown_


def _literal(text):
    """Markdown that shows a text letter for letter, in one line."""
    return SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))


class Source:
    """The source of functions, with each docstring cut to its first line.

    The rest is shown unchanged, below the names of its files in the helper.

    Parameters
    ----------
    *functions : callable
        Functions or classes written in Python.

    Examples
    --------
    >>> from ch335_helpers import nearest_neighbour
    >>> lines = Source(nearest_neighbour).text.splitlines()
    >>> len(lines)  # the file, the contract, the name, the first line, and the code
    5
    >>> print(*lines[:3], sep="\\n")
    # ch335_helpers/data/baselines.py
    @takes(X_train=finite("N C H W"), y_train=labels("N"), X=finite("M C H W"))
    def nearest_neighbour(X_train, y_train, X):
    """

    def __init__(self, *functions):
        sources = [_shorten(textwrap.dedent(_source(f))) for f in functions]
        modules = [inspect.unwrap(function).__module__ for function in functions]
        files = [f"# {module.replace('.', '/')}.py\n" for module in modules]
        ours = [file for file in dict.fromkeys(files) if "ch335_helpers/" in file]
        self.text = "".join(ours) + "\n\n".join(sources)

    def _repr_markdown_(self):
        return f"```python\n{self.text}\n```"

    def __repr__(self):
        return self.text


def _source(function):
    try:
        return inspect.getsource(function)
    except (TypeError, OSError) as error:
        raise TypeError(f"functions must be written in Python: {error}") from None


def _shorten(source):
    """Cut every docstring in `source` to its first line."""
    lines = source.rstrip().splitlines()
    docstrings = [
        node.body[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node)
    ]
    for doc in sorted(docstrings, key=lambda doc: doc.lineno, reverse=True):
        if doc.end_lineno > doc.lineno:
            lines[doc.lineno - 1 : doc.end_lineno] = [lines[doc.lineno - 1] + '"""']
    return "\n".join(line.removesuffix("  # fmt: skip") for line in lines)
