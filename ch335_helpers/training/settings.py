"""The settings of a training in words, by which a saved one is recognised.

One rule for `fit` and `sweep`: numbers and text count by their value, arrays by all of
theirs, functions by their module, name and defaults and by the arguments of a
`functools.partial`, objects by their class and attributes. What cannot be recognised so
is refused: a saved run must never be taken for another one.
"""

import hashlib
import json
from functools import partial
from os import PathLike
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

import numpy as np

from ..checks import undecorated
from .files import load_state, save_state

FORMAT = 1  # to be raised when older files can no longer be read


def described(value, with_place=True):
    """A setting in terms of JSON, the same in every process.

    Parameters
    ----------
    value
        Numbers, text, arrays, functions, and lists, dicts or objects of those.
    with_place : bool
        Whether how far a random generator has been drawn from counts, or only its seed.

    Returns
    -------
    description : None, bool, int, float, str, list or dict

    Raises
    ------
    ValueError
        If a function or class cannot be recognised by its name.
    TypeError
        If there is something else in it, such as an open file.

    Examples
    --------
    >>> from ch335_helpers import add_noise, MaxPool
    >>> described(partial(add_noise, noise=0.5))
    ['partial', 'function ch335_helpers.data.batches.add_noise', [], {'noise': 0.5}]
    >>> described(MaxPool())[1]
    {'kernel': 2, 'stride': 2, 'name': 'max pool'}
    """
    inside = partial(described, with_place=with_place)
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if isinstance(value, np.generic) and type(value.item()) in (bool, int, float, str):
        return value.item()
    if kind is np.ndarray and not value.dtype.hasobject:
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array {value.dtype.str} {value.shape} {digest[:24]}"
    if kind in (list, tuple):
        return [inside(part) for part in value]
    if kind is dict:
        return {_key(key): inside(part) for key, part in value.items()}
    if kind is partial:
        return ["partial", *map(inside, (value.func, value.args, value.keywords))]
    if kind is np.random.Generator:
        state, seed = value.bit_generator.state, value.bit_generator.seed_seq
        return ["generator", inside(state if with_place else _attributes(seed))]
    if kind is MethodType:
        return ["method", value.__name__, inside(value.__self__)]
    if kind in (FunctionType, BuiltinFunctionType) or isinstance(value, type):
        return _name(value)
    if isinstance(value, PathLike | np.dtype | ModuleType):
        return f"{kind.__name__} {value}"
    attributes = inside(_attributes(value))
    return [_name(kind), attributes]


def _key(key):
    return key if isinstance(key, str) else f"{type(key).__name__} {key!r}"


def _name(thing):
    """What stands for a function or class: where it is defined, and its defaults."""
    thing = undecorated(thing)
    parts = vars(thing).values() if isinstance(thing, type) else [thing]
    around = [getattr(undecorated(part), "__code__", None) for part in parts]
    around = {name for code in around if code for name in code.co_freevars}
    bound = getattr(thing, "__self__", None)
    known = around <= {"__class__"} and (bound is None or type(bound) is ModuleType)
    if not known or "<lambda>" in thing.__qualname__:
        raise ValueError(
            "settings must be recognised in a file, functions and classes by their "
            "names: give one that reads no variables around it, or a functools.partial "
            f"of it; got {thing.__qualname__}"
        )
    kind = "class" if isinstance(thing, type) else "function"
    name = f"{kind} {thing.__module__}.{thing.__qualname__}"
    defaults = (
        getattr(thing, "__defaults__", None),
        getattr(thing, "__kwdefaults__", None),
    )
    own = not str(thing.__module__).startswith("ch335_helpers.")
    return name if not (own and any(defaults)) else f"{name} {described(defaults)}"


def _attributes(value):
    """The attributes of an object that is nothing but those; or raise TypeError."""
    kind = type(value)
    if kind is np.random.SeedSequence:
        return value.state
    plain = (
        kind.__reduce__ is object.__reduce__
        and kind.__reduce_ex__ is object.__reduce_ex__
        and not issubclass(kind, (list, dict, set, frozenset, tuple, bytes))
        and not any(vars(base).get("__slots__") for base in kind.__mro__)
    )
    if not plain or not hasattr(value, "__dict__") or hasattr(value, "read"):
        text = "settings must be numbers, text, arrays, functions or objects of those"
        raise TypeError(f"{text}, to be recognised in a file; got {value!r}")
    return vars(value)


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
        if json.dumps(stored.get(name)) != json.dumps(asked.get(name))  # NaN is NaN
    ]


def save_for(path, asked, kept):
    """Write what a call with these described settings can go on from to a file."""
    save_state(path, {"format": FORMAT, "asked": asked, "kept": kept})


def load_for(path, asked, name):
    """Read what `save_for` wrote for a call with the same settings; or ValueError.

    `name` says in the error what the file should have been.
    """
    state = load_state(path)
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        text = f"{name} must be the file of a training, written by this version"
        raise ValueError(f"{text}, got {path}")
    if different := differences(state["asked"], asked):
        text = f"{name} must be of a training with the same settings, got {path}, with"
        raise ValueError(f"{text} {', '.join(different)}")
    return state["kept"]
