"""The mathematics of a convolutional network: each operation with its exact gradient.

An operation is a pure function. It returns its result and its backward function::

    y, backward = conv2d(x, w, b, stride=1, padding=1)
    dx, dw, db = backward(dy)

Images have axes (N, C, H, W): image, channel, row, column. In memory the channels of
one pixel lie side by side in what a convolution makes, and in all that is made of it,
because a matrix product wants it that way; the transposes between the two views are
free. Nothing here changes its inputs, apart from the running averages of `batch_norm`.
A backward function reads again what went into its forward call, or what came out: leave
both as they are until it has run.

float32 and float64 are computed with as they are. float16 becomes float32, and integers
become float64. What else comes raises an error that names the argument. NaN and
infinity are no error, as a training that diverges has them: they stay visible.
"""

import numpy as np

from ..checks import (
    check_counts,
    check_floats,
    check_values,
    check_whole,
    flag,
    labels,
    number,
    operation,
    takes,
    whole,
)
from ..machine import products
from ..machine.cores import map_in_threads
from ..machine.products import patches_by_filters, patches_by_gradient

IMAGES_PER_BLOCK = 64  # so that patches take little memory, however many images
EPS = 1e-5  # added to a variance
MOST_PADDING = 1024  # in pixels, so that memory suffices


def output_size(size, kernel, stride=1, padding=0):
    """Length of a convolution's or a pooling's output along one axis.

    It is the number of places for the window. Places that would reach past the (padded)
    edge do not count, hence the rounding down.

    Parameters
    ----------
    size : int
        Pixels along the axis, without padding.
    kernel : int
        Pixels that the window covers.
    stride : int
        Pixels from one window to the next.
    padding : int
        Zeros added at each end.

    Returns
    -------
    length : int

    Raises
    ------
    ValueError
        If an argument is no whole number, stride is below 1, padding below 0, or the
        kernel longer than the padded axis.

    Notes
    -----
    Taught in notebook 2.

    Examples
    --------
    >>> output_size(32, kernel=5, stride=2, padding=2)
    16
    """
    size, kernel, stride = check_counts(size=size, kernel=kernel, stride=stride)
    padding = check_whole("padding", padding, low=0)
    if kernel > size + 2 * padding:
        room = f"{size} + 2 * {padding} pixels"
        raise ValueError(f"kernel must fit into the padded {room}, got {kernel}")
    return (size + 2 * padding - kernel) // stride + 1


@operation(x="N C H W", w="F C kH kW", b="F", padding=whole(0, MOST_PADDING))
def conv2d(x, w, b=None, stride=1, padding=0):
    """2-D convolution (cross-correlation, as in every deep-learning library).

    Every output value is the sum over one window of the zero-padded image times one
    filter, plus a bias. The windows of a few images are laid out as the rows of
    matrices; matrix products with the filters do the rest.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
        Images.
    w : ndarray, shape (F, C, kH, kW)
        Filters.
    b : ndarray, shape (F,), optional
        Biases.
    stride : int
        Pixels from one window to the next.
    padding : int
        Zeros added on each side.

    Returns
    -------
    y : ndarray, shape (N, F, Ho, Wo)
    backward : callable
        ``backward(dy)`` with dy of y's shape returns ``(dx, dw, db)``; db is None
        without a bias. ``backward(dy, with_dx=False)`` spares the work for dx and
        returns None in its place.

    Raises
    ------
    ValueError, TypeError
        If the axes or channels do not fit, the kernel exceeds the padded image, or an
        array holds no real numbers.

    Notes
    -----
    Taught in notebook 2; its gradient in notebook 6.
    Source: Goodfellow, Bengio, Courville, *Deep Learning* (2016),
    chapter 9; the patch matrix ("im2col") is from Chellapilla, Puri, Simard (2006).

    Examples
    --------
    How much brighter is the right neighbour of each pixel?

    >>> x = np.array([[[[0.0, 1.0, 3.0], [5.0, 5.0, 5.0]]]])
    >>> w = np.array([[[[-1.0, 1.0]]]])
    >>> y, backward = conv2d(x, w)
    >>> y[0, 0]
    array([[1., 2.],
           [0., 0.]])
    >>> dx, dw, db = backward(np.ones_like(y))
    >>> dw[0, 0]  # the sum of all left pixels, and that of all right ones
    array([[11., 14.]])
    """
    (N, C, H, W), (F, _, kH, kW) = x.shape, w.shape
    Ho, Wo = output_size(H, kH, stride, padding), output_size(W, kW, stride, padding)
    stride = min(int(stride), max(H, W) + 2 * padding)  # else products might overflow

    pixels, edges = x.transpose(0, 2, 3, 1), (padding, padding)
    y = np.empty((N, Ho, Wo, F), np.result_type(x, w))
    biases = None if b is None else np.full((Ho, Wo, F), b)  # for long loops

    def forward_of(block):
        padded = pad_images(pixels[block], edges, edges)
        patches = convolve(padded, w, stride, out=y[block])
        if b is not None:
            y[block] += biases
        # kept for dw; with stride 1 they would take more, and are soon made again
        return block, patches if stride > 1 else None

    def backward(dy, with_dx=True):
        dy = dy.transpose(0, 2, 3, 1)
        dx = np.empty((N, H, W, C), y.dtype) if with_dx else None

        def backward_of(part):
            block, patches = part
            own_dx = dx[block] if with_dx else None
            own = pixels[block], np.ascontiguousarray(dy[block]), w, padding, own_dx
            if stride == 1 and with_dx:
                return gradients_from_dy(*own)
            return gradients_from_x(*own, stride, patches)

        dw = sum(map_in_threads(backward_of, parts)).transpose(3, 2, 0, 1)
        db = None if b is None else dy.sum(axis=0).sum(axis=(0, 1))  # long loops first
        return dx.transpose(0, 3, 1, 2) if with_dx else None, dw, db

    parts = map_in_threads(forward_of, image_blocks(N))
    return y.transpose(0, 3, 1, 2), backward


def gradients_from_dy(pixels, dy, w, padding, dx):
    """Gradients of a convolution with stride 1, from patches of the output's gradient.

    dx is a convolution of dy. Its patches serve for dw, too.

    Parameters
    ----------
    pixels : ndarray, shape (n, H, W, C)
        Images with the channels last.
    dy : ndarray, shape (n, Ho, Wo, F)
        Gradient of the output, with the channels last.
    w : ndarray, shape (F, C, kH, kW)
        Filters.
    padding : int
        Zeros that were added on each side of the images.
    dx : ndarray, shape (n, H, W, C)
        Receives the gradient of the images.

    Returns
    -------
    dw : ndarray, shape (kH, kW, C, F)
        Gradient of the filters.
    """
    n, H, W, C = pixels.shape
    F, _, kH, kW = w.shape
    patches = input_gradient(dy, w, 1, padding, out=dx)
    dw = patches_by_gradient(patches, pixels.reshape(n, H * W, C))
    return dw.reshape(kH, kW, F, C)[::-1, ::-1].swapaxes(2, 3)


def gradients_from_x(pixels, dy, w, padding, dx, stride, patches=None):
    """Gradients of a convolution, from patches of its input.

    Parameters
    ----------
    pixels, dy, w, padding, dx
        As for `gradients_from_dy`; without dx, its work is spared.
    stride : int
        Pixels from one window to the next.
    patches : ndarray, optional
        The input's `patch_matrices`, if they have been kept.

    Returns
    -------
    dw : ndarray, shape (kH, kW, C, F)
    """
    (n, Ho, Wo, F), (_, C, kH, kW) = dy.shape, w.shape
    if patches is None:
        padded = pad_images(pixels, (padding, padding), (padding, padding))
        patches = patch_matrices(padded, kH, kW, stride)
    if dx is not None:
        input_gradient(dy, w, stride, padding, out=dx)
    dw = patches_by_gradient(patches, dy.reshape(n, Ho * Wo, F))
    return dw.reshape(kH, kW, C, F)


def image_blocks(N):
    """Slices that cut N images into blocks of about one size.

    Parameters
    ----------
    N : int
        Number of images.

    Returns
    -------
    list of slice
        Each of at most `IMAGES_PER_BLOCK` images. One, or an even number, so that two
        cores have as much to do.

    Notes
    -----
    Taught in notebook 7.

    Examples
    --------
    >>> image_blocks(65)
    [slice(0, 32, None), slice(32, 65, None)]
    """
    n = -(-N // IMAGES_PER_BLOCK)
    n += n % 2 if n > 1 else 0
    return [slice(N * i // n, N * (i + 1) // n) for i in range(n)]


def pad_images(pixels, rows, columns):
    """Images (n, H, W, C) with zeros around them, (before, after) in rows and columns.

    A number below zero cuts as many rows or columns off.

    Parameters
    ----------
    pixels : ndarray, shape (n, H, W, C)
        Images with the channels last.
    rows : tuple of int
        Rows of zeros above and below.
    columns : tuple of int
        Columns of zeros at the left and at the right.

    Returns
    -------
    padded : ndarray, shape (n, above + H + below, left + W + right, C)

    Examples
    --------
    >>> pad_images(np.ones((1, 2, 2, 1)), rows=(1, 0), columns=(0, -1))[0, :, :, 0]
    array([[0.],
           [1.],
           [1.]])
    """
    n, H, W, C = pixels.shape
    (top, bottom), (left, right) = rows, columns
    if not any((*rows, *columns)):
        # twice, so that an axis of length 1 has the usual stride, too
        return np.ascontiguousarray(pixels).reshape(-1).reshape(n, H, W, C)
    padded = np.zeros((n, top + H + bottom, left + W + right, C), pixels.dtype)
    inside = padded[:, max(top, 0) :, max(left, 0) :]
    kept = pixels[:, max(-top, 0) : H + min(bottom, 0)]
    kept = kept[:, :, max(-left, 0) : W + min(right, 0)]
    inside[:, : kept.shape[1], : kept.shape[2]] = kept
    return padded


def patch_matrices(padded, kH, kW, stride):
    """All windows of padded images (n, H, W, C), as matrices (parts, n, Ho * Wo, K).

    With a stride, or where NumPy has no BLAS, there is one part: a row of a matrix is a
    window, K = kH * kW * C. Otherwise there are kH parts and K = kW * C: only windows
    along the width are copied, and part i is the same memory seen from i image rows
    further down. Copying a kH-th of the values makes a 3 x 3 convolution 20 to 25 %
    faster.

    Parameters
    ----------
    padded : ndarray, shape (n, H, W, C)
        Images with the channels last, and with what padding they need.
    kH : int
        Rows of a window.
    kW : int
        Columns of a window.
    stride : int
        Pixels from one window to the next.

    Returns
    -------
    patches : ndarray, shape (parts, n, Ho * Wo, K)

    Notes
    -----
    Taught in notebook 7.

    Examples
    --------
    >>> image = np.arange(9).reshape(1, 3, 3, 1)
    >>> patch_matrices(image, 2, 2, stride=1)[:, 0].tolist()  # upper and lower rows
    [[[0, 1], [1, 2], [3, 4], [4, 5]], [[3, 4], [4, 5], [6, 7], [7, 8]]]
    """
    n, H, W, C = padded.shape
    Ho, Wo = (H - kH) // stride + 1, (W - kW) // stride + 1
    image, row, pixel, value = padded.strides

    def view(array, shape, steps):  # the same memory, with other axes
        return np.ndarray(shape, array.dtype, array, strides=steps)

    # kW neighbouring pixels lie in one piece, so a window's row is one run of values
    if stride > 1 or not products.HAS_BLAS:
        shape, steps = (n, Ho, Wo, kH), (image, stride * row, stride * pixel, row)
        windows = view(padded, (*shape, kW * C), (*steps, value))
        return windows.reshape(1, n, Ho * Wo, kH * kW * C)
    windows = view(padded, (n, H, Wo, kW * C), (image, row, pixel, value))
    if kW > 1 or Wo == 1:  # else the pixels lie as they should
        windows = windows.copy()
    image, row, window, value = windows.strides
    shape, steps = (kH, n, Ho * Wo, kW * C), (row, image, window, value)
    return view(windows, shape, steps)


def convolve(padded, w, stride, out):
    """Convolve padded images with the filters (F, C, kH, kW), into out (n, Ho, Wo, F).

    One matrix product for each part of the patches; the convolution is their sum.

    Parameters
    ----------
    padded : ndarray, shape (n, H, W, C)
        Images with the channels last, and with what padding they need.
    w : ndarray, shape (F, C, kH, kW)
        Filters.
    stride : int
        Pixels from one window to the next.
    out : ndarray, shape (n, Ho, Wo, F)
        Receives the result.

    Returns
    -------
    patches : ndarray, shape (parts, n, Ho * Wo, K)
        What `patch_matrices` made of the images.

    Notes
    -----
    Taught in notebook 7.

    Examples
    --------
    >>> image, out = np.arange(9.0).reshape(1, 3, 3, 1), np.empty((1, 2, 2, 1))
    >>> patches = convolve(image, np.ones((1, 1, 2, 2)), 1, out)
    >>> out[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    F, _, kH, kW = w.shape
    patches = patch_matrices(padded, kH, kW, stride)
    filters = w.transpose(2, 3, 1, 0).reshape(len(patches), 1, -1, F)
    patches_by_filters(patches, filters, out=out.reshape(len(out), -1, F))
    return patches


def input_gradient(dy, w, stride, padding, out):
    """Gradient of a convolution's input, into out (n, H, W, C).

    Along one axis, pixel stride * a + r of the padded image receives

        sum over q of dy[a - q] * w[stride * q + r].

    For each remainder r that is a convolution of dy with a part of the filter, turned
    round. Here all remainders are the output channels of a single convolution.

    Parameters
    ----------
    dy : ndarray, shape (n, Ho, Wo, F)
        Gradient of the output, with the channels last.
    w : ndarray, shape (F, C, kH, kW)
        Filters.
    stride : int
        Pixels from one window to the next.
    padding : int
        Zeros that were added on each side of the input.
    out : ndarray, shape (n, H, W, C)
        Receives the gradient.

    Returns
    -------
    patches : ndarray, shape (parts, n, M, K)
        Those of dy. With stride 1 there is one for each pixel, M = H * W: all outputs
        that the pixel reaches.

    Notes
    -----
    Taught in notebook 6.

    Examples
    --------
    One output, the sum of a window in the corner, hands its gradient to four pixels:

    >>> dy, dx = np.zeros((1, 2, 2, 1)), np.empty((1, 3, 3, 1))
    >>> dy[0, 0, 0] = 1
    >>> _ = input_gradient(dy, np.ones((1, 1, 2, 2)), stride=1, padding=0, out=dx)
    >>> dx[0, :, :, 0]
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 0.]])
    """
    F, C, kH, kW = w.shape
    n, H, W, _ = out.shape
    qH, qW = -(-kH // stride), -(-kW // stride)
    parts = np.zeros((F, C, qH * stride, qW * stride), w.dtype)
    parts[:, :, :kH, :kW] = w
    parts = parts.reshape(F, C, qH, stride, qW, stride)[:, :, ::-1, :, ::-1]
    parts = parts.transpose(3, 5, 1, 0, 2, 4).reshape(stride * stride * C, F, qH, qW)

    first = padding // stride  # the first a that is not all padding
    A, B = (-(-(padding + size) // stride) - first for size in (H, W))
    rows = (qH - 1 - first, first + A - dy.shape[1])
    columns = (qW - 1 - first, first + B - dy.shape[2])
    inside = out if stride == 1 else np.empty((n, A, B, len(parts)), out.dtype)
    patches = convolve(pad_images(dy, rows, columns), parts, 1, out=inside)
    if stride > 1:  # put the remainders side by side, and crop
        inside = inside.reshape(n, A, B, stride, stride, C).swapaxes(2, 3)
        inside = inside.reshape(n, A * stride, B * stride, C)
        edge = padding % stride
        out[...] = inside[:, edge : edge + H, edge : edge + W]
    return patches


@operation(x="N C H W", size=whole(), stride=whole())
def max_pool(x, size=2, stride=2):
    """Largest value in each window.

    Rows and columns that fill no window are left out.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
        Images.
    size : int
        Side of the window, in pixels.
    stride : int
        Pixels from one window to the next.

    Returns
    -------
    y : ndarray, shape (N, C, Ho, Wo)
    backward : callable
        ``backward(dy)`` returns dx: each dy goes to the place of its maximum; in a tie,
        to the first in row order.

    Raises
    ------
    ValueError, TypeError
        If x has not four axes or holds no real numbers, or the window is larger than
        the image.

    Notes
    -----
    Taught in notebook 2; its gradient in notebook 6.

    Examples
    --------
    >>> x = np.array([[[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 1.0, 2.0]]]])
    >>> y, backward = max_pool(x)
    >>> y
    array([[[[5., 2.]]]])
    >>> backward(np.array([[[[10.0, 20.0]]]]))[0, 0]
    array([[ 0., 10., 20.,  0.],
           [ 0.,  0.,  0.,  0.]])
    """
    H, W = x.shape[2:]
    if size > min(H, W):
        raise ValueError(f"size, the kernel's, must fit into x {x.shape}, got {size}")
    Ho, Wo = output_size(H, size, stride), output_size(W, size, stride)

    def shifted(array, i, j):  # row i, column j of every window
        return array[:, :, i : i + stride * Ho : stride, j : j + stride * Wo : stride]

    places = [(i, j) for i in range(size) for j in range(size)]
    y = shifted(x, 0, 0).copy(order="K")
    for place in places[1:]:
        np.maximum(y, shifted(x, *place), out=y)

    def backward(dy):
        dx = np.zeros_like(x, dy.dtype)
        waiting = np.ones_like(y, bool)  # windows whose maximum is still to be found
        for place in places:
            found = (shifted(x, *place) == y) & waiting
            share = dy * found.astype(dy.dtype)  # faster than times a bool
            if stride < size:  # windows overlap, so there may be something already
                share += shifted(dx, *place)
            shifted(dx, *place)[...] = share
            waiting ^= found
        return dx

    return y, backward


@operation(x="N C H W")
def global_avg_pool(x):
    """Mean of each channel over all its pixels.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
        Images.

    Returns
    -------
    y : ndarray, shape (N, C)
    backward : callable
        ``backward(dy)`` returns dx: every pixel receives dy / (H W).

    Raises
    ------
    ValueError, TypeError
        If x has not four axes or holds no real numbers.

    Notes
    -----
    Taught in notebook 2; its gradient in notebook 6.
    Source: Lin, Chen, Yan, "Network in network" (2014).

    Examples
    --------
    >>> y, backward = global_avg_pool(np.array([[[[1.0, 2.0], [3.0, 6.0]]]]))
    >>> y
    array([[3.]])
    >>> backward(np.array([[8.0]]))[0, 0]
    array([[2., 2.],
           [2., 2.]])
    """
    N, C, H, W = x.shape

    def backward(dy):
        share = dy / (H * W)
        dx = np.broadcast_to(share[:, None, None, :], (N, H, W, C))
        return np.ascontiguousarray(dx).transpose(0, 3, 1, 2)

    return x.mean(axis=(2, 3)), backward


@operation(x="N C H W")
def global_max_pool(x):
    """Largest value of each channel over all its pixels.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
        Images.

    Returns
    -------
    y : ndarray, shape (N, C)
    backward : callable
        ``backward(dy)`` returns dx: the first maximum in row order receives dy, every
        other pixel 0.

    Raises
    ------
    ValueError, TypeError
        If x has not four axes or holds no real numbers.

    Notes
    -----
    Taught in notebook 9.

    Examples
    --------
    >>> y, backward = global_max_pool(np.array([[[[1.0, 2.0], [6.0, 3.0]]]]))
    >>> y
    array([[6.]])
    >>> backward(np.array([[8.0]]))[0, 0]
    array([[0., 0.],
           [8., 0.]])
    """
    N, C, H, W = x.shape
    pixels = x.transpose(0, 2, 3, 1).reshape(N, H * W, C)
    first = pixels.argmax(axis=1)[:, None]  # (N, 1, C)

    def backward(dy):
        dx = np.zeros((N, H * W, C), dy.dtype)
        np.put_along_axis(dx, first, dy[:, None], axis=1)
        return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)

    return np.take_along_axis(pixels, first, axis=1)[:, 0], backward


@operation(x="N C H W")
def log_sum_exp_pool(x):
    """Log of the sum of exp over all pixels of each channel: a soft maximum.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
        Images, for instance a score for each place.

    Returns
    -------
    y : ndarray, shape (N, C)
        At least the channel's maximum, at most log(H W) above it.
    backward : callable
        ``backward(dy)`` returns dx: the pixels share dy in proportion to exp(x), so
        their shares are the softmax of the channel's pixels.

    Raises
    ------
    ValueError, TypeError
        If x has not four axes or holds no real numbers.

    Notes
    -----
    Taught in notebook 9. If a pixel's score is the log of how likely the image is with
    a shape there, y is, but for a constant, the log of how likely it is with a shape
    anywhere.

    Examples
    --------
    >>> y, backward = log_sum_exp_pool(np.log([[[[1.0, 2.0], [6.0, 3.0]]]]))
    >>> np.exp(y)
    array([[12.]])
    >>> backward(np.array([[12.0]]))[0, 0]
    array([[1., 2.],
           [6., 3.]])
    """
    largest = x.max(axis=(2, 3), keepdims=True)
    e = np.exp(x - largest)
    total = e.sum(axis=(2, 3), keepdims=True)

    def backward(dy):
        return dy[:, :, None, None] * (e / total)

    return (largest + np.log(total))[:, :, 0, 0], backward


@operation(x="any shape")
def relu(x):
    """Rectified linear unit, max(x, 0), for an array of any shape.

    Its gradient at 0 is taken as 0.

    Parameters
    ----------
    x : ndarray
        Of any shape.

    Returns
    -------
    y : ndarray, shape of x
    backward : callable
        ``backward(dy)`` returns dx.

    Raises
    ------
    TypeError
        If x holds no real numbers.

    Notes
    -----
    Taught in notebook 2; its gradient in notebook 6.

    Examples
    --------
    >>> y, backward = relu(np.array([-1.5, 0.0, 2.0]))
    >>> y
    array([0., 0., 2.])
    >>> backward(np.array([5.0, 6.0, 7.0]))
    array([0., 0., 7.])
    """
    y = np.maximum(x, 0)

    def backward(dy):  # y is kept, not x: what comes next keeps y anyway
        return dy * (y > 0).astype(dy.dtype)

    return y, backward


@operation(x="N D", w="K D", b="K")
def linear(x, w, b):
    """Linear layer, y = x wᵀ + b.

    Parameters
    ----------
    x : ndarray, shape (N, D)
        One row an example.
    w : ndarray, shape (K, D)
        Weights, one row an output.
    b : ndarray, shape (K,)
        Biases.

    Returns
    -------
    y : ndarray, shape (N, K)
    backward : callable
        ``backward(dy)`` returns ``(dx, dw, db)``.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not fit or an array holds no real numbers.

    Notes
    -----
    Taught in notebook 2; its gradient in notebook 6.

    Examples
    --------
    >>> x, w = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
    >>> y, backward = linear(x, w, b=np.array([0.5]))
    >>> y
    array([[11.5]])
    >>> dx, dw, db = backward(np.array([[10.0]]))
    >>> dx, dw, db
    (array([[30., 40.]]), array([[10., 20.]]), array([10.]))
    """

    def backward(dy):
        return dy @ w, dy.T @ x, dy.sum(axis=0)

    return x @ w.T + b, backward


def _averages(name, values, known):
    """The contract of running averages: in training they are changed in place."""
    if known["train"]:
        check_floats(name, values)
    return check_values(name, values, f"{known['C']}")


def _variances(name, values, known):
    """The contract of running variances, which are at least 0."""
    values = _averages(name, values, known)
    if (values < 0).any():
        raise ValueError(f"{name} must be at least 0, got {values.min()}")
    return values


@operation(
    x="N C H W", gamma="C", beta="C", train=flag, running_mean=_averages,
    running_var=_variances, momentum=number(low=0, high=1), eps=number(low=0),
)  # fmt: skip
def batch_norm(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=EPS):
    """Batch normalisation: channels to mean 0 and variance 1, times gamma plus beta.

    In training the mean and the (biased) variance are those of the batch, over N, H and
    W, and the running averages move towards them in place: running = (1 - momentum)
    running + momentum batch, with the unbiased variance. In evaluation the running
    averages take their place and stay as they are.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
        Images.
    gamma : ndarray, shape (C,)
        Scale, learnt.
    beta : ndarray, shape (C,)
        Shift, learnt.
    running_mean : ndarray, shape (C,)
        Means for evaluation; changed in place in training.
    running_var : ndarray, shape (C,)
        Variances for evaluation; changed in place in training.
    train : bool
        Whether this is training, as above, or evaluation.
    momentum : float
        Weight of the newest batch in the running averages, from 0 to 1.
    eps : float
        Added to the variance, at least 0, so that a constant channel divides by no
        zero.

    Returns
    -------
    y : ndarray, shape (N, C, H, W)
    backward : callable
        ``backward(dy)`` returns ``(dx, dgamma, dbeta)``.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not fit, a number is out of range, an array holds no real
        numbers, or in training if a channel has a single value or the running averages
        are no floats to be changed in place. They have not changed then.

    Notes
    -----
    Taught in notebook 2; its gradient in notebook 6.
    Source: Ioffe, Szegedy, "Batch normalization" (2015); averages as in PyTorch.

    Examples
    --------
    >>> x, ones, zeros = np.array([[[[1.0, 3.0]]]]), np.ones(1), np.zeros(1)
    >>> mean, var = np.zeros(1), np.ones(1)
    >>> y, _ = batch_norm(x, ones, zeros, mean, var, train=True)
    >>> y.round(4)
    array([[[[-1.,  1.]]]])
    >>> mean, var  # a tenth of the way towards the batch's 2, and its unbiased 2
    (array([0.2]), array([1.1]))
    """
    N, C, H, W = x.shape
    rows = pixel_rows(x)
    if train:
        count = N * H * W
        if count == 1:
            raise ValueError(f"x must have several values a channel, got {x.shape}")
        mean = channel_sums(rows, C) / count
        centred = rows - per_pixel(mean, rows)
        var = channel_products(centred, centred, C) / count
        running_mean += momentum * (mean - running_mean)
        running_var += momentum * (var * (count / (count - 1)) - running_var)
    else:
        mean, var = running_mean, running_var
        centred = rows - per_pixel(mean, rows)
    inv_std = 1 / np.sqrt(var + eps)
    scale = per_pixel(gamma * inv_std, rows)
    y = centred * scale
    y += per_pixel(beta, rows)

    def backward(dy):
        dy = pixel_rows(dy)
        dbeta = channel_sums(dy, C)
        dgamma = inv_std * channel_products(dy, centred, C)
        if not train:
            return images_of(dy * scale, x.shape), dgamma, dbeta
        # x also acts through the batch's mean and variance
        slope = inv_std * (dgamma / count)
        dx = centred * per_pixel(-slope, rows)
        dx -= per_pixel(dbeta / count, rows)
        dx += dy
        dx *= scale
        return images_of(dx, x.shape), dgamma, dbeta

    return images_of(y, x.shape), backward


def pixel_rows(x):
    """Images (N, C, H, W) as a matrix (N * H, W * C): a row holds a row of pixels.

    Such long rows are what NumPy computes with fastest.
    """
    N, C, H, W = x.shape
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).reshape(N * H, W * C)


def images_of(rows, shape):
    """The images (N, C, H, W) whose `pixel_rows` these are."""
    N, C, H, W = shape
    return rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)


def per_pixel(values, rows):
    """One number a channel (C,), repeated (W * C,) to go with rows of pixels."""
    W = rows.shape[1] // len(values)
    return np.tile(values.astype(rows.dtype, copy=False), W)


def channel_sums(rows, C):
    """The sum of each channel (C,) over all rows of pixels."""
    return (np.ones(len(rows), rows.dtype) @ rows).reshape(-1, C).sum(axis=0)


def channel_products(a, b, C):
    """The sum of each channel (C,) of the product of two matrices of pixel rows."""
    return np.einsum("ij,ij->j", a, b).reshape(-1, C).sum(axis=0)


@takes(z="N K")
def softmax(z):
    """Turn each row of scores into probabilities, exp(z_k) / sum over j of exp(z_j).

    Parameters
    ----------
    z : ndarray, shape (N, K)
        Scores, one row an example.

    Returns
    -------
    p : ndarray, shape (N, K)
        Rows of numbers from 0 to 1 that sum to 1.

    Raises
    ------
    ValueError, TypeError
        If z has not two axes or holds no real numbers.

    Notes
    -----
    Taught in notebook 2. The row's maximum is taken off first: the result is the same,
    and no exp overflows.

    Examples
    --------
    >>> softmax(np.log([[1.0, 3.0], [5.0, 5.0]]))
    array([[0.25, 0.75],
           [0.5 , 0.5 ]])
    """
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@takes(logits="N K", y=labels("N", "K"))
def cross_entropy(logits, y):
    """Mean of -log softmax(logits)[label] over a batch.

    Parameters
    ----------
    logits : ndarray, shape (N, K)
        Scores before the softmax.
    y : ndarray of int, shape (N,)
        Labels from 0 to K - 1.

    Returns
    -------
    loss : float
        In nats: log K for a network that knows nothing.
    dlogits : ndarray, shape (N, K)
        Gradient of the loss, (softmax(logits) - one-hot label) / N.

    Raises
    ------
    ValueError, TypeError
        If a label is outside the classes or not an integer, the lengths differ, or
        logits holds no real numbers.

    Notes
    -----
    Taught in notebook 2; its gradient in notebook 6.

    Examples
    --------
    >>> loss, dlogits = cross_entropy(np.log([[1.0, 3.0]]), np.array([0]))
    >>> round(loss, 4)  # -log(1/4)
    1.3863
    >>> dlogits
    array([[-0.75,  0.75]])
    """
    N = len(logits)
    z = logits - logits.max(axis=1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - z[np.arange(N), y])
    dlogits = e / total
    dlogits[np.arange(N), y] -= 1
    return float(loss), dlogits / N
