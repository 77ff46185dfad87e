"""The same training with several learning rates, watched epoch by epoch."""

import math
import warnings
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial

from ..checks import any_function, check_number, distinct, takes, whole
from ..evaluation.evaluate import confusion_matrix
from ..model.network import MODEL
from .fitting import progress_bar, take_steps
from .loop import Training
from .optim import constant
from .run import Run

TIMES_WORSE = 2  # than guessing: from here on, a loss counts as diverged


@dataclass
class Trace:
    """One of several learning rates: its run, and the network after each epoch.

    Attributes
    ----------
    lr : float
        The learning rate.
    run : Run
        How its training went.
    filters : list of ndarray, shape (F, C, kH, kW)
        The first convolution's weights after each epoch.
    confusion : list of ndarray of int, shape (K, K)
        Validation images of each true class (row) that were taken for each (column).

    Examples
    --------
    See `try_learning_rates`.

    >>> run = Run({}, epochs=1, steps_per_epoch=5)
    >>> Trace(0.01, run, confusion=[np.eye(4)]).accuracy
    [1.0]
    """

    lr: float
    run: Run
    filters: list = field(default_factory=list)
    confusion: list = field(default_factory=list)

    def note(self, training, weights):
        """Add what the network is like after an epoch, unless that has been done."""
        if self.run.stopped or len(self.run.history) == len(self.filters):
            return False
        logits = training.val_logits
        counts = confusion_matrix(
            training.y_val, logits.argmax(axis=1), logits.shape[1]
        )
        # in one line, so that an interrupt comes before both or after them
        kept = training.params[weights].copy()
        self.confusion, self.filters = [*self.confusion, counts], [*self.filters, kept]
        return True

    @property
    def accuracy(self):
        """Share of right answers in each confusion matrix."""
        return [float(counts.trace() / counts.sum()) for counts in self.confusion]

    @property
    def diverged_in(self):
        """The epoch, from 1, in which the run diverged; 0 if it did not.

        That is the first one whose loss is not finite, or at least `TIMES_WORSE` times
        the log K of a network that gives all K classes the same probability.
        """
        for epoch, loss in enumerate(self.run.train_loss, start=1):
            if loss >= TIMES_WORSE * math.log(len(self.confusion[0])):
                return epoch
        return len(self.run.train_loss) + 1 if self.run.diverged else 0


@takes(
    learning_rates=distinct(partial(check_number, above=0)), model=MODEL,
    epochs=whole(), callback=any_function,
)  # fmt: skip
def try_learning_rates(
    model, X, y, X_val, y_val, learning_rates, epochs=10, *,
    seed=0, schedule=constant, callback=None, progress=True, n_shards=2, **settings,
):  # fmt: skip
    """Train from the same start with several learning rates; look in after each epoch.

    Parameters
    ----------
    model : Layer
        With at least one convolution.
    X : ndarray, shape (N, C, H, W), or ImageStream
        Training images, as for `fit`.
    y : ndarray of int, shape (N,), or None
        Their labels; None with an `ImageStream`.
    X_val : ndarray, shape (N, C, H, W)
        Validation images.
    y_val : ndarray of int, shape (N,)
        Their labels.
    learning_rates : sequence of float
        At least one; all different and above 0.
    epochs : int
        Passes over the training images in each run, at least 1.
    seed : int or numpy.random.Generator
        As for `fit`, the same for each rate.
    schedule : callable
        As for `fit`. With `constant`, a run of fewer epochs is the beginning of a
        longer one.
    callback : callable, optional
        Called with the current `Run` after every step; all stops when it returns
        True.
    progress : bool
        Show one progress bar for all runs.
    n_shards : int
        Parts of each batch that are computed side by side, as for `fit`.
    **settings
        What else `Training` takes: ``batch_size`` and so on.

    Returns
    -------
    list of Trace
        One a learning rate, the last one unfinished if it was stopped. A trace
        shows that its rate diverged; there is no warning.

    Raises
    ------
    ValueError, TypeError
        If there is no learning rate or one stands twice, the model has no convolution,
        or `fit` refuses an argument.

    Notes
    -----
    Taught in notebook 3. An interrupt stops it, too. Both give a warning.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN, make_synthetic_images
    >>> X, y = make_synthetic_images(n_per_class=10, img_size=16, n_classes=4)
    >>> options = {"epochs": 2, "n_shards": 1, "progress": False}
    >>> rates = [0.001, 0.01]
    >>> traces = try_learning_rates(SimpleCNN(), X, y, X, y, rates, **options)
    >>> [(trace.lr, len(trace.accuracy)) for trace in traces]
    [(0.001, 2), (0.01, 2)]
    """
    weights, traces = f"{_first_convolution(model)}.w", []
    with progress_bar(len(learning_rates) * epochs, "epoch", progress) as bar:
        for lr in learning_rates:
            start = deepcopy((X, seed))  # a stream or a generator would move on
            training = Training(
                model, start[0], y, X_val, y_val, epochs, lr,
                seed=start[1], schedule=schedule, **settings,
            )  # fmt: skip
            trace = Trace(lr, training.run)
            traces.append(trace)
            note = partial(_note, trace, training, weights, bar)
            interrupted = take_steps(training, training, n_shards, note, callback)
            if interrupted or (trace.run.stopped and not trace.run.diverged):
                what = trace.run.stopped or "interrupted after its last epoch"
                text = f"training {what} of learning rate {lr:g}"
                warnings.warn(text, stacklevel=3)
                break
    return traces


def _note(trace, training, weights, bar, run):
    bar.update(trace.note(training, weights))


def _first_convolution(model):
    """The name of a network's first convolution; or raise ValueError."""
    for layer in model.leaves():
        if layer.kind == "convolution":
            return layer.name
    raise ValueError(f"model must have a convolution, got {type(model).__name__}")
