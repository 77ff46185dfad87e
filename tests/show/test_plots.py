"""The figures: what is drawn, in which colours, under which labels."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
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


@each_figure
def test_axes_with_lines_bars_or_ticks_say_what_they_show(make):
    for ax in make().axes:
        if ax.lines and not ax.images:
            assert ax.get_xlabel()
            assert ax.get_ylabel()


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
    assert {"25.0%", "90.0%"} <= {text.get_text() for text in ax.texts}


def test_bars_that_are_no_shares_have_plain_numbers():
    (ax,) = plots.bars(["a"], [1234.5], "images a second", percent=False).axes
    assert [text.get_text() for text in ax.texts] == ["1.23e+03"]


def test_a_reference_is_a_labelled_line_at_its_value():
    (ax,) = plots.bars(["a"], [0.5], "accuracy", reference=("chance", 0.1)).axes
    (line,) = ax.lines
    assert set(line.get_xdata()) == {0.1}
    assert legend(ax) == ["chance"]


def test_curves_go_through_their_points_in_looks_of_their_own():
    series = {"one": [3, 4, 5], "two": [1, 1, 2], "three": [0, 1, 0]}
    (ax,) = plots.curves([1, 2, 4], series, "size", "error").axes
    assert [line.get_ydata().tolist() for line in ax.lines] == [*series.values()]
    assert all(line.get_xdata().tolist() == [1, 2, 4] for line in ax.lines)
    assert len({to_hex(line.get_color()) for line in ax.lines}) == 3
    assert len({line.get_linestyle() for line in ax.lines}) == 3
    assert legend(ax) == ["one", "two", "three"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("size", "error")


def test_an_interval_is_shaded_from_low_to_high():
    series = {"one": ([0.5, 0.6], [0.4, 0.5], [0.7, 0.9])}
    (ax,) = plots.curves([1, 2], series, "size", "accuracy", percent=True).axes
    (shade,) = ax.collections
    corners = shade.get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (0.4, 0.9)
    assert ax.lines[0].get_ydata().tolist() == [0.5, 0.6]


def test_the_axes_of_curves_can_be_logarithmic():
    arguments = ([1, 10], {"one": [1, 100]}, "size", "error")
    (plain,) = plots.curves(*arguments).axes
    (logarithmic,) = plots.curves(*arguments, logx=True, logy=True).axes
    assert (plain.get_xscale(), plain.get_yscale()) == ("linear", "linear")
    assert (logarithmic.get_xscale(), logarithmic.get_yscale()) == ("log", "log")


# ----------------------------------------------------------------- training and filters


def test_learning_curves_show_losses_and_accuracy_over_the_epochs():
    loss, accuracy = plots.learning_curves(RUN).axes
    training, validation = loss.lines
    assert training.get_xdata().tolist() == [1, 2, 3]
    assert training.get_ydata().tolist() == RUN.train_loss
    assert validation.get_ydata().tolist() == RUN.val_loss
    assert training.get_linestyle() != validation.get_linestyle()
    assert training.get_color() != validation.get_color()
    assert [line.get_ydata().tolist() for line in accuracy.lines] == [RUN.val_accuracy]
    assert legend(loss) == ["training", "validation"]


def test_the_test_accuracy_is_a_line_with_its_value_if_it_is_given():
    _, without = plots.learning_curves(RUN).axes
    _, accuracy = plots.learning_curves(RUN, 0.912).axes
    assert legend(without) == ["validation"]
    assert legend(accuracy) == ["validation", "test 91.2%"]
    assert set(accuracy.lines[1].get_ydata()) == {0.912}


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


@pytest.mark.parametrize("shape", [(8, 3, 5, 5), (5, 5)])
def test_filters_of_other_than_one_channel_are_refused(shape):
    for draw in (plots.filters, lambda w: plots.results(RUN, 0.9, w)):
        with pytest.raises(ValueError, match=r"w .*\(F, 1, kH, kW\)"):
            draw(np.ones(shape))


def test_the_results_are_curves_with_the_test_line_and_filters():
    loss, accuracy, *filter_axes = plots.results(RUN, 0.5, WEIGHTS).axes
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
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


def test_a_confusion_figure_is_shaded_by_the_share_of_the_true_class():
    (ax,) = plots.confusion(COUNTS, ["a", "b", "c"]).axes
    shares = [[0.8, 0.2, 0], [0.1, 0.9, 0], [0, 0, 0]]
    np.testing.assert_allclose(ax.images[0].get_array(), shares)
    assert ax.images[0].get_clim() == (0, 1)
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    assert colours["9"] != colours["1"]  # light on dark, dark on light


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


# ------------------------------------------------------------ pictures of the gradients


@pytest.mark.parametrize(
    "make",
    [
        lambda: plots.connections(6, 3, [(1, 1), (2, 1)], pixel=3),
        lambda: plots.step_errors([1e-4, 1], {"one": [1e-6, 0]}, slopes=(2, -1)),
    ],
)
def test_the_pictures_of_gradients_keep_to_the_same_rules(make):
    test_a_function_returns_a_figure_that_pyplot_does_not_keep(make)
    test_a_figure_can_be_drawn_on_white(make)
    test_the_readers_own_settings_stay(make)
    test_all_text_lies_inside_the_figure(make)


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


def test_every_output_of_a_convolution_has_a_line_for_each_weight():
    (ax,) = plots.connections(7, 5, [(2, 0)], pixel=0).axes
    assert len(ax.lines) == 2 * 5  # two places for a window of five
    assert len({line.get_linestyle() for line in ax.lines[:3]}) == 3


def test_step_errors_are_drawn_with_guides_through_the_ends():
    series = {"one": [1e-3, 1e-6, 1e-2], "two": [0, 1e-5, 1]}
    (ax,) = plots.step_errors([1e-4, 1e-2, 1], series, slopes=(-1, 2)).axes
    one, two, falling, rising = ax.lines
    assert one.get_ydata().tolist() == series["one"]
    assert two.get_ydata()[1:].tolist() == [1e-5, 1]
    assert 0 < two.get_ydata()[0] < 1e-15  # an error of 0 has no logarithm
    np.testing.assert_allclose(falling.get_ydata(), [1e-3, 1e-5, 1e-7])
    np.testing.assert_allclose(rising.get_ydata(), [1e-10, 1e-6, 1e-2])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert legend(ax)[:2] == ["one", "two"]
