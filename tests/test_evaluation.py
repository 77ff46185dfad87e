"""Intervals for an accuracy, and counts of mistakes."""

from math import comb, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.evaluation import confusion_matrix, wilson_interval


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
