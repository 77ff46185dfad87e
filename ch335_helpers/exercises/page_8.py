"""Judges of notebook 8's exercises: a look inside."""

import math

import numpy as np

from . import Wrong, array, choice, exercise, function, match, number


@exercise("8.1")
def ranking_with_holes(answer):
    places, n = np.array([2, 3, 5]), 6
    so_far = np.arange(1, 4)
    match(
        number(answer),
        (so_far / places).mean(),
        [
            (3 / n, "That is the share of drawn pixels, which is chance."),
            (
                (so_far / places).sum(),
                "The three precisions are right. What is still to be done with them?",
            ),
            (
                (so_far / places).sum() / n,
                "Divide by the number of drawn pixels, not by that of all pixels.",
            ),
            (
                np.mean([0, 1 / 2, 2 / 3, 2 / 4, 3 / 5, 3 / 6]),
                "Only the places of drawn pixels count, not all six.",
            ),
            (
                (1 / places).mean(),
                "At the third place, two of three pixels are drawn, not one.",
            ),
        ],
        "Go down the ranking. At each drawn pixel: how many of the pixels so far, "
        "itself included, are drawn?",
        rel=0.002,
    )


@exercise("8.2")
def points(answer):
    answer = function(answer)
    mask = np.array([[True, True, False], [False, False, False]])
    inside = np.array([[0.5, 9, -1], [2, -3, 0]])
    beside = np.array([[0.5, -9, -1], [2, 3, 0]])
    result = answer(inside.copy(), mask.copy())
    if result is None or result is ...:
        raise Wrong("The function returns nothing yet.")
    if isinstance(result, bool | np.bool_):
        result = float(result)
    if number(result) != 1:
        raise Wrong("A map with its only maximum on the mask should get 1.")
    result = number(float(answer(beside.copy(), mask.copy())))
    if result == 1:
        raise Wrong("The largest value counts, not the largest size: a sign matters.")
    if result != 0:
        raise Wrong("A map with its only maximum beside the mask should get 0.")
    tied = np.array([[7.0, 0, 7], [7, 1, 0]])
    match(
        number(float(answer(tied, mask.copy()))),
        1 / 3,
        [
            (1, "Of several maxima, you take one that lies on the mask."),
            (0, "Of several maxima, you take one that lies beside the mask."),
            (1 / 2, "Divide by the number of maxima, not by that of drawn pixels."),
            (1 / 6, "Divide by the number of maxima, not by that of all pixels."),
        ],
        "Three pixels share the largest value, and one of them is on the mask.",
    )
    return "A map that is the same everywhere gets the share of drawn pixels."


@exercise("8.3")
def explain_linear(answer):
    answer = function(answer)
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((4, 3, 2)), rng.standard_normal((5, 3, 2))
    b, target = rng.standard_normal(5), np.array([4, 0, 2, 2])
    result = answer(x.copy(), w.copy(), b.copy(), target.copy())
    if result is None or result is ...:
        raise Wrong("The function returns nothing yet.")
    if np.shape(result) == (4,):
        raise Wrong("Those are sums. A map has a value for each pixel.")
    maps = w[target] * x
    match(
        array(result, x.shape),
        maps,
        [
            (w[target], "That is the gradient. What does the method do with it?"),
            (abs(w[target]), "That is the saliency."),
            (abs(maps), "The sizes are right. Where is the sign?"),
            (maps / 2, "The gradient does not grow on the way: it is w everywhere."),
            (maps + b[target][:, None, None], "The bias belongs to no pixel."),
            (
                maps + b[target][:, None, None] / 6,
                "The bias belongs to no pixel, not even in small parts.",
            ),
            (w[:4] * x, "Each image has its own target: which row of w is its?"),
        ],
        "Which gradient has the logit of the target, and by what is it multiplied?",
    )
    return "A map's sum is the logit of the image minus the bias."


@exercise("8.4")
def right_temperature(answer):
    apart, odds = 3.0, 4.0  # between the two logits; of a right answer
    match(
        number(answer),
        apart / math.log(odds),
        [
            (
                apart / 2 / math.log(odds),
                "The softmax depends on the distance of the two logits, which is 3.",
            ),
            (math.log(odds) / apart, "Upside down: logits are divided by T."),
            (apart / odds, "The odds are 4 to 1. Which number must be their log?"),
            (apart / math.log(0.8), "That is below 0. Use odds in place of the share."),
            (
                1 / (1 + math.exp(-apart)) / 0.8,
                "Confidence does not go down in proportion to 1 / T.",
            ),
            (1, "At 1 the confidence is 95 %, which is too sure."),
        ],
        "With two classes, the odds of the answer are the exponential of the distance "
        "of the logits. Divide that distance by T.",
        rel=0.01,
    )


@exercise("8.5")
def flaw(answer):
    letter = choice(answer, tuple("abcde"))
    follows = {
        "a": "Look at the table: its two rows say so.",
        "b": "Other weights, other maps: what else could the cause be?",
        "c": "Compare it with the row in which all pixels are equal.",
        "e": "That only says what is possible.",
    }
    if letter in follows:
        raise Wrong(follows[letter])
    return "One control that does well without a network is enough to refute it."
