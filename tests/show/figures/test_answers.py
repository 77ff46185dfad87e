"""Figures of the look inside: what is drawn, and under which labels."""

import numpy as np
import pytest
from drawn import arrays, as_percent, key_is_below, legend, pictures, pixels, titles
from matplotlib.colors import to_hex

from ch335_helpers.show.figures.answers import (
    attribution_rows,
    fields_on_image,
    log_odds,
    posteriors,
    shares,
)
from ch335_helpers.show.figures.themed import COLORS

# --------------------------------------------------------------------------- log-odds

EXACT, NETWORK = np.array([5.0, 9, -2, 3]), np.array([-1.0, 6, -4, 2])
RIGHT = np.array([False, True, False, True])


def test_right_and_wrong_answers_have_marks_and_colours_of_their_own():
    fig = log_odds({"noise 0.9": (EXACT, NETWORK, RIGHT)})
    (ax,) = fig.axes
    right, wrong, *_ = ax.lines
    for line, shown in ((right, RIGHT), (wrong, ~RIGHT)):
        np.testing.assert_array_equal(line.get_xdata(), EXACT[shown])
        np.testing.assert_array_equal(line.get_ydata(), NETWORK[shown])
        assert line.get_linestyle() == "None"
    assert (right.get_marker(), right.get_color()) == (".", COLORS[0])
    assert (wrong.get_marker(), wrong.get_color()) == ("x", COLORS[1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "exact log-odds",
        "network's log-odds",
    )
    assert titles(fig) == ["noise 0.9"]


def test_the_dashed_line_is_where_both_are_equal_and_thin_lines_are_at_0():
    (ax,) = log_odds({"": (EXACT, NETWORK, RIGHT)}).axes
    *_, across, upright, equal = ax.lines
    assert list(across.get_ydata()) == list(upright.get_xdata()) == [0, 0]
    assert equal.get_linestyle() == "--"
    assert list(equal.get_xdata()) == list(equal.get_ydata()) == [-4, 6]


def test_infinite_log_odds_stand_a_little_beyond_the_others():
    exact = np.array([np.inf, 0, 10, -np.inf])
    network = np.array([-4, np.inf, 6, -np.inf])
    (ax,) = log_odds({"": (exact, network, network > 0)}).axes
    right, wrong, *_, equal = ax.lines
    assert [list(right.get_xdata()), list(right.get_ydata())] == [[0, 10], [7, 6]]
    assert [list(wrong.get_xdata()), list(wrong.get_ydata())] == [[11, -1], [-4, -5]]
    assert list(equal.get_xdata()) == list(equal.get_ydata()) == [-4, 6]


def test_log_odds_of_which_none_is_finite_can_be_drawn():
    all_sure = np.array([np.inf, -np.inf])
    (ax,) = log_odds({"": (all_sure, all_sure, all_sure > 0)}).axes
    assert np.isfinite([*ax.get_xlim(), *ax.get_ylim()]).all()


def test_each_group_of_log_odds_is_a_panel_with_a_key():
    panel = EXACT, NETWORK, RIGHT
    fig = log_odds({"noise 0.7": panel, "noise 0.9": panel})
    assert titles(fig) == ["noise 0.7", "noise 0.9"]
    assert [titles(part) for part in fig.panels] == [["noise 0.7"], ["noise 0.9"]]
    for part in fig.panels:
        assert legend(part) == ["network right", "network wrong"]
        assert key_is_below(part)
        np.testing.assert_allclose(part.get_size_inches(), (3.8, 3.5))


# ------------------------------------------------------------------------- posteriors

SEEN = np.arange(2 * 9.0).reshape(2, 3, 3)
CLEAN = SEEN > 4
P = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
OBSERVERS = {"network": P, "ideal observer": P[:, ::-1]}
NAMES = ["ring", "disc", "cross"]


@pytest.fixture(scope="module")
def careless():
    """A figure of one panel with two images, and its axes in rows of three."""
    fig = posteriors({"careless": (SEEN, CLEAN, [2, 0], OBSERVERS)}, NAMES)
    (part,) = fig.panels
    return part, np.reshape(part.axes, (2, 3))


def test_each_row_shows_an_image_and_what_was_drawn_under_its_name(careless):
    part, axes = careless
    shown = np.array(arrays(part)).reshape(2, 2, 3, 3)
    np.testing.assert_array_equal(shown[:, 0], SEEN)
    np.testing.assert_array_equal(shown[:, 1], CLEAN)
    looks = {(p.get_cmap().name, p.get_clim()) for p in pictures(part)}
    assert looks == {("gray", (-1, 2))}  # one scale, so that both can be compared
    names = [[ax.get_title() for ax in row] for row in axes]
    assert names == [["", "cross", ""], ["", "ring", ""]]
    assert part.get_suptitle() == "careless"


def test_both_observers_have_a_bar_for_each_class_side_by_side(careless):
    _, axes = careless
    for row, ax in enumerate(axes[:, 2]):
        for number, p in enumerate(OBSERVERS.values()):
            bars = ax.containers[number]
            assert [bar.get_height() for bar in bars] == p[row].tolist()
            middles = [bar.get_x() + bar.get_width() / 2 for bar in bars]
            np.testing.assert_allclose(middles, np.arange(3) + (-0.2, 0.2)[number])
            np.testing.assert_allclose([bar.get_width() for bar in bars], 0.4)
            assert {to_hex(b.get_facecolor()).upper() for b in bars} == {COLORS[number]}
            assert {bar.get_hatch() for bar in bars} == {(None, "////")[number]}


def test_the_bars_stand_on_a_scale_from_0_to_all_over_the_names_of_the_classes(
    careless,
):
    part, axes = careless
    for ax in axes[:, 2]:
        assert ax.get_ylim() == (0, 1) and ax.get_ylabel() == "probability"
        assert as_percent(ax.yaxis)
    last = axes[-1, 2]
    assert [text.get_text() for text in last.get_xticklabels()] == NAMES
    assert list(last.get_xticks()) == [0, 1, 2] and last.get_xlabel() == "class"
    assert legend(part) == ["network", "ideal observer"]
    assert key_is_below(part)


def test_panels_of_posteriors_are_as_high_as_the_longest_needs():
    fig = posteriors(
        {
            "careless": (SEEN, CLEAN, [2, 0], OBSERVERS),
            "hard": (SEEN[:1], CLEAN[:1], [1], OBSERVERS),
        },
        NAMES,
    )
    sizes = [tuple(part.get_size_inches()) for part in fig.panels]
    assert sizes == [pytest.approx((3.8, 1.2 * 2 + 1.8))] * 2
    assert [part.get_suptitle() for part in fig.panels] == ["careless", "hard"]
    assert [len(part.axes) for part in fig.panels] == [6, 3]


# ----------------------------------------------------------------------------- shares

BY_RADIUS = {
    "network": np.array([[0.10, 0.05, 0.20], [0.02, 0.01, 0.05]]),
    "ideal observer": [(0.01, 0.0, 0.03), (0.0, 0.0, 0.02)],
}


def test_shares_stand_over_their_groups_with_their_intervals():
    fig = shares({"radius": (["6", "7"], BY_RADIUS)}, "missed")
    (ax,) = fig.axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("radius", "missed")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["6", "7"]
    assert list(ax.get_xticks()) == [0, 1] and ax.get_xlim() == (-0.5, 1.5)
    assert ax.yaxis.get_major_formatter()(0.25) == "25.0%"
    for number, (drawn, values) in enumerate(
        zip(ax.containers, BY_RADIUS.values(), strict=True)
    ):
        share, low, high = np.transpose(values)
        points, _, (bars,) = drawn
        places = np.arange(2) + (-0.06, 0.06)[number]
        np.testing.assert_allclose(points.get_xdata(), places)
        np.testing.assert_allclose(points.get_ydata(), share)
        ends = np.array(bars.get_segments())
        np.testing.assert_allclose(ends[:, :, 0], places[:, None] + [0, 0])
        np.testing.assert_allclose(ends[:, :, 1], np.transpose([low, high]), atol=1e-12)
        look = points.get_color(), points.get_marker(), points.get_linestyle()
        assert look == (COLORS[number], "os"[number], "None")


def test_the_marks_of_many_classifiers_stay_in_their_group_above_a_longer_key():
    many = {f"classifier {i}": np.array([[0.1, 0, 0.2]] * 2) for i in range(12)}
    fig = shares({"radius": (["6", "7"], many)}, "missed")
    (ax,) = fig.axes
    places = [container[0].get_xdata() for container in ax.containers]
    assert np.max(np.abs(np.array(places) - [0, 1])) < 0.4
    looks = {(c[0].get_color(), c[0].get_marker()) for c in ax.containers}
    assert len(looks) == 12
    assert key_is_below(fig.panels[0])
    few = shares({"radius": (["6", "7"], BY_RADIUS)}, "missed")
    heights = [
        f.axes[0].get_window_extent().height for f in (fig, few) if pixels(f).any()
    ]
    assert heights[0] == pytest.approx(heights[1], rel=0.15)


def test_an_end_that_rounding_puts_beyond_its_share_is_drawn_at_the_share():
    rounded = {"network": np.array([[0.0, 1e-18, 0.1]])}
    (ax,) = shares({"radius": (["6"], rounded)}, "missed").axes
    ((ends,),) = (bars.get_segments() for bars in ax.containers[0][2])
    np.testing.assert_allclose(ends[:, 1], [0, 0.1])


def test_all_panels_of_shares_have_one_scale_up_to_the_highest_end():
    far = {"network": np.array([[0.3, 0.2, 0.4]])}
    groups = {"radius": (["6", "7"], BY_RADIUS), "distance": (["0 to 2"], far)}
    fig = shares(groups, "missed")
    assert len(fig.panels) == 2
    for part, key in zip(fig.panels, (list(BY_RADIUS), ["network"]), strict=True):
        assert part.axes[0].get_ylim() == pytest.approx((0, 0.42))
        assert legend(part) == key
        assert key_is_below(part)
    assert [part.axes[0].get_xlabel() for part in fig.panels] == list(groups)


# ------------------------------------------------------------------- fields on an image

IMAGE = np.random.default_rng(0).standard_normal((8, 10))
FIRST, SECOND = np.eye(4) - 0.5, np.arange(6.0).reshape(2, 3)
MAPS = {"relu1": (FIRST, 2), "relu2": (SECOND, 11)}
SQUARES = {"relu1": (1, 2, 3), "relu2": (-3, -2, 9)}


def test_fields_are_squares_around_their_pixels_each_in_its_colour():
    fig = fields_on_image(IMAGE, SQUARES, MAPS)
    shown = fig.axes[0]
    np.testing.assert_array_equal(shown.images[0].get_array(), IMAGE)
    drawn = [
        (p.get_xy(), p.get_width(), p.get_height(), to_hex(p.get_edgecolor()).upper())
        for p in shown.patches
    ]
    assert drawn == [
        ((1.5, 0.5), 3, 3, COLORS[0]),  # columns 2 to 4, rows 1 to 3
        ((-2.5, -3.5), 9, 9, COLORS[1]),
    ]
    assert not any(patch.get_fill() for patch in shown.patches)
    # a field that reaches beyond the image does not shrink it
    assert (shown.get_xlim(), shown.get_ylim()) == ((-0.5, 9.5), (7.5, -0.5))


def test_each_map_has_its_title_its_scale_and_a_mark_at_its_largest_value():
    fig = fields_on_image(IMAGE, SQUARES, MAPS)
    assert titles(fig) == [
        "image",
        "relu1\nchannel 2\n-0.5 to 0.5",
        "relu2\nchannel 11\n0 to 5.0",
    ]
    _, first, second = fig.axes
    for ax, values in ((first, FIRST), (second, SECOND)):
        np.testing.assert_array_equal(ax.images[0].get_array(), values)
        assert ax.images[0].get_clim() == (min(0, values.min()), values.max())
    marks = [
        (list(ax.lines[0].get_xdata()), list(ax.lines[0].get_ydata()))
        for ax in (first, second)
    ]
    assert marks == [([0], [0]), ([2], [1])]
    colors = [ax.lines[0].get_color() for ax in (first, second)]
    assert colors == list(COLORS[:2])


def test_after_six_layers_the_colours_begin_again_without_black():
    names = [f"relu{i}" for i in range(9)]
    squares = {name: (0, 0, i + 1) for i, name in enumerate(names)}
    fig = fields_on_image(IMAGE, squares, dict.fromkeys(names, (FIRST, 0)))
    edges = [to_hex(p.get_edgecolor()).upper() for p in fig.axes[0].patches]
    marks = [ax.lines[0].get_color() for ax in fig.axes[1:]]
    assert edges == marks == [*COLORS[:6], *COLORS[:3]]


def test_what_is_no_image_has_no_fields():
    with pytest.raises(ValueError, match=r"image must .*H, W.*\(1, 8, 10\)"):
        fields_on_image(IMAGE[None], SQUARES, MAPS)


# ------------------------------------------------------------------- attribution rows

MASK = np.zeros((4, 5), bool)
MASK[1, 1:3] = MASK[3, 4] = True
ATTRIBUTIONS = {
    "saliency": np.arange(20.0).reshape(4, 5),
    "occlusion": np.arange(20.0).reshape(4, 5) / 10 - 1.5,
}


def outline(ax):
    """The sides that are drawn on a picture, as sorted pairs of corners."""
    sides = [np.transpose([line.get_xdata(), line.get_ydata()]) for line in ax.lines]
    return sorted(tuple(sorted(map(tuple, side.tolist()))) for side in sides)


def test_each_row_shows_an_image_and_its_maps_with_their_methods_above_the_first():
    image = np.random.default_rng(1).standard_normal((4, 5))
    one, two = (image, MASK, ATTRIBUTIONS), (2 * image, ~MASK, ATTRIBUTIONS)
    fig = attribution_rows({"true class": one, "other": two})
    assert titles(fig) == ["image", "saliency", "occlusion", "", "", ""]
    labels = [ax.get_ylabel() for ax in fig.axes]
    assert labels == ["true\nclass", "", "", "other", "", ""]
    maps = list(ATTRIBUTIONS.values())
    np.testing.assert_array_equal(arrays(fig), [image, *maps, 2 * image, *maps])
    looks = [picture.get_cmap().name for picture in pictures(fig)]
    assert looks == ["gray", "RdBu_r", "RdBu_r"] * 2


def test_each_map_has_a_scale_of_its_own_around_0():
    row = np.ones((4, 5)), MASK, ATTRIBUTIONS
    _, first, second = pictures(attribution_rows({"": row}))
    assert first.get_clim() == (-19, 19)
    assert second.get_clim() == pytest.approx((-1.5, 1.5))


def test_the_outline_runs_around_what_was_drawn_and_not_between_drawn_pixels():
    fig = attribution_rows({"": (np.ones((4, 5)), MASK, ATTRIBUTIONS)})
    plain, *maps = fig.axes
    around_two = [
        ((0.5, 0.5), (1.5, 0.5)), ((1.5, 0.5), (2.5, 0.5)),  # above
        ((0.5, 1.5), (1.5, 1.5)), ((1.5, 1.5), (2.5, 1.5)),  # below
        ((0.5, 0.5), (0.5, 1.5)), ((2.5, 0.5), (2.5, 1.5)),  # left and right
    ]  # fmt: skip
    in_the_corner = [
        ((3.5, 2.5), (4.5, 2.5)), ((3.5, 3.5), (4.5, 3.5)),
        ((3.5, 2.5), (3.5, 3.5)), ((4.5, 2.5), (4.5, 3.5)),
    ]  # fmt: skip
    assert not plain.lines
    for ax in maps:
        assert outline(ax) == sorted(around_two + in_the_corner)
        assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, 4.5), (3.5, -0.5))


def test_attributions_stand_below_the_name_of_their_method():
    image, mask = np.eye(6), np.eye(6) > 0
    one, other = np.full((6, 6), 1.0), np.full((6, 6), -1.0)
    rows = {"a": (image, mask, {"one": one, "other": other})}
    rows["b"] = image, mask, {"other": other, "one": one}
    fig = attribution_rows(rows)
    shown = [ax.images[0].get_array().mean() for ax in fig.axes]
    assert np.sign(shown[1:3]).tolist() == np.sign(shown[4:6]).tolist()
    with pytest.raises(ValueError, match=r"rows must have the methods .*'c'"):
        attribution_rows(rows | {"c": (image, mask, {"one": one})})
