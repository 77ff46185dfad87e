"""Intervals for an accuracy, comparisons of classifiers, and counts of mistakes."""

from dataclasses import FrozenInstanceError
from math import comb, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.evaluation.comparisons import (
    McNemar,
    mcnemar,
)


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


# ------------------------------------------------------------------------- calibration
