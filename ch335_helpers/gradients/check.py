"""The check of a gradient: exact against numerical, along random directions."""

import math

import numpy as np

from ..checks import (
    check_fits,
    check_function,
    check_is,
    check_labels,
    check_number,
    check_params,
    check_values,
    check_whole,
)
from ..model.network import Layer, learnt
from ..model.ops import cross_entropy
from .numerical import slope_and_kink
from .report import GradientReport, InputCheck


def check_gradients(
    function,
    inputs,
    x=None,
    y=None,
    *,
    directions=5,
    step=1e-6,
    tolerance=1e-6,
    seed=0,
):
    """Compare exact gradients with central differences along random directions.

    The output times a random upstream gradient dy, summed, is the number that is
    followed. One input after another is moved along random directions, all of its
    entries at once. All of it is done in float64.

    Parameters
    ----------
    function : callable or Layer
        An operation: ``function(**inputs)`` returns y and backward, and
        ``backward(dy)`` the gradients in the order of the inputs; None stands for
        one that it does not compute. Or a model, together with x.
    inputs : dict of str to ndarray
        The operation's inputs, or the model's parameters.
    x : ndarray, optional
        A model's input; its gradient is checked too.
    y : ndarray of int, optional
        Labels: the model is then followed by the cross-entropy loss.
    directions : int
        For each input, from 1 to 1000.
    step : float
        How far an entry moves, typically.
    tolerance : float
        Largest relative error that counts as agreement.
    seed : int
        Decides dy and the directions.

    Returns
    -------
    GradientReport
        With ``worst``, ``where``, ``passed``, and a table as its display.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of the wrong kind, or gradients are missing.

    Notes
    -----
    Taught in notebook 6. Between the forward and the backward call, the function is
    called once more with shuffled inputs: a buffer that two calls share would give
    wrong gradients, and does so here. Where the loss has a kink within the step, a
    smaller one is tried; a direction with a kink at every step is left out and counted.
    Where the rounding error of the loss, over the step, is more than the tolerance
    allows, larger steps are tried. If there is none at which both the rounding and the
    bend of the loss are small enough, the report says that the gradient cannot be
    judged, unless it differs by more than rounding explains.
    A model is checked in training, and its running averages are copied for each call.

    Examples
    --------
    >>> from ch335_helpers import linear
    >>> rng = np.random.default_rng(0)
    >>> shapes = {"x": (5, 3), "w": (2, 3), "b": (2,)}
    >>> inputs = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    >>> check_gradients(linear, inputs).passed
    True
    """
    directions = check_whole("directions", directions, high=1000)
    step = check_number("step", step, above=0)
    tolerance = check_number("tolerance", tolerance, above=0)
    seed = check_whole("seed", seed, low=0)
    if isinstance(function, Layer):
        function, inputs = _as_operation(function, inputs, x, y)
    elif x is not None or y is not None:
        raise TypeError("x and y must be left out if function is no Layer")
    check_function("function", function)
    inputs = {
        name: _finite(f"inputs[{name!r}]", value)
        for name, value in check_is("inputs", inputs, dict).items()
    }
    if not inputs:
        raise ValueError("inputs must hold at least one array, got none")
    rng = np.random.default_rng([seed, 335])  # not the stream the inputs came from

    def forward(**moved):  # on copies: nothing that the function changes stays
        found = function(**{k: v.copy() for k, v in (inputs | moved).items()})
        if not (isinstance(found, tuple) and len(found) == 2 and callable(found[1])):
            raise TypeError(f"function must return y and backward, got {type(found)}")
        return found

    output, backward = forward()
    dy = rng.standard_normal(np.shape(output))
    # a small sum can come from large numbers, and has their rounding error
    rounding = 8 * np.finfo(np.float64).eps * np.linalg.norm(output * dy)
    forward(**{name: rng.permuted(value) for name, value in inputs.items()})
    gradients = _by_name(backward(dy), inputs)

    def check(name):
        def along(direction):
            def loss(t):
                moved = inputs[name] + t * direction
                return float(np.sum(forward(**{name: moved})[0] * dy))

            return loss

        found = InputCheck(name, inputs[name].shape)
        slopes = [rng.standard_normal(found.shape) for _ in range(directions)]
        compare_gradient(
            found, gradients[name], along, slopes, step, tolerance, rounding
        )
        return found

    return GradientReport([check(name) for name in inputs], tolerance)


def _as_operation(model, params, x, y):
    """A model in training as an operation on x and its learnt parameters."""
    if x is None:
        raise ValueError("x must be given with a model, got None")
    params, x = check_params("inputs", params, model), _finite("x", x)
    copies = {name: value.astype(np.float64) for name, value in params.items()}
    with check_fits("x", x):
        logits, _ = model(copies, x, train=True)
    if y is not None:
        y = check_labels("y", y, *logits.shape)
    names = learnt(model)
    averages = {name: params[name] for name in params if name not in names}
    weights = {name: params[name] for name in names}

    def operation(x, **moved):
        copies = {k: np.array(v, np.float64) for k, v in averages.items()}
        output, model_backward = model(moved | copies, x, train=True)
        doutput = 1.0
        if y is not None:
            output, doutput = cross_entropy(output, y)

        def backward(dy):
            grads = {}
            dx = model_backward(dy * doutput, grads)
            return dx, *(grads.get(name) for name in moved)

        return output, backward

    return operation, {"x": x} | weights


def _finite(name, value):
    """A copy in float64 of an array that is finite."""
    value = check_values(name, value, None).astype(np.float64)
    if not np.isfinite(value).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return value


def _by_name(gradients, names):
    """Gradients in a dictionary; those that have no name must be None."""
    if not isinstance(gradients, tuple | list):
        gradients = (gradients,)
    surplus = gradients[len(names) :]
    if len(gradients) < len(names) or any(g is not None for g in surplus):
        expected = f"backward must return one gradient for each of {', '.join(names)}"
        raise ValueError(f"{expected}; got {len(gradients)}")
    return dict(zip(names, gradients, strict=False))


def compare_gradient(found, gradient, along, directions, step, tolerance, rounding):
    """Compare one gradient with the slopes along directions, and fill in `found`."""
    if gradient is None:
        return
    found.error = math.inf
    if np.shape(gradient) != found.shape:
        found.note = f"its shape is {np.shape(gradient)}"
        return
    if not np.isfinite(gradient).all():
        found.note = "not all of it is finite"
        return

    length, errors = np.linalg.norm(gradient), {}
    for number, direction in enumerate(directions):
        exact = np.sum(gradient * direction)
        limits = (length, step, tolerance, rounding)
        error = error_along(along(direction), exact, *limits)
        if error is None:
            found.kinks += 1
        elif math.isnan(error):
            found.hidden += 1
        else:
            errors[number] = error
    found.error = float(max(errors.values(), default=math.nan))
    left_out = found.kinks + found.hidden
    if found.error > tolerance:
        worst = directions[max(errors, key=errors.get)]
        found.note = f"at {_entry(gradient, along, worst, step)} for instance"
    elif not errors and not found.kinks:
        sizes = f"≈ {rounding / step:.0e}, the gradient's length ≈ {length:.0e}"
        found.note = f"it hides slopes of {sizes}"
    elif not errors:
        found.note = "in every direction"
    elif left_out:
        found.note = f"≈ {left_out} of {len(directions)} directions left out"


def error_along(loss, exact, length, step, tolerance, rounding):
    """Relative error of one slope.

    None if the loss has a kink at every step, NaN if rounding hides the slope.
    """
    steps = (step, step / 10, step / 100)
    for h in steps:
        slope, kink = slope_and_kink(loss, h)
        difference, noise = abs(slope - exact), rounding / h
        scale = max(length, abs(slope), np.finfo(np.float64).tiny)
        if noise > tolerance * scale:
            if h < step:  # there was a kink, and a smaller step tells nothing
                return None
            if difference - noise > tolerance * scale:
                return (difference - noise) / scale
            return _error_far_along(loss, exact, length, step, tolerance, rounding)
        if kink <= tolerance / 2 * scale:
            return difference / scale
    return None


def _error_far_along(loss, exact, length, step, tolerance, rounding):
    """Relative error at a step so large that rounding is small; or NaN."""
    for h in (10 * step, 100 * step, 1000 * step):
        slope, kink = slope_and_kink(loss, h)
        scale = max(length, abs(slope), np.finfo(np.float64).tiny)
        if max(2 * kink, rounding / h) <= tolerance * scale:
            return abs(slope - exact) / scale
    return math.nan


def _entry(gradient, along, direction, h):
    """Index of an entry at which the gradient differs from the central difference.

    The direction is halved again and again; we follow the half that differs more.
    """

    def difference(entries):
        part = np.zeros(direction.size)
        part[entries] = direction.ravel()[entries]
        part = part.reshape(direction.shape)
        return abs(slope_and_kink(along(part), h)[0] - np.sum(gradient * part))

    entries = np.arange(direction.size)
    while len(entries) > 1:
        entries = max(np.array_split(entries, 2), key=difference)
    return [int(i) for i in np.unravel_index(entries[0], direction.shape)]
