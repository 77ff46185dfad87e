"""`check` itself: verdicts, hints, and answers that are of no use."""

import numpy as np
import pytest

from ch335_helpers import exercises
from ch335_helpers.exercises import (
    Verdict,
    Wrong,
    array,
    check,
    choice,
    exercise,
    function,
    match,
    number,
    numbers_of,
)


@pytest.fixture
def one(monkeypatch):
    """A single exercise, 1.1, whose answer is 42."""
    monkeypatch.setattr(exercises, "JUDGES", {})
    monkeypatch.setattr(exercises, "PAGES", [1])
    monkeypatch.setattr(exercises, "import_module", lambda *name: None)

    @exercise("1.1")
    def judge(answer):
        if number(answer) != 42:
            raise Wrong("Multiply.")
        return "Well done."


def test_a_right_answer_is_true_and_shows_what_there_is_to_add(one):
    verdict = check("1.1", 42)
    assert verdict
    assert verdict._repr_markdown_() == "✓ **Exercise 1.1: right.** Well done."
    assert repr(verdict) == "✓ Exercise 1.1: right. Well done."


def test_a_wrong_answer_is_false_and_shows_its_hint(one):
    verdict = check("1.1", 13)
    assert not verdict
    assert repr(verdict) == "✗ Exercise 1.1: not yet. Multiply."


def test_three_dots_are_no_answer_yet(one):
    verdict = check("1.1", ...)
    assert not verdict
    assert "in place of the three dots" in verdict.text


def test_an_answer_that_fails_is_told_its_error(one, monkeypatch):
    def broken(answer):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setitem(exercises.JUDGES, "1.1", broken)
    verdict = check("1.1", lambda x: x)
    assert not verdict
    assert "ZeroDivisionError: division by zero" in verdict.text


@pytest.mark.parametrize("name", ["1.2", "2.1", "", "one", 1.1, None, ["1.1"]])
def test_an_exercise_that_there_is_not_is_refused(one, name):
    with pytest.raises(ValueError, match=r"exercise must be one of 1\.1, got"):
        check(name, 1)


def test_an_exercise_has_one_judge(one):
    with pytest.raises(ValueError, match=r"1\.1 must have one judge"):
        exercise("1.1")(lambda answer: None)


def test_exercises_are_counted_and_not_sorted_as_words(one):
    for n in (10, 2):
        exercise(f"1.{n}")(lambda answer: None)
    assert numbers_of(1) == ["1.1", "1.2", "1.10"]


def test_a_page_without_exercises_has_none():
    assert numbers_of(99) == []


@pytest.mark.parametrize("answer", [3, 3.0, np.float32(3), np.array(3), np.array([3])])
def test_a_number_may_come_in_any_dress(answer):
    assert number(answer) == 3 and type(number(answer)) is float


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("3", "yours is of type str"),
        (True, "yours is of type bool"),
        (None, "NoneType"),
        ([1, 2], "list"),
        (np.ones(2), "ndarray"),
        (np.nan, "finite"),
        (-np.inf, "-inf"),
    ],
)
def test_what_is_no_number_is_told_so(answer, hint):
    with pytest.raises(Wrong, match=hint):
        number(answer)


def test_an_array_has_its_shape_and_holds_numbers():
    assert array([[1, 2]], (1, 2)).tolist() == [[1, 2]]
    with pytest.raises(Wrong, match=r"should be \(2, 2\); yours is \(1, 2\)"):
        array([[1, 2]], (2, 2))
    with pytest.raises(Wrong, match="dtype <U1"):
        array(["a"], (1,))


def test_a_mistake_gets_its_own_hint_and_all_others_the_last_one():
    mistakes = [(2.0, "twice"), (3.0, "thrice")]
    assert match(1.0, 1.0, mistakes) is None
    assert match(np.ones(2), np.ones(2)) is None
    for value, hint in ((2.0, "twice"), (3.0, "thrice"), (4.0, "else")):
        with pytest.raises(Wrong, match=hint):
            match(value, 1.0, mistakes, "else")
    with pytest.raises(Wrong, match="else"):  # the shape counts, too
        match(np.ones(2), 1.0, mistakes, "else")
    assert match(1.05, 1.0, rel=0.1) is None
    assert match(1.05, 1.0, margin=0.06) is None
    with pytest.raises(Wrong):
        match(1.05, 1.0)


def test_a_function_can_be_called():
    assert function(len) is len
    with pytest.raises(Wrong, match="Yours is of type int"):
        function(3)


def test_a_choice_is_one_of_the_words_in_any_case():
    assert choice(" Ring ", ("ring", "disc")) == "ring"
    for bad in ("square", 3, None):
        with pytest.raises(Wrong, match="one of 'ring', 'disc'; yours is"):
            choice(bad, ("ring", "disc"))


def test_a_verdict_without_a_word_more():
    assert repr(Verdict("1.1", True)) == "✓ Exercise 1.1: right."
