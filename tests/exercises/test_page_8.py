"""The exercises of notebook 8."""

import math

import numpy as np
from cases import Case, hold

from ch335_helpers.exercises import check


def on_the_mask(values, mask):
    largest = values == values.max()
    return (largest & mask).sum() / largest.sum()


def at_first_maximum(values, mask):
    return mask.ravel()[values.argmax()]


def weight_times_pixel(x, w, b, target):
    return w[target] * x


def changed(change):
    """The right maps with a mistake: change(maps, w of the target, b of the target)."""

    def explain(x, w, b, target):
        bias = b[target][:, None, None]
        return change(weight_times_pixel(x, w, b, target), w[target], bias)

    return explain


def that_changes_the_mask(values, mask):
    best = values == values.max()
    mask &= best
    return mask.sum() / best.sum()


CASES = {
    "8.1": Case(
        right=[(np.array([1, 2, 3]) / [2, 3, 5]).mean(), 0.589, np.float32(53 / 90)],
        wrong=[
            (0.5, "which is chance"),
            (53 / 30, "still to be done"),
            (53 / 180, "not by that of all pixels"),
            (np.mean([0, 1 / 2, 2 / 3, 2 / 4, 3 / 5, 3 / 6]), "not all six"),
            ((1 / 2 + 1 / 3 + 1 / 5) / 3, "not one"),
            (0.9, "Go down the ranking"),
            ("2, 3, 5", "The answer is a number"),
        ],
    ),
    "8.2": Case(
        right=[
            on_the_mask,
            lambda values, mask: mask[values == values.max()].mean(),
            that_changes_the_mask,
        ],
        wrong=[
            (lambda values, mask: None, "returns nothing yet"),
            (lambda values, mask: 0, "only maximum on the mask should get 1"),
            (lambda values, mask: 1, "a sign matters"),
            (
                lambda values, mask: 1 if values.max() == 9 else 0.5,
                "beside the mask sh",
            ),
            (lambda values, mask: values.max() in values[mask], "one that lies on"),
            (
                lambda values, mask: values.max() not in values[~mask],
                "one that lies beside",
            ),
            (
                lambda values, mask: (
                    (mask & (values == values.max())).sum()
                    / min(mask.sum(), (values == values.max()).sum())
                ),
                "not by that of drawn pixels",
            ),
            (
                lambda values, mask: (
                    on_the_mask(values, mask)
                    / (1 if (values == values.max()).sum() == 1 else 2)
                ),
                "not by that of all pixels",
            ),
            (lambda values, mask: on_the_mask(values, mask) ** 2, "Three pixels share"),
            (1.0, "is a function"),
        ],
    ),
    "8.3": Case(
        right=[
            weight_times_pixel,
            lambda x, w, b, target: list(w[list(target)] * x),
        ],
        wrong=[
            (lambda x, w, b, target: None, "returns nothing yet"),
            (changed(lambda maps, w, b: maps.sum(axis=(1, 2))), "Those are sums"),
            (changed(lambda maps, w, b: w), "That is the gradient"),
            (changed(lambda maps, w, b: abs(w)), "That is the saliency"),
            (changed(lambda maps, w, b: abs(maps)), "Where is the sign"),
            (changed(lambda maps, w, b: maps / 2), "does not grow on the way"),
            (changed(lambda maps, w, b: maps + b), "The bias belongs to no pixel."),
            (changed(lambda maps, w, b: maps + b / 6), "not even in small parts"),
            (lambda x, w, b, target: w[: len(x)] * x, "which row of w"),
            (changed(lambda maps, w, b: -maps), "gradient of the target's logit"),
            (changed(lambda maps, w, b: maps[:, None]), "The shape should be"),
            (np.zeros((4, 3, 2)), "is a function"),
        ],
    ),
    "8.4": Case(
        right=[3 / np.log(4), 2.16, 2.18, np.array([2.164])],
        wrong=[
            (1.5 / math.log(4), "distance of the two logits, which is 3"),
            (math.log(4) / 3, "Upside down"),
            (3 / 4, "Which number must be their log"),
            (3 / math.log(0.8), "That is below 0"),
            (1 / (1 + math.exp(-3)) / 0.8, "in proportion"),
            (1, "which is too sure"),
            (2.3, "Divide that distance by T"),
        ],
    ),
    "8.5": Case(
        right=["d", " D "],
        wrong=[
            ("a", "its two rows say so"),
            ("b", "what else could the cause be"),
            ("c", "all pixels are equal"),
            ("e", "what is possible"),
            ("f", "one of 'a', 'b'"),
            (4, "yours is 4"),
        ],
    ),
}


def test_right_answers_pass_and_wrong_ones_get_their_own_hint():
    hold(8, CASES)


def test_a_function_that_takes_one_maximum_gets_a_hint_about_ties():
    # the first of the three maxima lies on the mask, the last one beside it
    first = check("8.2", at_first_maximum)
    assert not first and "one that lies on the mask" in first.text
    last = check("8.2", lambda v, m: at_first_maximum(v[::-1, ::-1], m[::-1, ::-1]))
    assert not last and "one that lies beside the mask" in last.text


def test_a_function_that_takes_the_largest_size_gets_its_hint():
    verdict = check("8.2", lambda values, mask: on_the_mask(abs(values), mask))
    assert not verdict and "a sign matters" in verdict.text
