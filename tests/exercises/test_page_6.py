"""The exercises of notebook 6: right answers pass, typical mistakes get their hint."""

import numpy as np
import pytest
from cases import Case, hold

from ch335_helpers.exercises import check
from ch335_helpers.exercises.page_6 import FAULTS
from ch335_helpers.model.ops import conv2d, max_pool

# ------------------------------------------------------------- average pooling


def window_means(x, size, factor=None, summary=np.mean, corner=False):
    N, C, H, W = x.shape
    windows = x.reshape(N, C, H // size, size, W // size, size)

    def backward(dy):
        if corner:
            dx = np.zeros_like(x)
            dx[:, :, ::size, ::size] = dy
            return dx
        dx = np.repeat(np.repeat(dy, size, axis=2), size, axis=3)
        return dx * (1 / size**2 if factor is None else factor(size))

    return summary(windows, axis=(3, 5)), backward


def by_one(x, size):
    return window_means(x, size, factor=lambda size: 1)


def by_the_side(x, size):
    return window_means(x, size, factor=lambda size: 1 / size)


# ------------------------------------------------------------- a tie that is shared


def pool_and_share(x, count="window", who="winners"):
    N, C, H, W = x.shape
    windows = x.reshape(N, C, H // 2, 2, W // 2, 2)
    y = windows.max(axis=(3, 5), keepdims=True)
    winners = windows == y if who == "winners" else np.ones_like(windows)
    counts = {
        "window": winners.sum(axis=(3, 5), keepdims=True),
        "array": winners.sum(),
        "one": 1,
    }
    shares = winners / counts[count]

    def backward(dy):
        return (shares * dy[:, :, :, None, :, None]).reshape(x.shape)

    return y[:, :, :, 0, :, 0], backward


# ------------------------------------------------------------- branches side by side


def in_branches(functions, join=sum):
    def operation(x):
        outputs, backwards = zip(*(function(x) for function in functions), strict=True)
        ends = np.cumsum([y.shape[1] for y in outputs])

        def backward(dy):
            parts = np.split(dy, ends[:-1], axis=1)
            return join([back(p) for back, p in zip(backwards, parts, strict=True)])

        return np.concatenate(outputs, axis=1), backward

    return operation


def sharing_a_list(functions):
    backwards = []  # made once, for all calls

    def operation(x):
        backwards.clear()
        outputs = []
        for function in functions:
            y, back = function(x)
            outputs.append(y)
            backwards.append(back)

        def backward(dy):
            parts = np.split(dy, np.cumsum([y.shape[1] for y in outputs])[:-1], axis=1)
            return sum(back(p) for back, p in zip(backwards, parts, strict=True))

        return np.concatenate(outputs, axis=1), backward

    return operation


def the_other_way_round(functions):
    return in_branches(functions[::-1])


# ------------------------------------------------------------- a dilated convolution


def pulled_apart(x, w, dilation):
    kH, kW = w.shape[2:]
    gaps = dilation * (kH - 1) + 1, dilation * (kW - 1) + 1
    spread = np.zeros((*w.shape[:2], *gaps))
    spread[:, :, ::dilation, ::dilation] = w
    y, spread_backward = conv2d(x, spread)

    def backward(dy):
        dx, dspread, _ = spread_backward(dy)
        return dx, dspread[:, :, ::dilation, ::dilation]

    return y, backward


def by_slices(x, w, dilation, add=True, dx_gap=None, dw_gap=None, swap=False):
    y, _ = pulled_apart(x, w, dilation)
    Ho, Wo = y.shape[2:]

    def met(image, u, v, gap):
        return image[:, :, gap * u : gap * u + Ho, gap * v : gap * v + Wo]

    def backward(dy):
        dx, dw = np.zeros_like(x), np.empty_like(w)
        for u, v in np.ndindex(w.shape[2:]):
            pixels = met(x, u, v, dw_gap or dilation)
            dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dy, pixels)
            back = np.einsum("nfij,fc->ncij", dy, w[:, :, u, v])
            to = met(dx, u, v, dx_gap or dilation)
            to[...] = to + back if add else back
        return (dw, dx) if swap else (dx, dw)

    return y, backward


# ------------------------------------------------------------- two suspects, mended


def columns(x, sign=-1):
    sigma = np.sqrt(x.var(axis=0) + 1e-5)
    x_hat = (x - x.mean(axis=0)) / sigma

    def backward(dy):
        along = x_hat * (dy * x_hat).mean(axis=0)
        return (dy + sign * dy.mean(axis=0) - along) / sigma

    return x_hat, backward


KEPT = np.empty((6, 2))


def columns_in_a_buffer(x):
    KEPT[...] = x
    return columns(x)[0], lambda dy: columns(KEPT)[1](dy)


def rectified(x):
    positive = x > 0
    return x * positive, lambda dy: dy * positive


BUFFER = np.empty((4, 5), bool)


def rectified_in_a_buffer(x):
    np.greater(x, 0, out=BUFFER)
    return x * BUFFER, lambda dy: dy * BUFFER


KEY = "".join(FAULTS.values())
DELTA = np.finfo(float).eps
CASES = {
    "6.1": Case(
        right=["variance", " Variance "],
        wrong=[
            ("mean", "the mean of dy is 1"),
            ("sign", "Its wrong sign"),
            ("all", "one of"),
        ],
    ),
    "6.2": Case(
        right=[window_means],
        wrong=[
            (by_one, "By which factor"),
            (by_the_side, "one over its side"),
            (lambda x, size: window_means(x, size, corner=True), "One pixel of each"),
            (lambda x, size: window_means(x, size, summary=np.sum), "the sums"),
            (lambda x, size: window_means(x, size, summary=np.max), "the maxima"),
            (lambda x, size: window_means(x, size, lambda s: -1), "Which output"),
            (lambda x, size: (x, window_means(x, size)[1]), "The shape should be"),
            (lambda x, size: None, "return two things"),
            (
                lambda x, size: (window_means(x, size)[0], lambda dy: None),
                "nothing yet",
            ),
            (3, "The answer is a function"),
        ],
    ),
    "6.3": Case(
        right=[DELTA ** (1 / 4), 3e-4, 1e-4, (48 * DELTA) ** (1 / 4)],
        wrong=[
            (DELTA ** (1 / 3), "first derivative"),
            (DELTA ** (1 / 2), "the odd terms"),
            (DELTA, "the last digit"),
            (np.finfo(np.float32).eps ** (1 / 4), "in float32"),
            (1.0, "Find the power"),
            (-1e-4, "above 0"),
            ("1e-4", "type str"),
        ],
    ),
    "6.4": Case(
        right=[pool_and_share],
        wrong=[
            (max_pool, "takes it all"),
            (lambda x: pool_and_share(x, count="one"), "all of dy"),
            (lambda x: pool_and_share(x, count="array"), "of the whole array"),
            (lambda x: pool_and_share(x, who="all"), "Only the maxima"),
            (lambda x: (max_pool(x)[0], lambda dy: 0 * x), "How many winners"),
            (lambda x: (-max_pool(-x)[0], None), "return two things"),
            (lambda x: (-max_pool(-x)[0], max_pool(x)[1]), "not the largest"),
        ],
    ),
    "6.5": Case(
        right=[in_branches],
        wrong=[
            (lambda fs: in_branches(fs, lambda each: sum(each) / 3), "Is it the mean"),
            (lambda fs: in_branches(fs, lambda each: each[-1]), "Only the last"),
            (lambda fs: in_branches(fs, lambda each: each[0]), "Only the first"),
            (sharing_a_list, "leave the first one's backwards"),
            (the_other_way_round, "in their order"),
            (lambda fs: None, "should return a function"),
        ],
    ),
    "6.6": Case(
        right=[pulled_apart, by_slices],
        wrong=[
            (lambda x, w, d: by_slices(x, w, d, add=False), "add, don't assign"),
            (lambda x, w, d: by_slices(x, w, d, dx_gap=1), "`dx` goes to the pixels"),
            (lambda x, w, d: by_slices(x, w, d, dw_gap=1), "`dw` meets the pixels"),
            (lambda x, w, d: by_slices(x, w, d, swap=True), "in the inputs' order"),
            (lambda x, w, d: conv2d(x, w), "two gradients"),
            (lambda x, w, d: (pulled_apart(x, w, d)[0], lambda dy: (x, w)), "`dw` is"),
            (
                lambda x, w, d: (
                    pulled_apart(x, w, d)[0],
                    lambda dy: (x, pulled_apart(x, w, d)[1](dy)[1]),
                ),
                "it was multiplied by",
            ),
            (lambda x, w, d: pulled_apart(x, -w, d), "not right any more"),
        ],
    ),
    "6.7": Case(
        right=[KEY, f" {KEY.upper()} "],
        wrong=[
            ("h" + KEY[1:], "does exchange the channels"),
            (KEY[:-1] + "g", "All six use `dy`"),
            (KEY[0] * 6, "1 of the six are right. No fault occurs twice"),
            (KEY[::-1], "tells you which gradient"),
            ("abc", "not 'abc'"),
            (3, "not 3"),
        ],
    ),
    "6.8": Case(
        right=[[columns, rectified], (columns, rectified)],
        wrong=[
            ([lambda x: columns(x, sign=0), rectified], "still lacks a term"),
            ([lambda x: columns(x, sign=1), rectified], "add or take away"),
            ([columns, rectified_in_a_buffer], "when is its array"),
            ([columns, lambda x: (rectified(x)[0], lambda dy: dy)], "not that of"),
            ([columns_in_a_buffer, rectified], "called twice"),
            ([rectified, columns], "First suspect 3"),
            ([lambda x: (columns(x)[0], lambda dy: dy), rectified], "Compare with"),
            ([lambda x: columns(2 * x + x**2), rectified], "is not any more"),
            (columns, "a list of two functions"),
        ],
    ),
}


def test_the_exercises_of_page_6():
    hold(6, CASES)


@pytest.mark.parametrize("number", CASES)
@pytest.mark.parametrize(
    "answer", [None, "", [], np.nan, np.ones(3), lambda: 0, lambda *a: (1, 2, 3)]
)
def test_an_answer_of_no_use_is_wrong_and_no_error(number, answer):
    assert not check(number, answer)


def test_a_dy_of_ones_hides_the_term_of_the_variance_alone():
    x = np.random.default_rng(61).standard_normal(9)
    x_hat, dy = (x - x.mean()) / x.std(), np.ones(9)
    of_mean, of_variance = dy.mean(), x_hat * (dy * x_hat).mean()
    right = dy - of_mean - of_variance
    assert np.allclose(dy - of_mean, right)
    assert not np.allclose(dy - of_variance, right)
    assert not np.allclose(dy + of_mean + of_variance, right)


def test_each_fault_has_a_letter_of_its_own():
    assert sorted(FAULTS.values()) == list("abcdef")
