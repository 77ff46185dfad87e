"""The one way through a network: names, order, outputs and gradients of its steps."""

import numpy as np
import pytest

from ch335_helpers.model.layers import BatchNorm, Conv, Flatten, Linear, MaxPool, ReLU
from ch335_helpers.model.models import ResidualCNN, SimpleCNN
from ch335_helpers.model.network import Chain, Residual
from ch335_helpers.model.variants import without_batch_norm, without_shortcuts
from ch335_helpers.model.walk import output_gradients, steps


def random_params(model, rng):
    drawn = model.init(rng)
    return {name: rng.random(value.shape) + 0.1 for name, value in drawn.items()}


def test_the_steps_of_a_residual_block_worked_by_hand():
    model = Chain(
        Residual(Chain(ReLU(), ReLU()), Linear("short", 1, 1), name="block"), ReLU()
    )
    params = {"short.w": np.array([[10.0]]), "short.b": np.array([1.0])}
    found = steps(model, params, np.array([[-2.0], [3.0]]))
    assert [step.name for step in found] == [
        *("relu", "relu 2", "short", "block", "relu 3"),
    ]
    assert [step.layer.kind for step in found] == [
        *("relu", "relu", "linear", "sum", "relu"),
    ]
    assert [step.inputs for step in found] == [(-1,), (0,), (-1,), (1, 2), (3,)]
    assert [step.y.ravel().tolist() for step in found] == [
        *([0, 3], [0, 3], [-19, 31], [-19, 34], [0, 34]),
    ]
    gradients = output_gradients(found, np.array([[1.0], [1.0]]))
    assert {i: g.ravel().tolist() for i, g in gradients.items()} == {
        4: [1, 1], 3: [0, 1], 2: [0, 1], 1: [0, 1], 0: [0, 1], -1: [0, 11],
    }  # fmt: skip


def test_a_layer_without_a_name_is_called_by_its_kind():
    (block,) = steps(Residual(Chain()), {}, np.ones((1, 1)))
    assert (block.name, block.inputs, block.y.item()) == ("sum", (-1, -1), 2)
    # the input reaches the sum on two ways
    assert output_gradients([block], np.ones((1, 1)))[-1].item() == 2


def test_no_two_steps_have_one_name():
    names = ["relu", "relu 2", "relu", "relu", "relu 2", "relu 2 2"]
    found = steps(Chain(*map(ReLU, names)), {}, np.ones((1, 1)))
    assert [step.name for step in found] == [
        *("relu", "relu 2", "relu 3", "relu 4", "relu 2 2", "relu 2 2 2"),
    ]


MODELS = {
    "SimpleCNN": SimpleCNN(3),
    "ResidualCNN": ResidualCNN(3, width=4),
    "bare": without_shortcuts(without_batch_norm(ResidualCNN(3, width=4))),
    "one layer": Conv("conv", 1, 2),
}


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_the_steps_are_the_model(model, train, rng):
    params, x = random_params(model, rng), rng.standard_normal((4, 1, 12, 12))
    kept = {name: value.copy() for name, value in params.items()}
    y, backward = model(kept, x, train)
    found = steps(model, params, x, train)
    np.testing.assert_array_equal(found[-1].y, y)
    for name, value in kept.items():  # running averages have moved alike
        np.testing.assert_array_equal(params[name], value)
    dy = rng.standard_normal(y.shape)
    dx = backward(dy, {})
    np.testing.assert_allclose(output_gradients(found, dy)[-1], dx, atol=1e-12)
    assert len({step.name for step in found}) == len(found)


def test_each_steps_gradient_is_that_of_its_output(rng):
    model = ResidualCNN(3, width=2)
    params, x = random_params(model, rng), rng.standard_normal((2, 1, 12, 12))
    found = steps(model, params, x)
    dy = rng.standard_normal((2, 3))
    gradients = output_gradients(found, dy)
    names = [step.name for step in found]
    # from each of these outputs on, the rest of the network is a chain of its own
    for name, n_before in (("stem.relu", 3), ("block1", 4), ("pool", 6)):
        index = names.index(name)
        _, backward = Chain(*model.parts[n_before:])(params, found[index].y)
        np.testing.assert_allclose(gradients[index], backward(dy, {}), atol=1e-12)


def test_a_step_that_the_last_one_does_not_depend_on_has_no_gradient(rng):
    block = Residual(Chain(ReLU("a")), Linear("short", 2, 2), name="block")
    params = block.init(rng)
    found = steps(Chain(ReLU("first"), block), params, rng.random((3, 2)) + 0.1)
    dy = rng.standard_normal((3, 2))
    gradients = output_gradients(found[:3], dy)  # cut inside the shortcut
    assert list(gradients) == [2, 0, -1]  # "short", "first" and the input, but not "a"
    np.testing.assert_allclose(gradients[-1], dy @ params["short.w"])


def test_a_step_fills_the_gradients_of_its_own_parameters(rng):
    model = Chain(Flatten(), Linear("linear", 4, 3))
    params, x = random_params(model, rng), rng.standard_normal((2, 1, 2, 2))
    flat, linear = steps(model, params, x)
    dy, grads = rng.standard_normal((2, 3)), {}
    (dx,) = linear.backward(dy, grads)
    np.testing.assert_allclose(grads["linear.w"], dy.T @ flat.y)
    np.testing.assert_allclose(dx, dy @ params["linear.w"])


def test_paths_of_two_shapes_are_refused_by_name(rng):
    model = Residual(Chain(Conv("conv", 2, 2), MaxPool()), BatchNorm("bn", 2), "block7")
    with pytest.raises(ValueError, match=r"block7.*\(1, 2, 2, 2\).*\(1, 2, 4, 4\)"):
        steps(model, model.init(rng), np.ones((1, 2, 4, 4)))
