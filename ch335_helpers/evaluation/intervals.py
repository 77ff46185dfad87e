"""How sure can we be: intervals for an accuracy, a mean and a difference."""

import math
from collections.abc import Hashable
from statistics import NormalDist

import numpy as np

from ..checks import check_is, floats, number, takes, whole

COUNT = whole(1, 2**53)  # from here on, not every count is a float
CONFIDENCE = number(above=0, below=1)


def _runs(name, values, known):
    """The contract of a result of each run, as many in all arguments."""
    values = floats("N")(name, values, known)
    if len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"{name} must hold at least two finite numbers, got {values}")
    return values.astype(np.float64)


def _results(name, results, known):
    """The contract of results of several ways to train."""
    check_is(name, results, dict)
    return {way: _runs(f"{name}[{way!r}]", results[way], known) for way in results}


def _baseline(name, baseline, known):
    """The contract of one of the results with which others can be compared."""
    results = known["results"]
    there = isinstance(baseline, Hashable) and baseline in results
    if not there or len(results) < 2:
        text = f"{name} must be one of at least two results, got {baseline!r} of"
        raise ValueError(f"{text} {', '.join(map(str, results))}")
    return baseline


@takes(n_images=COUNT, n_correct=whole(0, "n_images"), confidence=CONFIDENCE)
def wilson_interval(n_correct, n_images, confidence=0.95):
    """Interval for an accuracy, from `n_correct` of `n_images` independent images.

    Parameters
    ----------
    n_correct : int
        Right answers, from 0 to n_images.
    n_images : int
        Independent images, at least 1.
    confidence : float
        How often such an interval shall contain the true accuracy, between 0 and 1.

    Returns
    -------
    low : float
        Lower end of the interval, never below 0.
    high : float
        Upper end, never above 1, even if all are correct.

    Raises
    ------
    ValueError
        If the counts or the confidence are out of range.

    Notes
    -----
    Taught in notebook 4. Source: Wilson (1927);
    compared in Brown, Cai, DasGupta (2001).

    Examples
    --------
    All of ten images are right, and still:

    >>> low, high = wilson_interval(10, 10)
    >>> round(low, 3), high
    (0.722, 1.0)
    """
    n, p = n_images, n_correct / n_images
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


@takes(values=_runs, confidence=CONFIDENCE)
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
    mean : float
        In the unit of `values`.
    low : float
        Lower end of the interval.
    high : float
        Upper end of the interval.

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

    Examples
    --------
    Two runs say very little about the true mean:

    >>> mean, low, high = mean_interval([0.8, 0.9])
    >>> round(mean, 3), round(low, 3), round(high, 3)
    (0.85, 0.215, 1.485)
    """
    n = len(values)
    mean = float(values.mean())
    standard_error = float(values.std(ddof=1)) / math.sqrt(n)
    half = _student_t_quantile((1 + confidence) / 2, n - 1) * standard_error
    return mean, mean - half, mean + half


@takes(a=_runs, b=_runs, confidence=CONFIDENCE)
def paired_difference(a, b, confidence=0.95):
    """Mean of a - b over runs that share their seeds in pairs, with its t interval.

    Parameters
    ----------
    a : array_like, shape (N,)
        Results of one way to train, such as accuracies (0 to 1); at least two, all
        finite.
    b : array_like, shape (N,)
        Results of another way: a[i] and b[i] are from the same seed.
    confidence : float
        How often such an interval shall contain the true difference, between 0 and 1.

    Returns
    -------
    mean : float
        In the unit of a and b, above 0 where a is larger.
    low : float
        Lower end of the interval.
    high : float
        Upper end. Between two equally good ways low and high lie on one side of 0 in
        only 1 - confidence of all comparisons.

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

    Examples
    --------
    Seeds matter much more than the way to train, but a is better with each:

    >>> a, b = [0.83, 0.72, 0.91, 0.62], [0.8, 0.7, 0.9, 0.6]
    >>> mean, low, high = paired_difference(a, b)
    >>> round(mean, 3), round(low, 3), round(high, 3)
    (0.02, 0.007, 0.033)
    """
    return mean_interval(a - b, confidence)


@takes(results=_results, baseline=_baseline, confidence=CONFIDENCE)
def paired_differences(results, baseline, confidence=0.95):
    """Several ways to train against one baseline, with intervals that hold together.

    The more intervals one looks at, the likelier it is that one of them misses its true
    difference. To make up for it, each gets a higher confidence (Bonferroni): with m
    ways, the chance to miss is 1 - confidence for all of them together, divided by m
    for each.

    Parameters
    ----------
    results : dict of str to array_like, shape (N,)
        For each way its results, such as accuracies (0 to 1): those at one place are
        from one seed. `Trials.accuracy` returns such a dict.
    baseline : str
        The way that all others are compared with.
    confidence : float
        How often all intervals together shall contain their true differences, between
        0 and 1.

    Returns
    -------
    differences : dict of str to tuple of float
        For each way but the baseline the mean of its results minus the baseline's, and
        the lower and upper end of the interval.

    Raises
    ------
    ValueError
        If there is no such baseline or nothing to compare with it, or as for
        `paired_difference`.
    TypeError
        If the values are no real numbers.

    Notes
    -----
    Taught in notebook 9. Source: Dunn, "Multiple comparisons among means" (1961).

    Examples
    --------
    With two ways to compare, each interval is wider than it would be alone:

    >>> results = {"adam": [0.80, 0.7, 0.9], "sgd": [0.77, 0.68, 0.87]}
    >>> alone = paired_differences(results, "adam")["sgd"]
    >>> among = paired_differences(results | {"momentum": [0.8, 0.8, 0.8]}, "adam")
    >>> [round(end, 3) for end in alone], [round(end, 3) for end in among["sgd"]]
    ([-0.027, -0.041, -0.012], [-0.027, -0.047, -0.006])
    """
    others = [way for way in results if way != baseline]
    each = 1 - (1 - confidence) / len(others)
    reference = results[baseline]
    return {way: paired_difference(results[way], reference, each) for way in others}


def _student_t_quantile(p, dof):
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

    Notes
    -----
    Halves an interval of angles until it holds the quantile's alone; the time grows
    with dof. Source: Abramowitz, Stegun, *Handbook of
    Mathematical Functions* (1964), 26.7.3 and 26.7.4.
    """
    central = abs(2 * p - 1)  # the chance of a t between -quantile and quantile
    low, _ = bisect(lambda th: _central_chance(th, dof) < central, 0.0, math.pi / 2)
    t = math.sqrt(dof) * math.tan(low)
    return -t if p < 0.5 else t


def bisect(is_below, low, high):
    """Ends of a tiny interval around the place from which `is_below(x)` is false."""
    for _ in range(60):  # 2**-60 of the interval is below what a float can show
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return low, high


def _central_chance(theta, dof):
    """Chance that abs(t) is below sqrt(dof) * tan(theta), for Student's t."""
    odd = dof % 2
    series, term = 0.0, math.cos(theta) if odd else 1.0
    for k in range(1 + odd, dof, 2):
        series += term
        term *= k / (k + 1) * math.cos(theta) ** 2
    series *= math.sin(theta)
    return 2 / math.pi * (theta + series) if odd else series
