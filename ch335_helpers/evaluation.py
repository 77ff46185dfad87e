"""How good is it: mistakes by class, two classifiers compared, confidence judged."""

import math
from dataclasses import dataclass

import numpy as np

from .checks import (
    BOOLEANS,
    check_axes,
    check_labels,
    check_probabilities,
    check_whole,
)

MOST_GROUPS = 10_000  # classes or groups of answers: more would fill the memory


@dataclass(frozen=True)
class McNemar:
    """Two classifiers compared on the same images, as `mcnemar` returns it.

    Attributes
    ----------
    only_a : int
        Images that only a got right.
    only_b : int
        Images that only b got right.
    difference : float
        Accuracy of a minus accuracy of b, from -1 to 1.
    p_value : float
        Chance of a division at least as uneven as only_a to only_b if each of these
        images were as likely to favour a as b; 1 if there is no such image.

    Examples
    --------
    One image more proves nothing:

    >>> mcnemar([True, True, False, False], [True, False, False, False])
    McNemar(only_a=1, only_b=0, difference=0.25, p_value=1.0)
    """

    only_a: int
    only_b: int
    difference: float
    p_value: float


def mcnemar(correct_a, correct_b):
    """McNemar's exact test: is one of two classifiers better on the same images?

    Parameters
    ----------
    correct_a : array_like of bool, shape (N,)
        Whether classifier a got each image right.
    correct_b : array_like of bool, shape (N,)
        Whether classifier b did, for the same images in the same order.

    Returns
    -------
    comparison : McNemar
        The counts, the difference and its p-value.

    Raises
    ------
    ValueError
        If the lengths differ or there is no image.
    TypeError
        If the arrays are not boolean.

    Notes
    -----
    It compares two trained networks. Whether one way to train is better than another
    is a question for several seeds: `paired_difference`.
    Taught in notebook 4. Source: McNemar (1947), with exact chances in place of chi
    squared; recommended for classifiers by Dietterich (1998).

    Examples
    --------
    Five images for a and none for b, by the same chance as five heads or five tails:

    >>> images = np.arange(10)
    >>> comparison = mcnemar(images < 9, images < 4)
    >>> comparison.difference, comparison.p_value
    (0.5, 0.0625)
    """
    a = check_axes("correct_a", correct_a, "N", BOOLEANS)
    b = check_axes("correct_b", correct_b, f"{len(a)}", BOOLEANS)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    difference = (only_a - only_b) / len(a)
    return McNemar(only_a, only_b, difference, _two_sided_p(only_a, only_b))


def _two_sided_p(heads, tails):
    """Chance of fair coin throws being at least as uneven as `heads` to `tails`."""
    n, fewer = heads + tails, min(heads, tails)
    ways = term = math.comb(n, fewer)
    for k in range(fewer, 0, -1):
        term = term * k // (n - k + 1)  # comb(n, k - 1), with no remainder
        ways += term
        if term.bit_length() + 80 < ways.bit_length():
            break  # terms only get smaller: a float would not show the rest
    return min(1.0, 2 * ways / 2**n)


def confusion_matrix(y, predicted, n_classes):
    """Count how often each class was taken for each.

    Parameters
    ----------
    y : ndarray of int, shape (N,)
        True labels, from 0 to n_classes - 1.
    predicted : ndarray of int, shape (N,)
        Predicted labels, in the same order.
    n_classes : int
        Number of classes.

    Returns
    -------
    counts : ndarray of int64, shape (n_classes, n_classes)
        ``counts[i, j]`` images of class i were called j;
        the right ones are on the diagonal.

    Raises
    ------
    ValueError, TypeError
        If the lengths differ, a label is no class or n_classes out of range.

    Notes
    -----
    Taught in notebook 4.

    Examples
    --------
    >>> y, predicted = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1])
    >>> confusion_matrix(y, predicted, n_classes=2)  # a 0 was taken for a 1
    array([[2, 1],
           [0, 2]])
    """
    n_classes = check_whole("n_classes", n_classes, high=MOST_GROUPS)
    predicted = check_labels("predicted", predicted, "N", n_classes)
    y = check_labels("y", y, len(predicted), n_classes)
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (y, predicted), 1)
    return counts


def reliability(probabilities, y, n_bins=10):
    """Compare stated confidence with hit rate, in groups of similar confidence.

    Parameters
    ----------
    probabilities : ndarray, shape (N, K)
        Rows that sum to 1. An answer's confidence is the largest number of its row.
    y : ndarray of int, shape (N,)
        True labels.
    n_bins : int
        Groups of equal width from 0 to 1, at least 1.

    Returns
    -------
    confidence : ndarray, shape (G,)
        Mean confidence in each group that is not empty, in ascending order.
    hit_rate : ndarray, shape (G,)
        Share of right answers in the group. It equals the confidence if the network is
        calibrated.
    counts : ndarray of int, shape (G,)
        Answers in the group.

    Raises
    ------
    ValueError, TypeError
        If a label is no class, the lengths differ, a probability is outside 0 to 1, or
        n_bins out of range.

    Notes
    -----
    Taught in notebook 4. Source: Guo et al., "On calibration of modern neural networks"
    (2017).

    Examples
    --------
    Four times the answer is 0, with a confidence of 0.85. Is it right that often?

    >>> probabilities, y = np.array([[0.85, 0.15]] * 4), np.array([0, 0, 1, 1])
    >>> confidence, hit_rate, counts = reliability(probabilities, y)
    >>> confidence.round(2), hit_rate, counts
    (array([0.85]), array([0.5]), array([4]))
    """
    probabilities = check_probabilities("probabilities", probabilities)
    y = check_labels("y", y, *probabilities.shape)
    n_bins = check_whole("n_bins", n_bins, high=MOST_GROUPS)
    stated = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == y
    group = np.minimum((stated * n_bins).astype(int), n_bins - 1)
    counts = np.bincount(group, minlength=n_bins)
    kept = counts > 0
    confidence, hits = (
        np.bincount(group, weights=values, minlength=n_bins)[kept] / counts[kept]
        for values in (stated, right)
    )
    return confidence, hits, counts[kept]
