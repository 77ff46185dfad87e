"""The settings of a training in words, by which a saved one is recognised.

One rule for `fit` and `sweep`: numbers and text count by their value, arrays by all of
theirs, functions by their name and the arguments of a `functools.partial`, objects by
their class and attributes.
"""

import hashlib
import json
from functools import partial
from inspect import unwrap
from os import PathLike
from types import BuiltinFunctionType, FunctionType, MethodType

import numpy as np


def described(value, with_place=True):
    """A setting in terms of JSON, the same in every process.

    Parameters
    ----------
    value
        Numbers, text, arrays, functions, and lists, dicts or objects of those.
    with_place : bool
        Whether it counts how far a random generator has been drawn from.

    Returns
    -------
    description : None, bool, int, float, str, list or dict

    Raises
    ------
    ValueError
        If a function cannot be recognised by its name.
    TypeError
        If there is something else in it, such as an open file.

    Examples
    --------
    >>> from ch335_helpers import add_noise, MaxPool
    >>> described(partial(add_noise, noise=0.5))
    ['add_noise', [], {'noise': 0.5}]
    >>> described(MaxPool())
    ['MaxPool', {'kernel': 2, 'stride': 2, 'name': 'max pool'}]
    """
    inside = partial(described, with_place=with_place)
    match value:
        case None | bool() | int() | float() | str():
            return value
        case np.generic():
            return value.item()
        case np.ndarray() if not value.dtype.hasobject:
            array = np.ascontiguousarray(value)
            kind = f"{array.dtype.str} {array.shape} "
            return kind + hashlib.sha256(array.tobytes()).hexdigest()[:24]
        case dict():
            return {str(key): inside(part) for key, part in value.items()}
        case list() | tuple():
            return [inside(part) for part in value]
        case partial():
            return [inside(part) for part in (value.func, value.args, value.keywords)]
        case MethodType():
            return [value.__name__, inside(value.__self__)]
        case FunctionType() | BuiltinFunctionType() | type():
            return _name(value)
        case np.random.Generator():
            return inside(value.bit_generator.state) if with_place else "Generator"
        case PathLike():
            return str(value)
    if not hasattr(value, "__dict__") or hasattr(value, "read"):
        text = "settings must be numbers, text, arrays, functions or objects of those"
        raise TypeError(f"{text}, to be recognised in a file; got {value!r}")
    return [_name(type(value)), inside(vars(value))]


def _name(function):
    """The name that stands for a function or class; or raise ValueError."""
    function = unwrap(function)  # what is around it only checks its arguments
    if "<lambda>" in function.__qualname__ or getattr(function, "__closure__", None):
        text = "settings must be recognised by their names in a file: give a function"
        raise ValueError(
            f"{text} that reads no variables around it, or a functools.partial of one; "
            f"got {function.__qualname__}"
        )
    return function.__qualname__


def digits(settings):
    """A short text that stands for described settings, to name a file by."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def differences(stored, asked):
    """What differs between two described settings, in words.

    Examples
    --------
    >>> differences({"lr": 0.1, "seed": 1}, {"lr": 0.2, "seed": 1})
    ['lr 0.1 there and 0.2 here']
    """
    return [
        f"{name} {stored.get(name)} there and {asked.get(name)} here"
        for name in stored | asked
        if stored.get(name) != asked.get(name)
    ]
