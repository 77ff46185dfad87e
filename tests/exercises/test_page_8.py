"""The exercises of notebook 8."""

import math

import numpy as np
from cases import Case, hold


def points(values, mask):
    largest = values == values.max()
    return (largest & mask).sum() / largest.sum()


def any_maximum(values, mask):
    return float((mask & (values == values.max())).any())


def all_maxima(values, mask):
    return float(mask[values == values.max()].all())


def of_the_drawn(values, mask):
    hits = (values == values.max()) & mask
    return hits.sum() / (mask.sum() if hits.sum() < mask.sum() and tied(values) else 1)


def of_all(values, mask):
    hits = (values == values.max()) & mask
    return hits.sum() / (mask.size if tied(values) else 1)


def tied(values):
    return (values == values.max()).sum() > 1


def with_bias(x, w, b, target):
    return w[target] * x + b[target][:, None, None]


def with_shares_of_the_bias(x, w, b, target):
    return w[target] * x + b[target][:, None, None] / x[0].size


CASES = {
    "8.1": Case(
        right=[(1 / 2 + 2 / 3 + 3 / 5) / 3, 0.589, np.float64(53 / 90)],
        wrong=[
            (0.5, "which is chance"),
            (53 / 30, "still to be done"),
            (53 / 180, "number of drawn pixels, not"),
            ((0 + 1 / 2 + 2 / 3 + 1 / 2 + 3 / 5 + 1 / 2) / 6, "not all six"),
            ((1 / 2 + 1 / 3 + 1 / 5) / 3, "two of three"),
            (0.9, "Go down the ranking"),
            ("none", "is a number"),
        ],
    ),
    "8.2": Case(
        right=[points, lambda values, mask: mask[values == values.max()].mean()],
        wrong=[
            (lambda values, mask: None, "returns nothing yet"),
            (lambda values, mask: 0.0, "only maximum on the mask"),
            (lambda values, mask: points(abs(values), mask ^ True), "a sign matters"),
            (lambda values, mask: 1.0 if values[0, 1] == 3 else 0.5, "should get 0"),
            (any_maximum, "one that lies on the mask"),
            (all_maxima, "lies beside the mask"),
            (of_the_drawn, "not by that of drawn pixels"),
            (of_all, "not by that of all pixels"),
            (
                lambda values, mask: 0.7 if tied(values) else points(values, mask),
                "Three pixels share",
            ),
            (0.5, "is a function"),
        ],
    ),
    "8.3": Case(
        right=[
            lambda x, w, b, target: w[target] * x,
            lambda x, w, b, target: np.einsum("nij,nij->nij", x, w[target]),
        ],
        wrong=[
            (lambda x, w, b, target: None, "returns nothing yet"),
            (lambda x, w, b, target: (w[target] * x).sum(axis=(1, 2)), "are sums"),
            (lambda x, w, b, target: w[target], "That is the gradient"),
            (lambda x, w, b, target: abs(w[target]), "That is the saliency"),
            (lambda x, w, b, target: abs(w[target] * x), "Where is the sign"),
            (lambda x, w, b, target: w[target] * x / 2, "does not grow"),
            (with_bias, "belongs to no pixel."),
            (with_shares_of_the_bias, "small parts"),
            (lambda x, w, b, target: w[: len(x)] * x, "its own target"),
            (lambda x, w, b, target: x, "Which gradient"),
            (lambda x, w, b, target: w * x, "ValueError"),
        ],
    ),
    "8.4": Case(
        right=[3 / math.log(4), 2.16, 2.17],
        wrong=[
            (1.5 / math.log(4), "which is 3"),
            (math.log(4) / 3, "Upside down"),
            (0.75, "must be their log"),
            (3 / math.log(0.8), "Use odds"),
            (1 / (1 + math.exp(-3)) / 0.8, "in proportion"),
            (1, "too sure"),
            (5, "exponential of the distance"),
        ],
    ),
    "8.5": Case(
        right=["d", " D "],
        wrong=[
            ("a", "two rows"),
            ("b", "what else"),
            ("c", "all pixels are equal"),
            ("e", "what is possible"),
            ("f", "one of"),
        ],
    ),
}


def test_the_exercises_of_notebook_8_are_judged():
    hold(8, CASES)
