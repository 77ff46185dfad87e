"""What a gradient check found, as a table."""

import math
from dataclasses import dataclass

from ..display import Table


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
            cannot = "cannot be judged: rounding" if check.hidden else "none"
            return "at a kink" if check.kinks else cannot
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
