"""Settings for the warm-up, and short runs on a task without meaning."""

import numpy as np

from ch335_helpers.fitting import fit
from ch335_helpers.models import SimpleCNN

SETTINGS = {"epochs": 8, "lr": 1e-2, "batch_size": 16, "progress": False}


def fit_tiny(tiny, **settings):
    """Fit a model to the tiny task: 3 steps an epoch."""
    defaults = {"model": SimpleCNN(3), "epochs": 4, "batch_size": 4, "progress": False}
    settings = defaults | settings
    return fit(settings.pop("model"), *tiny, **settings)


def same(params, others):
    return params.keys() == others.keys() and all(
        np.array_equal(params[name], others[name]) for name in params
    )
