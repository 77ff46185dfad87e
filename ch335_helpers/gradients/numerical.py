"""Numerical derivatives: slow and approximate, and so the judge of the exact ones."""

import math

import numpy as np

from ..checks import any_function, check_floats, check_values, number, takes


@takes(f=any_function, h=number(above=0))
def numerical_gradient(f, x, h=1e-5):
    """Gradient of a number by central differences, one entry after another.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns a float.
    x : ndarray of float64
        Each entry is moved by h and back; on return x is as it was.
    h : float
        Step, above 0.

    Returns
    -------
    gradient : ndarray, shape of x
        (f(x + h e) - f(x - h e)) / (2 h) for each entry's unit vector e;
        two calls of f an entry.

    Raises
    ------
    TypeError
        If x is no array of float64 that can be changed (in float32 the rounding error
        would drown the difference), or f is no function that returns a number.
    ValueError
        If x is read-only or h out of range.

    Notes
    -----
    Taught in notebook 6.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> numerical_gradient(lambda x: (x**2).sum(), x).round(6)
    array([2., 4., 6.])
    """
    if getattr(x, "dtype", np.float64) != np.float64:
        raise TypeError(f"x must have dtype float64, got {x.dtype}")
    check_floats("x", x)
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        try:
            x[index] = kept + h
            above = _number("f", f(x))
            x[index] = kept - h
            below = _number("f", f(x))
        finally:  # also if f raises
            x[index] = kept
        gradient[index] = (above - below) / (2 * h)
    return gradient


@takes(a="any shape", b="any shape")
def relative_error(a, b):
    """Largest difference of two arrays over their largest entry.

    It is 0 if they are equal, about 1 if they are unrelated, and NaN if an entry is NaN
    or infinite, as then nothing can be said.

    Parameters
    ----------
    a : array_like
        Numbers, at least one.
    b : array_like, shape of a
        What they are compared with.

    Returns
    -------
    error : float
        Infinite if a difference is larger than any float.

    Raises
    ------
    ValueError, TypeError
        If the shapes differ or an array is empty or holds no real numbers.

    Examples
    --------
    >>> relative_error([1.0, 10.0], [1.0, 9.0])
    0.1
    """
    if a.size == 0:
        raise ValueError(f"a and b must hold at least one number, got {a.shape}")
    if a.shape != b.shape:
        raise ValueError(f"a and b must have one shape, got {a.shape} and {b.shape}")
    scale = max(np.abs(a).max(), np.abs(b).max())
    if not np.isfinite(scale):
        return math.nan
    with np.errstate(over="ignore"):
        return 0.0 if scale == 0 else float(np.abs(a - b).max() / scale)


@takes(loss=any_function, h=number(above=0))
def slope_and_kink(loss, h):
    """Slope of ``loss(t)`` at t = 0 by central differences, and the size of a kink.

    From one point to the right and one to the left, we get two slopes. Their mean is
    the slope, their difference the bend. On a smooth curve, half the step gives the
    same slope and half the bend. Where it does not, the curve has a kink.

    Parameters
    ----------
    loss : callable
        ``loss(t)`` returns a float.
    h : float
        Step, above 0.

    Returns
    -------
    slope : float
        The central difference over the whole step.
    kink : float
        It is 0 on a smooth curve, up to rounding, and otherwise at least half the error
        that a kink within the step has made in `slope`.

    Raises
    ------
    ValueError, TypeError
        If h is out of range or loss is no function that returns a number.

    Notes
    -----
    Taught in notebook 6.

    Examples
    --------
    A parabola has no kink, an absolute value has one:

    >>> slope, kink = slope_and_kink(lambda t: 3 * t + t**2, h=0.01)
    >>> round(slope, 6), round(kink, 6)
    (3.0, 0.0)
    >>> slope_and_kink(abs, h=0.01)
    (0.0, 2.0)
    """
    here, slopes, bends = _number("loss", loss(0)), [], []
    for step in (h, h / 2):
        right, left = (
            side * (_number("loss", loss(side * step)) - here) / step
            for side in (1, -1)
        )
        slopes.append((right + left) / 2)
        bends.append(right - left)
    return slopes[0], abs(slopes[0] - slopes[1]) + abs(bends[0] - 2 * bends[1])


def _number(name, value):
    """What a function returned, as a float; NaN and infinity are let through."""
    value = check_values(f"what {name} returns", value, None)
    if value.ndim:
        text = f"{name} must return a number, got an array of shape"
        raise TypeError(f"{text} {value.shape}")
    return float(value)
