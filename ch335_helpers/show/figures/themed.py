"""A matplotlib figure that takes the colours of the page it is shown on."""

import io
import re

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from ..assets import style

# Okabe and Ito's colours. The style sheet has them under the same numbers, a little
# darker on a light ground and lighter on a dark one.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
INK = "#000000"  # where a page shows it, this is the page's own text colour
PAINTS = {color: f"var(--ch335-{i}, {color})" for i, color in enumerate(COLORS)}
PAINTS |= {INK: "currentColor"}
PAGE_WIDTH = 7.6  # inches; wider figures would be shrunk, and their text with them
COLUMN_WIDTH = 4.5  # inches; what a phone shows without scrolling
SETTINGS = {
    "svg.fonttype": "none",  # text stays text: sharp, and read out
    "svg.hashsalt": "ch335",  # the same figure gives the same file
    "savefig.facecolor": "none",
    "savefig.bbox": None,
}


class ThemedFigure(Figure):
    """A figure whose HTML is a drawing in the colours of the page.

    As a file, or where no HTML can be shown, it is an ordinary picture on white.

    Attributes
    ----------
    panels : list of ThemedFigure
        What a page shows instead, all at one scale: side by side, or below one another
        where there is no room. Empty if the page shows the figure itself.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.panels = []

    def draw(self, renderer):
        # a $ in a reader's name for something is no formula
        for text in self.findobj(Text):
            text.set_parse_math(False)
        with mpl.rc_context({"text.parse_math": False}):  # for ticks made while drawing
            super().draw(renderer)

    def draw_panels(self, draws, parts, sizes):
        """Draw panels into parts of this figure, and for a page each on its own.

        Parameters
        ----------
        draws : sequence of callable
            ``draw(figure)`` draws one panel.
        parts : sequence of SubFigure
            Where each panel stands in this figure.
        sizes : sequence of (float, float)
            Width and height of each panel on a page, in inches.
        """
        self.panels = [ThemedFigure(figsize=size) for size in sizes]
        for draw, part, panel in zip(draws, parts, self.panels, strict=True):
            draw(part)
            draw(panel)

    def _repr_html_(self):
        panels = self.panels or [self]
        widest = max(panel.get_figwidth() for panel in panels)
        drawings = "".join(panel.svg(widest) for panel in panels)
        return f'<div class="ch335-figure">{style("palette.css")}{drawings}</div>'

    def svg(self, widest=None):
        """The figure as an `svg` element in the colours of the page.

        `widest` is the width in inches of the panel that may fill the page.
        """
        file = io.StringIO()
        with mpl.rc_context(SETTINGS):
            self.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        return themed(file.getvalue(), widest)


def panels_in_a_row(draws, height, widths=None):
    """A figure of several panels.

    Parameters
    ----------
    draws : sequence of callable
        ``draw(figure)`` draws one panel.
    height : float
        In inches.
    widths : sequence of float, optional
        In inches, one for each panel. By default they share the width of the page, and
        none is wider than a phone.
    """
    widths = widths or [min(COLUMN_WIDTH, PAGE_WIDTH / len(draws))] * len(draws)
    whole = ThemedFigure(figsize=(sum(widths), height))
    parts = whole.subfigures(1, len(draws), width_ratios=widths, squeeze=False).flat
    whole.draw_panels(draws, parts, [(width, height) for width in widths])
    return whole


def themed(svg, widest=None):
    """Give a drawing by matplotlib the colours and the width of the page.

    Parameters
    ----------
    svg : str
        As ``savefig(format="svg")`` writes it.
    widest : float, optional
        Width in inches that would fill the page; by default that of the drawing.

    Returns
    -------
    svg : str
        The `svg` element alone. Its label is still empty: the page fills in the
        alternative text of the cell.
    """
    svg = svg[svg.index("<svg") :]
    # a style sheet would apply to all of the page, which the drawing becomes a part of
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()
    inches = float(width) / 72
    share = 100 * inches / (widest or inches)
    # a point of text is at least a pixel of the screen
    room = f"min-width:{width}px;max-width:min({inches:.2f}in,{share:.4g}%)"
    room += f";width:100%;flex-grow:{width}"
    start = (
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" role="img" aria-label="" '
        f'viewBox="0 0 {width} {height}" style="{room}">'
    )
    svg = re.sub(r"<svg.*?>", start, svg, count=1, flags=re.DOTALL)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    # only tags: a text may be #000000
    return re.sub(r"<[^>]*>", lambda found: _themed_tag(found[0], used), svg)


def _themed_tag(tag, used):
    """A tag in the page's colours and fonts; with its id if that is among the used."""
    for color, paint in PAINTS.items():
        tag = re.sub(color, paint, tag, flags=re.IGNORECASE)
    tag = re.sub(r"font-family: [^;\"]*", "font-family: inherit", tag)
    tag = re.sub(r"(font: [^;\"]*?px) [^;\"]*", r"\1 sans-serif", tag)
    return re.sub(
        r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", tag
    )
