"""Judges of notebook 4: intervals, tests, calibration and flaws."""

import math

import numpy as np

from ..evaluation.calibration import reliability
from ..evaluation.comparisons import mcnemar
from ..evaluation.intervals import wilson_interval
from ..model.ops import cross_entropy, softmax
from . import Wrong, array, choice, exercise, function, match, number


@exercise("4.1")
def wilson(answer):
    interval = function(answer)
    for hits, n in ((8, 10), (90, 100), (0, 20), (30, 30), (1181, 1200)):
        found = array(interval(hits, n), (2,))
        share, q = hits / n, 1.96
        spread = q * math.sqrt(share * (1 - share) / n)
        inside = q * math.sqrt(share * (1 - share) / n + q * q / (4 * n * n))
        middle, scale = share + q * q / (2 * n), 1 + q * q / n
        right = np.array([middle - inside, middle + inside]) / scale
        match(
            found,
            right,
            [
                (
                    right[::-1],
                    "These are both ends, but in the wrong order: low comes first.",
                ),
                (
                    np.array([share - spread, share + spread]),
                    "This is the familiar formula. It gives no width at all when "
                    "every answer is right.",
                ),
                (right * scale, "Both ends must still be divided by 1 + q² / N."),
                (
                    np.array([middle - inside / scale, middle + inside / scale]),
                    "The denominator divides both parts, the middle and the root.",
                ),
                (
                    np.array([share - inside / scale, share + inside / scale]),
                    "The interval's middle is not the measured accuracy: something "
                    "is added to it.",
                ),
                (
                    100 * right,
                    "Give shares from 0 to 1, not per cent.",
                ),
            ],
            f"With {hits} of {n} right, your ends do not fit the formula. Compute the "
            "middle, the root and the denominator one by one.",
            rel=1e-4,
            margin=2e-5,
        )


@exercise("4.2")
def width_with_100_images(answer):
    low, high = wilson_interval(90, 100)
    width, guess = 100 * (high - low), number(answer)
    if abs(guess - width) <= 2:
        return f"It is {width:.1f} points wide, computed with `wilson_interval`."
    if 0 < guess < 1:
        raise Wrong("Answer in percentage points, from 0 to 100.")
    if abs(guess - width / 2) <= 1:
        raise Wrong("That is about half of it: how far is it from low to high?")
    if guess < width:
        raise Wrong(
            "It is wider. The 1,200 test images gave more than one point, and the "
            "width grows as the root of the number of images falls."
        )
    raise Wrong(
        "It is narrower. Twelve times fewer images make it about √12 times as wide, "
        "and an accuracy near 90 % makes it wider than one near 98 %."
    )


@exercise("4.3")
def exact_test(answer):
    p_value = function(answer)
    for only_a, only_b in ((1, 6), (12, 3), (3, 3), (0, 0), (40, 25)):
        n, fewer = only_a + only_b, min(only_a, only_b)
        correct_a = np.repeat([True, False, True, False], (only_a, only_b, 50, 4))
        correct_b = np.repeat([False, True, True, False], (only_a, only_b, 50, 4))
        found = number(p_value(correct_a.copy(), correct_b.copy()))
        one_side = sum(math.comb(n, r) for r in range(fewer + 1)) / 2**n
        right = mcnemar(correct_a, correct_b).p_value
        wrong_a, wrong_b = int((~correct_a).sum()), int((~correct_b).sum())
        total, least = wrong_a + wrong_b, min(wrong_a, wrong_b)
        of_all = 2 * sum(math.comb(total, r) for r in range(least + 1)) / 2**total
        match(
            found,
            right,
            [
                (
                    one_side,
                    "That is the chance of one side alone. An uneven result in favour "
                    "of the other classifier would have been as surprising.",
                ),
                (
                    2 * one_side,
                    f"With {only_a} against {only_b}, your chance is above 1: both "
                    "sides share the middle.",
                ),
                (
                    2 * math.comb(n, fewer) / 2**n,
                    "That counts one division alone. All that are at least as uneven "
                    "count.",
                ),
                (
                    min(1, of_all),
                    "Images that both got wrong say nothing about who is better: "
                    "leave them out.",
                ),
            ],
            f"With {only_a} images that only a got right and {only_b} that only b got "
            "right, the chance is another one. How many coins are thrown, and how "
            "many show the rarer side?",
        )


def overconfident(seed, temperature, N=3000, K=5):
    """Logits that are calibrated after division by about `temperature`, and labels."""
    rng = np.random.default_rng(seed)
    calibrated = 2 * rng.standard_normal((N, K))
    sums = softmax(calibrated).cumsum(axis=1)
    labels = (rng.random((N, 1)) > sums[:, :-1]).sum(axis=1)
    return temperature * calibrated, labels


def least_loss(logits, labels):
    """The temperature of least cross-entropy, by golden section on its logarithm."""

    def loss(log_temperature):
        return cross_entropy(logits / math.exp(log_temperature), labels)[0]

    low, high, share = math.log(0.1), math.log(10), (math.sqrt(5) - 1) / 2
    while high - low > 1e-3:
        left, right = high - share * (high - low), low + share * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return math.exp((low + high) / 2)


@exercise("4.4")
def temperature(answer):
    choose = function(answer)
    for seed, scale in ((44, 1.8), (45, 0.6)):
        logits, labels = overconfident(seed, scale)
        right = least_loss(logits, labels)
        found = number(choose(logits.copy(), labels.copy()))
        if found <= 0:
            raise Wrong("A temperature is above 0.")
        match(
            found,
            right,
            [
                (
                    1 / right,
                    "This is one over the temperature: the logits are divided by it, "
                    "not multiplied.",
                ),
                (
                    1.0,
                    "1 leaves everything as it is, and these logits need a change. A "
                    "temperature never changes the accuracy, so do not compare that.",
                ),
            ],
            "Another temperature gives a lower cross-entropy on these images. Try "
            "finer steps, and values from 0.5 to 2 at least.",
            rel=0.025,
        )


@exercise("4.5")
def calibration_error(answer):
    ece = function(answer)
    rng = np.random.default_rng(46)
    for _ in range(2):
        logits = 2.5 * rng.standard_normal((800, 4))
        labels = rng.integers(4, size=800)
        known = rng.random(800) < 0.6
        labels[known] = logits[known].argmax(axis=1)
        probabilities = softmax(logits)
        found = number(ece(probabilities.copy(), labels.copy()))
        confidence, hit_rate, counts = reliability(probabilities, labels)
        gap, weight = confidence - hit_rate, counts / counts.sum()
        match(
            found,
            (weight * abs(gap)).sum(),
            [
                (
                    abs(gap).mean(),
                    "Here a group of three answers counts as much as one of three "
                    "hundred: weigh each by its share of the images.",
                ),
                (
                    (weight * gap).sum(),
                    "Gaps above and below cancel here: take each without its sign.",
                ),
                (
                    -(weight * gap).sum(),
                    "Hit rate minus confidence can be negative: take its size.",
                ),
                (
                    (counts * abs(gap)).sum(),
                    "You weigh by counts. Divide by the number of all images.",
                ),
                (abs(gap).max(), "That is the largest gap, not their mean."),
            ],
            "For each group that is not empty: mean confidence, hit rate, and how many "
            "images. `reliability` returns all three.",
            rel=1e-3,
        )


@exercise("4.6")
def flaw(answer):
    word = choice(answer, ("a", "b", "c", "d", "e"))
    if word == "d":
        return (
            "The winner of forty is judged on the images that chose it, and the "
            "interval does not know of the other thirty-nine."
        )
    raise Wrong(
        {
            "a": "Copies are best removed before the split: then none can lie in two "
            "parts.",
            "b": "Numbers that were measured on training images alone carry nothing "
            "over from the others.",
            "c": "Different seeds are a fair choice of candidates. How are they "
            "compared?",
            "e": "That is how a difference on the same images is to be judged, and it "
            "claims no more than the test says.",
        }[word]
    )


@exercise("4.7")
def best_of_guessers(answer):
    n, guessers = 50, 100
    chances = np.array([math.comb(n, hits) / 2**n for hits in range(n)])
    right = 100 * (1 - chances.cumsum() ** guessers).sum() / n
    guess = number(answer)
    if abs(guess - right) <= 3:
        return f"The formula gives {right:.1f} % on average."
    if 0 < guess < 1:
        raise Wrong("Answer in per cent, from 0 to 100.")
    if abs(guess - 50) < 2:
        raise Wrong(
            "That is what the winner gets on fresh images. On the images that chose "
            "it, it has been lucky."
        )
    if guess > right:
        raise Wrong("So lucky is hardly anyone among a hundred: less.")
    raise Wrong(
        "More. The number of right answers has a standard deviation of about "
        "3.5 images, and the luckiest of a hundred is more than two of them above "
        "the mean."
    )
