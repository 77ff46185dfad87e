"""MyST as plain Markdown, for notebook programs that know nothing else."""

import importlib
import re
import sys
from pathlib import Path

import nbformat
import pytest

BOOK = Path(__file__).parents[1] / "book"
sys.path.append(str(BOOK / "_ext"))
plain = importlib.import_module("plain").plain

NUMBERS = {"ex-3-4": "3.4", "fig-sweep": "3.2", "equation-eq-adam": "3.1"}
CITATIONS = {"he2016deep": "HZRS16", "ioffe2015batch": "IS15"}


@pytest.mark.parametrize(
    "myst, markdown",
    [
        ("a {term}`loss`, and", "a loss, and"),
        ("two {term}`losses <loss>`", "two losses"),
        ("{term}`mean\nof means <mean>`", "mean\nof means"),
        ("in {numref}`fig-sweep`", "in Fig. 3.2"),
        ("{eq}`eq-adam` says", "(3.1) says"),
        ("{cite:t}`he2016deep` and", "[HZRS16] and"),
        ("so {cite:p}`he2016deep, ioffe2015batch`.", "so [HZRS16, IS15]."),
        ("```{math}\n:label: eq-adam\nx = 1\n```", "$$\nx = 1\n\\tag{3.1}\n$$"),
        ("- so\n\n  ```{math}\n  x\n  ```", "- so\n\n  $$\n    x\n  $$"),
        (
            "````{exercise} A title\n:label: ex-3-4\nWhat?\n\n```\nx\n```\n````\n",
            "**Exercise 3.4.** A title\n\nWhat?\n\n```\nx\n```\n",
        ),
        (
            "```{solution} ex-3-4\n:class: dropdown\nHigher, {term}`loss`.\n```",
            "<details><summary>Solution of exercise 3.4</summary>\n\n"
            "Higher, loss.\n\n</details>",
        ),
        ("`{}` and ```x``` and $a_{1}$", "`{}` and ```x``` and $a_{1}$"),
    ],
)
def test_what_stands_for_what(myst, markdown):
    assert plain(myst, NUMBERS, CITATIONS) == markdown


def test_an_unknown_label_is_told():
    with pytest.raises(KeyError, match="fig-none"):
        plain("{numref}`fig-none`", NUMBERS, CITATIONS)


class Anything(dict):
    def __missing__(self, label):
        return "1.1"


@pytest.mark.parametrize("path", sorted(BOOK.glob("*.ipynb")), ids=lambda p: p.stem)
def test_nothing_of_myst_is_left_in_a_notebook(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            text = plain(cell.source, Anything(), Anything())
            assert not re.search(r"\{[a-z:]+\}`|^ *`{3,}\{|^:\w+:", text, re.MULTILINE)
