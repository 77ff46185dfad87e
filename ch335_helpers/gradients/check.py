"""The check of a gradient: exact against numerical, along random directions."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..checks import (
    any_function,
    check_fits,
    check_labels,
    check_params,
    check_values,
    instance,
    number,
    takes,
    whole,
)
from ..display import Table
from ..model.network import Layer, learnt
from ..model.ops import cross_entropy
from .numerical import slope_and_kink


@takes(
    function=any_function, inputs=instance(dict), directions=whole(1, 1000),
    step=number(above=0), tolerance=number(above=0), seed=whole(0),
)  # fmt: skip
def check_gradients(
    function, inputs, x=None, y=None, *, directions=5, step=1e-6, tolerance=1e-6, seed=0
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
    allows, the report says that the gradient cannot be judged, unless it differs by
    more than rounding explains.
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
    if isinstance(function, Layer):
        function, inputs = _as_operation(function, inputs, x, y)
    elif x is not None or y is not None:
        raise TypeError("x and y must be left out if function is no Layer")
    inputs = {n: _finite(f"inputs[{n!r}]", value) for n, value in inputs.items()}
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

    def loss(name, direction, t):  # at a distance t from one of the inputs
        moved = inputs[name] + t * direction
        return float(np.sum(forward(**{name: moved})[0] * dy))

    checks, limits = [], (step, tolerance, rounding)
    for name, value in inputs.items():
        ways = [rng.standard_normal(value.shape) for _ in range(directions)]
        losses = [partial(loss, name, way) for way in ways]
        checks.append(compare_gradient(name, gradients[name], ways, losses, *limits))
    return GradientReport(checks, tolerance)


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
    weights = {name: params[name] for name in learnt(model)}
    averages = {name: v for name, v in params.items() if name not in weights}

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


def compare_gradient(name, gradient, ways, losses, step, tolerance, rounding):
    """Compare the gradient of one input with the slopes of the losses along `ways`."""
    shape = ways[0].shape
    if gradient is None:
        return InputCheck(name, shape)
    if np.shape(gradient) != shape:
        note = f"its shape is {np.shape(gradient)}"
        return InputCheck(name, shape, math.inf, note=note)
    if not np.isfinite(gradient).all():
        return InputCheck(name, shape, math.inf, note="not all of it is finite")
    length, errors = np.linalg.norm(gradient), []
    for way, loss in zip(ways, losses, strict=True):
        exact = np.sum(gradient * way)
        errors.append(error_along(loss, exact, length, step, tolerance, rounding))
    judged = [e for e in errors if e is not None and not math.isnan(e)]
    kinks, left_out = errors.count(None), len(errors) - len(judged)
    error, note = float(max(judged, default=math.nan)), ""
    if left_out and error <= tolerance:
        note = f"≈ {left_out} of {len(errors)} directions left out"
    elif not judged and kinks:
        note = "in every direction"
    elif not judged:
        sizes = f"≈ {rounding / step:.0e}, the gradient's length ≈ {length:.0e}"
        note = f"it hides slopes of {sizes}"
    return InputCheck(name, shape, error, kinks, note, hidden=left_out - kinks)


def error_along(loss, exact, length, step, tolerance, rounding):
    """Relative error of one slope.

    Parameters
    ----------
    loss : callable
        The loss at a distance t along a direction.
    exact : float
        The slope that the gradient predicts.
    length : float
        The gradient's length. It is also the typical slope along a random direction: a
        single one can be almost 0, which would make every error look large.
    step, tolerance : float
        As in `check_gradients`.
    rounding : float
        Rounding error of the loss.

    Returns
    -------
    error : float or None
        NaN if rounding hides the slope; None if the loss has a kink at every step.
    """
    for h in (step, step / 10, step / 100):
        slope, kink = slope_and_kink(loss, h)
        scale = max(length, abs(slope), np.finfo(np.float64).tiny)
        difference, noise = abs(slope - exact), rounding / h
        if noise > tolerance * scale:
            if h < step:  # there was a kink, and a smaller step shows only rounding
                return None
            unexplained = (difference - noise) / scale
            return unexplained if unexplained > tolerance else math.nan
        if kink <= tolerance / 2 * scale:
            return difference / scale
    return None


@dataclass
class InputCheck:
    """What the check found for one input.

    Attributes
    ----------
    name : str
    shape : tuple of int
    error : float
        Largest relative error over the directions: the difference of the two slopes
        over the gradient's length. NaN if no direction could be checked, infinite if
        the gradient has the wrong shape or is not finite.
    kinks : int
        Directions left out, because the loss has a kink there.
    hidden : int
        Directions left out, because rounding hides the slope there.
    note : str
        What else there is to say, such as an entry at which the two differ.
    """

    name: str
    shape: tuple
    error: float = math.nan
    kinks: int = 0
    note: str = ""
    hidden: int = 0


@dataclass(repr=False)
class GradientReport:
    """What `check_gradients` found, as a table with one row an input.

    Attributes
    ----------
    checks : list of InputCheck
    tolerance : float
    """

    checks: list
    tolerance: float

    @property
    def worst(self):
        """Largest relative error of all inputs; NaN if none could be checked."""
        return max(self._errors(), default=math.nan)

    @property
    def where(self):
        """Name of the input with the largest error; None if none could be checked."""
        return self._errors().get(self.worst)

    def _errors(self):
        """Each error with its input's name; of two equal ones, the first input's."""
        checked = [c for c in self.checks if not math.isnan(c.error)]
        return {c.error: c.name for c in reversed(checked)}

    @property
    def passed(self):
        """Whether every gradient that was returned could be checked, and agrees."""
        verdicts = {self._verdict(check) for check in self.checks}
        return "agrees" in verdicts and verdicts <= {"agrees", "none"}

    def _verdict(self, check):
        """What the table says of one gradient."""
        if check.error <= self.tolerance:
            return "agrees"
        if math.isnan(check.error):
            cannot = "cannot be judged: rounding" if check.hidden else "none"
            return "at a kink" if check.kinks else cannot
        return "differs"

    def _rows(self):
        """Name, shape, error and verdict of each input, as they are shown."""
        for check in self.checks:
            finite = math.isfinite(check.error)
            error = f"≈ {check.error:.0e}" if finite else "–"
            verdict = ", ".join(filter(None, (self._verdict(check), check.note)))
            yield check.name, check.shape, error, verdict

    def _repr_markdown_(self):
        header = ("input", "shape", "relative error>", "gradient")
        return str(Table(header, self._rows()))

    def __repr__(self):
        lines = [
            f"{name} {shape}: {verdict}, relative error {error}"
            for name, shape, error, verdict in self._rows()
        ]
        return "\n".join(["passed" if self.passed else "not passed", *lines])
