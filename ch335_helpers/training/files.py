"""Parameters, or a whole state, in a file that is always whole: the old or the new."""

import hashlib
import io
import json
import os
import secrets
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from ..checks import instance, takes

LONGEST_NAME = 60_000  # bytes; a zip archive admits 65,535, the ending included


@takes(params=instance(dict))
def save_params(path, params):
    """Write parameters to a ``.npz`` file, NumPy's own format.

    Parameters
    ----------
    path : path-like
        The file; one that is there already is replaced as soon as the new one is
        whole. If anything goes wrong, it stays as it was.
    params : dict of str to ndarray
        For instance ``fit(...).params``.

    Raises
    ------
    ValueError, TypeError
        If a name or a value cannot be stored as it is; nothing is written then.

    Notes
    -----
    Taught in notebook 3.

    Examples
    --------
    >>> import tempfile
    >>> params = {"linear.w": np.eye(2), "linear.b": np.zeros(2)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_params(f"{folder}/small.npz", params)
    ...     loaded = load_params(f"{folder}/small.npz")
    >>> {name: array.shape for name, array in loaded.items()}
    {'linear.w': (2, 2), 'linear.b': (2,)}
    """
    arrays = {_checked_name(n): _checked_array(n, a) for n, a in params.items()}
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            npy.write_array(member, array, allow_pickle=False)
            archive.writestr(f"{name}.npy", member.getbuffer())
        archive.comment = _seal(archive)


def load_params(path):
    """Read parameters that `save_params` wrote.

    Parameters
    ----------
    path : path-like or file
        The file, or one that is open for reading bytes.

    Returns
    -------
    params : dict of str to ndarray
        Names and arrays as they were saved.

    Raises
    ------
    ValueError
        If the file is no such file, is damaged, or holds objects, which could run code
        when they are read.
    TypeError
        If path is neither a path nor a file.

    Notes
    -----
    Taught in notebook 3.

    Examples
    --------
    See `save_params`. A file can also be one in memory:

    >>> import io
    >>> file = io.BytesIO()
    >>> np.savez(file, w=np.arange(3))
    >>> load_params(io.BytesIO(file.getvalue()))
    {'w': array([0, 1, 2])}
    """
    if isinstance(path, str | os.PathLike):
        name, content = path, Path(path).read_bytes()
    elif hasattr(path, "read"):
        name, content = getattr(path, "name", "path"), path.read()
    else:
        expected = "path must be a path or a file open for reading bytes"
        raise TypeError(f"{expected}, got {path!r}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.comment and archive.comment != _seal(archive):
                raise ValueError("its list of arrays has changed")
            return dict(_members(archive))
    except Exception as error:  # damage makes zipfile and NumPy raise nearly anything
        expected = f"{name} must be a whole .npz file of arrays"
        raise ValueError(f"{expected}, got this error: {error}") from error


def save_state(path, state):
    """Write a state to a file that is always whole: arrays and JSON, no pickle.

    Parameters
    ----------
    path : path-like
    state
        Arrays, numbers, text and None, in lists, tuples and dicts with names of text,
        nested to any depth.

    Raises
    ------
    TypeError
        If there is something else in it; nothing is written then.
    """
    arrays = {}
    text = json.dumps(_packed(state, arrays))
    save_params(path, {"state": np.frombuffer(text.encode(), np.uint8), **arrays})


def load_state(path):
    """Read a state that `save_state` wrote.

    Raises
    ------
    ValueError
        If the file holds something else, or is damaged.
    """
    arrays = load_params(path)
    try:
        return _unpacked(json.loads(arrays["state"].tobytes()), arrays)
    except (KeyError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} must hold a saved state, got {error!r}") from None


def _packed(value, arrays):
    """`value` in terms of JSON; its arrays go into `arrays` and leave their number."""
    match value:
        case np.ndarray():
            arrays[str(len(arrays))] = value
            return {"array": str(len(arrays) - 1)}
        case dict() if all(isinstance(key, str) for key in value):
            return {"dict": {key: _packed(part, arrays) for key, part in value.items()}}
        case tuple():
            return {"tuple": [_packed(part, arrays) for part in value]}
        case list():
            return [_packed(part, arrays) for part in value]
        case np.generic():
            return {"scalar": _packed(np.array(value), arrays)["array"]}
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"state must hold arrays, numbers and text, got {value!r}")


def _unpacked(value, arrays):
    """What `_packed` made `value` of."""
    match value:
        case {"array": number}:
            return arrays[number]
        case {"scalar": number}:
            return arrays[number][()]
        case {"dict": parts}:
            return {key: _unpacked(part, arrays) for key, part in parts.items()}
        case {"tuple": parts}:
            return tuple(_unpacked(part, arrays) for part in parts)
        case list():
            return [_unpacked(part, arrays) for part in value]
    return value


def _seal(archive):
    """A checksum of all names, in order, and of the arrays' own checksums."""
    members = [(member.filename, member.CRC) for member in archive.infolist()]
    return hashlib.sha256(repr(members).encode()).hexdigest().encode()


def _members(archive):
    """Name and array of every member; zipfile compares each with its checksum."""
    for member in archive.infolist():
        if not member.filename.endswith(".npy"):
            raise ValueError(f"{member.filename!r} is no array")
        with archive.open(member) as file:
            array = npy.read_array(file, allow_pickle=False)
            if file.read(1):
                raise ValueError(f"there is more than an array in {member.filename!r}")
        yield member.filename.removesuffix(".npy"), array


def _checked_name(name):
    """Return `name` if an archive can hold it as it is; or raise."""
    if not isinstance(name, str):
        raise TypeError(f"params must have names that are strings, got {name!r}")
    with suppress(UnicodeEncodeError):
        is_short = len(name.encode()) <= LONGEST_NAME
        if is_short and zipfile.ZipInfo(name).filename == name:
            return name
    raise ValueError(f"params must have names that a file can hold, got {name!r}")


def _checked_array(name, value):
    """Return `value` as an array that needs no pickle; or raise TypeError."""
    array = np.asarray(value)
    if array.dtype.hasobject or array.dtype.kind not in "biufcSU":
        expected = f"params must hold arrays of numbers, got dtype {array.dtype}"
        raise TypeError(f"{expected} for {name!r}")
    return array


def check_path(name, path):
    """Return `path` as a Path; or raise TypeError."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{name} must be a path, got {path!r}")
    return Path(path)


@contextmanager
def replacing(path):
    """A file to write to, which takes the place of `path` once it is whole.

    It is written beside `path` and renamed. Until then `path` stays as it was, and so
    it does if the block fails or the process ends.

    Parameters
    ----------
    path : path-like

    Yields
    ------
    file : file
        Open for writing bytes.
    """
    path = check_path("path", path).resolve()  # of a link, what it points at
    if path.is_dir():
        raise IsADirectoryError(f"path must be a file, got the folder {path}")
    beside = path.with_name(f".{path.name[:50]}.{secrets.token_hex(8)}.part")
    try:
        with open(beside, "xb") as file:
            # as the old file, or as any new one; in a browser, nobody could read that
            new = beside.stat().st_mode | 0o600
            os.chmod(beside, path.stat().st_mode if path.exists() else new)
            yield file
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the name without bytes
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
