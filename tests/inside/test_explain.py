"""Activation maps and attributions, against cases whose answer is known."""

import numpy as np
import pytest

from ch335_helpers.evaluation.prediction import predict_logits
from ch335_helpers.gradients.numerical import numerical_gradient
from ch335_helpers.inside.explain import (
    activation_maps,
    grad_cam,
    integrated_gradients,
    occlusion,
    saliency,
)
from ch335_helpers.model.layers import Conv, GlobalAvgPool, Linear, ReLU
from ch335_helpers.model.models import LinearClassifier, ResidualCNN, SimpleCNN
from ch335_helpers.model.network import Chain

METHODS = [saliency, integrated_gradients, occlusion, grad_cam]
SIGNED = METHODS[1:]


# --------------------------------------------------------------------- activation maps


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
    stem = Chain(*model.parts[:3])
    np.testing.assert_array_equal(maps["stem.relu"], stem(params, x)[0])
    through, _ = Chain(*model.parts[:4])(params, x)
    np.testing.assert_array_equal(maps["block1"], through)
    inner, _ = model.parts[3].parts[0](params, stem(params, x)[0])
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


# ------------------------------------------------------------------------ attributions


@pytest.fixture
def linear(rng):
    """A linear classifier, images, their targets, and each target's weights."""
    model = LinearClassifier(n_classes=4, img_size=6)
    shapes = {name: p.shape for name, p in model.parameters().items()}
    params = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    x, target = rng.standard_normal((5, 1, 6, 6)), np.array([3, 0, 1, 2, 3])
    return model, params, x, target, params["linear.w"][target].reshape(5, 6, 6)


@pytest.fixture
def residual(rng):
    """A residual network with running averages of its own, images and targets."""
    model = ResidualCNN(n_classes=3, width=4)
    params = model.init(rng)
    params = {name: value.astype(float) for name, value in params.items()}
    x = rng.standard_normal((4, 1, 16, 16))
    for _ in range(5):
        model(params, x, train=True)
    return model, params, x, np.array([2, 0, 1, 2])


# ------------------------------------------------------------------ a linear classifier


def test_a_linear_classifier_reacts_by_the_size_of_its_weights(linear):
    *arguments, w = linear
    np.testing.assert_allclose(saliency(*arguments), np.abs(w))


@pytest.mark.parametrize("n_steps", [1, 7])
def test_what_a_pixel_adds_to_a_linear_classifier_is_weight_times_grey(linear, n_steps):
    model, params, x, target, w = linear
    maps = integrated_gradients(model, params, x, target, n_steps=n_steps)
    np.testing.assert_allclose(maps, w * x[:, 0])


def test_covering_one_pixel_takes_weight_times_grey(linear):
    model, params, x, target, w = linear
    maps = occlusion(model, params, x, target, size=1)
    np.testing.assert_allclose(maps, w * x[:, 0], atol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 6])
def test_a_square_takes_the_sum_of_what_it_covers(linear, size):
    model, params, x, target, w = linear
    parts = np.pad(w * x[:, 0], ((0, 0), (size - 1, size - 1), (size - 1, size - 1)))
    expected = np.zeros_like(x[:, 0])
    for i, j in np.ndindex(6, 6):  # all squares that cover pixel (i, j)
        for top, left in np.ndindex(size, size):
            square = parts[:, i + top : i + top + size, j + left : j + left + size]
            expected[:, i, j] += square.sum(axis=(1, 2)) / size**2
    maps = occlusion(model, params, x, target, size=size)
    np.testing.assert_allclose(maps, expected, atol=1e-12)


# ---------------------------------------------------------------------- whole networks


def test_saliency_is_the_size_of_the_numerical_gradient(residual):
    model, params, x, target = residual
    x, target = x[:1], target[:1]
    slopes = numerical_gradient(lambda x: model(params, x)[0][0, target[0]], x)
    maps = saliency(model, params, x, target)
    np.testing.assert_allclose(maps, np.abs(slopes[:, 0]), rtol=1e-4, atol=1e-7)


def test_integrated_gradients_are_complete_and_more_steps_come_nearer(residual):
    model, params, x, target = residual
    images = np.arange(len(x))
    gained = predict_logits(model, params, x) - predict_logits(model, params, 0 * x)
    expected = gained[images, target]
    errors = [
        np.abs(
            integrated_gradients(model, params, x, target, n_steps=n).sum(axis=(1, 2))
            - expected
        ).max()
        for n in (1, 16, 256)
    ]
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 0.01 * np.abs(expected).max()


@pytest.mark.parametrize("make", [SimpleCNN, ResidualCNN])
def test_behind_a_global_average_grad_cam_is_the_class_activation_map(make, rng):
    model, x = make(n_classes=4), rng.standard_normal((3, 1, 16, 16))
    params, target = model.init(rng), np.array([1, 3, 0])
    last = list(activation_maps(model, params, x).values())[-1]
    w = params["linear.w"][target]
    coarse = np.einsum("nc,nchw->nhw", w, last) / (last.shape[2] * last.shape[3])
    block = 16 // last.shape[2]
    expected = coarse.repeat(block, axis=1).repeat(block, axis=2)
    np.testing.assert_allclose(grad_cam(model, params, x, target), expected, atol=1e-6)


def test_a_detector_is_found_where_its_pattern_is():
    """A filter that looks for a bar, averaged: every method points at the bar."""
    model = Chain(
        Conv("conv", 1, 1, kernel=3, padding=1), ReLU(), GlobalAvgPool(),
        Linear("linear", 1, 2),
    )  # fmt: skip
    bar = np.array([[-1.0, -1, -1], [1, 1, 1], [-1, -1, -1]])
    params = {
        "conv.w": bar[None, None], "conv.b": np.array([-2.0]),
        "linear.w": np.array([[0.0], [1.0]]), "linear.b": np.zeros(2),
    }  # fmt: skip
    x = np.zeros((1, 1, 12, 12))
    x[0, 0, 7, 3:8] = 1
    for method in METHODS:
        where = method(model, params, x, np.array([1]))[0]
        row, column = np.unravel_index(where.argmax(), where.shape)
        assert abs(row - 7) <= 2 and 1 <= column <= 9, method.__name__


@pytest.mark.parametrize("method", METHODS)
def test_a_symmetric_image_and_network_have_symmetric_maps(method, rng):
    model, x = SimpleCNN(n_classes=3), rng.standard_normal((4, 1, 16, 16))
    params = {name: v.astype(float) for name, v in model.init(rng).items()}
    for name in ("conv1.w", "conv2.w"):
        params[name] += params[name][..., ::-1].copy()
    maps = method(model, params, x + x[..., ::-1], np.array([2, 0, 1, 2]))
    np.testing.assert_allclose(maps, maps[..., ::-1], atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_each_image_is_explained_on_its_own_and_for_its_own_target(method, residual):
    model, params, x, target = residual
    together = method(model, params, x, target)
    assert together.shape == (4, 16, 16)
    for n in range(4):
        alone = method(model, params, x[n : n + 1], target[n : n + 1])
        np.testing.assert_allclose(together[n], alone[0], atol=1e-9)
    other = method(model, params, x, (target + 1) % 3)
    assert not np.allclose(together, other)


@pytest.mark.parametrize("method", SIGNED)
def test_a_map_has_both_signs(method, residual):
    maps = method(*residual)
    assert maps.min() < 0 < maps.max()


def test_saliency_has_no_sign(residual):
    assert saliency(*residual).min() >= 0


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_changed_and_the_dtype_stays(method, residual):
    model, params, x, target = residual
    params = {name: value.astype(np.float32) for name, value in params.items()}
    x = x.astype(np.float32)
    kept = {name: value.copy() for name, value in params.items()}, x.copy()
    assert method(model, params, x, target).dtype == np.float32
    assert all(np.array_equal(params[name], kept[0][name]) for name in params)
    np.testing.assert_array_equal(x, kept[1])


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "target, error, message",
    [
        (np.array([0, 1]), ValueError, "target .*2"),
        (np.array([0, 1, 2, 3]), ValueError, "target .*0 to 2.*0 to 3"),
        (np.array([0, -1, 2, 1]), ValueError, "target"),
        (np.array([0.0, 1, 2, 1]), TypeError, "target .*float64"),
    ],
)
def test_targets_that_do_not_fit_are_refused(method, target, error, message, residual):
    model, params, x, _ = residual
    with pytest.raises(error, match=message):
        method(model, params, x, target)


@pytest.mark.parametrize("method", METHODS)
def test_images_that_are_none_are_refused(method, residual):
    model, params, x, target = residual
    for bad in (x[:, 0], np.full_like(x, np.nan), x[:0]):
        with pytest.raises(ValueError, match="x "):
            method(model, params, bad, target[: len(bad)])


@pytest.mark.parametrize("size", [0, 17, 2.5])
def test_a_square_that_does_not_fit_is_refused(size, residual):
    with pytest.raises((ValueError, TypeError), match="size"):
        occlusion(*residual, size=size)


@pytest.mark.parametrize("n_steps", [0, 1.5])
def test_steps_that_cannot_be_taken_are_refused(n_steps, residual):
    with pytest.raises((ValueError, TypeError), match="n_steps"):
        integrated_gradients(*residual, n_steps=n_steps)


def test_a_model_without_images_inside_has_no_grad_cam(linear):
    *arguments, _ = linear
    with pytest.raises(ValueError, match="model"):
        grad_cam(*arguments)
