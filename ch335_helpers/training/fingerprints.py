"""A fingerprint of what a training was asked for: equal exactly if all of it is."""

import copyreg
import dis
import hashlib
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType

import numpy as np

PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...))
ASSIGN = ("STORE_GLOBAL", "STORE_DEREF")


def fingerprint(*values, arrays=None, places=True):
    """Text that stands for values: the same in every process, another for others.

    Parameters
    ----------
    *values : object
        Numbers, text, arrays, containers, functions, classes, and objects that consist
        of such, for instance layers, streams, generators and `functools.partial`.
    arrays : dict, optional
        Given to several calls, it spares them reading the same array again. No array
        may change in between.
    places : bool
        Whether it counts how far a `numpy.random.Generator` has been drawn. Without,
        a stream has the fingerprint that it had at its beginning.

    Returns
    -------
    digits : str
        64 hexadecimal digits (SHA-256).

    Raises
    ------
    TypeError
        If a value has parts that cannot be looked at, such as an open file.

    Notes
    -----
    Of a function count its name, its code, its defaults, and what it reads from around
    it, in an enclosing function or its module: functions, classes, arrays, numbers and
    text. Not what it assigns itself, nor lists, dicts and sets, which may be its notes;
    what is in them shall be passed by `functools.partial`. Of what it has imported, the
    name alone counts. Code differs between versions of Python.

    Examples
    --------
    >>> fingerprint({"lr": 0.1}) == fingerprint({"lr": 0.1})
    True
    >>> fingerprint(np.zeros(2)) == fingerprint(np.zeros(2, np.float32))
    False
    """
    reader = _Reader({} if arrays is None else arrays, places)
    return reader.digest(values).hex()


class _Reader:
    def __init__(self, arrays, places):
        self.places = places
        self.arrays = arrays  # by id: an array and its digest
        self.code = {}  # the same for functions and classes
        self.open = []  # what is being read, to notice a circle

    def digest(self, value):
        if isinstance(value, PLAIN):
            return _hash(type(value).__name__, repr(value))
        known = self.arrays if isinstance(value, np.ndarray) else self.code
        if id(value) in known:
            return known[id(value)][1]
        if any(value is outer for outer in self.open):
            return _hash("circle")
        self.open.append(value)
        digest = _hash(type(value).__qualname__, *map(self._part, self.parts(value)))
        self.open.pop()
        if isinstance(value, np.ndarray | FunctionType | type):
            known[id(value)] = value, digest  # kept, so that no other gets its id
        return digest

    def _part(self, part):
        return part if isinstance(part, memoryview) else self.digest(part)

    def parts(self, value):
        """What a value consists of."""
        match value:
            case list() | tuple() if type(value) in (list, tuple):
                return value
            case dict() if type(value) is dict:
                return [item for pair in value.items() for item in pair]
            case set() | frozenset():
                return sorted(self.digest(item).hex() for item in value)
            case np.ndarray() if not value.dtype.hasobject:
                array = np.ascontiguousarray(value).reshape(-1)
                return [value.dtype.str, value.shape, memoryview(array.view(np.uint8))]
            case np.random.Generator() if not self.places:
                return []
            case FunctionType():
                return _parts_of_function(value)
            case CodeType():
                return [value.co_code, value.co_consts, value.co_names]
            case type():
                return [_name(value), *_own_functions(value)]
            case ModuleType():
                return [value.__name__]
            case BuiltinFunctionType() if isinstance(value.__self__, ModuleType | None):
                return [_name(value)]
        return _parts_of_object(value)


def _parts_of_function(function):
    code, module = function.__code__, function.__globals__
    read = {name: module[name] for name in sorted(code.co_names) if name in module}
    read = {name: v for name, v in read.items() if _is_own(v, function.__module__)}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        read[name] = cell.cell_contents
    assigned = {i.argval for i in dis.get_instructions(code) if i.opname in ASSIGN}
    read = {
        name: value
        for name, value in read.items()
        if name not in assigned and not isinstance(value, list | dict | set)
    }
    return [_name(function), code, function.__defaults__, function.__kwdefaults__, read]


def _is_own(value, module):
    """Whether what a function reads from its module was made there."""
    if isinstance(value, FunctionType | type):
        return value.__module__ == module
    return isinstance(value, (*PLAIN, tuple, partial, np.ndarray, np.number))


def _own_functions(cls):
    """What a class written in Python and its bases define."""
    for base in cls.__mro__:
        for value in vars(base).values():
            value = getattr(value, "fget", getattr(value, "__func__", value))
            if isinstance(value, FunctionType):
                yield value


def _parts_of_object(value):
    """As a copy of the object would be made; nothing is made here."""
    reduce = copyreg.dispatch_table.get(type(value), lambda v: v.__reduce_ex__(4))
    try:
        reduced = reduce(value)
    except TypeError as error:
        raise TypeError(f"{value!r} has no fingerprint: {error}") from error
    if isinstance(reduced, str):  # the name by which it can be imported
        return [getattr(value, "__module__", ""), reduced]
    return [list(part) if hasattr(part, "__next__") else part for part in reduced]


def _name(value):
    return f"{value.__module__}.{value.__qualname__}"


def _hash(*parts):
    whole = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        whole.update(len(part).to_bytes(8, "little"))
        whole.update(part)
    return whole.digest()
