"""Grids of pictures: every one in its place, and stacked where a page is narrow."""

import numpy as np
import pytest
from drawn import IMAGES, WEIGHTS, arrays, pictures, pixels, placed, titles

from ch335_helpers.show.figures.pictures import (
    activation_rows,
    filter_answers,
    filters,
    filters_compared,
    image_grid,
)


def test_an_image_grid_shows_every_image_once_in_order():
    fig = image_grid(IMAGES, columns=3)
    assert len(fig.axes) == 6
    shown = [picture.get_array() for picture in pictures(fig)]
    np.testing.assert_array_equal(shown, IMAGES[:, 0])


def test_all_images_of_a_grid_have_one_range_of_greys():
    ranges = {p.get_clim() for p in pictures(image_grid(IMAGES))}
    assert ranges == {(IMAGES.min(), IMAGES.max())}


def test_signed_images_have_0_in_the_middle_of_their_range():
    (low, high), *others = {
        p.get_clim() for p in pictures(image_grid(IMAGES, signed=True))
    }
    assert (-low, others) == (high, [])
    assert high == np.abs(IMAGES).max()


def test_images_without_a_channel_axis_look_the_same():
    with_axis, without = image_grid(IMAGES), image_grid(IMAGES[:, 0])
    np.testing.assert_array_equal(pixels(with_axis), pixels(without))


def test_titles_stand_over_their_images_and_row_titles_beside_their_rows():
    names = ["one", "two", "three"]
    fig = image_grid(IMAGES[:4], names, columns=2, row_titles=["up", "below\nit"])
    assert titles(fig) == ["one", "two", "three", ""]
    assert [ax.get_ylabel() for ax in fig.axes] == ["up", "", "below\nit", ""]
    assert {ax.title.get_size() for ax in fig.axes} == {9}
    assert placed(fig.axes[0].yaxis.label) == (9, 0, "right", "center")
    # room for the five letters of "below", and for a line of titles over each row
    size = 3 + 5 / 14 + 0.1, 2 * (1.55 + 0.16)
    np.testing.assert_allclose(fig.get_size_inches(), size)


def test_pictures_have_no_ticks_and_no_frame():
    figures = image_grid(IMAGES), filters(WEIGHTS)
    for ax in (*figures[0].axes, *figures[1].axes[:6]):
        assert [*ax.get_xticks(), *ax.get_yticks()] == []
        assert not any(spine.get_visible() for spine in ax.spines.values())


def titled(title, columns):
    """How an image grid of that many columns breaks a title of its first image."""
    images = np.zeros((columns, 2, 2))
    return image_grid(images, [title], columns=columns).axes[0].get_title()


def test_a_title_is_broken_where_it_is_wider_than_its_picture():
    # a column of 7.6 / 5 inches has room for 21 letters, one of 7.6 / 10 for 10
    assert titled("of one and twenty let", 5) == "of one and twenty let"
    # the last line is the longest, so that a number stays with its name
    assert titled("network: horizontal bar 90%", 5) == "network:\nhorizontal bar 90%"
    assert titled("a\nvertical bar", 10) == "a\nvertical\nbar"
    assert titled("antidiagonal", 10) == "anti-\ndiagonal"
    assert titled("antidiagonal", 5) == "antidiagonal"
    assert titled("twelve-letters", 10) == "twelve-letters"  # no place to break it


def test_titles_of_a_row_are_level_over_their_images():
    fig = image_grid(IMAGES[:4], ["one", "two\nlines", "", "three"], columns=2)
    raw = [ax.get_title() for ax in fig.axes]
    assert raw == [" \none", "two\nlines", " ", "three"]
    np.testing.assert_allclose(fig.get_size_inches(), (3, 2 * 1.55 + 3 * 0.16))
    pixels(fig)
    tops = [ax.get_position().y1 for ax in fig.axes]
    assert tops[0] == pytest.approx(tops[1]) and tops[2] == pytest.approx(tops[3])


def test_a_wide_grid_has_its_right_half_below_the_left_one_on_a_phone():
    images = np.arange(10 * 4.0).reshape(10, 2, 2)
    names = [*"abcdefghi"]
    fig = image_grid(images, names, columns=5, row_titles=["up", "down"])
    left, right = fig.panels
    assert titles(left) == ["a", "b", "c", "f", "g", "h"]
    assert titles(right) == ["d", "e", "i", ""]
    np.testing.assert_array_equal(arrays(left), images[[0, 1, 2, 5, 6, 7]])
    np.testing.assert_array_equal(arrays(right), images[[3, 4, 8, 9]])
    assert {p.get_clim() for part in fig.panels for p in pictures(part)} == {(0, 39)}
    for part in fig.panels:
        labels = [ax.get_ylabel() for ax in part.axes]
        assert [label for label in labels if label] == ["up", "down"]


def test_both_halves_have_pictures_of_one_size_that_fill_page_and_phone():
    beside = 4 / 14 + 0.1
    images = np.zeros((10, 2, 2))
    fig = image_grid(images, columns=5, row_titles=["up", "down"])
    size = (7.6 - 2 * beside) / 5
    for part, n in zip(fig.panels, (3, 2), strict=True):
        expected = beside + n * size, 2 * (size + 0.05)
        np.testing.assert_allclose(part.get_size_inches(), expected)
    np.testing.assert_allclose(fig.get_size_inches()[0], 7.6)
    # of five without titles, three would be wider than a phone
    left, right = image_grid(images, columns=5).panels
    widths = left.get_figwidth(), right.get_figwidth()
    assert widths == pytest.approx((4.5, 3))
    assert [p.get_figwidth() for p in image_grid(images).panels] == [3.8, 3.8]


def test_the_halves_are_level_side_by_side():
    names = ["one", "two", "three\nlines of\ntext", "", "five"]
    places = []
    for part in image_grid(np.zeros((10, 2, 2)), names, columns=5).panels:
        pixels(part)
        part.draw_without_rendering()
        places.append({round(ax.get_position().y1, 3) for ax in part.axes})
    assert places[0] == places[1] and len(places[0]) == 2


def test_a_grid_that_fits_on_a_phone_is_one_picture():
    assert image_grid(IMAGES, columns=3).panels == []
    # pictures shrink a little to make room for the titles of rows
    fig = image_grid(IMAGES[:3], columns=3, row_titles=["in width"])
    assert fig.panels == [] and fig.get_figwidth() == pytest.approx(4.5)
    assert len(image_grid(IMAGES[:4], columns=4).panels) == 2


def test_a_last_row_may_be_shorter():
    fig = image_grid(IMAGES, columns=4)
    assert len(fig.axes) == 8 and len(pictures(fig)) == 5
    left, right = fig.panels
    assert (len(pictures(left)), len(pictures(right))) == (3, 2)


def test_an_image_grid_is_ten_columns_wide_grey_and_signed_red_and_blue():
    assert len(image_grid(np.zeros((11, 2, 2))).axes) == 20
    assert len(image_grid(IMAGES).axes) == 5  # no more columns than images
    plain, signed = (image_grid(IMAGES, signed=s) for s in (False, True))
    assert {picture.get_cmap().name for picture in pictures(plain)} == {"gray"}
    assert {picture.get_cmap().name for picture in pictures(signed)} == {"RdBu_r"}


def test_blank_images_can_be_shown_signed_too():
    first, second = pictures(image_grid(np.zeros((2, 3, 3)), signed=True))
    assert first.get_clim() == second.get_clim() == (-1, 1)


@pytest.mark.parametrize("shape", [(6, 6), (0, 1, 6, 6)])
def test_what_is_no_batch_of_images_is_refused(shape):
    with pytest.raises(ValueError, match="images"):
        image_grid(np.zeros(shape))


def test_row_titles_must_be_one_a_row():
    message = r"row_titles .* one title for each of the 2 rows, got 1: \['one'\]"
    with pytest.raises(ValueError, match=message):
        image_grid(IMAGES, columns=3, row_titles=["one"])
    with pytest.raises(ValueError, match="row_titles"):
        image_grid(IMAGES, columns=3, row_titles=["a", "b", "c"])


def test_every_filter_is_shown_in_one_scale_around_0():
    shown = pictures(filters(WEIGHTS))
    np.testing.assert_array_equal(
        [picture.get_array() for picture in shown[: len(WEIGHTS)]], WEIGHTS[:, 0]
    )
    limit = np.abs(WEIGHTS).max()
    assert {picture.get_clim() for picture in shown[: len(WEIGHTS)]} == {
        (-limit, limit)
    }
    assert {picture.get_cmap().name for picture in shown[:5]} == {"RdBu_r"}


def test_filters_lie_in_two_rows_beside_a_scale_of_their_weights():
    fig = filters(WEIGHTS, "five filters")
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
    assert filters(WEIGHTS).get_suptitle() == "First-layer filters"


@pytest.mark.parametrize("shape", [(8, 3, 5, 5), (5, 5)])
def test_filters_of_other_than_one_channel_are_refused(shape):
    for draw in (filters, lambda w: filters_compared({"a": w})):
        with pytest.raises(ValueError, match=r"w .*\(F, 1, kH, kW\)"):
            draw(np.ones(shape))


def test_activation_rows_show_an_image_and_each_layers_strongest_channel():
    maps = np.zeros((2, 3, 4, 4))
    # the largest mean decides, not the largest value or the spread
    maps[0, 2], maps[0, 1, 1, 1], maps[1, 0, 2, 2], maps[1, 1, 2, 2] = 1, 9, 1, -3
    fig = activation_rows(IMAGES[:2], {"a.b": maps, "pool": maps}, ["bar", "big ring"])
    assert maps[0, 2].mean() > maps[0, 1].mean()
    first, second = [IMAGES[0, 0], maps[0, 2]], [IMAGES[1, 0], maps[1, 0]]
    for found, expected in zip(
        arrays(fig), [*first, maps[0, 2], *second, maps[1, 0]], strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    assert titles(fig) == [
        *("image", "a\nb\nchannel 2", "pool\nchannel 2"),
        *("", "channel 0", "channel 0"),
    ]
    assert [ax.get_ylabel() for ax in fig.axes] == ["bar", "", "", "big\nring", "", ""]
    colours = [picture.get_cmap().name for picture in pictures(fig)]
    assert colours == ["gray", "viridis", "viridis"] * 2
    assert {ax.title.get_size() for ax in fig.axes} == {9}
    assert placed(fig.axes[3].yaxis.label) == (9, 0, "right", "center")


def test_many_layers_are_two_stacks_on_a_phone_and_small_pictures():
    maps = {f"layer{n}": np.zeros((2, 1, 3, 3)) for n in range(6)}
    left, right = activation_rows(IMAGES[:2], maps, ["four", "five"]).panels
    assert titles(left)[:4] == [
        "image", *(f"layer{n}\nchannel 0" for n in range(3))
    ]  # fmt: skip
    assert titles(right)[:3] == [f"layer{n}\nchannel 0" for n in range(3, 6)]
    beside = 4 / 14 + 0.1
    assert left.get_figwidth() == pytest.approx(beside + 4 * 0.75)
    assert right.get_figwidth() == pytest.approx(beside + 3 * 0.75)
    for part in (left, right):
        assert part.get_figheight() == pytest.approx(2 * (0.75 + 0.05) + 3 * 0.16)
    assert len(activation_rows(IMAGES[:1], {"a": np.ones((1, 2, 3, 3))}, "a").axes) == 2


def test_compared_filters_stand_below_each_other_under_their_titles():
    fig = filters_compared({"before": WEIGHTS, "after": 2 * WEIGHTS})
    assert fig.get_size_inches().tolist() == [4.5, 3.4]
    assert filters(WEIGHTS).get_size_inches().tolist() == [4.5, 1.7]
    assert [part.get_suptitle() for part in fig.subfigs] == ["before", "after"]
    for scale, part in zip((1, 2), fig.subfigs, strict=True):
        *panels, bar = part.axes
        shown = [ax.images[0].get_array() for ax in panels if ax.images]
        np.testing.assert_array_equal(shown, scale * WEIGHTS[:, 0])
        assert bar.get_ylim() == (
            -scale * abs(WEIGHTS).max(),
            scale * abs(WEIGHTS).max(),
        )


def test_answers_share_a_scale_and_kernels_are_written_out():
    kernels = np.array([[[1, -2]], [[0, 3]]])
    answers = np.array([[[4.0, -1.0]], [[0.5, -8.0]]])
    figure = filter_answers(np.eye(3), kernels, answers, ["one", "two"])
    scale, first, second, image, *lower = figure.axes
    assert titles(figure) == ["", "one", "two", "image", "", ""]
    written = [[text.get_text() for text in ax.texts] for ax in (first, second)]
    assert written == [["1", "−2"], ["0", "3"]]
    places = [[text.get_position() for text in ax.texts] for ax in (first, second)]
    assert places == [[(0, 0), (1, 0)]] * 2
    assert {placed(text) for text in first.texts} == {(9, 0, "center", "center")}
    for ax, kernel, limit in zip((first, second), kernels, (4, 6), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), kernel)
        assert ax.images[0].get_clim() == (-limit, limit)  # pale
    np.testing.assert_array_equal(image.images[0].get_array(), np.eye(3))
    assert image.images[0].get_cmap().name == "gray"
    for ax, answer in zip(lower, answers, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), answer)
        assert ax.images[0].get_clim() == (-8, 8)
        assert ax.images[0].get_cmap().name == "RdBu_r"
    (bar,) = scale.child_axes
    assert (bar.get_xlabel(), bar.get_xlim()) == ("answer", (-8, 8))
    pixels(figure)
    place = bar.get_window_extent().transformed(scale.transAxes.inverted())
    np.testing.assert_allclose(place.bounds, (0, 0.45, 1, 0.12), atol=1e-6)


def test_kernels_and_their_answers_stay_together_on_a_phone():
    kernels, answers = np.ones((4, 1, 1), int), np.ones((4, 3, 3))
    left, right = filter_answers(np.eye(3), kernels, answers, [*"abcd"]).panels
    assert titles(left) == ["", "a", "b", "image", "", ""]
    assert titles(right) == ["c", "d", "", ""]


def test_one_kernel_needs_one_answer_and_one_title():
    kernels, answers = np.ones((2, 1, 1), int), np.ones((2, 3, 3))
    with pytest.raises(ValueError, match=r"answers must have shape \(2, H, W\)"):
        filter_answers(np.eye(3), kernels, answers[:1], ["one", "two"])
    with pytest.raises(ValueError):
        filter_answers(np.eye(3), kernels, answers, ["one"])
