"""What a layer is, and how layers become a network.

A layer is used like this::

    params = layer.init(rng)                     # {"block1.conv1.w": array, ...}
    y, backward = layer(params, x, train=True)
    dx = backward(dy, grads)                     # fills grads under the same names

Because all values live in `params`, a copy of the dictionary is a checkpoint, the
optimiser is one loop over its entries, and two networks can share one model.
"""

import math
from copy import copy
from dataclasses import dataclass

import numpy as np

from ..checks import (
    check_entry,
    check_is,
    check_size,
    check_whole,
    generator,
    instance,
    params_of,
    sequence,
    takes,
)

ROLES = ("weight", "bias", "scale", "shift", "running average")


@takes(rng=generator, shape=sequence)
def he_normal(rng, shape):
    """Draw float32 weights with standard deviation sqrt(2 / inputs).

    Their shape is (outputs, inputs, ...). The 2 makes up for the half of the values
    that a ReLU sets to zero. Source: He et al. (2015).

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the numbers.
    shape : tuple of int
        Outputs first; the product of all the others is the number of inputs.

    Returns
    -------
    weights : ndarray of float32
        Of that shape.

    Raises
    ------
    ValueError, TypeError
        If rng is no Generator, or shape is no sequence of whole numbers.

    Examples
    --------
    >>> w = he_normal(np.random.default_rng(0), (1000, 50))
    >>> w.dtype, round(float(w.std()), 2)  # sqrt(2 / 50)
    (dtype('float32'), 0.2)
    """
    shape = [check_whole("shape", length) for length in shape]
    check_size("shape", math.prod(shape))
    fan_in = math.prod(shape[1:])
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)


@dataclass(frozen=True)
class Parameter:
    """What one entry of `params` is.

    Attributes
    ----------
    shape : tuple of int
    role : str
        What it is for: one of `ROLES`.
    start : float or None
        The value that all of it starts with; None if it is drawn by `he_normal`.
    """

    shape: tuple
    role: str
    start: float | None


class Layer:
    """What all layers share.

    Attributes
    ----------
    name : str
        Opens the names of its parameters. It is also the layer's own name in summaries
        and activation maps.
    kind : str
        What it does, in the field's term: ``"convolution"``, ``"relu"`` and so on.
    kernel : int
        Side of the window that it looks through; 1 where each pixel is on its own.
    stride : int
        Pixels from one window to the next; 1 where each pixel is on its own.
    padding : int
        Zeros on each side of what comes in.
    parts : tuple of Layer or None
        The layers that it is made of; None if it is a single operation.

    Examples
    --------
    A layer without parameters that doubles what comes in:

    >>> class Double(Layer):
    ...     def __call__(self, params, x, train=False):
    ...         return 2 * x, lambda dy, grads: 2 * dy
    >>> y, backward = Double()({}, np.array([1.0, 2.0]))
    >>> y, backward(np.array([10.0, 10.0]), {})
    (array([2., 4.]), array([20., 20.]))
    """

    name = kind = ""
    kernel = stride = 1
    padding = 0
    parts = None

    def own_parameters(self):
        """Each of the layer's own parameters by its short name, as a `Parameter`."""
        return {}

    def own_values(self, params):
        """The layer's own entries of `params` by their short names, as floats.

        Raises
        ------
        ValueError, TypeError
            If one is missing, has another shape or holds no real numbers.
        """
        return {
            short: check_entry("params", params, f"{self.name}.{short}", p.shape)
            for short, p in self.own_parameters().items()
        }

    def parameters(self):
        """Every entry of `params`, those of the layer's parts included.

        Returns
        -------
        parameters : dict of str to Parameter

        Raises
        ------
        ValueError
            If two layers have one name.
        """
        own = self.own_parameters().items()
        merged = {f"{self.name}.{short}": parameter for short, parameter in own}
        for part in self.parts or ():
            entries = part.parameters()
            if twice := merged.keys() & entries.keys():
                text = f"each layer must have its own name, got {min(twice)} twice"
                raise ValueError(text)
            merged |= entries
        return merged

    @takes(rng=generator)
    def init(self, rng):
        """Return new float32 `params`, drawn from the Generator `rng`."""
        return {
            name: he_normal(rng, p.shape)
            if p.start is None
            else np.full(p.shape, p.start, np.float32)
            for name, p in self.parameters().items()
        }

    def leaves(self):
        """All layers that are a single operation, in order."""
        if self.parts is None:
            return [self]
        return [leaf for part in self.parts for leaf in part.leaves()]

    def __call__(self, params, x, train=False):
        """Return y and ``backward(dy, grads)``, which fills `grads` and returns dx."""
        raise NotImplementedError


TEXT, MODEL = instance(str), instance(Layer)
NETWORK = {"model": MODEL, "params": params_of("model")}


class Chain(Layer):
    """Layers in order; backwards, the same in reverse.

    Parameters
    ----------
    *layers : Layer
        Each takes what the one before it returns.
    name : str
        What it is called; its layers' parameters keep their own names.

    Examples
    --------
    >>> from ch335_helpers import Linear, ReLU
    >>> model = Chain(Linear("first", 3, 4), ReLU(), Linear("second", 4, 2))
    >>> params, grads = model.init(np.random.default_rng(0)), {}
    >>> y, backward = model(params, np.ones((5, 3)))
    >>> y.shape, backward(np.ones_like(y), grads).shape
    ((5, 2), (5, 3))
    >>> sorted(grads)
    ['first.b', 'first.w', 'second.b', 'second.w']
    """

    kind = "chain"

    def __init__(self, *layers, name=""):
        self.parts = tuple(check_is("layers", layer, Layer) for layer in layers)
        self.name = check_is("name", name, str)

    def __call__(self, params, x, train=False):
        backwards = []
        for layer in self.parts:
            x, layer_backward = layer(params, x, train)
            backwards.append(layer_backward)

        def backward(dy, grads):
            for layer_backward in reversed(backwards):
                dy = layer_backward(dy, grads)
            return dy

        return x, backward


class Residual(Layer):
    """Main path plus shortcut: main(x) + shortcut(x); no shortcut means x itself.

    Parameters
    ----------
    main : Layer
        The main path.
    shortcut : Layer, optional
        The other path, for instance a 1x1 convolution; its output must have the shape
        of the main path's.
    name : str
        What the sum is called in summaries and activation maps.

    Examples
    --------
    >>> from ch335_helpers import ReLU
    >>> y, backward = Residual(ReLU())({}, np.array([-1.0, 2.0]))
    >>> y  # relu(x) + x
    array([-1.,  4.])
    >>> backward(np.array([1.0, 1.0]), {})
    array([1., 2.])
    """

    kind = "sum"

    @takes(main=MODEL, shortcut=MODEL, name=TEXT)
    def __init__(self, main, shortcut=None, name=""):
        self.parts = main, Chain() if shortcut is None else shortcut
        self.name = name

    def __call__(self, params, x, train=False):
        main, shortcut = self.parts
        y, main_backward = main(params, x, train)
        short, short_backward = shortcut(params, x, train)

        def backward(dy, grads):
            return main_backward(dy, grads) + short_backward(dy, grads)

        return self.add(y, short), backward

    def add(self, y, short):
        """Return the sum of the outputs of both paths, or raise ValueError."""
        if y.shape != short.shape:
            paths = f"{self.name}: main path {y.shape} and shortcut {short.shape}"
            raise ValueError(f"{paths} must have one shape")
        return y + short


# what a class may have of its own, and then computes in its own way
OWN_WAYS = "__call__", "add", "operation", "own_values"


def computes_as(layer, *classes):
    """Whether a layer computes as one of these classes: Chain or Residual by default.

    A subclass with a `__call__` of its own does not, nor does one with another way to
    add, to normalise or to get its values. Such a layer is one step, to be taken as a
    whole by everything that goes through a network or rebuilds it.

    Parameters
    ----------
    layer : Layer
    *classes : type

    Returns
    -------
    bool

    Examples
    --------
    >>> class Louder(Chain):
    ...     def __call__(self, params, x, train=False):
    ...         return super().__call__(params, 2 * x, train)
    >>> computes_as(Chain()), computes_as(Chain(), Residual), computes_as(Louder())
    (True, False, False)
    """
    kind = type(layer)
    return not vars(layer).keys() & set(OWN_WAYS) and any(
        all(getattr(kind, way, None) is getattr(one, way, None) for way in OWN_WAYS)
        for one in classes or (Chain, Residual)
    )


def rebuild(layer, change):
    """A copy of a network with ``change(layer)`` in place of each layer.

    Parameters
    ----------
    layer : Layer
        The network. It is not changed.
    change : callable
        Takes a layer whose parts have been changed already, and returns it or another
        one. A layer that is not known from inside, see `computes_as`, is changed as a
        whole.

    Returns
    -------
    rebuilt : Layer

    Examples
    --------
    >>> from ch335_helpers import MaxPool, ReLU
    >>> model = Chain(MaxPool(), Residual(Chain(ReLU("relu1"), ReLU("relu2"))))
    >>> smooth = rebuild(model, lambda la: Chain() if la.name == "relu2" else la)
    >>> [leaf.name for leaf in smooth.leaves()]
    ['max pool', 'relu1']
    """
    if computes_as(layer):
        layer = copy(layer)
        layer.parts = tuple(rebuild(part, change) for part in layer.parts)
    return change(layer)


@takes(model=MODEL)
def learnt(model):
    """Names of the parameters that training changes by their gradient.

    All but the running averages, which batch normalisation moves by itself.

    Parameters
    ----------
    model : Layer
        A single layer or a whole network.

    Returns
    -------
    names : list of str
        In the order of `params`.

    Examples
    --------
    >>> from ch335_helpers import BatchNorm
    >>> learnt(BatchNorm("bn", channels=2))
    ['bn.gamma', 'bn.beta']
    """
    parameters = model.parameters().items()
    return [name for name, p in parameters if p.role != "running average"]


@takes(model=MODEL)
def n_parameters(model):
    """Number of values that training changes: all but running averages.

    Parameters
    ----------
    model : Layer
        A single layer or a whole network.

    Returns
    -------
    number : int

    Examples
    --------
    >>> from ch335_helpers import Conv
    >>> n_parameters(Conv("conv1", in_channels=1, out_channels=8))  # 8 * 9 + 8
    80
    """
    parameters = model.parameters()
    return sum(math.prod(parameters[name].shape) for name in learnt(model))
