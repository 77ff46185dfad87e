"""Bars, points, counts and connections: what is drawn, under which labels."""

import numpy as np
import pytest
from drawn import (
    as_percent,
    key_is_at_the_lower_right,
    key_is_below,
    legend,
    looks,
    placed,
    solid,
)
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer

from ch335_helpers.show.figures.charts import bars, confusion, connections, log_shares
from ch335_helpers.show.figures.themed import COLORS, INK

COUNTS = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])


def test_bars_are_as_long_as_their_values_and_the_first_is_on_top():
    fig = bars(["a", "b"], [0.25, 0.9], "accuracy")
    (ax,) = fig.axes
    assert fig.get_size_inches() == pytest.approx((4.5, 1.66))
    assert [bar.get_width() for bar in ax.patches] == [0.25, 0.9]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert ax.get_xlabel() == "accuracy"
    assert [text.get_text() for text in ax.texts] == ["25.0%", "90.0%"]
    assert {text.xyann for text in ax.texts} == {(3, 0)}
    assert ax.get_xlim() == (0, 1.08) and as_percent(ax.xaxis)
    assert {to_hex(bar.get_facecolor()).upper() for bar in ax.patches} == {COLORS[0]}
    assert ax.get_legend() is None


def test_an_error_bar_goes_from_low_to_high_and_never_backwards():
    intervals = [(0.2, 0.5), (0.95, 1.0)]  # the second one begins above its bar
    (ax,) = bars(["a", "b"], [0.3, 0.9], "accuracy", intervals=intervals).axes
    (drawn,) = (c for c in ax.containers if isinstance(c, ErrorbarContainer))
    _, caps, (lines,) = drawn.lines
    ends = [segment[:, 0].tolist() for segment in lines.get_segments()]
    np.testing.assert_allclose(ends, [[0.2, 0.5], [0.9, 1.0]])
    assert to_hex(lines.get_color()[0]) == COLORS[-1]
    assert {cap.get_markersize() for cap in caps} == {6}


def test_bars_that_are_no_shares_have_plain_numbers():
    (ax,) = bars(["a"], [1234.5], "images a second", percent=False).axes
    assert [text.get_text() for text in ax.texts] == ["1.23e+03"]
    assert ax.get_xlim()[1] > 1234 and not as_percent(ax.xaxis)


def test_a_reference_is_a_labelled_line_at_its_value():
    (ax,) = bars(["a"], [0.5], "accuracy", reference=("chance", 0.1)).axes
    (line,) = ax.lines
    assert set(line.get_xdata()) == {0.1}
    assert looks([line]) == [solid(1, "--")]
    assert legend(ax) == ["chance"]
    assert key_is_at_the_lower_right(ax)


def test_a_confusion_figure_writes_every_count_in_its_cell():
    fig = confusion(COUNTS, ["a", "b", "c"])
    (ax,) = fig.axes
    assert fig.get_size_inches() == pytest.approx((2.26, 2.16))
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(0, 0): "8", (1, 0): "2", (0, 1): "1", (1, 1): "9"}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert [*ax.get_xticks(), *ax.get_yticks()] == [0, 1, 2, 0, 1, 2]
    angles = {(tick.get_rotation(), tick.get_ha()) for tick in ax.get_xticklabels()}
    assert angles == {(45, "right")}
    assert {placed(text) for text in ax.texts} == {(9, 0, "center", "center")}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


def test_a_confusion_figure_is_shaded_by_the_share_of_the_true_class():
    (ax,) = confusion(COUNTS, ["a", "b", "c"]).axes
    shade = ax.images[0].get_array()
    shares = [[0.8, 0.2, 0], [0.1, 0.9, 0], [0, 0, 0]]
    np.testing.assert_allclose(shade[..., 3], np.sqrt(shares))
    assert {to_hex(pixel[:3]).upper() for pixel in shade.reshape(-1, 4)} == {COLORS[0]}


def test_counts_are_light_on_dark_and_the_pages_ink_on_light():
    (ax,) = confusion([[31, 69], [70, 30]], ["a", "b"]).axes
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    ink = INK
    assert colours == {"31": "white", "69": "white", "70": "white", "30": ink}


@pytest.mark.parametrize(
    ("stride", "seen_by"), [(1, {2: 2, 3: 1, 4: 0}), (2, {1: 2, 2: 0})]
)
def test_the_thick_lines_lead_from_the_pixel_to_its_outputs(stride, seen_by):
    (ax,) = connections(6, 3, [(stride, 1)], pixel=3).axes
    weights = {COLORS[i]: i for i in range(3)}
    thick = [line for line in ax.lines if line.get_linewidth() > 2]
    assert {line.get_xdata()[0] for line in thick} == {3}
    found = {
        int(line.get_xdata()[1] / stride): weights[line.get_color()] for line in thick
    }
    assert found == seen_by


def test_a_kernel_may_have_more_weights_than_there_are_colours():
    (ax,) = connections(12, 9, [(1, 0)], pixel=3).axes
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 9


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (2, 2)])
def test_every_output_of_a_convolution_has_a_line_for_each_weight(stride, padding):
    (ax,) = connections(7, 5, [(stride, padding)], pixel=2).axes
    n = (7 + 2 * padding - 5) // stride + 1
    # a window begins at `first`; its output stands over its middle pixel
    firsts = [stride * place - padding for place in range(n)]
    expected = [((first + i, first + 2), i) for first in firsts for i in range(5)]
    found = [tuple(line.get_xdata()) for line in ax.lines]
    assert found == [ends for ends, _ in expected]
    assert all(list(line.get_ydata()) == [0, 1] for line in ax.lines)
    assert looks(ax.lines) == [
        solid(i, ["-", "--", "-.", ":", "-"][i], width=3 if ends[0] == 2 else 1)
        for ends, i in expected
    ]
    alphas = [line.get_alpha() for line in ax.lines]
    assert alphas == [None if ends[0] == 2 else 0.6 for ends, _ in expected]


def test_pixels_and_outputs_of_a_convolution_are_dots_in_two_rows():
    fig = connections(4, 3, [(1, 1), (2, 0)], pixel=0)
    padded, strided = fig.axes
    xs, ys = (dots.get_offsets().tolist() for dots in padded.collections)
    assert xs == [[pixel, 0] for pixel in range(-1, 5)]
    assert ys == [[place, 1] for place in range(4)]
    assert strided.collections[1].get_offsets().tolist() == [[1, 1]]
    filled = [color[3] for color in padded.collections[0].get_facecolor()]
    assert filled == [0, 1, 1, 1, 1, 0]  # hollow: padding
    assert to_hex(padded.collections[0].get_facecolor()[1]) == INK
    assert to_hex(padded.collections[1].get_facecolor()[0]) == to_hex("0.7")
    for dots in padded.collections:
        assert (dots.get_sizes().tolist(), dots.get_zorder()) == ([90], 3)
        assert to_hex(dots.get_edgecolor()[0]) == "#000000"
    circle, square = (len(d.get_paths()[0].vertices) for d in padded.collections)
    assert circle > square


def test_the_axes_of_connections_name_the_pixels_and_the_stride():
    fig = connections(4, 3, [(1, 1), (2, 0)], pixel=0)
    for ax, stride in zip(fig.axes, (1, 2), strict=True):
        assert ax.get_xticks().tolist() == [0, 1, 2, 3]
        assert ax.get_yticks().tolist() == [0, 1]
        assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "dy"]
        assert ax.get_ylim() == (-0.25, 1.2)
        assert (ax.get_xlabel(), ax.get_title()) == ("pixel", f"stride {stride}")
        assert not any(spine.get_visible() for spine in ax.spines.values())
    for panel in fig.panels:
        assert panel.get_size_inches().tolist() == [3.8, 2.6]
        assert legend(panel) == ["w[0]", "w[1]", "w[2]"]
        assert key_is_below(panel)
        heights = {t.get_window_extent().y0 for t in panel.legends[0].get_texts()}
        assert len(heights) == 1  # side by side


def test_log_shares_are_labelled_points_before_a_line_at_the_whole():
    fig = log_shares({"slow": 0.00074, "fast": 0.5, "all": 1}, "share")
    (ax,) = fig.axes
    assert fig.get_size_inches() == pytest.approx((4.5, 2.04))
    whole, *points = ax.lines
    assert list(whole.get_xdata()) == [1, 1] and whole.get_linestyle() == "--"
    places = [(p.get_xdata()[0], p.get_ydata()[0]) for p in points]
    assert places == [(0.00074, 0), (0.5, 1), (1, 2)]
    assert {(p.get_marker(), p.get_color()) for p in points} == {("o", "#0072B2")}
    assert [t.get_text() for t in ax.texts] == ["≈ 0.074%", "≈ 50%", "≈ 100%"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["slow", "fast", "all"]
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "share")
    assert ax.get_xlim() == pytest.approx((0.00074 / 15, 1.5))
    assert ax.get_ylim() == (2.5, -0.7)
    assert ax.xaxis.get_major_formatter()(0.001, None) == "0.1%"
    # a single large share does not fill the whole axis
    assert log_shares({"one": 0.9}, "share").axes[0].get_xlim()[0] < 0.01
