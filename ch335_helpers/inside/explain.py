"""Look inside a trained network: its activation maps, and what an answer rests on.

An attribution says how much each pixel counts for a class: a map (N, H, W) of each
image for its target class. All run the network in evaluation mode. Except for
`saliency`, they are signed: above 0 speaks for the class, below 0 against it.
"""

import numpy as np

from ..checks import (
    check_fits,
    check_labels,
    check_one_of,
    check_whole,
    images,
    sequence,
    takes,
    whole,
)
from ..evaluation.prediction import network_input, predict_logits
from ..model.network import NETWORK
from ..model.walk import output_gradients, steps

MOST_STEPS = 10**6  # more would take hours
AT_ONCE = 1024  # covered images that the network is given at once, if N is below


def _targets(name, target, known):
    """The contract of one of the model's classes for each image."""
    x = known["x"]
    with check_fits("x", x):
        logits, _ = known["model"](known["params"], x[:1])
    return check_labels(name, target, len(x), logits.shape[1])


def _side(name, size, known):
    """The contract of a square that fits into the images."""
    return check_whole(name, size, high=min(known["H"], known["W"]))


TARGETED = {**NETWORK, "x": network_input, "target": _targets}


@takes(x=images, kinds=sequence)
def activation_maps(model, params, x, kinds=None):
    """Output of each of a network's layers that is still an image.

    The network runs in evaluation mode.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    params : dict of str to ndarray
        Its parameters.
    x : ndarray, shape (N, C, H, W)
        Images.
    kinds : sequence of str, optional
        Keep only layers of these kinds, such as ``("relu", "max pool")``.

    Returns
    -------
    maps : dict of str to ndarray
        Under each layer's name its output, shape (N, C', H', W'), in the order of the
        forward pass. The name of a residual block stands for the sum of its two paths.

    Raises
    ------
    ValueError, TypeError
        If x has not four axes, is not finite or does not fit the model, params are not
        the model's, or it has no layer of one of the kinds.

    Notes
    -----
    Taught in notebook 4.

    Examples
    --------
    >>> import numpy as np
    >>> from ch335_helpers import SimpleCNN
    >>> model, x = SimpleCNN(), np.zeros((2, 1, 32, 32))
    >>> params = model.init(np.random.default_rng(0))
    >>> maps = activation_maps(model, params, x, kinds=["max pool"])
    >>> {name: y.shape for name, y in maps.items()}
    {'pool1': (2, 8, 16, 16), 'pool2': (2, 16, 8, 8)}
    """
    found = steps(model, params, x)
    known = dict.fromkeys(step.layer.kind for step in found)
    kept = known if kinds is None else [check_one_of("kinds", k, known) for k in kinds]
    return {s.name: s.y for s in found if s.y.ndim == 4 and s.layer.kind in kept}


@takes(**TARGETED)
def saliency(model, params, x, target):
    """How much the target's logit reacts to each pixel: the size of its gradient.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    params : dict of str to ndarray
        Its parameters.
    x : ndarray, shape (N, C, H, W)
        Images.
    target : ndarray of int, shape (N,)
        The class of each image whose logit is looked at.

    Returns
    -------
    maps : ndarray, shape (N, H, W)
        The largest absolute value over the channels, in logits for each unit of grey.

    Raises
    ------
    ValueError
        If x has not four axes or is not finite, or target does not fit.
    TypeError
        If target holds no integers.

    Notes
    -----
    Source: Simonyan, Vedaldi, Zisserman, "Deep inside convolutional networks" (2014).

    Examples
    --------
    A linear classifier reacts by its weights:

    >>> from ch335_helpers import LinearClassifier
    >>> model = LinearClassifier(n_classes=2, img_size=2)
    >>> params = model.init(np.random.default_rng(0))
    >>> maps = saliency(model, params, np.zeros((1, 1, 2, 2)), np.array([1]))
    >>> np.allclose(maps[0].ravel(), abs(params["linear.w"][1]))
    True
    """
    return np.abs(_pixel_gradient(model, params, x, target)).max(axis=1)


@takes(**TARGETED, n_steps=whole(1, MOST_STEPS))
def integrated_gradients(model, params, x, target, n_steps=64):
    """What each pixel adds to the target's logit on the way from the all-zero image.

    The image is faded in, and each pixel's gradients on the way are added up. So a
    map's sum is the target's logit for the image, minus that for the all-zero image
    (*completeness*), but for the error of adding up finitely many steps.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    params : dict of str to ndarray
        Its parameters.
    x : ndarray, shape (N, C, H, W)
        Images.
    target : ndarray of int, shape (N,)
        The class of each image whose logit is looked at.
    n_steps : int
        Places on the way at which the gradient is taken, at least 1.

    Returns
    -------
    maps : ndarray, shape (N, H, W)
        Sums over the channels, in logits.

    Raises
    ------
    ValueError
        If x has not four axes or is not finite, target does not fit, or n_steps is
        below 1.
    TypeError
        If target holds no integers.

    Notes
    -----
    Source: Sundararajan, Taly, Yan, "Axiomatic attribution for deep networks" (2017).

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN, predict_logits
    >>> model, rng = SimpleCNN(n_classes=4), np.random.default_rng(0)
    >>> params, x = model.init(rng), rng.standard_normal((1, 1, 16, 16))
    >>> maps = integrated_gradients(model, params, x, np.array([2]))
    >>> both = predict_logits(model, params, np.concatenate([x, 0 * x]))
    >>> np.allclose(maps.sum(), both[0, 2] - both[1, 2], rtol=0.01)
    True
    """
    total = np.zeros_like(x)
    for step in range(n_steps):  # at the middle of each piece of the way
        faded = x * x.dtype.type((step + 0.5) / n_steps)
        total += _pixel_gradient(model, params, faded, target)
    return (x * total / n_steps).sum(axis=1)


@takes(**TARGETED, size=_side)
def occlusion(model, params, x, target, size=5):
    """How far the target's logit falls when a square is painted over with zeros.

    The square goes everywhere, also partly out of the image, so that each pixel is
    covered equally often.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    params : dict of str to ndarray
        Its parameters.
    x : ndarray, shape (N, C, H, W)
        Images.
    target : ndarray of int, shape (N,)
        The class of each image whose logit is looked at.
    size : int
        Pixels along a side of the square, at least 1.

    Returns
    -------
    maps : ndarray, shape (N, H, W)
        For each pixel the mean over the squares that cover it, in logits.

    Raises
    ------
    ValueError
        If x has not four axes or is not finite, target does not fit, or size is below
        1 or above the image's sides.
    TypeError
        If target holds no integers.

    Notes
    -----
    Source: Zeiler, Fergus, "Visualizing and understanding convolutional networks"
    (2014).

    Examples
    --------
    A dark pixel is nothing to a linear classifier, so covering it changes nothing:

    >>> from ch335_helpers import LinearClassifier
    >>> model, x = LinearClassifier(2, img_size=2), np.array([[[[0.0, 1], [2, 3]]]])
    >>> params = model.init(np.random.default_rng(0))
    >>> maps = occlusion(model, params, x, np.array([0]), size=1)
    >>> np.allclose(maps[0].ravel(), params["linear.w"][0] * x.ravel())
    True
    """
    N, _, H, W = x.shape
    logits, images = predict_logits(model, params, x), np.arange(N)
    before = logits[images, target]
    maps = np.zeros((N, H, W), x.dtype)
    squares = [
        np.s_[..., max(top - size + 1, 0) : top + 1, max(left - size + 1, 0) : left + 1]
        for top, left in np.ndindex(H + size - 1, W + size - 1)
    ]
    at_once = max(1, AT_ONCE // N)
    for first in range(0, len(squares), at_once):
        some = squares[first : first + at_once]
        covered = np.repeat(x[None], len(some), axis=0)
        for version, square in zip(covered, some, strict=True):
            version[square] = 0
        after = predict_logits(model, params, covered.reshape(-1, *x.shape[1:]))
        falls = before - after.reshape(len(some), N, -1)[:, images, target]
        for fall, square in zip(falls, some, strict=True):
            maps[square] += fall[:, None, None] / size**2
    return maps


@takes(**TARGETED)
def grad_cam(model, params, x, target):
    """Where the last activation maps speak for the target, coarsely.

    The maps of the last layer that is still an image are added up, each weighted by
    how the target's logit reacts to it on average.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    params : dict of str to ndarray
        Its parameters.
    x : ndarray, shape (N, C, H, W)
        Images.
    target : ndarray of int, shape (N,)
        The class of each image whose logit is looked at.

    Returns
    -------
    maps : ndarray, shape (N, H, W)
        Each value of the coarse map stands for a block of pixels. Unlike in the source,
        values below 0 are kept.

    Raises
    ------
    ValueError
        If x has not four axes or is not finite, or target does not fit, or the model
        has no layer whose output is still an image.
    TypeError
        If target holds no integers.

    Notes
    -----
    Source: Selvaraju et al., "Grad-CAM" (2017).

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> model, rng = SimpleCNN(n_classes=4), np.random.default_rng(0)
    >>> x = rng.standard_normal((1, 1, 16, 16))
    >>> maps = grad_cam(model, model.init(rng), x, np.array([2]))
    >>> maps.shape, len(np.unique(maps))  # 4 x 4 blocks
    ((1, 16, 16), 16)
    """
    found = steps(model, params, x)
    still_images = [i for i, step in enumerate(found) if step.y.ndim == x.ndim]
    if not still_images:
        raise ValueError("model must have a layer whose output is still an image")
    last = still_images[-1]
    gradient = output_gradients(found, _of_target(found[-1].y, target))[last]
    weights = gradient.mean(axis=(2, 3), keepdims=True)
    coarse = (weights * found[last].y).sum(axis=1)
    rows, columns = (
        np.arange(size) * coarse.shape[axis] // size
        for axis, size in ((1, x.shape[2]), (2, x.shape[3]))
    )
    return coarse[:, rows[:, None], columns]


def _of_target(logits, target):
    """The gradient of each image's target logit with respect to its logits."""
    dlogits = np.zeros_like(logits)
    dlogits[np.arange(len(target)), target] = 1
    return dlogits


def _pixel_gradient(model, params, x, target):
    """The gradient of each image's target logit with respect to its pixels."""
    logits, backward = model(params, x)
    return backward(_of_target(logits, target), {})
