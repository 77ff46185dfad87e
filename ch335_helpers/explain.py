"""Look inside a trained network."""

from .checks import check_axes
from .walk import steps


def activation_maps(model, params, x, kinds=None):
    """Output of each of a network's layers that is still an image.

    The network runs in evaluation mode.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    params : dict of str to ndarray
        Its parameters.
    x : ndarray, shape (N, C, H, W)
        Images.
    kinds : sequence of str, optional
        Keep only layers of these kinds, such as ``("relu", "max pool")``.

    Returns
    -------
    maps : dict of str to ndarray
        Under each layer's name its output, shape (N, C', H', W'), in the order of the
        forward pass. The name of a residual block stands for the sum of its two paths.

    Raises
    ------
    ValueError
        If x has not four axes or does not fit the model.

    Notes
    -----
    Taught in notebook 4.

    Examples
    --------
    >>> import numpy as np
    >>> from ch335_helpers import SimpleCNN
    >>> model, x = SimpleCNN(), np.zeros((2, 1, 32, 32))
    >>> params = model.init(np.random.default_rng(0))
    >>> maps = activation_maps(model, params, x, kinds=["max pool"])
    >>> {name: y.shape for name, y in maps.items()}
    {'pool1': (2, 8, 16, 16), 'pool2': (2, 16, 8, 8)}
    """
    x = check_axes("x", x, "N C H W")
    return {
        step.name: step.y
        for step in steps(model, params, x)
        if step.y.ndim == x.ndim and (kinds is None or step.layer.kind in kinds)
    }
