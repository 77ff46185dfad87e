"""The numerical gradient, the error it is judged by, and the check of gradients."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers import ResidualCNN, SimpleCNN
from ch335_helpers.gradcheck import (
    check_gradients,
    numerical_gradient,
    relative_error,
    slope_and_kink,
)
from ch335_helpers.ops import (
    batch_norm,
    conv2d,
    cross_entropy,
    global_avg_pool,
    linear,
    max_pool,
    relu,
)


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


# ----------------------------------------------------------------------------- the kink


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


# ------------------------------------------------------------- the real operations


def draw(rng, **shapes):
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def in_training(x, gamma, beta):
    channels = len(gamma)
    return batch_norm(x, gamma, beta, np.zeros(channels), np.ones(channels), train=True)


def in_evaluation(x, gamma, beta):
    mean, var = np.linspace(-1, 1, len(gamma)), np.linspace(0.5, 2, len(gamma))
    return batch_norm(x, gamma, beta, mean, var, train=False)


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(*[st.integers(1, 3)] * 3),
    st.tuples(*[st.integers(1, 4)] * 2),
    st.tuples(*[st.integers(4, 7)] * 2),
    st.integers(1, 4),
    st.integers(0, 3),
)
def test_convolutions_of_all_kinds_pass(seed, counts, kernel, image, stride, padding):
    (N, C, F), rng = counts, np.random.default_rng(seed)
    inputs = draw(rng, x=(N, C, *image), w=(F, C, *kernel), b=(F,))
    report = check_gradients(lambda x, w, b: conv2d(x, w, b, stride, padding), inputs)
    assert report.passed, report


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 3))
def test_max_pooling_passes_where_there_is_no_tie(seed, size, stride):
    inputs = draw(np.random.default_rng(seed), x=(2, 2, 6, 5))
    report = check_gradients(lambda x: max_pool(x, size, stride), inputs)
    assert report.passed, report


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(*[st.integers(2, 4)] * 4),
    st.sampled_from([in_training, in_evaluation]),
)
def test_batch_norm_passes(seed, shape, operation):
    C = shape[1]
    inputs = draw(np.random.default_rng(seed), x=shape, gamma=(C,), beta=(C,))
    report = check_gradients(operation, inputs)
    assert report.passed, report


def cross_entropy_operation(logits):
    loss, dlogits = cross_entropy(logits, np.arange(len(logits)) % logits.shape[1])
    return loss, lambda dy: dy * dlogits


@given(st.integers(0, 2**32 - 1), st.tuples(*[st.integers(2, 5)] * 3))
def test_the_other_operations_pass(seed, sizes):
    (N, D, K), rng = sizes, np.random.default_rng(seed)
    for operation, shapes in (
        (linear, {"x": (N, D), "w": (K, D), "b": (K,)}),
        (relu, {"x": (N, D, K)}),
        (global_avg_pool, {"x": (N, D, K, 3)}),
        (cross_entropy_operation, {"logits": (N, K)}),
    ):
        report = check_gradients(operation, draw(rng, **shapes))
        assert report.passed, (operation, report)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("make", [SimpleCNN, ResidualCNN])
def test_both_models_pass(make, labelled, seed):
    rng = np.random.default_rng(seed)
    model = make(n_classes=3)
    x, y = rng.standard_normal((4, 1, 12, 12)), rng.integers(0, 3, 4)
    params = model.init(rng)
    report = check_gradients(model, params, x, y if labelled else None, directions=2)
    assert report.passed, report
    assert 0 < report.worst <= 1e-6
    learnt = [name for name in params if "running" not in name]
    assert [check.name for check in report.checks] == ["x", *learnt]


# ------------------------------------------------------------- what it must notice


def test_the_six_planted_bugs_of_notebook_2_are_found():
    path = Path(__file__).parents[1] / "book" / "2_model.ipynb"
    cells = [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
    planted = [c.source for c in cells if "suspect" in c.source]
    page = {}
    exec("import numpy as np\nfrom ch335_helpers import *", page)
    exec("rng = np.random.default_rng(0)", page)
    for source in planted:
        exec(source, page)
    assert len(page["suspects"]) == 6
    for function, inputs in page["suspects"].items():
        for seed in range(3):
            report = check_gradients(function, inputs, seed=seed)
            assert not report.passed, function
            assert report.worst > 1e-2


@pytest.mark.parametrize("name", ["x", "w", "b"])
def test_one_wrong_entry_is_found_and_named(name, rng):
    inputs = draw(rng, x=(2, 2, 5, 5), w=(3, 2, 3, 3), b=(3,))
    place = {"x": (1, 0, 3, 2), "w": (2, 1, 0, 1), "b": (1,)}[name]

    def wrong(**inputs):
        y, right = conv2d(**inputs)

        def backward(dy):
            gradients = dict(zip(inputs, right(dy), strict=True))
            gradients[name][place] += 0.1 * np.abs(gradients[name]).max()
            return tuple(gradients.values())

        return y, backward

    report = check_gradients(wrong, inputs)
    assert not report.passed
    assert report.where == name
    checks = {check.name: check for check in report.checks}
    assert str([*place]) in checks[name].note
    others = [check for key, check in checks.items() if key != name]
    assert all(check.error < 1e-6 for check in others)


def test_a_buffer_that_two_calls_share_is_found(rng):
    kept = np.empty((3, 4))

    def shares(x):
        kept[...] = x
        return x**2, lambda dy: 2 * kept * dy

    def owns(x):
        kept = x.copy()
        return x**2, lambda dy: 2 * kept * dy

    inputs = draw(rng, x=(3, 4))
    assert check_gradients(owns, inputs).passed
    assert not check_gradients(shares, inputs).passed


@pytest.mark.parametrize("factor", [0, -1, 1.001, 1 + 1e-5, np.nan, np.inf])
def test_a_gradient_that_is_off_by_a_factor_is_found(factor, rng):
    def wrong(x):
        y, backward = relu(x)
        return y, lambda dy: factor * backward(dy)

    report = check_gradients(wrong, draw(rng, x=(4, 5)))
    assert not report.passed
    assert report.where == "x"


def test_the_relative_error_is_that_of_the_planted_factor(rng):
    def wrong(x):
        return x.sum(), lambda dy: dy * np.full(x.shape, 1.5)

    # 1.5 times the gradient g: (1.5 g - g) d over 1.5 |g|, for directions d
    report = check_gradients(wrong, draw(rng, x=(50,)), directions=200)
    assert 1 / 3 < report.worst < 5 / 3


def test_a_gradient_of_the_wrong_shape_is_told():
    def padded(x):
        y, backward = relu(x)
        return y, lambda dy: np.pad(backward(dy), 1)

    report = check_gradients(padded, {"x": np.ones((2, 3))})
    assert not report.passed
    assert report.worst == np.inf
    assert "its shape is (4, 5)" in str(report)


def test_a_kink_in_every_direction_is_no_pass_and_no_error():
    for operation, shape in ((relu, (3,)), (max_pool, (1, 1, 4, 4))):
        report = check_gradients(operation, {"x": np.zeros(shape)})
        assert not report.passed
        assert np.isnan(report.worst)
        assert report.where is None
        assert "at a kink, in every direction" in str(report)


def test_a_kink_near_by_is_stepped_around():
    x = np.array([3e-7, -3e-7, 1.0, -1])  # moved by about 1e-6, they cross 0
    report = check_gradients(relu, {"x": x}, directions=20)
    assert report.passed, report


def test_a_kink_does_not_hide_a_wrong_gradient():
    def wrong(x):
        y, backward = relu(x)
        return y, lambda dy: backward(dy) * 1.1

    x = np.array([3e-7, -3e-7, 1.0, 2])
    report = check_gradients(wrong, {"x": x}, directions=20)
    assert not report.passed
    assert report.worst > 1e-2


def test_a_bias_before_batch_norm_has_gradient_0_up_to_rounding(rng):
    def operation(b, x):
        y, backward = in_training(x + b[:, None, None], np.ones(3), np.zeros(3))

        def backward_to_b(dy):
            dx, _, _ = backward(dy)
            return dx.sum(axis=(0, 2, 3)), dx

        return y, backward_to_b

    report = check_gradients(operation, draw(rng, b=(3,), x=(4, 3, 5, 5)))
    assert report.passed, report


def test_a_gradient_hidden_by_rounding_counts_as_0():
    def operation(factor):  # 5 + 1e-13 * 0.5 is 5 up to rounding
        return lambda x: (5 + 1e-13 * x, lambda dy: factor * 1e-13 * dy)

    for factor in (1, 0, -1):
        assert check_gradients(operation(factor), {"x": np.full(3, 0.5)}).passed
    assert not check_gradients(operation(1e8), {"x": np.full(3, 0.5)}).passed


# ------------------------------------------------------------- what it leaves in peace


def test_the_inputs_and_the_running_averages_stay_as_they_were(rng):
    model = ResidualCNN(n_classes=3, width=2)
    params = model.init(rng)
    x, y = rng.standard_normal((3, 1, 8, 8)), np.array([0, 1, 2])
    before = {name: value.copy() for name, value in params.items()}, x.copy()
    check_gradients(model, params, x, y, directions=1)
    np.testing.assert_array_equal(x, before[1])
    for name, value in params.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, before[0][name])


def test_float32_inputs_are_checked_in_float64(rng):
    seen = []

    def watched(x):
        seen.append(x.dtype)
        return relu(x)

    x = rng.standard_normal((3, 4)).astype(np.float32)
    assert check_gradients(watched, {"x": x}).worst < 1e-8
    assert set(seen) == {np.dtype(np.float64)}


def test_the_upstream_gradient_is_random(rng):
    seen = []

    def watched(x):
        y, backward = relu(x)
        return y, lambda dy: seen.append(dy) or backward(dy)

    for seed in (0, 1):
        check_gradients(watched, draw(rng, x=(3, 4)), seed=seed)
    assert len(seen) == 2
    assert not np.array_equal(*seen)
    assert all(len(np.unique(dy)) == dy.size for dy in seen)


def test_a_gradient_that_is_not_computed_is_listed(rng):
    def operation(x, w):
        y, backward = conv2d(x, w)
        return y, lambda dy: (None, backward(dy)[1])

    report = check_gradients(operation, draw(rng, x=(1, 2, 4, 4), w=(2, 2, 3, 3)))
    assert report.passed
    assert [check.name for check in report.checks] == ["x", "w"]
    assert np.isnan(report.checks[0].error)
    assert "x (1, 2, 4, 4): none" in str(report)


def test_a_convolution_without_a_bias_can_be_given_as_it_is(rng):
    inputs = draw(rng, x=(1, 2, 4, 4), w=(2, 2, 3, 3))
    assert check_gradients(conv2d, inputs).passed


def test_no_gradient_at_all_is_no_pass():
    report = check_gradients(lambda x: (x, lambda dy: None), {"x": np.ones(2)})
    assert not report.passed


# ------------------------------------------------------------- the report


def test_the_report_is_a_table_and_a_text(rng):
    report = check_gradients(linear, draw(rng, x=(3, 4), w=(2, 4), b=(2,)))
    lines = report._repr_markdown_().splitlines()
    assert len(lines) == 2 + 3
    assert all("agrees" in line and "≈" in line for line in lines[2:])
    text = repr(report).splitlines()
    assert text[0] == "passed"
    assert text[1].startswith("x (3, 4): agrees, relative error ≈ ")
    assert report.where in "xwb"
    assert report.worst == max(check.error for check in report.checks)


# ------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"directions": 0}, "directions must be a whole number of at least 1, got 0"),
        ({"step": 0}, "step must be a finite number above 0, got 0"),
        ({"tolerance": np.nan}, "tolerance must be a finite number above 0, got nan"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        check_gradients(relu, {"x": np.ones(3)}, **change)


def test_missing_and_surplus_gradients_are_refused(rng):
    inputs = draw(rng, x=(3, 4), w=(2, 4), b=(2,))
    with pytest.raises(ValueError, match="gradient for each of x, w, b, c; got 3"):
        check_gradients(lambda c, **rest: linear(**rest), inputs | {"c": np.ones(2)})
    with pytest.raises(ValueError, match="gradient for each of x; got 2"):
        check_gradients(lambda x: (x, lambda dy: (dy, dy)), {"x": np.ones(2)})


def test_a_model_needs_an_input(rng):
    model = SimpleCNN()
    with pytest.raises(ValueError, match="x must be given with a model"):
        check_gradients(model, model.init(rng))
