"""Judges of notebook 6's exercises: gradients, derived and checked."""

import numpy as np

from ..gradients.check import check_gradients
from ..model.ops import EPS, conv2d, max_pool, relu
from . import ELSE, Wrong, arrays, call, exercise, match, number, parts, pick, refuse
from .page_2 import with_holes


def run(operation, *inputs):
    """Call a reader's operation; return y and backward, or raise `Wrong`."""
    result = call(operation, *inputs)
    if not isinstance(result, tuple) or len(result) != 2 or not callable(result[1]):
        raise Wrong("It should return two things: `y`, and the function `backward`.")
    return result


def gradient_of(backward, dy):
    """Call a reader's backward; return dx, or raise `Wrong`."""
    dx = call(backward, dy)
    if dx is None:
        raise Wrong("`backward(dy)` returns nothing yet: it should return `dx`.")
    return dx


@exercise("6.1")
def ones_that_pass(answer):
    texts = {
        "mean": "With ones, the mean of dy is 1. Then the term of the mean is not "
        "zero, and it is missed.",
        "variance": "The forgotten term is zero for this dy, so nothing is missed.",
        "sign": "With ones, one of the two terms is not zero. Its wrong sign makes a "
        "difference.",
    }
    return pick(answer, "variance", texts)


@exercise("6.2")
def average_pool(answer):
    rng = np.random.default_rng(62)
    for (N, C, H, W), size in (((2, 3, 6, 4), 2), ((1, 2, 6, 9), 3)):
        windows = rng.standard_normal((N, C, H // size, size, W // size, size))
        x, means = windows.reshape(N, C, H, W), windows.mean(axis=(3, 5))
        y, backward = run(answer, x, size)
        hints = {
            "`y` holds the sums of the windows, not the means.": size**2 * means,
            "`y` holds the maxima, not the means.": windows.max(axis=(3, 5)),
            "`y` is not the mean of each window. Try a small image by hand.": ELSE,
        }
        match(y, means, hints)
        dy = rng.standard_normal(means.shape)
        spread, corner = np.kron(dy, np.ones((size, size))), np.zeros_like(x)
        corner[:, :, ::size, ::size] = dy
        hints = {
            "Each pixel reaches its window's output. By which factor?": spread,
            "The factor is one over the number of pixels of a window; yours is one "
            "over its side.": spread / size,
            "One pixel of each window gets it all. All of them count.": corner,
            "`y` is right, `dx` is not. Which output does a pixel reach?": ELSE,
        }
        match(gradient_of(backward, dy), spread / size**2, hints)


@exercise("6.3")
def second_derivative(answer):
    h, delta = number(answer), np.finfo(np.float64).eps

    def near(step):
        return 1 / 3 < h / step < 3

    best, in_float32 = delta ** (1 / 4), np.finfo(np.float32).eps ** (1 / 4)
    if near(best):
        return f"Near δ to the power of 1/4, {best:.1e}."
    hints = {
        "A step is a number above 0.": h <= 0,
        "This is the best step in float32. What is it in float64?": near(in_float32),
        "This is the best step of a first derivative. Here the rounding error is "
        "divided by h².": near(delta ** (1 / 3)),
        "The truncation error is not of order h: the odd terms of Taylor's formula "
        "cancel here. By what is the rounding error divided?": near(delta ** (1 / 2)),
        "So small a step changes nothing but the last digit.": near(delta),
        "Find the power of h in both errors, and where the two are equal.": True,
    }
    refuse(hints)


@exercise("6.4")
def fair_pool(answer):
    rng = np.random.default_rng(64)
    x = rng.integers(0, 3, (3, 2, 4, 6)).astype(float)  # full of ties
    x[0, 0, :2, :2] = 1
    y, backward = run(answer, x)
    right, first = max_pool(x)
    match(y, right, "`y` is not the largest pixel of each window.")
    dy, window = rng.standard_normal(right.shape), np.ones((2, 2))
    winners, spread = x == np.kron(right, window), np.kron(dy, window)
    counts = winners.reshape(3, 2, 2, 2, 3, 2).sum(axis=(3, 5))
    whole = winners * spread
    diluted = whole / winners.sum()
    hints = {
        "Each winner of a tie gets all of dy. Together they get it once.": whole,
        "The first winner of a tie takes it all, as in `max_pool`.": first(dy),
        "You divide by the winners of the whole array, not of the window.": diluted,
        "All pixels of a window get a part. Only the maxima should.": spread / 4,
        "`y` is right, `dx` is not. How many winners are in a window?": ELSE,
    }
    match(gradient_of(backward, dy), whole / np.kron(counts, window), hints)
    return "At a tie of two, each gets one half, as the central difference says."


@exercise("6.5")
def parallel_branches(answer):
    """Judge a function that joins operations on the same x along the channels."""
    rng = np.random.default_rng(65)
    x, w = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 1, 1))

    def convolution(x):
        y, backward = conv2d(x, w)
        return y, lambda dy: backward(dy)[0]

    branches = [convolution, relu, lambda x: (3 * x, lambda dy: 3 * dy)]
    operation = call(answer, branches)
    if not callable(operation):
        raise Wrong("`side_by_side(functions)` should return a function of x.")
    y, backward = run(operation, x)
    outputs, backwards = zip(*(branch(x) for branch in branches), strict=True)
    right = np.concatenate(outputs, axis=1)
    hint = "`y` should hold the branches' outputs along axis 1, in their order."
    match(y, right, hint)
    run(operation, rng.standard_normal(x.shape))  # a second call before the first's end
    dy = rng.standard_normal(right.shape)
    shares = np.split(dy, [2, 5], axis=1)
    each = [back(share) for back, share in zip(backwards, shares, strict=True)]
    hints = {
        "Is it the mean of the branches? Their effects add up.": sum(each) / 3,
        "Only the last branch has reached `dx`. Look at `=` and `+=`.": each[-1],
        "Only the first branch has reached `dx`.": each[0],
        "`y` is right, `dx` is not. Does each branch get its own channels of dy? "
        "Does a second call leave the first one's backwards alone?": ELSE,
    }
    match(gradient_of(backward, dy), sum(each), hints)


def gradients_by_slices(x, w, dy, dilation, add=True):
    """dx and dw of a dilated convolution; without `add`, slices of dx are replaced."""
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    Ho, Wo = dy.shape[2:]
    for u, v in np.ndindex(w.shape[2:]):
        i, j = dilation * u, dilation * v
        met = np.s_[:, :, i : i + Ho, j : j + Wo]
        dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dy, x[met])
        back = np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
        dx[met] = dx[met] + back if add else back
    return dx, dw


@exercise("6.6")
def dilated(answer):
    rng = np.random.default_rng(66)
    for dilation, kernel in ((1, (3, 3)), (2, (3, 2)), (3, (2, 3))):
        x, w = rng.standard_normal((2, 3, 9, 8)), rng.standard_normal((4, 3, *kernel))
        right, _ = conv2d(x, with_holes(w, dilation))
        y, backward = run(answer, x, w, dilation)
        match(y, right, "`y` is not right any more. Keep the stub's forward pass.")
        dy = rng.standard_normal(right.shape)
        hint = "`backward(dy)` should return two gradients, `dx` and `dw`."
        found = parts(call(backward, dy), 2, hint)
        if [np.shape(gradient) for gradient in found] == [w.shape, x.shape]:
            raise Wrong("The gradients come in the inputs' order: `dx`, then `dw`.")
        dx, dw = arrays(found, dx=x.shape, dw=w.shape)
        right_dx, right_dw = gradients_by_slices(x, w, dy, dilation)
        undilated_dx, undilated_dw = gradients_by_slices(x, w, dy, dilation=1)
        overwritten, _ = gradients_by_slices(x, w, dy, dilation, add=False)
        hints = {
            "`dw` meets the pixels of a filter without dilation.": undilated_dw,
            "`dw` is not right. Which pixels does weight (u, v) meet?": ELSE,
        }
        match(dw, right_dw, hints)
        hints = {
            "A pixel lies in several windows: add, don't assign.": overwritten,
            "`dx` goes to the pixels of a filter without dilation.": undilated_dx,
            "`dw` is right, `dx` is not. Each weight gives dy back to the pixels that "
            "it was multiplied by.": ELSE,
        }
        match(dx, right_dx, hints)
    return "The filter is pulled apart, and so are the slices: nothing else changes."


# suspects 1 to 6, each with its fault's letter in the page's list
FAULTS = {
    "filter not turned": "b",
    "mean without 1 / N": "d",
    "no term of the mean": "a",
    "padding not cropped": "e",
    "shared buffer": "f",
    "transposed weights": "c",
}


@exercise("6.7")
def six_faults(answer):
    key = "".join(FAULTS.values())
    word = answer.strip().lower() if isinstance(answer, str) else ""
    if len(word) != 6 or not set(word) <= set("abcdefgh"):
        raise Wrong(f"The answer is a word of six letters from a to h, not {answer!r}.")
    hits = sum(mine == right for mine, right in zip(word, key, strict=True))
    score = f"{hits} of the six are right."
    hints = {
        f"{score} `swapaxes(0, 1)` does exchange the channels.": "h" in word,
        f"{score} All six use `dy`.": "g" in word,
        f"{score} No fault occurs twice.": len(set(word)) < 6,
        f"{score} `check_gradients` tells you which gradient differs.": word != key,
    }
    refuse(hints)
    return "All six."


def standardised(x):
    """Columns with mean 0 and variance 1, and the function backward."""
    sigma = np.sqrt(x.var(axis=0) + EPS)
    x_hat = (x - x.mean(axis=0)) / sigma

    def backward(dy):
        return (dy - dy.mean(axis=0) - x_hat * (dy * x_hat).mean(axis=0)) / sigma

    return x_hat, backward


def dx_of_suspect(name, operation, x, dy, right, other):
    """Judge a mended suspect's output; return its dx."""
    y, backward = run(operation, x)
    hints = {
        "First suspect 3, then suspect 5, please.": other(x)[0],
        f"The output of {name} was right and is not any more.": ELSE,
    }
    match(y, right(x)[0], hints)
    return gradient_of(backward, dy)


@exercise("6.8")
def mended(answer):
    suspect_3, suspect_5 = parts(answer, 2, "The answer is a list of two functions.")
    rng = np.random.default_rng(68)
    x, dy = rng.standard_normal((2, 6, 2))
    right = standardised(x)[1](dy)
    of_mean = dy.mean(axis=0) / np.sqrt(x.var(axis=0) + EPS)
    without_it, added = right + of_mean, right + 2 * of_mean
    hints = {
        "Suspect 3 still lacks a term. How many ways lead from x to y?": without_it,
        "Suspect 3 has its third term now. Does it add or take away?": added,
        "Suspect 3 is still caught. Compare with the formula for dx.": ELSE,
    }
    dx = dx_of_suspect("suspect 3", suspect_3, x, dy, standardised, relu)
    match(dx, right, hints)
    if not check_gradients(suspect_3, {"x": x}).passed:
        raise Wrong("Suspect 3 is right once, but not if it is called twice.")
    x, dy = rng.standard_normal((2, 4, 5))
    dx = dx_of_suspect("suspect 5", suspect_5, x, dy, relu, standardised)
    match(dx, dy * (x > 0), "The `dx` of suspect 5 is not that of a ReLU.")
    if not check_gradients(suspect_5, {"x": x}).passed:
        raise Wrong("Suspect 5 is still caught: when is its array of signs made?")
    return "Both pass."
