"""What comes out of many trainings: one tidy table."""

import re
from dataclasses import dataclass

import numpy as np

from ..display import Table
from ..training.files import check_path
from ..training.run import Run
from ..training.settings import described, digits, load_for, save_for


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
    >>> run = Run({}, epochs=1, steps_per_epoch=5, history=[(1.0, 0.5, 0.75, 2.0)])
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
        run, accuracy, loss = self.run, "", ""
        if run is None:
            return self.name, self.seed, "", "", "", self.error
        if run.history:
            accuracy, loss = f"{run.val_accuracy[-1]:.1%}", f"{run.val_loss[-1]:.3f}"
        epochs = f"{len(run.history)} of {run.epochs}"
        return self.name, self.seed, epochs, accuracy, loss, run.stopped


class Trials(list):
    """The tidy table of a `sweep`: one `Trial` a row. It shows itself as a table.

    Parameters
    ----------
    trials : iterable of Trial
        The rows.

    Examples
    --------
    See `sweep`.

    >>> run = Run({}, epochs=1, steps_per_epoch=5, history=[(1.0, 0.5, 0.75, 2.0)])
    >>> Trials([Trial("narrow", 0, run)])
    | configuration | seed | epochs | accuracy | loss |  |
    | :-- | --: | --: | --: | --: | :-- |
    | narrow | 0 | 1 of 1 | 75.0% | 0.500 |  |
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


class TrialFiles:
    """A file for each finished training of a `sweep`: another one for other settings.

    Parameters
    ----------
    folder : path-like
        It is made if it is not there.
    shared : dict
        What all configurations have in common, as a `sweep` gets it.
    configurations : dict of str to dict
        What each of them adds.

    Raises
    ------
    ValueError, TypeError
        If a setting cannot be recognised in a file, see `described`.
    """

    def __init__(self, folder, shared, configurations):
        self.folder = check_path("folder", folder)
        shared = described(shared)
        self.asked = {k: shared | described(own) for k, own in configurations.items()}
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, name, seed):
        """The file of one training; its name can be read, and stays in the folder."""
        readable = re.sub(r"[^A-Za-z0-9.]+", "-", str(name)).strip("-.")[:40]
        asked = digits(self._asked(name, seed))
        return self.folder / f"{readable or 'trial'}-seed{seed}-{asked}.npz"

    def _asked(self, name, seed):
        return {"configuration": described(name), "seed": seed, **self.asked[name]}

    def save(self, trial):
        """Write a finished trial, at once and whole."""
        key = trial.name, trial.seed
        save_for(self.path(*key), self._asked(*key), vars(trial.run))

    def load(self, name, seed):
        """The trial if its file is there, else None; ValueError if it is damaged."""
        path = self.path(name, seed)
        try:
            run = Run(**load_for(path, self._asked(name, seed), str(path)))
        except FileNotFoundError:
            return None
        return Trial(name, seed, run)
