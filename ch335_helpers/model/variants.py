"""Variants of a network, to see what a part is for: without it, or with another one.

Each takes a network such as ``ResidualCNN()`` and returns another one; the first stays
as it is. They can be combined: ``without_shortcuts(deeper(ResidualCNN(), 3))``.
"""

from copy import copy

import numpy as np

from ..checks import check_fits, check_is, one_of, takes, whole
from .layers import (
    BatchNorm,
    Conv,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    Linear,
    LogSumExpPool,
    MaxPool,
    ReLU,
)
from .models import residual_block
from .network import Chain, Layer, Residual, computes_as, rebuild

MAX_DEPTH = 1000  # residual blocks in a row
HEADS = ("maximum", "log-sum-exp", "flatten")


def _known(name, model, known):
    """The contract of a network that can be changed from inside."""
    model = check_is(name, model, Layer)
    if not computes_as(model):
        got = f"a {type(model).__name__} with a way of its own"
        raise ValueError(f"{name} must compute as a Chain or Residual does, got {got}")
    return model


def _chain(name, model, known):
    """The contract of a chain that can be changed from inside."""
    return _known(name, check_is(name, model, Chain), known)


@takes(model=_known)
def without_batch_norm(model):
    """The network without batch normalisation; its convolutions have a bias instead.

    Parameters
    ----------
    model : Layer
        The network.

    Returns
    -------
    variant : Layer

    Notes
    -----
    Taught in notebook 9.

    Examples
    --------
    >>> from ch335_helpers import ResidualCNN, n_parameters
    >>> model = ResidualCNN()
    >>> n_parameters(model), n_parameters(without_batch_norm(model))
    (19962, 19818)
    """

    def change(layer):
        if computes_as(layer, BatchNorm):
            return Chain()
        if computes_as(layer, Chain):
            return Chain(*(p for p in layer.parts if p.parts != ()), name=layer.name)
        return _changed(layer, bias=True) if computes_as(layer, Conv) else layer

    return rebuild(model, change)


@takes(model=_known)
def without_shortcuts(model):
    """The network without shortcuts: of each residual block, the main path is left.

    Parameters
    ----------
    model : Layer
        The network.

    Returns
    -------
    variant : Layer

    Notes
    -----
    Taught in notebook 9.

    Examples
    --------
    >>> from ch335_helpers import ResidualCNN, n_parameters
    >>> n_parameters(without_shortcuts(ResidualCNN()))  # no projection either
    19386
    """

    def change(layer):
        return layer.parts[0] if computes_as(layer, Residual) else layer

    return rebuild(model, change)


@takes(depth=whole(1, MAX_DEPTH), model=_chain)
def deeper(model, depth):
    """The network with `depth` residual blocks in a row in place of each one.

    Parameters
    ----------
    model : Chain
        With a `residual_block` or several among its parts, each followed by a ReLU.
    depth : int
        At least 1.

    Returns
    -------
    variant : Chain

    Notes
    -----
    Taught in notebook 9.

    Examples
    --------
    >>> from ch335_helpers import ResidualCNN
    >>> variant = deeper(ResidualCNN(), depth=2)
    >>> [part.name for part in variant.parts][3:8]
    ['block1', 'block1.relu2', 'block1.2', 'block1.2.relu2', 'pool']
    """
    parts, names = [], []
    for part in model.parts:
        parts.append(part)
        if (
            len(parts) > 1
            and computes_as(part, ReLU)
            and computes_as(parts[-2], Residual)
        ):
            block, channels = parts[-2], _channels(parts[-2])
            names = [f"{block.name}.{number}" for number in range(2, depth + 1)]
            for own in names:
                parts += [residual_block(own, channels, channels), ReLU(f"{own}.relu2")]
    if depth > 1 and not names:
        text = "model must have residual blocks, each followed by a ReLU"
        raise ValueError(f"{text}, got {_kinds(model.parts)}")
    return Chain(*parts, name=model.name)


@takes(model=_chain)
def with_pooled_stem(model):
    """The network with a stem that halves the image by max pooling, not by a stride.

    Parameters
    ----------
    model : Chain
        Begins with a convolution, its normalisation and a ReLU, as `ResidualCNN` does.

    Returns
    -------
    variant : Chain

    Examples
    --------
    >>> from ch335_helpers import ResidualCNN
    >>> [part.name for part in with_pooled_stem(ResidualCNN()).parts][:4]
    ['stem.conv', 'stem.bn', 'stem.relu', 'stem.pool']
    """
    _check_layers("begin", model.parts[:3], Conv, BatchNorm, ReLU)
    conv, norm, relu, *rest = model.parts
    stem = _changed(conv, stride=1), norm, relu, MaxPool(name="stem.pool")
    return Chain(*stem, *rest, name=model.name)


@takes(head=one_of(HEADS), model=_chain, img_size=whole(1, 1024))
def with_head(model, head, img_size=32):
    """The network with another way to bring the places of an image together.

    Parameters
    ----------
    model : Chain
        Ends with an average over all places and a linear layer, as `ResidualCNN` does.
    head : str
        ``"maximum"`` and ``"log-sum-exp"``: a 1x1 convolution gives every place a score
        for each class, then the largest score or the log of the sum of exp counts.
        ``"flatten"``: a linear layer has a weight for each place.
    img_size : int
        Height and width of the images in pixels; only ``"flatten"`` needs it.

    Returns
    -------
    variant : Chain

    Raises
    ------
    ValueError
        If there is no such head, or the images are too small for the network.

    Examples
    --------
    >>> from ch335_helpers import ResidualCNN
    >>> [part.name for part in with_head(ResidualCNN(), "maximum").parts][-2:]
    ['scores', 'global max pool']
    """
    body, tail = model.parts[:-2], model.parts[-2:]
    _check_layers("end", tail, GlobalAvgPool, Linear)
    n_classes, channels = tail[-1].shape
    if head == "flatten":
        _check_layers("begin", body[:1], Conv)
        n_values = _n_values(Chain(*body), img_size)
        tail = Flatten(), Linear("linear", n_values, n_classes)
    else:
        pool = GlobalMaxPool() if head == "maximum" else LogSumExpPool()
        tail = Conv("scores", channels, n_classes, kernel=1), pool
    return Chain(*body, *tail, name=model.name)


def _check_layers(where, parts, *expected):
    """Raise ValueError unless a network's first or last layers are those of a list."""
    same = len(parts) == len(expected) and all(map(computes_as, parts, expected))
    if not same:
        text = f"model must {where} with {', '.join(one.kind for one in expected)}"
        raise ValueError(f"{text}, got {_kinds(parts)}")


def _kinds(parts):
    return ", ".join(part.kind or type(part).__name__ for part in parts) or "nothing"


def _channels(block):
    """How many channels come out of a residual block."""
    shapes = [leaf.shape[0] for leaf in block.leaves() if computes_as(leaf, Conv)]
    if not shapes:
        raise ValueError(f"model must have convolutions in {block.name!r}, got none")
    return shapes[-1]


def _n_values(body, img_size):
    """How many values the layers before the head make of one image."""
    image = np.zeros((1, body.parts[0].shape[1], img_size, img_size), np.float32)
    with check_fits("img_size", image):
        return body(body.init(np.random.default_rng(0)), image)[0].size


def _changed(layer, **attributes):
    """A copy of a layer with some attributes changed."""
    changed = copy(layer)
    vars(changed).update(attributes)
    return changed
