"""Judges of notebook 2's exercises: sizes, filters, pooling and layers."""

import numpy as np

from ..model.layers import BatchNorm, Conv
from ..model.network import Chain
from ..model.ops import max_pool, output_size
from . import ELSE, Wrong, array, call, choice, exercise, match, returned


@exercise("2.1")
def size_and_numbers(answer):
    rows, numbers = array(answer, (2,))
    right, unrounded = output_size(50, 7, 3, 2), (50 + 2 * 2 - 7) / 3 + 1
    hints = {
        "Rows: count the first place of the window, too.": right - 1,
        "Rows: there is no part of a row. Which way do you round?": unrounded,
        "Rows: did you leave out the padding?": output_size(50, 7, 3),
        "Rows: the padding is on both sides.": output_size(52, 7, 3),
        "Rows: put size, kernel, stride and padding into the size formula.": ELSE,
    }
    match(rows, right, hints)
    weights, biases = 24 * 3 * 7 * 7, 24
    one_input = weights / 3 + biases
    hints = {
        "The rows are right. Don't forget the biases.": weights,
        "The rows are right. How many biases are there?": weights + 1,
        "The rows are right. A bias belongs to a filter.": weights + 3 * biases,
        "The rows are right. A filter has a kernel for each input channel.": one_input,
        "The rows are right. How many numbers does one filter have, with bias?": ELSE,
    }
    match(numbers, weights + biases, hints)


@exercise("2.2")
def moving_filter(answer):
    moves = np.eye(9).reshape(3, 3, 3, 3)  # [i, j] has its 1 at row i, column j
    hints = {
        "It moves the image up and to the left: just the wrong way.": moves[2, 2],
        "It leaves every image as it is.": moves[1, 1],
        "It moves the image to the right, but not down.": moves[1, 0],
        "It moves the image down, but not to the right.": moves[0, 1],
        "It moves the image down and to the left.": moves[0, 2],
        "It moves the image up and to the right.": moves[2, 0],
        "Only one weight is not 0. Which pixel of the image should land in the "
        "middle?": ELSE,
    }
    match(answer, moves[0, 0], hints)


def width_seen(kernels, strides):
    """How many pixels wide the receptive field of these layers is."""
    width, apart = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        width, apart = width + (kernel - 1) * apart, apart * stride
    return width


@exercise("2.3")
def receptive_field(answer):
    kernels, strides = (3, 2, 3, 3), (1, 2, 2, 1)
    without_strides = width_seen(kernels, (1, 1, 1, 1))
    early = width_seen(kernels, (2, 2, 1, 1))  # each stride one layer too soon
    without_pool = width_seen((3, 1, 3, 3), strides)
    hints = {
        "After a stride, neighbouring values are further apart.": without_strides,
        "Windows of neighbouring values overlap.": sum(kernels),
        "Pooling does not only have a stride: it has a window, too.": without_pool,
        "A layer's own stride only widens what comes after it.": early,
        "Go from layer to layer and note two numbers: how many pixels a value sees, "
        "and how many pixels lie between it and its neighbour.": ELSE,
    }
    match(answer, width_seen(kernels, strides), hints)


def composed(first, second):
    """The one kernel that does the work of two 3 x 3 kernels in a row."""
    both = np.zeros((5, 5))
    for i, j in np.ndindex(3, 3):
        both[i : i + 3, j : j + 3] += second[i, j] * first
    return both


@exercise("2.4")
def one_for_two(answer):
    first = np.array([[1, 2, 0], [0, 1, 0], [0, 0, 3]])
    second = np.array([[0, 1, 0], [2, 0, 0], [0, -1, 1]])
    right = composed(first, second)
    hints = {
        "One of the two kernels got turned by 180° on the way. Try it on an image with "
        "a single bright pixel.": composed(first, second[::-1, ::-1]),
        "Right, but turned by 180°.": right[::-1, ::-1],
        "The weights are not multiplied in pairs: each weight of the second kernel "
        "meets a whole answer of the first.": np.pad(first * second, 1),
        "Which pixels does each weight of `second` see through `first`? Add up, for "
        "each of the 25 pixels, all the ways from it to the output.": ELSE,
    }
    match(answer, right, hints)


def unnoticed(times):
    """How many of the 15 moves by a column do not show after so many poolings."""
    pictures = np.zeros((16, 1, 16, 16))
    pictures[range(16), 0, 5, range(16)] = 1
    for _ in range(times):
        pictures, _ = max_pool(pictures)
    return (pictures[1:] == pictures[:-1]).all(axis=(1, 2, 3)).sum()


@exercise("2.5")
def noticed_by_pooling(answer):
    right = unnoticed(2)
    hints = {
        "That holds after one pooling. There are two.": unnoticed(1),
        "For that many it is different.": 15 - right,
        "The pixel may cross from one window into the next.": 15,
        "Inside one window, the place of the largest value does not matter.": 0,
        "The pixel never stands in the last column.": right + 1,
        "How wide is the window that one value sees after two poolings? When does the "
        "pixel leave it?": ELSE,
    }
    match(answer, right, hints)


@exercise("2.6")
def flaw(answer):
    letter = choice(answer, tuple("abcde"))
    hints = {
        "a": "Put the four numbers into the formula for the size.",
        "b": "What would the normalisation do to a bias?",
        "c": "What would the sum say to 16 and 32 channels?",
        "e": "How many of the weights depend on the size of the image?",
    }
    if letter != "d":
        raise Wrong(f"There is nothing wrong with ({letter}). {hints[letter]}")
    return (
        "With a single image in training mode, every channel has mean 0 over its own "
        "pixels. The global average is then β, whatever the image shows."
    )


@exercise("2.7")
def parallel_layers(answer):
    """Judge a function that joins the outputs of several layers for the same input."""
    rng = np.random.default_rng(0)
    normalised = Chain(Conv("three", 3, 3), BatchNorm("three.bn", 3))
    layers = [Conv("one", 3, 3, kernel=1), normalised, Conv("five", 3, 3, kernel=5)]
    x, params = rng.standard_normal((9, 3, 6, 6)), Chain(*layers).init(rng)

    def outputs(train):
        return [call(layer, params, x, train)[0] for layer in layers]

    found, apart = call(answer, layers, params, x, False), outputs(train=False)
    if found is None:
        raise Wrong("The function returns nothing. Is there a `return`?")
    if isinstance(found, tuple | list):
        raise Wrong(
            "Return one array. A layer's own result is a pair: the output, and a "
            "function that this exercise does not need."
        )
    in_a_row = call(Chain(*layers), params, x)[0]
    along = [np.concatenate(apart, axis) for axis in range(4)]
    hints = {
        "These are the sums. Put the channels one after another instead.": sum(apart),
        "Each layer got the output of the one before. All should get x.": in_a_row,
        "You joined the outputs along axis 0: is that channels?": along[0],
        "You joined the outputs along axis 2: is that channels?": along[2],
        "You joined the outputs along axis 3: is that channels?": along[3],
        "The first layer's channels come first.": np.concatenate(apart[::-1], axis=1),
        "The shape is right, the values are not. Are you sure that every layer is "
        "called with the same x?": ELSE,
    }
    match(found, along[1], hints)
    hints = {
        "Right with `train=False`; but `train` does not reach the layers.": found,
        "Right with `train=False`, but not with `train=True`.": ELSE,
    }
    in_training = call(answer, layers, params, x, True)
    match(in_training, np.concatenate(outputs(train=True), axis=1), hints)


def with_holes(w, rate):
    """Filters with `rate - 1` rows and columns of zeros between their weights."""
    F, C, kH, kW = w.shape
    dilated = np.zeros((F, C, rate * (kH - 1) + 1, rate * (kW - 1) + 1))
    dilated[:, :, ::rate, ::rate] = w
    return dilated


@exercise("2.8")
def dilate(answer):
    w = np.random.default_rng(0).integers(1, 9, (2, 3, 3, 2)).astype(float)
    if np.shape(call(answer, w, 1)) != w.shape:
        raise Wrong("With `rate` 1 there are no holes: the filters should stay.")
    for rate in (2, 3):
        right = with_holes(w, rate)
        zeros_last, too_far = (2, 3, 3 * rate, 2 * rate), (2, 3, 3 + 2 * rate, 2 + rate)
        filled = np.repeat(np.repeat(w, rate, axis=2), rate, axis=3)
        repeated = filled[:, :, : 2 * rate + 1, : rate + 1]
        hints = {
            "There are zeros after the last weight, too: leave those out.": zeros_last,
            "`rate` is the distance of two weights, not the number of zeros.": too_far,
            "You repeated the weights; there should be zeros between them.": repeated,
            "The shape is right, the values are not. Every `rate`-th row and column "
            "holds weights, from the first to the last.": ELSE,
        }
        given = w.copy()
        match(returned(answer(given, rate)), right, hints)
        if not np.array_equal(given, w):
            raise Wrong("Right, but it changes the filters that it is given.")
    return "With rate 3, a 3 × 2 kernel sees 7 × 4 pixels."
