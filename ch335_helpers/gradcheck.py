"""Numerical gradients: slow and approximate, so the judge of the fast, exact ones."""

import math
from dataclasses import dataclass

import numpy as np

from .display import Table
from .layers import Layer
from .models import check_counts
from .ops import cross_entropy


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
    note : str
        What else there is to say, such as an entry at which the two differ.
    """

    name: str
    shape: tuple
    error: float = math.nan
    kinks: int = 0
    note: str = ""


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

    def _errors(self):  # with their inputs; of two equal errors, the first input's
        checked = [c for c in self.checks if not math.isnan(c.error)]
        return {c.error: c.name for c in reversed(checked)}

    @property
    def passed(self):
        """Whether every gradient that was returned could be checked, and agrees."""
        verdicts = {self._verdict(check) for check in self.checks}
        return "agrees" in verdicts and verdicts <= {"agrees", "none"}

    def _verdict(self, check):
        if check.error <= self.tolerance:
            return "agrees"
        if math.isnan(check.error):
            return "at a kink" if check.kinks else "none"
        return "differs"

    def _rows(self):
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
        For each input, at least 1.
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
    ValueError
        If an argument is out of range, or gradients are missing.

    Notes
    -----
    Taught in notebook 2. Between the forward and the backward call, the function is
    called once more with shuffled inputs: a buffer that two calls share would give
    wrong gradients, and does so here. Where the loss has a kink within the step, a
    smaller one is tried; a direction with a kink at every step is left out and counted.
    A gradient so small that rounding hides it counts as 0.
    A model is checked in training, and its running averages are copied for each call.
    """
    check_counts(directions=directions)
    for name, number in {"step": step, "tolerance": tolerance}.items():
        if not 0 < number < math.inf:
            raise ValueError(f"{name} must be a finite number above 0, got {number!r}")
    if isinstance(function, Layer):
        function, inputs = _as_operation(function, inputs, x, y)
    inputs = {name: np.array(value, np.float64) for name, value in inputs.items()}
    rng = np.random.default_rng([seed, 335])  # not the stream the inputs came from

    def forward(**moved):  # on copies: nothing that the function changes stays
        return function(**{k: v.copy() for k, v in (inputs | moved).items()})

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
        _compare(found, gradients[name], along, slopes, step, tolerance, rounding)
        return found

    return GradientReport([check(name) for name in inputs], tolerance)


def _as_operation(model, params, x, y):
    """A model in training as an operation on x and its learnt parameters."""
    if x is None:
        raise ValueError("x must be given with a model, got None")
    averages = {name: value for name, value in params.items() if "running" in name}
    learnt = {name: value for name, value in params.items() if name not in averages}

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

    return operation, {"x": x} | learnt


def _by_name(gradients, names):
    """Gradients in a dictionary; those that have no name must be None."""
    if not isinstance(gradients, tuple | list):
        gradients = (gradients,)
    surplus = gradients[len(names) :]
    if len(gradients) < len(names) or any(g is not None for g in surplus):
        expected = f"backward must return one gradient for each of {', '.join(names)}"
        raise ValueError(f"{expected}; got {len(gradients)}")
    return dict(zip(names, gradients, strict=False))


def _compare(found, gradient, along, directions, step, tolerance, rounding):
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
        error = _error_along(along(direction), exact, *limits)
        if error is not None:
            errors[number] = error
    found.error = float(max(errors.values(), default=math.nan))
    found.kinks = len(directions) - len(errors)
    if found.error > tolerance:
        worst = directions[max(errors, key=errors.get)]
        found.note = f"at {_entry(gradient, along, worst, step)} for instance"
    elif not errors:
        found.note = "in every direction"
    elif found.kinks:
        found.note = f"≈ {found.kinks} of {len(directions)} directions left out"


def _error_along(loss, exact, length, step, tolerance, rounding):
    """Relative error of one slope; None if the loss has a kink at every step."""
    for h in (step, step / 10, step / 100):
        slope, kink = slope_and_kink(loss, h)
        difference, noise = abs(slope - exact), rounding / h
        scale = max(length, abs(slope), np.finfo(np.float64).tiny)
        if noise > tolerance * scale:  # then only what rounding cannot explain counts
            return max(0.0, difference - noise) / scale if h == step else None
        if kink <= tolerance / 2 * scale:
            return difference / scale
    return None


def slope_and_kink(loss, h):
    """Slope of ``loss(t)`` at t = 0 by central differences, and the size of a kink.

    From one point to the right and one to the left, we get two slopes. Their mean is
    the slope, their difference the bend. On a smooth curve, half the step gives the
    same slope and half the bend. Where it does not, the curve has a kink.

    Parameters
    ----------
    loss : callable
        ``loss(t)`` returns a float.
    h : float
        Step, above 0.

    Returns
    -------
    slope, kink : float
        `kink` is 0 on a smooth curve, up to rounding, and otherwise at least half the
        error that a kink within the step has made in `slope`.

    Notes
    -----
    Taught in notebook 2.
    """
    here, slopes, bends = loss(0), [], []
    for step in (h, h / 2):
        right, left = (loss(step) - here) / step, (here - loss(-step)) / step
        slopes.append((right + left) / 2)
        bends.append(right - left)
    return slopes[0], abs(slopes[0] - slopes[1]) + abs(bends[0] - 2 * bends[1])


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


def numerical_gradient(f, x, h=1e-5):
    """Gradient of a number by central differences, one entry after another.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns a float.
    x : ndarray of float64
        Each entry is moved by h and back; on return x is as it was.
    h : float
        Step, above 0.

    Returns
    -------
    gradient : ndarray, shape of x
        (f(x + h e) - f(x - h e)) / (2 h) for each entry's unit vector e;
        two calls of f an entry.

    Raises
    ------
    TypeError
        If x is not float64: in float32 the rounding error would drown the difference.

    Notes
    -----
    Taught in notebook 2.
    """
    if x.dtype != np.float64:
        raise TypeError(f"x must have dtype float64, got {x.dtype}")
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + h
        above = f(x)
        x[index] = kept - h
        below = f(x)
        x[index] = kept
        gradient[index] = (above - below) / (2 * h)
    return gradient


def relative_error(a, b):
    """Largest difference of two arrays over their largest entry.

    It is 0 if they are equal, about 1 if they are unrelated, NaN if an entry is.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ValueError(f"a and b must have one shape, got {a.shape} and {b.shape}")
    scale = max(np.abs(a).max(), np.abs(b).max())
    return 0.0 if scale == 0 else float(np.abs(a - b).max() / scale)
