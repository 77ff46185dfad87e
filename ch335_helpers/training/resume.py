"""A training in a file, from which the same call goes on.

The file holds what `Training.snapshot` gives, all that the next step depends on. It
also says which call it belongs to.
"""

import hashlib
import json
from functools import partial

import numpy as np

from ..data.batches import ImageStream
from .files import check_path, load_params, save_params
from .fingerprints import fingerprint

ABOUT = "about"  # the entry that holds, as JSON, all but the arrays


def resumable(training, path, folder=None, **more):
    """The steps of a training that is written to a file after each epoch.

    Parameters
    ----------
    training : Training
        Before its first step. If the file is there, it goes on from it.
    path : path-like or None
        The file.
    folder : path-like, optional
        Instead of a file: where each call has one that is named after its settings.
    **more
        What else than the training's own settings decides how it goes.

    Returns
    -------
    steps : iterator of Run
        As the training itself gives them.

    Raises
    ------
    ValueError
        As `resume_training`.
    """
    settings = settings_of(training, **more)
    if folder is not None:
        path = _file_in(folder, settings)
    resume_training(path, training, settings)
    return _saved_each_epoch(training, path, settings)


def _file_in(folder, settings):
    folder = check_path("folder", folder)
    folder.mkdir(parents=True, exist_ok=True)
    asked = json.dumps(settings, sort_keys=True).encode()
    return folder / f"{hashlib.sha256(asked).hexdigest()[:24]}.npz"


def _saved_each_epoch(training, path, settings):
    run, saved = training.run, len(training.run.seconds)
    for _ in training:
        # by now the next epoch's first step is taken; a snapshot is one at any step
        if len(run.seconds) > saved and not run.stopped:
            save_training(path, training, settings)
            saved = len(run.seconds)
        yield run
    if len(run.seconds) > saved and not run.stopped:
        save_training(path, training, settings)


def settings_of(training, **more):
    """What decides how a training goes, in terms that can be compared and stored.

    Parameters
    ----------
    training : Training
        Before its first step.
    **more
        What else decides it.

    Returns
    -------
    settings : dict of str to str, int or float
        Functions under their names; what is large as a fingerprint.
    """
    data, stream = training.data, isinstance(training.data, ImageStream)
    named = ("lr", "batch_size", "weight_decay", "optimiser", "schedule", "augment")
    settings = {
        "epochs": training.run.epochs,
        **{name: getattr(training, name) for name in named},
    }
    large = {
        "model": training.model,
        "params": training.start,
        "seed": training.augment_rng.bit_generator.state,
        # a stream that has been drawn from is taken back to its place in the file
        "X": data if stream else data.X,
        "y": None if stream else data.y,
        "X_val": training.X_val,
        "y_val": training.y_val,
    }
    told = {name: _described(value) for name, value in (settings | more).items()}
    return told | {name: _digits(value) for name, value in large.items()}


def save_training(path, training, settings):
    """Write a training to a file, which is always whole.

    Parameters
    ----------
    path : path-like
        The file; one that is there is replaced.
    training : Training
        Between two steps.
    settings : dict
        As `settings_of` gave them before the first step.
    """
    arrays = {}
    about = {"settings": settings, **_packed(training.snapshot(), arrays)}
    text = json.dumps(about).encode()
    save_params(path, {ABOUT: np.frombuffer(text, np.uint8), **arrays})


def resume_training(path, training, settings):
    """Take a new training to where a file left it, if there is a file.

    Parameters
    ----------
    path : path-like
        As `save_training` wrote it.
    training : Training
        Before its first step; it is changed in place.
    settings : dict
        As `settings_of` gives them.

    Raises
    ------
    ValueError
        If the file is damaged, or is that of a training with other settings or of none.
        File and training stay as they are.
    """
    if not check_path("checkpoint", path).exists():
        return
    arrays = load_params(path)
    if ABOUT not in arrays:
        raise ValueError(f"checkpoint must be the file of a training, got {path}")
    about = json.loads(arrays.pop(ABOUT).tobytes())
    stored = about.pop("settings")
    different = [
        f"{name} {stored.get(name)} there and {settings.get(name)} here"
        for name in stored | settings
        if stored.get(name) != settings.get(name)
    ]
    if different:
        expected = (
            f"checkpoint must be of a training with the same settings, got {path}"
        )
        raise ValueError(f"{expected}, with {', '.join(different)}")
    training.restore(_unpacked(about, arrays))


def _described(value):
    """A value in terms of JSON, the same in every process."""
    if isinstance(value, partial):
        return [_described(part) for part in (value.func, value.args, value.keywords)]
    if isinstance(value, dict):
        return {str(key): _described(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_described(part) for part in value]
    if isinstance(value, np.ndarray):
        return _digits(value)
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | int | float):
        return value
    return getattr(value, "__qualname__", type(value).__qualname__)


def _digits(value):
    return fingerprint(value, places=False)[:16]


def _packed(value, arrays):
    """`value` in terms of JSON; its arrays go into `arrays` and leave their number."""
    if isinstance(value, np.ndarray):
        arrays[str(len(arrays))] = value
        return {"array": str(len(arrays) - 1)}
    if isinstance(value, tuple):
        return {"tuple": [_packed(part, arrays) for part in value]}
    if isinstance(value, list):
        return [_packed(part, arrays) for part in value]
    if isinstance(value, dict):
        return {f"={key}": _packed(part, arrays) for key, part in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def _unpacked(value, arrays):
    if isinstance(value, list):
        return [_unpacked(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    if "tuple" in value:
        return tuple(_unpacked(part, arrays) for part in value["tuple"])
    return {key[1:]: _unpacked(part, arrays) for key, part in value.items()}
