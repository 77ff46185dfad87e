"""The exercises of notebook 1."""

import numpy as np
from cases import Case, hold

from ch335_helpers import shape_templates


def letter_t(i, j, r, stroke):
    box = np.maximum(abs(i), abs(j)) <= r
    return box & ((i < stroke - r) | (2 * abs(j) < stroke))


def belief(x, t_0, t_1, s):
    exponents = np.array([-((x - t) ** 2).sum() / (2 * s**2) for t in (t_0, t_1)])
    weights = np.exp(exponents - exponents.max())
    return weights[0] / weights.sum()


def belief_by(exponent):
    """A belief from a wrong exponent."""

    def wrong(x, t_0, t_1, s):
        difference = exponent(x, t_1, s) - exponent(x, t_0, s)
        return 1 / (1 + np.exp(difference))

    return wrong


def naive(x, t_0, t_1, s):
    one, other = (np.exp(-((x - t) ** 2).sum() / (2 * s**2)) for t in (t_0, t_1))
    return one / (one + other)


def todo(*arguments): ...


CASES = {
    "1.1": Case(
        right=[len({t.tobytes() for group in shape_templates() for t in group})],
        wrong=[
            (6760, "equal images more than once"),
            (676, "placements of one class"),
            (len(np.unique(shape_templates()[2], axis=0)), "a single class"),
            (1690, "places of the centre only"),
            (5000, "Compare whole images"),
        ],
    ),
    "1.2": Case(
        right=["stays", " Stays"],
        wrong=[("falls", "Your eye"), ("rises", "nothing new"), (3, "one of")],
    ),
    "1.3": Case(
        right=[letter_t],
        wrong=[
            (todo, "returns nothing yet"),
            (lambda *a: letter_t(*a).astype(float), "Booleans"),
            (lambda i, j, r, stroke: letter_t(-i, j, r, stroke), "on its head"),
            (lambda i, j, r, stroke: letter_t(j, i, r, stroke), "on its side"),
            (
                lambda i, j, r, stroke: letter_t(i, j, r, stroke) & (i < stroke - r),
                "upright stroke is missing",
            ),
            (
                lambda i, j, r, stroke: (
                    letter_t(i, j, r, stroke) & (2 * abs(j) < stroke)
                ),
                "stroke on top is missing",
            ),
            (
                lambda i, j, r, stroke: (
                    letter_t(i, j, r, stroke) & (2 * abs(j) < stroke) & (i < stroke - r)
                ),
                "join them",
            ),
            (
                lambda i, j, r, stroke: (i < stroke - r) | (2 * abs(j) < stroke),
                "beyond the box",
            ),
            (lambda i, j, r, stroke: i < 0, "pixels differ"),
        ],
    ),
    "1.4": Case(
        right=[belief],
        wrong=[
            (todo, "returns nothing yet"),
            (lambda x, t_0, t_1, s: belief(x, t_1, t_0, s), "of t_1"),
            (
                belief_by(lambda x, t, s: -((x - t) ** 2).sum() / (2 * s)),
                "enters squared.",
            ),
            (belief_by(lambda x, t, s: -((x - t) ** 2).sum() / s**2), "by twice"),
            (belief_by(lambda x, t, s: (x * t).sum() / s**2), "half of t·t"),
            (
                belief_by(lambda x, t, s: -np.linalg.norm(x - t) / (2 * s**2)),
                "no root",
            ),
            (
                lambda x, t_0, t_1, s: np.exp(-((x - t_0) ** 2).sum() / (2 * s**2)),
                "not a share yet",
            ),
            (naive, "overflows or becomes 0"),
            (lambda x, t_0, t_1, s: 0.3, "Take the density"),
        ],
    ),
    "1.5": Case(
        right=["copy"],
        wrong=[
            ("split", "what it splits"),
            ("chose", "is for"),
            ("opened", "as it should be"),
        ],
    ),
    "1.6": Case(
        right=[0.395],
        wrong=[
            (0.7, "too noisy"),
            (0.2, "bear more"),
            (-0.4, "above 0"),
            (39, "not a percentage"),
        ],
    ),
}


def test_the_exercises_of_notebook_1_judge_answers_as_they_should():
    hold(1, CASES)
