"""What an argument must be: every check that a public function makes of one.

A check takes the argument's name and value and returns the value as the caller will
compute with it. Otherwise it raises an error that names the argument, what was expected
and what came: TypeError if it is the wrong kind of array or object, else ValueError.

    check_whole("stride", stride)                  # stride : int, at least 1
    check_number("lr", lr, above=0)                # lr : float, above 0
    check_flag("train", train)                     # train : bool
    check_one_of("stem", stem, STEMS)              # stem : str
    check_values("x", x, "N C H W")                # x : ndarray, shape (N, C, H, W)
    check_images("X", X)                           # ... in which all is finite
    check_labels("y", y, len(X), n_classes)        # y : ndarray of int, shape (N,)
    check_axes("masks", masks, "N H W", BOOLEANS)  # masks : ndarray of bool
    check_seed("seed", seed)                       # seed : int or Generator
    check_distinct("seeds", seeds, check_whole)    # seeds : sequence of int, each once
    check_is("model", model, Layer)                # model : Layer
    check_params("params", params, model)          # params : dict of str to ndarray

Above a function, `takes` says the same in one line, and `operation` in addition that
the function returns its result and a backward function:

    @operation(x="N D", w="K D", b="K")
    def linear(x, w, b): ...
"""

import inspect
import math
from contextlib import contextmanager
from functools import lru_cache, wraps
from numbers import Real

import numpy as np

REALS, LABELS, BOOLEANS = "real numbers", "integer labels", "booleans"
KINDS = {REALS: "iuf", LABELS: "iu", BOOLEANS: "b"}  # as NumPy's dtypes name them
FLOATS = np.dtype(np.float32), np.dtype(np.float64)
WHOLE = int, np.integer
LARGEST = 2**30  # numbers in one array: 4 GB, in float32


def takes(**contracts):
    """Check the arguments of a function before it is called.

    Parameters
    ----------
    **contracts
        For each argument the names of an array's axes, such as "N C H W": one letter is
        one length in all arguments, a number is that length, and "any shape" allows
        any. Or a function of the argument's name, its value and the dictionary of all
        that is known so far, which returns what to compute with; see `whole`. An
        argument that may be None, and is, is not looked at.

    Returns
    -------
    decorator : callable

    Examples
    --------
    >>> @takes(x="N D", w="K D")
    ... def scores(x, w):
    ...     return x @ w.T
    >>> scores(np.ones((2, 3)), np.ones((1, 4)))
    Traceback (most recent call last):
    ValueError: w must have shape (K, 3) to fit x (2, 3), got (1, 4)
    """
    contracts = {
        name: _axes(contract) if isinstance(contract, str) else contract
        for name, contract in contracts.items()
    }

    def decorate(function):
        parameters = inspect.signature(function).parameters
        names = tuple(parameters)
        optional = {name for name in names if parameters[name].default is None}

        @wraps(function)
        def checked(*args, **kwargs):
            given = dict(zip(names, args, strict=False)) | kwargs
            if len(given) < len(args) + len(kwargs):  # Python says what is wrong
                return function(*args, **kwargs)
            known = {}
            for name, contract in contracts.items():
                if name in given and not (given[name] is None and name in optional):
                    known[name] = given[name] = contract(name, given[name], known)
            return function(**given)

        return checked

    return decorate


def operation(**contracts):
    """As `takes`, for a function that returns its result y and a backward function.

    The gradient that backward is given must have the shape of y.
    """

    def decorate(function):
        checked = takes(**contracts)(function)

        @wraps(function)
        def forward(*args, **kwargs):
            y, backward = checked(*args, **kwargs)
            shape = y.shape

            def checked_backward(dy, *more, **options):
                return backward(check_gradient("dy", dy, shape), *more, **options)

            checked_backward.__wrapped__ = backward  # for its source
            return y, checked_backward

        return forward

    return decorate


def _axes(axes):
    """The contract of an array of floats with these axes."""
    if axes == "any shape":
        return lambda name, value, known: check_values(name, value, None)
    letters = axes.split()

    def contract(name, value, known):
        lengths = [str(known.get(letter, letter)) for letter in letters]
        try:
            value = check_values(name, value, " ".join(lengths))
        except ValueError as error:
            if lengths == letters:
                raise
            first = next(n for n, v in known.items() if isinstance(v, np.ndarray))
            fits = f" to fit {first} {known[first].shape}, got"
            raise ValueError(str(error).replace(", got", fits)) from None
        known.update(zip(letters, value.shape, strict=True))
        return value

    return contract


def whole(low=1, high=None):
    """The contract of a whole number from `low` to `high`."""
    return lambda name, value, known: check_whole(name, value, low, high)


def number(**limits):
    """The contract of a finite number within the limits of `check_number`."""
    return lambda name, value, known: check_number(name, value, **limits)


def instance(kind):
    """The contract of an instance of a class."""
    return lambda name, value, known: check_is(name, value, kind)


def flag(name, value, known):
    """The contract of True or False."""
    return check_flag(name, value)


def check_whole(name, value, low=1, high=None):
    """Return `value` as an int if it is a whole number from `low` to `high`.

    Raises
    ------
    ValueError
        If it is something else, a bool included.
    """
    whole = isinstance(value, WHOLE) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        limits = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} must be a whole number {limits}, got {_told(value)}")
    return int(value)


def check_counts(**counts):
    """Return the named values as ints, if all are whole numbers of at least 1.

    NumPy's integers are turned into Python's, as products of int8 would wrap round.
    """
    return [check_whole(name, count) for name, count in counts.items()]


def check_number(name, value, *, above=None, low=None, below=None, high=None):
    """Return `value` as a float if it is a finite number within the limits.

    Parameters
    ----------
    name : str
    value : float
    above, below : float, optional
        Limits that are themselves excluded.
    low, high : float, optional
        Limits that are included.

    Raises
    ------
    ValueError
        If it is something else, a bool included.
    """
    number = _as_float(value)
    if (
        math.isfinite(number)
        and (above is None or number > above)
        and (low is None or number >= low)
        and (below is None or number < below)
        and (high is None or number <= high)
    ):
        return number
    limits = {"above": above, "of at least": low, "below": below, "of at most": high}
    told = [f"{word} {limit}" for word, limit in limits.items() if limit is not None]
    expected = f"{name} must be a finite number {' and '.join(told)}".strip()
    raise ValueError(f"{expected}, got {_told(value)}")


def _as_float(value):
    """`value` as a float; NaN if it is no number that a float can show."""
    if not isinstance(value, Real) or isinstance(value, bool | np.bool_):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # an int of hundreds of digits
        return math.nan


def check_flag(name, value):
    """Return `value` as a bool if it is one; or raise TypeError."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {_told(value)}")
    return bool(value)


def check_one_of(name, value, choices):
    """Return `value` if it is one of the `choices`, which are strings; or raise."""
    if not isinstance(value, str) or value not in choices:
        expected = f"{name} must be one of {', '.join(choices)}"
        raise ValueError(f"{expected}, got {_told(value)}")
    return value


def check_is(name, value, kind):
    """Return `value` if it is an instance of the class `kind`; or raise TypeError."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}, got {_told(value)}")
    return value


def check_function(name, value):
    """Return `value` if it can be called; or raise TypeError."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {_told(value)}")
    return value


def check_seed(name, seed):
    """Return the Generator that `seed` is or starts, an int of at least 0; or raise."""
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(check_whole(name, seed, low=0))


def check_sequence(name, values):
    """Return `values` as a list if they are a sequence; or raise TypeError.

    Text is none, nor is what has no order, nor an array with a mask, which would be
    lost.
    """
    if isinstance(values, str | bytes | dict | set | np.ma.MaskedArray):
        raise TypeError(f"{name} must be a sequence, got {_told(values)}")
    try:
        return list(values)
    except TypeError:
        raise TypeError(f"{name} must be a sequence, got {_told(values)}") from None


def check_distinct(name, values, check):
    """Return what `check(name, value)` makes of each value, as a list; or raise.

    There must be at least one, and none may stand there twice.
    """
    found = [check(name, value) for value in check_sequence(name, values)]
    if not found or len(set(found)) < len(found):
        expected = f"{name} must hold at least one value, each once"
        raise ValueError(f"{expected}, got {_told(found)}")
    return found


def check_shape(name, shape, axes):
    """Return `shape` as a tuple of lengths, one for each of the named axes; or raise.

    As an array has to have this shape, each of them is at most 1024.
    """
    lengths, names = check_sequence(name, shape), axes.split()
    if len(lengths) != len(names):
        raise ValueError(f"{name} must be ({', '.join(names)}), got {tuple(lengths)}")
    named = zip(names, lengths, strict=True)
    return tuple(check_whole(f"{axis} in {name}", n, high=1024) for axis, n in named)


def check_size(name, n_values):
    """Raise ValueError if `name` asks for an array of more than `LARGEST` numbers."""
    if n_values > LARGEST:
        text = f"{name} must be smaller: an array would have {n_values} numbers"
        raise ValueError(f"{text}, at most {LARGEST} are possible")


def check_axes(name, array, axes, kind=REALS):
    """Return `array` as a NumPy array with the named axes, none of them empty.

    Parameters
    ----------
    name : str
    array : array_like
    axes : str or None
        The axes' names, separated by spaces. A number as a name is a length to be met.
        None allows any shape.
    kind : str
        What it must hold: `REALS`, `LABELS` or `BOOLEANS`.

    Raises
    ------
    ValueError
        If the number of axes or a given length differs, or if the array is empty.
    TypeError
        If it holds something else: complex numbers, strings, objects, lists of unequal
        length; or if it has a mask, which would be lost.
    """
    found = _as_array(name, array, kind)
    if axes is not None and found.dtype != object:
        _check_shape(name, found.shape, axes)
    # an extended float is no type of a matrix product
    if found.dtype.kind not in KINDS[kind] or found.dtype.itemsize > 8:
        came = "" if isinstance(array, np.ndarray) else f": {_told(array)}"
        raise TypeError(f"{name} must hold {kind}, got dtype {found.dtype}{came}")
    return found


def _as_array(name, value, kind):
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must hold {kind}, got an array with a mask")
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:  # lists of unequal length, for instance
        raise TypeError(f"{name} must hold {kind}, got no array: {error}") from None


def _check_shape(name, shape, axes):
    if _has_shape(shape, axes):
        return
    expected = f"{name} must have shape ({', '.join(axes.split())})"
    met = len(shape) == len(axes.split()) and 0 in shape
    empty = " with no axis of length 0" if met else ""
    raise ValueError(f"{expected}{empty}, got {shape}")


@lru_cache(maxsize=1024)
def _has_shape(shape, axes):
    """Whether a shape has the named axes and given lengths, and none of length 0."""
    lengths = _given_lengths(axes)
    return len(shape) == len(lengths) and all(
        length == given if given else length
        for length, given in zip(shape, lengths, strict=True)
    )


@lru_cache
def _given_lengths(axes):
    """For each of the named axes the length that is given, or None."""
    return tuple(int(axis) if axis.isdigit() else None for axis in axes.split())


def _is_usual(array):
    """Whether it is an array of floats: nearly always, and each step asks often."""
    return type(array) is np.ndarray and array.dtype in FLOATS


def check_values(name, array, axes):
    """Return `array` as `check_axes` does, in floats to compute with.

    float32 and float64 stay as they are. float16 becomes float32, and integers become
    float64: uint8 would wrap round at 256.
    """
    if _is_usual(array) and (axes is None or _has_shape(array.shape, axes)):
        return array
    array = check_axes(name, array, axes)
    if array.dtype.kind != "f":
        return array.astype(np.float64)
    floats = np.float64 if array.dtype.itemsize == 8 else np.float32
    return array.astype(floats, copy=False)


def check_floats(name, array, in_place=True):
    """Raise an error unless `array` is an array of floats, to be changed in place."""
    if (
        not isinstance(array, np.ndarray)
        or isinstance(array, np.ma.MaskedArray)
        or array.dtype not in FLOATS
    ):
        raise TypeError(f"{name} must be an array of floats, got {_told(array)}")
    if in_place and not array.flags.writeable:
        raise ValueError(f"{name} must be writeable, got a read-only array")


def check_images(name, images, axes="N C H W"):
    """Return `images` as an array with these axes in which every pixel is finite.

    Raises
    ------
    ValueError, TypeError
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
    y = check_axes(name, y, f"{n_images}", LABELS)
    if y.min() < 0 or (n_classes is not None and y.max() >= n_classes):
        limits = "of at least 0" if n_classes is None else f"from 0 to {n_classes - 1}"
        got = f"{y.min()} to {y.max()}"
        raise ValueError(f"{name} must hold labels {limits}, got {got}")
    return y


def check_probabilities(name, probabilities):
    """Return `probabilities` as floats (N, K) from 0 to 1.

    Whether its rows sum to 1 is left open: a rounding error must not decide that.

    Raises
    ------
    ValueError, TypeError
        As `check_axes`, or if a number is NaN or outside 0 to 1.
    """
    p = check_values(name, probabilities, "N K")
    if not (p >= 0).all() or not (p <= 1 + 1e-6).all():
        raise ValueError(f"{name} must lie between 0 and 1, got {p.min()} to {p.max()}")
    return p


def check_gradient(name, dy, shape):
    """Return `dy` as floats of this very shape, which may be any."""
    dy = check_values(name, dy, None)
    if dy.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {dy.shape}")
    return dy


def check_entry(name, params, key, shape):
    """Return the entry `key` of parameters as floats of this shape.

    Raises
    ------
    ValueError
        If there is no such entry, or its shape differs.
    TypeError
        If `params` is no dict, or the entry holds no real numbers.
    """
    array = check_is(name, params, dict).get(key)
    if _is_usual(array) and array.shape == shape:
        return array
    if key not in params:
        got = ", ".join(map(repr, params)) or "no entries"
        raise ValueError(f"{name} must have {key!r}, got {got}")
    return check_gradient(f"{name}[{key!r}]", params[key], shape)


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
        check_floats(f"{name}[{entry!r}]", params[entry], in_place=False)
        if params[entry].shape != parameter.shape:
            text = f"shape {parameter.shape}, got {params[entry].shape}"
            raise ValueError(f"{name}[{entry!r}] must have {text}")
        if finite and not np.isfinite(params[entry]).all():
            raise ValueError(f"{name}[{entry!r}] must be finite, got NaN or infinity")
    return params


@contextmanager
def check_fits(name, array):
    """While a block runs a model: an error there says that `array` does not fit it."""
    try:
        yield
    except ValueError as error:
        text = f"{name} must fit the model, got shape {np.shape(array)}: {error}"
        raise ValueError(text) from error


def _told(value):
    """What came, in few words."""
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"an array of {value.dtype}, shape {value.shape}"
    try:
        text = repr(value)
    except ValueError:  # an int of thousands of digits
        text = f"a huge {type(value).__name__}"
    return text if len(text) < 200 else f"{text[:200]}…"
