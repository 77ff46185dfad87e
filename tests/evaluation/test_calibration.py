"""Calibration: by hand, against closed forms and a grid, and on simulated answers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.evaluation.calibration import (
    calibration_by_luck,
    expected_calibration_error,
    fit_temperature,
    log_odds,
    reliability,
)
from ch335_helpers.model.ops import cross_entropy, softmax

SEEDS = st.integers(0, 2**32 - 1)


def of_two(confidences):
    """Probabilities of two classes; the answer is class 0, with that confidence."""
    confidences = np.asarray(confidences, float)
    return np.stack([confidences, 1 - confidences], axis=1)


def simulated(rng, n, k=4, scale=2.0):
    """Logits, and labels that are drawn with the probabilities they stand for."""
    logits = scale * rng.standard_normal((n, k))
    shares = softmax(logits).cumsum(axis=1)
    return logits, (rng.random((n, 1)) > shares[:, :-1]).sum(axis=1)


# --------------------------------------------------------------------------- log-odds


def test_log_odds_of_two_classes_are_the_difference_of_their_logits(rng):
    logits, y = simulated(rng, 50, k=2)
    of_true, of_other = np.take_along_axis(logits, np.stack([y, 1 - y], 1), 1).T
    assert log_odds(softmax(logits), y) == pytest.approx(of_true - of_other)


def test_all_other_classes_count_together():
    p = np.array([[0.4, 0.3, 0.2, 0.1]] * 4)
    expected = [math.log(a / (1 - a)) for a in p[0]]
    assert log_odds(p, np.arange(4)) == pytest.approx(expected)


def test_near_certainty_keeps_its_digits():
    # as float64, 1 - 1e-30 is 1, and p / (1 - p) would be infinite
    p = np.array([[1.0, 1e-30], [1.0, 0.0], [0.0, 1.0]])
    found = log_odds(p, np.array([0, 0, 0]))
    assert found == pytest.approx([30 * math.log(10), math.inf, -math.inf])
    assert log_odds(p.astype(np.float32), np.array([0, 0, 0])).dtype == np.float64


@pytest.mark.parametrize(
    ("p", "y", "message"),
    [
        ([0.5, 0.5], [0], r"probabilities must .*N, K.*\(2,\)"),
        ([[1.5, -0.5]], [0], "probabilities must .*0 and 1.*-0.5 to 1.5"),
        ([[math.nan, 0.5]], [0], "probabilities must .*0 and 1.*nan"),
        ([[0.5, 0.5]], [2], "y must .*0 to 1.*2"),
    ],
)
def test_what_has_no_log_odds_is_refused(p, y, message):
    with pytest.raises(ValueError, match=message):
        log_odds(np.array(p), np.array(y))


# --------------------------------------------------------- expected calibration error


def test_an_error_worked_by_hand():
    # at 90 %, three of four are right; at 60 %, none of two: groups of 4/6 and 2/6
    p, y = of_two([0.9] * 4 + [0.6] * 2), np.array([0, 0, 0, 1, 1, 1])
    expected = 4 / 6 * (0.9 - 0.75) + 2 / 6 * 0.6
    assert expected_calibration_error(p, y) == pytest.approx(expected)


def test_answers_of_one_group_are_compared_by_their_means():
    # mean confidence (0.72 + 0.78) / 2 = 0.75, half of them right
    p, y = of_two([0.72, 0.78]), np.array([0, 1])
    assert expected_calibration_error(p, y) == pytest.approx(0.25)
    # apart, one is 0.28 too low and the other 0.78 too high
    assert expected_calibration_error(p, y, 20) == pytest.approx((0.28 + 0.78) / 2)


def test_too_sure_and_not_sure_enough_do_not_cancel_out():
    p = of_two([0.9] * 10 + [0.6] * 10)
    y = np.repeat([0, 1, 0, 1], [6, 4, 9, 1])  # 30 % too sure, and 30 % not enough
    assert expected_calibration_error(p, y) == pytest.approx(0.3)
    assert expected_calibration_error(p, y, n_bins=1) == pytest.approx(0)


def test_groups_that_are_right_as_often_as_they_say_have_no_error():
    p = of_two([0.75] * 4 + [0.6] * 5 + [1.0] * 3)
    y = np.repeat([0, 1, 0, 1, 0], [3, 1, 3, 2, 3])
    error = expected_calibration_error(p, y)
    assert isinstance(error, float) and error == pytest.approx(0)


def test_the_error_is_1_where_all_that_is_certain_is_wrong():
    assert expected_calibration_error(of_two([1.0] * 3), np.ones(3, int)) == 1


@given(SEEDS, st.integers(1, 40), st.integers(2, 5), st.integers(1, 12))
def test_the_error_equals_a_loop_over_groups(seed, n, k, n_bins):
    rng = np.random.default_rng(seed)
    p, y = softmax(2 * rng.standard_normal((n, k))), rng.integers(0, k, n)
    groups = {}
    for row, label in zip(p, y, strict=True):
        group = min(int(max(row) * n_bins), n_bins - 1)
        groups.setdefault(group, []).append(
            (max(row), list(row).index(max(row)) == label)
        )
    distances = [
        len(group)
        * abs(np.mean([c for c, _ in group]) - np.mean([h for _, h in group]))
        for group in groups.values()
    ]
    error = expected_calibration_error(p, y, n_bins)
    assert error == pytest.approx(sum(distances) / n)
    assert 0 <= error <= 1


def test_calibrated_answers_have_a_small_error_and_overconfident_ones_a_large_one(rng):
    logits, y = simulated(rng, 20_000)
    calibrated = expected_calibration_error(softmax(logits), y)
    # luck leaves about 0.5 / √2000 in each of ten groups
    assert 0 < calibrated < 0.02
    for factor in (4, 1 / 4):
        assert expected_calibration_error(softmax(factor * logits), y) > 0.1


@pytest.mark.parametrize(
    ("p", "y", "n_bins", "error", "message"),
    [
        ([0.5, 0.5], [0], 10, ValueError, r"probabilities must .*N, K.*\(2,\)"),
        ([[1.5, -0.5]], [0], 10, ValueError, "probabilities must .*0 and 1"),
        ([[math.nan, 0.5]], [0], 10, ValueError, "probabilities must .*0 and 1"),
        ([[0.5, 0.5]], [2], 10, ValueError, "y must .*0 to 1.*2"),
        ([[0.5, 0.5]], [0, 1], 10, ValueError, r"y must .*\(1\).*\(2,\)"),
        ([[0.5, 0.5]], [0.0], 10, TypeError, "y must .*float64"),
        ([[0.5, 0.5]], [0], 0, ValueError, "n_bins must .*from 1 to 10000, got 0"),
        ([[0.5, 0.5]], [0], 2.5, ValueError, "n_bins must .*2.5"),
    ],
)
def test_what_has_no_error_is_refused(p, y, n_bins, error, message):
    with pytest.raises(error, match=message):
        expected_calibration_error(np.array(p), np.array(y), n_bins)


# ------------------------------------------------------------------------ temperature


@pytest.mark.parametrize("apart", [0.5, 2, 30])
@pytest.mark.parametrize(("right", "wrong"), [(3, 1), (9, 1), (11, 9)])
def test_with_two_classes_the_temperature_has_a_formula(apart, right, wrong):
    # odds of e^(apart / T) to 1 must be those of the answers, right to wrong
    logits = np.tile([apart, 0.0], (right + wrong, 1))
    y = np.repeat([0, 1], [right, wrong])
    expected = apart / math.log(right / wrong)
    assert fit_temperature(logits, y) == pytest.approx(expected)


@pytest.mark.parametrize("row", [[100, 0], [200, 100], [50, 10], [-10, -50]])
def test_without_a_mistake_the_answers_cannot_be_sure_enough(row):
    found = fit_temperature(np.array([row] * 10, float), np.zeros(10, int))
    assert found == pytest.approx(1e-3)


def test_a_shift_of_the_logits_changes_nothing(rng):
    logits, y = simulated(rng, 50)
    shift = 1e6 * rng.standard_normal((50, 1))
    assert fit_temperature(logits + shift, y) == pytest.approx(
        fit_temperature(logits, y)
    )


def test_with_equal_losers_the_temperature_has_a_formula():
    # of k classes: odds of e^(apart / T) to k - 1
    logits, y = np.tile([0.0, 5, 0, 0], (10, 1)), np.array([1] * 7 + [0, 2, 3])
    expected = 5 / math.log(7 / 3 * 3)
    assert fit_temperature(logits, y) == pytest.approx(expected)


def loss(logits, y, temperature):
    return cross_entropy(logits / temperature, y)[0]


@pytest.mark.parametrize("factor", [0.3, 1, 5])
def test_no_temperature_of_a_fine_grid_is_better(factor, rng):
    logits, y = simulated(rng, 200)
    logits = factor * logits
    found = fit_temperature(logits, y)
    grid = np.geomspace(0.05, 50, 4001)  # neighbours are 0.17 % apart
    losses = [loss(logits, y, t) for t in grid]
    assert found == pytest.approx(grid[np.argmin(losses)], rel=0.002)
    assert loss(logits, y, found) <= min(losses) + 1e-12


def test_the_temperature_takes_back_what_made_answers_too_sure(rng):
    logits, y = simulated(rng, 20_000)
    assert fit_temperature(logits, y) == pytest.approx(1, rel=0.03)
    assert fit_temperature(3 * logits, y) == pytest.approx(3, rel=0.03)
    mended = softmax(3 * logits / fit_temperature(3 * logits, y))
    before = expected_calibration_error(softmax(3 * logits), y)
    assert expected_calibration_error(mended, y) < before / 5


@given(SEEDS, st.floats(0.05, 20))
def test_logits_times_a_number_have_the_temperature_times_it(seed, factor):
    logits, y = simulated(np.random.default_rng(seed), 60)
    expected = factor * fit_temperature(logits, y)
    assert fit_temperature(factor * logits, y) == pytest.approx(expected)


@given(SEEDS, st.integers(1, 30), st.integers(2, 5), st.floats(0.1, 10))
def test_the_tempered_loss_is_no_larger(seed, n, k, scale):
    rng = np.random.default_rng(seed)
    logits, y = scale * rng.standard_normal((n, k)), rng.integers(0, k, n)
    found = fit_temperature(logits, y)
    assert loss(logits, y, found) <= loss(logits, y, 1) + 1e-12
    for other in np.clip([0.99 * found, 1.01 * found], 1e-3, 1e3):
        assert loss(logits, y, found) <= loss(logits, y, other) + 1e-12


@given(SEEDS)
def test_a_number_added_to_all_logits_of_an_image_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    logits, y = simulated(rng, 40)
    moved = logits + 10 * rng.standard_normal((40, 1))
    assert fit_temperature(moved, y) == pytest.approx(fit_temperature(logits, y))


def test_the_search_ends_where_all_answers_are_right_or_none_is_better_than_chance(rng):
    logits = rng.standard_normal((20, 3))
    assert fit_temperature(logits, logits.argmax(axis=1)) == pytest.approx(1e-3)
    assert fit_temperature(logits, logits.argmin(axis=1)) == pytest.approx(1e3)


def test_the_logits_stay_and_may_be_whole_numbers_or_float32():
    y = np.array([0, 0, 0, 1])
    for dtype in (np.int64, np.float32):
        logits = np.array([[2, 0]] * 4, dtype)
        temperature = fit_temperature(logits, y)
        assert isinstance(temperature, float)
        assert temperature == pytest.approx(2 / math.log(3))
        np.testing.assert_array_equal(logits, [[2, 0]] * 4)


@pytest.mark.parametrize(
    ("logits", "y", "error", "message"),
    [
        ([1.0, 2.0], [0], ValueError, r"logits must .*N, K.*\(2,\)"),
        (np.zeros((0, 2)), [], ValueError, r"logits must .*\(0, 2\)"),
        ([[0, 1], [math.nan, 0]], [0, 1], ValueError, "logits must be finite.*at 1"),
        ([[math.inf, 0]], [0], ValueError, "logits must be finite.*at 0"),
        ([[1.0, 0]], [2], ValueError, "y must .*0 to 1.*2"),
        ([[1.0, 0]], [-1], ValueError, "y must .*0 to 1.*-1"),
        ([[1.0, 0]], [0, 0], ValueError, r"y must .*\(1\).*\(2,\)"),
        ([[1.0, 0]], [0.0], TypeError, "y must .*float64"),
    ],
)
def test_what_has_no_temperature_is_refused(logits, y, error, message):
    with pytest.raises(error, match=message):
        fit_temperature(np.array(logits), np.array(y))


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


def test_luck_is_what_promises_that_are_kept_get(rng):
    p = rng.dirichlet(np.ones(4), 3000)
    drawn = (p.cumsum(axis=1) < rng.random((3000, 1))).sum(axis=1)
    errors = calibration_by_luck(p, n_draws=200)
    assert errors.min() < expected_calibration_error(p, drawn) < errors.max()
    assert errors.shape == (200,) and len(np.unique(errors)) > 190
    wrong = (drawn + 1) % 4
    assert expected_calibration_error(p, wrong) > 2 * errors.max()
    np.testing.assert_array_equal(errors, calibration_by_luck(p, n_draws=200))


def test_a_class_without_probability_is_never_drawn():
    p = np.array([[0.0, 1.0, 0.0]] * 50)
    assert (calibration_by_luck(p) == 0).all()
