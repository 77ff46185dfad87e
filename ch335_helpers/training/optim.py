"""Optimisers, and how the learning rate changes while training goes on.

All of them are called alike, as ``update(params, grads, state, lr)``, and change the
parameters in place.
"""

import math

import numpy as np

from ..checks import (
    check_floats,
    check_gradient,
    check_is,
    check_values,
    check_whole,
    instance,
    number,
    takes,
)


def _fitting(memory):
    """The contract of gradients that fit the parameters and an optimiser's memory.

    `memory` names the entry of `state` that holds one array, or several, a parameter.
    """

    def contract(name, grads, known):
        params, state, arrays = known["params"], known["state"], {}
        for entry, grad in check_is(name, grads, dict).items():
            grad = arrays[entry] = check_values(f"{name}[{entry!r}]", grad, None)
            found = np.shape(params[entry]) if entry in params else "no such parameter"
            if found != grad.shape:
                text = f"{name}[{entry!r}] has shape {grad.shape}, but params has"
                raise ValueError(f"{text} {found}")
            check_floats(f"params[{entry!r}]", params[entry])
        kept = state.get(memory, {})
        check_whole("state['step']", state.get("step", 0), low=0)
        for entry in arrays.keys() & check_is(f"state[{memory!r}]", kept, dict).keys():
            several = kept[entry] if isinstance(kept[entry], tuple) else (kept[entry],)
            for array in several:
                own = f"state[{memory!r}][{entry!r}]"
                check_floats(own, array)
                check_gradient(own, array, params[entry].shape)
        return arrays

    return contract


DICT, RATE, DECAY = instance(dict), number(above=0), number(low=0, below=1)
PROGRESS = number(low=0, high=1)


@takes(
    params=DICT, state=DICT, grads=_fitting("moments"),
    lr=RATE, b1=DECAY, b2=DECAY, eps=number(low=0),
)  # fmt: skip
def adam_update(params, grads, state, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    """One step of Adam, in place.

    Each weight moves by about `lr` against the sign of its gradient: m, a running mean
    of the gradient, gives the direction, and v, a running mean of its square, the
    scale. Both start at 0 and are corrected for it.

    Parameters
    ----------
    params : dict of str to ndarray
        Changed in place, entry by entry; entries without a gradient stay as they are.
    grads : dict of str to ndarray
        Gradients under the parameters' names, of the parameters' shapes.
    state : dict
        Adam's memory. Start with ``{}`` and pass the same one each time.
    lr : float
        Learning rate, above 0.
    b1 : float
        Decay of the gradient's running mean, from 0 up to but not including 1.
    b2 : float
        Decay of its square's running mean, from 0 up to but not including 1.
    eps : float
        Added to the scale, at least 0, so that a weight without a gradient divides by
        no zero.

    Raises
    ------
    ValueError, TypeError
        If a number is out of range, a gradient's name or shape fits no parameter, a
        parameter is no array of floats, or the state is another model's. Nothing has
        changed then.

    Notes
    -----
    Taught in notebook 3. Source: Kingma, Ba, "Adam" (2015), algorithm 1.

    Examples
    --------
    The first step moves every weight by about `lr`, whatever the size of its gradient:

    >>> params, state = {"w": np.array([1.0, 1.0])}, {}
    >>> adam_update(params, {"w": np.array([1000.0, -0.5])}, state, lr=0.1)
    >>> params["w"].round(4)
    array([0.9, 1.1])
    """
    t = state["step"] = state.get("step", 0) + 1
    moments = state.setdefault("moments", {})
    for name, grad in grads.items():
        w = params[name]
        if name not in moments:
            moments[name] = np.zeros_like(w), np.zeros_like(w)
        m, v = moments[name]
        m += (1 - b1) * (grad - m)
        v += (1 - b2) * (grad * grad - v)
        w -= lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)


@takes(params=DICT, state=DICT, grads=_fitting(""), lr=RATE)
def sgd_update(params, grads, state, lr=1e-2):
    """One step of gradient descent, in place.

    Each weight moves by `lr` times its gradient, against it.

    Parameters
    ----------
    params : dict of str to ndarray
        Changed in place, entry by entry; entries without a gradient stay as they are.
    grads : dict of str to ndarray
        Gradients under the parameters' names, of the parameters' shapes.
    state : dict
        Not used; it is here so that all optimisers are called alike.
    lr : float
        Learning rate, above 0.

    Raises
    ------
    ValueError, TypeError
        As `adam_update`. Nothing has changed then.

    Examples
    --------
    >>> params = {"w": np.array([1.0, 1.0])}
    >>> sgd_update(params, {"w": np.array([2.0, -4.0])}, {}, lr=0.1)
    >>> params["w"]
    array([0.8, 1.4])
    """
    for name, grad in grads.items():
        params[name] -= lr * grad


@takes(params=DICT, state=DICT, grads=_fitting("velocities"), lr=RATE, decay=DECAY)
def momentum_update(params, grads, state, lr=1e-2, decay=0.9):
    """One step of gradient descent with momentum, in place.

    Each weight has a velocity, which starts at 0. A step multiplies it by `decay`, adds
    the gradient, and moves the weight by `lr` times the velocity, against it.

    Parameters
    ----------
    params : dict of str to ndarray
        Changed in place, entry by entry; entries without a gradient stay as they are.
    grads : dict of str to ndarray
        Gradients under the parameters' names, of the parameters' shapes.
    state : dict
        The velocities. Start with ``{}`` and pass the same one each time.
    lr : float
        Learning rate, above 0.
    decay : float
        Share of the velocity that is kept, from 0 up to but not including 1.

    Raises
    ------
    ValueError, TypeError
        As `adam_update`. Nothing has changed then.

    Notes
    -----
    Source: Polyak, "Some methods of speeding up the convergence of iteration methods"
    (1964).

    Examples
    --------
    The same gradient twice: the second step is longer.

    >>> params, state = {"w": np.array([1.0])}, {}
    >>> for _ in range(2):
    ...     momentum_update(params, {"w": np.array([1.0])}, state, lr=0.1)
    ...     print(params["w"].round(4))
    [0.9]
    [0.71]
    """
    velocities = state.setdefault("velocities", {})
    for name, grad in grads.items():
        velocity = velocities.setdefault(name, np.zeros_like(params[name]))
        velocity *= decay
        velocity += grad
        params[name] -= lr * velocity


@takes(
    params=DICT, state=DICT, grads=_fitting("squares"),
    lr=RATE, decay=DECAY, eps=number(low=0),
)  # fmt: skip
def rmsprop_update(params, grads, state, lr=1e-3, decay=0.99, eps=1e-8):
    """One step of RMSProp, in place.

    Each weight's gradient is divided by its usual size, the root of a running mean of
    its square. The mean starts at 0 and is not corrected for it, so the first steps are
    long.

    Parameters
    ----------
    params : dict of str to ndarray
        Changed in place, entry by entry; entries without a gradient stay as they are.
    grads : dict of str to ndarray
        Gradients under the parameters' names, of the parameters' shapes.
    state : dict
        The running means. Start with ``{}`` and pass the same one each time.
    lr : float
        Learning rate, above 0.
    decay : float
        Decay of the running mean, from 0 up to but not including 1.
    eps : float
        Added to the size, at least 0, so that a weight without a gradient divides by no
        zero.

    Raises
    ------
    ValueError, TypeError
        As `adam_update`. Nothing has changed then.

    Notes
    -----
    Source: Hinton, "Neural networks for machine learning", lecture 6e (2012).

    Examples
    --------
    >>> params = {"w": np.array([1.0, 1.0])}
    >>> rmsprop_update(params, {"w": np.array([1000.0, -0.5])}, {}, lr=0.01)
    >>> params["w"].round(4)
    array([0.9, 1.1])
    """
    squares = state.setdefault("squares", {})
    for name, grad in grads.items():
        v = squares.setdefault(name, np.zeros_like(params[name]))
        v += (1 - decay) * (grad * grad - v)
        params[name] -= lr * grad / (np.sqrt(v) + eps)


@takes(progress=PROGRESS)
def constant(progress):
    """Learning-rate factor that stays 1.

    Parameters
    ----------
    progress : float
        The share of all training steps already taken, from 0 to 1.

    Returns
    -------
    factor : float

    Raises
    ------
    ValueError
        If progress is out of range.

    Examples
    --------
    >>> constant(0.0), constant(0.9)
    (1.0, 1.0)
    """
    return 1.0


@takes(progress=PROGRESS)
def cosine(progress):
    """Learning-rate factor that falls from 1 to 0 along half a cosine wave.

    Parameters
    ----------
    progress : float
        The share of all training steps already taken, from 0 to 1.

    Returns
    -------
    factor : float

    Raises
    ------
    ValueError
        If progress is out of range.

    Notes
    -----
    Taught in notebook 3. Source: Loshchilov, Hutter, "SGDR" (2017).

    Examples
    --------
    >>> [round(cosine(progress), 3) for progress in (0, 0.5, 1)]
    [1.0, 0.5, 0.0]
    """
    return 0.5 * (1 + math.cos(math.pi * progress))
