"""How good is it, and how sure can we be: intervals, comparisons, mistakes."""

import math
from dataclasses import dataclass
from numbers import Real
from statistics import NormalDist

import numpy as np

from .data import class_posterior, make_synthetic_images
from .ops import check_axes, check_labels
from .training import predict_logits


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
    _check_chance("confidence", confidence)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    n = int(n_images)  # the square of a NumPy integer could overflow
    p = int(n_correct) / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def _check_chance(name, value):
    """Raise ValueError unless `value` is a number between 0 and 1, both excluded."""
    if not isinstance(value, Real) or not 0 < value < 1:
        raise ValueError(f"{name} must be between 0 and 1, got {value!r}")


def student_t_quantile(p, dof):
    """Quantile of Student's t distribution: the value that t stays below with chance p.

    Parameters
    ----------
    p : float
        Between 0 and 1.
    dof : int
        Degrees of freedom, at least 1.

    Returns
    -------
    t : float
        Right to at least eight digits for p from 1e-6 to 1 - 1e-6; fewer further out.

    Raises
    ------
    ValueError
        If p is not between 0 and 1 or dof is no whole number of at least 1.

    Notes
    -----
    Halves an interval of angles until it holds the quantile's alone; the time grows
    with dof. Taught in notebook 4. Source: Abramowitz, Stegun, *Handbook of
    Mathematical Functions* (1964), 26.7.3 and 26.7.4.
    """
    _check_chance("p", p)
    if not isinstance(dof, int | np.integer) or dof < 1:
        raise ValueError(f"dof must be a whole number of at least 1, got {dof!r}")
    central = abs(2 * float(p) - 1)  # the chance of a t between -quantile and quantile
    low, high = 0.0, math.pi / 2
    for _ in range(60):  # pi / 2 / 2**60 is below what a float can show
        middle = (low + high) / 2
        if _central_chance(middle, int(dof)) < central:
            low = middle
        else:
            high = middle
    t = math.sqrt(dof) * math.tan(low)
    return -t if p < 0.5 else t


def _central_chance(theta, dof):
    """Chance that abs(t) is below sqrt(dof) * tan(theta), for Student's t."""
    odd = dof % 2
    series, term = 0.0, math.cos(theta) if odd else 1.0
    for k in range(1 + odd, dof, 2):
        series += term
        term *= k / (k + 1) * math.cos(theta) ** 2
    series *= math.sin(theta)
    return 2 / math.pi * (theta + series) if odd else series


def mean_interval(values, confidence=0.95):
    """Mean of independent runs, with Student's t interval for the true mean.

    Parameters
    ----------
    values : array_like, shape (N,)
        One number a run, such as its accuracy (0 to 1); at least two, all finite.
    confidence : float
        How often such an interval shall contain the true mean, between 0 and 1.

    Returns
    -------
    mean, low, high : float
        In the unit of `values`.

    Raises
    ------
    ValueError
        If there are fewer than two values, one is not finite, or the confidence is
        out of range.
    TypeError
        If the values are no real numbers.

    Notes
    -----
    Exact for normal values, nearly so for others that have one peak and no long tail.
    The ends are not cut at 0 and 1, as the values need not be accuracies.
    Taught in notebook 4. Source: Student, "The probable error of a mean" (1908).
    """
    values = _check_runs("values", values)
    _check_chance("confidence", confidence)
    n = len(values)
    mean = float(values.mean())
    standard_error = float(values.std(ddof=1)) / math.sqrt(n)
    half = student_t_quantile((1 + confidence) / 2, n - 1) * standard_error
    return mean, mean - half, mean + half


def paired_difference(a, b, confidence=0.95):
    """Mean of a - b over runs that share their seeds in pairs, with its t interval.

    Parameters
    ----------
    a, b : array_like, shape (N,)
        Results of two ways to train, such as accuracies (0 to 1): a[i] and b[i] are
        from the same seed. At least two each, all finite.
    confidence : float
        How often such an interval shall contain the true difference, between 0 and 1.

    Returns
    -------
    mean, low, high : float
        In the unit of a and b, above 0 where a is larger. Between two equally good ways
        low and high lie on one side of 0 in only 1 - confidence of all comparisons.

    Raises
    ------
    ValueError
        If the lengths differ, are below two, a value is not finite, or the confidence
        is out of range.
    TypeError
        If the values are no real numbers.

    Notes
    -----
    What a seed does to both ways alike cancels, so the interval is narrower than one
    from unpaired runs. Taught in notebook 4. Source: Student (1908), whose own example
    is of pairs.
    """
    a = _check_runs("a", a)
    b = _check_runs("b", b, axes=f"{len(a)}")
    return mean_interval(a - b, confidence)


def _check_runs(name, values, axes="N"):
    """Return `values` as float64: at least two finite numbers on one axis; or raise."""
    values = check_axes(name, values, axes)
    if values.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {values.dtype}")
    if len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"{name} must hold at least two finite numbers, got {values}")
    return values.astype(np.float64)


@dataclass(frozen=True)
class McNemar:
    """Two classifiers compared on the same images, as `mcnemar` returns it.

    Attributes
    ----------
    only_a, only_b : int
        Images that only a, or only b, got right.
    difference : float
        Accuracy of a minus accuracy of b, from -1 to 1.
    p_value : float
        Chance of a division at least as uneven as only_a to only_b if each of these
        images were as likely to favour a as b; 1 if there is no such image.
    """

    only_a: int
    only_b: int
    difference: float
    p_value: float


def mcnemar(correct_a, correct_b):
    """McNemar's exact test: is one of two classifiers better on the same images?

    Parameters
    ----------
    correct_a, correct_b : array_like of bool, shape (N,)
        Whether each classifier got each image right; the same images in one order.

    Returns
    -------
    comparison : McNemar

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
    """
    a = check_axes("correct_a", correct_a, "N")
    b = check_axes("correct_b", correct_b, f"{len(a)}")
    for name, correct in {"correct_a": a, "correct_b": b}.items():
        if correct.dtype != bool:
            raise TypeError(f"{name} must hold booleans, got dtype {correct.dtype}")
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
    confidence, hit_rate : ndarray, shape (G,)
        Mean confidence and share of right answers in each group that is not empty, in
        order of confidence. They are equal if the network is calibrated.
    counts : ndarray of int, shape (G,)
        Answers in the group.

    Raises
    ------
    ValueError, TypeError
        If a label is no class, the lengths differ, or a probability is outside 0 to 1.

    Notes
    -----
    Taught in notebook 4. Source: Guo et al., "On calibration of modern neural networks"
    (2017).
    """
    probabilities = check_axes("probabilities", probabilities, "N K")
    y = check_labels(y, *probabilities.shape)
    if not (probabilities >= 0).all() or not (probabilities <= 1 + 1e-6).all():
        raise ValueError("probabilities must lie between 0 and 1")
    if not isinstance(n_bins, int | np.integer) or n_bins < 1:
        raise ValueError(f"n_bins must be a whole number of at least 1, got {n_bins!r}")
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


@dataclass(frozen=True)
class Score:
    """A model's accuracy beside the best possible one, on the same fresh images.

    Attributes
    ----------
    accuracy, low, high, ceiling : float
        From 0 to 1: the model's accuracy with its 95 % Wilson interval, and the ideal
        observer's accuracy.
    n_images : int
    noise : float
    """

    accuracy: float
    low: float
    high: float
    ceiling: float
    n_images: int
    noise: float

    def __str__(self):
        return (
            f"≈ {self.accuracy:.1%} of {self.n_images:,} fresh images at noise "
            f"{self.noise} (≈ {self.low:.1%} to ≈ {self.high:.1%}); "
            f"ideal observer ≈ {self.ceiling:.1%}"
        )


def score_entry(model, params, noise=0.9, n_images=4000, seed=335):
    """Score a network against the ideal observer on fresh 32 x 32 images.

    Parameters
    ----------
    model : Layer
        With ten outputs, for images of shape (1, 32, 32).
    params : dict of str to ndarray
    noise : float
        Noise of the images; 0.9 is that of the fourth challenge.
    n_images : int
        A multiple of 10, at least 10.
    seed : int
        Which images are drawn. Keep your training and choices away from it.

    Returns
    -------
    Score

    Raises
    ------
    ValueError
        If n_images is no multiple of 10 or the model has not ten outputs.

    Notes
    -----
    Taught in notebook 5.
    """
    if n_images < 10 or n_images % 10:
        raise ValueError(f"n_images must be a multiple of 10, got {n_images!r}")
    X, y = make_synthetic_images(n_images // 10, seed=seed, noise=noise)
    logits = predict_logits(model, params, X)
    if logits.shape[1] != 10:
        raise ValueError(f"model must have 10 outputs, got {logits.shape[1]}")
    n_correct = int((logits.argmax(axis=1) == y).sum())
    ceiling = float((class_posterior(X, noise=noise).argmax(axis=1) == y).mean())
    interval = wilson_interval(n_correct, n_images)
    return Score(n_correct / n_images, *interval, ceiling, n_images, noise)
