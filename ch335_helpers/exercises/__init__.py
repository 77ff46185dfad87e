"""Exercises that answer back.

The exercises of notebook 2 are judged in `page_2`, and so on: one function for each,
which gets the reader's answer. It raises `Wrong` with a hint, or returns. A hint says
which mistake leads to this very answer and never gives the right one away.

Below `check` are the words in which the judges are written. Most of them are a table
of hints, each with the wrong answer that it is for.
"""

from copy import deepcopy
from importlib import import_module
from numbers import Real

import numpy as np

PAGES = range(1, 10)
JUDGES = {}  # of each exercise, such as "2.3", once its page is loaded
ELSE = object()  # in a table of hints: any other answer


class Wrong(Exception):
    """An answer is not right; the message is a hint."""


class Verdict:
    """What `check` says about an answer. It is true exactly if the answer is right.

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
    """Register a function as the judge of an exercise such as ``"2.3"``."""

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
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.page_{page}":
            raise
        return []  # a page without exercises
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
    Taught in notebook 1. If an answer raises an error, the verdict says which.

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


def array(answer, shape=None, name=""):
    """Return `answer` as an array of numbers, or raise `Wrong`.

    `shape` is the one that it should have; `name` goes in front of the hint.
    """
    about = f"{name}: " if name else ""
    try:
        found = np.asarray(answer)
    except (ValueError, TypeError):
        hint = "An array is asked for; your lists differ in length."
        raise Wrong(about + hint) from None
    if found.dtype.kind not in "biuf":
        raise Wrong(f"{about}Numbers are asked for; yours have dtype {found.dtype}.")
    if shape is not None and found.shape != shape:
        raise Wrong(f"{about}The shape should be {shape}; yours is {found.shape}.")
    return found


def function(answer):
    """Return `answer`, or raise `Wrong` if it cannot be called."""
    if not callable(answer):
        raise Wrong(
            "The answer is a function: give its name, without brackets. Yours is of "
            f"type {type(answer).__name__}."
        )
    return answer


def call(answer, *arguments):
    """Call a reader's function with copies of the arguments, which it may change."""
    return function(answer)(*deepcopy(arguments))


def returned(result):
    """Return what a reader's function has returned, or raise `Wrong` if nothing."""
    if result is None or result is ...:
        raise Wrong("The function returns nothing yet. Is there a `return`?")
    return result


def parts(result, n, hint):
    """Return a tuple or list of `n` things, or raise `Wrong` with this hint."""
    if not isinstance(result, tuple | list) or len(result) != n:
        raise Wrong(hint)
    return result


def arrays(result, **shapes):
    """Return the arrays of a result, each with the shape given for its name."""
    named = zip(result, shapes.items(), strict=True)
    return [array(value, shape, name) for value, (name, shape) in named]


def choice(answer, options):
    """Return `answer` as one of the words in `options`, or raise `Wrong`."""
    word = answer.strip().lower() if isinstance(answer, str) else answer
    if not isinstance(word, str) or word not in options:
        named = ", ".join(repr(option) for option in options)
        raise Wrong(f"The answer is one of {named}; yours is {answer!r}.")
    return word


def pick(answer, right, texts):
    """Return the text of the right word, or raise `Wrong` with that of another one."""
    word = choice(answer, texts)
    if word != right:
        raise Wrong(texts[word])
    return texts[word]


def refuse(hints):
    """Raise `Wrong` with the first hint whose condition holds: {hint: condition}."""
    for hint, holds in hints.items():
        if holds:
            raise Wrong(hint)


def match(answer, right, hints, rel=1e-6, margin=1e-9):
    """Raise `Wrong` unless a number or array is the right one.

    Parameters
    ----------
    answer : object
        It must be a number if `right` is one, otherwise an array of its shape.
    right : float or ndarray
        What the answer should be.
    hints : dict of str to (float, ndarray or tuple), or str
        What typical mistakes lead to: each hint with the answer that it is for, or with
        a tuple, the answer's shape. The first one that fits is raised. The hint for
        `ELSE` comes last. A str is the hint for all wrong answers.
    rel, margin : float
        How far two numbers may lie apart and still be the same: as a share, and at
        least.
    """
    shape = np.shape(right)
    value = array(answer) if shape else number(answer)

    def same(other):
        return np.shape(value) == np.shape(other) and np.allclose(
            value, other, rtol=rel, atol=margin
        )

    def fits(wrong):
        wrong = shape if wrong is ELSE else wrong
        return np.shape(value) == wrong if isinstance(wrong, tuple) else same(wrong)

    if same(right):
        return
    table = {hints: ELSE} if isinstance(hints, str) else hints
    refuse({hint: fits(wrong) for hint, wrong in table.items()})
    array(value, shape)  # says so if the shape is wrong
    raise Wrong("")
