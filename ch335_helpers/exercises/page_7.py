"""Judges of notebook 7's exercises: speed."""

import sys

import numpy as np

from ..model.ops import EPS, conv2d
from . import Wrong, array, exercise, function, match, number


@exercise("7.1")
def products_a_byte(answer):
    C, F, size = 16, 32, 4  # channels in and out, bytes of a float32
    read, written, products = size * C, size * F, C * F  # of one pixel
    match(
        number(answer),
        products / (read + written),
        [
            (products / (C + F), "You counted numbers; each of them has four bytes."),
            (products / read, "The result has to be written to memory, too."),
            (products / written, "The images have to be read from memory, too."),
            (
                2 * products / (read + written),
                "You counted the additions as well; here only products count.",
            ),
            (
                9 * products / (read + written),
                "That would be a 3 × 3 convolution. Here a window is one pixel.",
            ),
            (
                (read + written) / products,
                "Those are the bytes for each product; the question is the other way.",
            ),
        ],
        "Look at one pixel: how many numbers are read, how many written, and how many "
        "products make the written ones from the read ones?",
        rel=0.01,
    )


def _calls(answer, *arguments):
    """Run a function; return its result and how much Python did on the way."""
    events, previous = 0, sys.gettrace()

    def trace(frame, event, argument):
        nonlocal events
        frame.f_trace_opcodes = True  # a loop in one line counts each turn, too
        events += 1
        if frame.f_code is conv2d.__code__:
            raise Wrong("That is the helper's own `conv2d`. Write yours without it.")
        return trace

    sys.settrace(trace)
    try:
        result = answer(*arguments)
    finally:
        sys.settrace(previous)
    return result, events


@exercise("7.2")
def fast_strided(answer):
    answer = function(answer)
    rng = np.random.default_rng(0)
    w = rng.standard_normal((4, 3, 3, 2))
    steps = []
    for N, H, W, stride in ((2, 11, 8, 2), (2, 11, 12, 3), (6, 20, 24, 3)):
        x = rng.standard_normal((N, 3, H, W))
        right, _ = conv2d(x, w, stride=stride)
        y, n_events = _calls(answer, x.copy(), w.copy(), stride)
        if y is None or y is ...:
            raise Wrong("The function returns nothing yet.")
        dense, _ = conv2d(x, w)
        turned, _ = conv2d(x, w[:, :, ::-1, ::-1], stride=stride)
        if np.shape(y) == dense.shape:
            raise Wrong("There is an output for every place: where is the stride?")
        if np.shape(y) == right.transpose(0, 2, 3, 1).shape:
            raise Wrong("The axes should be (N, F, Ho, Wo): the channels stand last.")
        match(
            array(y, right.shape),
            right,
            [(turned, "The filter is turned round. Lay it on as it is.")],
            "The shape is right, the values are not. Do the numbers of a window and "
            "those of a filter stand in the same order before the product?",
        )
        steps.append(n_events)
    if steps[2] > 1.5 * steps[1]:
        raise Wrong(
            "The values are right, but with more images and pixels Python has more to "
            "do: there is still a loop over them."
        )
    return "The work of Python does not grow with the images."


@exercise("7.3")
def take_away(answer):
    answer = function(answer)
    rng = np.random.default_rng(1)
    part, rest = rng.standard_normal((40, 3)) + 2, rng.standard_normal((60, 3)) * 1.5
    whole = np.concatenate([part, rest])

    def triple(values):
        return len(values), values.mean(axis=0), values.var(axis=0)

    (M, mean, var), (M_part, mean_part, var_part) = triple(whole), triple(part)
    result = answer(triple(whole), triple(part))
    if not isinstance(result, tuple | list) or len(result) != 3:
        raise Wrong("The function returns three things: count, mean and variance.")
    n, right_mean, right_var = triple(rest)
    match(
        number(result[0]),
        n,
        otherwise="The count: how many values are left when the part is gone?",
    )
    match(
        array(result[1], (3,)),
        right_mean,
        [
            (mean - mean_part, "Means cannot be subtracted; sums can."),
            (
                (M * mean - M_part * mean_part) / M,
                "The sum of the rest is right. By how many values must it be divided?",
            ),
        ],
        "The mean: what is the sum of the whole, what that of the part?",
    )
    within = (M * var - M_part * var_part) / n
    to_whole = within - M_part * (mean_part - mean) ** 2 / n
    match(
        array(result[2], (3,)),
        right_var,
        [
            (var - var_part, "Variances cannot be subtracted; sums of squares can."),
            (within, "The gaps between the means are missing in the variance."),
            (
                to_whole,
                "One of the two gaps is missing: the rest has a mean of its own, too.",
            ),
            (
                right_var * n / (n - 1),
                "Divide by the count of the rest, not by one less.",
            ),
        ],
        "The variance: solve the formula for the Q of the part that is left.",
    )
    return "Put the part back with `joint_moments`, and you have the whole again."


@exercise("7.4")
def fold_it(answer):
    answer = function(answer)
    rng = np.random.default_rng(2)
    w, (gamma, beta, mean) = rng.normal(size=(4, 3, 2, 2)), rng.normal(size=(3, 4))
    var = rng.uniform(1e-5, 1e-4, 4)  # so small that epsilon shows
    result = answer(*(value.copy() for value in (w, gamma, beta, mean, var)))
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong("The function returns two things: the filters and the bias.")
    scale, blind = gamma / np.sqrt(var + EPS), gamma / np.sqrt(var)

    def filters(factor):
        return w * factor[:, None, None, None]

    match(
        array(result[0], w.shape),
        filters(scale),
        [
            (filters(blind), "ε is missing, or stands outside the root."),
            (filters(gamma / (np.sqrt(var) + EPS)), "ε belongs under the root."),
            (filters(gamma / (var + EPS)), "Divide by the root of the variance."),
            (filters(gamma), "Batch normalisation divides, too."),
            (w, "The filters are as they were: who multiplies now?"),
        ],
        "The filters: by which number is each output channel multiplied?",
        rel=1e-6,
    )
    match(
        array(result[1], (4,)),
        beta - scale * mean,
        [
            (beta + scale * mean, "The mean is taken off, not added."),
            (beta - mean, "The mean is multiplied by the scale, too."),
            (beta, "What happens to the mean?"),
            (-scale * mean, "Something is added after the scale."),
        ],
        "The bias: what does batch normalisation make of a channel that is 0?",
        rel=1e-6,
    )
    return "One operation in place of two, and the scores stay the same."


@exercise("7.5")
def honest_ratio(answer):
    ours, theirs = [14.2, 14.0, 14.1, 14.0, 14.0], [96.0, 31.0, 30.0, 31.0, 31.0]
    images, cores = (48, 64), (2, 1)
    mean = np.mean(theirs) / np.mean(ours)
    warm = np.median(theirs) / np.median(ours)
    work, hardware = images[0] / images[1], cores[1] / cores[0]
    first, same_work = "The first call is still in it.", "Do both do the same work?"
    same_cores = "Do both have the same hardware?"
    match(
        number(answer),
        warm * work * hardware,
        [
            (mean, "That is the claim itself, with all three flaws."),
            (warm, f"The first call is out. {same_work}"),
            (warm * work, f"First call and work are mended. {same_cores}"),
            (warm * hardware, f"First call and hardware are mended. {same_work}"),
            (mean * work, f"The work is mended. {first}"),
            (mean * hardware, f"The hardware is mended. {first}"),
            (mean * work * hardware, f"Work and hardware are mended. {first}"),
            (
                1 / (warm * work * hardware),
                "Upside down: the question is how many times as fast *ours* is.",
            ),
        ],
        "Compute images a second for each side, from the time of a typical step, and "
        "then for each core.",
        rel=0.02,
    )
    return "The faster library turns out to be theirs."
