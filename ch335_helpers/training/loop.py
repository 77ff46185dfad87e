"""Training: a loop that goes one step at a time."""

import math
from time import perf_counter

import numpy as np

from ..checks import (
    any_function,
    any_seed,
    check_fits,
    check_images,
    check_labels,
    number,
    params_of,
    takes,
    whole,
)
from ..data.batches import ImageStream, Shuffled
from ..evaluation.evaluate import score
from ..evaluation.prediction import predict_logits
from ..model.layers import without_image_gradient
from ..model.network import MODEL
from ..model.ops import cross_entropy
from .optim import adam_update, cosine
from .run import Epoch, Run, copied


class Training:
    """A training that is taken one step at a time, by whoever iterates over it::

        training = Training(model, X, y, X_val, y_val, epochs=12, lr=0.01)
        for run in training:                    # one turn is one step
            print(run.batch_loss[-1])

    Between two steps anything can be looked at. Leave the loop, and a new one resumes.
    The turn that takes an epoch's last step validates as well.

    Parameters
    ----------
    model : Layer
        The network, for instance ``ResidualCNN()``.
    X : ndarray, shape (N, C, H, W), or ImageStream
        Training images; more about this and all that follows under `fit`.
    y : ndarray of int, shape (N,), or None
        Their labels; None with an `ImageStream`.
    X_val : ndarray, shape (N, C, H, W)
        Validation images.
    y_val : ndarray of int, shape (N,)
        Their labels.
    epochs : int
        Passes over the training images.
    lr : float
        Largest learning rate.
    batch_size : int
        Images a step.
    seed : int or numpy.random.Generator
        Decides the initial parameters and the order of the images.
    optimiser : callable
        How a step changes the parameters.
    schedule : callable
        Factor of `lr` for the share of all steps taken.
    augment : callable, optional
        Changes each batch of images before the step.
    weight_decay : float
        Share of each weight that is taken off, times the learning rate.
    params : dict, optional
        Parameters to start from.

    Attributes
    ----------
    params : dict of str to ndarray
        The current parameters; each step changes them in place.
    start : dict of str to ndarray
        The parameters before the first step.
    state : dict
        The optimiser's memory.
    data
        Where the next batch comes from: ``data.draw(n)``.
    run : Run
        What has come out so far.
    model : Layer
        What the steps are taken with.
    last_rate : float
        The learning rate of the last step.
    val_logits : ndarray, shape (N, K), or None
        Scores of the validation images after the last epoch; None in the first one.

    Notes
    -----
    Taught in notebook 3.

    Examples
    --------
    Two steps of a training that has 35:

    >>> from ch335_helpers import SimpleCNN, make_synthetic_images
    >>> X, y = make_synthetic_images(n_per_class=25, img_size=16, n_classes=4)
    >>> training = Training(SimpleCNN(), X, y, X, y, epochs=5, batch_size=16)
    >>> for run in training:
    ...     if len(run.batch_loss) == 2:
    ...         break
    >>> run.n_steps, run.finished
    (35, False)
    """

    @takes(
        model=MODEL, epochs=whole(), batch_size=whole(), lr=number(above=0),
        weight_decay=number(low=0), seed=any_seed, optimiser=any_function,
        schedule=any_function, augment=any_function,
        params=params_of("model", finite=True),
    )  # fmt: skip
    def __init__(
        self, model, X, y, X_val, y_val, epochs=12, lr=3e-3, batch_size=64, seed=0, *,
        optimiser=adam_update, schedule=cosine, augment=None, weight_decay=0.0,
        params=None,
    ):  # fmt: skip
        self.model = without_image_gradient(model)
        self.lr, self.weight_decay = lr, weight_decay
        self.optimiser, self.schedule, self.augment = optimiser, schedule, augment
        # drawn from the seed in this order: a generator for the augmentation, so that
        # all else stays the same with one; the parameters; every shuffle
        rng = np.random.default_rng(seed)
        self.seed = rng.bit_generator.state
        self.augment_rng = rng.spawn(1)[0] if augment is not None else rng
        self.start = model.init(rng) if params is None else params
        self.params = copied(self.start)
        self.data = self._source(X, y, rng)
        self.X_val, self.y_val = self._examples("X_val", X_val, "y_val", y_val)
        own, other = self.data.image_shape, self.X_val.shape[1:]
        if own != other:
            text = "X and X_val must hold images of one shape"
            raise ValueError(f"{text}, got {own} and {other}")
        weights = [n for n, p in model.parameters().items() if p.role == "weight"]
        self.decayed = weights if weight_decay else []
        self.batch_size = min(batch_size, self.data.epoch_size)
        steps_per_epoch = math.ceil(self.data.epoch_size / self.batch_size)
        self.state, self.run = {}, Run(self.params, epochs, steps_per_epoch)
        self.last_rate, self.val_logits = self.lr, None

    def _source(self, X, y, rng):
        """Where batches come from: shuffled examples, or a stream as it is."""
        if not isinstance(X, ImageStream):
            return Shuffled(*self._examples("X", X, "y", y), rng)
        if y is not None:
            got = type(y).__name__
            raise ValueError(f"y must be None with an ImageStream, got {got}")
        return X

    def _examples(self, X_name, X, y_name, y):
        """Finite float32 images, and labels that the model has an output for."""
        X = check_images(X_name, X).astype(np.float32)
        with check_fits(X_name, X):
            logits, _ = self.model(self.params, X[:1])
        return X, check_labels(y_name, y, len(X), logits.shape[1])

    def __iter__(self):
        run, began = self.run, perf_counter()
        while not run.finished:
            epoch_end = (len(run.history) + 1) * run.steps_per_epoch
            if len(run.batch_loss) < epoch_end:  # else a validation was interrupted
                run.batch_loss.append(self._step())
            if not math.isfinite(run.batch_loss[-1]):
                self._diverge()
            elif len(run.batch_loss) == epoch_end:
                self._validate(began)
                began = perf_counter()
            yield run

    def snapshot(self):
        """All that the next step depends on, and what has come out so far.

        Returns
        -------
        snapshot : dict
            Of arrays, numbers and text. Not a copy: the next step changes it.
        """
        return {
            "params": self.params,
            "state": self.state,
            "data": self.data.state,
            "augment": self.augment_rng.bit_generator.state,
            "run": vars(self.run),
        }

    def restore(self, snapshot):
        """Take a new training to where a `snapshot` of the same training was taken."""
        self.params, self.state = snapshot["params"], snapshot["state"]
        self.augment_rng.bit_generator.state = snapshot["augment"]
        self.data.state = snapshot["data"]
        self.run = Run(**snapshot["run"])

    @np.errstate(all="ignore")  # a loss that overflows is found by its value
    def _step(self):
        """Take one training step; return its loss."""
        factor = self.schedule(len(self.run.batch_loss) / self.run.n_steps)
        if not factor > 0:
            raise ValueError(f"schedule must return factors above 0, got {factor!r}")
        self.last_rate = self.lr * factor
        x, y = self.data.draw(self.batch_size)
        if self.augment is not None:
            x = self.augment(x, self.augment_rng)
        loss = train_step(
            self.model, self.params, x, y, self.state, self.last_rate, self.optimiser
        )
        for name in self.decayed:
            self.params[name] *= 1 - self.weight_decay * self.last_rate
        return loss

    def _diverge(self):
        """End the run, with parameters that are finite."""
        self.run.stop("diverged")
        if not self.run.history:
            self.run.params = copied(self.start)

    @np.errstate(all="ignore")
    def _validate(self, began):
        """Record an epoch, and keep the parameters if they are the best so far."""
        self.val_logits = predict_logits(self.model, self.params, self.X_val)
        val_loss, accuracy = score(self.val_logits, self.y_val)
        if not math.isfinite(val_loss):
            self._diverge()
            return
        train_loss = float(np.mean(self.run.batch_loss[-self.run.steps_per_epoch :]))
        epoch = Epoch(train_loss, val_loss, accuracy, perf_counter() - began)
        self.run.record(epoch, self.params)


@takes(model=MODEL, optimiser=any_function)
def train_step(model, params, x, y, state, lr, optimiser=adam_update):
    """One training step on a batch, in place; returns the loss before it, in nats.

    Parameters
    ----------
    model : Layer
        The network.
    params : dict of str to ndarray
        Its parameters; they are changed in place.
    x : ndarray, shape (N, C, H, W)
        The batch's images.
    y : ndarray of int, shape (N,)
        Their labels.
    state : dict
        The optimiser's memory. Start with ``{}`` and pass the same one each time.
    lr : float
        Learning rate, above 0.
    optimiser : callable
        Changes the parameters in place, by the gradients: `adam_update`, `sgd_update`,
        `momentum_update`, `rmsprop_update`, or what is called like them.

    Returns
    -------
    loss : float
        Mean cross-entropy of the batch.

    Raises
    ------
    ValueError, TypeError
        If x, y, the parameters or the state do not fit the model, or lr is out of
        range. The parameters have not changed then, running averages excepted.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> model, state = SimpleCNN(), {}
    >>> params = model.init(np.random.default_rng(0))
    >>> x, y = np.ones((1, 1, 16, 16), np.float32), np.array([2])
    >>> losses = [train_step(model, params, x, y, state, lr=0.01) for _ in range(5)]
    >>> losses[-1] < losses[0]
    True
    """
    logits, backward = model(params, x, train=True)
    loss, dlogits = cross_entropy(logits, y)
    grads = {}
    backward(dlogits, grads)
    optimiser(params, grads, state, lr=lr)
    return loss
