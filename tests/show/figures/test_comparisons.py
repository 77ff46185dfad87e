"""Forest plots and panels of accuracies: what is drawn, under which labels."""

import itertools

import pytest
from drawn import as_percent, legend, pixels

from ch335_helpers.show.figures.comparisons import accuracy_panels, forest
from ch335_helpers.show.figures.themed import COLORS

DIFFERENCES = {"worse": (-3, -4, -2), "unclear": (1, -1, 3), "better": (2, 1, 3)}


def test_an_interval_around_zero_is_grey_and_hollow():
    (ax,) = forest(DIFFERENCES, "points").axes
    zero, *drawn = ax.lines
    assert list(zero.get_xdata()) == [0, 0] and zero.get_linestyle() == "--"
    assert ax.get_xlabel() == "points"
    assert [t.get_text() for t in ax.get_yticklabels()] == list(DIFFERENCES)
    for place, (mean, low, high) in enumerate(DIFFERENCES.values()):
        interval, point = drawn[2 * place : 2 * place + 2]
        assert list(interval.get_xdata()) == [low, high]
        assert list(interval.get_ydata()) == [place, place]
        assert list(point.get_xdata()) == [mean] and list(point.get_ydata()) == [place]
        clear = low > 0 or high < 0
        assert point.get_color() == (COLORS[0] if clear else "0.5")
        assert (point.get_markerfacecolor() == "none") is not clear
    bottom, top = ax.get_ylim()
    assert bottom > top


def test_a_difference_stands_beside_its_row_in_numbers():
    (ax,) = forest(DIFFERENCES, "points").axes
    texts = [(t.get_text(), t.xy[1]) for t in ax.texts]
    assert texts == [
        ("\N{MINUS SIGN}3.0 ± 1.0", 0),
        ("+1.0 ± 2.0", 1),
        ("+2.0 ± 1.0", 2),
    ]


def test_a_name_without_a_difference_is_a_title():
    (ax,) = forest({"parts": None, "a": (1, 0.5, 1.5)}, "points").axes
    labels = ax.get_yticklabels()
    assert [label.get_text() for label in labels] == ["parts", "a"]
    assert [label.get_weight() for label in labels] == ["bold", "normal"]
    assert [line.get_ydata()[0] for line in ax.lines[1:]] == [1, 1]


def test_what_lies_beyond_the_limit_is_an_arrow_at_the_end():
    rows = {"far": (-70, -80, -60), "long": (1, -9, 11)}
    (ax,) = forest(rows, "points", limit=5).axes
    assert ax.get_xlim() == (-5, 5)
    arrows = [text for text in ax.texts if text.arrow_patch]
    assert [arrow.xy for arrow in arrows] == [(-5, 0)]
    _, interval, point = ax.lines  # the other interval is cut off at both ends
    assert list(interval.get_xdata()) == [-5, 5]
    assert list(point.get_ydata()) == [1]


def test_a_label_has_one_colour_in_all_panels_and_shade_where_it_has_an_interval():
    line = {"x": [10, 100], "y": [0.5, 0.9], "low": [0.4, 0.8], "high": [0.6, 1]}
    ceiling = {"x": [10, 100], "y": [0.99, 1]}
    fig = accuracy_panels(
        {"images": {"network": line, "ideal": ceiling}, "noise": {"ideal": ceiling}}
    )
    first, second = (panel.axes[0] for panel in fig.panels)
    assert [drawn.get_color() for drawn in first.lines] == list(COLORS[:2])
    assert [drawn.get_color() for drawn in second.lines] == [COLORS[1]]
    assert (len(first.collections), len(second.collections)) == (1, 0)
    assert legend(fig.panels[0]) == ["network", "ideal"]
    assert (first.get_xlabel(), second.get_xlabel()) == ("images", "noise")
    assert first.get_xscale() == "log" and as_percent(first.yaxis)
    assert [t.get_text() for t in first.get_xticklabels()] == ["10", "100"]
    # one scale of accuracy, from below the lowest interval
    assert first.get_ylim() == second.get_ylim() == pytest.approx((0.37, 1.03))


@pytest.mark.parametrize(
    ("lines", "labels"),
    [
        ([[10, 100], [1, 1000]], ["1", "10", "100", "1,000"]),  # of all lines
        ([[9.99, 12.5, 0.0015]], ["0.0015", "9.99", ""]),
        ([[3]], ["3"]),
        (
            [[100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000]],
            ["100", "", "500", "", "2,000", "", "10,000", "", "50,000"],
        ),
    ],
)
def test_ticks_stand_at_the_values_and_no_label_runs_into_the_next(lines, labels):
    lines = {f"{i}": {"x": x, "y": [0.5] * len(x)} for i, x in enumerate(lines)}
    panel = accuracy_panels({"images": lines}).panels[0]
    pixels(panel)
    shown = panel.axes[0].get_xticklabels()
    assert [label.get_text() for label in shown] == labels
    boxes = [label.get_window_extent() for label in shown if label.get_text()]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


@pytest.mark.parametrize(
    "differences", [{}, {"title": None}, {"same": (0.0, 0.0, 0.0)}]
)
def test_a_forest_without_differences_has_an_axis(differences):
    (ax,) = forest(differences, "points").axes
    assert ax.get_xlim() == (-1, 1)
    assert not [text for text in ax.texts if text.arrow_patch]


def test_a_limit_below_0_is_refused():
    with pytest.raises(
        ValueError, match="limit must be a finite number above 0, got -5"
    ):
        forest({"a": (1, 0, 2)}, "points", limit=-5)
