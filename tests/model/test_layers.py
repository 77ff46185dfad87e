"""The layers: names and shapes of their parameters, and that they keep no value."""

import numpy as np
import pytest

from ch335_helpers.model import ops
from ch335_helpers.model.layers import (
    BatchNorm,
    Conv,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    Linear,
    LogSumExpPool,
    MaxPool,
    ReLU,
    Templates,
    without_image_gradient,
)
from ch335_helpers.model.network import Chain, Residual

IMAGES = (3, 2, 6, 5)
LAYERS = {
    "Conv": (Conv("conv", 2, 4), IMAGES),
    "Conv 5, stride 2, no bias": (Conv("conv", 2, 4, 5, stride=2, bias=False), IMAGES),
    "BatchNorm": (BatchNorm("bn", 2), IMAGES),
    "Linear": (Linear("linear", 7, 4), (3, 7)),
    "ReLU": (ReLU(), IMAGES),
    "MaxPool": (MaxPool(), IMAGES),
    "GlobalAvgPool": (GlobalAvgPool(), IMAGES),
    "GlobalMaxPool": (GlobalMaxPool(), IMAGES),
    "LogSumExpPool": (LogSumExpPool(), IMAGES),
    "LogSumExpPool of pairs": (LogSumExpPool(2), IMAGES),
    "Templates": (Templates("templates", 2, 4, 3), IMAGES),
    "Flatten": (Flatten(), IMAGES),
    "Chain": (Chain(Conv("a", 2, 4), BatchNorm("b", 4), ReLU(), MaxPool()), IMAGES),
    "empty Chain": (Chain(), IMAGES),
    "Residual": (Residual(Chain(Conv("a", 2, 2), BatchNorm("b", 2))), IMAGES),
    "Residual with a shortcut": (
        Residual(Chain(Conv("a", 2, 4), ReLU()), Conv("project", 2, 4, kernel=1)),
        IMAGES,
    ),
}
each_layer = pytest.mark.parametrize(
    ("layer", "shape"), LAYERS.values(), ids=LAYERS.keys()
)


def random_params(layer, rng):
    """Parameters in float64, none at its special initial value."""
    params = layer.init(rng)
    return {name: rng.random(value.shape) + 0.5 for name, value in params.items()}


def learnt(params):
    return [name for name in params if "running" not in name]


def copies(params):
    return {name: value.copy() for name, value in params.items()}


# ----------------------------------------------------------- what holds for every layer


@each_layer
def test_the_gradient_agrees_with_a_central_difference(
    layer, shape, rng, directional_error
):
    params, x = random_params(layer, rng), rng.standard_normal(shape)
    names = learnt(params)

    train = not isinstance(layer, Templates)  # which give no dx in training

    def f(x, *values):
        moved = copies(params) | dict(zip(names, values, strict=True))
        y, layer_backward = layer(moved, x, train)

        def backward(dy):
            grads = {}
            dx = layer_backward(dy, grads)
            return dx, *(grads[name] for name in names)

        return y, backward

    assert directional_error(f, [x, *(params[name] for name in names)], rng) < 1e-6


@each_layer
def test_grads_has_the_names_and_shapes_of_what_is_learnt(layer, shape, rng):
    params, x = layer.init(rng), rng.standard_normal(shape).astype(np.float32)
    y, backward = layer(params, x, train=not isinstance(layer, Templates))
    grads = {}
    dx = backward(rng.standard_normal(y.shape).astype(np.float32), grads)
    assert sorted(grads) == sorted(learnt(params))
    assert all(grads[name].shape == params[name].shape for name in grads)
    assert dx.shape == x.shape
    assert {array.dtype for array in (y, dx, *grads.values())} == {np.dtype("float32")}


@each_layer
def test_the_same_generator_gives_the_same_float32_parameters(layer, shape):
    first, second = (layer.init(np.random.default_rng(7)) for _ in range(2))
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
        assert first[name].dtype == np.float32


@each_layer
def test_a_layer_keeps_nothing_of_a_call(layer, shape, rng):
    before = repr(vars(layer))
    params = random_params(layer, rng)
    y, backward = layer(params, rng.standard_normal(shape), train=True)
    backward(rng.standard_normal(y.shape), {})
    assert repr(vars(layer)) == before


@each_layer
def test_evaluation_changes_neither_parameters_nor_input(layer, shape, rng):
    params, x = random_params(layer, rng), rng.standard_normal(shape)
    kept, kept_x = copies(params), x.copy()
    y, backward = layer(params, x)
    backward(rng.standard_normal(y.shape), {})
    np.testing.assert_array_equal(x, kept_x)
    for name in kept:
        np.testing.assert_array_equal(params[name], kept[name])


@each_layer
def test_training_changes_the_running_averages_alone(layer, shape, rng):
    params, x = random_params(layer, rng), rng.standard_normal(shape)
    kept, kept_x = copies(params), x.copy()
    y, backward = layer(params, x, train=True)
    backward(rng.standard_normal(y.shape), {})
    np.testing.assert_array_equal(x, kept_x)
    changed = [name for name in kept if not np.array_equal(params[name], kept[name])]
    assert changed == [name for name in kept if "running" in name]


@each_layer
def test_two_networks_can_share_one_layer(layer, shape, rng):
    cases = [
        (random_params(layer, rng), rng.standard_normal(shape), rng.standard_normal())
        for _ in range(2)
    ]

    def run(params, x):
        return layer(copies(params), x, train=True)

    def gradients(y, backward, scale):
        grads = {}
        dx = backward(scale * np.cos(y), grads)
        return [y, dx, *grads.values()]

    alone = [gradients(*run(params, x), scale) for params, x, scale in cases]
    passes = [run(params, x) for params, x, _ in cases]
    together = [gradients(*passes[n], cases[n][2]) for n in (0, 1)]
    for expected, actual in zip(alone, together, strict=True):
        for a, b in zip(expected, actual, strict=True):
            np.testing.assert_array_equal(a, b)


# ----------------------------------------------------------------------- initial values


def test_the_parameters_of_a_convolution():
    params = Conv("block1.conv1", 3, 8, kernel=5).init(np.random.default_rng(0))
    assert {name: value.shape for name, value in params.items()} == {
        "block1.conv1.w": (8, 3, 5, 5),
        "block1.conv1.b": (8,),
    }
    assert not params["block1.conv1.b"].any()


def test_a_convolution_without_bias_has_none():
    assert list(Conv("conv", 3, 8, bias=False).init(np.random.default_rng(0))) == [
        "conv.w"
    ]


def test_a_new_batch_norm_does_nothing_but_normalise():
    params = BatchNorm("bn", 2).init(np.random.default_rng(0))
    assert {name: value.tolist() for name, value in params.items()} == {
        "bn.gamma": [1, 1],
        "bn.beta": [0, 0],
        "bn.running_mean": [0, 0],
        "bn.running_var": [1, 1],
    }


def test_the_parameters_of_a_linear_layer():
    params = Linear("linear", 7, 4).init(np.random.default_rng(0))
    assert {name: value.shape for name, value in params.items()} == {
        "linear.w": (4, 7),
        "linear.b": (4,),
    }
    assert not params["linear.b"].any()


# --------------------------------------------------------------- single layers, by hand


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
def test_a_convolution_keeps_the_size_of_its_image(kernel, rng):
    layer = Conv("conv", 2, 4, kernel=kernel)
    y, _ = layer(layer.init(rng), np.zeros(IMAGES, np.float32))
    assert y.shape == (3, 4, 6, 5)


def test_a_convolution_is_conv2d_with_its_parameters(rng):
    layer = Conv("conv", 2, 4, kernel=3, stride=2, padding=0)
    params, x = random_params(layer, rng), rng.standard_normal(IMAGES)
    expected, _ = ops.conv2d(x, params["conv.w"], params["conv.b"], 2, 0)
    np.testing.assert_array_equal(layer(params, x)[0], expected)


def test_batch_norm_uses_the_batch_in_training_and_its_averages_in_evaluation():
    layer, x = BatchNorm("bn", 1), np.array([1.0, 3]).reshape(2, 1, 1, 1)
    params = {
        "bn.gamma": np.ones(1),
        "bn.beta": np.zeros(1),
        "bn.running_mean": np.full(1, -1.0),
        "bn.running_var": np.full(1, 4.0),
    }
    np.testing.assert_allclose(layer(params, x)[0].ravel(), [1, 2], rtol=1e-5)
    np.testing.assert_allclose(
        layer(params, x, train=True)[0].ravel(), [-1, 1], rtol=1e-5
    )
    np.testing.assert_allclose(params["bn.running_mean"], 0.9 * -1 + 0.1 * 2)
    np.testing.assert_allclose(params["bn.running_var"], 0.9 * 4 + 0.1 * 2)


def test_max_pool_looks_through_windows_that_do_not_overlap():
    x = np.arange(36.0).reshape(1, 1, 6, 6)
    np.testing.assert_array_equal(MaxPool(3)({}, x)[0], [[[[14, 17], [32, 35]]]])
    np.testing.assert_array_equal(MaxPool()({}, x)[0], ops.max_pool(x, 2, 2)[0])


def test_flatten_lays_an_image_in_one_row_and_folds_it_back():
    x = np.arange(12.0).reshape(2, 3, 1, 2)
    y, backward = Flatten()({}, x)
    np.testing.assert_array_equal(y, [range(6), range(6, 12)])
    np.testing.assert_array_equal(backward(10 * y, {}), 10 * x)


def test_flatten_refuses_what_is_no_batch_of_images():
    with pytest.raises(ValueError, match=r"x .*\(2, 3\)"):
        Flatten()({}, np.zeros((2, 3)))


# ------------------------------------------------------------------- Chain and Residual


# ------------------------------------------------------ templates and their log-sum-exp


def test_templates_measure_how_far_a_place_is_from_them(rng):
    """-s |window - t|²/2, but for the energy of the window, which all share."""
    layer = Templates("t", 2, 3, kernel=3)
    params = random_params(layer, rng)
    x = rng.standard_normal((2, 2, 5, 6))
    y, _ = layer(params, x)
    w, b, s = params["t.w"], params["t.b"], params["t.s"]
    for n, f, i, j in np.ndindex(y.shape):
        window = x[n, :, i : i + 3, j : j + 3]
        distance, energy = ((window - w[f]) ** 2).sum(), (window**2).sum()
        assert y[n, f, i, j] == pytest.approx(s[0] * (energy / 2 - distance / 2 + b[f]))


def test_a_group_is_pooled_as_if_its_channels_lay_side_by_side(rng):
    x = rng.standard_normal((2, 6, 3, 4))
    y, _ = LogSumExpPool(3)({}, x)
    expected = np.log(np.exp(x).sum(axis=(2, 3)).reshape(2, 2, 3).sum(axis=2))
    np.testing.assert_allclose(y, expected)


# --------------------------------------------------------- the gradient of the images


FIRST = {"conv": Conv("first", 2, 3), "templates": Templates("first", 2, 3, kernel=3)}


@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST.keys())
def test_without_the_gradient_of_the_images_all_others_are_the_same(first, rng):
    model = Chain(Chain(first, ReLU()), Conv("second", 3, 2), name="model")
    x, params = rng.standard_normal((2, 2, 5, 5)), random_params(model, rng)
    changed, found = without_image_gradient(model), []
    assert (changed.name, model.parts[0].parts[0].with_dx) == ("model", True)
    for network in (model, changed):
        y, backward = network(params, x, train=True)
        found.append({})
        dx = backward(np.cos(y), found[-1])
        assert (dx is None) is (network is changed)
    assert found[0].keys() == found[1].keys()
    for name, gradient in found[0].items():
        np.testing.assert_allclose(found[1][name], gradient, rtol=1e-12, atol=1e-12)


def test_a_network_that_needs_the_gradient_of_its_first_layer_keeps_it(rng):
    class Louder(Chain):
        def __call__(self, params, x, train=False):
            y, backward = super().__call__(params, 2 * x, train)
            return y, lambda dy, grads: 2 * backward(dy, grads)

    louder = Louder(Conv("conv", 1, 2))
    for model in (louder, Chain(louder, ReLU()), Chain(), ReLU(), Residual(ReLU())):
        changed = without_image_gradient(model)
        x = rng.standard_normal((2, 1, 4, 4))
        y, backward = changed(model.init(rng), x, train=True)
        assert backward(np.ones_like(y), {}).shape == x.shape
