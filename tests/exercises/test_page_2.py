"""The exercises of notebook 2 accept what is right and know typical mistakes."""

import numpy as np
from cases import Case, hold

from ch335_helpers import Chain

MOVES = np.eye(9, dtype=int).reshape(3, 3, 3, 3)
FIRST = np.array([[1, 2, 0], [0, 1, 0], [0, 0, 3]])
SECOND = np.array([[0, 1, 0], [2, 0, 0], [0, -1, 1]])


def spread(first, second):
    both = np.zeros((5, 5))
    for i, j in np.ndindex(3, 3):
        both[i : i + 3, j : j + 3] += second[i, j] * first
    return both


def side_by_side(layers, params, x, train=False):
    outputs = []
    for layer in layers:
        y, _ = layer(params, x, train)
        outputs.append(y)
    return np.concatenate(outputs, axis=1)


def never_trained(layers, params, x, train=False):
    return side_by_side(layers, params, x)


def always_trained(layers, params, x, train=False):
    return side_by_side(layers, params, x, train=True)


def backwards(layers, params, x, train=False):
    return side_by_side(layers[::-1], params, x, train)


def in_a_row(layers, params, x, train=False):
    return Chain(*layers)(params, x, train)[0]


def outputs_of(layers, params, x, train):
    return [layer(params, x, train)[0] for layer in layers]


def joined(axis):
    return lambda *args: np.concatenate(outputs_of(*args), axis)


def dilate(w, rate):
    F, C, kH, kW = w.shape
    holes = np.zeros((F, C, (kH - 1) * rate + 1, (kW - 1) * rate + 1), w.dtype)
    holes[:, :, ::rate, ::rate] = w
    return holes


def zeros_at_the_end(w, rate):
    F, C, kH, kW = w.shape
    holes = np.zeros((F, C, kH * rate, kW * rate))
    holes[:, :, ::rate, ::rate] = w
    return holes


def repeated(w, rate):
    filled = np.repeat(np.repeat(w, rate, axis=2), rate, axis=3)
    return filled[:, :, : (w.shape[2] - 1) * rate + 1, : (w.shape[3] - 1) * rate + 1]


def too_far(w, rate):
    return w if rate == 1 else dilate(w, rate + 1)


def in_place(w, rate):
    found = dilate(w, rate)
    w *= 1 if rate < 3 else 2
    return found


CASES = {
    "2.1": Case(
        right=[(16, 3552), [16.0, 3552.0], np.array([16, 3552])],
        wrong=[
            ((15, 3552), "first place"),
            ((50 / 3, 3552), "part of a row"),
            ((15.5, 3552), "Rows: put size"),
            ((16, 3528), "forget the biases"),
            ((16, 3529), "How many biases"),
            ((16, 3600), "belongs to a filter"),
            ((16, 1200), "kernel for each input channel"),
            ((16, 7), "How many numbers does one filter"),
            (16, "The shape should be (2,)"),
        ],
    ),
    "2.2": Case(
        right=[MOVES[0, 0], MOVES[0, 0].tolist()],
        wrong=[
            (MOVES[2, 2], "just the wrong way"),
            (MOVES[1, 1], "leaves every image"),
            (MOVES[1, 0], "but not down"),
            (MOVES[0, 1], "not to the right"),
            (MOVES[0, 2], "down and to the left"),
            (MOVES[2, 0], "up and to the right"),
            (np.ones((3, 3)), "Only one weight"),
            (np.ones(3), "shape should be (3, 3)"),
        ],
    ),
    "2.3": Case(
        right=[16, 16.0],
        wrong=[
            (8, "further apart"),
            (11, "overlap"),
            (15, "a window, too"),
            (21, "own stride"),
            (1, "note two numbers"),
            ("16", "type str"),
        ],
    ),
    "2.4": Case(
        right=[spread(FIRST, SECOND), spread(SECOND, FIRST)],
        wrong=[
            (spread(FIRST, SECOND[::-1, ::-1]), "One of the two kernels got turned"),
            (spread(FIRST, SECOND)[::-1, ::-1], "Right, but turned"),
            (np.pad(FIRST * SECOND, 1), "in pairs"),
            (np.zeros((5, 5)), "Which pixels"),
            (FIRST + SECOND, "should be (5, 5)"),
        ],
    ),
    "2.5": Case(
        right=[12, 12.0],
        wrong=[
            (8, "There are two"),
            (3, "it is different"),
            (15, "cross from one window"),
            (0, "place of the largest"),
            (13, "last column"),
            (5, "How wide"),
        ],
    ),
    "2.6": Case(
        right=["d", " D "],
        wrong=[
            ("a", "four numbers"),
            ("b", "do to a bias"),
            ("c", "16 and 32"),
            ("e", "size of the image"),
            ("batch norm", "one of 'a', 'b'"),
        ],
    ),
    "2.7": Case(
        right=[side_by_side, joined(1)],
        wrong=[
            (in_a_row, "one before"),
            (joined(0), "axis 0"),
            (joined(2), "axis 2"),
            (lambda *args: sum(outputs_of(*args)), "These are the sums"),
            (outputs_of, "Return one array"),
            (backwards, "come first"),
            (never_trained, "does not reach"),
            (always_trained, "the values are not"),
            (lambda layers, params, x, train: ..., "dtype object"),
            (lambda layers, params, x, train: None, "Is there a `return`"),
            (lambda layers: 1, "TypeError"),
            ("side_by_side", "give its name"),
        ],
    ),
    "2.8": Case(
        right=[dilate],
        wrong=[
            (zeros_at_the_end, "after the last weight"),
            (repeated, "You repeated"),
            (too_far, "not the number of zeros"),
            (lambda w, rate: None, "With `rate` 1"),
            (lambda w, rate: w if rate == 1 else None, "Is there a `return`"),
            (lambda w, rate: 0 * dilate(w, rate), "Every `rate`-th"),
            (in_place, "it changes the filters"),
            (np.ones((2, 3, 5, 3)), "give its name"),
        ],
    ),
}


def test_the_exercises_of_the_page_judge_as_they_should():
    hold(2, CASES)
