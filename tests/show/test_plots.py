"""The figures: what is drawn, in which colours, under which labels."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from ch335_helpers import Run
from ch335_helpers.show import plots

RUN = Run(
    params={},
    epochs=3,
    steps_per_epoch=2,
    train_loss=[2.0, 1.0, 0.5],
    val_loss=[2.1, 1.2, 0.9],
    val_accuracy=[0.3, 0.6, 0.8],
    seconds=[1.0, 1.0, 1.0],
    batch_loss=[2.0] * 6,
)
IMAGES = np.random.default_rng(0).standard_normal((5, 1, 6, 6))
WEIGHTS = np.random.default_rng(1).standard_normal((5, 1, 3, 3))
MAPS = {"block1.relu2": np.random.default_rng(2).standard_normal((2, 4, 6, 6))}
COUNTS = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])

FIGURES = {
    "image_grid": lambda: plots.image_grid(IMAGES, columns=3),
    "image_grid signed": lambda: plots.image_grid(IMAGES, columns=2, signed=True),
    "bars": lambda: plots.bars(["a", "b"], [0.2, 0.9], "accuracy"),
    "learning_curves": lambda: plots.learning_curves(RUN, 0.75),
    "filters": lambda: plots.filters(WEIGHTS),
    "results": lambda: plots.results(RUN, 0.75, WEIGHTS),
    "confusion": lambda: plots.confusion(COUNTS, ["a", "b", "c"]),
    "activation_rows": lambda: plots.activation_rows(IMAGES[:2], MAPS, ["a", "b"]),
    "curves": lambda: plots.curves([1, 2], {"one": [3, 4]}, "size", "error"),
    "connections": lambda: plots.connections(6, 3, [(1, 1), (2, 1)], pixel=3),
    "step_errors": lambda: plots.step_errors([1e-4, 1], {"a": [1e-6, 0]}, (2, -1)),
    "reliability": lambda: plots.reliability({"network": ([0.5, 1], [0.4, 0.9])}),
}
SIZES = {  # of the figures above, in inches
    "image_grid": (4.5, 3.1),
    "image_grid signed": (3, 4.65),
    "bars": (4.5, 1.66),
    "learning_curves": (7.6, 3),
    "filters": (4.5, 1.7),
    "results": (7.6, 5.6),
    "confusion": (2.26, 2.16),
    "activation_rows": (7.6, 2),
    "curves": (4.5, 3),
    "connections": (7.6, 2.5),
    "step_errors": (7, 3.6),
    "reliability": (4.5, 3.4),
}
each_figure = pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES.keys())


def pictures(fig):
    """The images that a figure shows, in order, without its colour bars."""
    return [ax.images[0] for ax in fig.axes if ax.images]


def pixels(fig):
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def looks(lines):
    """Colour, dashes, marker and its size, and width of each line."""
    return [
        (
            line.get_color(), line.get_linestyle(), line.get_marker(),
            line.get_markersize(), line.get_linewidth(),
        )
        for line in lines
    ]  # fmt: skip


def solid(color, dashes="-", marker="None", size=6.0, width=1.5):
    """What `looks` says of a line in the palette's colour of that number."""
    return plots.COLORS[color], dashes, marker, size, width


def placed(text):
    """How a label lies: its size, angle and alignment."""
    return (
        text.get_size(), text.get_rotation(), text.get_ha(), text.get_va(),
    )  # fmt: skip


def key_is_at_the_lower_right(ax):
    """Whether the legend ends near that corner, once the figure is drawn."""
    pixels(ax.get_figure(root=True))
    frame = ax.get_legend().get_window_extent()
    right, bottom = ax.transAxes.inverted().transform((frame.x1, frame.y0))
    return 0.9 < right <= 1 and 0 <= bottom < 0.1


def as_percent(axis):
    return axis.get_major_formatter()(0.25) == "25%"


def counts_whole(axis):
    """Whether an axis has no ticks between whole numbers, however short it is."""
    return set(np.mod(axis.get_major_locator().tick_values(1, 3), 1)) == {0}


# ---------------------------------------------------------- what holds for every figure


@each_figure
def test_a_function_returns_a_figure_that_pyplot_does_not_keep(make):
    assert isinstance(make(), Figure)
    assert plt.get_fignums() == []


@each_figure
def test_a_figure_can_be_drawn_on_white(make):
    drawn = pixels(make())
    assert drawn[0, 0].tolist() == [255] * 4
    assert (drawn != 255).any(axis=(0, 2)).mean() > 0.1  # ink in many columns


@each_figure
def test_the_readers_own_settings_stay(make):
    with mpl.rc_context({"font.size": 17, "axes.grid": True}):
        before = dict(mpl.rcParams)
        fig = make()
        assert dict(mpl.rcParams) == before
        for ax in fig.axes:
            assert ax.xaxis.label.get_size() < 17


@each_figure
def test_all_text_lies_inside_the_figure(make):
    fig = make()
    pixels(fig)
    frame = fig.bbox.padded(2)
    for ax in fig.axes:
        box = ax.get_tightbbox()
        assert frame.x0 <= box.x0 <= box.x1 <= frame.x1
        assert frame.y0 <= box.y0 <= box.y1 <= frame.y1


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_the_room_that_it_needs(name):
    size = FIGURES[name]().get_size_inches()
    np.testing.assert_allclose(size, SIZES[name])
    assert size[0] <= 7.6  # of the page


@each_figure
def test_every_figure_is_in_the_chapters_style(make):
    fig = make()
    assert fig.dpi == plots.STYLE["savefig.dpi"] == 130
    assert fig.get_facecolor() == (1, 1, 1, 1)
    assert plots.STYLE["savefig.facecolor"] == "white"
    assert fig.get_layout_engine() is not None
    for ax in fig.axes:
        assert ax.title.get_size() in (9, 10)  # small over a small picture
        assert ax.xaxis.label.get_size() == 10
        assert not any(line.get_visible() for line in ax.get_xgridlines())
        if ax.get_label() != "<colorbar>":
            assert not ax.spines["top"].get_visible()
            assert not ax.spines["right"].get_visible()
        if ax.get_legend():
            assert not ax.get_legend().get_frame_on()


@each_figure
def test_axes_with_lines_or_bars_say_what_they_show(make):
    for ax in make().axes:
        if (ax.lines or ax.patches) and not ax.images:
            assert ax.get_xlabel()
            assert ax.get_ylabel() or len(ax.get_yticklabels()) > 1


def test_the_palette_has_no_colour_twice():
    assert len(set(plots.COLORS)) == len(plots.COLORS) >= 4
    assert len(set(plots.LINES)) == len(plots.LINES)


# --------------------------------------------------------------------------- image_grid


def test_an_image_grid_shows_every_image_once_in_order():
    fig = plots.image_grid(IMAGES, columns=3)
    assert len(fig.axes) == 6
    shown = [picture.get_array() for picture in pictures(fig)]
    np.testing.assert_array_equal(shown, IMAGES[:, 0])


def test_all_images_of_a_grid_have_one_range_of_greys():
    ranges = {p.get_clim() for p in pictures(plots.image_grid(IMAGES))}
    assert ranges == {(IMAGES.min(), IMAGES.max())}


def test_signed_images_have_0_in_the_middle_of_their_range():
    (low, high), *others = {
        p.get_clim() for p in pictures(plots.image_grid(IMAGES, signed=True))
    }
    assert (-low, others) == (high, [])
    assert high == np.abs(IMAGES).max()


def test_images_without_a_channel_axis_look_the_same():
    with_axis, without = plots.image_grid(IMAGES), plots.image_grid(IMAGES[:, 0])
    np.testing.assert_array_equal(pixels(with_axis), pixels(without))


def test_titles_stand_over_their_images_and_row_titles_beside_their_rows():
    fig = plots.image_grid(
        IMAGES[:4], ["one", "two", "three"], columns=2, row_titles=["up", "down"]
    )
    assert [ax.get_title() for ax in fig.axes] == ["one", "two", "three", ""]
    assert [ax.get_ylabel() for ax in fig.axes] == ["up", "", "down", ""]
    assert {ax.title.get_size() for ax in fig.axes} == {9}
    assert placed(fig.axes[0].yaxis.label) == (9, 0, "right", "center")
    np.testing.assert_allclose(fig.get_size_inches(), (3, 2 * 1.55 + 0.2))


def test_pictures_have_no_ticks_and_no_frame():
    figures = plots.image_grid(IMAGES), plots.filters(WEIGHTS)
    for ax in (*figures[0].axes, *figures[1].axes[:6]):
        assert [*ax.get_xticks(), *ax.get_yticks()] == []
        assert not any(spine.get_visible() for spine in ax.spines.values())


def test_titles_of_many_columns_are_broken_once():
    titles = ["a b c", "d"]
    wide, narrow = (plots.image_grid(IMAGES, titles, columns=n) for n in (9, 8))
    assert [ax.get_title() for ax in wide.axes[:3]] == ["a\nb c", "d", ""]
    assert [ax.get_title() for ax in narrow.axes[:3]] == ["a b c", "d", ""]
    np.testing.assert_allclose(wide.get_size_inches(), (7.6, 7.6 / 9 + 0.05 + 0.4))
    np.testing.assert_allclose(narrow.get_size_inches(), (7.6, 7.6 / 8 + 0.05 + 0.2))


def test_an_image_grid_is_ten_columns_wide_grey_and_signed_red_and_blue():
    assert len(plots.image_grid(IMAGES).axes) == 10
    plain, signed = (plots.image_grid(IMAGES, signed=s) for s in (False, True))
    assert {picture.get_cmap().name for picture in pictures(plain)} == {"gray"}
    assert {picture.get_cmap().name for picture in pictures(signed)} == {"RdBu_r"}


def test_blank_images_can_be_shown_signed_too():
    first, second = pictures(plots.image_grid(np.zeros((2, 3, 3)), signed=True))
    assert first.get_clim() == second.get_clim() == (-1, 1)


@pytest.mark.parametrize("shape", [(6, 6), (0, 1, 6, 6)])
def test_what_is_no_batch_of_images_is_refused(shape):
    with pytest.raises(ValueError, match="images"):
        plots.image_grid(np.zeros(shape))


def test_row_titles_must_be_one_a_row():
    message = r"row_titles .* one title for each of the 2 rows, got 1: \['one'\]"
    with pytest.raises(ValueError, match=message):
        plots.image_grid(IMAGES, columns=3, row_titles=["one"])
    with pytest.raises(ValueError, match="row_titles"):
        plots.image_grid(IMAGES, columns=3, row_titles=["a", "b", "c"])


# ---------------------------------------------------------------------- bars and curves


def test_bars_are_as_long_as_their_values_and_the_first_is_on_top():
    (ax,) = plots.bars(["a", "b"], [0.25, 0.9], "accuracy").axes
    assert [bar.get_width() for bar in ax.patches] == [0.25, 0.9]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert ax.get_xlabel() == "accuracy"
    assert [text.get_text() for text in ax.texts] == ["25.0%", "90.0%"]
    assert {text.xyann for text in ax.texts} == {(3, 0)}
    assert ax.get_xlim() == (0, 1.08) and as_percent(ax.xaxis)
    assert {to_hex(bar.get_facecolor()).upper() for bar in ax.patches} == {
        plots.COLORS[0]
    }
    assert ax.get_legend() is None


def test_an_error_bar_goes_from_low_to_high_and_never_backwards():
    intervals = [(0.2, 0.5), (0.95, 1.0)]  # the second one begins above its bar
    (ax,) = plots.bars(["a", "b"], [0.3, 0.9], "accuracy", intervals=intervals).axes
    (drawn,) = (c for c in ax.containers if isinstance(c, ErrorbarContainer))
    _, caps, (lines,) = drawn.lines
    ends = [segment[:, 0].tolist() for segment in lines.get_segments()]
    np.testing.assert_allclose(ends, [[0.2, 0.5], [0.9, 1.0]])
    assert to_hex(lines.get_color()[0]) == plots.COLORS[-1]
    assert {cap.get_markersize() for cap in caps} == {6}


def test_bars_that_are_no_shares_have_plain_numbers():
    (ax,) = plots.bars(["a"], [1234.5], "images a second", percent=False).axes
    assert [text.get_text() for text in ax.texts] == ["1.23e+03"]
    assert ax.get_xlim()[1] > 1234 and not as_percent(ax.xaxis)


def test_a_reference_is_a_labelled_line_at_its_value():
    (ax,) = plots.bars(["a"], [0.5], "accuracy", reference=("chance", 0.1)).axes
    (line,) = ax.lines
    assert set(line.get_xdata()) == {0.1}
    assert looks([line]) == [solid(1, "--")]
    assert legend(ax) == ["chance"]
    assert key_is_at_the_lower_right(ax)


def test_curves_go_through_their_points_in_looks_of_their_own():
    series = {"one": [3, 4, 5], "two": [1, 1, 2], "three": [0, 1, 0]}
    (ax,) = plots.curves([1, 2, 4], series, "size", "error").axes
    assert [line.get_ydata().tolist() for line in ax.lines] == [*series.values()]
    assert all(line.get_xdata().tolist() == [1, 2, 4] for line in ax.lines)
    assert looks(ax.lines) == [
        solid(n, dashes, "o", 3) for n, dashes in enumerate(("-", "--", "-."))
    ]
    assert legend(ax) == ["one", "two", "three"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("size", "error")


def test_an_interval_is_shaded_from_low_to_high():
    series = {"one": ([0.5, 0.6], [0.4, 0.5], [0.7, 0.9])}
    (ax,) = plots.curves([1, 2], series, "size", "accuracy", percent=True).axes
    (shade,) = ax.collections
    corners = shade.get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (0.4, 0.9)
    assert ax.lines[0].get_ydata().tolist() == [0.5, 0.6]
    assert to_hex(shade.get_facecolor()[0]).upper() == plots.COLORS[0]
    assert (shade.get_alpha(), shade.get_linewidth()[0]) == (0.2, 0)
    assert as_percent(ax.yaxis) and ax.get_ylim() == (0, 1.02)


def test_more_curves_than_colours_begin_the_palette_again():
    series = {f"{number}": [number, 1] for number in range(9)}
    (ax,) = plots.curves([1, 2], series, "size", "error").axes
    assert len(plots.COLORS) == 7 and len(plots.LINES) == 4
    found = [look[:2] for look in looks(ax.lines)]
    assert found[7:] == [solid(0, ":")[:2], solid(1, "-")[:2]]
    assert not as_percent(ax.yaxis)


def test_the_axes_of_curves_can_be_logarithmic():
    arguments = ([1, 10], {"one": [1, 100]}, "size", "error")
    (plain,) = plots.curves(*arguments).axes
    (logarithmic,) = plots.curves(*arguments, logx=True, logy=True).axes
    assert (plain.get_xscale(), plain.get_yscale()) == ("linear", "linear")
    assert (logarithmic.get_xscale(), logarithmic.get_yscale()) == ("log", "log")
    one = [
        plots.curves(*arguments, **{axis: True}).axes[0] for axis in ("logx", "logy")
    ]
    scales = [(ax.get_xscale(), ax.get_yscale()) for ax in one]
    assert scales == [("log", "linear"), ("linear", "log")]


# ----------------------------------------------------------------- training and filters


def test_learning_curves_show_losses_and_accuracy_over_the_epochs():
    loss, accuracy = plots.learning_curves(RUN).axes
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
    _, without = plots.learning_curves(RUN).axes
    _, accuracy = plots.learning_curves(RUN, 0.912).axes
    assert legend(without) == ["validation"]
    assert legend(accuracy) == ["validation", "test 91.2%"]
    assert set(accuracy.lines[1].get_ydata()) == {0.912}
    assert looks(accuracy.lines[1:]) == [solid(2, "-.")]


def test_a_run_without_a_whole_epoch_has_curves_too():
    loss, accuracy = plots.learning_curves(Run({}, 3, 2, batch_loss=[1.0])).axes
    assert [len(line.get_xdata()) for line in (*loss.lines, *accuracy.lines)] == [0] * 3


def test_every_filter_is_shown_in_one_scale_around_0():
    shown = pictures(plots.filters(WEIGHTS))
    np.testing.assert_array_equal(
        [picture.get_array() for picture in shown[: len(WEIGHTS)]], WEIGHTS[:, 0]
    )
    limit = np.abs(WEIGHTS).max()
    assert {picture.get_clim() for picture in shown[: len(WEIGHTS)]} == {
        (-limit, limit)
    }
    assert {picture.get_cmap().name for picture in shown[:5]} == {"RdBu_r"}


def test_filters_lie_in_two_rows_beside_a_scale_of_their_weights():
    fig = plots.filters(WEIGHTS, "five filters")
    *panels, scale = fig.axes
    places = [ax.get_subplotspec() for ax in panels]
    assert [(p.rowspan.start, p.colspan.start) for p in places] == [
        (row, column) for row in (0, 1) for column in (0, 1, 2)
    ]
    assert scale.get_ylabel() == "weight"
    pixels(fig)  # places are known once it is drawn
    limit = np.abs(WEIGHTS).max()
    assert scale.get_ylim() == (-limit, limit)
    top, bottom = panels[0].get_position().y1, panels[-1].get_position().y0
    high = scale.get_position().height / (top - bottom)
    assert 0.7 < high < 0.85
    (title,) = fig.texts
    assert (title.get_text(), title.get_size()) == ("five filters", 10)
    assert plots.filters(WEIGHTS).get_suptitle() == "First-layer filters"


@pytest.mark.parametrize("shape", [(8, 3, 5, 5), (5, 5)])
def test_filters_of_other_than_one_channel_are_refused(shape):
    for draw in (plots.filters, lambda w: plots.results(RUN, 0.9, w)):
        with pytest.raises(ValueError, match=r"w .*\(F, 1, kH, kW\)"):
            draw(np.ones(shape))


def test_the_results_are_curves_with_the_test_line_and_filters():
    fig = plots.results(RUN, 0.5, WEIGHTS)
    loss, accuracy, *filter_axes = fig.axes
    top, bottom = fig.subfigs
    assert top.bbox.height / bottom.bbox.height == pytest.approx(3 / 2.4)
    assert bottom.get_suptitle() == "First-layer filters"
    assert loss.lines[0].get_ydata().tolist() == RUN.train_loss
    assert legend(accuracy) == ["validation", "test 50.0%"]
    shown = [ax.images[0].get_array() for ax in filter_axes if ax.images]
    np.testing.assert_array_equal(shown[: len(WEIGHTS)], WEIGHTS[:, 0])


# -------------------------------------------------------- confusion and activation maps


def test_a_confusion_figure_writes_every_count_in_its_cell():
    (ax,) = plots.confusion(COUNTS, ["a", "b", "c"]).axes
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
    (ax,) = plots.confusion(COUNTS, ["a", "b", "c"]).axes
    shade = ax.images[0].get_array()
    shares = [[0.8, 0.2, 0], [0.1, 0.9, 0], [0, 0, 0]]
    np.testing.assert_allclose(shade[..., 3], np.sqrt(shares))
    assert {to_hex(pixel[:3]).upper() for pixel in shade.reshape(-1, 4)} == {
        plots.COLORS[0]
    }


def test_counts_are_light_on_dark_and_the_pages_ink_on_light():
    (ax,) = plots.confusion([[31, 69], [70, 30]], ["a", "b"]).axes
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    ink = plots.INK
    assert colours == {"31": "white", "69": "white", "70": "white", "30": ink}


def maps_of(n):
    return np.random.default_rng(3).standard_normal((n, 2, 3, 3))


def test_activation_rows_show_an_image_and_each_layers_strongest_channel():
    maps = np.zeros((2, 3, 4, 4))
    maps[0, 2, 1, 1], maps[1, 0, 2, 2], maps[1, 1, 2, 2] = 5, 1, -3
    fig = plots.activation_rows(IMAGES[:2], {"a.b": maps}, ["bar", "ring"])
    shown = [picture.get_array() for picture in pictures(fig)]
    np.testing.assert_array_equal(shown[0], IMAGES[0, 0])
    np.testing.assert_array_equal(shown[1], maps[0, 2])
    np.testing.assert_array_equal(shown[2], IMAGES[1, 0])
    np.testing.assert_array_equal(shown[3], maps[1, 1])
    assert [ax.get_ylabel() for ax in fig.axes] == ["bar", "", "ring", ""]
    assert [ax.get_title() for ax in fig.axes] == ["image", "a\nb", "", ""]
    maps = [picture.get_cmap().name for picture in pictures(fig)]
    assert maps == ["gray", "viridis"] * 2
    assert {ax.title.get_size() for ax in fig.axes} == {9}
    assert placed(fig.axes[2].yaxis.label) == (9, 0, "right", "center")
    spaced = plots.activation_rows(IMAGES[:2], {"max pool": maps_of(2)}, ["a", "b"])
    assert spaced.axes[1].get_title() == "max\npool"
    assert len(plots.activation_rows(IMAGES[:1], {"a": maps_of(1)}, ["bar"]).axes) == 2


# ------------------------------------------------------------ pictures of the gradients


@pytest.mark.parametrize(
    ("stride", "seen_by"), [(1, {2: 2, 3: 1, 4: 0}), (2, {1: 2, 2: 0})]
)
def test_the_thick_lines_lead_from_the_pixel_to_its_outputs(stride, seen_by):
    (ax,) = plots.connections(6, 3, [(stride, 1)], pixel=3).axes
    weights = {plots.COLORS[i]: i for i in range(3)}
    thick = [line for line in ax.lines if line.get_linewidth() > 2]
    assert {line.get_xdata()[0] for line in thick} == {3}
    found = {
        int(line.get_xdata()[1] / stride): weights[line.get_color()] for line in thick
    }
    assert found == seen_by


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (2, 2)])
def test_every_output_of_a_convolution_has_a_line_for_each_weight(stride, padding):
    (ax,) = plots.connections(7, 5, [(stride, padding)], pixel=2).axes
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
    fig = plots.connections(4, 3, [(1, 1), (2, 0)], pixel=0)
    padded, strided = fig.axes
    xs, ys = (dots.get_offsets().tolist() for dots in padded.collections)
    assert xs == [[pixel, 0] for pixel in range(-1, 5)]
    assert ys == [[place, 1] for place in range(4)]
    assert strided.collections[1].get_offsets().tolist() == [[1, 1]]
    colours = [to_hex(color) for color in padded.collections[0].get_facecolor()]
    assert colours == ["#ffffff", *["#000000"] * 4, "#ffffff"]  # hollow: padding
    assert to_hex(padded.collections[1].get_facecolor()[0]) == to_hex("0.7")
    for dots in padded.collections:
        assert (dots.get_sizes().tolist(), dots.get_zorder()) == ([90], 3)
        assert to_hex(dots.get_edgecolor()[0]) == "#000000"
    circle, square = (len(d.get_paths()[0].vertices) for d in padded.collections)
    assert circle > square


def test_the_axes_of_connections_name_the_pixels_and_the_stride():
    fig = plots.connections(4, 3, [(1, 1), (2, 0)], pixel=0)
    for ax, stride in zip(fig.axes, (1, 2), strict=True):
        assert ax.get_xticks().tolist() == [0, 1, 2, 3]
        assert ax.get_yticks().tolist() == [0, 1]
        assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "dy"]
        assert ax.get_ylim() == (-0.25, 1.2)
        assert (ax.get_xlabel(), ax.get_title()) == ("pixel", f"stride {stride}")
        assert not any(spine.get_visible() for spine in ax.spines.values())
    (key,) = fig.legends
    assert [text.get_text() for text in key.get_texts()] == ["w[0]", "w[1]", "w[2]"]


def test_step_errors_are_drawn_with_guides_through_the_ends():
    series = {"one": [1e-3, 1e-6, 1e-2], "two": [0, 1e-5, 1]}
    (ax,) = plots.step_errors([1e-4, 1e-2, 1], series, slopes=(-1, 2)).axes
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
    assert legend(ax) == ["one", "two", r"$\propto h^{-1}$", r"$\propto h^{2}$"]
    assert {text.get_size() for text in ax.get_legend().get_texts()} == {9}
    beside = ax.get_legend().get_bbox_to_anchor().transformed(ax.transAxes.inverted())
    assert beside.p0 == pytest.approx([1, 0.5])


def test_a_slope_is_drawn_through_the_last_error_if_it_rises():
    (ax,) = plots.step_errors([1e-4, 1], {"one": [1e-3, 1e-2]}, slopes=(0, 1)).axes
    _, level, rising = ax.lines
    np.testing.assert_allclose(level.get_ydata(), [1e-3, 1e-3])
    np.testing.assert_allclose(rising.get_ydata(), [1e-6, 1e-2])
    assert (level.get_linestyle(), rising.get_linestyle()) == ("--", ":")
    assert len(plots.step_errors([1e-4, 1], {"one": [1, 1]}).axes[0].lines) == 1


def test_reliability_is_drawn_over_the_diagonal_of_agreement():
    measured = {"raw": ([0.5, 0.9], [0.4, 0.7]), "scaled": ([0.4, 0.8], [0.4, 0.8])}
    (ax,) = plots.reliability(measured).axes
    diagonal, *lines = ax.lines
    assert [list(diagonal.get_xdata()), list(diagonal.get_ydata())] == [[0, 1], [0, 1]]
    points = [(list(line.get_xdata()), list(line.get_ydata())) for line in lines]
    assert points == list(measured.values())
    assert looks([diagonal]) == [solid(-1, "--", width=1)]
    assert looks(lines) == [solid(0, "-", "o", 3), solid(1, "--", "o", 3)]
    assert legend(ax) == ["raw", "scaled"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("stated confidence", "hit rate")
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 1), (0, 1.02))
    assert as_percent(ax.xaxis) and as_percent(ax.yaxis)


def test_compared_filters_stand_below_each_other_under_their_titles():
    fig = plots.filters_compared({"before": WEIGHTS, "after": 2 * WEIGHTS})
    assert [part.get_suptitle() for part in fig.subfigs] == ["before", "after"]
    for scale, part in zip((1, 2), fig.subfigs, strict=True):
        *panels, bar = part.axes
        shown = [ax.images[0].get_array() for ax in panels if ax.images]
        np.testing.assert_array_equal(shown, scale * WEIGHTS[:, 0])
        assert bar.get_ylim() == (
            -scale * abs(WEIGHTS).max(),
            scale * abs(WEIGHTS).max(),
        )


def test_log_shares_are_labelled_points_before_a_line_at_the_whole():
    (ax,) = plots.log_shares({"slow": 0.00074, "fast": 0.5, "all": 1}, "share").axes
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
    assert plots.log_shares({"one": 0.9}, "share").axes[0].get_xlim()[0] < 0.01


def test_answers_share_a_scale_and_kernels_are_written_out():
    kernels = np.array([[[1, -2]], [[0, 3]]])
    answers = np.array([[[4.0, -1.0]], [[0.5, -8.0]]])
    figure = plots.filter_answers(np.eye(3), kernels, answers, ["one", "two"])
    blank, first, second, image, *lower, bar = figure.axes
    assert [ax.get_title() for ax in (blank, first, second, image)] == [
        "", "one", "two", "image"
    ]  # fmt: skip
    written = [[text.get_text() for text in ax.texts] for ax in (first, second)]
    assert written == [["1", "−2"], ["0", "3"]]
    np.testing.assert_array_equal(image.images[0].get_array(), np.eye(3))
    for ax, answer in zip(lower, answers, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), answer)
        assert ax.images[0].get_clim() == (-8, 8)
    assert bar.get_ylabel() == "answer"


def test_one_kernel_needs_one_answer_and_one_title():
    kernels, answers = np.ones((2, 1, 1), int), np.ones((2, 3, 3))
    with pytest.raises(ValueError, match=r"answers must have shape \(2, H, W\)"):
        plots.filter_answers(np.eye(3), kernels, answers[:1], ["one", "two"])
    with pytest.raises(ValueError):
        plots.filter_answers(np.eye(3), kernels, answers, ["one"])
