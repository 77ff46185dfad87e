"""A training in a file, from which the same call goes on.

The file holds the training's `snapshot` and what the call asked for.
"""

from ..data.batches import ImageStream
from .files import check_path, load_state, save_state
from .settings import described, differences, digits

# of a training, besides those that only their digits are kept of
SMALL = ("lr", "batch_size", "weight_decay", "optimiser", "schedule", "augment")


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
        training.restore(_training_in(path, asked))
    return _saved_each_epoch(training, path, asked)


def settings_of(training, **more):
    """What decides how a training goes, `described`."""
    data, stream = training.data, isinstance(training.data, ImageStream)
    small = {name: getattr(training, name) for name in SMALL} | more
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
    settings = {"epochs": training.run.epochs} | described(small)
    parts = {name: described(value, with_place=False) for name, value in large.items()}
    return settings | {name: digits(part) for name, part in parts.items()}


def _training_in(path, asked):
    """The snapshot in a file, if it is of a training with these settings."""
    state = load_state(path)
    if not isinstance(state, dict) or state.keys() != {"asked", "training"}:
        raise ValueError(f"checkpoint must be the file of a training, got {path}")
    if different := differences(state["asked"], asked):
        expected = "checkpoint must be of a training with the same settings"
        raise ValueError(f"{expected}, got {path}, with {', '.join(different)}")
    return state["training"]


def _saved_each_epoch(training, path, asked):
    """The steps of a training, which is written to a file after each epoch."""
    for run in training:
        if len(run.batch_loss) % run.steps_per_epoch == 0 and not run.stopped:
            save_state(path, {"asked": asked, "training": training.snapshot()})
        yield run
