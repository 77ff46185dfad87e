"""How good is it, and how sure can we be: intervals and counts of mistakes."""

import math
from statistics import NormalDist

import numpy as np

from .ops import check_labels


def wilson_interval(n_correct, n_images, confidence=0.95):
    """Interval for an accuracy, from `n_correct` of `n_images` independent images.

    Parameters
    ----------
    n_correct, n_images : int
        0 <= n_correct <= n_images, n_images at least 1.
    confidence : float
        How often such an interval shall contain the true accuracy, between 0 and 1.

    Returns
    -------
    low, high : float
        From 0 to 1; never outside, even at 0 or all correct.

    Raises
    ------
    ValueError
        If the counts or the confidence are out of range.

    Notes
    -----
    Taught in notebook 4. Source: Wilson (1927);
    compared in Brown, Cai, DasGupta (2001).
    """
    counts = (n_correct, n_images)
    whole = all(isinstance(count, int | np.integer) for count in counts)
    if not whole or not 0 <= n_correct <= n_images or n_images < 1:
        raise ValueError(
            "expected whole numbers 0 <= n_correct <= n_images, n_images >= 1, "
            f"got {n_correct} of {n_images}"
        )
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p, n = n_correct / n_images, n_images
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def confusion_matrix(y, predicted, n_classes):
    """Count how often each class was taken for each.

    Parameters
    ----------
    y, predicted : ndarray of int, shape (N,)
        True and predicted labels, from 0 to n_classes - 1.
    n_classes : int

    Returns
    -------
    counts : ndarray of int64, shape (n_classes, n_classes)
        ``counts[i, j]`` images of class i were called j;
        the right ones are on the diagonal.

    Raises
    ------
    ValueError, TypeError
        If the lengths differ or a label is no class.

    Notes
    -----
    Taught in notebook 4.
    """
    y = check_labels(y, len(predicted), n_classes)
    predicted = check_labels(predicted, len(y), n_classes, name="predicted")
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (y, predicted), 1)
    return counts
