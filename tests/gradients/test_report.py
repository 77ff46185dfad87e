"""The report of a gradient check."""

import math

import pytest

from ch335_helpers.gradients.check import check_gradients
from ch335_helpers.gradients.report import GradientReport, InputCheck
from ch335_helpers.model.ops import linear


def draw(rng, **shapes):
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def test_the_report_is_a_table_and_a_text(rng):
    report = check_gradients(linear, draw(rng, x=(3, 4), w=(2, 4), b=(2,)))
    lines = report._repr_markdown_().splitlines()
    assert len(lines) == 2 + 3
    assert all("agrees" in line and "≈" in line for line in lines[2:])
    text = repr(report).splitlines()
    assert text[0] == "passed"
    assert text[1].startswith("x (3, 4): agrees, relative error ≈ ")
    assert report.where in "xwb"
    assert report.worst == max(check.error for check in report.checks)


AGREES = InputCheck("a", (2,), error=1e-9)
JUST = InputCheck("j", (2,), error=1e-6)
DIFFERS = InputCheck("d", (3, 4), error=0.5, note="at [0, 1] for instance")
NOT_FINITE = InputCheck("n", (), error=math.inf, note="not all of it is finite")
KINKS = InputCheck("k", (1,), kinks=5, note="in every direction")
SOME_KINKS = InputCheck("s", (1,), error=1e-8, kinks=2)
NONE = InputCheck("b", (4,))
HIDDEN = InputCheck("h", (2,), hidden=5, note="it hides all")


@pytest.mark.parametrize(
    ("checks", "passed", "worst", "where"),
    [
        ([AGREES], True, 1e-9, "a"),
        ([AGREES, JUST], True, 1e-6, "j"),
        ([AGREES, NONE], True, 1e-9, "a"),
        ([AGREES, SOME_KINKS], True, 1e-8, "s"),
        ([AGREES, DIFFERS], False, 0.5, "d"),
        ([DIFFERS, NOT_FINITE], False, math.inf, "n"),
        ([AGREES, KINKS], False, 1e-9, "a"),
        ([AGREES, HIDDEN], False, 1e-9, "a"),
        ([InputCheck("first", (), 0.5), DIFFERS], False, 0.5, "first"),
    ],
)
def test_all_that_was_returned_must_agree(checks, passed, worst, where):
    report = GradientReport(checks, tolerance=1e-6)
    assert (report.passed, report.worst, report.where) == (passed, worst, where)


@pytest.mark.parametrize("checks", [[], [NONE], [NONE, KINKS]])
def test_what_could_not_be_checked_has_not_passed(checks):
    report = GradientReport(checks, tolerance=1e-6)
    assert not report.passed
    assert math.isnan(report.worst)
    assert report.where is None


def test_each_verdict_has_its_words():
    checks = [JUST, DIFFERS, NOT_FINITE, KINKS, NONE, HIDDEN]
    assert repr(GradientReport(checks, 1e-6)).splitlines() == [
        "not passed",
        "j (2,): agrees, relative error ≈ 1e-06",
        "d (3, 4): differs, at [0, 1] for instance, relative error ≈ 5e-01",
        "n (): differs, not all of it is finite, relative error –",
        "k (1,): at a kink, in every direction, relative error –",
        "b (4,): none, relative error –",
        "h (2,): cannot be judged: rounding, it hides all, relative error –",
    ]
    table = GradientReport([JUST], 1e-6)._repr_markdown_().splitlines()
    assert table[0] == "| input | shape | relative error | gradient |"
    assert table[2] == "| j | (2,) | ≈ 1e-06 | agrees |"
