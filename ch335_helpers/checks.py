"""What an argument must be, stated once above the function that takes it.

    @takes(x="N D", w="K D", y=labels("N", "K"), lr=number(above=0))
    def step(x, w, y, lr=0.1): ...

A contract of an argument is one of these. A letter is one length in all arguments of a
function, and a limit or a length may be the name of an argument that is checked before:

    "N C H W"                     floats to compute with, shape (N, C, H, W)
    "any shape"                   ... of any shape
    finite("N K")                 ... without NaN and infinity
    probabilities("N K")          ... from 0 to 1
    array("N H W", BOOLEANS)      ndarray as it is: `REALS`, `LABELS` or `BOOLEANS`
    array("N ...")                ... with any further axes
    images                        ... without NaN and infinity, shape (N, C, H, W)
    labels("N", "K")              ndarray of int from 0 to K - 1, shape (N,)
    whole(1, "N")                 int from 1 to N
    number(above=0, high=1)       float
    flag                          bool
    any_seed                      int of at least 0, or Generator
    one_of(STEMS)                 str
    sequence                      list
    distinct(check_whole)         list of int, each once
    lengths("C H W")              tuple of int, each from 1 to 1024
    any_function                  callable
    instance(Layer)               Layer
    generator                     numpy.random.Generator
    params_of("model")            dict of str to ndarray, the model's parameters

Or it is a function of the argument's name, its value and the dictionary `known` of all
arguments and lengths that were checked before. Behind each contract is a check, such as
`check_whole`, a function of name, value and limits. Both return the value as it will be
computed with, or raise an error that names the argument, what was expected and what
came: TypeError for the wrong kind of array or object, else ValueError.
"""

import inspect
import math
import operator
import types
from contextlib import contextmanager, suppress
from functools import lru_cache, partial, wraps
from numbers import Real

import numpy as np

REALS, LABELS, BOOLEANS = "real numbers", "integer labels", "booleans"
KINDS = {REALS: "iuf", LABELS: "iu", BOOLEANS: "b"}  # as NumPy's dtypes name them
FLOATS = np.dtype(np.float32), np.dtype(np.float64)
WHOLE = int, np.integer
LARGEST = 2**30  # numbers in one array: 4 GB, in float32
DECORATED = {}  # by each function with contracts: the one that it calls


def takes(**contracts):
    """Check the arguments of a function before it is called.

    Parameters
    ----------
    **contracts
        For each argument what it must be, in the order of checking; see above. An
        argument that is its own default, such as None, is not checked.

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
    contracts = {n: floats(c) if type(c) is str else c for n, c in contracts.items()}

    def decorate(function):
        parameters = inspect.signature(function).parameters.values()
        defaults = {p.name: p.default for p in parameters}
        plain = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        required = {p.name for p in plain if p.default is p.empty}

        @wraps(function)
        def checked(*args, **kwargs):
            given = dict(zip(defaults, args, strict=False)) | kwargs
            if len(given) < len(args) + len(kwargs) or not required <= given.keys():
                return function(*args, **kwargs)  # Python says what is wrong
            known = dict(defaults)
            for name, contract in contracts.items():
                if name in given and given[name] is not defaults[name]:
                    known[name] = given[name] = contract(name, given[name], known)
            return function(**given)

        DECORATED[checked] = function
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

        DECORATED[forward] = function
        return forward

    return decorate


def undecorated(function):
    """The function behind the contracts of `takes`; another one is returned as it is.

    Unlike `inspect.unwrap`, it looks behind no other decorator.
    """
    is_function = isinstance(function, types.FunctionType)
    return DECORATED.get(function, function) if is_function else function


def _contract(check, *limits, **named):
    """The contract that an argument passes a check with these limits."""

    def contract(name, value, known):
        return check(name, value, *_found(limits, known), **named)

    return contract


def _found(limits, known):
    """Limits, with what is known in place of its name."""
    return [known.get(v, v) if isinstance(v, str) else v for v in limits]


def _array(check, axes, *limits):
    """The contract that an array with these axes passes a check."""
    if axes == "any shape":
        return _contract(check, None, *limits)
    names = axes.split()

    def contract(name, value, known):
        lengths = " ".join([str(known.get(axis, axis)) for axis in names])
        try:
            value = check(name, value, lengths, *_found(limits, known))
        except ValueError as error:
            arrays = [n for n, v in known.items() if isinstance(v, np.ndarray)]
            if lengths == axes or not arrays:
                raise
            fits = f") to fit {arrays[0]} {known[arrays[0]].shape}, got ("
            raise ValueError(str(error).replace("), got (", fits)) from None
        known.update(zip(names, value.shape, strict=False))
        return value

    return contract


def _require(fits, name, what, value, error=ValueError):
    """Return `value` if it fits; or raise that `name` must `what`, and what came."""
    if not fits:
        raise error(f"{name} must {what}, got {_shown(value)}")
    return value


def check_whole(name, value, low=1, high=None):
    """Return `value` as an int if it is a whole number from `low` to `high`.

    Raises
    ------
    ValueError
        If it is something else, a bool included.
    """
    is_whole = isinstance(value, WHOLE) and not isinstance(value, bool)
    fits = is_whole and value >= low and (high is None or value <= high)
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    return int(_require(fits, name, f"be a whole number {limits}", value))


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
    limits = (
        ("above", operator.gt, above), ("of at least", operator.ge, low),
        ("below", operator.lt, below), ("of at most", operator.le, high),
    )  # fmt: skip
    limits = [limit for limit in limits if limit[-1] is not None]
    fits = math.isfinite(number) and all(holds(number, end) for _, holds, end in limits)
    within = " and ".join(f"{words} {end}" for words, _, end in limits)
    _require(fits, name, f"be a finite number {within}".strip(), value)
    return number


def _as_float(value):
    """`value` as a float; NaN if it is no number that a float can represent."""
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_):
        with suppress(OverflowError):  # an int of hundreds of digits
            return float(value)
    return math.nan


def check_flag(name, value):
    """Return `value` as a bool if it is one; or raise TypeError."""
    fits = isinstance(value, bool | np.bool_)
    return bool(_require(fits, name, "be True or False", value, TypeError))


def check_one_of(name, value, choices):
    """Return `value` if it is one of the `choices`, which are strings; or raise."""
    fits = isinstance(value, str) and value in choices
    return _require(fits, name, f"be one of {', '.join(choices)}", value)


def check_is(name, value, kind):
    """Return `value` if it is an instance of the class `kind`; or raise TypeError."""
    fits = isinstance(value, kind)
    return _require(fits, name, f"be a {kind.__name__}", value, TypeError)


def check_function(name, value):
    """Return `value` if it can be called; or raise TypeError."""
    return _require(callable(value), name, "be a function", value, TypeError)


def check_seed(name, seed):
    """Return `seed` if it is a Generator, or as an int of at least 0; or raise."""
    is_generator = isinstance(seed, np.random.Generator)
    return seed if is_generator else check_whole(name, seed, low=0)


def check_sequence(name, values):
    """Return `values` as a list if they are a sequence; or raise TypeError.

    Text is none, nor is what has no order, nor an array with a mask, which would be
    lost.
    """
    if not isinstance(values, str | bytes | dict | set | np.ma.MaskedArray):
        with suppress(TypeError):
            return list(values)
    raise TypeError(f"{name} must be a sequence, got {_shown(values)}")


def check_distinct(name, values, check):
    """Return what `check(name, value)` makes of each value, as a list; or raise.

    There must be at least one, and none may be there twice.
    """
    found = [check(name, value) for value in check_sequence(name, values)]
    fits = found and len(set(found)) == len(found)
    return _require(fits, name, "hold at least one value, each once", found)


def check_shape(name, shape, axes):
    """Return `shape` as a tuple of lengths, one for each of the named axes; or raise.

    As an array has to have this shape, each of them is at most 1024.
    """
    shape, names = check_sequence(name, shape), axes.split()
    if len(shape) != len(names):
        raise ValueError(f"{name} must be ({', '.join(names)}), got {tuple(shape)}")
    named = zip(names, shape, strict=True)
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
        The axes' names, separated by spaces. A number as a name is a length to be met;
        "..." at the end stands for any further axes. None allows any shape.
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
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{name} must hold {kind}, got an array with a mask")
    try:
        found = np.asarray(array)
    except (ValueError, TypeError) as error:  # lists of unequal length, for instance
        raise TypeError(f"{name} must hold {kind}, got no array: {error}") from None
    if axes is not None and found.dtype != object and not _has_shape(found.shape, axes):
        empty = " with no axis of length 0" if 0 in found.shape else ""
        expected = f"{name} must have shape ({', '.join(axes.split())}){empty}"
        raise ValueError(f"{expected}, got {found.shape}")
    # an extended float is no type of a matrix product
    if found.dtype.kind not in KINDS[kind] or found.dtype.itemsize > 8:
        came = "" if isinstance(array, np.ndarray) else f": {_shown(array)}"
        raise TypeError(f"{name} must hold {kind}, got dtype {found.dtype}{came}")
    return found


@lru_cache(maxsize=1024)
def _has_shape(shape, axes):
    """Whether a shape has the named axes and given lengths, and none of length 0."""
    names = axes.replace("...", " any" * (len(shape) - axes.count(" "))).split()
    return len(shape) == len(names) and all(
        length == int(axis) if axis.isdigit() else length
        for length, axis in zip(shape, names, strict=True)
    )


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
    is_plain = isinstance(array, np.ndarray) and not np.ma.isMaskedArray(array)
    fits = is_plain and array.dtype in FLOATS
    _require(fits, name, "be an array of floats", array, TypeError)
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
        text = f"{name} must be finite, got NaN or infinity in {len(bad)} image(s)"
        raise ValueError(f"{text}, the first at {bad[0]}")
    return images


def _check_finite(name, array, axes):
    """Return `array` as `check_values` does, if all of it is finite; or raise."""
    return check_images(name, check_values(name, array, axes), axes)


def _check_probabilities(name, array, axes):
    """Return `array` as `check_values` does, if all is between 0 and 1; or raise.

    Whether its rows sum to 1 is left open: a rounding error must not decide that.
    """
    p = check_values(name, array, axes)
    if not (p >= 0).all() or not (p <= 1 + 1e-6).all():
        raise ValueError(f"{name} must lie between 0 and 1, got {p.min()} to {p.max()}")
    return p


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


def check_gradient(name, dy, shape):
    """Return `dy` as floats of this very shape, which may be any."""
    dy = check_values(name, dy, None)
    _require(dy.shape == shape, name, f"have shape {shape}", dy.shape)
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
    if key not in check_is(name, params, dict):
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
    expected = model.parameters()
    if check_is(name, params, dict).keys() != expected.keys():
        missing = [entry for entry in expected if entry not in params]
        unknown = [entry for entry in params if entry not in expected]
        got = f"unexpected: {unknown}" if unknown else f"missing: {missing}"
        raise ValueError(f"{name} must have the names of this model's entries, {got}")
    for entry, parameter in expected.items():
        own = f"{name}[{entry!r}]"
        check_floats(own, params[entry], in_place=False)
        check_gradient(own, params[entry], parameter.shape)
        if finite and not np.isfinite(params[entry]).all():
            raise ValueError(f"{own} must be finite, got NaN or infinity")
    return params


@contextmanager
def check_fits(name, array):
    """While a block runs a model: an error there says that `array` does not fit it."""
    try:
        yield
    except ValueError as error:
        text = f"{name} must fit the model, got shape {np.shape(array)}: {error}"
        raise ValueError(text) from error


def _shown(value):
    """What came, in few words."""
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"an array of {value.dtype}, shape {value.shape}"
    try:
        text = repr(value)
    except ValueError:  # an int of thousands of digits
        text = f"a huge {type(value).__name__}"
    return text if len(text) < 200 else f"{text[:200]}…"


whole, number = partial(_contract, check_whole), partial(_contract, check_number)
one_of, instance = partial(_contract, check_one_of), partial(_contract, check_is)
distinct, lengths = partial(_contract, check_distinct), partial(_contract, check_shape)
params_of, generator = partial(_contract, check_params), instance(np.random.Generator)
any_seed, any_function = _contract(check_seed), _contract(check_function)
sequence, flag = _contract(check_sequence), _contract(check_flag)
array, finite = partial(_array, check_axes), partial(_array, _check_finite)
floats, labels = partial(_array, check_values), partial(_array, check_labels)
probabilities = partial(_array, _check_probabilities)
images = _array(check_images, "N C H W")
