"""The exercises of notebook 9."""

import numpy as np
import pytest
from cases import Case, hold

from ch335_helpers import mean_interval, paired_difference
from ch335_helpers.exercises import check


def verdict(new, old, m):
    _, low, high = paired_difference(new, old, 1 - 0.05 / m)
    return "better" if low > 0 else "worse" if high < 0 else "cannot tell"


def by_means(new, old, m):
    return "better" if new.mean() > old.mean() else "worse"


def without_root(new, old, m):
    d = np.asarray(new) - old
    return by_interval(d.mean(), d.std(ddof=1), m)


def of_population(new, old, m):
    d = np.asarray(new) - old
    return by_interval(d.mean(), d.std() / np.sqrt(len(d)), m)


def by_interval(mean, error, m):
    unit = np.array([1, -1, 0.5, -0.5, 0.25, -0.25])  # whose own error is divided out
    _, _, high = mean_interval(unit, 1 - 0.05 / m)
    half = high / (unit.std(ddof=1) / np.sqrt(6)) * error
    low, high = mean - half, mean + half
    return "better" if low > 0 else "worse" if high < 0 else "cannot tell"


def one_sided(new, old, m):
    _, low, high = paired_difference(new, old, 1 - 0.1 / m)
    return "better" if low > 0 else "worse" if high < 0 else "cannot tell"


def at_999(new, old, m):
    _, low, high = paired_difference(new, old, 0.95 if m == 1 else 0.999)
    return "better" if low > 0 else "worse" if high < 0 else "cannot tell"


def by_one_maximum(x):
    e = np.exp(x - x.max())
    total = e.sum(axis=(2, 3), keepdims=True)
    y = (x.max() + np.log(total))[:, :, 0, 0]
    return y, lambda dy: dy[:, :, None, None] * e / total


def pool(x):
    largest = x.max(axis=(2, 3), keepdims=True)
    e = np.exp(x - largest)
    total = e.sum(axis=(2, 3), keepdims=True)
    y = (largest + np.log(total))[:, :, 0, 0]
    return y, lambda dy: dy[:, :, None, None] * e / total


def overflowing(x):
    e = np.exp(x)
    total = e.sum(axis=(2, 3), keepdims=True)
    return np.log(total)[:, :, 0, 0], lambda dy: dy[:, :, None, None] * e / total


def with_y(change):
    return lambda x: (change(x, pool(x)[0]), pool(x)[1])


def with_backward(change):
    return lambda x: (pool(x)[0], lambda dy: change(x, dy, pool(x)[1]))


def clean(measured, share):
    return (measured - share) / (1 - share)


CASES = {
    "9.1": Case(
        right=[1 - 0.95**20, 0.64, np.float32(0.6415)],
        wrong=[
            (0.05, "one interval alone"),
            (1.0, "add up only"),
            (0.95**20, "none of them misses"),
            (0.05**20, "all of them miss"),
            (0.0025, "what each of them may miss"),
            (64.15, "not per cent"),
            (0.5, "that all twenty do"),
        ],
    ),
    "9.2": Case(
        right=[verdict, lambda new, old, m: verdict(list(new), list(old), m)],
        wrong=[
            (lambda new, old, m: None, "returns nothing yet"),
            (lambda new, old, m: True, "yours returned True"),
            (lambda new, old, m: verdict(old, new, m), "turned round"),
            (lambda new, old, m: verdict(new, old, 1), "must be wider"),
            (by_means, "contain 0"),
            ("better", "is a function"),
        ],
    ),
    "9.3": Case(
        right=[pool, lambda x: list(pool(x))],
        wrong=[
            (lambda x: pool(x)[0], "returns two things"),
            (with_y(lambda x, y: x.max(axis=(2, 3))), "largest score; the others"),
            (with_y(lambda x, y: x.mean(axis=(2, 3))), "mean of the scores"),
            (with_y(lambda x, y: np.exp(y)), "its log is missing"),
            (with_y(lambda x, y: y - np.log(20)), "log of the mean"),
            (with_y(lambda x, y: y + 1), "Take exp of each score"),
            (with_y(lambda x, y: x), "shape should be (2, 3)"),
            (with_backward(lambda x, dy, b: b(np.ones_like(dy))), "where is dy"),
            (
                with_backward(lambda x, dy, b: dy[:, :, None, None] * np.exp(x)),
                "sum to 1",
            ),
            (
                with_backward(lambda x, dy, b: 0 * x + dy[:, :, None, None] / 20),
                "All pixels get the same",
            ),
            (with_backward(lambda x, dy, b: -b(dy)), "Differentiate"),
            (overflowing, "exp fails for scores near 1,000"),
        ],
    ),
    "9.4": Case(
        right=[clean],
        wrong=[
            (lambda measured, share: None, "returns nothing yet"),
            (lambda measured, share: measured - share, "how large the honest part"),
            (lambda measured, share: measured / (1 - share), "first take them off"),
            (lambda measured, share: measured * (1 - share), "more than their share"),
            (lambda measured, share: measured, "more often than others"),
            (lambda measured, share: 0.0, "mean of two parts"),
            (0.6, "is a function"),
        ],
    ),
}


def test_right_answers_pass_and_wrong_ones_get_their_own_hint():
    hold(9, CASES)


def test_the_cases_of_the_verdict_hold_every_outcome():
    seen = set()

    def spy(new, old, m):
        seen.add((verdict(new, old, m), m > 1))
        return verdict(new, old, m)

    assert check("9.2", spy)
    outcomes = {outcome for outcome, _ in seen}
    assert outcomes == {"better", "worse", "cannot tell"}


@pytest.mark.parametrize("wrong", [without_root, of_population, one_sided, at_999])
def test_a_formula_that_is_only_nearly_right_gives_a_wrong_verdict(wrong):
    verdict = check("9.2", wrong)
    assert not verdict and "contain 0" in verdict.text


@pytest.mark.parametrize(
    "wrong", [by_one_maximum, lambda x: (pool(x)[0], overflowing(x)[1])]
)
def test_scores_of_a_thousand_must_not_overflow_in_any_channel_or_direction(wrong):
    verdict = check("9.3", wrong)
    assert not verdict and "forwards and backwards" in verdict.text
