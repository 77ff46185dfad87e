"""A file for each finished training of a `sweep`: NumPy arrays and JSON, no pickle."""

import json
import re
import warnings

import numpy as np

from ..training.files import check_path, load_params, save_params
from ..training.fingerprints import fingerprint
from ..training.run import Run
from .trials import Trial

FORMAT = 1  # to be raised when older files can no longer be read
LISTS = ("train_loss", "val_loss", "val_accuracy", "seconds", "batch_loss")


def trial_paths(folder, tasks):
    """The file for each training; another one for whatever else is asked.

    Parameters
    ----------
    folder : path-like
        Where the files are; it is made if it is not there.
    tasks : dict of tuple to tuple
        For each name and seed: the name, the seed, and a dict of all settings.

    Returns
    -------
    paths : dict of tuple to pathlib.Path
        With the same keys. Readable at the beginning; at the end stand digits of a
        `fingerprint`.

    Raises
    ------
    TypeError
        If folder is no path, or a setting has no fingerprint.
    """
    folder = check_path("folder", folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths, arrays, digits = {}, {}, {}
    for key, (name, seed, configuration) in tasks.items():
        if name not in digits:
            asked = FORMAT, name, dict(sorted(configuration.items()))
            digits[name] = fingerprint(*asked, arrays=arrays)[:24]
        readable = re.sub(r"[^A-Za-z0-9.]+", "-", str(name)).strip("-.")[:40]
        paths[key] = folder / f"{readable or 'trial'}-seed{seed}-{digits[name]}.npz"
    return paths


def load_trials(paths):
    """The trials whose files are there; a warning tells of each that is damaged.

    Parameters
    ----------
    paths : dict of tuple to pathlib.Path
        From `trial_paths`.

    Returns
    -------
    trials : dict of tuple to Trial
        With those of the keys that have a file.
    """
    trials = {}
    for key, path in paths.items():
        try:
            trials[key] = Trial(*key, load_run(path))
        except FileNotFoundError:
            pass
        except ValueError as error:
            warnings.warn(f"trained again: {error}", stacklevel=3)
    return trials


def save_run(path, run):
    """Write a run to a file, at once and whole: no other process sees a part of it.

    Parameters
    ----------
    path : pathlib.Path
        A file that is there already is replaced.
    run : Run
    """
    about = {key: value for key, value in vars(run).items() if key not in LISTS}
    # the names of the file and the arrays, so that it is noticed if one has changed
    about |= {"format": FORMAT, "file": path.name, "params": list(run.params)}
    arrays = {key: np.array(getattr(run, key), float) for key in LISTS}
    arrays |= {f"params/{name}": array for name, array in run.params.items()}
    save_params(path, {"about": np.array(json.dumps(about)), **arrays})


def load_run(path):
    """Read a run that `save_run` wrote.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    run : Run

    Raises
    ------
    ValueError
        If the file is damaged, or was written under another name.
    """
    arrays = load_params(path)
    try:
        about = json.loads(str(arrays.pop("about")))
        expected = {"format": FORMAT, "file": path.name}
        found = {key: about.pop(key) for key in expected}
        lists = {key: arrays.pop(key).tolist() for key in LISTS}
        params = {name: arrays.pop(f"params/{name}") for name in about.pop("params")}
        run = Run(params, **lists, **about)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if found != expected:
        raise ValueError(f"{path} must hold {expected}, got {found}")
    return run
