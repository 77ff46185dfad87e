"""Figures made of bars, points and counts, and the lines of a convolution."""

import itertools

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.ticker import PercentFormatter

from ...model.ops import output_size
from .looks import (
    COLUMN_WIDTH,
    PAGE_WIDTH,
    SMALL,
    key_below,
    line_look,
    log_scale,
    styled,
)
from .themed import COLORS, INK, ThemedFigure, side_by_side


@styled
def bars(names, values, xlabel, *, intervals=None, reference=None, percent=True):
    """Horizontal bars with their values written beside them.

    Parameters
    ----------
    names : sequence of str
        One for each bar, from the top.
    values : sequence of float
        Their lengths.
    xlabel : str
        What the lengths mean.
    intervals : sequence of (float, float), optional
        Low and high end of each bar's error bar.
    reference : (str, float), optional
        Label and place of a dashed line.
    percent : bool
        Whether the lengths are shares, from 0 to 1.

    Examples
    --------
    >>> bars(["chance", "network"], [0.1, 0.984], "accuracy")
    <ThemedFigure size ... with 1 Axes>
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 0.38 * len(names) + 0.9))
    ax = fig.subplots()
    if intervals is not None:
        low, high = np.transpose(intervals)
        intervals = np.maximum(0, (np.subtract(values, low), np.subtract(high, values)))
    error_bars = {"capsize": 3, "ecolor": COLORS[-1]}
    places = range(len(names))
    drawn = ax.barh(
        places, values, xerr=intervals, error_kw=error_bars, color=COLORS[0]
    )
    ax.bar_label(
        drawn, [f"{v:.1%}" if percent else f"{v:,.3g}" for v in values], padding=3
    )
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlabel(xlabel)
    if percent:
        ax.set_xlim(0, 1.08)
        ax.xaxis.set_major_formatter(PercentFormatter(1))
    if reference:
        ax.axvline(reference[1], color=COLORS[1], linestyle="--", label=reference[0])
        ax.legend(loc="lower right")
    return fig


@styled
def log_shares(values, xlabel):
    """Shares of a whole on a logarithmic axis, as points with their values beside them.

    Parameters
    ----------
    values : dict of str to float
        Shares above 0 by name; a dashed line marks the whole.
    xlabel : str
        What the shares mean.

    Examples
    --------
    >>> log_shares({"loops": 0.0007, "matrix product": 0.4}, "share of the peak")
    <ThemedFigure size ... with 1 Axes>
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 0.38 * len(values) + 0.9))
    ax = fig.subplots()
    ax.axvline(1, color=COLORS[1], linestyle="--")
    for place, value in enumerate(values.values()):
        ax.plot(value, place, "o", color=COLORS[0])
        ax.annotate(
            f"≈ {float(f'{100 * value:.2g}'):g}%", (value, place), (-7, 0),
            textcoords="offset points", ha="right", va="center", fontsize=SMALL,
        )  # fmt: skip
    lowest = min([0.1, *values.values()])
    log_scale(ax.xaxis)
    ax.set(xlabel=xlabel, xlim=(lowest / 15, 1.5))
    ax.set(ylim=(len(values) - 0.5, -0.7))
    ax.set_yticks(range(len(values)), values.keys())
    ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    return fig


@styled
def confusion(counts, names):
    """Confusion matrix as a table of counts, shaded by the share of the true class.

    The shade grows with the root of the share, so that single mistakes can be seen.

    Parameters
    ----------
    counts : ndarray of int, shape (K, K)
        Images of each true class (row) that were taken for each (column).
    names : sequence of str
        Of the K classes.

    Examples
    --------
    >>> confusion([[8, 2], [1, 9]], ["ring", "disc"])
    <ThemedFigure size ... with 1 Axes>
    """
    counts = np.asarray(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    fig = ThemedFigure(figsize=(1.3 + 0.32 * len(names), 1.2 + 0.32 * len(names)))
    ax = fig.subplots()
    shade = np.broadcast_to(to_rgba(COLORS[0]), (*share.shape, 4)).copy()
    shade[..., 3] = np.sqrt(share)
    ax.imshow(shade)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            look = {"ha": "center", "va": "center", "fontsize": SMALL}
            ax.text(j, i, count, color="white" if share[i, j] > 0.3 else INK, **look)
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="predicted class", ylabel="true class")
    return fig


@styled
def connections(size, kernel, settings, pixel):
    """Which pixels of one axis a convolution's outputs see, and by which weight.

    Parameters
    ----------
    size : int
        Pixels of x.
    kernel : int
        Weights of the filter.
    settings : sequence of (int, int)
        Stride and padding, one panel each.
    pixel : int
        The pixel whose connections are drawn thick.

    Examples
    --------
    >>> connections(7, 3, settings=[(1, 1), (2, 1)], pixel=3)
    <ThemedFigure size ... with 2 Axes>
    """
    draws = [_connections_panel(size, kernel, *setting, pixel) for setting in settings]
    return side_by_side(draws, widths=[PAGE_WIDTH / 2] * len(draws), height=2.6)


def _connections_panel(size, kernel, stride, padding, pixel):
    """A function that draws pixels, outputs and the lines between into a figure."""
    places = np.arange(output_size(size, kernel, stride, padding))
    centres = stride * places - padding + (kernel - 1) / 2
    pixels = np.arange(-padding, size + padding)
    inside = (pixels >= 0) & (pixels < size)

    def draw(fig):
        ax = fig.subplots()
        for place, i in itertools.product(places, range(kernel)):
            end = stride * place + i - padding
            look = line_look(i)
            thick = {"linewidth": 3} if end == pixel else {"linewidth": 1, "alpha": 0.6}
            label = f"w[{i}]" if place == 0 else None
            ax.plot([end, centres[place]], [0, 1], label=label, **look, **thick)
        dots = {"s": 90, "zorder": 3, "edgecolor": INK}
        ax.scatter(pixels, 0 * pixels, color=np.where(inside, INK, "none"), **dots)
        ax.scatter(centres, 0 * centres + 1, color="0.7", marker="s", **dots)
        ax.set(yticks=[0, 1], yticklabels=["x", "dy"], ylim=(-0.25, 1.2))
        ax.set(xticks=range(size), xlabel="pixel", title=f"stride {stride}")
        ax.spines[["left", "bottom"]].set_visible(False)
        key_below(fig, ax, columns=kernel)

    return draw
