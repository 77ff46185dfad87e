"""Is the network as sure as it should be: numbers for it, and one to mend it."""

import math

import numpy as np

from ..checks import any_seed, finite, labels, probabilities, takes, whole
from ..model.ops import cross_entropy
from .intervals import bisect

MOST_DRAWS = 10_000

GROUPS = whole(1, 10_000)  # of answers: more would fill the memory
TEMPERATURES = 1e-3, 1e3  # what `fit_temperature` searches between


@takes(probabilities=probabilities("N K"), y=labels("N", "K"))
def log_odds(probabilities, y):
    """Log-odds of each image's true class: log of p / (1 - p).

    Parameters
    ----------
    probabilities : ndarray, shape (N, K)
        Rows that sum to 1.
    y : ndarray of int, shape (N,)
        True labels.

    Returns
    -------
    log_odds : ndarray of float64, shape (N,)
        Above 0 where the true class is more probable than all others together;
        infinite where one of the two is 0.

    Raises
    ------
    ValueError, TypeError
        If a label is no class, the lengths differ, or a probability is outside 0 to 1.

    Notes
    -----
    1 - p is computed as the sum of the others, which keeps its digits where p is nearly
    1. Taught in notebook 8.

    Examples
    --------
    >>> log_odds(np.array([[0.5, 0.25, 0.25], [0.1, 0.9, 0.0]]), np.array([0, 1]))
    array([0.        , 2.19722458])
    """
    true = np.arange(probabilities.shape[1]) == y[:, None]
    others = np.where(true, 0, probabilities).sum(axis=1, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.log(probabilities[true].astype(np.float64)) - np.log(others)


def expected_calibration_error(probabilities, y, n_bins=10):
    """Mean distance between stated confidence and hit rate, over groups of answers.

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
    error : float
        From 0 to 1; each group counts by its share of the answers.

    Raises
    ------
    ValueError, TypeError
        As `reliability`.

    Notes
    -----
    Even a calibrated classifier gets more than 0 on finitely many images, since its hit
    rates vary by luck. Taught in notebook 8. Source: Guo et al., "On calibration of
    modern neural networks" (2017).

    Examples
    --------
    Two answers at 90 %, both right, and two at 60 %, both wrong: (0.1 + 0.6) / 2.

    >>> probabilities = np.array([[0.9, 0.1]] * 2 + [[0.6, 0.4]] * 2)
    >>> round(expected_calibration_error(probabilities, np.array([0, 0, 1, 1])), 3)
    0.35
    """
    confidence, hit_rate, counts = reliability(probabilities, y, n_bins)
    return float((counts * np.abs(confidence - hit_rate)).sum() / counts.sum())


@takes(probabilities=probabilities("N K"), n_draws=whole(1, MOST_DRAWS), seed=any_seed)
def calibration_by_luck(probabilities, n_draws=100, seed=0):
    """Calibration errors of promises that are kept: luck alone makes them.

    Labels are drawn from the probabilities themselves, again and again. An error that
    is no larger than these is none that so many images can show.

    Parameters
    ----------
    probabilities : ndarray, shape (N, K)
        Rows that sum to 1.
    n_draws : int
        How often labels are drawn, from 1 to 10,000.
    seed : int or numpy.random.Generator
        Decides the labels.

    Returns
    -------
    errors : ndarray, shape (n_draws,)
        The `expected_calibration_error` of each draw.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or of the wrong kind.

    Notes
    -----
    Taught in notebook 8.

    Examples
    --------
    A hundred fair coins, and ten thousand:

    >>> for n in (100, 10_000):
    ...     print(calibration_by_luck(np.full((n, 2), 0.5)).mean().round(3))
    0.046
    0.004
    """
    rng, steps = np.random.default_rng(seed), probabilities.cumsum(axis=1)
    errors = np.empty(n_draws)
    for draw in range(n_draws):
        below = rng.random((len(steps), 1)) * steps[:, -1:] >= steps[:, :-1]
        errors[draw] = expected_calibration_error(probabilities, below.sum(axis=1))
    return errors


@takes(logits=finite("N K"), y=labels("N", "K"))
def fit_temperature(logits, y):
    """The number to divide logits by so that their cross-entropy is lowest.

    Parameters
    ----------
    logits : ndarray, shape (N, K)
        Scores before the softmax, of images that played no part in training.
    y : ndarray of int, shape (N,)
        True labels.

    Returns
    -------
    temperature : float
        Above 1 if the network was too sure of itself, below 1 if it was not sure
        enough. Between 0.001 and 1,000, where the search ends.

    Raises
    ------
    ValueError, TypeError
        If logits has not two axes, holds no finite numbers, or a label is no class.

    Notes
    -----
    The cross-entropy is convex in 1 / temperature, so it is lowest where its slope is
    0, a place that is found by halving. Taught in notebook 8. Source: Guo et al.
    (2017).

    Examples
    --------
    Each answer has the odds e² to 1. Three of four are right, odds of 3 to 1:

    >>> logits, y = np.array([[2.0, 0.0]] * 4), np.array([0, 0, 0, 1])
    >>> temperature = fit_temperature(logits, y)
    >>> round(temperature, 3), round(float(2 / np.log(3)), 3)
    (1.82, 1.82)
    """
    logits = logits.astype(np.float64)
    # a shift changes nothing, and at 0 the true class adds nothing to the slope, which
    # rounding would otherwise decide where the network is sure of everything
    logits -= np.take_along_axis(logits, y[:, None], axis=1)

    def slope(log_temperature):  # along 1 / temperature
        _, dlogits = cross_entropy(logits / math.exp(log_temperature), y)
        return (dlogits * logits).sum()

    low, high = bisect(lambda t: slope(t) > 0, *map(math.log, TEMPERATURES))
    return math.exp((low + high) / 2)


@takes(probabilities=probabilities("N K"), y=labels("N", "K"), n_bins=GROUPS)
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
