"""Every figure of the chapter, in one style and one palette.

A function makes a figure and returns it; a notebook shows it as the value of its cell.
Colours are those of Okabe and Ito, which people with any kind of colour vision can tell
apart; lines differ in style as well.
"""

import functools
import itertools
import math

import matplotlib as mpl
import numpy as np
from IPython import get_ipython
from IPython.core.pylabtools import select_figure_formats
from matplotlib.colors import to_rgba
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ..checks import check_axes
from ..ops import output_size
from .themed import COLORS, INK, ThemedFigure, side_by_side

LINES = ("-", "--", "-.", ":")
PAGE_WIDTH = 7.6  # inches; wider figures would be shrunk, and their text with them
COLUMN_WIDTH = 4.5  # what a phone shows without scrolling
STYLE = {
    "figure.dpi": 130, "savefig.dpi": 130,
    "figure.facecolor": "white", "savefig.facecolor": "white",
    "font.size": 10, "axes.titlesize": 10, "image.interpolation": "none",
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
    fig = ThemedFigure(figsize=(columns * size, rows * (size + 0.05) + title_height))
    axes = fig.subplots(rows, columns, squeeze=False)
    if signed:
        limit = np.abs(images).max() or 1
        look = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    else:
        look = {"cmap": "gray", "vmin": images.min(), "vmax": images.max()}
    for number, ax in enumerate(axes.flat):
        _bare(ax, titles[number] if number < len(titles) else "", fontsize=9)
        if number < len(images):
            ax.imshow(images[number], **look)
    for ax, title in zip(axes[:, 0], row_titles or [], strict=False):
        ax.set_ylabel(title, rotation=0, ha="right", va="center", fontsize=9)
    return fig


@_styled
def bars(names, values, xlabel, *, intervals=None, reference=None, percent=True):
    """Horizontal bars with their values written beside them.

    `intervals` are (low, high) of each bar's error bar, `reference` is (label, value)
    of a dashed line.
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


def _loss_panel(run):
    """A function that draws training and validation loss into a figure."""

    def draw(fig):
        ax = fig.subplots()
        lines = {"training": run.train_loss, "validation": run.val_loss}
        for number, (label, loss) in enumerate(lines.items()):
            look = {"color": COLORS[number], "linestyle": LINES[number]}
            ax.plot(range(1, len(loss) + 1), loss, label=label, **look)
        ax.set(xlabel="epoch", ylabel="loss (nats)", yscale="log", title="Loss")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend()

    return draw


def _accuracy_panel(run, test_accuracy=None):
    """A function that draws the validation accuracy into a figure."""
    accuracy = run.val_accuracy
    # from 0 on, the end of a run would be a flat line
    low = math.floor(10 * min(accuracy, default=0)) / 10

    def draw(fig):
        ax = fig.subplots()
        look = {"color": COLORS[1], "linestyle": LINES[1], "marker": "o"}
        epochs = range(1, len(accuracy) + 1)
        ax.plot(epochs, accuracy, markersize=3, label="validation", **look)
        if test_accuracy is not None:
            look = {"color": COLORS[2], "linestyle": LINES[2]}
            ax.axhline(test_accuracy, label=f"test {test_accuracy:.1%}", **look)
        ax.set(xlabel="epoch", ylabel="accuracy", title="Accuracy")
        ax.set_ylim(low, 1 + 0.02 * (1 - low))
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(loc="lower right")

    return draw


def _filter_panel(w, title):
    """A function that draws filters, two rows with one colour scale, into a figure."""
    w = check_axes("w", w, "F 1 kH kW")

    def draw(fig):
        axes = fig.subplots(2, -(-len(w) // 2), squeeze=False)
        limit = np.abs(w).max()
        for ax in axes.flat:
            _bare(ax)
        for ax, kernel in zip(axes.flat, w[:, 0], strict=False):
            drawn = ax.imshow(kernel, cmap="RdBu_r", vmin=-limit, vmax=limit)
        fig.colorbar(drawn, ax=axes, shrink=0.8, label="weight")
        fig.suptitle(title, fontsize=10)

    return draw


@_styled
def learning_curves(run, test_accuracy=None):
    """Loss and accuracy of a `Run` over its epochs.

    The test accuracy is drawn as a line if it is given.
    """
    draws = [_loss_panel(run), _accuracy_panel(run, test_accuracy)]
    return side_by_side(draws, widths=(PAGE_WIDTH / 2,) * 2, height=3)


@_styled
def filters(w, title="First-layer filters"):
    """Filters w, shape (F, 1, kH, kW), of a convolution with one input channel.

    Red adds, blue takes away.
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 1.7))
    _filter_panel(w, title)(fig)
    return fig


@_styled
def results(run, test_accuracy, w):
    """The chapter's result in one picture: loss, accuracy and first-layer filters.

    The test accuracy is drawn as a line.
    """
    fig = ThemedFigure(figsize=(PAGE_WIDTH, 5.6))
    top, bottom = fig.subfigures(2, 1, height_ratios=(3, 2.4))
    draws = [_loss_panel(run), _accuracy_panel(run, test_accuracy)]
    draw_filters = _filter_panel(w, "First-layer filters")
    fig.panels = [ThemedFigure(figsize=(PAGE_WIDTH / 2, 3)) for _ in draws]
    for draw, part, panel in zip(draws, top.subfigures(1, 2), fig.panels, strict=True):
        draw(part)
        draw(panel)
    draw_filters(bottom)
    fig.panels.append(ThemedFigure(figsize=(COLUMN_WIDTH, 1.7)))
    draw_filters(fig.panels[-1])
    return fig


@_styled
def confusion(counts, names):
    """Confusion matrix as a table of counts, shaded by the share of the true class.

    The shade grows with the root of the share, so that single mistakes can be seen.
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
            look = {"ha": "center", "va": "center", "fontsize": 9}
            ax.text(j, i, count, color="white" if share[i, j] > 0.3 else INK, **look)
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
    fig = ThemedFigure(figsize=(PAGE_WIDTH, 0.75 * len(images) + 0.5))
    axes = fig.subplots(len(images), columns, squeeze=False)
    for i, row in enumerate(axes):
        _bare(row[0], "image" if i == 0 else "", fontsize=9)
        row[0].imshow(images[i, 0], cmap="gray")
        row[0].set_ylabel(names[i], rotation=0, ha="right", va="center", fontsize=9)
        for ax, (title, values) in zip(row[1:], maps.items(), strict=True):
            strongest = values[i].var(axis=(1, 2)).argmax()
            title = title.replace(".", "\n").replace(" ", "\n")  # little room
            _bare(ax, title if i == 0 else "", fontsize=9)
            ax.imshow(values[i, strongest], cmap="viridis")
    return fig


@_styled
def curves(x, series, xlabel, ylabel, *, logx=False, logy=False, percent=False):
    """Lines over one axis.

    `series` maps a label to y values, or to (y, low, high) for a shaded interval.
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 3))
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
    fig = ThemedFigure(figsize=(PAGE_WIDTH, 2.5))
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
    fig = ThemedFigure(figsize=(7, 3.6))
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
    ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


@_styled
def reliability(measured):
    """Hit rate over stated confidence, with the diagonal on which they agree.

    `measured` maps a label to (confidence, hit rate), as `evaluation.reliability`
    returns them.
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 3.4))
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


@_styled
def log_shares(values, xlabel):
    """Shares of a whole on a logarithmic axis, as points with their values beside them.

    `values` maps a name to a share above 0; a dashed line marks the whole.
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 0.38 * len(values) + 0.9))
    ax = fig.subplots()
    ax.axvline(1, color=COLORS[1], linestyle="--")
    for place, value in enumerate(values.values()):
        ax.plot(value, place, "o", color=COLORS[0])
        ax.annotate(
            f"≈ {float(f'{100 * value:.2g}'):g}%", (value, place), (-7, 0),
            textcoords="offset points", ha="right", va="center", fontsize=9,
        )  # fmt: skip
    lowest = min([0.1, *values.values()])
    ax.set(xlabel=xlabel, xscale="log", xlim=(lowest / 15, 1.5))
    ax.set(ylim=(len(values) - 0.5, -0.7))
    ax.set_yticks(range(len(values)), values.keys())
    ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    return fig


@_styled
def filters_compared(groups):
    """Filters of several networks below each other, each with its own colour scale.

    `groups` maps a title to w, shape (F, 1, kH, kW). Red adds, blue takes away.
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 1.7 * len(groups)))
    parts = fig.subfigures(len(groups), 1, squeeze=False)[:, 0]
    for part, (title, w) in zip(parts, groups.items(), strict=True):
        _filter_panel(w, title)(part)
    return fig


@_styled
def filter_answers(image, kernels, answers, titles):
    """An image, and for each kernel its weights and its answer to the image.

    Parameters
    ----------
    image : ndarray, shape (H, W)
    kernels : ndarray of int, shape (F, kH, kW)
        Their weights are written out.
    answers : ndarray, shape (F, H', W')
        All with one colour scale: 0 is white, negative values blue, positive ones red.
    titles : sequence of str
        One for each kernel.
    """
    kernels = check_axes("kernels", kernels, "F kH kW")
    answers = check_axes("answers", answers, f"{len(kernels)} H W")
    fig = ThemedFigure(figsize=(PAGE_WIDTH, 3))
    (blank, *upper), (left, *lower) = fig.subplots(2, len(kernels) + 1)
    blank.set_axis_off()
    _bare(left, "image", fontsize=9)
    left.imshow(check_axes("image", image, "H W"), cmap="gray")
    limit = np.abs(answers).max() or 1
    look = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    for ax, kernel, title in zip(upper, kernels, titles, strict=True):
        _bare(ax, title, fontsize=9)
        largest = np.abs(kernel).max() or 1
        ax.imshow(kernel, cmap="RdBu_r", vmin=-2 * largest, vmax=2 * largest)  # pale
        for (i, j), weight in np.ndenumerate(kernel):
            ink = {"color": "#111111", "fontsize": 9, "ha": "center", "va": "center"}
            ax.text(j, i, f"{weight}".replace("-", "−"), **ink)
    for ax, answer in zip(lower, answers, strict=True):
        _bare(ax)
        drawn = ax.imshow(answer, **look)
    fig.colorbar(drawn, ax=[left, *lower], label="answer", shrink=0.9)
    return fig
