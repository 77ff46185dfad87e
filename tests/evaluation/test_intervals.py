"""Intervals: worked by hand, against tables, and by how often they hold the truth."""

from math import comb, exp, log, pi, sqrt, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.evaluation.intervals import (
    _student_t_quantile,
    mean_interval,
    paired_difference,
    paired_differences,
    wilson_interval,
)


def test_an_interval_worked_by_hand():
    # z = 1.959964; middle (0.8 + z²/20) / (1 + z²/10), half z √(0.016 + z²/400) / same
    assert wilson_interval(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-6)


def test_the_ends_are_the_two_roots_of_wilsons_equation():
    z = 1.6448536  # 90 %
    for end in wilson_interval(30, 40, confidence=0.9):
        assert abs(0.75 - end) == pytest.approx(z * sqrt(end * (1 - end) / 40))


def test_an_interval_stays_between_0_and_1_at_the_ends():
    low, high = wilson_interval(0, 20)
    assert low == pytest.approx(0, abs=1e-12)
    assert 0.1 < high < 0.2
    low, high = wilson_interval(20, 20)
    assert 0.8 < low < 0.9
    assert high == pytest.approx(1)


@given(st.data())
def test_an_interval_holds_the_measured_accuracy(data):
    n = data.draw(st.integers(1, 10_000))
    k = data.draw(st.integers(0, n))
    low, high = wilson_interval(k, n, data.draw(st.floats(0.01, 0.999)))
    assert 0 <= low < high <= 1
    assert low - 1e-12 <= k / n <= high + 1e-12


@given(st.data())
def test_right_and_wrong_are_mirror_images(data):
    n = data.draw(st.integers(1, 1000))
    k = data.draw(st.integers(0, n))
    low, high = wilson_interval(k, n)
    assert wilson_interval(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_more_images_narrow_an_interval_and_more_confidence_widens_it():
    def width(*arguments):
        low, high = wilson_interval(*arguments)
        return high - low

    assert width(80, 100) > 1.9 * width(320, 400)
    assert width(80, 100, 0.99) > 1.2 * width(80, 100, 0.95)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_interval_holds_the_truth_about_as_often_as_promised(confidence):
    n, held = 50, []
    intervals = [wilson_interval(k, n, confidence) for k in range(n + 1)]
    for p in np.linspace(0.05, 0.95, 91):
        chances = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
        inside = [low <= p <= high for low, high in intervals]
        held.append(sum(c for c, ok in zip(chances, inside, strict=True) if ok))
    assert np.mean(held) == pytest.approx(confidence, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 10), "n_correct .*10.*-1"),
        ((11, 10), "n_correct .*10.*11"),
        ((0, 0), "n_images .*0"),
        ((1, 10, 0), "confidence .*0"),
        ((1, 10, 1), "confidence .*1"),
        ((1, 10, float("nan")), "confidence .*nan"),
    ],
)
def test_counts_and_confidences_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        wilson_interval(*arguments)


def test_counts_may_be_small_numpy_integers():
    expected = wilson_interval(90_000, 100_000)
    assert wilson_interval(np.int32(90_000), np.int32(100_000)) == expected


@pytest.mark.parametrize(
    ("p", "dof", "t"),
    [
        (0.975, 1, 12.7062047),
        (0.975, 2, 4.30265273),
        (0.975, 3, 3.18244631),
        (0.975, 4, 2.77644511),
        (0.975, 10, 2.22813885),
        (0.975, 30, 2.04227246),
        (0.95, 5, 2.01504837),
        (0.995, 7, 3.49948330),
        (0.5, 6, 0),
    ],
)
def test_quantiles_of_t_are_those_of_the_tables(p, dof, t):
    assert _student_t_quantile(p, dof) == pytest.approx(t, abs=1e-7)


@given(st.floats(1e-6, 1 - 1e-6))
def test_quantiles_with_one_and_two_degrees_of_freedom_have_a_formula(p):
    one, two = tan(pi * (p - 0.5)), (2 * p - 1) / sqrt(2 * p * (1 - p))
    assert _student_t_quantile(p, 1) == pytest.approx(one, rel=1e-8, abs=1e-12)
    assert _student_t_quantile(p, 2) == pytest.approx(two, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("dof", [3, 4, 9, 50])
@pytest.mark.parametrize("p", [0.1, 0.6, 0.99])
def test_the_density_up_to_a_quantile_has_area_p(p, dof):
    def area(end):  # from 0, by the trapezoidal rule
        t = np.linspace(0, end, 20_001)
        return np.trapezoid((1 + t * t / dof) ** (-(dof + 1) / 2), t)

    share = area(_student_t_quantile(p, dof)) / (2 * area(2_000))
    assert share == pytest.approx(p - 0.5, abs=1e-4)


@given(st.floats(0.001, 0.999), st.integers(1, 40))
def test_quantiles_mirror_and_more_degrees_of_freedom_bring_them_inwards(p, dof):
    t = _student_t_quantile(p, dof)
    assert _student_t_quantile(1 - p, dof) == pytest.approx(-t, rel=1e-9, abs=1e-12)
    assert abs(_student_t_quantile(p, dof + 1)) <= abs(t)


def test_with_many_degrees_of_freedom_t_is_normal():
    assert _student_t_quantile(0.975, 20_000) == pytest.approx(1.959964, abs=2e-4)


def test_a_mean_interval_worked_by_hand():
    # mean 3, squared distances 4 + 0 + 4, variance 8 / 2, standard error 2 / √3
    half = 4.30265273 * 2 / sqrt(3)
    expected = (3, 3 - half, 3 + half)
    assert mean_interval([1, 3, 5]) == pytest.approx(expected)
    # two values: half is t times half their distance
    expected = (0.7, 0.7 - 6.31375151 * 0.1, 0.7 + 6.31375151 * 0.1)
    assert mean_interval([0.6, 0.8], confidence=0.9) == pytest.approx(expected)


def test_equal_values_leave_no_width():
    assert mean_interval(np.full(4, 0.75, np.float32)) == (0.75, 0.75, 0.75)


runs = st.lists(st.floats(-100, 100), min_size=2, max_size=8)


@given(runs, st.floats(-100, 100), st.floats(0.01, 0.99))
def test_a_mean_interval_moves_and_mirrors_with_its_values(values, shift, confidence):
    values = np.array(values)
    mean, low, high = mean_interval(values, confidence)
    assert low <= mean <= high
    moved = (mean + shift, low + shift, high + shift)
    assert mean_interval(values + shift, confidence) == pytest.approx(moved, abs=1e-9)
    mirrored = (-mean, -high, -low)
    assert mean_interval(-values, confidence) == pytest.approx(mirrored, abs=1e-9)
    backwards = mean_interval(values[::-1], confidence)
    assert backwards == pytest.approx((mean, low, high), abs=1e-9)


@pytest.mark.parametrize("n", [3, 5])
def test_a_mean_interval_holds_the_true_mean_as_often_as_promised(rng, n):
    simulated = rng.normal(0.95, 0.01, (4_000, n))
    intervals = np.array([mean_interval(values) for values in simulated])
    held = (intervals[:, 1] <= 0.95) & (intervals[:, 2] >= 0.95)
    assert 0.93 < held.mean() < 0.975


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([0.9], ValueError, r"values must .*two.*\[0.9\]"),
        ([], ValueError, r"values must .*\(0,\)"),
        (0.9, ValueError, r"values must .*\(\)"),
        ([[0.9, 0.8]], ValueError, r"values must .*\(1, 2\)"),
        ([0.9, float("nan")], ValueError, "values must .*finite.*nan"),
        ([0.9, float("inf")], ValueError, "values must .*finite.*inf"),
        ([0.9, None], TypeError, "values must .*object"),
        ([0.9, 1j], TypeError, "values must .*complex"),
        ([True, False], TypeError, "values must .*bool"),
    ],
)
def test_what_has_no_mean_interval_is_refused(values, error, message):
    with pytest.raises(error, match=message):
        mean_interval(values)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 95, float("nan"), None])
def test_confidences_out_of_range_are_refused(confidence):
    with pytest.raises(ValueError, match=f"confidence must .*{confidence}"):
        mean_interval([1, 2, 3], confidence)
    with pytest.raises(ValueError, match=f"confidence must .*{confidence}"):
        paired_difference([1, 2, 3], [1, 2, 4], confidence)


def test_a_paired_difference_worked_by_hand():
    # differences 1, 3, 5, as in the example of a mean interval
    half = 4.30265273 * 2 / sqrt(3)
    expected = (3, 3 - half, 3 + half)
    assert paired_difference([11, 23, 35], [10, 20, 30]) == pytest.approx(expected)
    # NumPy's unsigned integers have no -1: they must not be subtracted as they are
    a, b = np.array([1, 2], np.uint8), np.array([2, 3], np.uint8)
    assert paired_difference(a, b) == (-1, -1, -1)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=8))
def test_a_paired_difference_changes_sign_when_its_sides_change(pairs):
    a, b = np.transpose(pairs)
    mean, low, high = paired_difference(a, b)
    assert paired_difference(b, a) == pytest.approx((-mean, -high, -low))
    assert mean == pytest.approx(a.mean() - b.mean(), abs=1e-12)


def test_a_paired_difference_holds_the_truth_whatever_the_seeds_share(rng):
    shared = rng.normal(0.9, 0.05, (4_000, 4))
    a = shared + rng.normal(0.01, 0.01, shared.shape)
    b = shared + rng.normal(0, 0.005, shared.shape)
    intervals = np.array([paired_difference(*pair) for pair in zip(a, b, strict=True)])
    held = (intervals[:, 1] <= 0.01) & (intervals[:, 2] >= 0.01)
    assert 0.93 < held.mean() < 0.975
    width = (intervals[:, 2] - intervals[:, 1]).mean()
    alone = np.array([mean_interval(values) for values in a[:200]])
    assert width < (alone[:, 2] - alone[:, 1]).mean() / 3


@pytest.mark.parametrize(
    ("a", "b", "error", "message"),
    [
        ([1, 2, 3], [1, 2], ValueError, r"b must .*3.*\(2,\)"),
        ([1, 2], [1, 2, 3], ValueError, r"b must .*2.*\(3,\)"),
        ([1], [2], ValueError, "a must .*two"),
        ([1, float("nan")], [1, 2], ValueError, "a must .*nan"),
        ([1, 2], [1, float("inf")], ValueError, "b must .*inf"),
        (["x", "y"], [1, 2], TypeError, "a must .*<U1"),
        ([1, 2], [True, False], TypeError, "b must .*bool"),
    ],
)
def test_what_does_not_pair_is_refused_by_name(a, b, error, message):
    with pytest.raises(error, match=message):
        paired_difference(a, b)


def test_paired_differences_hold_all_their_truths_together(rng):
    truths = {"a": 0.01, "b": 0.0, "c": -0.02, "d": 0.03, "e": 0.0, "f": 0.05}
    alone_missed = together_missed = 0
    n_trials = 1500
    for _ in range(n_trials):
        seeds = rng.normal(0, 0.05, 5)
        runs = {
            name: 0.9 + truth + seeds + rng.normal(0, 0.01, 5)
            for name, truth in ({"baseline": 0.0} | truths).items()
        }
        found = paired_differences(runs, "baseline")
        assert list(found) == list(truths)
        together_missed += any(
            not low <= truths[name] <= high for name, (_, low, high) in found.items()
        )
        alone = {
            name: paired_difference(runs[name], runs["baseline"]) for name in truths
        }
        alone_missed += any(
            not low <= truths[name] <= high for name, (_, low, high) in alone.items()
        )
    # each of the six alone misses in 5 of 100: together they miss far more often
    assert alone_missed / n_trials > 0.12
    assert together_missed / n_trials < 0.05 + 3 * sqrt(0.05 * 0.95 / n_trials)
    assert together_missed / n_trials > 0.01  # and they are not needlessly wide


def test_with_one_way_to_compare_the_joint_interval_is_the_single_one():
    results = {"a": [3, 5, 9], "b": [1, 2, 3]}
    expected = {"b": paired_difference(results["b"], results["a"])}
    assert paired_differences(results, "a") == expected


@pytest.mark.parametrize("results", [{}, {"a": [1, 2]}, {"b": [1, 2], "c": [1, 2]}])
def test_paired_differences_without_a_baseline_or_another_are_refused(results):
    with pytest.raises(ValueError, match="baseline must be one of at least two"):
        paired_differences(results, "a")


def answers(only_a, only_b, both=0, neither=0):
    """Which images a and b got right, from how many of each kind there are."""
    counts = [only_a, only_b, both, neither]
    return (
        np.repeat([True, False, True, False], counts),
        np.repeat([False, True, True, False], counts),
    )


@pytest.mark.parametrize(("p", "n"), [(0.98, 1200), (0.5, 30)])
def test_wilsons_interval_holds_where_the_chapter_uses_it(p, n):
    coverage = 0.0
    for k in range(n + 1):
        low, high = wilson_interval(k, n)
        if low <= p <= high:  # by logarithms: comb(1200, 600) is too large for a float
            coverage += exp(log(comb(n, k)) + k * log(p) + (n - k) * log(1 - p))
    assert 0.93 < coverage < 0.975
