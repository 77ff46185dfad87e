"""Figures of experiments: differences with their intervals, accuracies over a scale."""

import math
from functools import partial

from matplotlib.ticker import NullFormatter

from ...checks import check_number
from . import looks
from .themed import COLORS, PAGE_WIDTH, ThemedFigure

TICKS_WIDTH = 2.6  # inches from the first tick of a panel to its last
LETTERS = 13  # of a tick's label, in an inch


@looks.styled
def forest(differences, xlabel, *, limit=None):
    """Differences from a baseline as points with their intervals, one per row.

    Intervals that contain 0 are drawn hollow and grey. Each difference stands in
    numbers on the right, with half the length of its interval.

    Parameters
    ----------
    differences : dict of str to tuple of float, or to None
        By name (mean, low, high) in the units that are shown, for instance 100 times
        what `paired_differences` returns. A name with None instead is a title for the
        rows below it.
    xlabel : str
        What the differences mean.
    limit : float, optional
        Where the axis ends on both sides, above 0. A difference that lies further out
        is drawn as an arrow at the end. By default there is room for all.

    Examples
    --------
    >>> parts = {"no shortcut": (-1, -3, 1), "no batch norm": (-70, -80, -60)}
    >>> forest({"parts": None} | parts, "difference in points", limit=5)
    <ThemedFigure size ... with 1 Axes>
    """
    ends = [abs(end) for d in differences.values() if d for end in d[1:]]
    limit = 1.05 * max(ends, default=0) or 1 if limit is None else limit
    check_number("limit", limit, above=0)
    fig, ax = looks.single_axes(0.25 * len(differences) + 0.8)
    ax.axvline(0, color=COLORS[-1], linestyle="--", linewidth=1)
    ax.set(xlabel=xlabel, xlim=(-limit, limit), ylim=(len(differences) - 0.5, -0.7))
    ax.set_yticks(range(len(differences)), differences.keys())
    ax.tick_params(axis="y", length=0)
    labels = ax.get_yticklabels()
    for place, difference in enumerate(differences.values()):
        if difference:
            _draw_difference(ax, place, *difference, limit)
        else:
            labels[place].set_weight("bold")
    return fig


def _draw_difference(ax, place, mean, low, high, limit):
    clear = low > 0 or high < 0
    color = COLORS[0] if clear else "0.5"
    if abs(mean) < limit:
        ends = max(low, -limit), min(high, limit)
        ax.plot(ends, (place, place), color=color, linewidth=2 if clear else 1)
        face = color if clear else "none"
        ax.plot(mean, place, "o", color=color, markerfacecolor=face, markersize=5)
    else:
        edge = limit if mean > 0 else -limit
        arrow = {"arrowstyle": "->", "color": color, "linewidth": 2}
        ax.annotate("", (edge, place), (0.75 * edge, place), arrowprops=arrow)
    words = f"{mean:+.1f} ± {(high - low) / 2:.1f}".replace("-", "\N{MINUS SIGN}")
    ax.annotate(words, (1.02, place), xycoords=("axes fraction", "data"), va="center",
                fontsize=looks.SMALL, annotation_clip=False)  # fmt: skip


@looks.styled
def accuracy_panels(panels):
    """Accuracy over something that varies, one panel per scale, with the best possible.

    Parameters
    ----------
    panels : dict of str to dict
        By what varies, written below the axis, the panel's lines: by label a dict with
        ``x`` and ``y``, and if known ``low`` and ``high`` for a shaded interval. A
        label has one colour in all panels.

    Examples
    --------
    >>> line = {"x": [10, 100], "y": [0.5, 0.9], "low": [0.4, 0.8], "high": [0.6, 1]}
    >>> ceiling = {"x": [10, 100], "y": [1, 1]}
    >>> panels = {"images": {"network": line, "ideal observer": ceiling}}
    >>> accuracy_panels(panels | {"width": {"network": line}})
    <ThemedFigure size ... with 2 Axes>
    """
    labels = list(dict.fromkeys(label for lines in panels.values() for label in lines))
    every = [line for lines in panels.values() for line in lines.values()]
    lowest = min(min(line.get("low", line["y"])) for line in every)
    draws = [partial(_accuracies, labels, lowest, *panel) for panel in panels.items()]
    n_rows = math.ceil(len(draws) / 2)
    fig = ThemedFigure(figsize=(PAGE_WIDTH, 3 * n_rows))
    parts = fig.subfigures(n_rows, 2, squeeze=False).flat[: len(draws)]
    fig.draw_panels(draws, parts, [(PAGE_WIDTH / 2, 3)] * len(draws))
    return fig


def _accuracies(labels, lowest, xlabel, lines, fig):
    """Draw the lines of one scale; a line's look is that of its label's place."""
    ax = fig.subplots()
    for label, line in lines.items():
        looks.draw_series(ax, labels.index(label), label, **line)
    looks.log_scale(ax.xaxis)
    ax.set(xlabel=xlabel, ylabel="accuracy")
    ax.set_ylim(lowest - 0.05 * (1 - lowest), 1 + 0.05 * (1 - lowest))
    looks.percent_scale(ax.yaxis)
    ticks = sorted({x for line in lines.values() for x in line["x"]})
    ax.set_xticks(ticks, _tick_labels(ticks))
    ax.xaxis.set_minor_formatter(NullFormatter())
    looks.key_below(fig, ax)


def _tick_labels(ticks):
    """Labels of ascending ticks; one that would run into the last one is left out."""
    labels, free = [], -math.inf  # from where on there is room, in inches
    span = math.log(ticks[-1] / ticks[0]) or 1
    for x in ticks:
        label = f"{x:,.0f}" if x >= 100 else f"{x:.3g}"
        middle = TICKS_WIDTH * math.log(x / ticks[0]) / span
        half = (len(label) + 1) / LETTERS / 2
        fits = middle - half >= free
        labels.append(label if fits else "")
        free = middle + half if fits else free
    return labels
