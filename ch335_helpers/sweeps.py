"""Many trainings: configurations times seeds, side by side, in one tidy table."""

import warnings
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from threadpoolctl import threadpool_limits

from .batches import ImageStream
from .checks import check_whole
from .display import Table
from .fitting import progress_bar
from .host import IN_BROWSER
from .run import Run
from .shards import side_by_side
from .training import Training


@dataclass(frozen=True)
class Trial:
    """One training of a `sweep`: a row of its table.

    Attributes
    ----------
    name : str
        The configuration's name.
    seed : int
        What decided the initial parameters and the order of the images.
    run : Run
        How the training went.

    Examples
    --------
    >>> run = Run({}, epochs=1, steps_per_epoch=5)
    >>> run.val_accuracy.append(0.75)
    >>> Trial("narrow", 0, run).accuracy
    0.75
    """

    name: str
    seed: int
    run: Run

    @property
    def accuracy(self):
        """Validation accuracy after the last epoch, not the best one; or NaN.

        It is NaN if the training diverged: its last epoch has none then.
        """
        return self.run.val_accuracy[-1] if not self.run.stopped else float("nan")


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
        rows = [
            (
                trial.name,
                trial.seed,
                f"{len(trial.run.seconds)} of {trial.run.epochs}",
                f"{trial.run.val_accuracy[-1]:.1%}" if trial.run.val_accuracy else "",
                f"{trial.run.val_loss[-1]:.3f}" if trial.run.val_loss else "",
                trial.run.stopped,
            )
            for trial in self
        ]
        return Table(header, rows)._repr_markdown_()

    __repr__ = _repr_markdown_


def sweep(configurations, executor=None, *, seeds=(0,), progress=True, **settings):
    """Train every configuration with every seed.

    Parameters
    ----------
    configurations : dict of str to dict
        For each name what is special about it: ``model``, ``data`` and whatever else
        `fit` takes as a keyword, such as ``lr``. ``data`` are X, y, X_val and y_val as
        for `fit`; or a function that returns these four for a seed, for instance
        `draw_data`.
    executor : concurrent.futures.Executor, optional
        Where the trainings are computed, see `all_cores`. By default here, in turn.
    seeds : sequence of int
        At least one, each once. One seed means the same initial parameters and order of
        the images for all configurations of one model, so that they can be compared in
        pairs.
    progress : bool
        Show a progress bar.
    **settings
        What all configurations share. What a configuration says itself goes first.

    Returns
    -------
    trials : Trials
        In the order of the configurations, for each of them in that of the seeds.
        They do not depend on the executor. That a training diverged is told in its row,
        not in a warning.

    Raises
    ------
    ValueError, TypeError
        If there is no configuration or no seed, one has no model or no data, or `fit`
        refuses an argument.

    Notes
    -----
    Taught in notebook 9. Each training has one process and BLAS one core, whatever runs
    beside it. An interrupt ends the sweep with a warning; what has finished is
    returned.

    Examples
    --------
    >>> from functools import partial
    >>> from ch335_helpers import SimpleCNN, draw_data
    >>> data = partial(draw_data, n_train=5, n_val=5, img_size=16, n_classes=4)
    >>> rates = {"slow": {"lr": 0.001}, "fast": {"lr": 0.01}}
    >>> options = {"model": SimpleCNN(), "data": data, "epochs": 2, "progress": False}
    >>> trials = sweep(rates, seeds=range(3), **options)
    >>> [(trial.name, trial.seed) for trial in trials][:4]
    [('slow', 0), ('slow', 1), ('slow', 2), ('fast', 0)]
    >>> {name: len(values) for name, values in trials.accuracy().items()}
    {'slow': 3, 'fast': 3}
    """
    tasks = [
        (name, seed, settings | own)
        for name, own in _checked(configurations, settings).items()
        for seed in _checked_seeds(seeds)
    ]
    submit = executor.submit if executor is not None else _at_once
    # held for the whole sweep, so that trainings in threads leave BLAS as it was
    with (
        threadpool_limits(1, "blas"),
        progress_bar(len(tasks), "training", progress) as bar,
    ):
        futures = []
        try:
            for task in tasks:
                futures.append(submit(train_one, *task))
                if executor is None:
                    bar.update()
            for future in as_completed(futures) if executor is not None else ():
                future.result()
                bar.update()
        except KeyboardInterrupt:
            text = "sweep interrupted: what had finished is returned"
            warnings.warn(text, stacklevel=2)
        finally:  # what has not begun would keep an executor busy for nobody
            waiting = [future for future in futures if not future.cancel()]
    done = [f for f in waiting if f.done() and not f.exception()]
    return Trials(future.result() for future in done)


def train_one(name, seed, configuration):
    """One training of a `sweep`, as a `Trial`."""
    configuration = dict(configuration)
    model, data = configuration.pop("model"), configuration.pop("data")
    X, y, X_val, y_val = data(seed) if callable(data) else data
    if isinstance(X, ImageStream):
        X = deepcopy(X)  # the next training starts where this one does
    training = Training(model, X, y, X_val, y_val, seed=seed, **configuration)
    with side_by_side(training, n_shards=1):
        for _ in training:
            pass
    return Trial(name, seed, training.run)


@contextmanager
def all_cores():
    """While a block runs, an executor with a process on each core, for `sweep`.

    Yields
    ------
    executor : ProcessPoolExecutor or None
        None in a browser, which has no processes: `sweep` then works in turn.

    Examples
    --------
    >>> with all_cores() as executor:
    ...     executor.submit(pow, 2, 10).result()
    1024
    """
    if IN_BROWSER:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor  # which a browser cannot import

    # new processes, not copies of this one, which may have threads
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as executor:
        yield executor


def _at_once(function, *arguments):
    future = Future()
    future.set_result(function(*arguments))
    return future


def _checked(configurations, settings):
    expected = "configurations must be a dict of a name to its settings, a dict"
    if not isinstance(configurations, dict) or not configurations:
        raise ValueError(f"{expected}, got {configurations!r}")
    for name, own in configurations.items():
        if not isinstance(own, dict):
            raise ValueError(f"{expected}, got {own!r} for {name!r}")
        for needed in ("model", "data"):
            if needed not in own and needed not in settings:
                raise ValueError(f"configuration {name!r} must have {needed}, got none")
    return configurations


def _checked_seeds(seeds):
    seeds = [check_whole("seeds", seed, low=0) for seed in seeds]
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must hold at least one seed, each once, got {seeds}")
    return seeds
