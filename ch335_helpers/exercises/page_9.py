"""Judges of notebook 9's exercises: experiments."""

import numpy as np

from ..evaluation.intervals import paired_difference
from ..model.ops import log_sum_exp_pool
from . import Wrong, array, exercise, function, match, number


@exercise("9.1")
def false_alarms(answer):
    n, miss = 20, 0.05
    match(
        number(answer),
        1 - (1 - miss) ** n,
        [
            (miss, "That is the chance for one interval alone."),
            (
                n * miss,
                "Chances add up only if two intervals never miss together. This is how "
                "many misses to expect.",
            ),
            ((1 - miss) ** n, "That is the chance that none of them misses."),
            (miss**n, "That is the chance that all of them miss."),
            (miss / n, "That is what each of them may miss, if all are to hold."),
            (100 * (1 - (1 - miss) ** n), "Give a chance from 0 to 1, not per cent."),
        ],
        "What is the chance that one interval holds, and then that all twenty do?",
        rel=0.01,
    )
    return "So among twenty useless changes, one or another looks like a discovery."


@exercise("9.2")
def verdict_of_pairs(answer):
    answer = function(answer)
    rng = np.random.default_rng(9)
    shared = rng.normal(0.9, 0.05, 6)
    cases = [
        # gain, spread of a pair, number of comparisons
        (0.03, 0.005, 1), (-0.03, 0.005, 1), (0.0, 0.01, 1), (0.02, 0.02, 20),
        (0.016, 0.012, 20), (-0.016, 0.012, 20), (0.05, 0.005, 20),
        # so near the limit that another formula gives another verdict
        (0.0072, 0.01, 1), (0.0157, 0.01, 20), (-0.0157, 0.01, 20), (0.0086, 0.01, 1),
        (0.0178, 0.01, 20),
    ]  # fmt: skip
    pattern = np.array([1, -1, 0.5, -0.5, 0.25, -0.25])
    for gain, spread, m in cases:
        new = shared + gain + spread * pattern
        said = answer(new.copy(), shared.copy(), m)
        right = _verdict(*paired_difference(new, shared, 1 - 0.05 / m)[1:])
        if said == right:
            continue
        if said is None or said is ...:
            raise Wrong("The function returns nothing yet.")
        if said not in ("better", "worse", "cannot tell"):
            raise Wrong(
                'The function returns "better", "worse" or "cannot tell"; yours '
                f"returned {said!r}."
            )
        swapped = _verdict(*paired_difference(shared, new, 1 - 0.05 / m)[1:])
        if said == swapped:
            raise Wrong("The sign is turned round: `new` stands first.")
        alone = _verdict(*paired_difference(new, shared)[1:])
        if said == alone:
            raise Wrong(f"With m = {m}, each interval must be wider than with m = 1.")
        raise Wrong(
            f"For a mean gain of {gain} with m = {m} the verdict is wrong. Does the "
            "interval of the paired differences contain 0?"
        )
    return "An interval that contains 0 is no proof that there is no difference."


def _verdict(low, high):
    return "better" if low > 0 else "worse" if high < 0 else "cannot tell"


@exercise("9.3")
def pool_by_log_sum_exp(answer):
    answer = function(answer)
    rng = np.random.default_rng(3)
    x, dy = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3))
    right, right_backward = log_sum_exp_pool(x)
    result = answer(x.copy())
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong("The function returns two things: y and the function backward.")
    y, backward = result
    places = x.shape[2] * x.shape[3]
    match(
        array(y, (2, 3)),
        right,
        [
            (x.max(axis=(2, 3)), "That is the largest score; the others count, too."),
            (x.mean(axis=(2, 3)), "That is the mean of the scores."),
            (np.exp(right), "That is the sum of exp; its log is missing."),
            (
                right - np.log(places),
                "That is the log of the mean of exp, not its sum.",
            ),
        ],
        "Take exp of each score, sum over the pixels of a channel, take the log.",
    )
    dx = array(function(backward)(dy.copy()), x.shape)
    shares = np.exp(x - right[:, :, None, None])
    match(
        dx,
        right_backward(dy),
        [
            (shares, "These are the pixels' shares; where is dy?"),
            (
                dy[:, :, None, None] * np.exp(x),
                "The shares of a channel must sum to 1.",
            ),
            (
                np.broadcast_to(dy[:, :, None, None], x.shape) / places,
                "All pixels get the same. The larger the score, the larger its share.",
            ),
        ],
        "Differentiate log(sum of exp(x)) with respect to one x: its exp over the sum.",
    )
    offsets = np.array([1000.0, -1000, 0])[:, None, None]  # one for each channel
    with np.errstate(all="ignore"):
        large, large_backward = answer(x + offsets)
        large_dx = large_backward(dy.copy())
    if not (np.isfinite(large).all() and np.isfinite(large_dx).all()):
        raise Wrong(
            "Right for small scores, but exp fails for scores near 1,000 or -1,000. "
            "Take each channel's largest score off first, forwards and backwards, and "
            "add it again to y at the end."
        )
    far = "With 1,000 more or less in a channel it is wrong."
    match(array(large, (2, 3)), right + offsets[:, 0, 0], otherwise=far)
    match(array(large_dx, x.shape), right_backward(dy), otherwise=far)
    return "The shares are the softmax over the places."


@exercise("9.4")
def without_the_leak(answer):
    answer = function(answer)
    for measured, share in ((0.8, 0.5), (0.91, 0.25), (0.6, 0.0)):
        found = answer(measured, share)
        if found is None or found is ...:
            raise Wrong("The function returns nothing yet.")
        match(
            number(found),
            (measured - share) / (1 - share),
            [
                (measured, "The network gets the leaked images right more often than "
                 "others."),
                (measured - share, "Divide by how large the honest part is."),
                (measured / (1 - share), "The leaked images add right answers: first "
                 "take them off."),
                (measured * (1 - share), "The leaked images are all right, so they "
                 "count for more than their share."),
            ],
            "Measured is a mean of two parts: the leaked share is always right, the "
            "rest as often as you want to know.",
        )  # fmt: skip
    return "If half of the test images have leaked, 80 % measured are 60 %."
