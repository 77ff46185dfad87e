"""What a `sweep` over learning rates looks like behind two sliders."""

import math

import numpy as np

from .data import CLASS_NAMES
from .explorer import Chart, Explorer, Matrix, panel, pixels, tiles

BIG_DROP = 0.1  # of the accuracy from one epoch to the next
STARTED = 1.5  # times the accuracy of guessing: from here on, something is learnt


def training_explorer(traces, names=CLASS_NAMES):
    """Sliders over the learning rates and epochs of a sweep.

    Shown are the loss and the validation accuracy up to the chosen epoch, with the
    other learning rates behind them, the first filters at that moment, the confusion
    on the validation images, and a sentence.

    Parameters
    ----------
    traces : list of Trace
        From `sweep`, learning rates in order.
    names : sequence of str
        Of the classes.

    Returns
    -------
    Explorer

    Raises
    ------
    ValueError
        If no run came to the end of an epoch.

    Notes
    -----
    Taught in notebook 3.
    """
    n_epochs = max((len(trace.filters) for trace in traces), default=0)
    if not n_epochs:
        raise ValueError("traces must hold a run that finished an epoch, got none")
    n_classes = len(next(trace for trace in traces if trace.confusion).confusion[0])
    loss, accuracy = _charts(traces, n_epochs, n_classes)
    matrix = Matrix("True class (rows), predicted (columns)", names[:n_classes])
    behind = [_behind(loss, accuracy, traces, i) for i in range(len(traces))]

    def render(i, e):
        trace = traces[i]
        picture = [
            *_curve(loss, behind[i][0], trace.run.train_loss[: e + 1], color=0),
            *_curve(accuracy, behind[i][1], trace.accuracy[: e + 1], color=1),
        ]
        if trace.filters:
            last = min(e, len(trace.filters) - 1)
            counts = trace.confusion[last]
            picture += [
                _filters(trace.filters[last]),
                *(matrix.head, matrix.cells(counts), matrix.foot),
            ]
        return describe(traces, i, e), picture

    sliders = {
        "learning rate": [
            f"{trace.lr:.10f}".rstrip("0").rstrip(".") for trace in traces
        ],
        "epochs": range(1, n_epochs + 1),
    }
    return Explorer(sliders, render, start=(len(traces) // 2, n_epochs // 2))


def describe(traces, i, e):
    """What happened with learning rate number i by epoch number e, in words."""
    trace = traces[i]
    accuracy, losses = trace.accuracy[: e + 1], trace.run.train_loss[: e + 1]
    count = "1 epoch" if e == 0 else f"{e + 1} epochs"
    start = f"Learning rate {_decimal(trace.lr)}, {count}: {_verdict(trace, e)}."
    if not accuracy:
        return start
    n_images = trace.confusion[0].sum()
    right = f"{accuracy[-1]:.0%} of the {n_images} validation images are right"
    others = [other.accuracy[e] for other in traces if len(other.accuracy) > e]
    leads = len(accuracy) > e and accuracy[e] == max(others) and _started(trace, e)
    best = f", the best of the {len(traces)} rates so far" if leads else ""
    return f"{start} The training loss is {losses[-1]:.3g}, and {right}{best}."


def _decimal(number):
    """A number without a power of ten: 0.00001 and not 1e-05."""
    return f"{number:.10f}".rstrip("0").rstrip(".")


def _started(trace, e):
    guess = 1 / len(trace.confusion[0])
    return max(trace.accuracy[: e + 1]) >= STARTED * guess


def _verdict(trace, e):
    """How the run goes by epoch number e, in a few words."""
    accuracy, losses = trace.accuracy[: e + 1], trace.run.train_loss[: e + 1]
    if 0 < trace.diverged_in <= e + 1:
        if trace.diverged_in > len(losses):
            return f"diverged in epoch {trace.diverged_in}, the loss is not finite"
        peak = losses[trace.diverged_in - 1]
        guess = math.log(len(trace.confusion[0]))
        return (
            f"diverged in epoch {trace.diverged_in}, with a loss of {peak:.3g} where "
            f"guessing costs {guess:.3g}"
        )
    if not _started(trace, e):
        return "has not started to learn"
    drops = -np.diff(accuracy)
    if len(drops) and drops.max() >= BIG_DROP:
        return (
            f"learns, but unsteadily: in epoch {drops.argmax() + 2} the accuracy fell "
            f"by {100 * drops.max():.0f} points"
        )
    slow = losses[-1] > losses[0] / 2
    return "is learning, slowly" if slow else "learns well"


def _charts(traces, n_epochs, n_classes):
    """The axes of the loss and of the accuracy, with the line of guessing on them."""
    losses = [
        loss
        for t in traces
        for loss in t.run.train_loss
        if loss > 0 and math.isfinite(loss)
    ]
    low, high = math.floor(np.log10(min(losses))), math.ceil(np.log10(max(losses)))
    step = -(-(high - low) // 5)
    powers = range(low, high + 1, max(1, step))
    epochs = (1, max(2, n_epochs))
    marks = {n: n for n in range(1, n_epochs + 1)}
    loss = Chart(
        "Training loss (nats)", "epoch", epochs, (10.0**low, 10.0**high), marks,
        {10.0**power: f"{10.0**power:g}" for power in powers}, logy=True,
    )  # fmt: skip
    shares = {share / 4: f"{25 * share} %" for share in range(5)}
    accuracy = Chart("Validation accuracy", "epoch", epochs, (0, 1), marks, shares)
    for chart, value in ((loss, math.log(n_classes)), (accuracy, 1 / n_classes)):
        x, y = chart.place(epochs[0], value)
        chart.head += (
            chart.line(epochs, (value, value), "guess")
            + f'<text x="{x + 6:g}" y="{y - 4:g}">guessing</text>'
        )
    return loss, accuracy


def _behind(loss, accuracy, traces, i):
    """The lines of all learning rates but number i, of both charts."""
    others = [trace for trace in traces if trace is not traces[i]]
    return [
        "".join(chart.line(range(1, len(y) + 1), y) for y in values)
        for chart, values in (
            (loss, [trace.run.train_loss for trace in others]),
            (accuracy, [trace.accuracy for trace in others]),
        )
    ]


def _curve(chart, behind, values, color):
    line = chart.line(range(1, len(values) + 1), values, color=color)
    return [chart.head, behind, line, chart.foot]


def _filters(w):
    """The first input channel of each filter, red for positive weights."""
    w = w[:, 0]
    limit = np.abs(w).max()
    if not np.isfinite(limit):
        return panel("First-layer filters: no longer finite", "</div>")
    title = f"First-layer filters, weights up to ±{limit:.2g}"
    alt = f"{len(w)} filters as small pictures: red adds, blue takes away"
    columns = max(1, len(w) // 2)
    sheet = tiles(w, columns)
    return panel(title, pixels(sheet, alt, "RdBu_r", -limit, limit), "</div>")
