"""The numerical gradient, the error it is judged by, and the check of gradients."""

import math
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers import ResidualCNN, SimpleCNN
from ch335_helpers.gradients.check import (
    GradientReport,
    InputCheck,
    check_gradients,
    error_along,
)
from ch335_helpers.model.layers import BatchNorm
from ch335_helpers.model.network import Chain
from ch335_helpers.model.ops import (
    batch_norm,
    conv2d,
    cross_entropy,
    global_avg_pool,
    linear,
    max_pool,
    relu,
)

# ----------------------------------------------------------------------------- the kink


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


def test_the_six_planted_bugs_of_notebook_6_are_found():
    path = Path(__file__).parents[2] / "book" / "6_gradients.ipynb"
    cells = [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
    marks = ("def check_by_hand", "def suspect_", "suspects = {")
    planted = [c.source for c in cells if any(mark in c.source for mark in marks)]
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


def test_a_gradient_of_the_wrong_shape_is_reported():
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


def test_a_bias_before_batch_norm_has_a_gradient_that_rounding_hides(rng):
    def operation(b, x):
        y, backward = in_training(x + b[:, None, None], np.ones(3), np.zeros(3))

        def backward_to_b(dy):
            dx, _, _ = backward(dy)
            return dx.sum(axis=(0, 2, 3)), dx

        return y, backward_to_b

    report = check_gradients(operation, draw(rng, b=(3,), x=(4, 3, 5, 5)))
    assert "b (3,): cannot be judged: rounding" in str(report)
    assert "x (4, 3, 5, 5): agrees" in str(report)
    assert report.checks[0].hidden == 5 and not report.passed


@pytest.mark.parametrize("factor", [1, 0, -1])
def test_a_huge_value_hides_a_tiny_slope_and_the_report_says_so(factor):
    def operation(x):  # 1e6 + 1e-9 * 0.5 is 1e6 up to rounding
        return 1e6 + 1e-9 * x, lambda dy: factor * 1e-9 * dy

    report = check_gradients(operation, {"x": np.full(3, 0.5)})
    assert not report.passed
    assert np.isnan(report.worst)
    text = r"x \(3,\): cannot be judged: rounding, it hides slopes of ≈ \de-03, the "
    assert re.search(text + r"gradient's length ≈ \d", str(report))


def test_what_rounding_cannot_explain_differs():
    def operation(x):
        return 1e6 + 1e-9 * x, lambda dy: dy

    report = check_gradients(operation, {"x": np.full(3, 0.5)})
    assert not report.passed
    assert "differs" in str(report)


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


AGREES = InputCheck("a", (2,), error=1e-9)
JUST = InputCheck("j", (2,), error=1e-6)
DIFFERS = InputCheck("d", (3, 4), error=0.5, note="not all of it is close")
NOT_FINITE = InputCheck("n", (), error=math.inf, note="not all of it is finite")
KINKS = InputCheck("k", (1,), kinks=5, note="in every direction")
SOME_KINKS = InputCheck("s", (1,), error=1e-8, kinks=2)
NONE = InputCheck("b", (4,))
HIDDEN = InputCheck("h", (2,), hidden=5, note="it hides all")


@pytest.mark.parametrize(
    ("checks", "passed", "worst", "where"),
    [
        ([AGREES], True, 1e-9, "a"),
        ([AGREES, JUST], True, 1e-6, "j"),
        ([AGREES, NONE], True, 1e-9, "a"),
        ([AGREES, SOME_KINKS], True, 1e-8, "s"),
        ([AGREES, DIFFERS], False, 0.5, "d"),
        ([DIFFERS, NOT_FINITE], False, math.inf, "n"),
        ([AGREES, KINKS], False, 1e-9, "a"),
        ([AGREES, HIDDEN], False, 1e-9, "a"),
        ([InputCheck("first", (), 0.5), DIFFERS], False, 0.5, "first"),
    ],
)
def test_all_that_was_returned_must_agree(checks, passed, worst, where):
    report = GradientReport(checks, tolerance=1e-6)
    assert (report.passed, report.worst, report.where) == (passed, worst, where)


@pytest.mark.parametrize("checks", [[], [NONE], [NONE, KINKS]])
def test_what_could_not_be_checked_has_not_passed(checks):
    report = GradientReport(checks, tolerance=1e-6)
    assert not report.passed
    assert math.isnan(report.worst)
    assert report.where is None


def test_each_verdict_has_its_words():
    checks = [JUST, DIFFERS, NOT_FINITE, KINKS, NONE, HIDDEN]
    assert repr(GradientReport(checks, 1e-6)).splitlines() == [
        "not passed",
        "j (2,): agrees, relative error ≈ 1e-06",
        "d (3, 4): differs, not all of it is close, relative error ≈ 5e-01",
        "n (): differs, not all of it is finite, relative error –",
        "k (1,): at a kink, in every direction, relative error –",
        "b (4,): none, relative error –",
        "h (2,): cannot be judged: rounding, it hides all, relative error –",
    ]
    table = GradientReport([JUST], 1e-6)._repr_markdown_().splitlines()
    assert table[0] == "| input | shape | relative error | gradient |"
    assert table[2] == "| j | (2,) | ≈ 1e-06 | agrees |"


# ------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"directions": 0}, "directions must be a whole number from 1 to 1000, got 0"),
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


# ------------------------------------------------------------- one direction, by hand


def along(kinks, monkeypatch):
    """A made-up loss of slope 1: kinks is its kink at each step, noted when asked."""
    asked = []

    def slope_and_kink(loss, h):
        asked.append(h)
        return 1.0, kinks[len(asked) - 1]

    monkeypatch.setattr("ch335_helpers.gradients.check.slope_and_kink", slope_and_kink)
    return asked


@pytest.mark.parametrize(
    ("kinks", "steps", "error"),
    [
        ([0], [1e-3], 0.25),
        ([2e-6], [1e-3], 0.25),  # half the tolerance of the length 4
        ([2.1e-6, 0], [1e-3, 1e-4], 0.25),
        ([9, 9, 2e-6], [1e-3, 1e-4, 1e-5], 0.25),
        ([9, 9, 9], [1e-3, 1e-4, 1e-5], None),
    ],
)
def test_a_kink_makes_it_try_smaller_steps(kinks, steps, error, monkeypatch):
    asked = along(kinks, monkeypatch)
    limits = {"length": 4.0, "step": 1e-3, "tolerance": 1e-6, "rounding": 0.0}
    assert error_along(None, 2.0, **limits) == error
    assert asked == pytest.approx(steps)


def test_only_what_rounding_cannot_explain_is_an_error(monkeypatch):
    limits = {"length": 4.0, "step": 1e-3, "tolerance": 1e-6}
    along([9], monkeypatch)  # rounding is 0.4 of a difference of 1
    assert error_along(None, 2.0, **limits, rounding=4e-4) == pytest.approx(0.15)
    asked = along([9], monkeypatch)  # it explains all
    assert np.isnan(error_along(None, 2.0, **limits, rounding=1.0))
    assert asked == [1e-3]
    asked = along([9, 0], monkeypatch)  # only at the first step it is small enough
    assert error_along(None, 2.0, **limits, rounding=3e-9) is None
    assert len(asked) == 2


def test_directions_at_a_kink_are_counted():
    hinge = np.array([0.0, 0.0, 1.0])  # a kink in the first two entries

    def kinked(x):
        return np.abs(x), lambda dy: dy * np.sign(x)

    report = check_gradients(kinked, {"x": hinge})
    (check,) = report.checks
    assert (check.kinks, check.note) == (5, "in every direction")

    def sometimes(x):  # the kink lies on one side: a direction in two meets it
        y = np.where(x.sum() > 0, x.sum() ** 2 + 1e-4 * x.sum(), x.sum() ** 2)
        return y, lambda dy: dy * np.full(3, 5e-5)

    (check,) = check_gradients(sometimes, {"x": np.zeros(3)}).checks
    assert check.kinks == 5


def test_five_directions_are_tried_by_default(rng):
    calls = []

    def square(x):
        calls.append(x)
        return x * x, lambda dy: 2 * x * dy

    counts = []
    for settings in ({}, {"directions": 5}, {"directions": 1}):
        calls.clear()
        check_gradients(square, {"x": rng.standard_normal(3)}, **settings)
        counts.append(len(calls))
    # once for y, once shuffled; five points for each direction
    assert counts == [2 + 5 * 5, 2 + 5 * 5, 2 + 5]


def test_a_model_is_checked_in_training(rng):
    model = Chain(BatchNorm("bn", 2))
    modes = []

    class Noted(Chain):
        def __call__(self, params, x, train=False):
            modes.append(train)
            return super().__call__(params, x, train)

    noted, x = Noted(*model.parts), rng.standard_normal((3, 2, 2, 2))
    assert check_gradients(noted, noted.init(rng), x=x).passed
    assert set(modes) == {True}
