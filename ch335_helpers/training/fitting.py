"""`fit`: a training from its first step to its last, in one call."""

import warnings
from functools import partial

from tqdm import tqdm

from ..checks import any_function, check_flag, takes
from ..machine.host import IN_BROWSER
from .loop import Training
from .resume import resumable
from .shards import side_by_side

if IN_BROWSER:  # there no thread can be started to watch over a bar
    tqdm.monitor_interval = 0


def progress_bar(total, unit, wanted):
    """A bar of tqdm, hidden if it is not wanted."""
    hidden = {} if check_flag("progress", wanted) else {"disable": True}
    # nothing is said of a bar that is wanted: else TQDM_DISABLE could not hide it
    return tqdm(total=total, unit=unit, **hidden)


def _show(bar, run):
    """Move a bar on to a run's last step, with the last loss and accuracy beside it."""
    bar.update(len(run.batch_loss) - bar.n)
    if run.history:
        loss, _, accuracy, _ = run.history[-1]
        bar.set_postfix(loss=f"{loss:.3f}", val=f"{accuracy:.1%}", refresh=False)


def take_steps(training, turns, n_shards, look, callback=None):
    """Take the steps of a training, until a callback or an interrupt stops its run.

    Parameters
    ----------
    training : Training
    turns : iterable of Run
        The training itself, or what goes through its steps.
    n_shards : int
        As for `side_by_side`.
    look : callable
        Called with the `Run` after every step.
    callback : callable, optional
        Called after it, unless the run has diverged; stops it by returning True.
    """
    try:
        with side_by_side(training, n_shards):
            for run in turns:
                look(run)
                ends = callback is not None and not run.stopped and callback(run)
                if ends and not run.finished:
                    run.stop("stopped")
    except KeyboardInterrupt:
        look(training.run)  # an epoch may have ended in the last step
        if not training.run.finished:
            training.run.stop("interrupted")
        return True
    return False


@takes(callback=any_function)
def fit(
    model, X, y, X_val, y_val, epochs=12, lr=3e-3, batch_size=64, seed=0, *,
    callback=None, progress=True, n_shards=2, checkpoint=None, folder=None, **settings,
):  # fmt: skip
    """Train on mini-batches; keep the parameters that validate best.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    X : ndarray, shape (N, C, H, W), or ImageStream
        Training images; computed with as float32. From an `ImageStream`, each batch is
        freshly drawn.
    y : ndarray of int, shape (N,), or None
        Their labels; None with an `ImageStream`.
    X_val : ndarray, shape (N, C, H, W)
        Validation images; computed with as float32.
    y_val : ndarray of int, shape (N,)
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
    callback : callable, optional
        Called with the `Run` after every step; training stops when it returns True.
    progress : bool
        Show a progress bar with loss, validation accuracy and time left.
    n_shards : int
        Parts of each batch that are computed side by side, see `side_by_side`. It
        changes the result by rounding, the number of cores does not change it.
    checkpoint : path-like, optional
        A file that is written after each epoch. If it is there already, training goes
        on from it, and the result is, bit for bit, that of a run which was never
        interrupted; after the last epoch it is that run.
    folder : path-like, optional
        Instead of `checkpoint`: a folder in which each call has a file of its own. So
        the same call, in any notebook, gets the same run without training it again, and
        a call with other settings trains.
    optimiser : callable
        How a step changes the parameters, see `train_step`; `adam_update` by default.
    schedule : callable
        Factor of `lr` for the share of all steps taken, `cosine` (the default) or
        `constant`.
    augment : callable, optional
        ``augment(x, rng)`` returns each batch of images as it is trained with, for
        instance `shift_images`.
    weight_decay : float
        After each step, every weight of a convolution or linear layer shrinks by this
        share times the learning rate, as in AdamW; at least 0, which is the default.
    params : dict, optional
        Parameters to start from; they are copied. By default the model draws its own.

    Returns
    -------
    Run
        With ``params``, ``train_loss``, ``val_accuracy`` (one entry an epoch) and more.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, lengths differ, a label is no class of the
        model, a pixel is not finite, the checkpoint is that of a call with other
        settings, or both checkpoint and folder are given.

    Notes
    -----
    Taught in notebook 3. A loss that is not finite ends the run, and so does an
    interrupt. A warning and ``stopped`` say so; what was reached by then is returned. A
    checkpoint is compared with the call by the values of numbers and arrays, by the
    classes and attributes of objects, and by the modules, names and defaults of
    functions and the arguments of a `functools.partial`: give a function that you
    change another name.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN, make_synthetic_images
    >>> X, y = make_synthetic_images(n_per_class=25, img_size=16, n_classes=4)
    >>> parts = X[:80], y[:80], X[80:], y[80:]
    >>> run = fit(SimpleCNN(), *parts, epochs=2, progress=False, n_shards=1)
    >>> len(run.train_loss), len(run.val_accuracy)
    (2, 2)
    """
    if checkpoint is not None and folder is not None:
        raise ValueError(f"folder must be None beside a checkpoint, got {folder!r}")
    training = Training(
        model, X, y, X_val, y_val, epochs, lr, batch_size, seed, **settings
    )
    turns = training
    if checkpoint is not None or folder is not None:
        turns = resumable(training, checkpoint, folder, n_shards=n_shards)
    run = training.run
    with progress_bar(run.n_steps, "batch", progress) as bar:
        bar.update(len(run.batch_loss))
        take_steps(training, turns, n_shards, partial(_show, bar), callback)
    if run.stopped:
        text = f"training {run.stopped} of {epochs}{_advice(training)}"
        warnings.warn(text, stacklevel=3)
    return run


def _advice(training):
    """Where a run diverged, and what may help; empty if it did not."""
    run = training.run
    if not run.diverged:
        return ""
    step = len(run.batch_loss) - len(run.history) * run.steps_per_epoch
    where = f", at step {step} of {run.steps_per_epoch}"
    kept = f"epoch {run.best_epoch + 1}" if run.history else "the start"
    return (
        f"{where}, with a learning rate of {training.last_rate:.3g}: the loss is no "
        f"longer finite. The parameters of {kept} are kept. Try a smaller lr, such as "
        f"{training.lr / 10:.3g}"
    )
