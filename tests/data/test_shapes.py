"""The generator, the split with its sealed test set, and the ideal observer."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.data.shapes import (
    CLASS_NAMES,
    SHAPES,
    Geometry,
    draw_shape,
    make_synthetic_images,
    shape_templates,
)

SIZES = [*range(8, 25), 32]  # every small size: there the shapes are hardest to draw

# ------------------------------------------------------------------------ the templates


def test_the_classes_of_the_first_draft_come_first():
    assert CLASS_NAMES[:4] == ("horizontal bar", "vertical bar", "ring", "diagonal")
    assert len(set(CLASS_NAMES)) == 10


def drawing(class_name):
    """A class's first template at 8 x 8, as text."""
    template = shape_templates(8, 10)[CLASS_NAMES.index(class_name), 0]
    return ["".join("#" if pixel else "." for pixel in row) for row in template]


def test_the_shapes_at_8_x_8_are_what_their_names_say():
    # the first placement: centre in row 2 and column 2, radius 2
    blank, dot, bar = "........", "..#.....", "#####..."
    assert drawing("horizontal bar") == [blank, blank, bar] + [blank] * 5
    assert drawing("vertical bar") == [dot] * 5 + [blank] * 3
    assert drawing("plus") == [dot, dot, bar, dot, dot] + [blank] * 3
    falling = ["#.......", ".#......", "..#.....", "...#....", "....#..."]
    assert drawing("diagonal") == falling + [blank] * 3
    rising = ["....#...", "...#....", "..#.....", ".#......", "#......."]
    assert drawing("antidiagonal") == rising + [blank] * 3
    sides = ["#...#..."] * 3
    assert drawing("square") == [bar, *sides, bar] + [blank] * 3
    assert drawing("ring") == [".###....", *sides, ".###...."] + [blank] * 3
    assert drawing("disc") == [blank] + [".###...."] * 3 + [blank] * 4


@pytest.mark.parametrize("img_size", SIZES)
def test_no_two_classes_share_a_template(img_size):
    templates = shape_templates(img_size, 10)
    drawn = [{place.tobytes() for place in of_class} for of_class in templates]
    assert len(set().union(*drawn)) == sum(map(len, drawn))


@pytest.mark.parametrize("img_size", SIZES)
def test_no_shape_is_empty_or_cut_off_by_the_edge(img_size):
    templates, places = (
        shape_templates(img_size, 10),
        Geometry.of(img_size).placements(),
    )
    ink = templates.sum(axis=(2, 3))
    assert ink.min() > 0
    for radius in set(places[:, 2]):  # as much ink wherever the centre is
        assert (np.ptp(ink[:, places[:, 2] == radius], axis=1) == 0).all()


@pytest.mark.parametrize("img_size", [8, 16, 32])
def test_a_shape_moves_with_its_centre(img_size):
    templates, places = (
        shape_templates(img_size, 10),
        Geometry.of(img_size).placements(),
    )
    for place, drawn in zip(places[::7], templates.swapaxes(0, 1)[::7], strict=True):
        first = np.flatnonzero(places[:, 2] == place[2])[0]
        move = tuple(place[:2] - places[first, :2])
        np.testing.assert_array_equal(
            drawn, np.roll(templates[:, first], move, axis=(1, 2))
        )


def test_the_chapters_images_have_676_placements_a_class():
    assert shape_templates(32, 10).shape == (10, 13 * 13 * 4, 32, 32)
    assert len({tuple(place) for place in Geometry.of(32).placements()}) == 676


def test_templates_are_0_and_1_in_float32_and_read_only():
    templates = shape_templates(16, 4)
    assert templates.dtype == np.float32
    assert set(np.unique(templates)) == {0, 1}
    with pytest.raises(ValueError, match="read-only"):
        templates[0, 0, 0, 0] = 5


def test_fewer_classes_are_the_first_ones():
    np.testing.assert_array_equal(shape_templates(16, 4), shape_templates(16, 10)[:4])


# ------------------------------------------------------------------------ the generator


def test_images_and_labels_have_their_shapes_and_dtypes():
    X, y = make_synthetic_images(3, img_size=16, n_classes=4)
    assert (X.shape, X.dtype) == ((12, 1, 16, 16), np.float32)
    assert (y.shape, y.dtype) == ((12,), np.int64)


def test_by_default_there_are_ten_classes_of_200_images_of_32_x_32():
    X, y = make_synthetic_images()
    assert X.shape == (2000, 1, 32, 32)
    assert np.bincount(y).tolist() == [200] * 10


@given(st.integers(1, 9), st.integers(2, 10), st.integers(0, 2**32 - 1))
def test_every_class_has_as_many_images(n_per_class, n_classes, seed):
    _, y = make_synthetic_images(n_per_class, 8, n_classes, seed)
    assert np.bincount(y).tolist() == [n_per_class] * n_classes


def test_the_images_are_shuffled():
    _, y = make_synthetic_images(50, 8, 4)
    assert (np.diff(y) != 0).sum() > 50  # sorted: 3 changes, shuffled: about 150
    _, other = make_synthetic_images(50, 8, 4, seed=1)
    assert not np.array_equal(y, other)


def test_the_same_seed_gives_the_same_images_and_another_seed_others():
    (X, y), (X_again, y_again), (X_other, _) = (
        make_synthetic_images(5, 16, 4, seed=seed) for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(X, X_again)
    np.testing.assert_array_equal(y, y_again)
    assert not np.isclose(X, X_other).all(axis=(1, 2, 3)).any()


def test_a_generator_goes_on_where_it_stopped():
    rng = np.random.default_rng(7)
    first, _ = make_synthetic_images(5, 16, 4, seed=rng)
    second, _ = make_synthetic_images(5, 16, 4, seed=rng)
    np.testing.assert_array_equal(first, make_synthetic_images(5, 16, 4, seed=7)[0])
    assert not np.array_equal(first, second)


def test_the_noise_changes_neither_labels_nor_placements():
    _, y, places = make_synthetic_images(5, 16, 4, noise=0.1, return_places=True)
    _, y_2, places_2 = make_synthetic_images(5, 16, 4, noise=2, return_places=True)
    np.testing.assert_array_equal(y, y_2)
    np.testing.assert_array_equal(places, places_2)


@pytest.mark.parametrize("noise", [0.2, 1.5])
def test_an_image_is_its_template_plus_gaussian_noise(noise):
    X, y, places = make_synthetic_images(40, 16, 10, noise=noise, return_places=True)
    all_places = Geometry.of(16).placements().tolist()
    drawn = [all_places.index(place) for place in places.tolist()]
    rest = X[:, 0] - shape_templates(16, 10)[y, drawn]
    n = rest.size  # about 100,000: the bounds are five standard errors wide
    assert abs(rest.mean()) < 5 * noise / math.sqrt(n)
    assert rest.std() == pytest.approx(noise, rel=5 / math.sqrt(2 * n))
    assert np.mean(np.abs(rest) < noise) == pytest.approx(0.6827, abs=0.008)
    assert abs((rest[:, :, 1:] * rest[:, :, :-1]).mean()) < 5 * noise**2 / math.sqrt(n)


def test_all_placements_of_a_class_are_equally_likely():
    _, y, places = make_synthetic_images(2000, 8, 2, return_places=True)
    for label in (0, 1):
        _, counts = np.unique(places[y == label], axis=0, return_counts=True)
        assert len(counts) == 9
        assert np.abs(counts - 2000 / 9).max() < 5 * math.sqrt(2000 / 9)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"n_per_class": 0}, "n_per_class .*0"),
        ({"n_per_class": 2.5}, r"n_per_class .*2\.5"),
        ({"img_size": 7}, "img_size .*7"),
        ({"img_size": 8.5}, r"img_size .*8\.5"),
        ({"n_classes": 11}, "n_classes .*10.*11"),
        ({"n_classes": 1}, "n_classes .*1"),
        ({"noise": 0}, "noise .*0"),
        ({"noise": -0.5}, r"noise .*-0\.5"),
        ({"noise": math.nan}, "noise .*nan"),
        ({"noise": math.inf}, "noise .*inf"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(bad, message):
    with pytest.raises(ValueError, match=message):
        make_synthetic_images(**{"n_per_class": 2} | bad)


def test_a_size_that_is_no_whole_number_is_refused_after_the_whole_one_too():
    shape_templates(16, 4)  # kept for the next call
    with pytest.raises(ValueError, match=r"img_size .*16\.0"):
        shape_templates(16.0, 4)


# ---------------------------------------------------------------------------- the split


# ------------------------------------------------------------------ the sealed test set


# ------------------------------------------------------------------- the ideal observer


def test_a_triangle_at_32_x_32_has_sides_and_a_base_of_three_pixels():
    # the first placement: radius 6, of which the triangle takes 5
    triangle = shape_templates(32, 10)[CLASS_NAMES.index("triangle"), 0]
    rows = [int(count) for count in triangle.sum(axis=1) if count]
    assert rows == [1, 1, 3, 3, 4, 4, 4, 4, 9, 9, 11]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("horizontal bar", [13] * 3),
        ("vertical bar", [3] * 13),
        ("diagonal", [2] + [3] * 11 + [2]),
        ("antidiagonal", [2] + [3] * 11 + [2]),
        ("square", [9] * 3 + [6] * 3 + [9] * 3),
        ("plus", [3] * 4 + [11] * 3 + [3] * 4),
        ("cross", [4] + [6] * 3 + [5, 3, 5] + [6] * 3 + [4]),
    ],
)
def test_strokes_at_32_x_32_are_three_pixels_wide(name, rows):
    template = shape_templates(32, 10)[CLASS_NAMES.index(name), 0]
    assert [int(count) for count in template.sum(axis=1) if count] == rows


def test_the_geometry_is_in_proportion_to_that_of_32_x_32():
    assert Geometry.of(32) == Geometry(32, 6, (6, 7, 8, 9), 3)
    assert Geometry.of(16) == Geometry(16, 3, (3, 4), 1)
    assert Geometry.of(64) == Geometry(64, 12, tuple(range(12, 19)), 5)
    assert Geometry.of(8).jitter == min(2, 3 - Geometry.of(8).radii[-1])


def test_a_shape_of_ones_own_is_drawn_at_every_placement():
    seen = []

    def dot(i, j, r, stroke):
        seen.append((r.ravel().tolist(), stroke))
        return (i == 0) & (j == r)

    drawn, places = draw_shape(dot, 16), Geometry.of(16).placements()
    assert (drawn.shape, drawn.dtype) == ((len(places), 16, 16), np.float32)
    np.testing.assert_array_equal(
        np.argwhere(drawn)[:, 1:], places[:, :2] + np.outer(places[:, 2], [0, 1])
    )
    assert seen == [(places[:, 2].tolist(), 1)]


def test_the_classes_are_the_shapes_in_their_order():
    assert tuple(SHAPES) == CLASS_NAMES
    for shape, templates in zip(SHAPES.values(), shape_templates(16, 10), strict=True):
        np.testing.assert_array_equal(draw_shape(shape, 16), templates)


def test_masks_come_last_and_are_the_pixels_that_were_drawn():
    arguments = {"n_per_class": 3, "img_size": 16, "noise": 1e-3}
    X, y, _, masks = make_synthetic_images(
        **arguments, return_places=True, return_masks=True
    )
    assert (masks.shape, masks.dtype) == ((30, 16, 16), bool)
    np.testing.assert_array_equal(masks, X[:, 0] > 0.5)
    X_again, y_again, masks_again = make_synthetic_images(
        **arguments, return_masks=True
    )
    for one, other in ((X, X_again), (y, y_again), (masks, masks_again)):
        np.testing.assert_array_equal(one, other)
