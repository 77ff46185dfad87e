"""Variants of a network, to see what a part is for: without it, or with another one.

Each takes a network such as ``ResidualCNN()`` and returns another one; the first stays
as it is. They can be combined: ``without_shortcuts(deeper(ResidualCNN(), 3))``.
"""

from copy import copy

import numpy as np

from ..checks import check_fits, instance, one_of, takes, whole
from .layers import (
    BatchNorm,
    Conv,
    Flatten,
    GlobalMaxPool,
    Linear,
    LogSumExpPool,
    MaxPool,
    ReLU,
)
from .models import residual_block
from .network import MODEL, Chain, Residual, is_known, rebuild

MAX_DEPTH = 1000  # residual blocks in a row
HEADS = ("maximum", "log-sum-exp", "flatten")
CHAIN = instance(Chain)


@takes(model=MODEL)
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
        if is_known(layer, Chain):
            kept = [p for p in layer.parts if not is_known(p, BatchNorm)]
            return Chain(*kept, name=layer.name)
        return _changed(layer, bias=True) if is_known(layer, Conv) else layer

    return rebuild(model, change)


@takes(model=MODEL)
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
        return layer.parts[0] if is_known(layer, Residual) else layer

    return rebuild(model, change)


@takes(depth=whole(1, MAX_DEPTH), model=CHAIN)
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
    parts = []
    for part in model.parts:
        parts.append(part)
        if part.kind == "relu" and len(parts) > 1 and is_known(parts[-2], Residual):
            name, main = parts[-2].name, parts[-2].parts[0]
            convolutions = [la for la in main.leaves() if la.kind == "convolution"]
            channels = convolutions[-1].shape[0]
            for own in (f"{name}.{number}" for number in range(2, depth + 1)):
                block = residual_block(own, channels, channels)
                parts += [block, ReLU(f"{own}.relu2")]
    if not any(is_known(part, Residual) for part in parts):
        raise ValueError("model must have residual blocks, got none")
    return Chain(*parts, name=model.name)


@takes(model=CHAIN)
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
    _check_kinds("begin", model.parts[:3], "convolution", "batch norm", "relu")
    conv, norm, relu, *rest = model.parts
    stem = _changed(conv, stride=1), norm, relu, MaxPool(name="stem.pool")
    return Chain(*stem, *rest, name=model.name)


@takes(head=one_of(HEADS), model=CHAIN, img_size=whole(1, 1024))
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
    _check_kinds("end", tail, "global average pool", "linear")
    n_classes, channels = tail[-1].shape
    if head == "flatten":
        n_values = _n_values(Chain(*body), img_size)
        tail = Flatten(), Linear("linear", n_values, n_classes)
    else:
        pool = GlobalMaxPool() if head == "maximum" else LogSumExpPool()
        tail = Conv("scores", channels, n_classes, kernel=1), pool
    return Chain(*body, *tail, name=model.name)


def _check_kinds(where, parts, *expected):
    """Raise ValueError unless a network's first or last layers are of these kinds."""
    found = tuple(part.kind for part in parts)
    if found != expected:
        text = f"model must {where} with {', '.join(expected)}"
        raise ValueError(f"{text}, got {', '.join(found) or 'nothing'}")


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
