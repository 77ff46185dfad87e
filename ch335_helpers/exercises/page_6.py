"""Judges of notebook 6: gradients, derived and checked."""

import numpy as np

from ..gradients.check import check_gradients
from ..model.ops import conv2d, max_pool, relu
from . import Wrong, array, choice, exercise, function, match, number


def run(operation, *inputs):
    """Call a reader's operation; return y and backward, or raise `Wrong`."""
    result = operation(*inputs)
    if not isinstance(result, tuple) or len(result) != 2 or not callable(result[1]):
        raise Wrong("It should return two things: `y`, and the function `backward`.")
    return result


def gradient_of(backward, dy, shape):
    """Call a reader's backward with a copy of dy; return dx, or raise `Wrong`."""
    dx = backward(dy.copy())
    if dx is None:
        raise Wrong("`backward(dy)` returns nothing yet: it should return `dx`.")
    return array(dx, shape)


@exercise("6.1")
def ones_that_pass(answer):
    x = np.random.default_rng(61).standard_normal(9)
    x_hat, dy = (x - x.mean()) / x.std(), np.ones(9)
    of_mean, of_variance = dy.mean(), x_hat * (dy * x_hat).mean()
    right = dy - of_mean - of_variance
    wrong = {
        "mean": dy - of_variance,
        "variance": dy - of_mean,
        "sign": dy + of_mean + of_variance,
    }
    word = choice(answer, tuple(wrong))
    if not np.allclose(wrong[word], right):
        raise Wrong(
            {
                "mean": "With ones, the mean of dy is 1. Then the term of the mean is "
                "not zero, and it is missed.",
                "sign": "With ones, one of the two terms is not zero. Its wrong sign "
                "makes a difference.",
            }[word]
        )
    return "The forgotten term is zero for this dy, so nothing is missed."


@exercise("6.2")
def average_pool(answer):
    rng = np.random.default_rng(62)
    for shape, size in (((2, 3, 6, 4), 2), ((1, 2, 6, 9), 3)):
        x = rng.standard_normal(shape)
        N, C, H, W = shape
        y, backward = run(function(answer), x.copy(), size)
        windows = x.reshape(N, C, H // size, size, W // size, size)
        right = windows.mean(axis=(3, 5))
        match(
            array(y, right.shape),
            right,
            [
                (right * size**2, "`y` holds the sums of the windows, not the means."),
                (windows.max(axis=(3, 5)), "`y` holds the maxima, not the means."),
            ],
            "`y` is not the mean of each window. Try a small image by hand.",
        )
        dy = rng.standard_normal(right.shape)
        spread = np.kron(dy, np.ones((size, size)))
        corner = np.zeros(shape)
        corner[:, :, ::size, ::size] = dy
        match(
            gradient_of(backward, dy, shape),
            spread / size**2,
            [
                (spread, "Each pixel reaches its window's output. By which factor?"),
                (
                    spread / size,
                    "The factor is one over the number of pixels of a window; yours "
                    "is one over its side.",
                ),
                (corner, "One pixel of each window gets it all. All of them count."),
            ],
            "`y` is right, `dx` is not. Which output does a pixel reach?",
        )


@exercise("6.3")
def second_derivative(answer):
    h, delta = number(answer), np.finfo(np.float64).eps
    if h <= 0:
        raise Wrong("A step is a number above 0.")

    def near(step, factor):
        return 1 / factor < h / step < factor

    if near(delta ** (1 / 4), 3):
        return f"Near δ to the power of 1/4, {delta ** (1 / 4):.1e}."
    if near(np.finfo(np.float32).eps ** (1 / 4), 3):
        raise Wrong("This is the best step in float32. The question is for float64.")
    if near(delta ** (1 / 3), 3):
        raise Wrong(
            "This is the best step of a first derivative. Here the rounding error is "
            "divided by h².",
        )
    if near(delta ** (1 / 2), 3):
        raise Wrong(
            "The truncation error is not of order h: the odd terms of Taylor's "
            "formula cancel here. And by what is the rounding error divided?"
        )
    if near(delta, 3):
        raise Wrong("So small a step changes nothing but the last digit.")
    raise Wrong("Find the power of h in both errors, and where the two are equal.")


@exercise("6.4")
def fair_pool(answer):
    rng = np.random.default_rng(64)
    x = rng.integers(0, 3, (3, 2, 4, 6)).astype(float)  # full of ties
    x[0, 0, :2, :2] = 1
    y, backward = run(function(answer), x.copy())
    right, first = max_pool(x)
    match(
        array(y, right.shape), right, (), "`y` is not the largest pixel of each window."
    )
    dy = rng.standard_normal(right.shape)
    ones = np.ones((2, 2))
    winners = x == np.kron(right, ones)
    counts = winners.reshape(3, 2, 2, 2, 3, 2).sum(axis=(3, 5))
    match(
        gradient_of(backward, dy, x.shape),
        winners * np.kron(dy / counts, ones),
        [
            (
                winners * np.kron(dy, ones),
                "Each winner of a tie gets all of dy. Together they get it once.",
            ),
            (first(dy), "The first winner of a tie takes it all, as in `max_pool`."),
            (
                winners * np.kron(dy, ones) / winners.sum(),
                "You divide by the winners of the whole array, not of the window.",
            ),
            (
                np.kron(dy, ones) / 4,
                "All pixels of a window get a part. Only the maxima should.",
            ),
        ],
        "`y` is right, `dx` is not. How many winners has each window?",
    )
    return "At a tie of two, each gets one half, as the central difference says."


@exercise("6.5")
def side_by_side(answer):
    rng = np.random.default_rng(65)
    x, w = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 1, 1))

    def convolution(x):
        y, backward = conv2d(x, w)
        return y, lambda dy: backward(dy)[0]

    branches = [convolution, relu, lambda x: (3 * x, lambda dy: 3 * dy)]
    operation = function(answer)(branches)
    if not callable(operation):
        raise Wrong("`side_by_side(functions)` should return a function of x.")
    y, backward = run(operation, x.copy())
    outputs, backwards = zip(*(branch(x) for branch in branches), strict=True)
    right = np.concatenate(outputs, axis=1)
    match(
        array(y, right.shape),
        right,
        (),
        "`y` should hold the branches' outputs along axis 1, in their order.",
    )
    run(operation, rng.standard_normal(x.shape))  # a second call before the first's end
    dy = rng.standard_normal(right.shape)
    parts = np.split(dy, [2, 5], axis=1)
    each = [back(part) for back, part in zip(backwards, parts, strict=True)]
    match(
        gradient_of(backward, dy, x.shape),
        sum(each),
        [
            (sum(each) / 3, "Is it the mean of the branches? Their effects add up."),
            (each[-1], "Only the last branch has reached `dx`. Look at `=` and `+=`."),
            (each[0], "Only the first branch has reached `dx`."),
        ],
        "`y` is right, `dx` is not. Does each branch get its own channels of dy? "
        "Does a second call leave the first one's backwards alone?",
    )


@exercise("6.6")
def dilated(answer):
    rng = np.random.default_rng(66)
    for dilation, kernel in ((1, (3, 3)), (2, (3, 2)), (3, (2, 3))):
        x, w = rng.standard_normal((2, 3, 9, 8)), rng.standard_normal((4, 3, *kernel))
        gap = [dilation * (k - 1) + 1 for k in kernel]
        spread = np.zeros((4, 3, *gap))
        spread[:, :, ::dilation, ::dilation] = w
        right, right_backward = conv2d(x, spread)
        y, backward = run(function(answer), x.copy(), w.copy(), dilation)
        y = array(y, right.shape)
        match(y, right, (), "`y` is not right any more. Keep the stub's forward pass.")
        dy = rng.standard_normal(right.shape)
        gradients = backward(dy.copy())
        if not isinstance(gradients, tuple | list) or len(gradients) != 2:
            raise Wrong("`backward(dy)` should return two gradients, `dx` and `dw`.")
        dx, dw = (np.asarray(gradient) for gradient in gradients)
        if dx.shape == w.shape and dw.shape == x.shape:
            raise Wrong("The gradients come in the inputs' order: `dx`, then `dw`.")
        dx, dw = array(dx, x.shape), array(dw, w.shape)

        def met(u, v, gap, shape=right.shape):  # the pixels of one weight
            i, j = gap * u, gap * v
            return np.s_[:, :, i : i + shape[2], j : j + shape[3]]

        undilated_dw, undilated_dx = np.zeros_like(w), np.zeros_like(x)
        overwritten = np.zeros_like(x)
        for u, v in np.ndindex(kernel):
            undilated_dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dy, x[met(u, v, 1)])
            back = np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
            undilated_dx[met(u, v, 1)] += back
            overwritten[met(u, v, dilation)] = back
        right_dx, right_dspread, _ = right_backward(dy)
        match(
            dw,
            right_dspread[:, :, ::dilation, ::dilation],
            [(undilated_dw, "`dw` meets the pixels of a filter without dilation.")],
            "`dw` is not right. Which pixels does weight (u, v) meet?",
        )
        match(
            dx,
            right_dx,
            [
                (overwritten, "A pixel lies in several windows: add, don't assign."),
                (undilated_dx, "`dx` goes to the pixels of a filter without dilation."),
            ],
            "`dw` is right, `dx` is not. Each weight gives back to where it has read.",
        )
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
    if word == key:
        return "All six."
    hits = sum(mine == right for mine, right in zip(word, key, strict=True))
    score = f"{hits} of the six are right. "
    if "h" in word:
        raise Wrong(score + "`swapaxes(0, 1)` does exchange the channels.")
    if "g" in word:
        raise Wrong(score + "All six use `dy`.")
    if len(set(word)) < 6:
        raise Wrong(score + "No fault occurs twice.")
    raise Wrong(score + "`check_gradients` tells you which gradient differs.")


@exercise("6.8")
def mended(answer):
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Wrong("The answer is a list of two functions.")
    rng = np.random.default_rng(68)
    for name, operation, shape in zip(
        ("suspect 3", "suspect 5"), answer, ((6, 2), (4, 5)), strict=True
    ):
        x = rng.standard_normal(shape)
        normal = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
        right = np.maximum(x, 0) if name == "suspect 5" else normal
        y, backward = run(function(operation), x.copy())
        other = normal if name == "suspect 5" else np.maximum(x, 0)
        match(
            array(y, shape),
            right,
            [(other, "First suspect 3, then suspect 5, please.")],
            f"The output of {name} was right and is not any more.",
        )
        dy = rng.standard_normal(shape)
        dx = gradient_of(backward, dy, shape)
        if check_gradients(operation, {"x": x}).passed:
            continue
        if name == "suspect 5":
            match(dx, dy * (x > 0), (), "The `dx` of suspect 5 is not that of a ReLU.")
            raise Wrong("Suspect 5 is still caught: when is its array of signs made?")
        sigma, mean = np.sqrt(x.var(axis=0) + 1e-5), dy.mean(axis=0)
        exact = (dy - mean - right * (dy * right).mean(axis=0)) / sigma
        match(
            dx,
            exact,
            [
                (
                    exact + mean / sigma,
                    "Suspect 3 still lacks a term. In how many ways does x reach the "
                    "output?",
                ),
                (
                    exact + 2 * mean / sigma,
                    "Suspect 3 has its third term now. Does it add or take away?",
                ),
            ],
            "Suspect 3 is still caught. Compare with the formula for dx.",
        )
        raise Wrong("Suspect 3 is right once, but not if it is called twice.")
    return "Both pass."
