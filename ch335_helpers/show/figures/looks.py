"""What all figures share: one style, three sizes, and a key that covers no line."""

import functools

import matplotlib as mpl
from IPython import get_ipython
from IPython.core.pylabtools import select_figure_formats
from matplotlib.ticker import LogFormatterSciNotation

from .themed import COLORS

LINES = ("-", "--", "-.", ":")
PAGE_WIDTH = 7.6  # inches; wider figures would be shrunk, and their text with them
COLUMN_WIDTH = 4.5  # what a phone shows without scrolling
SMALL = 9  # points, the smallest text
STYLE = {
    "figure.dpi": 130, "savefig.dpi": 130,
    "figure.facecolor": "white", "savefig.facecolor": "white",
    "font.size": 10, "axes.titlesize": 10, "image.interpolation": "none",
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False,
    "legend.frameon": False, "figure.constrained_layout.use": True,
}  # fmt: skip
KEY_COLUMNS, KEY_ROW = 2, 0.2  # of a key; the latter in inches

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

# pyplot would do this, but only with its first figure
if (shell := get_ipython()) is not None:
    select_figure_formats(shell, {"png"})


def styled(function):
    """Run a plotting function in the chapter's style, leaving the reader's alone."""

    @functools.wraps(function)
    def in_style(*args, **kwargs):
        with mpl.rc_context(STYLE):
            return function(*args, **kwargs)

    return in_style


def bare(ax, title=""):
    """Take the ticks and the frame off an axes that shows a picture."""
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_title(title, fontsize=SMALL, pad=3)


class Powers(LogFormatterSciNotation):
    """Powers of ten for a logarithmic axis, in letters: figures read no TeX."""

    def __call__(self, x, pos=None):
        text = super().__call__(x, pos).strip("$").removeprefix(r"\mathdefault{")
        factor, _, power = text.replace(r"\times", " · ").rstrip("}").partition("^{")
        return factor + power.translate(SUPERSCRIPTS)


def log_scale(axis):
    """Make an axis logarithmic."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_formatter(Powers())
    axis.set_minor_formatter(Powers(labelOnlyBase=False, minor_thresholds=(1, 0.4)))


def line_look(number):
    """Colour and dashes of a series; after seven, the colours begin again."""
    color, line = COLORS[number % len(COLORS)], LINES[number % len(LINES)]
    return {"color": color, "linestyle": line}


def key_height(n_lines, columns=KEY_COLUMNS):
    """Inches that a key of so many lines adds to the height of its figure."""
    return KEY_ROW * -(-n_lines // columns)


def key_below(fig, ax, columns=KEY_COLUMNS):
    """Say below the axes what each of its labelled lines is."""
    key = {"ncols": columns, "fontsize": SMALL, "handlelength": 2.8}
    place = {"loc": "outside lower center", "borderpad": 0.1, "labelspacing": 0.3}
    fig.legend(*ax.get_legend_handles_labels(), **key, **place)
