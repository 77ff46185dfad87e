"""The report of a gradient check."""

from ch335_helpers.gradcheck import check_gradients
from ch335_helpers.ops import linear


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
