"""Parameters in a file."""

import numpy as np
import pytest

from ch335_helpers.checkpoints import load_params, save_params
from ch335_helpers.data import make_synthetic_images
from ch335_helpers.models import ResidualCNN, SimpleCNN
from ch335_helpers.prediction import predict
from ch335_helpers.split import train_val_test_split
from ch335_helpers.training import fit


@pytest.fixture(scope="module")
def task():
    """The warm-up: 4 classes at 16 x 16, 252 training and 52 validation images."""
    X, y = make_synthetic_images(90, img_size=16, n_classes=4, seed=0, noise=0.18)
    split = train_val_test_split(X, y)
    return split.X_train, split.y_train, split.X_val, split.y_val


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


def fit_tiny(tiny, **settings):
    """Fit a model to the tiny task: 3 steps an epoch."""
    defaults = {"model": SimpleCNN(3), "epochs": 4, "batch_size": 4, "progress": False}
    settings = defaults | settings
    return fit(settings.pop("model"), *tiny, **settings)


def same(params, others):
    return params.keys() == others.keys() and all(
        np.array_equal(params[name], others[name]) for name in params
    )


def test_saved_parameters_come_back_as_they_were(tmp_path, task, rng):
    model = ResidualCNN(3, width=4)
    params = model.init(rng)
    save_params(tmp_path / "run.npz", params)
    loaded = load_params(tmp_path / "run.npz")
    assert list(loaded) == list(params)
    assert same(loaded, params)
    assert {value.dtype for value in loaded.values()} == {np.dtype("float32")}
    X = task[2][:5]
    np.testing.assert_array_equal(predict(model, loaded, X), predict(model, params, X))


def test_training_can_go_on_from_a_file(tmp_path, tiny):
    first = fit_tiny(tiny)
    save_params(tmp_path / "run.npz", first.params)
    resumed = fit_tiny(tiny, params=load_params(tmp_path / "run.npz"))
    assert same(resumed.params, fit_tiny(tiny, params=first.params).params)


def test_a_file_that_holds_objects_is_not_opened(tmp_path):
    np.savez(tmp_path / "bad.npz", w=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        load_params(tmp_path / "bad.npz")
