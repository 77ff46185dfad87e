"""Many trainings: configurations times seeds, side by side, in one tidy table."""

import sys
import warnings
from concurrent.futures import BrokenExecutor, CancelledError, Future, as_completed
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from inspect import signature

from ..checks import check_distinct, check_sequence, check_whole
from ..data.batches import ImageStream
from ..machine.cores import one_blas_thread
from ..training.fitting import progress_bar
from ..training.loop import Training
from ..training.shards import side_by_side
from .trials import Trial, TrialFiles, Trials

DATA = ("X", "y", "X_val", "y_val")
# what a configuration may say: data, and the keywords of `Training`
KNOWN = "data", *(n for n in signature(Training).parameters if n not in (*DATA, "seed"))


def sweep(
    configurations, executor=None, *, seeds=(0,), folder=None, progress=True, **settings
):
    """Train every configuration with every seed.

    Parameters
    ----------
    configurations : dict
        For each name what is special about it, a dict: ``model``, ``data`` and the
        other keywords of `Training`, such as ``lr``. ``data`` are X, y, X_val and y_val
        as for `Training`; or a function that returns these four for a seed, for
        instance `draw_data`. A name is text, a number, or a tuple of both, such as
        ``("Adam", 0.01)``.
    executor : concurrent.futures.Executor, optional
        Where the trainings are computed: `all_cores`; any other executor; a cluster by
        Dask's ``Client(...).get_executor()``. By default here, in turn.
    seeds : sequence of int
        At least one, each once. One seed means the same initial parameters and order of
        the images for all configurations of one model, so that they can be compared in
        pairs.
    folder : path-like, optional
        Where each finished training is written to a file of its own, by this process;
        a folder that does not exist is made. What is found there is not trained again.
    progress : bool
        Show a progress bar.
    **settings
        What all configurations share. What a configuration says itself goes first.

    Returns
    -------
    trials : Trials
        In the order of the configurations, for each of them in that of the seeds.
        They do not depend on the executor. The row of a training that diverged says so;
        there is no warning.

    Raises
    ------
    ValueError, TypeError
        If there is no configuration or no seed, one has no model, no data or an unknown
        setting, or `Training` refuses an argument; with a folder, if a setting cannot
        be recognised in a file, such as an open file or a lambda. Nothing is trained
        then, unless ``data`` is a function: its settings are refused when it is their
        turn.
    Exception
        What a training raises; a note names its configuration. What had finished by
        then is in the folder.

    Notes
    -----
    Taught in notebook 9. Each training has one process and BLAS one core, whatever runs
    beside it, and starts from settings of its own: a stream or a generator among them
    stands where it stood for all others. An interrupt ends the sweep with a warning;
    what has finished is returned.

    **Lost workers.** If a worker is lost, because its process or its machine ended, a
    row without a run and a warning say so. With `all_cores` that costs the training
    that was computed there; a `ProcessPoolExecutor` also loses all that it had not
    finished. Dask tries a task on several workers by itself. A second call with the
    same folder trains only what is missing.

    **Files.** A file belongs to one name, one seed and all settings. Another call with
    the same ones takes its run from it; whatever is changed has another file. Numbers
    and arrays count by their values, objects by their class and attributes, functions
    by their name and the arguments of a `functools.partial`: give a function that you
    change another name, or take another folder. Defaults of `Training` do not count. A
    damaged file gives a warning, is trained again and replaced.

    **Clusters.** Dask sends functions and results with pickle, which can run code. The
    cluster must be one's own; in a network, TLS keeps others out.

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
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise _no_executor(executor)
    seeds = check_distinct("seeds", seeds, partial(check_whole, low=0))
    whole = _checked(configurations, settings)
    for name, configuration in whole.items():
        if not callable(configuration["data"]):
            with _noted(name, seeds[0]):
                _training(seeds[0], configuration)  # refuses what does not fit
    tasks = {(name, seed): whole[name] for name in whole for seed in seeds}
    files = None if folder is None else TrialFiles(folder, settings, configurations)
    trials = _found(files, tasks)
    left = {key: task for key, task in tasks.items() if key not in trials}

    def keep(trial):
        if files:
            files.save(trial)
        trials[trial.name, trial.seed] = trial
        bar.update()

    # held for the whole sweep, so that trainings in threads leave BLAS as it was
    with one_blas_thread(), progress_bar(len(left), "training", progress) as bar:
        try:
            trials |= _compute(left, executor, keep)
        except KeyboardInterrupt:
            text = "sweep interrupted: what had finished is returned"
            warnings.warn(text, stacklevel=2)
    return Trials(trials[key] for key in tasks if key in trials)


def train_one(name, seed, configuration):
    """One training of a `sweep`, as a `Trial`."""
    training = _training(seed, configuration)
    with side_by_side(training, n_shards=1):
        for _ in training:
            pass
    return Trial(name, seed, training.run)


def _found(files, tasks):
    """The trials whose files are there; a damaged one gives a warning."""
    trials = {}
    for key in tasks if files else ():
        try:
            if trial := files.load(*key):
                trials[key] = trial
        except ValueError as error:
            warnings.warn(f"trained again: {error}", stacklevel=3)
    return trials


def _training(seed, configuration):
    """A new training, with settings of its own."""
    data = configuration["data"]
    four = check_sequence("data", data(seed) if callable(data) else data)
    if len(four) != len(DATA):
        text = "data must be X, y, X_val and y_val, or a function that returns them"
        raise ValueError(f"{text}, got {len(four)} of them")
    # the next training starts where this one does
    X = deepcopy(four[0]) if isinstance(four[0], ImageStream) else four[0]
    own = deepcopy({key: v for key, v in configuration.items() if key != "data"})
    return Training(own.pop("model"), X, *four[1:], seed=seed, **own)


def _compute(tasks, executor, keep):
    """Give each finished trial to `keep`; return those whose workers were lost.

    `tasks` are the configurations by name and seed.
    """
    if executor is None:
        for key, configuration in tasks.items():
            with _noted(*key):
                keep(train_one(*key, configuration))
        return {}
    futures, lost = {}, {}
    try:
        for key, configuration in tasks.items():
            futures[_submit(executor, *key, configuration)] = key
        for future in as_completed(list(futures)):
            key = futures[future]
            if error := _loss(future):
                lost[key] = Trial(*key, None, f"worker lost: {type(error).__name__}")
            else:
                with _noted(*key):
                    keep(future.result())
            del futures[future]
    finally:  # what has not begun would keep an executor busy for nobody
        for future in futures:
            if not future.cancel() and future.done() and not future.exception():
                keep(future.result())
    if lost:
        several = f"{len(lost)} trainings were lost with their workers"
        what = several if len(lost) > 1 else "1 training was lost with its worker"
        again = "the same call trains again; with a folder, only what was lost"
        warnings.warn(f"{what}: {again}", stacklevel=3)
    return lost


def _submit(executor, *task):
    """The future of what `train_one` returns; it holds an error if all are broken."""
    try:
        future = executor.submit(train_one, *task)
    except BrokenExecutor as error:
        future = Future()
        future.set_exception(error)
    if not isinstance(future, Future):  # a Dask client has another kind
        raise _no_executor(executor)
    return future


def _no_executor(executor):
    """The error for something that is no executor."""
    text = "executor must be a concurrent.futures.Executor, such as all_cores() or"
    return TypeError(f"{text} Client(...).get_executor(), got {executor!r}")


def _loss(future):
    """The error of a future if its worker is at fault, not its training; or None."""
    if future.cancelled():  # not by us
        return CancelledError()
    error = future.exception()
    dask = sys.modules.get("distributed")  # has been imported if the error is Dask's
    kinds = (BrokenExecutor, CancelledError, *([dask.KilledWorker] if dask else []))
    return error if isinstance(error, kinds) else None


@contextmanager
def _noted(name, seed):
    """Add a note to an error in a block: which training it comes from."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in configuration {name!r} with seed {seed}")
        raise


def _checked(configurations, settings):
    """The configurations, each with all of its settings."""
    expected = "configurations must be a dict of a name to its settings, a dict"
    if not isinstance(configurations, dict) or not configurations:
        raise ValueError(f"{expected}, got {configurations!r}")
    whole = {}
    for name, own in configurations.items():
        if not isinstance(own, dict):
            raise ValueError(f"{expected}, got {own!r} for {name!r}")
        words = name if isinstance(name, tuple) else (name,)
        if not all(isinstance(word, str | int | float) for word in words):
            names = "configurations must have names of text and numbers"
            raise TypeError(f"{names}, got {name!r}")
        whole[name] = settings | own
        _check_names(f"configurations[{name!r}]", whole[name])
    return whole


def _check_names(what, settings):
    """Raise unless these are settings that a configuration must and may have."""
    for needed in ("model", "data"):
        if needed not in settings:
            raise ValueError(f"{what} must have {needed}, got none")
    if "seed" in settings:
        raise ValueError(f"{what} must have no seed, see seeds")
    if unknown := [key for key in settings if key not in KNOWN]:
        expected = f"{what} must have settings among {', '.join(KNOWN)}"
        raise TypeError(f"{expected}, got {', '.join(map(repr, unknown))}")
