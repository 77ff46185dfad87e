"""Activation maps."""

import numpy as np
import pytest

from ch335_helpers.explain import activation_maps
from ch335_helpers.layers import Chain, Conv, ReLU, Residual
from ch335_helpers.models import LinearClassifier, ResidualCNN, SimpleCNN


def test_activation_maps_worked_by_hand():
    model = Chain(Conv("conv", 1, 1, kernel=1), ReLU())
    params = {"conv.w": np.full((1, 1, 1, 1), 2.0), "conv.b": np.array([-3.0])}
    (name_1, conv), (name_2, relu) = activation_maps(
        model, params, np.array([[[[1.0, 4]]]])
    )
    assert (name_1, name_2) == ("conv", "relu")
    assert (conv.tolist(), relu.tolist()) == ([[[[-1, 5]]]], [[[[0, 5]]]])


def test_the_maps_of_the_simple_cnn_have_its_layers_names_and_shapes(rng):
    model = SimpleCNN()
    maps = activation_maps(model, model.init(rng), np.zeros((3, 1, 16, 12), np.float32))
    assert [(name, values.shape) for name, values in maps] == [
        ("conv1", (3, 8, 16, 12)),
        ("relu", (3, 8, 16, 12)),
        ("max pool", (3, 8, 8, 6)),
        ("conv2", (3, 16, 8, 6)),
        ("relu", (3, 16, 8, 6)),
        ("max pool", (3, 16, 4, 3)),
    ]


@pytest.mark.parametrize("model", [SimpleCNN(), ResidualCNN(width=4)])
def test_a_map_is_the_output_of_the_model_cut_off_there(model, rng):
    params, x = model.init(rng), rng.standard_normal((2, 1, 16, 16)).astype(np.float32)
    maps = activation_maps(model, params, x)
    for number, (name, values) in enumerate(maps):
        assert name == model.layers[number].name
        expected, _ = Chain(*model.layers[: number + 1])(params, x)
        np.testing.assert_array_equal(values, expected)


def test_the_model_runs_in_evaluation_mode_and_stays_as_it_was(rng):
    model = ResidualCNN(width=4)
    params, x = model.init(rng), rng.standard_normal((2, 1, 16, 16)).astype(np.float32)
    kept, kept_x = {name: value.copy() for name, value in params.items()}, x.copy()
    together = activation_maps(model, params, x)
    alone = activation_maps(model, params, x[:1])
    for (_, a), (_, b) in zip(together, alone, strict=True):
        np.testing.assert_allclose(a[:1], b, atol=1e-5)
    assert all(np.array_equal(params[name], kept[name]) for name in kept)
    np.testing.assert_array_equal(x, kept_x)


def test_a_model_without_images_inside_has_no_maps(rng):
    model = LinearClassifier(4, img_size=8)
    assert activation_maps(model, model.init(rng), np.zeros((2, 1, 8, 8))) == []


def test_a_model_that_is_no_chain_is_refused(rng):
    with pytest.raises(TypeError, match=r"model .*Residual"):
        activation_maps(Residual(Chain()), {}, np.zeros((1, 1, 4, 4)))


def test_what_is_no_batch_of_images_is_refused(rng):
    model = SimpleCNN()
    with pytest.raises(ValueError, match=r"x .*\(16, 16\)"):
        activation_maps(model, model.init(rng), np.zeros((16, 16)))
