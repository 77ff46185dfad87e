"""The figures of notebook 8: what is drawn where, and under which labels."""

import numpy as np
from drawn import IMAGES, arrays, as_percent, legend, looks, solid, titles

from ch335_helpers.show.inside import (
    attribution_rows,
    fields_on_image,
    log_odds,
    posteriors,
    shares,
)
from ch335_helpers.show.themed import COLORS

EXACT, NETWORK = np.array([5.0, 20, 9]), np.array([3.0, 8, -2])
RIGHT = np.array([True, True, False])


def test_log_odds_are_dots_where_the_network_is_right_and_crosses_where_not():
    (ax,) = log_odds({"noise 0.9": (EXACT, NETWORK, RIGHT)}).axes
    right, wrong, *_, diagonal = ax.lines
    assert (list(right.get_xdata()), list(right.get_ydata())) == ([5, 20], [3, 8])
    assert (list(wrong.get_xdata()), list(wrong.get_ydata())) == ([9], [-2])
    assert (right.get_marker(), wrong.get_marker()) == (".", "x")
    assert right.get_linestyle() == wrong.get_linestyle() == "None"
    assert (right.get_color(), wrong.get_color()) == COLORS[:2]
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [-2, 8]
    assert ax.get_title() == "noise 0.9"
    assert ax.get_xlabel() == "exact log-odds"
    assert ax.get_ylabel() == "network's log-odds"


def test_two_panels_of_log_odds_stand_side_by_side():
    fig = log_odds({"a": (EXACT, NETWORK, RIGHT), "b": (EXACT, NETWORK, ~RIGHT)})
    assert titles(fig) == ["a", "b"] and len(fig.panels) == 2
    assert legend(fig.panels[0]) == ["network right", "network wrong"]
    assert [panel.get_figwidth() for panel in fig.panels] == [3.8, 3.8]


def observed(n):
    p = np.array([[0.7, 0.2, 0.1], [0.0, 0.1, 0.9]])[:n]
    clean = np.zeros((n, 6, 6))
    return IMAGES[:n, 0], clean, [2, 0][:n], {"network": p, "ideal observer": 1 - p}


def test_each_row_shows_what_was_seen_and_drawn_and_what_both_say():
    fig = posteriors({"careless": observed(2)}, ["ring", "square", "disc"])
    seen, drawn, bars, *second = fig.axes
    np.testing.assert_array_equal(seen.images[0].get_array(), IMAGES[0, 0])
    assert drawn.images[0].get_array().max() == 0
    assert {ax.images[0].get_clim() for ax in (seen, drawn)} == {(-1, 2)}
    assert (drawn.get_title(), second[1].get_title()) == ("disc", "ring")
    heights = [bar.get_height() for bar in bars.patches]
    np.testing.assert_allclose(heights, [0.7, 0.2, 0.1, 0.3, 0.8, 0.9])
    lefts = [bar.get_x() for bar in bars.patches]
    np.testing.assert_allclose(np.subtract(lefts[3:], lefts[:3]), 0.4)
    assert bars.get_ylim() == (0, 1) and as_percent(bars.yaxis)
    names = [label.get_text() for label in second[2].get_xticklabels()]
    assert names == ["ring", "square", "disc"]
    assert legend(fig.panels[0]) == ["network", "ideal observer"]
    hatches = {bar.get_hatch() for bar in bars.patches}
    assert hatches == {None, "////"}  # not by colour alone


def test_a_panel_with_fewer_rows_stands_beside_a_longer_one():
    panels = {"careless": observed(2), "hard": observed(1)}
    fig = posteriors(panels, ["ring", "square", "disc"])
    assert [len(panel.axes) for panel in fig.panels] == [6, 3]


def test_shares_have_their_intervals_and_all_panels_one_scale():
    a = np.array([[0.1, 0.05, 0.2], [0.02, 0.01, 0.05]])
    panels = {
        "radius": (["6", "7"], {"a": a}),
        "distance": (["near"], {"a": a[:1] / 2}),
    }
    fig = shares(panels, "missed")
    first, second = fig.axes
    (drawn,) = first.containers
    line, _, (bars,) = drawn.lines
    assert list(line.get_xdata()) == [0, 1] and list(line.get_ydata()) == [0.1, 0.02]
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    np.testing.assert_allclose(ends, a[:, 1:])
    assert looks([line]) == [solid(0, "None", marker="o")]
    assert first.get_ylim() == second.get_ylim() == (0, 1.05 * 0.2)
    assert (first.get_xlabel(), second.get_xlabel()) == ("radius", "distance")
    assert first.get_ylabel() == "missed"
    assert first.yaxis.get_major_formatter()(0.25).endswith("%")
    assert [tick.get_text() for tick in first.get_xticklabels()] == ["6", "7"]


def test_several_classifiers_stand_beside_each_other_with_their_own_marks():
    a = np.array([[0.1, 0.05, 0.2]])
    (ax,) = shares({"radius": (["6"], {"a": a, "b": a})}, "missed").axes
    lines = [container.lines[0] for container in ax.containers]
    np.testing.assert_allclose([line.get_xdata()[0] for line in lines], [-0.06, 0.06])
    assert [line.get_marker() for line in lines] == ["o", "s"]
    assert [line.get_color() for line in lines] == [*COLORS[:2]]


def test_squares_lie_on_the_image_and_the_strongest_value_is_framed():
    values = np.zeros((4, 4))
    values[1, 3] = 5
    maps = {"relu": (values, 7), "pool": (values - 1, 0)}
    squares = {"relu": (2, -1, 5), "pool": (0, 0, 9)}
    fig = fields_on_image(np.eye(8), squares, maps)
    image, first, second = fig.axes
    assert titles(fig) == [
        "image",
        "relu\nchannel 7\n0 to 5.0",
        "pool\nchannel 0\n-1 to 4.0",
    ]
    boxes = [patch.get_bbox().bounds for patch in image.patches]
    assert boxes == [(-1.5, 1.5, 5, 5), (-0.5, -0.5, 9, 9)]
    assert image.get_xlim() == (-0.5, 7.5) and image.get_ylim() == (7.5, -0.5)
    (frame,) = first.lines
    assert (list(frame.get_xdata()), list(frame.get_ydata())) == ([3], [1])
    assert [first.images[0].get_clim(), second.images[0].get_clim()] == [
        (0, 5),
        (-1, 4),
    ]
    assert frame.get_color() == COLORS[0] and second.lines[0].get_color() == COLORS[1]


def test_an_attribution_has_0_in_the_middle_and_an_outline_around_the_drawn_pixels():
    mask = np.zeros((4, 4), bool)
    mask[1, 1:3] = True
    values = np.arange(16.0).reshape(4, 4) - 4
    rows = {"ring trained": (mask, mask, {"saliency": values, "Grad-CAM": -values})}
    fig = attribution_rows(rows)
    image, first, second = fig.axes
    assert titles(fig) == ["image", "saliency", "Grad-CAM"]
    assert image.get_ylabel() == "ring\ntrained"
    np.testing.assert_array_equal(arrays(fig)[1:], [values, -values])
    for ax in (first, second):
        assert ax.images[0].get_clim() == (-11, 11)
    edges = {
        tuple(zip(line.get_xdata().tolist(), line.get_ydata().tolist(), strict=True))
        for line in map(as_arrays, first.lines)
    }
    around = {((0.5, 0.5), (1.5, 0.5)), ((1.5, 0.5), (2.5, 0.5))}  # above
    around |= {((0.5, 1.5), (1.5, 1.5)), ((1.5, 1.5), (2.5, 1.5))}  # below
    around |= {((0.5, 0.5), (0.5, 1.5)), ((2.5, 0.5), (2.5, 1.5))}  # beside
    assert edges == around


def as_arrays(line):
    line.set_data(*map(np.asarray, line.get_data()))
    return line


def test_methods_are_named_once_above_all_rows():
    row = np.eye(4), np.eye(4) > 0, {"saliency": np.eye(4)}
    assert titles(attribution_rows({"a": row, "b": row})) == [
        "image",
        "saliency",
        "",
        "",
    ]
