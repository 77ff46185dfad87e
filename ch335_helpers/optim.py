"""Optimisers, and how the learning rate changes while training goes on.

All of them are called alike, as ``update(params, grads, state, lr)``, and change the
parameters in place.
"""

import math

import numpy as np

from .checks import (
    check_floats,
    check_gradient,
    check_is,
    check_number,
    check_values,
    check_whole,
)


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
    check_number("lr", lr, above=0)
    check_number("b1", b1, low=0, below=1)
    check_number("b2", b2, low=0, below=1)
    check_number("eps", eps, low=0)
    grads = _check_step(params, grads, state, "moments")
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
    check_number("lr", lr, above=0)
    grads = _check_step(params, grads, state, memory="")
    for name, grad in grads.items():
        params[name] -= lr * grad


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
    check_number("lr", lr, above=0)
    check_number("decay", decay, low=0, below=1)
    grads = _check_step(params, grads, state, "velocities")
    velocities = state.setdefault("velocities", {})
    for name, grad in grads.items():
        velocity = velocities.setdefault(name, np.zeros_like(params[name]))
        velocity *= decay
        velocity += grad
        params[name] -= lr * velocity


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
    check_number("lr", lr, above=0)
    check_number("decay", decay, low=0, below=1)
    check_number("eps", eps, low=0)
    grads = _check_step(params, grads, state, "squares")
    squares = state.setdefault("squares", {})
    for name, grad in grads.items():
        v = squares.setdefault(name, np.zeros_like(params[name]))
        v += (1 - decay) * (grad * grad - v)
        params[name] -= lr * grad / (np.sqrt(v) + eps)


def _check_step(params, grads, state, memory):
    """Return the gradients as floats; refuse what does not fit, before any change.

    `memory` names the entry of `state` that holds one array, or several, a parameter.
    """
    check_is("params", params, dict)
    arrays = {}
    for name, grad in check_is("grads", grads, dict).items():
        grad = arrays[name] = check_values(f"grads[{name!r}]", grad, None)
        if name not in params or np.shape(params[name]) != grad.shape:
            found = np.shape(params[name]) if name in params else "no such parameter"
            raise ValueError(
                f"grads[{name!r}] has shape {grad.shape}, but params has {found}"
            )
        check_floats(f"params[{name!r}]", params[name])
    kept = check_is("state", state, dict).get(memory, {})
    check_whole("state['step']", state.get("step", 0), low=0)
    for name in arrays.keys() & check_is(f"state[{memory!r}]", kept, dict).keys():
        several = kept[name] if isinstance(kept[name], tuple) else (kept[name],)
        for array in several:
            check_floats(f"state[{memory!r}][{name!r}]", array)
            check_gradient(f"state[{memory!r}][{name!r}]", array, params[name].shape)
    return arrays


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
    check_number("progress", progress, low=0, high=1)
    return 1.0


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
    check_number("progress", progress, low=0, high=1)
    return 0.5 * (1 + math.cos(math.pi * progress))
