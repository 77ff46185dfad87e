"""Judges of notebook 7's exercises: speed."""

import sys

import numpy as np

from ..model.ops import EPS, conv2d
from . import ELSE, Wrong, arrays, call, exercise, function, match, parts, returned


@exercise("7.1")
def products_a_byte(answer):
    C, F, size = 16, 32, 4  # channels in and out, bytes of a float32
    read, written, products = size * C, size * F, C * F  # of one pixel
    right, numbers = products / (read + written), C + F
    hints = {
        "You counted numbers; each of them has four bytes.": products / numbers,
        "The result has to be written to memory, too.": products / read,
        "The images have to be read from memory, too.": products / written,
        "You counted the additions as well; here only products count.": 2 * right,
        "That would be a 3 × 3 convolution. Here a window is one pixel.": 9 * right,
        "Those are the bytes for each product; turn the quotient round.": 1 / right,
        "Look at one pixel: how many numbers are read, how many written, and how many "
        "products make the written ones from the read ones?": ELSE,
    }
    match(answer, right, hints, rel=0.01)


def counting_events(answer, *arguments):
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
    answer, rng = function(answer), np.random.default_rng(0)
    w, events = rng.standard_normal((4, 3, 3, 2)), []
    for N, H, W, stride in ((2, 11, 8, 2), (2, 11, 12, 3), (6, 20, 24, 3)):
        x = rng.standard_normal((N, 3, H, W))
        (right, _), (dense, _) = conv2d(x, w, stride=stride), conv2d(x, w)
        last = right.transpose(0, 2, 3, 1).shape
        turned, _ = conv2d(x, w[:, :, ::-1, ::-1], stride=stride)
        y, n_events = counting_events(answer, x.copy(), w.copy(), stride)
        hints = {
            "There is an output for every place: where is the stride?": dense.shape,
            "The axes should be (N, F, Ho, Wo): the channels stand last.": last,
            "The filter is turned round. Lay it on as it is.": turned,
            "The shape is right, the values are not. Do the numbers of a window and "
            "those of a filter stand in the same order before the product?": ELSE,
        }
        match(returned(y), right, hints)
        events.append(n_events)
    if events[2] > 1.5 * events[1]:
        raise Wrong(
            "The values are right, but with more images and pixels Python has more to "
            "do: there is still a loop over them."
        )
    return "The work of Python does not grow with the images."


def moments(values):
    return len(values), values.mean(axis=0), values.var(axis=0)


@exercise("7.3")
def take_away(answer):
    rng = np.random.default_rng(1)
    part, rest = rng.standard_normal((40, 3)) + 2, rng.standard_normal((60, 3)) * 1.5
    M, mean, var = whole = moments(np.concatenate([part, rest]))
    M_part, mean_part, var_part = moments(part)
    n, right_mean, right_var = moments(rest)
    hint = "The function returns three things: count, mean and variance."
    found = parts(call(answer, whole, moments(part)), 3, hint)
    match(found[0], n, "The count: how many values are left when the part is gone?")
    by_all = right_mean * n / M
    hints = {
        "Means cannot be subtracted; sums can.": mean - mean_part,
        "The sum of the rest is right. By how many values must it be divided?": by_all,
        "The mean: what is the sum of the whole, what that of the part?": ELSE,
    }
    match(found[1], right_mean, hints)
    within = (M * var - M_part * var_part) / n
    one_gap = within - M_part * (mean_part - mean) ** 2 / n
    unbiased = right_var * n / (n - 1)
    hints = {
        "Variances cannot be subtracted; sums of squares can.": var - var_part,
        "The gaps between the means are missing in the variance.": within,
        "One of the two gaps is missing: the rest has a mean of its own, too.": one_gap,
        "Divide by the count of the rest, not by one less.": unbiased,
        "The variance: solve the formula for the Q of the part that is left.": ELSE,
    }
    match(found[2], right_var, hints)
    return "Put the part back with `joint_moments`, and you have the whole again."


@exercise("7.4")
def fold_it(answer):
    rng = np.random.default_rng(2)
    w, (gamma, beta, mean) = rng.normal(size=(4, 3, 2, 2)), rng.normal(size=(3, 4))
    var = rng.uniform(1e-5, 1e-4, 4)  # so small that epsilon shows
    hint = "The function returns two things: the filters and the bias."
    found = parts(call(answer, w, gamma, beta, mean, var), 2, hint)
    filters, bias = arrays(found, filters=w.shape, bias=(4,))

    def scaled(divisor):
        return w * (gamma / divisor)[:, None, None, None]

    sigma = np.sqrt(var + EPS)
    hints = {
        "ε is missing, or stands outside the root.": scaled(np.sqrt(var)),
        "ε belongs under the root.": scaled(np.sqrt(var) + EPS),
        "Divide by the root of the variance.": scaled(var + EPS),
        "Batch normalisation divides, too.": scaled(1),
        "The filters are as they were: who multiplies now?": w,
        "The filters: by which number is each output channel multiplied?": ELSE,
    }
    match(filters, scaled(sigma), hints)
    shift = mean * gamma / sigma
    hints = {
        "The mean is taken off, not added.": beta + shift,
        "The mean is multiplied by the scale, too.": beta - mean,
        "What happens to the mean?": beta,
        "Something is added after the scale.": -shift,
        "The bias: what does batch normalisation make of a channel that is 0?": ELSE,
    }
    match(bias, beta - shift, hints)
    return "One operation in place of two, and the scores stay the same."


@exercise("7.5")
def honest_ratio(answer):
    ours, theirs = [14.2, 14.0, 14.1, 14.0, 14.0], [96.0, 31.0, 30.0, 31.0, 31.0]
    mean, warm = np.mean(theirs) / np.mean(ours), np.median(theirs) / np.median(ours)
    work, hardware = 48 / 64, 1 / 2  # images of a batch; cores
    right = warm * work * hardware
    first, same_work = "The first call is still in it.", "Do both do the same work?"
    same_cores = "Do both have the same hardware?"
    hints = {
        "That is the claim itself, with all three flaws.": mean,
        f"The first call is out. {same_work}": warm,
        f"First call and work are mended. {same_cores}": warm * work,
        f"First call and hardware are mended. {same_work}": warm * hardware,
        f"The work is mended. {first}": mean * work,
        f"The hardware is mended. {first}": mean * hardware,
        f"Work and hardware are mended. {first}": mean * work * hardware,
        "Upside down: how many times as fast is *ours*?": 1 / right,
        "Compute images a second for each side, from the time of a typical step, and "
        "then for each core.": ELSE,
    }
    match(answer, right, hints, rel=0.02)
    return "The faster library turns out to be theirs."
