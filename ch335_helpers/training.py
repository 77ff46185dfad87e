"""Training a model, and using the trained one."""

import math
import time
import warnings
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from .data import check_images
from .models import check_counts
from .ops import check_axes, check_labels, cross_entropy, softmax
from .optim import adam_update, cosine

PREDICT_BLOCK = 256  # images per forward pass when nothing has to be kept for a backward pass


@dataclass
class Run:
    """One training run: its result, and while it goes on, how far it has come.

    Attributes
    ----------
    params : dict of str to ndarray
        The parameters after the epoch with the best validation accuracy, the later one in a tie.
    train_loss, val_loss, val_accuracy, seconds : list of float
        One entry an epoch: mean loss of the epoch's batches; loss (nats) and accuracy (0 to 1) on the validation
        images after it; its duration.
    batch_loss : list of float
        One entry a training step.
    best_epoch : int
        Index of the epoch that `params` are from.
    epochs, steps_per_epoch : int
        What was planned.
    stopped : str
        Empty if all planned epochs were run, otherwise why not.
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

    def __repr__(self):
        best = f"best {self.val_accuracy[self.best_epoch]:.1%} in epoch {self.best_epoch + 1}" if self.seconds else ""
        parts = [f"{len(self.seconds)} of {self.epochs} epochs", best, self.stopped]
        return f"Run({', '.join(part for part in parts if part)})"


def fit(
    model, X, y, X_val, y_val, epochs=12, lr=3e-3, batch_size=64, seed=0, *,
    schedule=cosine, params=None, callback=None, progress=True,
):  # fmt: skip
    """Train a model with Adam on mini-batches and keep the parameters that do best on the validation images.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    X, X_val : ndarray, shape (N, C, H, W)
        Training and validation images; computed with as float32.
    y, y_val : ndarray of int, shape (N,)
        Their labels.
    epochs : int
        Passes over the training images, at least 1.
    lr : float
        Largest learning rate, above 0.
    batch_size : int
        Images a step. The last batch of an epoch is filled up from the next shuffle, so all have this size.
    seed : int
        Decides the initial parameters and the order of the images.
    schedule : callable
        Factor of `lr` for the share of all steps taken so far, `cosine` or `constant`.
    params : dict, optional
        Parameters to start from; they are copied. By default the model draws its own.
    callback : callable, optional
        Called with the `Run` after every step; training stops early when it returns True.
    progress : bool
        Show a progress bar with loss, validation accuracy and time left.

    Returns
    -------
    Run
        With ``params``, ``train_loss``, ``val_accuracy`` (one entry an epoch) and more.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, lengths differ, labels are no classes of the model, or a pixel is not finite.

    Notes
    -----
    Taught in notebook 3. A loss that is not finite ends the run, as does an interrupt; both are recorded in
    ``stopped``, and what was reached by then is returned.
    """
    check_counts(epochs=epochs, batch_size=batch_size)
    if not 0 < lr < math.inf:
        raise ValueError(f"lr must be a finite number above 0, got {lr!r}")
    rng = np.random.default_rng(seed)
    start = model.init(rng) if params is None else params
    params = {name: value.copy() for name, value in start.items()}
    X, y = _check_examples(model, params, "X", X, "y", y)
    X_val, y_val = _check_examples(model, params, "X_val", X_val, "y_val", y_val)
    if X.shape[1:] != X_val.shape[1:]:
        raise ValueError(f"X and X_val must hold images of one shape, got {X.shape[1:]} and {X_val.shape[1:]}")
    batch_size = min(batch_size, len(X))
    run = Run({name: value.copy() for name, value in params.items()}, epochs, math.ceil(len(X) / batch_size))
    batches = _batches(len(X), batch_size, rng)
    hidden = {} if progress else {"disable": True}  # given only if wanted: TQDM_DISABLE must be able to hide it too
    with tqdm(total=epochs * run.steps_per_epoch, unit="batch", **hidden) as bar:
        try:
            _run_epochs(run, model, params, X, y, X_val, y_val, batches, lr, schedule, callback, bar)
        except KeyboardInterrupt:
            run.stopped = f"interrupted in epoch {len(run.seconds) + 1}"
    if run.stopped:
        warnings.warn(f"training {run.stopped} of {epochs}", stacklevel=2)
    return run


def _run_epochs(run, model, params, X, y, X_val, y_val, batches, lr, schedule, callback, bar):
    """Fill `run` epoch by epoch, changing `params`."""
    state, total = {}, run.epochs * run.steps_per_epoch
    for epoch in range(run.epochs):
        began = time.perf_counter()
        for _ in range(run.steps_per_epoch):
            batch = next(batches)
            factor = schedule(len(run.batch_loss) / total)
            loss = train_step(model, params, X[batch], y[batch], state, lr * factor) if factor > 0 else math.nan
            run.batch_loss.append(loss)
            bar.update()
            if not math.isfinite(loss):
                run.stopped = f"diverged in epoch {epoch + 1}"
                return
            if callback and callback(run):
                run.stopped = f"stopped in epoch {epoch + 1}"
                return
        val_loss, val_accuracy = evaluate(model, params, X_val, y_val)
        run.train_loss.append(float(np.mean(run.batch_loss[-run.steps_per_epoch :])))
        run.val_loss.append(val_loss)
        run.val_accuracy.append(val_accuracy)
        run.seconds.append(time.perf_counter() - began)
        if val_accuracy >= max(run.val_accuracy):
            run.best_epoch = epoch
            run.params = {name: value.copy() for name, value in params.items()}
        bar.set_postfix(loss=f"{run.train_loss[-1]:.3f}", val=f"{val_accuracy:.1%}")


def train_step(model, params, x, y, state, lr):
    """One step of training on one batch: forward, loss, backward, Adam. Returns the loss before the step."""
    logits, backward = model(params, x, train=True)
    loss, dlogits = cross_entropy(logits, y)
    grads = {}
    backward(dlogits, grads)
    adam_update(params, grads, state, lr=lr)
    return loss


def _batches(n, batch_size, rng):
    """Yield index arrays of `batch_size` for ever: one shuffle of 0 to n - 1 after another, end to end."""
    waiting = np.empty(0, int)
    while True:
        if len(waiting) < batch_size:
            waiting = np.concatenate([waiting, rng.permutation(n)])
        yield waiting[:batch_size]
        waiting = waiting[batch_size:]


def _check_examples(model, params, X_name, X, y_name, y):
    """Return images as finite float32 and labels as integers that the model has an output for, or raise."""
    X = check_images(X_name, check_axes(X_name, X, "N C H W").astype(np.float32))
    logits, _ = model(params, X[:1])
    try:
        return X, check_labels(y, len(X), logits.shape[1])
    except (ValueError, TypeError) as error:
        raise type(error)(str(error).replace("y must", f"{y_name} must", 1)) from None


def predict_logits(model, params, X):
    """Scores of each class, shape (N, K), in evaluation mode and in blocks; arguments as for `predict`."""
    X = check_images("X", check_axes("X", X, "N C H W"))
    if X.dtype != np.float64:
        X = X.astype(np.float32, copy=False)
    blocks = range(0, len(X), PREDICT_BLOCK)
    return np.concatenate([model(params, X[start : start + PREDICT_BLOCK])[0] for start in blocks])


def predict(model, params, X):
    """Class probabilities of images, in evaluation mode and in blocks, so that memory stays small.

    Parameters
    ----------
    model : Layer
    params : dict of str to ndarray
        For instance ``fit(...).params``.
    X : ndarray, shape (N, C, H, W)

    Returns
    -------
    probabilities : ndarray, shape (N, K)

    Raises
    ------
    ValueError
        If X has not four axes, is empty or holds NaN or infinity.

    Notes
    -----
    Taught in notebook 3.
    """
    return softmax(predict_logits(model, params, X))


def evaluate(model, params, X, y):
    """Mean cross-entropy (nats) and accuracy (0 to 1) on labelled images, in evaluation mode.

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
    np.savez(path, **params)


def load_params(path):
    """Read parameters that `save_params` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)
