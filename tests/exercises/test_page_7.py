"""The exercises of notebook 7."""

import numpy as np
from cases import Case, hold
from numpy.lib.stride_tricks import sliding_window_view

from ch335_helpers import conv2d
from ch335_helpers.exercises import check


def fast(x, w, stride):
    F, _, kH, kW = w.shape
    windows = sliding_window_view(x, (kH, kW), axis=(2, 3))[:, :, ::stride, ::stride]
    N, _, Ho, Wo = windows.shape[:4]
    patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(N * Ho * Wo, -1)
    y = patches @ w.reshape(F, -1).T
    return y.reshape(N, Ho, Wo, F).transpose(0, 3, 1, 2)


def by_kernel_place(x, w, stride):
    kH, kW = w.shape[2:]
    Ho, Wo = (x.shape[2] - kH) // stride + 1, (x.shape[3] - kW) // stride + 1
    y = 0
    for i in range(kH):
        for j in range(kW):
            part = x[:, :, i : i + stride * Ho : stride, j : j + stride * Wo : stride]
            y = y + np.tensordot(part, w[:, :, i, j], (1, 1)).transpose(0, 3, 1, 2)
    return y


def slow(x, w, stride):
    F, _, kH, kW = w.shape
    Ho, Wo = (x.shape[2] - kH) // stride + 1, (x.shape[3] - kW) // stride + 1
    y = np.empty((len(x), F, Ho, Wo))
    for n, f, i, j in np.ndindex(y.shape):
        top, left = i * stride, j * stride
        y[n, f, i, j] = (x[n, :, top : top + kH, left : left + kW] * w[f]).sum()
    return y


def one_line_over_images(x, w, stride):
    return np.stack([fast(image[None], w, stride)[0] for image in x])


def scrambled(x, w, stride):
    return fast(x, w[:, ::-1], stride)


def take_away(whole, part):
    (M, mean, var), (M_part, mean_part, var_part) = whole, part
    n = M - M_part
    rest = (M * mean - M_part * mean_part) / n
    squares = M * var - M_part * (var_part + (mean_part - mean) ** 2)
    return n, rest, squares / n - (rest - mean) ** 2


def by_sums_of_squares(whole, part):
    sums = [(n, n * mean, n * (var + mean**2)) for n, mean, var in (whole, part)]
    n, total, squares = (a - b for a, b in zip(*sums, strict=True))
    return [n, total / n, squares / n - (total / n) ** 2]


def changed(*places):
    """`take_away`, with other results at some places: {place: function}."""
    replacements = dict(places)

    def answer(whole, part):
        result = list(take_away(whole, part))
        for place, replace in replacements.items():
            result[place] = replace(*whole, *part)
        return tuple(result)

    return answer


def within(M, m, v, M_part, m_part, v_part):
    return (M * v - M_part * v_part) / (M - M_part)


def half_of_the_gaps(M, m, v, M_part, m_part, v_part):
    squares = M * v - M_part * (v_part + (m_part - m) ** 2)
    return squares / (M - M_part)


def folding(scale=lambda g, v: g / np.sqrt(v + 1e-5), bias=lambda b, s, m: b - s * m):
    """An answer to 7.4 with another scale or another bias."""

    def answer(w, gamma, beta, mean, var):
        s = scale(gamma, var)
        right = gamma / np.sqrt(var + 1e-5)
        return w * s[:, None, None, None], bias(beta, right, mean)

    return answer


fold = folding()

CASES = {
    "7.1": Case(
        right=[16 * 32 / (4 * (16 + 32)), 2.67, np.float32(8 / 3)],
        wrong=[
            (512 / 48, "four bytes"),
            (8, "written to memory"),
            (4, "read from memory"),
            (512 * 2 / 192, "additions"),
            (24, "3 × 3"),
            (0.375, "turn the quotient"),
            (18, "Look at one pixel"),
        ],
    ),
    "7.2": Case(
        right=[fast, by_kernel_place],
        wrong=[
            (lambda x, w, stride: None, "returns nothing yet"),
            (lambda x, w, stride: conv2d(x, w, stride=stride)[0], "without it"),
            (lambda x, w, stride: fast(x, w, 1), "where is the stride"),
            (lambda x, w, s: fast(x, w, s).transpose(0, 2, 3, 1), "stand last"),
            (lambda x, w, s: fast(x, w[:, :, ::-1, ::-1], s), "turned round"),
            (scrambled, "same order"),
            (slow, "still a loop"),
            (lambda x, w, stride: x @ x, "ValueError"),
            (lambda x, w, stride: "no array", "dtype"),
            (fast(np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), 1), "is a function"),
        ],
    ),
    "7.3": Case(
        right=[take_away, by_sums_of_squares],
        wrong=[
            (lambda whole, part: 3, "three things"),
            (changed((0, lambda M, *_: M)), "how many values are left"),
            (changed((1, lambda M, m, v, k, n, u: m - n)), "Means cannot"),
            (
                changed((1, lambda M, m, v, k, n, u: (M * m - k * n) / M)),
                "must it be divided",
            ),
            (changed((1, lambda M, m, v, k, n, u: m)), "sum of the whole"),
            (changed((2, lambda M, m, v, k, n, u: v - u)), "Variances cannot"),
            (changed((2, within)), "gaps between the means"),
            (changed((2, half_of_the_gaps)), "One of the two gaps"),
            (changed((2, lambda M, m, v, k, n, u: v)), "solve the formula"),
            (lambda whole, part: (60, 0, 0), "shape should be (3,)"),
        ],
    ),
    "7.4": Case(
        right=[fold, lambda *given: list(fold(*given))],
        wrong=[
            (lambda *given: given[0], "two things"),
            (folding(lambda g, v: g / np.sqrt(v)), "ε is missing"),
            (folding(lambda g, v: g / (np.sqrt(v) + 1e-5)), "under the root"),
            (folding(lambda g, v: g / (v + 1e-5)), "the root of the variance"),
            (folding(lambda g, v: g), "divides, too"),
            (folding(lambda g, v: np.ones(4)), "as they were"),
            (folding(lambda g, v: 2 * g), "each output channel"),
            (folding(bias=lambda b, s, m: b + s * m), "taken off"),
            (folding(bias=lambda b, s, m: b - m), "multiplied by the scale"),
            (folding(bias=lambda b, s, m: b), "What happens to the mean"),
            (folding(bias=lambda b, s, m: -s * m), "added after the scale"),
            (folding(bias=lambda b, s, m: 0 * b), "a channel that is 0"),
            (lambda w, *rest: (w[0], rest[0]), "shape should be (4, 3, 2, 2)"),
        ],
    ),
    "7.5": Case(
        right=[31 / 14 * 0.375, 0.83],
        wrong=[
            (3.1, "claim itself"),
            (31 / 14, "The first call is out. Do both do the same work"),
            (31 / 14 * 0.75, "same hardware"),
            (31 / 14 / 2, "First call and hardware are mended"),
            (43.8 / 14.06 * 0.75, "The work is mended"),
            (43.8 / 14.06 / 2, "The hardware is mended"),
            (43.8 / 14.06 * 0.375, "Work and hardware are mended"),
            (14 / 31 / 0.375, "Upside down"),
            (1, "for each core"),
        ],
    ),
}


def test_the_exercises_of_notebook_7_are_judged():
    hold(7, CASES)


def test_a_loop_in_one_line_is_found_too():
    assert "still a loop" in check("7.2", one_line_over_images).text
