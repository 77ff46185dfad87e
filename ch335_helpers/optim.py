"""The optimiser: Adam, and how the learning rate changes while training goes on."""

import math

import numpy as np

from .checks import check_number


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
        Added to the scale, so that a weight without a gradient divides by no zero.

    Raises
    ------
    ValueError
        If lr, b1 or b2 is out of range, or a gradient's name or shape fits no
        parameter. Nothing has changed then.

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
    for name, grad in grads.items():
        if name not in params or params[name].shape != np.shape(grad):
            found = params[name].shape if name in params else "no such parameter"
            raise ValueError(
                f"grads[{name!r}] has shape {np.shape(grad)}, but params has {found}"
            )

    t = state["step"] = state.get("step", 0) + 1
    moments = state.setdefault("moments", {})
    for name, grad in grads.items():
        w = params[name]
        m, v = moments.setdefault(name, (np.zeros_like(w), np.zeros_like(w)))
        m += (1 - b1) * (grad - m)
        v += (1 - b2) * (grad * grad - v)
        w -= lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)


def constant(progress):
    """Learning-rate factor that stays 1.

    Parameters
    ----------
    progress : float
        The share of all training steps already taken, from 0 to 1.

    Returns
    -------
    factor : float

    Examples
    --------
    >>> constant(0.0), constant(0.9)
    (1.0, 1.0)
    """
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

    Notes
    -----
    Taught in notebook 3. Source: Loshchilov, Hutter, "SGDR" (2017).

    Examples
    --------
    >>> [round(cosine(progress), 3) for progress in (0, 0.5, 1)]
    [1.0, 0.5, 0.0]
    """
    return 0.5 * (1 + math.cos(math.pi * progress))
