"""Parameters in a file."""

import numpy as np


def save_params(path, params):
    """Write parameters to a ``.npz`` file, NumPy's own format.

    Parameters
    ----------
    path : path-like
    params : dict of str to ndarray

    Notes
    -----
    Taught in notebook 3.
    """
    with open(path, "wb") as file:  # given a name, NumPy would append to it
        np.savez(file, **params)


def load_params(path):
    """Read parameters that `save_params` wrote.

    Parameters
    ----------
    path : path-like

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
    """
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)
