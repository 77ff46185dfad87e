"""Figures made of lines: training, errors, and accuracy over something that varies."""

import math
from functools import partial

import numpy as np
from matplotlib.ticker import MaxNLocator, NullFormatter

from ...evaluation.intervals import wilson_interval
from . import looks
from .pictures import draw_filters
from .themed import COLORS, COLUMN_WIDTH, PAGE_WIDTH, ThemedFigure, panels_in_a_row


@looks.styled
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
    return panels_in_a_row(_curves_of_a_run(run, test_accuracy), height=3)


@looks.styled
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
    filters = partial(draw_filters, w, "First-layer filters")
    draws = [*_curves_of_a_run(run, test_accuracy), filters]
    sizes = [(PAGE_WIDTH / 2, height) for height in (3, 3, 1.7)]
    fig.draw_panels(draws, (*top.subfigures(1, 2), bottom), sizes)
    return fig


def _curves_of_a_run(run, test_accuracy):
    """What draws its loss, and what draws its accuracy."""
    return partial(_loss, run), partial(_accuracy, run.val_accuracy, test_accuracy)


def _loss(run, fig):
    ax = fig.subplots()
    lines = {"training": run.train_loss, "validation": run.val_loss}
    for number, (label, loss) in enumerate(lines.items()):
        ax.plot(range(1, len(loss) + 1), loss, label=label, **looks.line_look(number))
    ax.set(xlabel="epoch", ylabel="loss (nats)", title="Loss")
    looks.log_scale(ax.yaxis)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()


def _accuracy(accuracy, test_accuracy, fig):
    ax = fig.subplots()
    looks.draw_series(ax, 1, "validation", range(1, len(accuracy) + 1), accuracy)
    if test_accuracy is not None:
        label = f"test {test_accuracy:.1%}"
        ax.axhline(test_accuracy, label=label, **looks.line_look(2))
    ax.set(xlabel="epoch", ylabel="accuracy", title="Accuracy")
    # from 0 on, the end of a run would be a flat line
    low = math.floor(10 * min(accuracy, default=0)) / 10
    ax.set_ylim(low, 1 + 0.02 * (1 - low))
    looks.percent_scale(ax.yaxis)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="lower right")


@looks.styled
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
    fig, ax = looks.single_axes(2.9 + looks.key_height(len(series)))
    for number, (label, values) in enumerate(series.items()):
        y, *interval = values if isinstance(values, tuple) else (values,)
        looks.draw_series(ax, number, label, x, y, *interval)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if logx:
        looks.log_scale(ax.xaxis)
    if logy:
        looks.log_scale(ax.yaxis)
    if percent:
        looks.percent_scale(ax.yaxis)
        ax.set_ylim(0, 1.02)
    looks.key_below(fig, ax)
    return fig


@looks.styled
def step_errors(steps, series, slopes=()):
    """Error of a numerical gradient over its step, both logarithmic.

    Parameters
    ----------
    steps : sequence of float
        From small to large.
    series : dict of str to sequence of float
        Relative errors by label. An error below 2.2e-16 (the rounding unit of float64)
        is drawn there, as a logarithmic axis has no place for 0.
    slopes : sequence of int
        Powers of the step, drawn as grey lines. A positive one starts at the first
        series' last error, a negative one at its first; so that error must not be 0.

    Examples
    --------
    >>> step_errors([1e-6, 1e-3], {"central": [1e-10, 1e-6]}, slopes=[2])
    <ThemedFigure size ... with 1 Axes>
    """
    fig, ax = looks.single_axes(3.2 + looks.key_height(len(series) + len(slopes)))
    lowest = np.finfo(np.float64).eps
    for number, (label, errors) in enumerate(series.items()):
        errors = np.maximum(errors, lowest)
        ax.plot(steps, errors, label=label, **looks.line_look(number))
    first = next(iter(series.values()))
    for power in slopes:
        end = -1 if power > 0 else 0
        guide = first[end] * (np.asarray(steps) / steps[end]) ** power
        label = "∝ h" + ("" if power == 1 else f"{power}".translate(looks.SUPERSCRIPTS))
        style = ":" if power > 0 else (0, (6, 2))
        ax.plot(steps, guide, color="0.4", linestyle=style, linewidth=1, label=label)
    looks.log_scale(ax.xaxis)
    looks.log_scale(ax.yaxis)
    ax.set(xlabel="step h", ylabel="relative error")
    ax.set_ylim(lowest / 2, 30)
    looks.key_below(fig, ax)
    return fig


@looks.styled
def reliability(measured):
    """Hit rate over stated confidence, with the diagonal on which they agree.

    Parameters
    ----------
    measured : dict of str to tuple of ndarray
        By label, (confidence, hit rate, counts) as `ch335_helpers.reliability` returns
        them: each point gets its 95 % Wilson interval, and a second panel shows its
        number of answers. Without counts, both are left out.

    Examples
    --------
    >>> groups = [0.55, 0.95], [0.5, 0.9], [20, 180]
    >>> reliability({"temperature 1": groups})
    <ThemedFigure size ... with 2 Axes>
    """
    counted = all(len(groups) > 2 for groups in measured.values())
    height = 3.2 + 1.1 * counted + looks.key_height(len(measured))
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, height))
    rows = {"height_ratios": (3, 1)[: 1 + counted], "squeeze": False, "sharex": True}
    axes = fig.subplots(1 + counted, **rows)[:, 0]
    ax, below = axes[0], axes[-1]
    ax.plot((0, 1), (0, 1), "--", color=COLORS[-1], linewidth=1)
    for number, (label, (confidence, hit_rate, *counts)) in enumerate(measured.items()):
        looks.draw_series(ax, number, label, confidence, hit_rate)
        if counted:
            _draw_intervals(ax, number, confidence, hit_rate, *counts)
            looks.draw_series(below, number, None, confidence, *counts)
    if counted:
        _scale_counts(below, [counts for *_, counts in measured.values()])
    ax.set(ylabel="hit rate", xlim=(0, 1), ylim=(0, 1.02))
    looks.percent_scale(ax.yaxis)
    below.set_xlabel("stated confidence")
    looks.percent_scale(below.xaxis)
    looks.key_below(fig, ax)
    return fig


def _draw_intervals(ax, number, confidence, hit_rate, counts):
    """Draw the Wilson interval of each hit rate."""
    hits = np.rint(np.multiply(hit_rate, counts)).astype(int).tolist()
    intervals = list(map(wilson_interval, hits, np.asarray(counts).tolist()))
    reach = looks.error_bars(hit_rate, *np.transpose(intervals))
    look = {"ecolor": looks.line_look(number)["color"], "elinewidth": 1, "capsize": 2}
    ax.errorbar(confidence, hit_rate, reach, fmt="none", **look)


def _scale_counts(ax, counts):
    """Make the axis of the numbers of answers logarithmic, from power to power."""
    powers = np.log10(np.concatenate(counts))
    low, high = np.floor(powers.min()), np.ceil(powers.max())
    looks.log_scale(ax.yaxis)
    ax.set(ylabel="answers", ylim=(10**low, 10 ** max(high, low + 1)))
    ax.yaxis.set_major_formatter("{x:,g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
