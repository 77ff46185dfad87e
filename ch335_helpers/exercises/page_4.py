"""Judges of notebook 4's exercises: intervals, tests, calibration and flaws."""

import math

import numpy as np

from ..evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability,
)
from ..evaluation.comparisons import mcnemar
from ..evaluation.intervals import wilson_interval
from ..model.ops import softmax
from . import ELSE, call, exercise, match, number, pick, refuse


@exercise("4.1")
def wilson(answer):
    for hits, n in ((8, 10), (90, 100), (0, 20), (30, 30), (1181, 1200)):
        share, q, sides = hits / n, 1.96, np.array([-1, 1])
        right = np.array(wilson_interval(hits, n))
        middle, half, scale = right.mean(), np.ptp(right) / 2, 1 + q * q / n
        familiar = share + sides * q * math.sqrt(share * (1 - share) / n)
        swapped, not_divided = right[::-1], scale * middle + sides * half
        hints = {
            "These are both ends, but in the wrong order: low comes first.": swapped,
            "This is the familiar formula. It gives no width at all when every answer "
            "is right.": familiar,
            "Both ends must still be divided by 1 + q² / N.": scale * right,
            "The denominator divides both parts, the middle and the root.": not_divided,
            "The interval's middle is not the measured accuracy: something is added to "
            "it.": share + sides * half,
            "Give shares from 0 to 1, not per cent.": 100 * right,
            f"With {hits} of {n} right, your ends do not fit the formula. Compute the "
            "middle, the root and the denominator one by one.": ELSE,
        }
        match(call(answer, hits, n), right, hints, rel=1e-4, margin=2e-5)


@exercise("4.2")
def width_with_100_images(answer):
    low, high = wilson_interval(90, 100)
    width, guess = 100 * (high - low), number(answer)
    if abs(guess - width) <= 2:
        return f"It is {width:.1f} points wide, computed with `wilson_interval`."
    to_half = abs(guess - width / 2)
    hints = {
        "Answer in percentage points, from 0 to 100.": 0 < guess < 1,
        "That is about half of it: how far is it from low to high?": to_half <= 1,
        "It is wider. The 1,200 test images gave more than one point, and the width "
        "grows as the root of the number of images falls.": guess < width,
        "It is narrower. Twelve times fewer images make it about √12 times as wide, "
        "and an accuracy near 90 % makes it wider than one near 98 %.": guess > width,
    }
    refuse(hints)


def chance_of_at_most(hits, n):
    """The chance that n throws of a coin show so many heads, or fewer."""
    return sum(math.comb(n, k) for k in range(hits + 1)) / 2**n


@exercise("4.3")
def exact_test(answer):
    for only_a, only_b in ((1, 6), (12, 3), (3, 3), (0, 0), (40, 25)):
        n, fewer, both_wrong = only_a + only_b, min(only_a, only_b), 4
        counts = (only_a, only_b, 50, both_wrong)
        correct_a = np.repeat([True, False, True, False], counts)
        correct_b = np.repeat([False, True, True, False], counts)
        one_side = chance_of_at_most(fewer, n)
        one = 2 * math.comb(n, fewer) / 2**n
        of_all = 2 * chance_of_at_most(fewer + both_wrong, n + 2 * both_wrong)
        hints = {
            "That is the chance of one side alone. An uneven result in favour of the "
            "other classifier would have been as surprising.": one_side,
            f"With {only_a} against {only_b}, your chance is above 1: both sides share "
            "the middle.": 2 * one_side,
            "That counts one division alone. Add all that are at least as uneven.": one,
            "Images that both got wrong say nothing about who is better: leave them "
            "out.": min(1, of_all),
            f"With {only_a} images that only a got right and {only_b} that only b got "
            "right, the chance is a different one. How many coins are thrown, and how "
            "many show the rarer side?": ELSE,
        }
        right = mcnemar(correct_a, correct_b).p_value
        match(call(answer, correct_a, correct_b), right, hints)


def overconfident(seed, temperature, N=3000, K=5):
    """Logits that are calibrated after division by about `temperature`, and labels."""
    rng = np.random.default_rng(seed)
    calibrated = 2 * rng.standard_normal((N, K))
    sums = softmax(calibrated).cumsum(axis=1)
    labels = (rng.random((N, 1)) > sums[:, :-1]).sum(axis=1)
    return temperature * calibrated, labels


@exercise("4.4")
def temperature(answer):
    for seed, scale in ((44, 1.8), (45, 0.6)):
        logits, labels = overconfident(seed, scale)
        right = fit_temperature(logits, labels)
        found = number(call(answer, logits, labels))
        hints = {
            "This is one over the temperature: the logits are divided by it, not "
            "multiplied.": 1 / right,
            "1 leaves everything as it is, and these logits need a change. A "
            "temperature never changes the accuracy, so do not compare that.": 1.0,
            "Another temperature gives a lower cross-entropy on these images. Try "
            "finer steps, and values from 0.5 to 2 at least.": ELSE,
        }
        refuse({"A temperature is above 0.": found <= 0})
        match(found, right, hints, rel=0.025)


@exercise("4.5")
def calibration_error(answer):
    rng = np.random.default_rng(46)
    for _ in range(2):
        logits = 2.5 * rng.standard_normal((800, 4))
        labels = rng.integers(4, size=800)
        known = rng.random(800) < 0.6
        labels[known] = logits[known].argmax(axis=1)
        probabilities = softmax(logits)
        confidence, hit_rate, counts = reliability(probabilities, labels)
        gap = confidence - hit_rate
        right = expected_calibration_error(probabilities, labels)
        signed = (counts * gap).sum() / counts.sum()
        hints = {
            "Here a group of three answers counts as much as one of three hundred: "
            "weigh each by its share of the images.": abs(gap).mean(),
            "Gaps above and below cancel here: take each without its sign.": signed,
            "Hit rate minus confidence can be negative: take its size.": -signed,
            "You weigh by counts. Divide by the number of all images.": 800 * right,
            "That is the largest gap, not their mean.": abs(gap).max(),
            "For each group that is not empty: mean confidence, hit rate, and how many "
            "images. `reliability` returns all three.": ELSE,
        }
        match(call(answer, probabilities, labels), right, hints, rel=1e-3)


@exercise("4.6")
def flaw(answer):
    texts = {
        "a": "Copies are best removed before the split: then none can lie in two "
        "parts.",
        "b": "Numbers that were measured on training images alone carry nothing over "
        "from the others.",
        "c": "Different seeds are a fair choice of candidates. How are they compared?",
        "d": "The winner of forty is judged on the images that chose it, and the "
        "interval does not know of the other thirty-nine.",
        "e": "That is how a difference on the same images is to be judged, and it "
        "claims no more than the test says.",
    }
    return pick(answer, "d", texts)


@exercise("4.7")
def best_of_guessers(answer):
    n, guessers, guess = 50, 100, number(answer)
    right = 100 * sum(1 - chance_of_at_most(h, n) ** guessers for h in range(n)) / n
    if abs(guess - right) <= 3:
        return f"The formula gives {right:.1f} % on average."
    hints = {
        "Answer in per cent, from 0 to 100.": 0 < guess < 1,
        "That is what the winner gets on fresh images. On the images that chose it, it "
        "has been lucky.": abs(guess - 50) < 2,
        "Less: hardly anyone among a hundred is that lucky.": guess > right,
        "More. The number of right answers has a standard deviation of about 3.5 "
        "images, and the luckiest of a hundred is more than two of them above the "
        "mean.": guess < right,
    }
    refuse(hints)
