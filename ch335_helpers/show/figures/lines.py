"""Figures made of lines: training, errors, and accuracy over something that varies."""

import math

import numpy as np
from matplotlib.ticker import MaxNLocator, NullFormatter, PercentFormatter

from ...evaluation.intervals import wilson_interval
from .looks import (
    COLUMN_WIDTH,
    LINES,
    PAGE_WIDTH,
    SUPERSCRIPTS,
    key_below,
    key_height,
    line_look,
    log_scale,
    styled,
)
from .pictures import filter_panel
from .themed import COLORS, ThemedFigure, side_by_side


@styled
def learning_curves(run, test_accuracy=None):
    """Loss and accuracy of a `Run` over its epochs.

    Parameters
    ----------
    run : Run
        With at least one epoch.
    test_accuracy : float, optional
        Drawn as a line.

    Examples
    --------
    >>> from ch335_helpers import Run
    >>> history = [(2.0, 1.5, 0.4, 1.0), (1.0, 1.2, 0.6, 1.0)]
    >>> learning_curves(Run({}, epochs=2, steps_per_epoch=88, history=history))
    <ThemedFigure size ... with 2 Axes>
    """
    draws = [_loss_panel(run), _accuracy_panel(run, test_accuracy)]
    return side_by_side(draws, widths=(PAGE_WIDTH / 2,) * 2, height=3)


@styled
def results(run, test_accuracy, w):
    """The chapter's result in one picture: loss, accuracy and first-layer filters.

    Parameters
    ----------
    run : Run
        With at least one epoch.
    test_accuracy : float
        Drawn as a line.
    w : ndarray, shape (F, 1, kH, kW)
        The first layer's filters.

    Examples
    --------
    >>> from ch335_helpers import Run
    >>> history = [(2.0, 1.5, 0.4, 1.0), (1.0, 1.2, 0.6, 1.0)]
    >>> run = Run({}, epochs=2, steps_per_epoch=88, history=history)
    >>> results(run, 0.58, w=np.random.default_rng(0).standard_normal((16, 1, 5, 5)))
    <ThemedFigure size ... with 19 Axes>
    """
    fig = ThemedFigure(figsize=(PAGE_WIDTH, 5.6))
    top, bottom = fig.subfigures(2, 1, height_ratios=(3, 2.4))
    loss, accuracy = _loss_panel(run), _accuracy_panel(run, test_accuracy)
    draw_filters = filter_panel(w, "First-layer filters")
    parts = (*top.subfigures(1, 2), bottom)
    heights = (3, 3, 1.7)
    for draw, part, height in zip(
        (loss, accuracy, draw_filters), parts, heights, strict=True
    ):
        draw(part)
        fig.panels.append(ThemedFigure(figsize=(PAGE_WIDTH / 2, height)))
        draw(fig.panels[-1])
    return fig


def _loss_panel(run):
    """A function that draws training and validation loss into a figure."""

    def draw(fig):
        ax = fig.subplots()
        lines = {"training": run.train_loss, "validation": run.val_loss}
        for number, (label, loss) in enumerate(lines.items()):
            look = {"color": COLORS[number], "linestyle": LINES[number]}
            ax.plot(range(1, len(loss) + 1), loss, label=label, **look)
        ax.set(xlabel="epoch", ylabel="loss (nats)", title="Loss")
        log_scale(ax.yaxis)
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


@styled
def curves(x, series, xlabel, ylabel, *, logx=False, logy=False, percent=False):
    """Lines over one axis, with a key below them.

    Parameters
    ----------
    x : sequence of float
        Common to all lines.
    series : dict of str to sequence of float, or to tuple of three of them
        By label the y values, or (y, low, high) for a shaded interval.
    xlabel : str
        Below the axis.
    ylabel : str
        Beside the axis.
    logx : bool
        Whether the x axis is logarithmic.
    logy : bool
        Whether the y axis is.
    percent : bool
        Whether y are shares, from 0 to 1.

    Examples
    --------
    >>> curves([1, 2, 3], {"squares": [1, 4, 9], "cubes": [1, 8, 27]}, "x", "power")
    <ThemedFigure size ... with 1 Axes>
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 2.9 + key_height(len(series))))
    ax = fig.subplots()
    for number, (label, values) in enumerate(series.items()):
        look = line_look(number)
        y, *interval = values if isinstance(values, tuple) else (values,)
        ax.plot(x, y, marker="o", markersize=3, label=label, **look)
        if interval:
            shade = {"color": look["color"], "alpha": 0.2, "linewidth": 0}
            ax.fill_between(x, *interval, **shade)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if logx:
        log_scale(ax.xaxis)
    if logy:
        log_scale(ax.yaxis)
    if percent:
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_ylim(0, 1.02)
    key_below(fig, ax)
    return fig


@styled
def step_errors(steps, series, slopes=()):
    """Error of a numerical gradient over its step, both logarithmic.

    Parameters
    ----------
    steps : sequence of float
        From small to large.
    series : dict of str to sequence of float
        Relative errors by label. A logarithmic axis has no place for 0: an error below
        2.2e-16 (the rounding unit of float64), 0 among them, is drawn there.
    slopes : sequence of int
        Powers of the step, drawn as grey lines. A positive one starts at the first
        series' last error, a negative one at its first; so that error must not be 0.

    Examples
    --------
    >>> step_errors([1e-6, 1e-3], {"central": [1e-10, 1e-6]}, slopes=[2])
    <ThemedFigure size ... with 1 Axes>
    """
    fig = ThemedFigure(
        figsize=(COLUMN_WIDTH, 3.2 + key_height(len(series) + len(slopes)))
    )
    ax = fig.subplots()
    lowest = np.finfo(np.float64).eps
    for number, (label, errors) in enumerate(series.items()):
        ax.plot(steps, np.maximum(errors, lowest), label=label, **line_look(number))
    first = next(iter(series.values()))
    for power in slopes:
        end = -1 if power > 0 else 0
        guide = first[end] * (np.asarray(steps) / steps[end]) ** power
        label = "∝ h" + ("" if power == 1 else f"{power}".translate(SUPERSCRIPTS))
        style = ":" if power > 0 else (0, (6, 2))
        ax.plot(steps, guide, color="0.4", linestyle=style, linewidth=1, label=label)
    log_scale(ax.xaxis)
    log_scale(ax.yaxis)
    ax.set(xlabel="step h", ylabel="relative error")
    ax.set_ylim(lowest / 2, 30)
    key_below(fig, ax)
    return fig


@styled
def reliability(measured):
    """Hit rate over stated confidence, with the diagonal on which they agree.

    Parameters
    ----------
    measured : dict of str to tuple of ndarray
        By label, (confidence, hit rate, counts) as `evaluation.reliability` returns
        them: each point gets its 95 % Wilson interval, and a second panel shows how
        many answers it stands for. Without counts, both are left out.

    Examples
    --------
    >>> groups = [0.55, 0.95], [0.5, 0.9], [20, 180]
    >>> reliability({"temperature 1": groups})
    <ThemedFigure size ... with 2 Axes>
    """
    counted = all(len(groups) > 2 for groups in measured.values())
    height = 3.2 + 1.1 * counted + key_height(len(measured))
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, height))
    axes = fig.subplots(1 + counted, sharex=True, squeeze=False,
                        height_ratios=(3, 1)[: 1 + counted])[:, 0]  # fmt: skip
    ax = axes[0]
    ax.plot((0, 1), (0, 1), "--", color=COLORS[-1], linewidth=1)
    for number, (label, (confidence, hit_rate, *counts)) in enumerate(measured.items()):
        look = line_look(number)
        ax.plot(confidence, hit_rate, marker="o", markersize=3, label=label, **look)
        if counted:
            intervals = _intervals(hit_rate, counts[0])
            ax.errorbar(confidence, hit_rate, intervals, fmt="none", capsize=2,
                        ecolor=look["color"], elinewidth=1)  # fmt: skip
            axes[1].plot(confidence, counts[0], marker="o", markersize=3, **look)
    ax.set(ylabel="hit rate", xlim=(0, 1), ylim=(0, 1.02))
    if counted:
        powers = np.log10(np.concatenate([groups[2] for groups in measured.values()]))
        low, high = np.floor(powers.min()), np.ceil(powers.max())
        ylim = 10**low, 10 ** max(high, low + 1)
        log_scale(axes[1].yaxis)
        axes[1].set(ylabel="answers", ylim=ylim)
        axes[1].yaxis.set_major_formatter("{x:,g}")
        axes[1].yaxis.set_minor_formatter(NullFormatter())
    axes[-1].set_xlabel("stated confidence")
    for axis in (axes[-1].xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    key_below(fig, ax)
    return fig


def _intervals(hit_rate, counts):
    """How far the Wilson interval of each hit rate reaches down and up."""
    hits = np.rint(np.multiply(hit_rate, counts)).astype(int).tolist()
    low, high = np.transpose(
        list(map(wilson_interval, hits, np.asarray(counts).tolist()))
    )
    return np.maximum(0, (np.subtract(hit_rate, low), np.subtract(high, hit_rate)))
