"""Intervals for an accuracy, comparisons of classifiers, and counts of mistakes."""

from dataclasses import FrozenInstanceError
from math import comb, exp, log, pi, sqrt, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.data import class_posterior, make_synthetic_images
from ch335_helpers.evaluation import (
    McNemar,
    confusion_matrix,
    mcnemar,
    mean_interval,
    paired_difference,
    reliability,
    score_entry,
    student_t_quantile,
    wilson_interval,
)
from ch335_helpers.models import ResidualCNN, SimpleCNN
from ch335_helpers.training import evaluate


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
        ((-1, 10), "n_correct .*-1 of 10"),
        ((11, 10), "n_correct .*11 of 10"),
        ((0, 0), "n_images .*0 of 0"),
        ((1, 10, 0), "confidence .*0"),
        ((1, 10, 1), "confidence .*1"),
        ((1, 10, float("nan")), "confidence .*nan"),
    ],
)
def test_counts_and_confidences_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        wilson_interval(*arguments)


def test_a_confusion_matrix_worked_by_hand():
    y, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 2, 2])
    counts = confusion_matrix(y, predicted, 4)
    assert counts.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]
    assert counts.dtype == np.int64


@given(st.integers(1, 6), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_a_confusion_matrix_equals_the_loop(n_classes, n, seed):
    y, predicted = np.random.default_rng(seed).integers(0, n_classes, (2, n))
    expected = [[0] * n_classes for _ in range(n_classes)]
    for i, j in zip(y, predicted, strict=True):
        expected[i][j] += 1
    counts = confusion_matrix(y, predicted, n_classes)
    assert counts.tolist() == expected
    assert np.trace(counts) == (y == predicted).sum()
    assert counts.sum(axis=1).tolist() == np.bincount(y, minlength=n_classes).tolist()


@pytest.mark.parametrize(
    ("y", "predicted", "error", "message"),
    [
        ([0, 3], [0, 1], ValueError, "y .*3"),
        ([0, -1], [0, 1], ValueError, "y .*-1"),
        ([0, 1], [0, 3], ValueError, "predicted .*3"),
        ([0, 1], [-1, 0], ValueError, "predicted .*-1"),
        ([0, 1, 2], [0, 1], ValueError, r"(y|predicted) .*2.*3"),
        ([0, 1], [0, 1, 2], ValueError, r"(y|predicted) .*3.*2"),
        ([0.0, 1.0], [0, 1], TypeError, "y .*float64"),
        ([0, 1], [0.0, 1.0], TypeError, "predicted .*float64"),
        ([0, 1], [[0.9, 0.1], [0.2, 0.8]], ValueError, r"predicted .*\(2, 2\)"),
        ([], [], ValueError, r"(y|predicted) .*\(0,?\)"),
    ],
)
def test_what_is_no_label_is_refused_by_name(y, predicted, error, message):
    with pytest.raises(error, match=message):
        confusion_matrix(np.array(y), np.array(predicted), 3)


@pytest.mark.parametrize(("p", "n"), [(0.98, 1200), (0.5, 30)])
def test_wilsons_interval_holds_where_the_chapter_uses_it(p, n):
    coverage = 0.0
    for k in range(n + 1):
        low, high = wilson_interval(k, n)
        if low <= p <= high:  # by logarithms: comb(1200, 600) is too large for a float
            coverage += exp(log(comb(n, k)) + k * log(p) + (n - k) * log(1 - p))
    assert 0.93 < coverage < 0.975


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
    assert student_t_quantile(p, dof) == pytest.approx(t, abs=1e-7)


@given(st.floats(1e-6, 1 - 1e-6))
def test_quantiles_with_one_and_two_degrees_of_freedom_have_a_formula(p):
    one, two = tan(pi * (p - 0.5)), (2 * p - 1) / sqrt(2 * p * (1 - p))
    assert student_t_quantile(p, 1) == pytest.approx(one, rel=1e-8, abs=1e-12)
    assert student_t_quantile(p, 2) == pytest.approx(two, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("dof", [3, 4, 9, 50])
@pytest.mark.parametrize("p", [0.1, 0.6, 0.99])
def test_the_density_up_to_a_quantile_has_area_p(p, dof):
    def area(end):  # from 0, by the trapezoidal rule
        t = np.linspace(0, end, 20_001)
        return np.trapezoid((1 + t * t / dof) ** (-(dof + 1) / 2), t)

    share = area(student_t_quantile(p, dof)) / (2 * area(2_000))
    assert share == pytest.approx(p - 0.5, abs=1e-4)


@given(st.floats(0.001, 0.999), st.integers(1, 40))
def test_quantiles_mirror_and_more_degrees_of_freedom_bring_them_inwards(p, dof):
    t = student_t_quantile(p, dof)
    assert student_t_quantile(1 - p, dof) == pytest.approx(-t, rel=1e-9, abs=1e-12)
    assert abs(student_t_quantile(p, dof + 1)) <= abs(t)


def test_with_many_degrees_of_freedom_t_is_normal():
    assert student_t_quantile(0.975, 20_000) == pytest.approx(1.959964, abs=2e-4)


@pytest.mark.parametrize(
    ("p", "dof", "message"),
    [
        (0, 3, "p must .*0"),
        (1.0, 3, "p must .*1.0"),
        (float("nan"), 3, "p must .*nan"),
        ("half", 3, "p must .*half"),
        (0.5, 0, "dof must .*0"),
        (0.5, 2.5, "dof must .*2.5"),
    ],
)
def test_no_quantile_without_a_chance_and_degrees_of_freedom(p, dof, message):
    with pytest.raises(ValueError, match=message):
        student_t_quantile(p, dof)


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


def answers(only_a, only_b, both=0, neither=0):
    """Which images a and b got right, from how many of each kind there are."""
    counts = [only_a, only_b, both, neither]
    return (
        np.repeat([True, False, True, False], counts),
        np.repeat([False, True, True, False], counts),
    )


def test_mcnemars_test_worked_by_hand():
    # 2 (C(9, 0) + C(9, 1)) / 2⁹; the images on which both agree play no part in it
    comparison = mcnemar(*answers(only_a=1, only_b=8, both=80, neither=11))
    assert comparison == McNemar(1, 8, -0.07, 0.0390625)
    assert mcnemar(*answers(0, 5)).p_value == 2 / 2**5
    assert mcnemar(*answers(6, 0, both=6)) == McNemar(6, 0, 0.5, 2 / 2**6)
    with pytest.raises(FrozenInstanceError):
        comparison.p_value = 0.0


def test_no_difference_is_no_evidence():
    assert mcnemar(*answers(0, 0, both=7, neither=3)) == McNemar(0, 0, 0.0, 1.0)
    assert mcnemar(*answers(4, 4)).p_value == 1
    assert mcnemar(*answers(5, 4)).p_value == 1


@given(st.integers(0, 200), st.integers(0, 200))
def test_p_is_the_share_of_coin_throws_at_least_as_uneven(only_a, only_b):
    n, apart = only_a + only_b, abs(only_a - only_b)
    ways = sum(comb(n, k) for k in range(n + 1) if abs(n - 2 * k) >= apart)
    comparison = mcnemar(*answers(only_a, only_b, both=1))
    assert comparison.p_value == pytest.approx(ways / 2**n, rel=1e-12)


@given(st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_a_against_b_mirrors_b_against_a(n, seed):
    a, b = np.random.default_rng(seed).random((2, n)) < 0.7
    one, other = mcnemar(a, b), mcnemar(b, a)
    assert other == McNemar(one.only_b, one.only_a, -one.difference, one.p_value)
    assert one.difference == pytest.approx(a.mean() - b.mean())
    assert one.only_a + one.only_b == (a != b).sum()
    assert 0 < one.p_value <= 1
    right_and_wrong_exchanged = mcnemar(~b, ~a)
    assert right_and_wrong_exchanged == one


def test_a_hundred_thousand_differing_images_are_no_trouble():
    # near the normal distribution; the half is the correction for whole numbers
    z = (50_400 - 50_000 - 0.5) / sqrt(100_000 / 4)
    t = np.linspace(z, 10, 100_001)
    normal = 2 * np.trapezoid(np.exp(-t * t / 2), t) / sqrt(2 * pi)
    p = mcnemar(*answers(50_400, 49_600)).p_value
    assert p == pytest.approx(normal, rel=1e-3)
    assert mcnemar(*answers(50_000, 50_000)).p_value == 1
    assert mcnemar(*answers(50_000, 49_999)).p_value == 1
    assert mcnemar(*answers(100_000, 0)).p_value == 0  # less than a float can show


@pytest.mark.parametrize("n", [1, 9, 30, 101])
def test_p_below_a_level_is_never_more_frequent_than_the_level(n):
    ps = [mcnemar(*answers(k, n - k)).p_value for k in range(n + 1)]
    for level in (0.01, 0.05, 0.3):
        assert sum(comb(n, k) for k in range(n + 1) if ps[k] < level) <= level * 2**n


def share_called_different(rng, accuracy_a, accuracy_b):
    """How often p < 0.05, over simulated pairs of classifiers on 600 images.

    Nine images in ten are as hard for a as they are for b.
    """
    luck_a, luck_b = rng.random((2, 2_000, 600))
    luck_b = np.where(rng.random(luck_b.shape) < 0.9, luck_a, luck_b)
    pairs = zip(luck_a < accuracy_a, luck_b < accuracy_b, strict=True)
    return np.mean([mcnemar(a, b).p_value < 0.05 for a, b in pairs])


def test_equally_good_classifiers_are_seldom_called_different(rng):
    sampling_error = 3 * sqrt(0.05 * 0.95 / 2_000)
    assert 0.005 < share_called_different(rng, 0.8, 0.8) < 0.05 + sampling_error


def test_a_clearly_better_classifier_is_nearly_always_found(rng):
    assert share_called_different(rng, 0.9, 0.8) > 0.99


@pytest.mark.parametrize(
    ("a", "b", "error", "message"),
    [
        ([True, False], [True], ValueError, r"correct_b must .*2.*\(1,\)"),
        ([True], [True, False], ValueError, r"correct_b must .*1.*\(2,\)"),
        ([], [], ValueError, r"correct_a must .*\(0,\)"),
        ([[True]], [[True]], ValueError, r"correct_a must .*\(1, 1\)"),
        ([1, 0], [True, False], TypeError, "correct_a must .*int"),
        ([True, False], [0.9, 0.1], TypeError, "correct_b must .*float64"),
    ],
)
def test_what_is_no_right_or_wrong_is_refused_by_name(a, b, error, message):
    with pytest.raises(error, match=message):
        mcnemar(a, b)


def test_an_entry_is_scored_beside_the_ideal_observer_on_the_same_images():
    model = ResidualCNN(width=1)
    params = model.init(np.random.default_rng(0))
    score = score_entry(model, params, noise=0.9, n_images=200, seed=1)
    X, y = make_synthetic_images(20, seed=1, noise=0.9)
    assert score.accuracy == evaluate(model, params, X, y)[1]
    assert score.low < score.accuracy < score.high < score.ceiling
    ideal = class_posterior(X, noise=0.9).argmax(axis=1)
    assert score.ceiling == (ideal == y).mean()


def test_an_entry_with_other_outputs_or_an_odd_number_of_images_is_refused():
    model = SimpleCNN(n_classes=4)
    params = model.init(np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"10 outputs.*4"):
        score_entry(model, params, n_images=10)
    with pytest.raises(ValueError, match=r"n_images .*15"):
        score_entry(model, params, n_images=15)


# ------------------------------------------------------------------------- calibration


def test_reliability_of_four_answers_by_hand():
    probabilities = np.array([[0.95, 0.05], [0.09, 0.91], [0.6, 0.4], [0.44, 0.56]])
    confidence, hit_rate, counts = reliability(probabilities, np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(confidence, [0.56, 0.6, 0.93])
    np.testing.assert_allclose(hit_rate, [1, 1, 0.5])
    assert counts.tolist() == [1, 1, 2]


def test_answers_drawn_from_their_own_probabilities_are_calibrated():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([0.7] * 5, size=40_000)
    y = (rng.random((40_000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    confidence, hit_rate, counts = reliability(probabilities, y.clip(max=4))
    assert counts.sum() == 40_000
    deviation = np.sqrt(confidence * (1 - confidence) / counts)
    assert (abs(hit_rate - confidence) < 4 * deviation).all()


def test_reliability_refuses_what_are_no_probabilities():
    with pytest.raises(ValueError, match="between 0 and 1"):
        reliability(np.array([[1.5, -0.5]]), np.array([0]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        reliability(np.array([[np.nan, 0.5]]), np.array([0]))
    with pytest.raises(ValueError, match="n_bins must be"):
        reliability(np.array([[0.5, 0.5]]), np.array([0]), n_bins=0)
