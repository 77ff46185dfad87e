"""How sure can we be: intervals for an accuracy, a mean and a difference."""

import math
from collections.abc import Hashable
from statistics import NormalDist

import numpy as np

from ..checks import check_is, check_number, check_values, check_whole

MOST_IMAGES = 2**53  # from here on, not every count is a float


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
    n = check_whole("n_images", n_images, high=MOST_IMAGES)
    p = check_whole("n_correct", n_correct, 0, n) / n
    confidence = check_number("confidence", confidence, above=0, below=1)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


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
    values = _check_runs("values", values)
    confidence = check_number("confidence", confidence, above=0, below=1)
    n = len(values)
    mean = float(values.mean())
    standard_error = float(values.std(ddof=1)) / math.sqrt(n)
    half = _student_t_quantile((1 + confidence) / 2, n - 1) * standard_error
    return mean, mean - half, mean + half


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
    a = _check_runs("a", a)
    b = _check_runs("b", b, axes=f"{len(a)}")
    return mean_interval(a - b, confidence)


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
    check_is("results", results, dict)
    known = isinstance(baseline, Hashable) and baseline in results
    others = [name for name in results if known and name != baseline]
    if not others:
        text = "baseline must be one of at least two results, got"
        raise ValueError(f"{text} {baseline!r} of {', '.join(map(str, results))}")
    confidence = check_number("confidence", confidence, above=0, below=1)
    each = 1 - (1 - confidence) / len(others)
    runs = {name: _check_runs(f"results[{name!r}]", results[name]) for name in results}
    reference = runs[baseline]
    for name in others:
        _check_runs(f"results[{name!r}]", runs[name], axes=f"{len(reference)}")
    return {name: paired_difference(runs[name], reference, each) for name in others}


def _check_runs(name, values, axes="N"):
    """Return `values` as float64: at least two finite numbers on one axis; or raise."""
    values = check_values(name, values, axes)
    if len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"{name} must hold at least two finite numbers, got {values}")
    return values.astype(np.float64)


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
    low, high = 0.0, math.pi / 2
    for _ in range(60):  # pi / 2 / 2**60 is below what a float can show
        middle = (low + high) / 2
        if _central_chance(middle, dof) < central:
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
