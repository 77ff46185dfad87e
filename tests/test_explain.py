"""Activation maps."""

import numpy as np
import pytest

from ch335_helpers.explain import activation_maps
from ch335_helpers.layers import Conv, ReLU
from ch335_helpers.models import LinearClassifier, ResidualCNN, SimpleCNN
from ch335_helpers.network import Chain


def test_activation_maps_worked_by_hand():
    model = Chain(Conv("conv", 1, 1, kernel=1), ReLU())
    params = {"conv.w": np.full((1, 1, 1, 1), 2.0), "conv.b": np.array([-3.0])}
    maps = activation_maps(model, params, np.array([[[[1.0, 4]]]]))
    assert {name: y.tolist() for name, y in maps.items()} == {
        "conv": [[[[-1, 5]]]],
        "relu": [[[[0, 5]]]],
    }


def test_the_maps_of_the_simple_cnn_have_its_layers_names_and_shapes(rng):
    model = SimpleCNN()
    maps = activation_maps(model, model.init(rng), np.zeros((3, 1, 16, 12), np.float32))
    assert [(name, values.shape) for name, values in maps.items()] == [
        ("conv1", (3, 8, 16, 12)),
        ("relu1", (3, 8, 16, 12)),
        ("pool1", (3, 8, 8, 6)),
        ("conv2", (3, 16, 8, 6)),
        ("relu2", (3, 16, 8, 6)),
        ("pool2", (3, 16, 4, 3)),
    ]


def test_the_maps_of_the_residual_cnn_reach_into_its_blocks(rng):
    model, x = ResidualCNN(width=4), rng.standard_normal((2, 1, 16, 16))
    params = model.init(rng)
    maps = activation_maps(model, params, x)
    stem = Chain(*model.layers[:3])
    np.testing.assert_array_equal(maps["stem.relu"], stem(params, x)[0])
    through, _ = Chain(*model.layers[:4])(params, x)
    np.testing.assert_array_equal(maps["block1"], through)
    inner, _ = model.layers[3].main(params, stem(params, x)[0])
    np.testing.assert_array_equal(maps["block1.bn2"], inner)
    assert {"block2.project_bn", "block2.relu2"} < set(maps)


def test_only_layers_of_the_kinds_asked_for_are_kept(rng):
    model = ResidualCNN(width=2)
    x = rng.standard_normal((2, 1, 8, 8))
    maps = activation_maps(model, model.init(rng), x, kinds=("relu", "max pool"))
    assert list(maps) == [
        *("stem.relu", "block1.relu1", "block1.relu2"),
        *("pool", "block2.relu1", "block2.relu2"),
    ]


def test_the_model_runs_in_evaluation_mode_and_stays_as_it_was(rng):
    model = ResidualCNN(width=4)
    params, x = model.init(rng), rng.standard_normal((2, 1, 16, 16)).astype(np.float32)
    kept, kept_x = {name: value.copy() for name, value in params.items()}, x.copy()
    together = activation_maps(model, params, x)
    alone = activation_maps(model, params, x[:1])
    for name, values in together.items():
        np.testing.assert_allclose(values[:1], alone[name], atol=1e-5)
    assert all(np.array_equal(params[name], kept[name]) for name in kept)
    np.testing.assert_array_equal(x, kept_x)


def test_a_model_without_images_inside_has_no_maps(rng):
    model = LinearClassifier(4, img_size=8)
    assert activation_maps(model, model.init(rng), np.zeros((2, 1, 8, 8))) == {}


def test_what_is_no_batch_of_images_is_refused(rng):
    model = SimpleCNN()
    with pytest.raises(ValueError, match=r"x .*\(16, 16\)"):
        activation_maps(model, model.init(rng), np.zeros((16, 16)))
