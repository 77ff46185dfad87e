"""Parameters in a file."""

import numpy as np
import pytest
from tasks import fit_tiny, same

from ch335_helpers.checkpoints import load_params, save_params
from ch335_helpers.models import ResidualCNN
from ch335_helpers.prediction import predict


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
