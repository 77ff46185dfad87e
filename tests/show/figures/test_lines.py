"""Lines: what they go through, their looks, intervals and keys."""

import numpy as np
import pytest
from drawn import (
    RUN,
    WEIGHTS,
    as_percent,
    counts_whole,
    key_is_at_the_lower_right,
    key_is_below,
    legend,
    looks,
    solid,
)
from matplotlib.colors import to_hex

from ch335_helpers import Run, wilson_interval
from ch335_helpers.show.figures.lines import (
    curves,
    learning_curves,
    reliability,
    results,
    step_errors,
)
from ch335_helpers.show.figures.looks import LINES
from ch335_helpers.show.figures.themed import COLORS


def test_curves_go_through_their_points_in_looks_of_their_own():
    series = {"one": [3, 4, 5], "two": [1, 1, 2], "three": [0, 1, 0]}
    fig = curves([1, 2, 4], series, "size", "error")
    (ax,) = fig.axes
    assert [line.get_ydata().tolist() for line in ax.lines] == [*series.values()]
    assert all(line.get_xdata().tolist() == [1, 2, 4] for line in ax.lines)
    assert looks(ax.lines) == [
        solid(n, dashes, "o", 3) for n, dashes in enumerate(("-", "--", "-."))
    ]
    assert legend(fig) == ["one", "two", "three"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("size", "error")


@pytest.mark.parametrize("n_lines", [1, 6, 7])
def test_the_key_of_curves_covers_no_line_and_takes_no_room_from_them(n_lines):
    series = {f"nearest neighbour {n}": [n, 1] for n in range(n_lines)}
    fig = curves([1, 2], series, "size", "error")
    assert key_is_below(fig)
    assert fig.get_figheight() == pytest.approx(2.9 + 0.2 * -(-n_lines // 2))
    height = fig.axes[0].get_position().height * fig.get_figheight()
    assert 2.2 < height < 2.6


def test_an_interval_is_shaded_from_low_to_high():
    series = {"one": ([0.5, 0.6], [0.4, 0.5], [0.7, 0.9])}
    (ax,) = curves([1, 2], series, "size", "accuracy", percent=True).axes
    (shade,) = ax.collections
    corners = shade.get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (0.4, 0.9)
    assert ax.lines[0].get_ydata().tolist() == [0.5, 0.6]
    assert to_hex(shade.get_facecolor()[0]).upper() == COLORS[0]
    assert (shade.get_alpha(), shade.get_linewidth()[0]) == (0.2, 0)
    assert as_percent(ax.yaxis) and ax.get_ylim() == (0, 1.02)


def test_more_curves_than_colours_begin_the_palette_again():
    series = {f"{number}": [number, 1] for number in range(9)}
    (ax,) = curves([1, 2], series, "size", "error").axes
    assert len(COLORS) == 7 and len(LINES) == 4
    found = [look[:2] for look in looks(ax.lines)]
    assert found[7:] == [solid(0, ":")[:2], solid(1, "-")[:2]]
    assert not as_percent(ax.yaxis)


def test_the_axes_of_curves_can_be_logarithmic():
    arguments = ([1, 10], {"one": [1, 100]}, "size", "error")
    (plain,) = curves(*arguments).axes
    (logarithmic,) = curves(*arguments, logx=True, logy=True).axes
    assert (plain.get_xscale(), plain.get_yscale()) == ("linear", "linear")
    assert (logarithmic.get_xscale(), logarithmic.get_yscale()) == ("log", "log")
    one = [curves(*arguments, **{axis: True}).axes[0] for axis in ("logx", "logy")]
    scales = [(ax.get_xscale(), ax.get_yscale()) for ax in one]
    assert scales == [("log", "linear"), ("linear", "log")]


def test_learning_curves_show_losses_and_accuracy_over_the_epochs():
    fig = learning_curves(RUN)
    assert fig.get_size_inches().tolist() == [7.6, 3]
    loss, accuracy = fig.axes
    training, validation = loss.lines
    assert training.get_xdata().tolist() == [1, 2, 3]
    assert training.get_ydata().tolist() == RUN.train_loss
    assert validation.get_ydata().tolist() == RUN.val_loss
    assert validation.get_xdata().tolist() == [1, 2, 3]
    assert looks(loss.lines) == [solid(0), solid(1, "--")]
    assert looks(accuracy.lines) == [solid(1, "--", "o", 3)]
    assert accuracy.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert [line.get_ydata().tolist() for line in accuracy.lines] == [RUN.val_accuracy]
    assert legend(loss) == ["training", "validation"]
    names = [
        (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) for ax in (loss, accuracy)
    ]
    assert names == [
        ("epoch", "loss (nats)", "Loss"),
        ("epoch", "accuracy", "Accuracy"),
    ]
    assert (loss.get_yscale(), accuracy.get_yscale()) == ("log", "linear")
    # the lowest accuracy is 30 %, and the axis begins there
    assert accuracy.get_ylim() == pytest.approx((0.3, 1.014))
    assert as_percent(accuracy.yaxis)
    assert counts_whole(loss.xaxis) and counts_whole(accuracy.xaxis)
    assert key_is_at_the_lower_right(accuracy)


def test_the_test_accuracy_is_a_line_with_its_value_if_it_is_given():
    _, without = learning_curves(RUN).axes
    _, accuracy = learning_curves(RUN, 0.912).axes
    assert legend(without) == ["validation"]
    assert legend(accuracy) == ["validation", "test 91.2%"]
    assert set(accuracy.lines[1].get_ydata()) == {0.912}
    assert looks(accuracy.lines[1:]) == [solid(2, "-.")]


def test_a_run_without_a_whole_epoch_has_curves_too():
    loss, accuracy = learning_curves(Run({}, 3, 2, batch_loss=[1.0])).axes
    assert [len(line.get_xdata()) for line in (*loss.lines, *accuracy.lines)] == [0] * 3


def test_the_results_are_curves_with_the_test_line_and_filters():
    fig = results(RUN, 0.5, WEIGHTS)
    loss, accuracy, *filter_axes = fig.axes
    top, bottom = fig.subfigs
    assert top.bbox.height / bottom.bbox.height == pytest.approx(3 / 2.4)
    assert bottom.get_suptitle() == "First-layer filters"
    assert loss.lines[0].get_ydata().tolist() == RUN.train_loss
    assert legend(accuracy) == ["validation", "test 50.0%"]
    shown = [ax.images[0].get_array() for ax in filter_axes if ax.images]
    np.testing.assert_array_equal(shown[: len(WEIGHTS)], WEIGHTS[:, 0])
    assert fig.get_size_inches() == pytest.approx((7.6, 5.6))
    sizes = [panel.get_size_inches().tolist() for panel in fig.panels]
    assert sizes == [[3.8, 3], [3.8, 3], [3.8, 1.7]]
    loss, accuracy, filters = fig.panels
    assert loss.axes[0].lines[1].get_ydata().tolist() == RUN.val_loss
    assert legend(accuracy.axes[0]) == ["validation", "test 50.0%"]
    assert len([ax for ax in filters.axes if ax.images]) == len(WEIGHTS)


def test_step_errors_are_drawn_with_guides_through_the_ends():
    series = {"one": [1e-3, 1e-6, 1e-2], "two": [0, 1e-5, 1]}
    fig = step_errors([1e-4, 1e-2, 1], series, slopes=(-1, 2))
    (ax,) = fig.axes
    one, two, falling, rising = ax.lines
    assert one.get_ydata().tolist() == series["one"]
    assert all(line.get_xdata().tolist() == [1e-4, 1e-2, 1] for line in ax.lines)
    # an error of 0 has no logarithm
    assert two.get_ydata().tolist() == [np.finfo(float).eps, 1e-5, 1]
    np.testing.assert_allclose(falling.get_ydata(), [1e-3, 1e-5, 1e-7])
    np.testing.assert_allclose(rising.get_ydata(), [1e-10, 1e-6, 1e-2])
    assert looks(ax.lines[:2]) == [solid(0), solid(1, "--")]
    grey = ("0.4", "None", 6.0, 1)
    assert [(c, m, s, w) for c, _, m, s, w in looks(ax.lines[2:])] == [grey, grey]
    assert rising.get_linestyle() == ":"
    assert falling.get_linestyle() == "--"
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step h", "relative error")
    assert ax.get_ylim() == (np.finfo(float).eps / 2, 30)
    assert legend(fig) == ["one", "two", "∝ h⁻¹", "∝ h²"]
    assert key_is_below(fig)
    assert fig.get_size_inches() == pytest.approx((4.5, 3.6))


def test_a_slope_is_drawn_through_the_last_error_if_it_rises():
    (ax,) = step_errors([1e-4, 1], {"one": [1e-3, 1e-2]}, slopes=(0, 1)).axes
    _, level, rising = ax.lines
    np.testing.assert_allclose(level.get_ydata(), [1e-3, 1e-3])
    np.testing.assert_allclose(rising.get_ydata(), [1e-6, 1e-2])
    assert (level.get_linestyle(), rising.get_linestyle()) == ("--", ":")
    assert len(step_errors([1e-4, 1], {"one": [1, 1]}).axes[0].lines) == 1


def test_reliability_is_drawn_over_the_diagonal_of_agreement():
    measured = {"raw": ([0.5, 0.9], [0.4, 0.7]), "scaled": ([0.4, 0.8], [0.4, 0.8])}
    fig = reliability(measured)
    (ax,) = fig.axes
    assert fig.get_size_inches() == pytest.approx((4.5, 3.4))
    assert key_is_below(fig)
    diagonal, *lines = ax.lines
    assert [list(diagonal.get_xdata()), list(diagonal.get_ydata())] == [[0, 1], [0, 1]]
    points = [(list(line.get_xdata()), list(line.get_ydata())) for line in lines]
    assert points == list(measured.values())
    assert looks([diagonal]) == [solid(-1, "--", width=1)]
    assert looks(lines) == [solid(0, "-", "o", 3), solid(1, "--", "o", 3)]
    assert legend(fig) == ["raw", "scaled"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("stated confidence", "hit rate")
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 1), (0, 1.02))
    assert as_percent(ax.xaxis) and as_percent(ax.yaxis)


def test_counted_groups_have_wilson_intervals_and_a_panel_of_their_counts():
    groups = {"raw": ([0.5, 0.9], [0.4, 0.75], [30, 200])}
    groups["scaled"] = [0.4, 0.8], np.array([0.4, 1.0]), np.array([50, 7])
    fig = reliability(groups)
    above, below = fig.axes
    assert fig.get_size_inches() == pytest.approx((4.5, 4.5))
    assert above.get_shared_x_axes().joined(above, below)
    assert not any(label.get_visible() for label in above.get_xticklabels())
    bars = above.containers
    ends = [bar.lines[2][0].get_segments() for bar in bars]
    hits = [[(12, 30), (150, 200)], [(20, 50), (7, 7)]]
    for drawn, of_group, (confidence, *_) in zip(
        ends, hits, groups.values(), strict=True
    ):
        expected = [wilson_interval(*counts) for counts in of_group]
        np.testing.assert_allclose([end[:, 1] for end in drawn], expected)
        places = [[x, x] for x in confidence]
        np.testing.assert_allclose([end[:, 0] for end in drawn], places)
    assert [to_hex(bar.lines[2][0].get_color()[0]) for bar in bars] == [
        color.lower() for color in COLORS[:2]
    ]
    assert [bar.lines[2][0].get_linewidth()[0] for bar in bars] == [1, 1]
    counts = [list(line.get_ydata()) for line in below.lines]
    assert counts == [[30, 200], [50, 7]]
    assert [list(line.get_xdata()) for line in below.lines] == [[0.5, 0.9], [0.4, 0.8]]
    assert looks(below.lines) == [solid(0, "-", "o", 3), solid(1, "--", "o", 3)]
    assert (below.get_yscale(), below.get_ylim()) == ("log", (1, 1000))
    assert below.yaxis.get_major_formatter()(1000) == "1,000"
    assert below.yaxis.get_minor_formatter()(20) == ""
    assert (below.get_xlabel(), below.get_ylabel()) == ("stated confidence", "answers")
    assert (above.get_xlim(), above.get_ylim()) == ((0, 1), (0, 1.02))
    assert as_percent(below.xaxis) and as_percent(above.yaxis)
    assert legend(fig) == ["raw", "scaled"] and key_is_below(fig)


def test_groups_of_one_size_have_an_axis_too():
    _, below = reliability({"a": ([0.5, 0.9], [0.4, 0.7], [100, 100])}).axes
    assert below.get_ylim() == (100, 1000)
