"""Look inside a trained network."""

from .layers import Chain
from .ops import check_axes


def activation_maps(model, params, x):
    """Output of each of the model's top-level layers that is still an image.

    The model runs in evaluation mode.

    Parameters
    ----------
    model : Chain
        For instance ``ResidualCNN()``.
    params : dict of str to ndarray
    x : ndarray, shape (N, C, H, W)

    Returns
    -------
    maps : list of (str, ndarray)
        The layer's name and its output, shape (N, C', H', W'), in order.

    Raises
    ------
    TypeError
        If the model is not a Chain.

    Notes
    -----
    Taught in notebook 4.
    """
    if not isinstance(model, Chain):
        raise TypeError(f"model must be a Chain of layers, got {type(model).__name__}")
    x = check_axes("x", x, "N C H W")
    maps = []
    for layer in model.layers:
        x, _ = layer(params, x)
        if x.ndim == 4:
            maps.append((layer.name, x))
    return maps
