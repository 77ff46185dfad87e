"""The optimisers and the learning-rate schedules."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.training.optim import (
    adam_update,
    constant,
    cosine,
    momentum_update,
    rmsprop_update,
    sgd_update,
)

UPDATES = [adam_update, sgd_update, momentum_update, rmsprop_update]


def test_two_steps_worked_by_hand():
    params, state = {"w": np.array([10.0])}, {}
    adam_update(params, {"w": np.array([1.0])}, state, lr=2, b1=0.5, b2=0.5, eps=0)
    np.testing.assert_allclose(params["w"], 10 - 2)
    adam_update(params, {"w": np.array([3.0])}, state, lr=2, b1=0.5, b2=0.5, eps=0)
    # m: 0.5, then 0.25 + 1.5; v: 0.5, then 0.25 + 4.5; both over 1 - 0.5²
    m_hat, v_hat = 1.75 / 0.75, 4.75 / 0.75
    np.testing.assert_allclose(params["w"], 8 - 2 * m_hat / math.sqrt(v_hat))


def test_eps_is_added_after_the_root():
    params = {"w": np.array([0.0])}
    adam_update(params, {"w": np.array([4.0])}, {}, lr=1, eps=4)
    np.testing.assert_allclose(params["w"], -4 / (4 + 4))


def test_the_defaults_are_those_of_the_paper():
    by_default, spelt_out = {"w": np.ones(3)}, {"w": np.ones(3)}
    state, other_state, paper = (
        {},
        {},
        {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8},
    )
    for gradient in ([1.0, -2, 0], [3.0, 1, 0.5]):
        adam_update(by_default, {"w": np.array(gradient)}, state)
        adam_update(spelt_out, {"w": np.array(gradient)}, other_state, **paper)
    np.testing.assert_array_equal(by_default["w"], spelt_out["w"])


def naive_adam(w, gradients, lr, b1, b2, eps):
    """One number after another, as algorithm 1 of the paper has it."""
    w = [float(value) for value in w]
    for k in range(len(w)):
        m = v = 0.0
        for t, gradient in enumerate(gradients, start=1):
            m = b1 * m + (1 - b1) * gradient[k]
            v = b2 * v + (1 - b2) * gradient[k] ** 2
            w[k] -= lr * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)
    return w


@given(
    seed=st.integers(0, 2**32 - 1),
    steps=st.integers(1, 8),
    lr=st.floats(1e-4, 1),
    b1=st.floats(0, 0.99),
    b2=st.floats(0, 0.9999),
)
def test_adam_equals_the_loops(seed, steps, lr, b1, b2):
    rng = np.random.default_rng(seed)
    start, gradients = rng.standard_normal(4), rng.standard_normal((steps, 4))
    kept, params, state = gradients.copy(), {"w": start.reshape(2, 2).copy()}, {}
    for gradient in gradients:
        adam_update(params, {"w": gradient.reshape(2, 2)}, state, lr, b1, b2)
    np.testing.assert_array_equal(gradients, kept)
    expected = naive_adam(start, gradients, lr, b1, b2, eps=1e-8)
    np.testing.assert_allclose(params["w"].ravel(), expected, rtol=1e-9, atol=1e-9)


def test_sgd_momentum_and_rmsprop_worked_by_hand():
    a, b, c = ({"w": np.array([10.0])} for _ in range(3))
    velocity, squares = {}, {}
    for gradient in (2.0, 4.0):
        grads = {"w": np.array([gradient])}
        sgd_update(a, grads, {}, lr=0.5)
        momentum_update(b, grads, velocity, lr=0.5, decay=0.25)
        rmsprop_update(c, grads, squares, lr=0.5, decay=0.75, eps=1)
    np.testing.assert_allclose(a["w"], 10 - 0.5 * (2 + 4))
    np.testing.assert_allclose(b["w"], 10 - 0.5 * (2 + (0.25 * 2 + 4)))
    v = 0.25 * 4, 0.75 * 0.25 * 4 + 0.25 * 16
    expected = 10 - 0.5 * (2 / (math.sqrt(v[0]) + 1) + 4 / (math.sqrt(v[1]) + 1))
    np.testing.assert_allclose(c["w"], expected)


@pytest.mark.parametrize(
    ("update", "settings", "theirs", "their_settings"),
    [
        (sgd_update, {}, "SGD", {}),
        (momentum_update, {"decay": 0.8}, "SGD", {"momentum": 0.8}),
        (rmsprop_update, {"decay": 0.9, "eps": 1e-3}, "RMSprop",
         {"alpha": 0.9, "eps": 1e-3}),
    ],
)  # fmt: skip
def test_the_other_optimisers_agree_with_pytorch(
    update, settings, theirs, their_settings, rng
):
    torch = pytest.importorskip("torch")
    start, gradients = rng.standard_normal((3, 4)), rng.standard_normal((20, 3, 4))
    params, state = {"w": start.copy()}, {}
    tensor = torch.tensor(start, requires_grad=True)
    optimiser = getattr(torch.optim, theirs)([tensor], lr=0.05, **their_settings)
    for gradient in gradients:
        update(params, {"w": gradient}, state, lr=0.05, **settings)
        tensor.grad = torch.tensor(gradient)
        optimiser.step()
    np.testing.assert_allclose(params["w"], tensor.detach().numpy(), rtol=1e-10)


@pytest.mark.parametrize("update", UPDATES)
def test_every_optimiser_keeps_arrays_dtypes_and_what_has_no_gradient(update, rng):
    w = rng.standard_normal((2, 3)).astype(np.float32)
    params, state = {"w": w, "mean": np.ones(2)}, {}
    before, grads = w.copy(), {"w": np.ones((2, 3), np.float32)}
    for _ in range(3):
        update(params, grads, state, lr=0.1)
    assert params["w"] is w and w.dtype == np.float32
    assert (w < before).all()
    np.testing.assert_array_equal(params["mean"], 1)
    np.testing.assert_array_equal(grads["w"], 1)


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("lr", [0, -1, math.nan, math.inf])
def test_every_optimiser_refuses_a_rate_that_is_none(update, lr):
    params, state = {"w": np.ones(1)}, {}
    with pytest.raises(ValueError, match="lr"):
        update(params, {"w": np.ones(1)}, state, lr=lr)
    assert params["w"] == 1 and state == {}


@pytest.mark.parametrize("update", [momentum_update, rmsprop_update])
@pytest.mark.parametrize("decay", [-0.1, 1, math.nan])
def test_a_decay_out_of_range_is_refused(update, decay):
    with pytest.raises(ValueError, match="decay"):
        update({"w": np.ones(1)}, {"w": np.ones(1)}, {}, decay=decay)


@pytest.mark.parametrize("update", UPDATES[1:])
def test_every_optimiser_refuses_gradients_that_fit_nothing(update):
    params, state = {"w": np.ones(2), "b": np.ones(2)}, {}
    for bad in ({"v": np.ones(2)}, {"b": np.ones(3)}):
        with pytest.raises(ValueError, match="grads"):
            update(params, {"w": np.ones(2)} | bad, state)
    np.testing.assert_array_equal([params["w"], params["b"]], 1)
    assert state == {}


def test_arrays_change_in_place_and_keep_their_dtype(rng):
    for dtype in (np.float32, np.float64):
        w = np.ones(3, dtype)
        params, state = {"w": w}, {}
        for _ in range(2):
            gradient = rng.standard_normal(3).astype(dtype)
            adam_update(params, {"w": gradient}, state)
        assert params["w"] is w
        assert w.dtype == dtype
        assert (w != 1).all()


def test_entries_without_a_gradient_stay_as_they_are():
    params = {"w": np.ones(2), "bn.running_mean": np.ones(2)}
    adam_update(params, {"w": np.ones(2)}, {})
    np.testing.assert_array_equal(params["bn.running_mean"], 1)
    assert (params["w"] != 1).all()


def test_adam_finds_the_minimum_of_a_stretched_bowl():
    params, state, curvature = {"w": np.array([3.0, -2])}, {}, np.array([1.0, 1000])
    for step in range(800):
        grads = {"w": curvature * (params["w"] - 1)}
        adam_update(params, grads, state, lr=0.1 * cosine(step / 800))
    np.testing.assert_allclose(params["w"], 1, atol=1e-3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": 0}, "lr .*0"),
        ({"lr": -0.1}, "lr .*-0.1"),
        ({"lr": math.nan}, "lr .*nan"),
        ({"lr": math.inf}, "lr .*inf"),
        ({"b1": 1}, "b1 .*1"),
        ({"b1": -0.1}, "b1 .*-0.1"),
        ({"b2": 1.0}, "b2 .*1.0"),
        ({"b2": math.nan}, "b2 .*nan"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        adam_update({"w": np.ones(1)}, {"w": np.ones(1)}, {}, **settings)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"v": np.ones(2)}, r"'v'.*no such parameter"),
        ({"b": np.ones(3)}, r"'b'.*\(3,\).*\(2,\)"),
        ({"b": np.ones((2, 1))}, r"'b'.*\(2, 1\).*\(2,\)"),
        ({"b": 1.0}, r"'b'.*\(\).*\(2,\)"),
    ],
)
def test_a_gradient_that_fits_no_parameter_is_refused_before_anything_changes(
    bad, message
):
    params, state = {"w": np.ones(2), "b": np.ones(2)}, {}
    with pytest.raises(ValueError, match=message):
        adam_update(params, {"w": np.ones(2)} | bad, state)
    np.testing.assert_array_equal([params["w"], params["b"]], 1)
    assert state == {}


def test_adam_agrees_with_pytorch(rng):
    torch = pytest.importorskip("torch")
    start, gradients = rng.standard_normal((3, 4)), rng.standard_normal((20, 3, 4))
    params, state, settings = {"w": start.copy()}, {}, {"lr": 0.05, "eps": 1e-3}
    tensor = torch.tensor(start, requires_grad=True)
    theirs = torch.optim.Adam([tensor], betas=(0.8, 0.95), **settings)
    for gradient in gradients:
        adam_update(params, {"w": gradient}, state, b1=0.8, b2=0.95, **settings)
        tensor.grad = torch.tensor(gradient)
        theirs.step()
    np.testing.assert_allclose(params["w"], tensor.detach().numpy(), rtol=1e-10)


def test_the_constant_schedule_stays_1():
    assert {constant(progress) for progress in (0, 0.3, 1)} == {1}


def test_the_cosine_schedule_worked_by_hand():
    assert [cosine(0), cosine(1 / 3), cosine(0.5), cosine(1)] == pytest.approx(
        [1, 0.75, 0.5, 0]
    )


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_cosine_schedule_only_falls(a, b):
    assert 0 <= cosine(max(a, b)) <= cosine(min(a, b)) <= 1
