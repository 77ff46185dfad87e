"""Numerical derivatives and the error they are judged by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.gradients.numerical import (
    numerical_gradient,
    relative_error,
    slope_and_kink,
)
from ch335_helpers.model.ops import batch_norm, conv2d, linear


def test_a_numerical_gradient_worked_by_hand():
    x = np.array([[3.0, -1], [0, 2]])
    gradient = numerical_gradient(lambda x: x[0, 0] ** 2 + 5 * x[1, 1], x)
    np.testing.assert_allclose(gradient, [[6, 0], [0, 5]], atol=1e-9)


def test_the_step_may_be_chosen():
    gradient = numerical_gradient(lambda x: x[0] ** 3, np.array([1.0]), h=0.5)
    assert gradient[0] == pytest.approx((1.5**3 - 0.5**3) / 1)


def test_x_is_as_it_was_afterwards(rng):
    x = rng.standard_normal((3, 2))
    kept = x.copy()
    numerical_gradient(lambda x: (x**2).sum(), x)
    np.testing.assert_array_equal(x, kept)


def test_f_is_called_twice_an_entry_with_one_entry_moved():
    seen, x = [], np.array([1.0, 2])
    numerical_gradient(lambda x: seen.append(x.copy()) or 0.0, x, h=0.25)
    np.testing.assert_allclose(seen, [[1.25, 2], [0.75, 2], [1, 2.25], [1, 1.75]])


@given(st.integers(0, 2**32 - 1))
def test_the_numerical_gradient_of_a_quadratic_is_exact(seed):
    rng = np.random.default_rng(seed)
    A, x = rng.standard_normal((4, 4)), rng.standard_normal(4)
    gradient = numerical_gradient(lambda x: x @ A @ x, x)
    assert relative_error(gradient, (A + A.T) @ x) < 1e-8


def test_an_array_in_any_layout_will_do(rng):
    wide = rng.standard_normal((3, 8))
    x = wide[:, ::2].T
    gradient = numerical_gradient(lambda x: (x**3).sum(), x)
    assert gradient.shape == (4, 3)
    assert relative_error(gradient, 3 * x**2) < 1e-7


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_anything_but_float64_is_refused(dtype):
    with pytest.raises(TypeError, match=rf"x .*float64.*{np.dtype(dtype)}"):
        numerical_gradient(np.sum, np.ones(2, dtype))


@pytest.mark.parametrize(
    ("f", "shapes"),
    [
        (lambda x, w, b: conv2d(x, w, b, 2, 1), [(2, 2, 4, 3), (3, 2, 3, 2), (3,)]),
        (linear, [(3, 4), (2, 4), (2,)]),
        (
            lambda x, g, b: batch_norm(x, g, b, np.zeros(2), np.ones(2), train=True),
            [(3, 2, 2, 2), (2,), (2,)],
        ),
    ],
    ids=["conv2d", "linear", "batch_norm"],
)
def test_it_finds_every_entry_of_an_operations_gradient(f, shapes, rng):
    arrays = [rng.standard_normal(shape) for shape in shapes]
    y, backward = f(*arrays)
    dy = rng.standard_normal(y.shape)
    for position, exact in enumerate(backward(dy)):

        def loss(array, position=position):
            moved = [*arrays[:position], array, *arrays[position + 1 :]]
            return (f(*moved)[0] * dy).sum()

        assert relative_error(numerical_gradient(loss, arrays[position]), exact) < 1e-7


def test_a_relative_error_worked_by_hand():
    assert relative_error([1, 2], [1, 2.5]) == pytest.approx(0.5 / 2.5)
    assert relative_error([4, -8], [4, -6]) == pytest.approx(2 / 8)


def test_equal_arrays_have_no_error():
    assert relative_error([1.5, -2], [1.5, -2]) == 0
    assert relative_error([0, 0], [0, 0]) == 0


def test_an_array_of_zeros_is_all_wrong():
    assert relative_error([0, 0], [1e-12, 0]) == 1


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6))
def test_the_relative_error_knows_no_order_and_no_unit(seed, unit):
    a, b = np.random.default_rng(seed).standard_normal((2, 5))
    error = relative_error(a, b)
    assert relative_error(b, a) == error
    assert relative_error(unit * a, unit * b) == pytest.approx(error)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 1])
def test_a_gradient_that_is_not_finite_never_passes_the_check(bad, place):
    wrong = np.array([1.0, 2])
    wrong[place] = bad
    assert not relative_error(wrong, [1.0, 2]) < 1e-6
    assert not relative_error([1.0, 2], wrong) < 1e-6


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("a", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("b", [0.0, 1.0, np.inf, np.nan])
def test_nothing_can_be_said_of_what_is_not_finite(a, b):
    for pair in ([a, 1.0], [b, 1.0]), ([b, 1.0], [a, 1.0]):
        assert np.isnan(relative_error(*pair))


@pytest.mark.filterwarnings("error")
def test_a_difference_beyond_all_floats_is_infinite():
    assert relative_error([1e308], [-1e308]) == np.inf
    assert relative_error([1e308], [1e308]) == 0


def test_the_slope_of_a_square_worked_by_hand():
    slope, kink = slope_and_kink(lambda t: (3 + t) ** 2, h=0.5)
    assert slope == 6
    assert kink == 0


def test_a_kink_at_the_point_itself_worked_by_hand():
    # right slope 1, left slope 0, at both steps: bends 1 and 1, so 1 - 2 is left over
    assert slope_and_kink(lambda t: max(t, 0.0), h=0.5) == (0.5, 1)


@given(st.floats(-0.999, 0.999), st.floats(0.1, 10), st.floats(-10, 10))
def test_a_kink_within_the_step_is_at_least_half_the_error_it_makes(place, jump, slope):
    def loss(t):
        return slope * t + jump * max(t - place, 0.0)

    true = slope + jump * (place < 0)
    found, kink = slope_and_kink(loss, h=1)
    assert kink >= abs(found - true) / 2 - 1e-12
    assert slope_and_kink(loss, h=abs(place) * 0.9 + 1e-3)[1] >= 0


@given(st.integers(0, 2**32 - 1))
def test_a_smooth_curve_has_no_kink(seed):
    a, b, c, d = np.random.default_rng(seed).standard_normal(4)
    slope, kink = slope_and_kink(lambda t: a + b * t + c * t**2 + d * np.sin(t), h=1e-4)
    assert slope == pytest.approx(b + d, abs=1e-7)
    assert kink < 1e-7
