"""`check` itself: verdicts, hints, and answers that are of no use."""

import numpy as np
import pytest

from ch335_helpers import exercises
from ch335_helpers.exercises import (
    ELSE,
    Verdict,
    Wrong,
    array,
    call,
    check,
    choice,
    exercise,
    function,
    match,
    number,
    numbers_of,
    parts,
    pick,
    refuse,
    returned,
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


def test_an_error_of_an_answer_is_reported(one, monkeypatch):
    def broken(answer):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setitem(exercises.JUDGES, "1.1", broken)
    verdict = check("1.1", lambda x: x)
    assert not verdict
    assert "ZeroDivisionError: division by zero" in verdict.text


@pytest.mark.parametrize("name", ["1.2", "2.1", "", "one", 1.1, None, ["1.1"]])
def test_an_unknown_exercise_is_refused(one, name):
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
def test_a_number_may_be_of_any_type(answer):
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
def test_what_is_no_number_is_refused(answer, hint):
    with pytest.raises(Wrong, match=hint):
        number(answer)


def test_an_array_has_its_shape_and_holds_numbers():
    assert array([[1, 2]], (1, 2)).tolist() == [[1, 2]]
    with pytest.raises(Wrong, match=r"should be \(2, 2\); yours is \(1, 2\)"):
        array([[1, 2]], (2, 2))
    with pytest.raises(Wrong, match="dtype <U1"):
        array(["a"], (1,))
    with pytest.raises(Wrong, match="dx: The shape should be"):
        array([1], (2,), "dx")


def test_a_mistake_gets_its_own_hint_and_all_others_the_last_one():
    hints = {"twice": 2.0, "thrice": 3.0, "else": ELSE}
    assert match(1.0, 1.0, hints) is None
    assert match(np.ones(2), np.ones(2), {}) is None
    for value, hint in ((2.0, "twice"), (3.0, "thrice"), (4.0, "else")):
        with pytest.raises(Wrong, match=hint):
            match(value, 1.0, hints)
    assert match(1.05, 1.0, {}, rel=0.1) is None
    assert match(1.05, 1.0, {}, margin=0.06) is None
    with pytest.raises(Wrong):
        match(1.05, 1.0, {})


def test_the_shape_and_the_kind_of_an_answer_count_too():
    hints = {"on its side": (2, 1), "zeros": np.zeros(2), "else": ELSE}
    for value, hint in (
        (np.ones((2, 1)), "on its side"),
        (np.zeros(2), "zeros"),
        (np.zeros(3), r"should be \(2,\); yours is \(3,\)"),
        (np.full(2, 5), "else"),
        (["a", "b"], "dtype <U1"),
    ):
        with pytest.raises(Wrong, match=hint):
            match(value, np.ones(2), hints)
    with pytest.raises(Wrong, match="of type ndarray"):
        match(np.ones(2), 1.0, "else")
    with pytest.raises(Wrong, match="else"):
        match(np.zeros(2), np.ones(2), "else")


def test_a_readers_function_gets_copies_and_returns_something():
    given = np.ones(2)
    assert call(lambda x: x.fill(3) or x.sum(), given) == 6 and given.sum() == 2
    assert returned(0) == 0
    for nothing in (None, ...):
        with pytest.raises(Wrong, match="returns nothing yet"):
            returned(nothing)


def test_a_result_has_as_many_parts_as_asked_for():
    assert parts([1, 2], 2, "two") == [1, 2]
    for bad in ((1,), (1, 2, 3), "ab", None):
        with pytest.raises(Wrong, match="two"):
            parts(bad, 2, "two")


def test_one_word_is_right_and_each_other_has_its_hint():
    texts = {"ring": "Round.", "disc": "It is filled."}
    assert pick(" Ring ", "ring", texts) == "Round."
    with pytest.raises(Wrong, match="It is filled"):
        pick("disc", "ring", texts)
    with pytest.raises(Wrong, match="one of 'ring', 'disc'; yours is 'square'"):
        pick("square", "ring", texts)


def test_the_first_condition_that_holds_refuses():
    assert refuse({"one": False, "two": np.False_}) is None
    with pytest.raises(Wrong, match="two"):
        refuse({"one": False, "two": True, "three": True})


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
