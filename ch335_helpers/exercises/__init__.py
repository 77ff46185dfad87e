"""Exercises that answer back.

The exercises of notebook 2 are judged in `page_2`, and so on: one function for each,
which gets the reader's answer. It raises `Wrong` with a hint, or returns. A hint says
which mistake leads to this very answer and never gives the right one away.
"""

from importlib import import_module
from numbers import Real

import numpy as np

PAGES = range(1, 10)
JUDGES = {}  # of each exercise, such as "2.3", once its page is loaded


class Wrong(Exception):
    """An answer is not right; the message is a hint."""


class Verdict:
    """What `check` says to an answer. It is true exactly if the answer is right.

    Attributes
    ----------
    exercise : str
    right : bool
    text : str
        A hint, or what there is to add to a right answer.
    """

    def __init__(self, exercise, right, text=""):
        self.exercise, self.right, self.text = exercise, right, text

    def __bool__(self):
        return self.right

    def _repr_markdown_(self):
        mark, word = ("✓", "right") if self.right else ("✗", "not yet")
        return f"{mark} **Exercise {self.exercise}: {word}.** {self.text}".strip()

    def __repr__(self):
        return self._repr_markdown_().replace("**", "")


def exercise(number):
    """Make a function the judge of an exercise, for instance of ``"2.3"``."""

    def register(judge):
        if number in JUDGES:
            raise ValueError(f"exercise {number} must have one judge, got a second")
        JUDGES[number] = judge
        return judge

    return register


def numbers_of(page):
    """The numbers of a page's exercises, in order."""
    try:
        import_module(f".page_{page}", __name__)
    except ModuleNotFoundError:  # a page without exercises
        return []
    of_page = [number for number in JUDGES if number.startswith(f"{page}.")]
    return sorted(of_page, key=lambda number: int(number.split(".")[1]))


def check(exercise, answer):
    """Say at once whether an answer to an exercise is right.

    Parameters
    ----------
    exercise : str
        Its number, such as ``"2.3"``.
    answer
        What the exercise asks for: a number, a word, an array or a function. Three dots
        stand for no answer yet.

    Returns
    -------
    verdict : Verdict
        It shows itself with a hint, and is true exactly if the answer is right.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Notes
    -----
    Taught in notebook 1. An answer that fails when it is run is told so.

    Examples
    --------
    >>> verdict = check("1.1", "many")
    >>> verdict
    ✗ Exercise 1.1: not yet. The answer is a number; yours is of type str.
    >>> bool(verdict)
    False
    """
    known = [number for page in PAGES for number in numbers_of(page)]
    if not isinstance(exercise, str) or exercise not in known:
        text = f"exercise must be one of {', '.join(known)}, got {exercise!r}"
        raise ValueError(text)
    if answer is ...:
        return Verdict(exercise, False, "Put your answer in place of the three dots.")
    try:
        return Verdict(exercise, True, JUDGES[exercise](answer) or "")
    except Wrong as hint:
        return Verdict(exercise, False, str(hint))
    except Exception as error:
        text = f"When it ran, there was an error. {type(error).__name__}: {error}"
        return Verdict(exercise, False, text)


def number(answer):
    """Return `answer` as a float, or raise `Wrong` if it is no finite number."""
    if isinstance(answer, np.ndarray) and answer.size == 1:
        answer = answer.item()
    if not isinstance(answer, Real) or isinstance(answer, bool | np.bool_):
        raise Wrong(
            f"The answer is a number; yours is of type {type(answer).__name__}."
        )
    try:
        value = float(answer)
    except OverflowError:
        raise Wrong("The answer is a number that is not that huge.") from None
    if not np.isfinite(value):
        raise Wrong(f"The answer is a finite number; yours is {value}.")
    return value


def array(answer, shape):
    """Return `answer` as a NumPy array of this shape, or raise `Wrong`."""
    try:
        found = np.asarray(answer)
    except (ValueError, TypeError):
        raise Wrong("An array is asked for; your lists differ in length.") from None
    if found.dtype.kind not in "biuf":
        raise Wrong(f"Numbers are asked for; yours have dtype {found.dtype}.")
    if found.shape != shape:
        raise Wrong(f"The shape should be {shape}; yours is {found.shape}.")
    return found


def match(value, right, mistakes=(), otherwise="", rel=1e-6, margin=1e-9):
    """Raise `Wrong` unless a number or array is the right one.

    Parameters
    ----------
    value, right : float or ndarray
        The answer, and what it should be.
    mistakes : sequence of (float or ndarray, str)
        What typical mistakes lead to, each with the hint for it; the first one that the
        answer equals is told.
    otherwise : str
        The hint for all other answers.
    rel, margin : float
        How far two numbers may lie apart and still be the same: as a share, and at
        least.
    """

    def same(other):
        return np.shape(other) == np.shape(value) and np.allclose(
            value, other, rtol=rel, atol=margin
        )

    if same(right):
        return
    for wrong, hint in mistakes:
        if same(wrong):
            raise Wrong(hint)
    raise Wrong(otherwise)


def function(answer):
    """Return `answer`, or raise `Wrong` if it cannot be called."""
    if not callable(answer):
        raise Wrong(
            "The answer is a function: give its name, without brackets. Yours is of "
            f"type {type(answer).__name__}."
        )
    return answer


def choice(answer, options):
    """Return `answer` as one of the words in `options`, or raise `Wrong`."""
    word = answer.strip().lower() if isinstance(answer, str) else answer
    if not isinstance(word, str) or word not in options:
        named = ", ".join(repr(option) for option in options)
        raise Wrong(f"The answer is one of {named}; yours is {answer!r}.")
    return word
