"""What all figures share: a style, axes, and a key that covers no line."""

import functools

import matplotlib as mpl
import numpy as np
from IPython import get_ipython
from IPython.core.pylabtools import select_figure_formats
from matplotlib.ticker import LogFormatterSciNotation, PercentFormatter

from .themed import COLORS, COLUMN_WIDTH, ThemedFigure

LINES = ("-", "--", "-.", ":")
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


def single_axes(height, width=COLUMN_WIDTH):
    """A figure of this size in inches, and the one axes in it."""
    fig = ThemedFigure(figsize=(width, height))
    return fig, fig.subplots()


def bare(ax, title=""):
    """Take the ticks and the frame off an axes that shows a picture."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=SMALL, pad=3)


class Powers(LogFormatterSciNotation):
    """Powers of ten for a logarithmic axis, as plain text: figures show no TeX."""

    def __call__(self, x, pos=None):
        text = super().__call__(x, pos).strip("$").removeprefix(r"\mathdefault{")
        factor, _, power = text.replace(r"\times", " · ").rstrip("}").partition("^{")
        return factor + power.translate(SUPERSCRIPTS)


def log_scale(axis):
    """Make an axis logarithmic."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_formatter(Powers())
    axis.set_minor_formatter(Powers(labelOnlyBase=False, minor_thresholds=(1, 0.4)))


def percent_scale(axis):
    """Write the shares along an axis in percent."""
    axis.set_major_formatter(PercentFormatter(1))


def line_look(number):
    """Colour and dashes of a series; after seven, the colours begin again."""
    color, line = COLORS[number % len(COLORS)], LINES[number % len(LINES)]
    return {"color": color, "linestyle": line}


def draw_series(ax, number, label, x, y, low=None, high=None):
    """A line through points, and a shade from `low` to `high` if there is an interval.

    `number` is that of the series, and decides its look.
    """
    look = line_look(number)
    ax.plot(x, y, marker="o", markersize=3, label=label, **look)
    if low is not None:
        ax.fill_between(x, low, high, color=look["color"], alpha=0.2, linewidth=0)


def error_bars(values, low, high):
    """How far intervals reach below and above values, for matplotlib's error bars."""
    return np.maximum(0, (np.subtract(values, low), np.subtract(high, values)))


def key_height(n_lines, columns=KEY_COLUMNS):
    """Inches that a key to so many lines adds to the height of its figure."""
    return KEY_ROW * -(-n_lines // columns)


def key_below(fig, ax, columns=KEY_COLUMNS):
    """Put a key to the labelled lines below the axes."""
    key = {"ncols": columns, "fontsize": SMALL, "handlelength": 2.8}
    place = {"loc": "outside lower center", "borderpad": 0.1, "labelspacing": 0.3}
    fig.legend(*ax.get_legend_handles_labels(), **key, **place)
