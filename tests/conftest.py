"""What several test files share: a random generator, a gradient check, two tasks."""

import numpy as np
import pytest
from hypothesis import settings
from tasks import SETTINGS

from ch335_helpers.data.shapes import make_synthetic_images
from ch335_helpers.data.split import train_val_test_split
from ch335_helpers.model.models import SimpleCNN
from ch335_helpers.training.fitting import fit

# The same examples in every run, so that a failure can be repeated.
settings.register_profile("chapter", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("chapter")


@pytest.fixture
def rng():
    """A random generator in a known state, a new one for each test."""
    return np.random.default_rng(335)


@pytest.fixture(scope="session")
def directional_error():
    """The function `_directional_error`; for all tests at once, as Hypothesis needs."""
    return _directional_error


def _directional_error(f, arrays, rng, h=1e-6):
    """How far f's backward is from a central difference, relative to the gradient.

    `f(*arrays)` returns y and backward, all in float64. The number that is followed
    is the sum of y times a random dy, along a random direction of all arrays at once.
    """
    y, backward = f(*arrays)
    dy = rng.standard_normal(np.shape(y))
    gradients = backward(dy)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    gradients = [g for g in gradients if g is not None]  # of a bias that is not there
    directions = [rng.standard_normal(array.shape) for array in arrays]

    def along(t):
        moved = (a + t * d for a, d in zip(arrays, directions, strict=True))
        return np.sum(f(*moved)[0] * dy)

    numerical = (along(h) - along(-h)) / (2 * h)
    exact = sum(np.sum(g * d) for g, d in zip(gradients, directions, strict=True))
    size = np.sqrt(sum(np.sum(g * g) for g in gradients))
    return abs(numerical - exact) / max(size, 1.0)


@pytest.fixture(scope="session")
def task():
    """The warm-up: 4 classes at 16 x 16, 252 training and 52 validation images."""
    X, y = make_synthetic_images(90, img_size=16, n_classes=4, seed=0, noise=0.18)
    split = train_val_test_split(X, y)
    return split.X_train, split.y_train, split.X_val, split.y_val


@pytest.fixture(scope="session")
def learnt(task):
    """A run on the warm-up that went through."""
    return fit(SimpleCNN(), *task, **SETTINGS)


@pytest.fixture
def tiny(rng):
    """10 training and 4 validation images of 4 x 4 pixels, without meaning."""
    X, X_val = rng.standard_normal((10, 1, 4, 4)), rng.standard_normal((4, 1, 4, 4))
    return (
        X.astype(np.float32),
        np.arange(10) % 3,
        X_val.astype(np.float32),
        [0, 1, 2, 0],
    )
