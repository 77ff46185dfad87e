"""What several learning rates do, behind two sliders."""

import math

import numpy as np

from ...data.shapes import CLASS_NAMES
from ..pixels import pixels, tiles
from ..svg import accuracy_chart, loss_chart, matrix, panel, words
from .explorer import Explorer

BIG_DROP = 0.1  # of the accuracy from one epoch to the next
STARTED = 1.5  # times the accuracy of guessing: from here on, something is learnt


def training_explorer(traces, names=CLASS_NAMES):
    """Sliders over learning rates and epochs.

    They show the loss and the validation accuracy up to the chosen epoch, with the
    other learning rates behind them; the first filters and the confusion on the
    validation images after that epoch; and a sentence.

    Parameters
    ----------
    traces : list of Trace
        From `try_learning_rates`, learning rates in order.
    names : sequence of str
        Of the classes.

    Returns
    -------
    Explorer

    Raises
    ------
    ValueError
        If no run finished an epoch.

    Notes
    -----
    Taught in notebook 3.

    Examples
    --------
    Between images that are all equal, no learning rate helps:

    >>> from ch335_helpers import SimpleCNN, try_learning_rates
    >>> X, y = np.ones((4, 1, 4, 4)), np.array([0, 1, 0, 1])
    >>> parts, options = (X, y, X, y), {"epochs": 2, "progress": False}
    >>> traces = try_learning_rates(SimpleCNN(2), *parts, [0.001, 0.01], **options)
    >>> print(training_explorer(traces).sentence(0, 1).split(". ")[0])
    Learning rate 0.001, 2 epochs: has not started to learn
    """
    n_epochs = max((len(trace.filters) for trace in traces), default=0)
    if not n_epochs:
        raise ValueError("traces must hold a run that finished an epoch, got none")
    n_classes = len(next(trace for trace in traces if trace.confusion).confusion[0])
    losses = [trace.run.train_loss for trace in traces]
    accuracies = [trace.accuracy for trace in traces]
    seen = [loss for line in losses for loss in line if 0 < loss < math.inf]
    loss = loss_chart((1, n_epochs), (min(seen), max(seen)))
    accuracy = accuracy_chart((1, n_epochs))
    by_guessing = _level(loss, math.log(n_classes)), _level(accuracy, 1 / n_classes)

    def render(i, e):
        picture = [
            loss(by_guessing[0], *_lines(loss, losses, i, e, color=0)),
            accuracy(by_guessing[1], *_lines(accuracy, accuracies, i, e, color=1)),
        ]
        if traces[i].filters:
            last = min(e, len(traces[i].filters) - 1)
            title, counts = (
                "True class (rows), predicted (columns)",
                traces[i].confusion,
            )
            picture.append(_filters(traces[i].filters[last]))
            picture.append(matrix(title, names[:n_classes], counts[last]))
        return describe(traces, i, e), picture

    rates = [_decimal(trace.lr) for trace in traces]
    sliders = {"learning rate": rates, "epochs": range(1, n_epochs + 1)}
    axes = {"n_epochs": n_epochs, "limits": [min(seen), max(seen)]}
    return Explorer(sliders, render, (len(traces) // 2, n_epochs // 2), axes)


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
        diverged = f"diverged in epoch {trace.diverged_in}"
        if trace.diverged_in > len(losses):
            return f"{diverged}, the loss is not finite"
        peak, guess = losses[trace.diverged_in - 1], math.log(len(trace.confusion[0]))
        return f"{diverged}, with a loss of {peak:.3g} where guessing costs {guess:.3g}"
    if trace.run.stopped and e >= len(losses) and not trace.run.diverged:
        return trace.run.stopped  # by the reader
    if not _started(trace, e):
        return "has not started to learn"
    drops = -np.diff(accuracy)
    if drops.max(initial=0) >= BIG_DROP:
        drop = f"in epoch {drops.argmax() + 2} the accuracy fell by"
        return f"learns, but unsteadily: {drop} {100 * drops.max():.0f} points"
    slow = losses[-1] > losses[0] / 2
    return "is learning, slowly" if slow else "learns well"


def _level(chart, value):
    """What guessing would reach, as a dotted line across a chart."""
    x, y = chart.place(chart.xlim[0], value)
    line = chart.line(chart.xlim, (value, value), "guess")
    return line + words("guessing", x + 6, y - 4)


def _lines(chart, series, i, e, color):
    """Series number i up to epoch number e, in front of all the others."""
    others = [values for j, values in enumerate(series) if j != i]
    return *map(chart.epochs, others), chart.epochs(series[i][: e + 1], color=color)


def _filters(w):
    """The first input channel of each filter, red for positive weights."""
    w = w[:, 0]
    limit = np.abs(w).max()
    if not np.isfinite(limit):
        return panel("First-layer filters: no longer finite")
    title = f"First-layer filters, weights up to ±{limit:.2g}"
    alt = f"{len(w)} filters as small pictures: red adds, blue takes away"
    sheet = tiles(w, columns=max(1, len(w) // 2))
    return panel(title, pixels(sheet, alt, "RdBu_r", -limit, limit))
