"""Judges of notebook 8's exercises: a look inside."""

import math

import numpy as np

from . import ELSE, Wrong, call, exercise, match, number, pick, returned


@exercise("8.1")
def ranking_with_holes(answer):
    places, so_far = np.array([2, 3, 5]), np.array([1, 2, 3])
    total, n = (so_far / places).sum(), 6
    by_all, one_each = total / n, (1 / places).mean()
    everywhere = np.mean([0, 1 / 2, 2 / 3, 2 / 4, 3 / 5, 3 / 6])
    hints = {
        "That is the share of drawn pixels, which is chance.": 3 / n,
        "The three precisions are right. What is still to be done with them?": total,
        "Divide by the number of drawn pixels, not by that of all pixels.": by_all,
        "Only the places of drawn pixels count, not all six.": everywhere,
        "At the third place, two of three pixels are drawn, not one.": one_each,
        "Go down the ranking. At each drawn pixel: how many of the pixels so far, "
        "itself included, are drawn?": ELSE,
    }
    match(answer, total / 3, hints, rel=0.002)


@exercise("8.2")
def points(answer):
    mask = np.array([[True, True, False], [False, False, False]])

    def score(*rows):
        result = returned(call(answer, np.array(rows), mask))
        return number(float(result) if isinstance(result, bool | np.bool_) else result)

    if score([0.5, 9, -1], [2, -3, 0]) != 1:
        raise Wrong("A map with its only maximum on the mask should get 1.")
    beside = score([0.5, -9, -1], [2, 3, 0])
    if beside == 1:
        raise Wrong("The largest value counts, not the largest size: a sign matters.")
    if beside != 0:
        raise Wrong("A map with its only maximum beside the mask should get 0.")
    hints = {
        "Of several maxima, you take one that lies on the mask.": 1,
        "Of several maxima, you take one that lies beside the mask.": 0,
        "Divide by the number of maxima, not by that of drawn pixels.": 1 / 2,
        "Divide by the number of maxima, not by that of all pixels.": 1 / 6,
        "Three pixels share the largest value, and one of them is on the mask.": ELSE,
    }
    match(score([7.0, 0, 7], [7, 1, 0]), 1 / 3, hints)
    return "A map that is the same everywhere gets the share of drawn pixels."


@exercise("8.3")
def explain_linear(answer):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((4, 3, 2)), rng.standard_normal((5, 3, 2))
    b, target = rng.standard_normal(5), np.array([4, 0, 2, 2])
    gradient, bias = w[target], b[target][:, None, None]
    maps = gradient * x
    hints = {
        "Those are sums. A map has a value for each pixel.": (4,),
        "That is the gradient. What does the method do with it?": gradient,
        "That is the saliency.": abs(gradient),
        "The sizes are right. Where is the sign?": abs(maps),
        "The gradient does not grow on the way: it is w everywhere.": maps / 2,
        "The bias belongs to no pixel.": maps + bias,
        "The bias belongs to no pixel, not even in small parts.": maps + bias / 6,
        "Each image has its own target: which row of w belongs to it?": w[:4] * x,
        "What is the gradient of the target's logit, and what multiplies it?": ELSE,
    }
    match(returned(call(answer, x, w, b, target)), maps, hints)
    return "A map's sum is the logit of the image minus the bias."


@exercise("8.4")
def right_temperature(answer):
    apart, odds = 3.0, 4.0  # between the two logits; of a right answer
    right = apart / math.log(odds)
    by_share, in_proportion = apart / math.log(0.8), 1 / (1 + math.exp(-apart)) / 0.8
    hints = {
        "The softmax depends on the distance of the two logits, which is 3.": right / 2,
        "Upside down: logits are divided by T.": 1 / right,
        "The odds are 4 to 1. Which number must be their log?": apart / odds,
        "That is below 0. Use odds in place of the share.": by_share,
        "Confidence does not go down in proportion to 1 / T.": in_proportion,
        "At 1 the confidence is 95 %, which is too sure.": 1,
        "With two classes, the odds of the answer are the exponential of the distance "
        "of the logits. Divide that distance by T.": ELSE,
    }
    match(answer, right, hints, rel=0.01)


@exercise("8.5")
def flaw(answer):
    texts = {
        "a": "Look at the table: its two rows say so.",
        "b": "Other weights, other maps: what else could the cause be?",
        "c": "Compare it with the row in which all pixels are equal.",
        "d": "One control that does well without a network is enough to refute it.",
        "e": "That only says what is possible.",
    }
    return pick(answer, "d", texts)
