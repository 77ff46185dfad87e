"""The notebooks and settings of JupyterLite: MyST as plain Markdown, nothing run."""

import importlib
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from sphinx.errors import ExtensionError

BOOK = Path(__file__).parents[2] / "book"
sys.path.append(str(BOOK / "_ext"))
plain = importlib.import_module("plain").plain
lite = importlib.import_module("lite")

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


def test_a_notebook_begins_unrun_with_its_solutions_folded_up():
    path = BOOK / "1_data.ipynb"
    begun = nbformat.reads(lite.as_begun(path, Anything(), Anything()), as_version=4)
    committed = nbformat.read(path, as_version=4)
    solutions = 0
    for cell, original in zip(begun.cells, committed.cells, strict=True):
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            tags = cell.metadata.get("tags", [])
            solved, hidden = "solution" in tags, {"solution", "guard"} & set(tags)
            settings = cell.metadata.get("jupyter", {})
            assert settings.get("source_hidden", False) == bool(hidden)
            solutions += solved
            first = f"{lite.SOLUTION}\n" if solved else ""
            assert cell.source == first + original.source
    assert solutions == 6


CORE = {"pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip"}


@pytest.mark.parametrize("missing", [set(), {"pyodide.asm.wasm"}, CORE])
def test_pyodide_comes_from_its_address_if_the_book_has_none(missing, tmp_path):
    official = bool(missing)
    for name in CORE - missing:
        (tmp_path / name).touch()
    settings = lite.settings(tmp_path)["jupyter-config-data"]["litePluginSettings"]
    kernel = settings[lite.KERNEL]
    assert kernel["pyodideUrl"].startswith("https://") == official
    assert kernel["pyodideUrl"].endswith("/pyodide.js")
    assert kernel["loadPyodideOptions"]["lockFileURL"].startswith("../_browser/")


def test_every_package_that_is_loaded_at_once_is_in_the_book(tmp_path):
    options = lite.settings(tmp_path)["jupyter-config-data"]["litePluginSettings"]
    loaded = set(options[lite.KERNEL]["loadPyodideOptions"]["packages"])
    packages = lite.listed("pyodide-lock.json")["packages"]
    assert loaded <= packages.keys() | {"ch335-helpers"}
    # what they depend on is there too, so that nothing is asked of the network
    assert {d for p in packages.values() for d in p["depends"]} <= packages.keys()


def test_a_site_that_cannot_be_built_stops_the_book(monkeypatch, tmp_path):
    monkeypatch.setattr(lite, "OPTIONS", ("--no-such-option",))
    monkeypatch.setattr(lite, "numbers_of", lambda env: Anything())
    monkeypatch.setattr(lite, "citations_of", lambda env: Anything())
    app = SimpleNamespace(
        builder=SimpleNamespace(format="html"), outdir=str(tmp_path / "html"),
        srcdir=str(BOOK.parent), env=None,
    )  # fmt: skip
    with pytest.raises(ExtensionError, match="JupyterLite could not be built"):
        lite.build(app, None)
    assert not (tmp_path / "html" / "lite").exists()


def test_with_smaller_settings_the_copies_have_no_guards(tmp_path):
    path = tmp_path / "page.ipynb"
    guard = nbformat.v4.new_code_cell("assert n > 1", metadata={"tags": ["guard"]})
    for first, n_cells in (("n = 2", 2), ("n = smaller_in_browser(2, 1)", 1)):
        cells = [nbformat.v4.new_code_cell(first), guard]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        copy = nbformat.reads(lite.as_begun(path, NUMBERS, CITATIONS), as_version=4)
        assert len(copy.cells) == n_cells
