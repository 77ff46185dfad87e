"""Judges of notebook 9's exercises: experiments."""

import numpy as np

from ..evaluation.intervals import paired_difference
from ..model.ops import log_sum_exp_pool
from . import ELSE, Wrong, call, exercise, match, parts, returned


@exercise("9.1")
def false_alarms(answer):
    n, miss = 20, 0.05
    none = (1 - miss) ** n
    hints = {
        "That is the chance for one interval alone.": miss,
        "Chances add up only if two intervals never miss together. This is how many "
        "misses to expect.": n * miss,
        "That is the chance that none of them misses.": none,
        "That is the chance that all of them miss.": miss**n,
        "That is what each of them may miss, if all are to hold.": miss / n,
        "Give a chance from 0 to 1, not per cent.": 100 * (1 - none),
        "What is the chance that one interval holds? And that all twenty do?": ELSE,
    }
    match(answer, 1 - none, hints, rel=0.01)
    return "So among twenty useless changes, one or another looks like a discovery."


CASES = [
    # gain, spread of a pair, number of comparisons
    (0.03, 0.005, 1), (-0.03, 0.005, 1), (0.0, 0.01, 1), (0.02, 0.02, 20),
    (0.016, 0.012, 20), (-0.016, 0.012, 20), (0.05, 0.005, 20),
    # so near the limit that another formula gives another verdict
    (0.0072, 0.01, 1), (0.0157, 0.01, 20), (-0.0157, 0.01, 20), (0.0086, 0.01, 1),
    (0.0178, 0.01, 20),
]  # fmt: skip


def verdict(new, old, m):
    _, low, high = paired_difference(new, old, 1 - 0.05 / m)
    return "better" if low > 0 else "worse" if high < 0 else "cannot tell"


@exercise("9.2")
def verdict_of_pairs(answer):
    old = np.random.default_rng(9).normal(0.9, 0.05, 6)
    pattern = np.array([1, -1, 0.5, -0.5, 0.25, -0.25])
    for gain, spread, m in CASES:
        new = old + gain + spread * pattern
        said = returned(call(answer, new, old, m))
        if said == verdict(new, old, m):
            continue
        if said not in ("better", "worse", "cannot tell"):
            raise Wrong(
                'The function returns "better", "worse" or "cannot tell"; yours '
                f"returned {said!r}."
            )
        if said == verdict(old, new, m):
            raise Wrong("The sign is turned round: `new` stands first.")
        if said == verdict(new, old, 1):
            raise Wrong(f"With m = {m}, each interval must be wider than with m = 1.")
        raise Wrong(
            f"For a mean gain of {gain} with m = {m} the verdict is wrong. Does the "
            "interval of the paired differences contain 0?"
        )
    return "An interval that contains 0 is no proof that there is no difference."


@exercise("9.3")
def pool_by_log_sum_exp(answer):
    rng = np.random.default_rng(3)
    x, dy = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3))
    right, right_backward = log_sum_exp_pool(x)
    hint = "The function returns two things: y and the function backward."
    y, backward = parts(call(answer, x), 2, hint)
    n_pixels = x[0, 0].size
    hints = {
        "That is the largest score; the others count, too.": x.max(axis=(2, 3)),
        "That is the mean of the scores.": x.mean(axis=(2, 3)),
        "That is the sum of exp; its log is missing.": np.exp(right),
        "That is the log of the mean of exp, not its sum.": right - np.log(n_pixels),
        "Take exp of each score, sum over the pixels of a channel, take the log.": ELSE,
    }
    match(y, right, hints)
    dx, right_dx = call(backward, dy), right_backward(dy)
    dy_of_pixel = dy[:, :, None, None]
    evenly = np.broadcast_to(dy_of_pixel, x.shape) / n_pixels
    hints = {
        "These are the pixels' shares; where is dy?": right_dx / dy_of_pixel,
        "The shares of a channel must sum to 1.": dy_of_pixel * np.exp(x),
        "All pixels get the same. The larger the score, the larger its share.": evenly,
        "Differentiate log(sum of exp(x)) with respect to one x: its exp over the "
        "sum.": ELSE,
    }
    match(dx, right_dx, hints)
    judge_large_scores(answer, x, dy)
    return "The shares are the softmax over the places."


def judge_large_scores(answer, x, dy):
    """Judge the pooling of scores near a thousand, with another offset per channel."""
    x = x + np.array([1000.0, -1000, 0])[:, None, None]
    right, right_backward = log_sum_exp_pool(x)
    with np.errstate(all="ignore"):
        y, backward = call(answer, x)
        dx = call(backward, dy)
    if not (np.isfinite(y).all() and np.isfinite(dx).all()):
        raise Wrong(
            "Right for small scores, but exp fails for scores near 1,000 or -1,000. "
            "Take each channel's largest score off first, forwards and backwards, and "
            "add it again to y at the end."
        )
    hint = "With 1,000 more or less in a channel it is wrong."
    match(y, right, hint)
    match(dx, right_backward(dy), hint)


@exercise("9.4")
def without_the_leak(answer):
    for measured, share in ((0.8, 0.5), (0.91, 0.25), (0.6, 0.0)):
        honest = 1 - share
        not_taken_off = measured / honest
        hints = {
            "The network gets leaked images right more often than others.": measured,
            "Divide by how large the honest part is.": measured - share,
            "The leaked images add right answers: first take them off.": not_taken_off,
            "The leaked images are all right, so they count for more than their "
            "share.": measured * honest,
            "Measured is a mean of two parts: the leaked share is always right, the "
            "rest as often as you want to know.": ELSE,
        }
        found = returned(call(answer, measured, share))
        match(found, (measured - share) / honest, hints)
    return "If half of the test images have leaked, 80 % measured are 60 %."
