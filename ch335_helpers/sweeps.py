"""Many trainings: configurations times seeds, side by side, in one tidy table."""

import sys
import warnings
from concurrent.futures import BrokenExecutor, CancelledError, Future, as_completed
from contextlib import contextmanager, nullcontext
from copy import deepcopy

from .batches import ImageStream
from .checks import check_whole
from .cores import Cores, one_blas_thread
from .fitting import progress_bar
from .shards import side_by_side
from .training import Training
from .trial_files import load_trials, save_run, trial_paths
from .trials import Trial, Trials


def sweep(
    configurations, executor=None, *, seeds=(0,), folder=None, progress=True, **settings
):
    """Train every configuration with every seed.

    Parameters
    ----------
    configurations : dict of str to dict
        For each name what is special about it: ``model``, ``data`` and whatever else
        `fit` takes as a keyword, such as ``lr``. ``data`` are X, y, X_val and y_val as
        for `fit`; or a function that returns these four for a seed, for instance
        `draw_data`.
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
        They do not depend on the executor. That a training diverged is told in its row,
        not in a warning.

    Raises
    ------
    ValueError, TypeError
        If there is no configuration or no seed, one has no model or no data, `fit`
        refuses an argument; with a folder, if a setting cannot be told from others,
        such as an open file.
    Exception
        What a training raises; a note names its configuration. What had finished by
        then is in the folder.

    Notes
    -----
    Taught in notebook 9. Each training has one process and BLAS one core, whatever runs
    beside it, and starts from settings of its own: a stream or a generator among them
    stands where it stood for all others. An interrupt ends the sweep with a warning;
    what has finished is returned.

    **Lost workers.** A training whose worker is lost, because its process ended or its
    machine did, is tried a second time. If that is lost too, its row says so, without a
    run, and a warning tells how many there are; a call with the same folder tries them
    again. The second try is made by the same executor, or by processes on all cores of
    this machine where the executor itself is broken: a `ProcessPoolExecutor` is, with
    all that it had not finished, when one of its processes is lost. Dask itself tries a
    task on several workers before it gives up.

    **Files.** A file belongs to one name, one seed and all settings. Another call with
    the same ones takes its run from it; whatever is changed has another file. Of a
    function, its code, its defaults and the keywords of a `functools.partial` count,
    and the numbers, arrays and functions that it reads from around it; not the lists
    and dicts, and not what it imports. Defaults of `fit` do not count. A file that is
    damaged is told in a warning, trained again and replaced.

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
    tasks = _tasks(configurations, settings, _checked_seeds(seeds))
    paths = {} if folder is None else trial_paths(folder, tasks)
    trials = load_trials(paths)
    left = {key: task for key, task in tasks.items() if key not in trials}

    def keep(key, trial):
        if paths:
            save_run(paths[key], trial.run)
        trials[key] = trial
        bar.update()

    # held for the whole sweep, so that trainings in threads leave BLAS as it was
    with one_blas_thread(), progress_bar(len(left), "training", progress) as bar:
        try:
            lost = _compute(left, executor, keep)
            if lost:
                with _for_second_try(executor) as second:
                    again = {key: left[key] for key in lost}
                    lost = _compute(again, second, keep, n_try=2)
            trials |= _reported(lost)
        except KeyboardInterrupt:
            text = "sweep interrupted: what had finished is returned"
            warnings.warn(text, stacklevel=2)
    return Trials(trials[key] for key in tasks if key in trials)


def train_one(name, seed, configuration, n_try=1):
    """One training of a `sweep`, as a `Trial`.

    That the second try says so is for Dask, which takes two calls with the same
    arguments for one.
    """
    data = configuration["data"]
    X, y, X_val, y_val = data(seed) if callable(data) else data
    # the next training starts where this one does
    X = deepcopy(X) if isinstance(X, ImageStream) else X
    own = deepcopy({key: v for key, v in configuration.items() if key != "data"})
    training = Training(X=X, y=y, X_val=X_val, y_val=y_val, seed=seed, **own)
    with side_by_side(training, n_shards=1):
        for _ in training:
            pass
    return Trial(name, seed, training.run)


def _compute(tasks, executor, keep, n_try=1):
    """Give each finished trial to `keep`; return errors of those whose worker was lost.

    Tasks and errors have the same keys.
    """
    if executor is None:
        for key, task in tasks.items():
            with _noted(key):
                keep(key, train_one(*task))
        return {}
    futures, lost = {}, {}
    try:
        for key, task in tasks.items():
            futures[_submit(executor, *task, n_try)] = key
        for future in as_completed(list(futures)):
            key = futures[future]
            if error := _loss(future):
                lost[key] = error
            else:
                with _noted(key):
                    keep(key, future.result())
            del futures[future]
    finally:  # what has not begun would keep an executor busy for nobody
        for future, key in futures.items():
            if not future.cancel() and future.done() and not future.exception():
                keep(key, future.result())
    return lost


def _submit(executor, *task):
    try:
        future = executor.submit(train_one, *task)
    except BrokenExecutor as error:
        future = Future()
        future.set_exception(error)
    if not isinstance(future, Future):  # a Dask client has another kind
        text = "executor must be a concurrent.futures.Executor, such as all_cores() or"
        raise TypeError(f"{text} Client(...).get_executor(), got {executor!r}")
    return future


def _loss(future):
    """The error of a future if its worker is at fault, not its training; or None."""
    if future.cancelled():  # not by us
        return CancelledError()
    error = future.exception()
    dask = sys.modules.get("distributed")  # has been imported if the error is Dask's
    kinds = (BrokenExecutor, CancelledError, *([dask.KilledWorker] if dask else []))
    return error if isinstance(error, kinds) else None


def _for_second_try(executor):
    """The same executor; or `Cores`, if losing a worker has broken all of it."""
    try:
        executor.submit(abs, 0)
    except BrokenExecutor:
        # started as its own processes were, these know what those knew
        return Cores(context=getattr(executor, "_mp_context", None))
    return nullcontext(executor)


def _reported(lost):
    """Trials that say that their workers were lost; a warning says how many."""
    if lost:
        many = len(lost) > 1
        what = f"{len(lost)} trainings were" if many else "1 training was"
        whose = "their workers" if many else "its worker"
        warnings.warn(f"{what} lost with {whose}, twice", stacklevel=3)
    return {
        key: Trial(*key, None, f"worker lost twice: {type(error).__name__}")
        for key, error in lost.items()
    }


@contextmanager
def _noted(key):
    """Add to an error whose it is."""
    try:
        yield
    except Exception as error:
        error.add_note("in configuration {!r} with seed {}".format(*key))
        raise


def _tasks(configurations, settings, seeds):
    """What `train_one` is called with, by name and seed."""
    return {
        (name, seed): (name, seed, configuration)
        for name, own in _checked(configurations, settings).items()
        for configuration in [settings | own]
        for seed in seeds
    }


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
        if "seed" in settings | own:
            raise ValueError(f"configuration {name!r} must have no seed, see seeds")
    return configurations


def _checked_seeds(seeds):
    seeds = [check_whole("seeds", seed, low=0) for seed in seeds]
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must hold at least one seed, each once, got {seeds}")
    return seeds
