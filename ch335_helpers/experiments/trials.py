"""What comes out of many trainings: one tidy table."""

from dataclasses import dataclass

import numpy as np

from ..display import Table
from ..training.run import Run


@dataclass(frozen=True)
class Trial:
    """One training of a `sweep`: a row of its table.

    Attributes
    ----------
    name : str
        The configuration's name.
    seed : int
        What decided the initial parameters and the order of the images.
    run : Run or None
        How the training went; None if there is nothing of it.
    error : str
        Why there is nothing; empty if there is a run.

    Examples
    --------
    >>> run = Run({}, epochs=1, steps_per_epoch=5)
    >>> run.val_accuracy.append(0.75)
    >>> Trial("narrow", 0, run).accuracy
    0.75
    """

    name: str
    seed: int
    run: Run | None
    error: str = ""

    @property
    def accuracy(self):
        """Validation accuracy after the last epoch, not the best one; or NaN.

        It is NaN if the training diverged, whose last epoch has none, or was lost.
        """
        went_through = self.run is not None and not self.run.stopped
        return self.run.val_accuracy[-1] if went_through else float("nan")

    def cells(self):
        """Its row of the table, as text."""
        if self.run is None:
            return (self.name, self.seed, "", "", "", self.error)
        run = self.run
        return (
            self.name,
            self.seed,
            f"{len(run.seconds)} of {run.epochs}",
            f"{run.val_accuracy[-1]:.1%}" if run.val_accuracy else "",
            f"{run.val_loss[-1]:.3f}" if run.val_loss else "",
            run.stopped,
        )


class Trials(list):
    """The tidy table of a `sweep`: one `Trial` a row. It shows itself as a table.

    Parameters
    ----------
    trials : iterable of Trial
        The rows.

    Examples
    --------
    See `sweep`.

    >>> run = Run({}, epochs=1, steps_per_epoch=5, val_accuracy=[0.75], val_loss=[0.5])
    >>> Trials([Trial("narrow", 0, run)])
    | configuration | seed | epochs | accuracy | loss |  |
    | :-- | --: | --: | --: | --: | :-- |
    | narrow | 0 | 0 of 1 | 75.0% | 0.500 |  |
    """

    def __init__(self, trials):
        super().__init__(trials)

    def accuracy(self):
        """Accuracies of each configuration, in the order of the seeds.

        Returns
        -------
        accuracy : dict of str to ndarray, shape (number of seeds,)
        """
        names = dict.fromkeys(trial.name for trial in self)
        return {
            name: np.array([trial.accuracy for trial in self if trial.name == name])
            for name in names
        }

    def _repr_markdown_(self):
        header = ("configuration", "seed>", "epochs>", "accuracy>", "loss>", "")
        return Table(header, [trial.cells() for trial in self])._repr_markdown_()

    __repr__ = _repr_markdown_
