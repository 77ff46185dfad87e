"""The result of a training."""

from dataclasses import dataclass, field

# the lists of a `Run`: one entry an epoch, and in the last one an entry a step
HISTORY = "train_loss", "val_loss", "val_accuracy", "seconds", "batch_loss"


@dataclass
class Run:
    """A training run: its result and, while it goes on, how far it has come.

    Attributes
    ----------
    params : dict of str to ndarray
        The parameters after the epoch with the best validation accuracy, the later one
        in a tie. Before the first epoch is over, the current ones; if the run diverged
        there, those it started from.
    train_loss : list of float
        One entry an epoch: mean loss of its batches, in nats.
    val_loss : list of float
        One entry an epoch: loss on the validation images after it, in nats.
    val_accuracy : list of float
        One entry an epoch: accuracy on the validation images after it, from 0 to 1.
    seconds : list of float
        One entry an epoch: how long it took.
    batch_loss : list of float
        One entry a training step, in nats.
    best_epoch : int
        Index of the epoch that `params` are from; -1 before the first one is over.
    epochs : int
        Epochs that were planned.
    steps_per_epoch : int
        Training steps in each of them.
    stopped : str
        Why the run ended before its last epoch; empty if it did not.
    diverged : bool
        Whether it was because a loss was no longer finite.

    Examples
    --------
    >>> run = Run({}, epochs=12, steps_per_epoch=88)
    >>> run.n_steps, run.finished, run
    (1056, False, Run(0 of 12 epochs))
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

    @property
    def n_steps(self):
        """Training steps that were planned."""
        return self.epochs * self.steps_per_epoch

    @property
    def finished(self):
        """Whether no further step will be taken."""
        return bool(self.stopped) or len(self.seconds) == self.epochs

    def record(self, train_loss, val_loss, val_accuracy, seconds, params):
        """Add an epoch. A copy of its parameters is kept if none before was better."""
        lists = self.train_loss, self.val_loss, self.val_accuracy, self.seconds
        entries = train_loss, val_loss, val_accuracy, seconds
        n, before = len(self.seconds), (self.best_epoch, self.params)
        best = before
        if val_accuracy >= max(self.val_accuracy, default=0):
            best = n, {name: value.copy() for name, value in params.items()}
        try:
            self.best_epoch, self.params = best
            for values, entry in zip(lists, entries, strict=True):
                values.append(entry)
        except BaseException:  # an interrupt: the epoch is in all lists or in none
            for values in lists:
                del values[n:]
            self.best_epoch, self.params = before
            raise

    def stop(self, why):
        """End the run, for instance because it ``"diverged"``."""
        self.stopped = f"{why} in epoch {len(self.seconds) + 1}"
        self.diverged = why == "diverged"

    def __repr__(self):
        parts = [f"{len(self.seconds)} of {self.epochs} epochs"]
        if self.seconds:
            best = self.val_accuracy[self.best_epoch]
            parts.append(f"best {best:.1%} in epoch {self.best_epoch + 1}")
        if self.stopped:
            parts.append(self.stopped)
        return f"Run({', '.join(parts)})"
