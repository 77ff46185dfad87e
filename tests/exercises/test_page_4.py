"""The exercises of notebook 4: right answers pass, typical mistakes get their hints."""

from math import comb, sqrt

import numpy as np
from cases import Case, hold

from ch335_helpers import (
    check,
    cross_entropy,
    mcnemar,
    mean_interval,
    reliability,
    wilson_interval,
)


def wilson(hits, n, q=1.96):
    a = hits / n
    root = q * np.sqrt(a * (1 - a) / n + q**2 / (4 * n**2))
    middle, scale = a + q**2 / (2 * n), 1 + q**2 / n
    return (middle - root) / scale, (middle + root) / scale


def shortcut(hits, n):
    half = 1.96 * sqrt(hits / n * (1 - hits / n) / n)
    return hits / n - half, hits / n + half


def not_divided(hits, n):
    low, high = wilson(hits, n)
    return low * (1 + 1.96**2 / n), high * (1 + 1.96**2 / n)


def half_divided(hits, n):
    low, high = wilson(hits, n)
    middle, half = (low + high) / 2 * (1 + 1.96**2 / n), (high - low) / 2
    return middle - half, middle + half


def around_the_accuracy(hits, n):
    low, high = wilson(hits, n)
    return hits / n - (high - low) / 2, hits / n + (high - low) / 2


def p_value(correct_a, correct_b):
    only_a = int((correct_a & ~correct_b).sum())
    only_b = int((correct_b & ~correct_a).sum())
    n, fewer = only_a + only_b, min(only_a, only_b)
    return min(1, 2 * sum(comb(n, r) for r in range(fewer + 1)) / 2**n)


def one_sided(a, b):
    n, fewer = int((a ^ b).sum()), int(min((a & ~b).sum(), (b & ~a).sum()))
    return sum(comb(n, r) for r in range(fewer + 1)) / 2**n


def one_term(a, b):
    n, fewer = int((a ^ b).sum()), int(min((a & ~b).sum(), (b & ~a).sum()))
    return min(1, 2 * comb(n, fewer) / 2**n)


def all_wrong_ones(a, b):
    wrong_a, wrong_b = int((~a).sum()), int((~b).sum())
    n, fewer = wrong_a + wrong_b, min(wrong_a, wrong_b)
    return min(1, 2 * sum(comb(n, r) for r in range(fewer + 1)) / 2**n)


def best_temperature(logits, labels):
    tried = np.geomspace(0.2, 5, 161)
    return tried[np.argmin([cross_entropy(logits / T, labels)[0] for T in tried])]


def calibration_error(probabilities, labels, weigh=True, power=1):
    confidence, hit_rate, counts = reliability(probabilities, labels)
    gap = confidence - hit_rate
    gap = gap if power == 0 else abs(gap)
    return (counts * gap).sum() / counts.sum() if weigh else gap.mean()


CASES = {
    "4.1": Case(
        right=[wilson, lambda hits, n: np.array(wilson_interval(hits, n))],
        wrong=[
            (shortcut, "familiar formula"),
            (not_divided, "divided by 1 + q² / N"),
            (half_divided, "divides both parts"),
            (around_the_accuracy, "is not the measured accuracy"),
            (lambda hits, n: wilson(hits, n)[::-1], "low comes first"),
            (lambda hits, n: 100 * np.array(wilson(hits, n)), "not per cent"),
            (lambda hits, n: wilson(hits, n, q=1), "one by one"),
            (lambda hits, n: wilson(hits, n)[0], "shape should be (2,)"),
            (lambda hits, n: None, "dtype object"),
            (wilson(8, 10), "answer is a function"),
        ],
    ),
    "4.2": Case(
        right=[100 * np.subtract(*wilson_interval(90, 100)[::-1]), 11, 13],
        wrong=[
            (0.12, "percentage points"),
            (6, "half of it"),
            (2, "It is wider"),
            (40, "It is narrower"),
            ("wide", "The answer is a number"),
        ],
    ),
    "4.3": Case(
        right=[p_value, lambda a, b: mcnemar(a, b).p_value],
        wrong=[
            (one_sided, "one side alone"),
            (lambda a, b: 2 * one_sided(a, b), "above 1"),
            (one_term, "one division alone"),
            (all_wrong_ones, "leave them out"),
            (lambda a, b: 0.05, "How many coins"),
            (lambda a, b: None, "of type NoneType"),
        ],
    ),
    "4.4": Case(
        right=[best_temperature],
        wrong=[
            (lambda z, labels: 1 / best_temperature(z, labels), "one over"),
            (lambda z, labels: 1.0, "leaves everything as it is"),
            (lambda z, labels: 5.0, "finer steps"),
            (lambda z, labels: -1, "above 0"),
            (1.8, "answer is a function"),
        ],
    ),
    "4.5": Case(
        right=[calibration_error],
        wrong=[
            (lambda p, y: calibration_error(p, y, weigh=False), "share of the images"),
            (lambda p, y: calibration_error(p, y, power=0), "cancel"),
            (lambda p, y: -calibration_error(p, y, power=0), "take its size"),
            (lambda p, y: len(y) * calibration_error(p, y), "number of all images"),
            (lambda p, y: np.ptp(reliability(p, y)[0]), "For each group"),
            (
                lambda p, y: abs(np.subtract(*reliability(p, y)[:2])).max(),
                "largest gap",
            ),
        ],
    ),
    "4.6": Case(
        right=["d", " D "],
        wrong=[
            ("a", "before the split"),
            ("b", "training images alone"),
            ("c", "candidates"),
            ("e", "no more than the test says"),
            ("f", "one of"),
        ],
    ),
    "4.7": Case(
        right=[
            2 * (50 - sum((sum(comb(50, r) for r in range(hits)) / 2**50) ** 100
                          for hits in range(1, 51))),
            66, 69,
        ],
        wrong=[
            (0.67, "in per cent"),
            (50, "on fresh images"),
            (85, "hardly anyone"),
            (58, "More."),
            ("lucky", "The answer is a number"),
        ],
    ),
}  # fmt: skip


def test_right_answers_pass_and_mistakes_get_their_hints():
    hold(4, CASES)


def test_the_luckiest_of_a_hundred_is_as_lucky_as_in_a_simulation():
    hits = np.random.default_rng(0).binomial(50, 0.5, size=(4000, 100)).max(axis=1)
    mean, low, high = mean_interval(2 * hits, confidence=0.999)
    assert low < CASES["4.7"].right[0] < high and check("4.7", mean)
