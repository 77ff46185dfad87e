"""Networks that only evaluate: batch normalisation folded into the convolutions."""

from copy import copy
from functools import partial

import numpy as np

from ..checks import takes
from .layers import BatchNorm, Conv
from .network import NETWORK, Chain, computes_as, rebuild
from .ops import EPS


@takes(**NETWORK)
def fold_batch_norm(model, params):
    """A network without batch normalisation, with the same scores in evaluation.

    In evaluation, batch normalisation multiplies each channel by one number and adds
    another. A convolution before it can do both: its filters times the one, and the
    other as its bias. What is left is one layer where there were two, and the scores
    differ by rounding.

    Parameters
    ----------
    model : Layer
        The network. It is not changed.
    params : dict of str to ndarray
        Its parameters. They are not changed.

    Returns
    -------
    folded : Layer
        Has no batch normalisation after a convolution. Layers that compute in a way of
        their own stay as they are, with all that they are made of.
    folded_params : dict of str to ndarray
        Its parameters.

    Raises
    ------
    ValueError, TypeError
        If params are not the model's.

    Notes
    -----
    Taught in notebook 7.

    Examples
    --------
    >>> from ch335_helpers import ResidualCNN
    >>> model = ResidualCNN()
    >>> folded, params = fold_batch_norm(model, model.init(np.random.default_rng(0)))
    >>> len(model.leaves()), len(folded.leaves())
    (20, 14)
    """
    folded_params = dict(params)
    folded = fold_layer(model, folded_params)
    return folded, {name: folded_params[name] for name in folded.parameters()}


def fold_layer(layer, params):
    """A layer's folded form; its filters and biases in `params` are replaced.

    Parameters
    ----------
    layer : Layer
    params : dict of str to ndarray
        Its parameters, which must fit. What is folded away stays there.

    Returns
    -------
    folded : Layer
    """
    return rebuild(layer, partial(_fold_pairs, params=params))


def _fold_pairs(layer, params):
    """A chain without its pairs; their filters and biases in `params` are replaced."""
    if not computes_as(layer, Chain):
        return layer
    parts = []
    for part in layer.parts:
        if parts and _are_a_pair(parts[-1], part, params):
            parts[-1] = _join(parts[-1], part, params)
        else:
            parts.append(part)
    return Chain(*parts, name=layer.name)


def _are_a_pair(layer, following, params):
    """Whether two layers can become one; what is wrong is left to the evaluation."""
    pair = zip((layer, following), (Conv, BatchNorm), strict=True)
    if not all(type(own) is kind and computes_as(own, kind) for own, kind in pair):
        return False
    positive = (params[f"{following.name}.running_var"] >= 0).all()
    return layer.shape[0] == following.channels and positive


def _join(conv, norm, params):
    """A convolution that does what a convolution and batch normalisation do."""
    gamma, beta, mean, var = norm.own_values(params).values()
    scale = gamma / np.sqrt(var + EPS)
    shift = beta - scale * mean
    w, b = f"{conv.name}.w", f"{conv.name}.b"
    params[w] = params[w] * scale[:, None, None, None]
    params[b] = params[b] * scale + shift if conv.bias else shift
    joined = copy(conv)
    joined.bias = True
    return joined
