"""What a layer is, and how layers become a network."""

import numpy as np
import pytest

from ch335_helpers import ops
from ch335_helpers.layers import (
    BatchNorm,
    Conv,
    Linear,
    ReLU,
)
from ch335_helpers.network import Chain, Layer, Residual, he_normal

IMAGES = (3, 2, 6, 5)


def random_params(layer, rng):
    """Parameters in float64, none at its special initial value."""
    params = layer.init(rng)
    return {name: rng.random(value.shape) + 0.5 for name, value in params.items()}


def test_he_normal_worked_by_hand():
    drawn = np.random.default_rng(3).standard_normal((4, 2, 3, 3))
    w = he_normal(np.random.default_rng(3), (4, 2, 3, 3))
    assert w.dtype == np.float32
    np.testing.assert_allclose(
        w, drawn * np.sqrt(2 / 18), rtol=1e-6
    )  # 2 · 3 · 3 inputs


def test_he_normal_keeps_the_strength_of_a_signal_through_a_relu(rng):
    x = rng.standard_normal((2000, 100))
    for _ in range(5):
        x = ops.relu(x)[0] @ he_normal(rng, (100, 100)).T
    assert 0.7 < x.std() < 1.4


def test_a_chain_has_the_parameters_of_all_its_layers_in_order():
    chain = Chain(Conv("a", 1, 2), ReLU(), Chain(BatchNorm("b", 2), Linear("c", 2, 2)))
    assert list(chain.init(np.random.default_rng(0))) == [
        *("a.w", "a.b", "b.gamma", "b.beta", "b.running_mean", "b.running_var"),
        *("c.w", "c.b"),
    ]


def test_a_residual_has_the_parameters_of_both_its_paths():
    layer = Residual(Conv("main", 1, 2), Conv("short", 1, 2, kernel=1))
    params = layer.init(np.random.default_rng(0))
    assert list(params) == ["main.w", "main.b", "short.w", "short.b"]


def test_a_layer_without_a_call_says_so():
    with pytest.raises(NotImplementedError):
        Layer()({}, np.zeros(IMAGES))


def test_a_chain_runs_forwards_in_order_and_backwards_in_reverse():
    calls = []

    class Noted(Layer):
        def __init__(self, number):
            self.number = number

        def __call__(self, params, x, train=False):
            calls.append((self.number, train))

            def backward(dy, grads):
                calls.append(-self.number)
                return dy * 10 + self.number

            return x * 10 + self.number, backward

    y, backward = Chain(Noted(1), Noted(2), Noted(3))({}, 0, train=True)
    assert (y, backward(0, {})) == (123, 321)
    assert calls == [(1, True), (2, True), (3, True), -3, -2, -1]


def test_a_chain_worked_by_hand():
    chain = Chain(Linear("a", 1, 2), ReLU(), Linear("b", 2, 1))
    params = {
        "a.w": np.array([[2.0], [-1]]),
        "a.b": np.array([1.0, 0]),
        "b.w": np.array([[3.0, 5]]),
        "b.b": np.array([-1.0]),
    }
    y, backward = chain(params, np.array([[4.0]]))  # a gives 9 and -4
    assert y.item() == 3 * 9 - 1
    grads = {}
    assert backward(np.array([[2.0]]), grads).item() == 2 * 3 * 2
    assert {name: grad.tolist() for name, grad in grads.items()} == {
        "a.w": [[2 * 3 * 4], [0]],
        "a.b": [2 * 3, 0],
        "b.w": [[2 * 9, 0]],
        "b.b": [2],
    }


def test_without_a_shortcut_a_residual_adds_x_itself(rng):
    main = Conv("conv", 2, 2)
    params, x = random_params(main, rng), rng.standard_normal(IMAGES)
    y, backward = Residual(main)(params, x)
    main_y, main_backward = main(params, x)
    dy = rng.standard_normal(y.shape)
    np.testing.assert_allclose(y, main_y + x)
    np.testing.assert_allclose(backward(dy, {}), main_backward(dy, {}) + dy)


def test_a_residual_whose_main_path_is_zero_is_the_identity(rng):
    main = Conv("conv", 2, 2)
    params = {name: np.zeros_like(value) for name, value in main.init(rng).items()}
    x = rng.standard_normal(IMAGES)
    y, backward = Residual(main)(params, x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(backward(x, {}), x)


def test_a_residual_adds_its_two_paths(rng):
    main, shortcut = Conv("main", 2, 4), Conv("short", 2, 4, kernel=1)
    layer = Residual(main, shortcut)
    params, x = random_params(layer, rng), rng.standard_normal(IMAGES)
    y, backward = layer(params, x)
    dy, grads, expected = rng.standard_normal(y.shape), {}, {}
    dx = main(params, x)[1](dy, expected) + shortcut(params, x)[1](dy, expected)
    np.testing.assert_allclose(y, main(params, x)[0] + shortcut(params, x)[0])
    np.testing.assert_allclose(backward(dy, grads), dx)
    assert sorted(grads) == sorted(expected)


def test_paths_of_two_shapes_are_refused_by_name(rng):
    layer = Residual(Conv("conv", 2, 4), name="block7")
    message = r"block7.*\(3, 4, 6, 5\).*\(3, 2, 6, 5\)"
    with pytest.raises(ValueError, match=message):
        layer(layer.init(rng), np.zeros(IMAGES, np.float32))


def test_a_residual_passes_the_mode_to_both_its_paths(rng):
    layer = Residual(BatchNorm("main", 2), BatchNorm("short", 2))
    params, x = layer.init(rng), (5 + rng.standard_normal(IMAGES)).astype(np.float32)
    layer(params, x)
    assert not params["main.running_mean"].any()
    layer(params, x, train=True)
    assert (params["main.running_mean"] > 0.3).all()
    assert (params["short.running_mean"] > 0.3).all()
