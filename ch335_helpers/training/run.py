"""The result of a training."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Epoch(NamedTuple):
    """What came out of one epoch of a training.

    Parameters
    ----------
    train_loss : float
        Mean loss of its batches, in nats.
    val_loss : float
        Loss on the validation images after it, in nats.
    val_accuracy : float
        Accuracy on the validation images after it, from 0 to 1.
    seconds : float
        How long it took.
    """

    train_loss: float
    val_loss: float
    val_accuracy: float
    seconds: float


def copied(params):
    """A copy of parameters that no further step changes."""
    return {name: value.copy() for name, value in params.items()}


def _of_each_epoch(name):
    """A property of a `Run`: one entry of every epoch, as a list."""
    return property(lambda run: [getattr(epoch, name) for epoch in run.history])


@dataclass
class Run:
    """A training run: its result and, while it goes on, how far it has come.

    Attributes
    ----------
    params : dict of str to ndarray
        The parameters after the epoch with the best validation accuracy, the later one
        in a tie. Before the first epoch is over, the current ones; if the run diverged
        there, those it started from.
    epochs : int
        Epochs that were planned.
    steps_per_epoch : int
        Training steps in each of them.
    history : list of Epoch
        One entry an epoch. What is in them can be read as lists, too: ``train_loss``,
        ``val_loss``, ``val_accuracy`` and ``seconds``.
    batch_loss : list of float
        One entry a training step, in nats.
    stopped : str
        Why the run ended before its last epoch, such as ``"stopped in epoch 3"``; empty
        if it did not.

    Examples
    --------
    >>> run = Run({}, epochs=12, steps_per_epoch=88)
    >>> run.n_steps, run.finished, run
    (1056, False, Run(0 of 12 epochs))
    >>> run.record(Epoch(2.1, 1.9, 0.25, 1.0), params={})
    >>> run.val_accuracy, run
    ([0.25], Run(1 of 12 epochs, best 25.0% in epoch 1))
    """

    params: dict
    epochs: int
    steps_per_epoch: int
    history: list = field(default_factory=list)
    batch_loss: list = field(default_factory=list)
    stopped: str = ""

    train_loss = _of_each_epoch("train_loss")
    val_loss = _of_each_epoch("val_loss")
    val_accuracy = _of_each_epoch("val_accuracy")
    seconds = _of_each_epoch("seconds")

    def __post_init__(self):
        self.history = [Epoch(*epoch) for epoch in self.history]

    @property
    def best_epoch(self):
        """Index of the epoch that `params` are from; -1 before the first is over."""
        accuracies = self.val_accuracy
        best = max(accuracies, default=None)
        return max((i for i, a in enumerate(accuracies) if a == best), default=-1)

    @property
    def n_steps(self):
        """Training steps that were planned."""
        return self.epochs * self.steps_per_epoch

    @property
    def finished(self):
        """Whether no further step will be taken."""
        return bool(self.stopped) or len(self.history) == self.epochs

    @property
    def diverged(self):
        """Whether the run ended because a loss was no longer finite."""
        return self.stopped.startswith("diverged")

    def record(self, epoch, params):
        """Add an `Epoch`; keep a copy of its parameters if none before was better."""
        best = self.params
        if epoch.val_accuracy >= max(self.val_accuracy, default=0):
            best = copied(params)
        # in one line, so that an interrupt comes before both or after them
        self.history, self.params = [*self.history, epoch], best

    def stop(self, why):
        """End the run, for instance because it ``"diverged"``."""
        n = len(self.history)
        between = n > 0 and len(self.batch_loss) == n * self.steps_per_epoch
        where = f"after epoch {n}" if between else f"in epoch {n + 1}"
        self.stopped = f"{why} {where}"

    def __repr__(self):
        parts = [f"{len(self.history)} of {self.epochs} epochs"]
        if self.history:
            best = self.val_accuracy[self.best_epoch]
            parts.append(f"best {best:.1%} in epoch {self.best_epoch + 1}")
        if self.stopped:
            parts.append(self.stopped)
        return f"Run({', '.join(parts)})"
