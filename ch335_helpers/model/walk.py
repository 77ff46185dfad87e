"""The one way through a network: each step with its name, output and backward.

Whoever wants to know what happens between the input and the output asks here: the
summary, the activation maps, the attributions, the ablations.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..checks import check_fits, check_gradient, check_is, flag, sequence, takes
from .network import NETWORK, Chain, Layer, Residual, computes_as


@dataclass(frozen=True)
class Step:
    """One operation on the way through a network.

    Attributes
    ----------
    name : str
        The layer's name; if an earlier step has it already, with a number.
    layer : Layer
        Its ``kind`` says what the step does: for a `Residual` the sum of its two paths.
    inputs : tuple of int
        Which steps' outputs it takes, by their index; -1 is the network's own input.
    y : ndarray
        Its output.
    backward : callable
        ``backward(dy, grads)`` fills `grads` and returns one gradient an input.

    Examples
    --------
    See `steps`.

    >>> from ch335_helpers import ReLU
    >>> step = steps(ReLU("relu"), {}, np.array([-1.0, 1.0]))[0]
    >>> step.name, step.layer.kind, step.inputs, step.y
    ('relu', 'relu', (-1,), array([0., 1.]))
    """

    name: str
    layer: Layer
    inputs: tuple
    y: np.ndarray
    backward: Callable


@takes(**NETWORK, x="any shape", train=flag)
def steps(model, params, x, train=False):
    """Go through a network step by step.

    Parameters
    ----------
    model : Layer
        The network.
    params : dict of str to ndarray
        Its parameters.
    x : ndarray
        The network's input, for instance images (N, C, H, W).
    train : bool
        The mode, as when the model is called.

    Returns
    -------
    found : list of Step
        Every operation in the order of the forward pass; the last one's y is what
        ``model(params, x, train)`` returns.

    Raises
    ------
    ValueError, TypeError
        If params are not the model's, or x does not fit it.

    Notes
    -----
    Taught in notebook 4.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> model = SimpleCNN()
    >>> params = model.init(np.random.default_rng(0))
    >>> for step in steps(model, params, np.zeros((1, 1, 16, 16)))[:3]:
    ...     print(step.name, step.y.shape)
    conv1 (1, 8, 16, 16)
    relu1 (1, 8, 16, 16)
    pool1 (1, 8, 8, 8)
    """
    found, taken, count = [], set(), defaultdict(lambda: 1)

    def add(layer, inputs, y, backward):
        base = name = layer.name or layer.kind
        while name in taken:  # which may be a layer's own name, such as "relu 2"
            count[base] += 1
            name = f"{base} {count[base]}"
        taken.add(name)
        found.append(Step(name, layer, inputs, y, backward))
        return y, len(found) - 1

    def walk(layer, x, source):  # the output of `layer` and the index of its step
        if computes_as(layer, Chain):
            for part in layer.parts:
                x, source = walk(part, x, source)
            return x, source
        if computes_as(layer, Residual):
            (y, main), (short, other) = (walk(p, x, source) for p in layer.parts)
            total = layer.add(y, short)
            return add(layer, (main, other), total, lambda dy, grads: (dy, dy))
        y, backward = layer(params, x, train)
        return add(layer, (source,), y, lambda dy, grads: (backward(dy, grads),))

    with check_fits("x", x):
        walk(model, x, -1)
    return found


@takes(found=sequence)
def output_gradients(found, dy):
    """Gradient with respect to every step's output, backwards through a network.

    Parameters
    ----------
    found : list of Step
        As `steps` returns them.
    dy : ndarray
        Gradient with respect to the last step's output.

    Returns
    -------
    gradients : dict of int to ndarray
        By the step's index; -1 is the gradient of the network's own input. A step that
        the last one does not depend on has none.

    Raises
    ------
    ValueError, TypeError
        If found holds no steps, or dy has another shape than the last one's output.

    Examples
    --------
    Twice a ReLU: what was below 0 gets no gradient.

    >>> from ch335_helpers import ReLU
    >>> found = steps(Chain(ReLU("a"), ReLU("b")), {}, np.array([-1.0, 1.0]))
    >>> output_gradients(found, dy=np.array([5.0, 5.0]))[-1]
    array([0., 5.])
    """
    if not found:
        raise ValueError("found must hold at least one step, got none")
    last = [check_is("found", step, Step) for step in found][-1]
    gradients = {len(found) - 1: check_gradient("dy", dy, last.y.shape)}
    for index in reversed(range(len(found))):
        if index in gradients:
            parts = found[index].backward(gradients[index], {})
            for source, part in zip(found[index].inputs, parts, strict=True):
                gradients[source] = gradients.get(source, 0) + part
    return gradients
