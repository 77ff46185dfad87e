"""What a layer is, and how layers become a network."""

import numpy as np
import pytest

from ch335_helpers import (
    ResidualCNN,
    check_gradients,
    output_gradients,
    steps,
    train_step,
)
from ch335_helpers.model import ops
from ch335_helpers.model.layers import BatchNorm, Conv, Flatten, Linear, ReLU
from ch335_helpers.model.network import (
    ROLES,
    Chain,
    Layer,
    Parameter,
    Residual,
    computes_as,
    he_normal,
    learnt,
    n_parameters,
    rebuild,
)

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


NETWORK = Chain(
    Conv("conv", 2, 2, bias=False),
    Residual(Chain(BatchNorm("bn", 2), ReLU("relu")), name="block"),
    Linear("linear", 3, 5),
)


def test_parameters_state_their_shape_role_and_start():
    assert NETWORK.parameters() == {
        "conv.w": Parameter((2, 2, 3, 3), "weight", None),
        "bn.gamma": Parameter((2,), "scale", 1),
        "bn.beta": Parameter((2,), "shift", 0),
        "bn.running_mean": Parameter((2,), "running average", 0),
        "bn.running_var": Parameter((2,), "running average", 1),
        "linear.w": Parameter((5, 3), "weight", None),
        "linear.b": Parameter((5,), "bias", 0),
    }
    assert {p.role for p in NETWORK.parameters().values()} == set(ROLES)


def test_parameters_begin_as_they_state(rng):
    params = NETWORK.init(rng)
    for name, p in NETWORK.parameters().items():
        assert (params[name].shape, params[name].dtype) == (p.shape, np.float32)
        if p.start is None:
            assert len(np.unique(params[name])) == params[name].size
        else:
            assert (params[name] == p.start).all()
    expected = he_normal(np.random.default_rng(3), (2, 2, 3, 3))
    drawn = NETWORK.init(np.random.default_rng(3))["conv.w"]
    np.testing.assert_array_equal(drawn, expected)


def test_running_averages_are_not_learnt_and_not_counted():
    names = ["conv.w", "bn.gamma", "bn.beta", "linear.w", "linear.b"]
    assert learnt(NETWORK) == names
    assert n_parameters(NETWORK) == 2 * 2 * 9 + 2 + 2 + 15 + 5
    assert (n_parameters(ReLU()), learnt(ReLU())) == (0, [])


def test_the_leaves_are_the_single_operations_in_order():
    assert [leaf.name for leaf in NETWORK.leaves()] == ["conv", "bn", "relu", "linear"]
    relu = ReLU()
    assert relu.leaves() == [relu]
    assert Chain().leaves() == Residual(Chain()).leaves() == []


@pytest.mark.parametrize(
    "twice",
    [
        Chain(Linear("same", 1, 1), Chain(ReLU(), Linear("same", 1, 1))),
        Residual(Conv("same", 1, 1), Conv("same", 1, 1)),
    ],
)
def test_two_layers_of_one_name_are_refused(twice):
    message = r"each layer must have its own name, got same\.[wb] twice"
    for call in (twice.parameters, lambda: twice.init(np.random.default_rng(0))):
        with pytest.raises(ValueError, match=message):
            call()


def test_a_layer_looks_at_single_pixels_unless_it_says_otherwise():
    layer = Layer()
    assert (layer.kernel, layer.stride, layer.name, layer.kind) == (1, 1, "", "")
    assert (layer.parts, layer.parameters()) == (None, {})


@pytest.mark.parametrize("layer", [Chain(BatchNorm("bn", 2)), NETWORK.parts[1]])
def test_without_a_word_a_network_is_evaluated(layer, rng):
    params, x = layer.init(rng), 5 + rng.standard_normal(IMAGES)
    layer(params, x)
    assert not params["bn.running_mean"].any()


# -------------------------------------------------------------- layers of one's own


class Louder(Chain):
    """Has a way of its own, which nobody can see from its parts."""

    def __call__(self, params, x, train=False):
        y, backward = super().__call__(params, 2 * x, train)
        return y, lambda dy, grads: 2 * backward(dy, grads)


class Renamed(Chain):
    """Computes as a Chain does."""


def test_a_layer_is_known_if_it_computes_as_its_base_does():
    assert computes_as(Renamed()) and computes_as(ResidualCNN(), Chain)
    assert computes_as(Residual(ReLU()), Residual)
    assert not computes_as(Residual(ReLU()), Chain)
    assert not computes_as(Louder()) and not computes_as(ReLU())


def test_a_network_is_rebuilt_from_inside_and_the_old_one_stays():
    relu, louder = ReLU("relu"), Louder(ReLU("inner"))
    model = Renamed(relu, Residual(Chain(relu), louder, name="sum"), name="model")
    visited = []

    def change(layer):
        visited.append(layer.name or layer.kind)
        return ReLU("new") if layer is relu else layer

    rebuilt = rebuild(model, change)
    assert visited == ["relu", "relu", "chain", "chain", "sum", "model"]
    assert [leaf.name for leaf in rebuilt.leaves()] == ["new", "new", "inner"]
    assert type(rebuilt) is Renamed and rebuilt.name == "model"
    assert rebuilt.parts[1].parts[1] is louder
    assert [leaf.name for leaf in model.leaves()] == ["relu", "relu", "inner"]


@pytest.mark.parametrize(
    "model",
    [
        Louder(Conv("conv", 1, 2), ReLU(), Flatten(), Linear("linear", 32, 3)),
        Chain(Louder(Conv("conv", 1, 2), ReLU()), Flatten(), Linear("linear", 32, 3)),
        Chain(Chain(Chain(Flatten())), Linear("linear", 16, 3)),  # a view of the input
    ],
)
def test_a_network_with_a_layer_of_ones_own_is_walked_checked_and_trained(model, rng):
    params, y = model.init(rng), rng.integers(0, 3, 5)
    x = rng.standard_normal((5, 1, 4, 4))
    found = steps(model, params, x)
    logits, _ = model(params, x)
    np.testing.assert_array_equal(found[-1].y, logits)
    assert check_gradients(model, params, x, y).passed
    assert np.isfinite(train_step(model, params, x, y, {}, lr=0.01))


def test_one_layer_may_be_used_twice_where_it_has_no_parameters(rng):
    relu = ReLU()
    model = Chain(Conv("a", 1, 2), relu, Conv("b", 2, 2), relu)
    params, x = model.init(rng), rng.standard_normal((2, 1, 4, 4))
    found = steps(model, params, x)
    assert [step.name for step in found] == ["a", "relu", "b", "relu 2"]
    np.testing.assert_array_equal(found[-1].y, model(params, x)[0])
    gradients = output_gradients(found, np.ones_like(found[-1].y))
    dx = model(params, x)[1](np.ones_like(found[-1].y), {})
    np.testing.assert_allclose(gradients[-1], dx)
