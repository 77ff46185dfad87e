"""Parameters in a file."""

import numpy as np


def save_params(path, params):
    """Write parameters to a ``.npz`` file, NumPy's own format.

    Parameters
    ----------
    path : path-like
        The file; one that is there already is replaced.
    params : dict of str to ndarray
        For instance ``fit(...).params``.

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
    with open(path, "wb") as file:  # given a name, NumPy would append to it
        np.savez(file, **params)


def load_params(path):
    """Read parameters that `save_params` wrote.

    Parameters
    ----------
    path : path-like or file
        The file, or one that is open for reading bytes.

    Returns
    -------
    params : dict of str to ndarray

    Raises
    ------
    ValueError
        If the file holds objects, which could run code when they are read.

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
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)
