"""Tables and sources as they show themselves."""

import html
import re

import pytest
from markdown_it.renderer import RendererHTML
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from ch335_helpers.display import Source, Table
from ch335_helpers.model.ops import relu


def test_a_table_worked_by_hand():
    table = Table(("layer", "parameters>"), [("conv", 80), ("linear", 1.5)])
    assert str(table).splitlines() == [
        "| layer | parameters |",
        "| :-- | --: |",
        "| conv | 80 |",
        "| linear | 1.5 |",
    ]


def test_a_table_looks_the_same_in_a_notebook_and_in_a_terminal():
    table = Table(("a", "b"), [(1, 2)])
    assert table._repr_markdown_() == repr(table) == str(table)


def test_a_table_may_have_no_rows():
    assert str(Table(("a",), [])).splitlines() == ["| a |", "| :-- |"]


@pytest.mark.parametrize("row", [(1,), (1, 2, 3), ()])
def test_a_row_with_another_number_of_cells_is_refused(row):
    with pytest.raises(
        ValueError, match=r"rows must have 2 cells, got.*" + re.escape(repr([*row]))
    ):
        Table(("a", "b"), [(1, 2), row])


HOSTILE = [
    "<script>alert(1)</script>", "a|b", "$x^2$", "[x](javascript:1)", "![x](y)",
    "`code`", "*a* **b** _c_ __d__", "~~x~~", "&lt;", "back\\slash", "{term}`x`",
    "a\n\n| b |", "<!-- x", "https://x.y", "#", "- x", "1. x", "block2.project_bn",
]  # fmt: skip


EXTENSIONS = {"amsmath", "colon_fence", "deflist", "dollarmath", "substitution"}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", ["header", "cell", "total"])
def test_every_text_is_shown_letter_for_letter(name, place):
    """Read by the parser that makes the book's pages."""
    texts = {"header": "a", "cell": "b", "total": "c"} | {place: name}
    table = Table(
        (texts["header"] + ">", "n>"), [(texts["cell"], 1)], (texts["total"], 2)
    )
    config = MdParserConfig(enable_extensions=EXTENSIONS)
    page = create_md_parser(config, RendererHTML).render(str(table))
    cells = re.findall(r"<t[hd] [^>]*>(.*?)</t[hd]>", page, flags=re.DOTALL)
    shown = [html.escape(" ".join(text.split())) for text in texts.values()]
    in_bold = [f"<strong>{text}</strong>" for text in (shown[2], "2")]
    assert cells == [shown[0], "n", shown[1], "1", *in_bold]


def test_a_bar_in_a_cell_makes_no_new_cell():
    line = str(Table(("a", "b"), [("|x|", "y")])).splitlines()[2]
    assert len(re.findall(r"(?<!\\)\|", line)) == 3


def short(x):
    """Only one line."""
    return x


def long(x):
    """First line.

    More that a page does not need.
    """
    text = """not a docstring,
    although it looks like one"""
    return text * x


def bare(x):
    return x


class Documented:
    """A class.

    With more to say.
    """

    def method(self):
        """A method.

        With more to say, too.
        """

        def inner():
            """Inside.

            Even here.
            """
            return 1

        return inner


def test_a_docstring_is_cut_to_its_first_line():
    assert str(Source(long)).splitlines() == [
        "def long(x):",
        '    """First line."""',
        '    text = """not a docstring,',
        '    although it looks like one"""',
        "    return text * x",
    ]


@pytest.mark.parametrize(
    ("function", "lines"),
    [
        (short, ["def short(x):", '    """Only one line."""', "    return x"]),
        (bare, ["def bare(x):", "    return x"]),
    ],
)
def test_what_is_short_already_stays_as_it_is(function, lines):
    assert str(Source(function)).splitlines() == lines


def test_every_docstring_in_a_class_is_cut():
    lines = [line for line in str(Source(Documented)).splitlines() if line]
    assert lines == [
        "class Documented:",
        '    """A class."""',
        "    def method(self):",
        '        """A method."""',
        "        def inner():",
        '            """Inside."""',
        "            return 1",
        "        return inner",
    ]


def test_a_method_is_moved_to_the_left_edge():
    assert str(Source(Documented.method)).startswith('def method(self):\n    """A meth')


def test_several_functions_stand_one_after_the_other():
    text = str(Source(bare, short))
    assert text == f"{Source(bare)}\n\n{Source(short)}"


def test_on_a_page_a_source_is_a_block_of_python():
    assert Source(bare)._repr_markdown_() == (
        "```python\ndef bare(x):\n    return x\n```"
    )


def test_the_source_of_an_operation_can_be_run():
    namespace = {}
    exec("import numpy as np\nfrom ch335_helpers.checks import *", namespace)
    exec(str(Source(relu)), namespace)
    y, _ = namespace["relu"]([-1.0, 2])
    assert y.tolist() == [0, 2]
