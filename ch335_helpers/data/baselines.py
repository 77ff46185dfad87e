"""Classifiers without a network, the lower rungs of the ladder."""

import numpy as np

from ..checks import finite, labels, takes
from ..machine.products import inner_products


@takes(X_train=finite("N C H W"), y_train=labels("N"), X=finite("M C H W"))
def nearest_mean(X_train, y_train, X):
    """Label of the class whose mean training image is nearest to each image.

    Parameters
    ----------
    X_train : ndarray, shape (N, C, H, W)
        Training images.
    y_train : ndarray of int, shape (N,)
        Their labels.
    X : ndarray, shape (M, C, H, W)
        Images to name.

    Returns
    -------
    labels : ndarray of int, shape (M,)
        One label for each image of X.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not fit, the labels are not integers or a pixel is not finite.

    Notes
    -----
    Taught in notebook 4.

    Examples
    --------
    Four images of one pixel, in two classes with the means 3 and 8:

    >>> X_train = np.array([0.0, 6.0, 8.0, 8.0]).reshape(4, 1, 1, 1)
    >>> X, y_train = np.array([[[[5.9]]]]), np.array([0, 0, 1, 1])
    >>> nearest_mean(X_train, y_train, X)
    array([1])
    """
    classes, rows = np.unique(y_train), _rows(X_train)
    means = np.stack([rows[y_train == label].mean(axis=0) for label in classes])
    return classes[_nearest(means, _rows(X))]


@takes(X_train=finite("N C H W"), y_train=labels("N"), X=finite("M C H W"))
def nearest_neighbour(X_train, y_train, X):
    """Label of the training image that is nearest to each image.

    Parameters
    ----------
    X_train : ndarray, shape (N, C, H, W)
        Training images.
    y_train : ndarray of int, shape (N,)
        Their labels.
    X : ndarray, shape (M, C, H, W)
        Images to name.

    Returns
    -------
    labels : ndarray of int, shape (M,)
        One label for each image of X.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not fit, the labels are not integers or a pixel is not finite.

    Notes
    -----
    Taught in notebook 1. Source: Cover, Hart (1967).

    Examples
    --------
    Of four images of one pixel, 6 is nearest to 5.9, and its label is 0:

    >>> X_train = np.array([0.0, 6.0, 8.0, 8.0]).reshape(4, 1, 1, 1)
    >>> X, y_train = np.array([[[[5.9]]]]), np.array([0, 0, 1, 1])
    >>> nearest_neighbour(X_train, y_train, X)
    array([0])
    """
    return y_train[_nearest(_rows(X_train), _rows(X))]


def _rows(images):
    """Each image as one row of pixels."""
    return images.reshape(len(images), -1)


def _nearest(candidates, rows):
    """Index of the candidate with the least squared distance |c - r|² for each row."""
    with np.errstate(over="ignore"):
        half_squares = 0.5 * (candidates * candidates).sum(axis=1)
    if not np.isfinite(half_squares).all():
        raise ValueError("X_train must be smaller: the square of a pixel overflows")
    blocks = [rows[start : start + 512] for start in range(0, len(rows), 512)]
    # |c - r|² / 2 = |c|² / 2 - c·r, apart from a term that is the same for all c
    distances = (half_squares - inner_products(block, candidates) for block in blocks)
    return np.concatenate([of_block.argmin(axis=1) for of_block in distances])
