"""How well an attribution points at the pixels that were drawn.

The generator knows which pixels it drew, so each map can be judged against them. Every
score gives one value an image, from 0 to 1, so that intervals can be put on its mean. A
map that says the same of all pixels gets what chance would: the share of drawn pixels.
"""

import numpy as np

from ..checks import BOOLEANS, array, finite, takes


def _drawn(name, masks, known):
    """The contract of the drawn pixels of each image."""
    masks = array("N H W", BOOLEANS)(name, masks, known)
    is_empty = ~masks.any(axis=(1, 2))
    if is_empty.any():
        text = f"{name} must have at least one pixel in each image, got none in image"
        raise ValueError(f"{text} {is_empty.argmax()}")
    return masks


def _rows(maps, masks):
    """The pixels of each image in one row, as float64 and as booleans."""
    n = len(maps)
    return maps.reshape(n, -1).astype(np.float64), masks.reshape(n, -1)


@takes(maps=finite("N H W"), masks=_drawn)
def pointing_accuracy(maps, masks):
    """Whether the largest value of each map lies on the mask.

    Parameters
    ----------
    maps : ndarray, shape (N, H, W)
        One map for each image; all values finite.
    masks : ndarray of bool, shape (N, H, W)
        The drawn pixels, at least one in each image.

    Returns
    -------
    scores : ndarray of float64, shape (N,)
        1 if the largest value is on the mask and 0 if not. Where several pixels share
        the largest value, the share of them that are on the mask.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, or a mask is empty.
    TypeError
        If maps holds no real numbers or masks no booleans.

    Notes
    -----
    Taught in notebook 8. Source: the pointing game of Zhang et al., "Top-down neural
    attention by excitation backprop" (2018), without its margin of tolerance.

    Examples
    --------
    >>> maps = np.array([[[3.0, 1.0], [0.0, 2.0]], [[5.0, 5.0], [0.0, 0.0]]])
    >>> masks = np.array([[[True, False], [False, False]]] * 2)
    >>> pointing_accuracy(maps, masks)
    array([1. , 0.5])
    """
    maps, masks = _rows(maps, masks)
    largest = maps == maps.max(axis=1, keepdims=True)
    return (largest & masks).sum(axis=1) / largest.sum(axis=1)


@takes(maps=finite("N H W"), masks=_drawn)
def average_precision(maps, masks):
    """How early the drawn pixels come when all are ranked by the map, largest first.

    Going down the ranking, the precision is the share of drawn pixels among all so far.
    The score is its mean over the places at which a drawn pixel comes.

    Parameters
    ----------
    maps : ndarray, shape (N, H, W)
        One map for each image; all values finite.
    masks : ndarray of bool, shape (N, H, W)
        The drawn pixels, at least one in each image.

    Returns
    -------
    scores : ndarray of float64, shape (N,)
        1 if all drawn pixels come first. Pixels of one value come at once, so a map of
        one value gets the share of drawn pixels.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, or a mask is empty.
    TypeError
        If maps holds no real numbers or masks no booleans.

    Notes
    -----
    Taught in notebook 8. Source: the measure of ranked retrieval, with ties as in
    scikit-learn's ``average_precision_score``.

    Examples
    --------
    The drawn pixels come first and fourth: (1/1 + 2/4) / 2.

    >>> maps = np.array([[[4.0, 3.0], [2.0, 1.0]]])
    >>> average_precision(maps, np.array([[[True, False], [False, True]]]))
    array([0.75])
    """
    maps, masks = _rows(maps, masks)
    order = np.argsort(-maps, axis=1, kind="stable")
    ranked = np.take_along_axis(maps, order, axis=1)
    found = np.take_along_axis(masks, order, axis=1).cumsum(axis=1)
    scores = np.empty(len(maps))
    for n, (values, so_far) in enumerate(zip(ranked, found, strict=True)):
        ends = np.append(np.flatnonzero(values[1:] != values[:-1]), len(values) - 1)
        hits = np.diff(so_far[ends], prepend=0)  # drawn pixels of each value
        scores[n] = (hits * so_far[ends] / (ends + 1)).sum() / so_far[-1]
    return scores


@takes(maps=finite("N H W"), masks=_drawn)
def energy_inside(maps, masks):
    """Share of the map's positive values, added up, that lies on the mask.

    Parameters
    ----------
    maps : ndarray, shape (N, H, W)
        One map for each image; all values finite. Values below 0 count as 0.
    masks : ndarray of bool, shape (N, H, W)
        The drawn pixels, at least one in each image.

    Returns
    -------
    scores : ndarray of float64, shape (N,)
        1 if all that is positive lies on the mask. A map without a positive value says
        the same of all pixels, so it gets the share of drawn pixels.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, or a mask is empty.
    TypeError
        If maps holds no real numbers or masks no booleans.

    Notes
    -----
    Taught in notebook 8. Source: the energy-based pointing game of Wang et al.,
    "Score-CAM" (2020), which counts a bounding box instead of the drawn pixels.

    Examples
    --------
    >>> maps = np.array([[[3.0, 1.0], [-8.0, 0.0]]])
    >>> energy_inside(maps, np.array([[[True, False], [True, False]]]))
    array([0.75])
    """
    maps, masks = _rows(maps, masks)
    largest = maps.max(axis=1, keepdims=True)
    # in shares of the largest value, so that no sum can overflow
    positive = np.maximum(maps, 0) / np.where(largest > 0, largest, 1)
    positive[largest[:, 0] <= 0] = 1
    return (positive * masks).sum(axis=1) / positive.sum(axis=1)
