"""What test files share: settings, short runs without meaning, the end of a process."""

import math
import os
import signal

import numpy as np

from ch335_helpers.model.models import SimpleCNN
from ch335_helpers.training.fitting import fit
from ch335_helpers.training.run import Epoch, Run

# what ends a process at once; on Windows every signal but two does so
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
SETTINGS = {"epochs": 8, "lr": 1e-2, "batch_size": 16, "progress": False}


def fit_tiny(tiny, **settings):
    """Fit a model to the tiny task: 3 steps an epoch."""
    defaults = {"model": SimpleCNN(3), "epochs": 4, "batch_size": 4, "progress": False}
    settings = defaults | settings
    return fit(settings.pop("model"), *tiny, **settings)


def end_process(*ignored):
    """End this process as the system does when it runs out of memory."""
    os.kill(os.getpid(), KILL)


def same(params, others):
    return params.keys() == others.keys() and all(
        np.array_equal(params[name], others[name]) for name in params
    )


def made_run(
    epochs, steps_per_epoch=1, *, params=None, batch_loss=(), stopped="", **lists
):
    """A `Run` with these lists, one entry an epoch; NaN in those that are not given."""
    n = max(map(len, lists.values()), default=0)
    columns = [lists.pop(name, [math.nan] * n) for name in Epoch._fields]
    assert not lists, lists
    history = list(zip(*columns, strict=True))
    params = {} if params is None else params
    return Run(params, epochs, steps_per_epoch, history, [*batch_loss], stopped)
