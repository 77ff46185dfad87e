"""Answers to exercises, run as they are typed into a page."""

import pytest

from ch335_helpers.show.live.workbench import MOST_PRINTED, Workbench


@pytest.fixture
def bench():
    """A workbench whose page has defined a number and imported NumPy and `check`."""
    told = []
    prelude = "import numpy as np\nfrom ch335_helpers import check\nsides = 6"
    bench = Workbench(lambda **changes: told.append(changes), prelude)

    def run(code):
        bench.run(code)
        return told.pop()

    return run


def test_what_is_printed_is_told_and_so_is_the_value_of_the_last_line(bench):
    told = bench("print('so far')\nsides * 7")
    assert told == {
        "printed": "so far\n", "message": "42", "right": False, "running": False
    }  # fmt: skip


@pytest.mark.parametrize(
    "code", ["", "x = 3", "None", "for i in range(3):\n    i", "x = 1\nx = 2"]
)
def test_code_without_a_value_tells_no_message(bench, code):
    told = bench(code)
    assert (told["message"], told["printed"], told["right"]) == ("", "", False)


def test_only_a_verdict_can_be_right(bench):
    right = bench('check("2.1", (16, 24 * 3 * 7 * 7 + 24))')
    assert right["right"] is True and "Exercise 2.1: right" in right["message"]
    wrong = bench('check("2.1", (16, 24 * 3 * 7 * 7))')
    assert wrong["right"] is False and "Exercise 2.1: not yet" in wrong["message"]
    assert bench("True")["right"] is False


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 + 1\n1 / 0", "ZeroDivisionError (line 2): division by zero"),
        ("x = 1\n\nx.y", "AttributeError (line 3): 'int' object has no attribute 'y'"),
        ("def f():\n    return g()\n\nf()",
         "NameError (line 2): name 'g' is not defined"),
        ("def f(:", "SyntaxError (line 1): invalid syntax"),
        ("import sys\nsys.exit(3)", "SystemExit (line 2): 3"),
        ("np.ones(2) @ np.ones(3)", "ValueError (line 1): matmul"),
    ],
)  # fmt: skip
def test_an_error_is_told_with_the_line_of_the_answer(bench, code, message):
    told = bench("print('before')\n" * ("def f(:" not in code) + code)
    line = int(message.split("(line ")[1].split(")")[0])
    shifted = line + ("def f(:" not in code)
    assert told["message"].startswith(
        message.replace(f"line {line}", f"line {shifted}")
    )
    assert told["printed"] == "before\n" * ("def f(:" not in code)
    assert (told["right"], told["running"]) == (False, False)


def test_each_run_begins_with_the_names_of_the_page_alone(bench):
    assert bench("sides = 7\nmine = 1\nsides")["message"] == "7"
    assert bench("sides")["message"] == "6"
    assert bench("mine")["message"].startswith("NameError (line 1)")
    assert bench("__name__")["message"] == "__main__"


def test_a_long_print_is_cut_and_says_by_how_much(bench):
    assert bench(f"print('x' * {MOST_PRINTED - 1})")["printed"].count("x") == (
        MOST_PRINTED - 1
    )
    printed = bench(f"print('x' * {MOST_PRINTED + 1233})")["printed"]
    assert printed == "x" * MOST_PRINTED + "\n… and 1,234 more"


def test_without_a_prelude_there_are_only_pythons_own_names():
    told = []
    Workbench(lambda **changes: told.append(changes)).run("len([1, 2]), np")
    assert told[0]["message"].startswith("NameError (line 1): name 'np'")
