"""Every figure of the chapter, in one style and one palette.

A function makes a figure and returns it; a notebook shows it as the value of its cell.
Colours are those of Okabe and Ito, which people with any kind of colour vision can tell
apart; lines differ in style as well.
"""

import functools
import itertools

import matplotlib as mpl
import numpy as np
from IPython import get_ipython
from IPython.core.pylabtools import select_figure_formats
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ..checks import check_axes
from ..ops import output_size

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":")
PAGE_WIDTH = 7.6  # inches; wider figures would be shrunk, and their text with them
STYLE = {
    "figure.dpi": 130, "savefig.dpi": 130,
    "figure.facecolor": "white", "savefig.facecolor": "white",
    "font.size": 10, "axes.titlesize": 10,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False,
    "legend.frameon": False, "figure.constrained_layout.use": True,
}  # fmt: skip

# pyplot would do this, but only with its first figure
if (shell := get_ipython()) is not None:
    select_figure_formats(shell, {"png"})


def _styled(function):
    """Run a plotting function in the chapter's style, leaving the reader's alone."""

    @functools.wraps(function)
    def styled(*args, **kwargs):
        with mpl.rc_context(STYLE):
            return function(*args, **kwargs)

    return styled


def _bare(ax, title="", **text):
    """Take the ticks and the frame off an axes that shows a picture."""
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_title(title, **text)


@_styled
def image_grid(images, titles=None, columns=10, row_titles=None, signed=False):
    """Grey-scale images in rows, all with one range of grey values.

    Parameters
    ----------
    images : ndarray, shape (N, 1, H, W) or (N, H, W)
    titles : sequence of str, optional
        One for each image, or for each column if there are fewer.
    columns : int
    row_titles : sequence of str, optional
        One for each row.
    signed : bool
        Show 0 as white, negative values blue and positive ones red.
    """
    images = np.asarray(images)
    if images.ndim == 4:
        images = check_axes("images", images, "N 1 H W")[:, 0]
    images = check_axes("images", images, "N H W")
    rows = -(-len(images) // columns)
    if row_titles and len(row_titles) != rows:
        expected = f"row_titles must hold one title for each of the {rows} rows"
        raise ValueError(f"{expected}, got {len(row_titles)}: {row_titles}")
    size = min(1.5, PAGE_WIDTH / columns)
    titles = list(titles or [])
    if columns > 8:  # little room: break the titles
        titles = [title.replace(" ", "\n", 1) for title in titles]
    title_height = 0.2 * max((title.count("\n") + 1 for title in titles), default=0)
    fig = Figure(figsize=(columns * size, rows * (size + 0.05) + title_height))
    axes = fig.subplots(rows, columns, squeeze=False)
    if signed:
        limit = np.abs(images).max() or 1
        look = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    else:
        look = {"cmap": "gray", "vmin": images.min(), "vmax": images.max()}
    for number, ax in enumerate(axes.flat):
        _bare(ax, titles[number] if number < len(titles) else "", fontsize=8)
        if number < len(images):
            ax.imshow(images[number], **look)
    for ax, title in zip(axes[:, 0], row_titles or [], strict=False):
        ax.set_ylabel(title, rotation=0, ha="right", va="center", fontsize=8)
    return fig


@_styled
def bars(names, values, xlabel, *, intervals=None, reference=None, percent=True):
    """Horizontal bars with their values written beside them.

    `intervals` are (low, high) of each bar's error bar, `reference` is (label, value)
    of a dashed line.
    """
    fig = Figure(figsize=(7, 0.38 * len(names) + 0.9))
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


def _loss_panel(ax, run, label="training"):
    ax.plot(
        range(1, len(run.train_loss) + 1), run.train_loss, color=COLORS[0], label=label
    )
    ax.plot(
        range(1, len(run.val_loss) + 1),
        run.val_loss,
        color=COLORS[1],
        linestyle="--",
        label="validation",
    )
    ax.set(xlabel="epoch", ylabel="loss (nats)", yscale="log", title="Loss")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()


def _accuracy_panel(ax, run, test_accuracy=None):
    epochs = range(1, len(run.val_accuracy) + 1)
    ax.plot(
        epochs,
        run.val_accuracy,
        color=COLORS[1],
        linestyle="--",
        marker="o",
        markersize=3,
        label="validation",
    )
    if test_accuracy is not None:
        ax.axhline(
            test_accuracy,
            color=COLORS[2],
            linestyle="-.",
            label=f"test {test_accuracy:.1%}",
        )
    ax.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1.02), title="Accuracy")
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="lower right")


def _filter_panels(fig, w, title):
    """First-layer filters as small signed pictures, two rows, with one colour scale."""
    columns = -(-len(w) // 2)
    axes = fig.subplots(2, columns, squeeze=False)
    limit = np.abs(w).max()
    for ax in axes.flat:
        _bare(ax)
    for ax, kernel in zip(axes.flat, w[:, 0], strict=False):
        drawn = ax.imshow(kernel, cmap="RdBu_r", vmin=-limit, vmax=limit)
    fig.colorbar(drawn, ax=axes, shrink=0.8, label="weight")
    fig.suptitle(title, fontsize=10)


@_styled
def learning_curves(run, test_accuracy=None):
    """Loss and accuracy of a `Run` over its epochs.

    The test accuracy is drawn as a line if it is given.
    """
    fig = Figure(figsize=(PAGE_WIDTH, 3))
    left, right = fig.subplots(1, 2)
    _loss_panel(left, run)
    _accuracy_panel(right, run, test_accuracy)
    return fig


@_styled
def filters(w, title="First-layer filters"):
    """Filters w, shape (F, 1, kH, kW), of a convolution with one input channel.

    Red adds, blue takes away.
    """
    fig = Figure(figsize=(PAGE_WIDTH, 2.6))
    _filter_panels(fig, check_axes("w", w, "F 1 kH kW"), title)
    return fig


@_styled
def results(run, test_accuracy, w):
    """The chapter's result in one picture: loss, accuracy and first-layer filters.

    The test accuracy is drawn as a line.
    """
    fig = Figure(figsize=(PAGE_WIDTH, 5.6))
    top, bottom = fig.subfigures(2, 1, height_ratios=(3, 2.4))
    left, right = top.subplots(1, 2)
    _loss_panel(left, run)
    _accuracy_panel(right, run, test_accuracy)
    _filter_panels(bottom, check_axes("w", w, "F 1 kH kW"), "First-layer filters")
    return fig


@_styled
def confusion(counts, names):
    """Confusion matrix as a table of counts, shaded by the share of the true class."""
    counts = np.asarray(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    fig = Figure(figsize=(1.6 + 0.52 * len(names), 1.2 + 0.46 * len(names)))
    ax = fig.subplots()
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            ax.text(
                j,
                i,
                count,
                ha="center",
                va="center",
                fontsize=8,
                color="white" if share[i, j] > 0.6 else "black",
            )
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="predicted class", ylabel="true class")
    return fig


@_styled
def activation_rows(images, maps, names):
    """One row an image: the image, then each activation map's strongest channel.

    Parameters
    ----------
    images : ndarray, shape (N, 1, H, W)
    maps : dict of str to ndarray, shape (N, C, H', W')
        As `activation_maps` returns them.
    names : sequence of str
        A title for each row.
    """
    columns = 1 + len(maps)
    fig = Figure(figsize=(PAGE_WIDTH, 0.75 * len(images) + 0.5))
    axes = fig.subplots(len(images), columns, squeeze=False)
    for i, row in enumerate(axes):
        _bare(row[0], "image" if i == 0 else "", fontsize=8)
        row[0].imshow(images[i, 0], cmap="gray")
        row[0].set_ylabel(names[i], rotation=0, ha="right", va="center", fontsize=8)
        for ax, (title, values) in zip(row[1:], maps.items(), strict=True):
            strongest = values[i].var(axis=(1, 2)).argmax()
            title = title.replace(".", "\n").replace(" ", "\n")  # little room
            _bare(ax, title if i == 0 else "", fontsize=8)
            ax.imshow(values[i, strongest], cmap="viridis")
    return fig


@_styled
def curves(x, series, xlabel, ylabel, *, logx=False, logy=False, percent=False):
    """Lines over one axis.

    `series` maps a label to y values, or to (y, low, high) for a shaded interval.
    """
    fig = Figure(figsize=(7, 3.4))
    ax = fig.subplots()
    for number, (label, values) in enumerate(series.items()):
        color, line = COLORS[number % len(COLORS)], LINES[number % len(LINES)]
        y, *interval = values if isinstance(values, tuple) else (values,)
        ax.plot(
            x, y, color=color, linestyle=line, marker="o", markersize=3, label=label
        )
        if interval:
            ax.fill_between(x, *interval, color=color, alpha=0.2, linewidth=0)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if logx:
        ax.set_xscale("log")
    if logy:
        ax.set_yscale("log")
    if percent:
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_ylim(0, 1.02)
    ax.legend()
    return fig


@_styled
def connections(size, kernel, settings, pixel):
    """Which pixels of one axis a convolution's outputs see, and by which weight.

    Parameters
    ----------
    size, kernel : int
        Pixels of x, and weights of the filter.
    settings : sequence of (int, int)
        Stride and padding, one panel each.
    pixel : int
        The pixel whose connections are drawn thick.
    """
    fig = Figure(figsize=(PAGE_WIDTH, 2.5))
    axes = fig.subplots(1, len(settings), squeeze=False)[0]
    for ax, (stride, padding) in zip(axes, settings, strict=True):
        places = np.arange(output_size(size, kernel, stride, padding))
        centres = stride * places - padding + (kernel - 1) / 2
        for place, i in itertools.product(places, range(kernel)):
            end = stride * place + i - padding
            look = {"color": COLORS[i], "linestyle": LINES[i % len(LINES)]}
            thick = {"linewidth": 3} if end == pixel else {"linewidth": 1, "alpha": 0.6}
            label = f"w[{i}]" if place == 0 else None
            ax.plot([end, centres[place]], [0, 1], label=label, **look, **thick)
        pixels = np.arange(-padding, size + padding)
        inside = (pixels >= 0) & (pixels < size)
        dots = {"s": 90, "zorder": 3, "edgecolor": "black"}
        ax.scatter(pixels, 0 * pixels, color=np.where(inside, "black", "white"), **dots)
        ax.scatter(centres, 0 * centres + 1, color="0.7", marker="s", **dots)
        ax.set(yticks=[0, 1], yticklabels=["x", "dy"], ylim=(-0.25, 1.2))
        ax.set(xticks=range(size), xlabel="pixel", title=f"stride {stride}")
        ax.spines[["left", "bottom"]].set_visible(False)
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    return fig


@_styled
def step_errors(steps, series, slopes=()):
    """Error of a numerical gradient over its step, both logarithmic.

    Parameters
    ----------
    steps : sequence of float
        From small to large.
    series : dict of str to sequence of float
        Relative errors by label. An error of exactly 0 is drawn at the lower edge.
    slopes : sequence of int
        Powers of the step, drawn as grey lines. A positive one starts at the first
        series' last error, a negative one at its first.
    """
    fig = Figure(figsize=(7, 3.6))
    ax = fig.subplots()
    lowest = np.finfo(np.float64).eps
    for number, (label, errors) in enumerate(series.items()):
        look = {"color": COLORS[number], "linestyle": LINES[number % len(LINES)]}
        ax.plot(steps, np.maximum(errors, lowest), label=label, **look)
    first = next(iter(series.values()))
    for power in slopes:
        end = -1 if power > 0 else 0
        guide = first[end] * (np.asarray(steps) / steps[end]) ** power
        label = rf"$\propto h^{{{power}}}$"
        style = ":" if power > 0 else (0, (6, 2))
        ax.plot(steps, guide, color="0.4", linestyle=style, linewidth=1, label=label)
    ax.set(xscale="log", yscale="log", xlabel="step h", ylabel="relative error")
    ax.set_ylim(lowest / 2, 30)
    ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


@_styled
def reliability(measured):
    """Hit rate over stated confidence, with the diagonal on which they agree.

    `measured` maps a label to (confidence, hit rate), as `evaluation.reliability`
    returns them.
    """
    fig = Figure(figsize=(5.5, 3.8))
    ax = fig.subplots()
    ax.plot((0, 1), (0, 1), "--", color=COLORS[-1], linewidth=1)
    for number, (label, (confidence, hit_rate)) in enumerate(measured.items()):
        ax.plot(
            confidence, hit_rate, color=COLORS[number], linestyle=LINES[number],
            marker="o", markersize=3, label=label,
        )  # fmt: skip
    ax.set(xlabel="stated confidence", ylabel="hit rate", xlim=(0, 1), ylim=(0, 1.02))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    ax.legend()
    return fig
