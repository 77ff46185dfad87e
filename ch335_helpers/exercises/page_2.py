"""The exercises of notebook 2: sizes, filters, pooling and layers."""

import numpy as np

from ..model.layers import BatchNorm, Conv
from ..model.network import Chain
from ..model.ops import conv2d, max_pool, output_size
from . import Wrong, array, choice, exercise, function, match, number

FIRST = np.array([[1, 2, 0], [0, 1, 0], [0, 0, 3]])
SECOND = np.array([[0, 1, 0], [2, 0, 0], [0, -1, 1]])


@exercise("2.1")
def size_and_numbers(answer):
    rows, numbers = array(answer, (2,))
    right = output_size(50, 7, 3, 2)
    one_sided, unrounded = output_size(52, 7, 3), (50 + 2 * 2 - 7) / 3 + 1
    match(
        rows,
        right,
        [
            (right - 1, "Rows: count the first place of the window, too."),
            (unrounded, "Rows: there is no part of a row. Which way do you round?"),
            (output_size(50, 7, 3), "Rows: did you leave out the padding?"),
            (one_sided, "Rows: the padding is on both sides."),
        ],
        "Rows: put size, kernel, stride and padding into the formula for the size.",
    )
    layer = Conv("conv", 3, 24, kernel=7).own_parameters()
    weights, biases = (int(np.prod(layer[name].shape)) for name in "wb")
    match(
        numbers,
        weights + biases,
        [
            (weights, "The rows are right. Don't forget the biases."),
            (weights + 1, "The rows are right. How many biases are there?"),
            (weights + biases * 3, "The rows are right. A bias belongs to a filter."),
            (
                weights / 3 + biases,
                "The rows are right. A filter has a kernel for each input channel.",
            ),
        ],
        "The rows are right. How many numbers does one filter have, and its bias?",
    )


@exercise("2.2")
def moving_filter(answer):
    kernel = array(answer, (3, 3)).astype(float)
    moves = np.eye(9).reshape(3, 3, 3, 3)  # [i, j] has its 1 at row i, column j
    match(
        kernel,
        moves[0, 0],
        [
            (moves[2, 2], "It moves the image up and to the left: just the wrong way."),
            (moves[1, 1], "It leaves every image as it is."),
            (moves[1, 0], "It moves the image to the right, but not down."),
            (moves[0, 1], "It moves the image down, but not to the right."),
            (moves[0, 2], "It moves the image down and to the left."),
            (moves[2, 0], "It moves the image up and to the right."),
        ],
        "Only one weight is not 0. Which pixel of the image should land in the middle?",
    )


@exercise("2.3")
def receptive_field(answer):
    stack = [(3, 1), (2, 2), (3, 2), (3, 1)]  # kernel and stride
    seen, apart = 1, 1
    for kernel, stride in stack:
        seen, apart = seen + (kernel - 1) * apart, apart * stride
    without_strides = 1 + sum(kernel - 1 for kernel, _ in stack)
    without_pool, apart = 1, 1
    for kernel, stride in stack:
        if kernel != 2:
            without_pool += (kernel - 1) * apart
        apart *= stride
    early, apart = 1, 1
    for kernel, stride in stack:
        apart *= stride
        early += (kernel - 1) * apart
    match(
        number(answer),
        seen,
        [
            (without_strides, "After a stride, neighbouring values are further apart."),
            (sum(k for k, _ in stack), "Windows of neighbouring values overlap."),
            (
                without_pool,
                "Pooling does not only have a stride: it has a window, too.",
            ),
            (early, "A layer's own stride only widens what comes after it."),
        ],
        "Go from layer to layer and note two numbers: how many pixels a value sees, "
        "and how many pixels lie between it and its neighbour.",
    )


@exercise("2.4")
def one_for_two(answer):
    kernel = array(answer, (5, 5))

    def spread(first, second):
        both = np.zeros((5, 5))
        for i, j in np.ndindex(3, 3):
            both[i : i + 3, j : j + 3] += second[i, j] * first
        return both

    right = spread(FIRST, SECOND)
    match(
        kernel,
        right,
        [
            (
                spread(FIRST, SECOND[::-1, ::-1]),
                "One of the two kernels got turned by 180° on the way. Try it on an "
                "image with a single bright pixel.",
            ),
            (right[::-1, ::-1], "Right, but turned by 180°."),
            (
                np.pad(FIRST * SECOND, 1),
                "Not the weights are multiplied with each other in pairs: each weight "
                "of the second kernel meets a whole answer of the first.",
            ),
        ],
        "Which pixels does each weight of `second` see through `first`? Add up, for "
        "each of the 25 pixels, all the ways from it to the output.",
    )


@exercise("2.5")
def noticed_by_pooling(answer):
    def pooled(column, times):
        picture = np.zeros((1, 1, 16, 16))
        picture[0, 0, 5, column] = 1
        for _ in range(times):
            picture, _ = max_pool(picture)
        return picture

    def same(times):
        pairs = [(pooled(c, times), pooled(c + 1, times)) for c in range(15)]
        return sum(np.array_equal(before, after) for before, after in pairs)

    match(
        number(answer),
        same(2),
        [
            (same(1), "That holds after one pooling. There are two."),
            (15 - same(2), "For so many it is different."),
            (15, "The pixel may cross from one window into the next."),
            (0, "Inside one window, the place of the largest value does not matter."),
            (same(2) + 1, "The pixel never stands in the last column."),
        ],
        "How wide is the window that one value sees after two poolings? When does the "
        "pixel leave it?",
    )


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
def side_by_side(answer):
    answer, rng = function(answer), np.random.default_rng(0)
    layers = [
        Conv("one", 3, 3, kernel=1),
        Chain(Conv("three", 3, 3), BatchNorm("three.bn", 3)),
        Conv("five", 3, 3, kernel=5),
    ]
    x = rng.standard_normal((9, 3, 6, 6))
    params = Chain(*layers).init(rng)

    def outputs(train):
        copy = {name: value.copy() for name, value in params.items()}
        return [layer(copy, x, train)[0] for layer in layers]

    def run(train):
        copy = {name: value.copy() for name, value in params.items()}
        return answer(layers, copy, x, train)

    found = run(False)
    if found is None:
        raise Wrong("The function returns nothing. Is there a `return`?")
    if isinstance(found, tuple | list):
        raise Wrong(
            "Return one array. A layer's own result is a pair: the output, and a "
            "function that this exercise does not need."
        )
    found, parts = np.asarray(found), outputs(False)
    if found.shape == parts[0].shape and np.allclose(found, sum(parts)):
        raise Wrong("These are the sums. Put the channels one after another instead.")
    copy = {name: value.copy() for name, value in params.items()}
    in_a_row = Chain(*layers)(copy, x)[0]
    if found.shape == in_a_row.shape and np.allclose(found, in_a_row):
        raise Wrong("Each layer got the output of the one before. All should get x.")
    for axis in (0, 2, 3):
        wrong = np.concatenate(parts, axis)
        if found.shape == wrong.shape and np.allclose(found, wrong):
            raise Wrong(f"You joined the outputs along axis {axis}: is that channels?")
    match(
        array(found, (9, 9, 6, 6)),
        np.concatenate(parts, axis=1),
        [
            (
                np.concatenate(parts[::-1], axis=1),
                "The first layer's channels come first.",
            )
        ],
        "The shape is right, the values are not. Are you sure that every layer is "
        "called with the same x?",
    )
    match(
        array(run(True), (9, 9, 6, 6)),
        np.concatenate(outputs(True), axis=1),
        [(found, "Right with `train=False`; but `train` does not reach the layers.")],
        "Right with `train=False`, but not with `train=True`.",
    )


@exercise("2.8")
def dilate(answer):
    answer, rng = function(answer), np.random.default_rng(0)
    w = rng.integers(1, 9, (2, 3, 3, 2)).astype(float)
    kept = w.copy()
    if np.shape(answer(w, 1)) != w.shape:
        raise Wrong("With `rate` 1 there are no holes: the filters should stay.")
    for rate in (2, 3):
        right = np.zeros((2, 3, 2 * rate + 1, rate + 1))
        right[:, :, ::rate, ::rate] = w
        found = answer(w, rate)
        if found is None:
            raise Wrong("The function returns nothing. Is there a `return`?")
        found = np.asarray(found)
        if found.shape == (2, 3, 3 * rate, 2 * rate):
            raise Wrong("There are zeros after the last weight, too: leave those out.")
        if found.shape == (2, 3, 3 + 2 * rate, 2 + rate):
            raise Wrong(
                "`rate` is the distance of two weights, not the number of zeros."
            )
        filled = np.repeat(np.repeat(w, rate, axis=2), rate, axis=3)
        match(
            array(found, right.shape),
            right,
            [
                (
                    filled[:, :, : 2 * rate + 1, : rate + 1],
                    "You repeated the weights; there should be zeros between them.",
                )
            ],
            "The shape is right, the values are not. Every `rate`-th row and column "
            "holds weights, from the first to the last.",
        )
    if not np.array_equal(w, kept):
        raise Wrong("Right, but it changes the filters that it is given.")
    far = conv2d(np.ones((1, 3, 9, 9)), right)[0].shape[2]
    return f"With rate 3, a 3 × 2 kernel sees {10 - far} × 4 pixels."
