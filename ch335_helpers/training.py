"""Training a model, and using the trained one."""

import math
import time
import warnings
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from .data import ImageStream, check_images
from .layers import Layer
from .models import check_counts
from .ops import check_axes, check_labels, cross_entropy, softmax
from .optim import adam_update, constant, cosine
from .shards import Sharded, run_shards

IMAGES_TO_SHARE = 16  # a smaller batch is not worth a second process
TIMES_WORSE = 2  # than guessing: from here on, a loss counts as diverged
PREDICT_BLOCK = 128  # images a forward pass when no backward pass will follow


@dataclass
class Run:
    """A training run: its result and, while it goes on, how far it has come.

    Attributes
    ----------
    params : dict of str to ndarray
        The parameters after the epoch with the best validation accuracy, the later one
        in a tie. If the run was stopped before its first epoch was over, those at
        that moment; if it diverged there, those it started from.
    train_loss, val_loss, val_accuracy, seconds : list of float
        One entry an epoch: mean loss (nats) of its batches; loss and accuracy (0 to 1)
        on the validation images after it; how long it took.
    batch_loss : list of float
        One entry a training step, in nats.
    best_epoch : int
        Index of the epoch that `params` are from; -1 before the first one is over.
    epochs, steps_per_epoch : int
        What was planned.
    stopped : str
        Why the run ended before its last epoch; empty if it did not.
    diverged : bool
        Whether it was because a loss was no longer finite.
    """

    params: dict
    epochs: int
    steps_per_epoch: int
    train_loss: list = field(default_factory=list)
    val_loss: list = field(default_factory=list)
    val_accuracy: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    batch_loss: list = field(default_factory=list)
    best_epoch: int = -1
    stopped: str = ""
    diverged: bool = False

    def _diverge(self):
        self.stopped, self.diverged = f"diverged in epoch {len(self.seconds) + 1}", True

    def __repr__(self):
        parts = [f"{len(self.seconds)} of {self.epochs} epochs"]
        if self.seconds:
            best = self.val_accuracy[self.best_epoch]
            parts.append(f"best {best:.1%} in epoch {self.best_epoch + 1}")
        if self.stopped:
            parts.append(self.stopped)
        return f"Run({', '.join(parts)})"


def fit(
    model,
    X,
    y,
    X_val,
    y_val,
    epochs=12,
    lr=3e-3,
    batch_size=64,
    seed=0,
    *,
    schedule=cosine,
    weight_decay=0.0,
    params=None,
    callback=None,
    progress=True,
    n_shards=2,
):
    """Train with Adam on mini-batches; keep the parameters that validate best.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    X, X_val : ndarray, shape (N, C, H, W)
        Training and validation images; computed with as float32. X may also be an
        `ImageStream`, with None for y: then each batch is freshly drawn.
    y, y_val : ndarray of int, shape (N,)
        Their labels.
    epochs : int
        Passes over the training images, at least 1.
    lr : float
        Largest learning rate, above 0.
    batch_size : int
        Images a step, at least 1. What is left over at the end of an epoch is filled up
        from the next shuffle, so all batches have this size.
    seed : int or numpy.random.Generator
        Decides the initial parameters and the order of the images.
    schedule : callable
        Factor of `lr` for the share of all steps taken, `cosine` or `constant`.
    weight_decay : float
        After each step, every weight of a convolution or linear layer shrinks by this
        share times the learning rate, as in AdamW; at least 0.
    params : dict, optional
        Parameters to start from; they are copied. By default the model draws its own.
    callback : callable, optional
        Called with the `Run` after every step; training stops when it returns True.
    progress : bool
        Show a progress bar with loss, validation accuracy and time left.
    n_shards : int
        Parts of each batch that are computed side by side, see `run_shards`. It changes
        the result by rounding, the number of cores does not change it.

    Returns
    -------
    Run
        With ``params``, ``train_loss``, ``val_accuracy`` (one entry an epoch) and more.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, lengths differ, a label is no class of the
        model, or a pixel is not finite.

    Notes
    -----
    Taught in notebook 3. A loss that is not finite ends the run, and so does an
    interrupt. Both are told in a warning and in ``stopped``; what was reached by then
    is returned.
    """
    check_counts(epochs=epochs, batch_size=batch_size, n_shards=n_shards)
    if not 0 < lr < math.inf:
        raise ValueError(f"lr must be a finite number above 0, got {lr!r}")
    if not 0 <= weight_decay < math.inf:
        expected = "weight_decay must be a finite number of at least 0"
        raise ValueError(f"{expected}, got {weight_decay!r}")
    rng = np.random.default_rng(seed)
    params = _copy(model.init(rng) if params is None else params)
    source = X if isinstance(X, ImageStream) else _Shuffled(model, params, X, y, rng)
    if source is X and y is not None:
        raise ValueError(f"y must be None with an ImageStream, got {type(y).__name__}")
    X_val, y_val = _check_examples(model, params, "X_val", X_val, "y_val", y_val)
    if source is not X and source.X.shape[1:] != X_val.shape[1:]:
        shapes = f"{source.X.shape[1:]} and {X_val.shape[1:]}"
        raise ValueError(f"X and X_val must hold images of one shape, got {shapes}")

    batch_size = min(batch_size, source.epoch_size)
    steps_per_epoch = math.ceil(source.epoch_size / batch_size)
    run = Run(_copy(params), epochs, steps_per_epoch)
    n_steps, state = epochs * steps_per_epoch, {}

    def take_step(sharded):
        factor = schedule(len(run.batch_loss) / n_steps)
        if not factor > 0:
            raise ValueError(f"schedule must return factors above 0, got {factor!r}")
        x_batch, y_batch = source.draw(batch_size)
        loss = train_step(sharded, params, x_batch, y_batch, state, lr * factor)
        for name in params if weight_decay else ():
            if name.endswith(".w"):
                params[name] *= 1 - weight_decay * lr * factor
        return loss

    def train(shard):
        sharded, asked = Sharded(model, shard), callback
        if shard.rank > 0:  # what is shown and asked is the first process's affair
            bar.disable, asked = True, None
        while len(run.seconds) < epochs and not run.stopped:
            began = time.perf_counter()
            _take_steps(run, lambda: take_step(sharded), asked, bar)
            if not run.stopped:
                _finish_epoch(run, sharded, params, X_val, y_val, began, bar)

    # only a bar that is not wanted is told so: else TQDM_DISABLE could not hide it
    hidden = {} if progress else {"disable": True}
    # the matrix products are small: sharing one among cores costs more than it saves
    with (
        threadpool_limits(1, "blas"),
        tqdm(total=n_steps, unit="batch", **hidden) as bar,
    ):
        try:
            run_shards(train, n_shards if batch_size >= IMAGES_TO_SHARE else 1)
        except KeyboardInterrupt:
            run.stopped = f"interrupted in epoch {len(run.seconds) + 1}"
    if run.stopped:
        warnings.warn(f"training {run.stopped} of {epochs}", stacklevel=2)
        if not run.seconds and not run.diverged:
            run.params = params
    return run


def _copy(params):
    return {name: value.copy() for name, value in params.items()}


def _take_steps(run, take_step, callback, bar):
    """Take the steps of one epoch, or as many as go well and are wanted."""
    for _ in range(run.steps_per_epoch):
        run.batch_loss.append(take_step())
        bar.update()
        if not math.isfinite(run.batch_loss[-1]):
            run._diverge()
            return
        if callback and callback(run):
            run.stopped = f"stopped in epoch {len(run.seconds) + 1}"
            return


def _finish_epoch(run, model, params, X_val, y_val, began, bar):
    """Validate, record the epoch, and keep the parameters if they are the best."""
    val_loss, val_accuracy = evaluate(model, params, X_val, y_val)
    if not math.isfinite(val_loss):
        run._diverge()
        return
    run.train_loss.append(float(np.mean(run.batch_loss[-run.steps_per_epoch :])))
    run.val_loss.append(val_loss)
    run.val_accuracy.append(val_accuracy)
    run.seconds.append(time.perf_counter() - began)
    if val_accuracy >= max(run.val_accuracy):
        run.best_epoch, run.params = len(run.seconds) - 1, _copy(params)
    bar.set_postfix(loss=f"{run.train_loss[-1]:.3f}", val=f"{val_accuracy:.1%}")


@dataclass
class Trace:
    """One learning rate of a `sweep`: its run, and the network after each epoch.

    Attributes
    ----------
    lr : float
    run : Run
    filters : list of ndarray, shape (F, C, kH, kW)
        The first convolution's weights after each epoch.
    confusion : list of ndarray of int, shape (K, K)
        Validation images of each true class (row) that were taken for each (column).
    """

    lr: float
    run: Run = None
    filters: list = field(default_factory=list)
    confusion: list = field(default_factory=list)

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


class _Watched(Layer):
    """A model that lets others see the parameters which it is called with."""

    def __init__(self, model):
        self.model, self.init, self.params = model, model.init, None

    def __call__(self, params, x, train=False):
        self.params = params
        return self.model(params, x, train)


def sweep(
    model,
    X,
    y,
    X_val,
    y_val,
    learning_rates,
    epochs=10,
    *,
    schedule=constant,
    progress=True,
    **settings,
):
    """Train from the same start with several learning rates; look in after each epoch.

    Parameters
    ----------
    model : Layer
        With at least one convolution.
    X, y, X_val, y_val
        As for `fit`.
    learning_rates : sequence of float
        All different.
    epochs : int
    schedule : callable
        With `constant`, a run of fewer epochs is the beginning of a longer one.
    progress : bool
        Show one progress bar for all runs.
    **settings
        What else `fit` takes: ``batch_size``, ``seed`` and so on.

    Returns
    -------
    list of Trace
        One a learning rate. That one diverged is told in its trace, not in a warning.

    Raises
    ------
    ValueError, TypeError
        If there is no learning rate or one stands twice, the model has no convolution,
        or `fit` refuses an argument.
    KeyboardInterrupt
        If a run was interrupted.

    Notes
    -----
    Taught in notebook 3.
    """
    learning_rates = [float(lr) for lr in learning_rates]
    if not learning_rates or len(set(learning_rates)) < len(learning_rates):
        expected = "learning_rates must hold at least one rate, each once"
        raise ValueError(f"{expected}, got {learning_rates}")
    traces = []
    hidden = {} if progress else {"disable": True}
    with tqdm(total=len(learning_rates) * epochs, unit="epoch", **hidden) as bar:
        for lr in learning_rates:
            trace, watched = Trace(lr), _Watched(model)

            def look_in(run, trace=trace, watched=watched):
                if len(run.batch_loss) % run.steps_per_epoch == 0:
                    _look_in(trace, watched, X_val, y_val)
                    bar.update()

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                trace.run = fit(
                    watched, X, y, X_val, y_val, epochs, lr,
                    schedule=schedule, callback=look_in, progress=False, **settings,
                )  # fmt: skip
            if trace.run.stopped and not trace.run.diverged:
                raise KeyboardInterrupt
            # an epoch that ended with a loss that is not finite does not count
            n_epochs = len(trace.run.train_loss)
            del trace.filters[n_epochs:], trace.confusion[n_epochs:]
            traces.append(trace)
    return traces


def _look_in(trace, watched, X_val, y_val):
    """Add the first filters and the confusion on the validation images to a trace."""
    images = [value for value in watched.params.values() if value.ndim == 4]
    if not images:
        raise ValueError(f"model must have a convolution, got {watched.model!r}")
    logits = predict_logits(watched.model, watched.params, X_val)
    counts = np.zeros((logits.shape[1],) * 2, int)
    np.add.at(counts, (y_val, logits.argmax(axis=1)), 1)
    trace.filters.append(images[0].copy())
    trace.confusion.append(counts)


def train_step(model, params, x, y, state, lr):
    """One training step on a batch, in place; returns the loss before it, in nats."""
    logits, backward = model(params, x, train=True)
    loss, dlogits = cross_entropy(logits, y)
    grads = {}
    backward(dlogits, grads)
    adam_update(params, grads, state, lr=lr)
    return loss


class _Shuffled:
    """Data to draw from as from an `ImageStream`: one shuffle after another."""

    def __init__(self, model, params, X, y, rng):
        self.X, self.y = _check_examples(model, params, "X", X, "y", y)
        self.epoch_size, self._rng = len(self.X), rng
        self._waiting = np.empty(0, int)

    def draw(self, n):
        """Return the next n images and labels, n at most `epoch_size`."""
        if len(self._waiting) < n:
            shuffle = self._rng.permutation(self.epoch_size)
            self._waiting = np.concatenate([self._waiting, shuffle])
        batch, self._waiting = np.split(self._waiting, [n])
        return self.X[batch], self.y[batch]


def _check_examples(model, params, X_name, X, y_name, y):
    """Return finite float32 images and labels that the model has an output for."""
    X = check_images(X_name, check_axes(X_name, X, "N C H W").astype(np.float32))
    logits, _ = model(params, X[:1])
    return X, check_labels(y, len(X), logits.shape[1], name=y_name)


def predict_logits(model, params, X):
    """Scores of each class before the softmax, shape (N, K); else as `predict`."""
    X = check_images("X", check_axes("X", X, "N C H W"))
    if X.dtype != np.float64:
        X = X.astype(np.float32, copy=False)
    starts = range(0, len(X), PREDICT_BLOCK)
    blocks = [X[start : start + PREDICT_BLOCK] for start in starts]
    return np.concatenate([model(params, block)[0] for block in blocks])


def predict(model, params, X):
    """Class probabilities of images, in evaluation mode.

    Parameters
    ----------
    model : Layer
    params : dict of str to ndarray
        For instance ``fit(...).params``.
    X : ndarray, shape (N, C, H, W)
        Worked on in blocks, so that memory stays small whatever N is.

    Returns
    -------
    probabilities : ndarray, shape (N, K)
        Rows that sum to 1.

    Raises
    ------
    ValueError
        If X has not four axes, is empty or holds NaN or infinity.

    Notes
    -----
    Taught in notebook 4.
    """
    return softmax(predict_logits(model, params, X))


def evaluate(model, params, X, y):
    """Mean cross-entropy (nats) and accuracy (0 to 1) on labelled images.

    Parameters
    ----------
    model, params, X
        As for `predict`.
    y : ndarray of int, shape (N,)

    Returns
    -------
    loss, accuracy : float

    Notes
    -----
    Taught in notebook 3.
    """
    logits = predict_logits(model, params, X)
    loss, _ = cross_entropy(logits, y)
    return loss, float((logits.argmax(axis=1) == y).mean())


def save_params(path, params):
    """Write parameters to a ``.npz`` file, NumPy's own format."""
    with open(path, "wb") as file:  # given a name, NumPy would append to it
        np.savez(file, **params)


def load_params(path):
    """Read parameters that `save_params` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)
