"""A training in a file, from which the same call goes on.

The file holds the training's `snapshot` and what the call asked for.
"""

import warnings

from ..data.batches import ImageStream
from .files import check_path
from .settings import described, digits, load_for, save_for

# settings that a file keeps in words; of all others it keeps the digits
IN_WORDS = ("lr", "batch_size", "weight_decay", "optimiser", "schedule", "augment")


def resumable(training, path, folder=None, **more):
    """Take a training to where a file left it; return the steps that are left.

    Parameters
    ----------
    training : Training
        No step of it has been taken.
    path : path-like or None
        The file. It is written after each epoch.
    folder : path-like, optional
        Instead of a path: a folder in which the settings decide on the file's name.
    **more
        Settings of the call that the training does not know, but that must be the same.

    Returns
    -------
    iterator of Run
        The steps that are left, as from the training itself.

    Raises
    ------
    ValueError
        If the file holds something else, or a training with other settings.
    """
    asked = settings_of(training, **more)
    if folder is not None:
        folder = check_path("folder", folder)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{digits(asked)}.npz"
    if check_path("checkpoint", path).exists():
        try:
            training.restore(load_for(path, asked, "checkpoint"))
        except ValueError as error:
            if folder is None:
                raise
            warnings.warn(f"trained again: {error}", stacklevel=4)
    return _saved_each_epoch(training, path, asked)


def settings_of(training, **more):
    """What decides how a training goes, `described`."""
    data, stream = training.data, isinstance(training.data, ImageStream)
    small = {name: getattr(training, name) for name in IN_WORDS} | more
    large = {
        "model": training.model,
        "params": training.start,
        "seed": [training.seed, training.augment_rng.bit_generator.state],
        # a stream that has been drawn from is taken back to its place in the file
        "X": data if stream else data.X,
        "y": None if stream else data.y,
        "X_val": training.X_val,
        "y_val": training.y_val,
    }
    settings = {"epochs": training.run.epochs} | described(small)
    parts = {name: described(value, with_place=False) for name, value in large.items()}
    return settings | {name: digits(part) for name, part in parts.items()}


def _saved_each_epoch(training, path, asked):
    """The steps of a training, which is written to a file after each epoch."""
    for run in training:
        if len(run.batch_loss) % run.steps_per_epoch == 0 and not run.stopped:
            save_for(path, asked, training.snapshot())
        yield run
