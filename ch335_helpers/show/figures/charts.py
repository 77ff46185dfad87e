"""Figures made of bars, points and counts, and the lines of a convolution."""

import itertools
from functools import partial

import numpy as np
from matplotlib.colors import to_rgba

from ...model.ops import output_size
from . import looks
from .themed import COLORS, INK, PAGE_WIDTH, panels_in_a_row


@looks.styled
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
    fig, ax = looks.single_axes(0.38 * len(names) + 0.9)
    if intervals is not None:
        intervals = looks.error_bars(values, *np.transpose(intervals))
    look = {"color": COLORS[0], "error_kw": {"capsize": 3, "ecolor": COLORS[-1]}}
    drawn = ax.barh(range(len(names)), values, xerr=intervals, **look)
    written = "{:.1%}" if percent else "{:,.3g}"
    ax.bar_label(drawn, [written.format(value) for value in values], padding=3)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlabel(xlabel)
    if percent:
        ax.set_xlim(0, 1.08)
        looks.percent_scale(ax.xaxis)
    if reference:
        label, place = reference
        ax.axvline(place, color=COLORS[1], linestyle="--", label=label)
        ax.legend(loc="lower right")
    return fig


@looks.styled
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
    fig, ax = looks.single_axes(0.38 * len(values) + 0.9)
    ax.axvline(1, color=COLORS[1], linestyle="--")
    for place, value in enumerate(values.values()):
        ax.plot(value, place, "o", color=COLORS[0])
        ax.annotate(
            f"≈ {float(f'{100 * value:.2g}'):g}%", (value, place), (-7, 0),
            textcoords="offset points", ha="right", va="center", fontsize=looks.SMALL,
        )  # fmt: skip
    lowest = min([0.1, *values.values()])
    looks.log_scale(ax.xaxis)
    ax.set(xlabel=xlabel, xlim=(lowest / 15, 1.5), ylim=(len(values) - 0.5, -0.7))
    ax.set_yticks(range(len(values)), values.keys())
    ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    return fig


@looks.styled
def confusion(counts, names):
    """Confusion matrix as a table of counts, shaded by the share of the true class.

    The shade grows with the root of the share, so that single mistakes can be seen.

    Parameters
    ----------
    counts : ndarray of int, shape (K, K)
        Number of images of each true class (row) and predicted class (column).
    names : sequence of str
        Of the K classes.

    Examples
    --------
    >>> confusion([[8, 2], [1, 9]], ["ring", "disc"])
    <ThemedFigure size ... with 1 Axes>
    """
    counts = np.asarray(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    fig, ax = looks.single_axes(1.2 + 0.32 * len(names), width=1.3 + 0.32 * len(names))
    shade = np.full((*share.shape, 4), to_rgba(COLORS[0]))
    shade[..., 3] = np.sqrt(share)
    ax.imshow(shade)
    look = {"ha": "center", "va": "center", "fontsize": looks.SMALL}
    for i, j in np.argwhere(counts):
        ink = "white" if share[i, j] > 0.3 else INK
        ax.text(j, i, counts[i, j], color=ink, **look)
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="predicted class", ylabel="true class")
    return fig


@looks.styled
def connections(size, kernel, settings, pixel):
    """Which pixels along one axis each output of a convolution sees, and their weights.

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
    draws = [partial(_connections, size, kernel, pixel, *pair) for pair in settings]
    return panels_in_a_row(draws, height=2.6, widths=[PAGE_WIDTH / 2] * len(draws))


def _connections(size, kernel, pixel, stride, padding, fig):
    """Draw pixels, outputs and the lines between them."""
    ax = fig.subplots()
    outputs = np.arange(output_size(size, kernel, stride, padding))
    centres = stride * outputs - padding + (kernel - 1) / 2
    pixels = np.arange(-padding, size + padding)
    inside = (pixels >= 0) & (pixels < size)
    for output, i in itertools.product(outputs, range(kernel)):
        end = stride * output + i - padding
        width = {"linewidth": 3} if end == pixel else {"linewidth": 1, "alpha": 0.6}
        look = looks.line_look(i) | width
        label = f"w[{i}]" if output == 0 else None
        ax.plot([end, centres[output]], [0, 1], label=label, **look)
    dots = {"s": 90, "zorder": 3, "edgecolor": INK}
    ax.scatter(pixels, 0 * pixels, color=np.where(inside, INK, "none"), **dots)
    ax.scatter(centres, 0 * centres + 1, color="0.7", marker="s", **dots)
    ax.set(yticks=[0, 1], yticklabels=["x", "dy"], ylim=(-0.25, 1.2))
    ax.set(xticks=range(size), xlabel="pixel", title=f"stride {stride}")
    ax.spines[["left", "bottom"]].set_visible(False)
    looks.key_below(fig, ax, columns=kernel)
