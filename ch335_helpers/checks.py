"""What an argument must be: every check that a public function makes of one.

A check takes the argument's name and value and returns the value as the caller will
compute with it. Otherwise it raises an error that names the argument, what was expected
and what came.
"""

from numbers import Real

import numpy as np


def check_whole(name, value, low=1, high=None):
    """Return `value` as an int if it is a whole number from `low` to `high`.

    Raises
    ------
    ValueError
        If it is something else, a bool included.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        limits = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} must be a whole number {limits}, got {value!r}")
    return int(value)


def check_counts(**counts):
    """Raise ValueError unless every named value is a whole number of at least 1."""
    for name, count in counts.items():
        check_whole(name, count)


def check_number(name, value, *, above=None, low=None, below=None):
    """Return `value` as a float if it is a finite number within the limits.

    Parameters
    ----------
    name : str
    value : float
    above, below : float, optional
        Limits that are themselves excluded.
    low : float, optional
        Limit that is included.

    Raises
    ------
    ValueError
        If it is something else, a bool included.
    """
    number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    limits = {"above": above, "of at least": low, "below": below}
    limits = {words: limit for words, limit in limits.items() if limit is not None}
    met = {
        "above": lambda limit: value > limit,
        "of at least": lambda limit: value >= limit,
        "below": lambda limit: value < limit,
    }
    if not (
        number
        and np.isfinite(value)
        and all(met[words](limit) for words, limit in limits.items())
    ):
        text = " and ".join(f"{words} {limit}" for words, limit in limits.items())
        raise ValueError(f"{name} must be a finite number {text}, got {value!r}")
    return float(value)


def check_one_of(name, value, choices):
    """Return `value` if it is one of the `choices`, which are strings; or raise."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    return value


def check_axes(name, array, axes):
    """Return `array` as a NumPy array with the named axes, none of them empty.

    Parameters
    ----------
    name : str
    array : array_like
    axes : str
        The axes' names, separated by spaces. A number as a name is a length to be met.

    Raises
    ------
    ValueError
        If the number of axes or a given length differs, or if the array is empty.
    """
    array = np.asarray(array)
    names = axes.split()
    expected = f"{name} must have shape ({', '.join(names)})"
    lengths_met = all(
        not n.isdigit() or int(n) == length
        for n, length in zip(names, array.shape, strict=False)
    )
    if array.ndim != len(names) or not lengths_met:
        raise ValueError(f"{expected}, got {array.shape}")
    if array.size == 0:
        raise ValueError(f"{expected} with no axis of length 0, got {array.shape}")
    return array


def check_floats(name, array):
    """Raise TypeError unless `array` is an array of floats, to be changed in place."""
    if getattr(array, "dtype", None) not in (np.float32, np.float64):
        raise TypeError(f"{name} must be an array of floats, got {array!r}")


def check_images(name, images, axes="N C H W"):
    """Return `images` as an array with these axes in which every pixel is finite.

    Raises
    ------
    ValueError
        As `check_axes`, or if a pixel is NaN or infinite; the message says in which
        image.
    """
    images = check_axes(name, images, axes)
    finite = np.isfinite(images).all(axis=tuple(range(1, images.ndim)))
    if not finite.all():
        bad = np.flatnonzero(~finite)
        raise ValueError(
            f"{name} must be finite, got NaN or infinity in {len(bad)} image(s), "
            f"the first at {bad[0]}"
        )
    return images


def check_labels(name, y, n_images, n_classes=None):
    """Return `y` as integers, shape (n_images,), from 0 to below `n_classes`.

    Without `n_classes`, there is no largest label.

    Raises
    ------
    ValueError
        If the shape differs or a label is out of range.
    TypeError
        If the labels are no integers.
    """
    y = check_axes(name, y, f"{n_images}")
    if not np.issubdtype(y.dtype, np.integer):
        raise TypeError(f"{name} must hold integer labels, got dtype {y.dtype}")
    if y.min() < 0 or (n_classes is not None and y.max() >= n_classes):
        limits = "of at least 0" if n_classes is None else f"from 0 to {n_classes - 1}"
        got = f"{y.min()} to {y.max()}"
        raise ValueError(f"{name} must hold labels {limits}, got {got}")
    return y


def check_probabilities(name, probabilities):
    """Return `probabilities` as an array (N, K) of numbers from 0 to 1.

    Whether its rows sum to 1 is left open: a rounding error must not decide that.

    Raises
    ------
    ValueError
        As `check_axes`, or if a number is NaN or outside 0 to 1.
    """
    p = check_axes(name, probabilities, "N K")
    if not (p >= 0).all() or not (p <= 1 + 1e-6).all():
        raise ValueError(f"{name} must lie between 0 and 1, got {p.min()} to {p.max()}")
    return p


def check_gradient(name, dy, shape):
    """Return `dy` as an array of this very shape, which may be any."""
    dy = np.asarray(dy)
    if dy.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {dy.shape}")
    return dy


def check_params(name, params, model, finite=False):
    """Return `params` if they are the model's: every name, its shape, and floats.

    Parameters
    ----------
    name : str
    params : dict of str to ndarray
    model : Layer
        Its ``parameters()`` say what is expected.
    finite : bool
        Whether NaN and infinity are refused, too.

    Raises
    ------
    TypeError
        If it is no dictionary, or an entry is no array of floats.
    ValueError
        If a name is missing or unknown, a shape differs, or a value is not finite.
    """
    if not isinstance(params, dict):
        raise TypeError(f"{name} must be a dict of arrays, got {type(params).__name__}")
    expected = model.parameters()
    if params.keys() != expected.keys():
        missing = [entry for entry in expected if entry not in params]
        unknown = [entry for entry in params if entry not in expected]
        got = f"got {unknown} too many" if unknown else f"got none for {missing}"
        raise ValueError(f"{name} must have the names of this model's entries, {got}")
    for entry, parameter in expected.items():
        check_floats(f"{name}[{entry!r}]", params[entry])
        if params[entry].shape != parameter.shape:
            text = f"shape {parameter.shape}, got {params[entry].shape}"
            raise ValueError(f"{name}[{entry!r}] must have {text}")
        if finite and not np.isfinite(params[entry]).all():
            raise ValueError(f"{name}[{entry!r}] must be finite, got NaN or infinity")
    return params
