"""The generator, the split with its sealed test set, and the ideal observer."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.data import (
    CLASS_NAMES,
    DEFAULT_NOISE,
    Geometry,
    ImageStream,
    class_posterior,
    make_synthetic_images,
    shape_templates,
)
from ch335_helpers.protocol import SealedTestSet, train_val_test_split

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


@pytest.fixture
def numbered(rng):
    """100 images of each of 4 classes, each with its own number in its first pixel."""
    X = rng.standard_normal((400, 1, 2, 2))
    X[:, 0, 0, 0] = np.arange(400)
    return X, np.arange(400) % 4


def ids(X):
    return X[:, 0, 0, 0].astype(int).tolist()


def test_a_split_is_stratified_to_the_image(numbered):
    split = train_val_test_split(*numbered)
    _, y_test = split.test.open()
    counts = [np.bincount(y).tolist() for y in (split.y_train, split.y_val, y_test)]
    assert counts == [[70] * 4, [15] * 4, [15] * 4]


def test_every_image_stands_in_exactly_one_part_with_its_label(numbered):
    X, y = numbered
    split = train_val_test_split(X, y)
    X_test, y_test = split.test.open()
    parts = [
        (split.X_train, split.y_train),
        (split.X_val, split.y_val),
        (X_test, y_test),
    ]
    assert sorted(n for part, _ in parts for n in ids(part)) == list(range(400))
    for part, labels in parts:
        np.testing.assert_array_equal(X[ids(part)], part)
        np.testing.assert_array_equal(y[ids(part)], labels)


def test_the_seed_decides_the_split(numbered):
    first, again, other = (train_val_test_split(*numbered, seed=s) for s in (3, 3, 4))
    assert ids(first.X_train) == ids(again.X_train)
    assert ids(first.test.open()[0]) == ids(again.test.open()[0])
    assert set(ids(first.X_val)) != set(ids(other.X_val))


def test_each_part_is_shuffled(numbered):
    split = train_val_test_split(*numbered)
    for y in (split.y_train, split.y_val, split.test.open()[1]):
        assert (np.diff(y) != 0).sum() > len(y) / 2  # sorted: 3 changes


def test_the_split_does_not_follow_the_order_of_the_images(numbered):
    split = train_val_test_split(*numbered)
    assert 150 < np.mean(ids(split.X_train)) < 250
    assert 120 < np.mean(ids(split.X_val)) < 280


def test_other_fractions_will_do(numbered):
    split = train_val_test_split(*numbered, fractions=(0.5, 0.2, 0.3))
    assert (len(split.y_train), len(split.y_val), len(split.test)) == (200, 80, 120)


def test_the_split_leaves_its_arrays_alone(numbered):
    X, y = numbered
    kept_X, kept_y = X.copy(), y.copy()
    split = train_val_test_split(X, y)
    split.X_train[:], split.y_train[:] = -1, -1
    np.testing.assert_array_equal(X, kept_X)
    np.testing.assert_array_equal(y, kept_y)


def test_unequal_classes_keep_their_shares(rng):
    y = np.repeat([0, 1], [300, 100])
    split = train_val_test_split(rng.standard_normal((400, 1, 2, 2)), y)
    assert np.bincount(split.y_train).tolist() == [210, 70]
    assert np.bincount(split.y_val).tolist() == [45, 15]


@pytest.mark.parametrize(
    "fractions",
    [
        (0.7, 0.2, 0.2),
        (0.5, 0.2, 0.2),
        (0.8, 0.2, 0),
        (1.2, -0.1, -0.1),
        (0.5, 0.5),
        (0.4, 0.2, 0.2, 0.2),
        (math.nan, 0.5, 0.5),
    ],
)
def test_fractions_that_are_no_shares_are_refused(numbered, fractions):
    with pytest.raises(ValueError, match=rf"fractions .*{fractions[1]}"):
        train_val_test_split(*numbered, fractions=fractions)


def test_a_part_without_an_image_of_some_class_is_refused(rng):
    X, y = rng.standard_normal((23, 1, 2, 2)), np.repeat([0, 5], [20, 3])
    with pytest.raises(ValueError, match=r"class 5 .*3"):
        train_val_test_split(X, y)


def test_copies_in_two_parts_are_refused(numbered):
    X, y = numbered
    X[y == 2] = X[2]
    with pytest.raises(ValueError, match=r"image \d+ .*copy"):
        train_val_test_split(X, y)


def test_a_copy_under_another_label_is_a_copy_too(rng):
    X = rng.standard_normal((40, 1, 2, 2))
    X[20:] = X[0]
    with pytest.raises(ValueError, match=r"image \d+ .*copy"):
        train_val_test_split(X, np.repeat([0, 1], 20))


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.zeros(399, int), ValueError, r"y .*400.*\(399,\)"),
        (np.zeros((400, 1), int), ValueError, r"y .*\(400, 1\)"),
        (np.zeros(400), TypeError, "y .*float64"),
        (np.full(400, -1), ValueError, "y .*-1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(numbered, y, error, message):
    with pytest.raises(error, match=message):
        train_val_test_split(numbered[0], y)


def test_nothing_cannot_be_split():
    with pytest.raises(ValueError, match=r"\(0,\)"):
        train_val_test_split(np.zeros((0, 1, 2, 2)), np.zeros(0, int))


# ------------------------------------------------------------------ the sealed test set


def sealed():
    return SealedTestSet(np.arange(3.0), np.array([0, 1, 2]))


def test_a_sealed_test_set_opens_once_without_a_reason():
    test = sealed()
    X, y = test.open()
    assert (X.tolist(), y.tolist()) == ([0, 1, 2], [0, 1, 2])
    for reason in (None, ""):
        with pytest.raises(RuntimeError, match=r"opened already.*reason"):
            test.open(reason)


def test_a_reason_opens_it_again_and_is_kept():
    test = sealed()
    test.open()
    X, _ = test.open(reason="a bug in the metric")
    assert X.tolist() == [0, 1, 2]
    assert len(test.openings) == 2
    assert test.openings[1] == "a bug in the metric"
    with pytest.raises(RuntimeError):
        test.open()


def test_a_refused_opening_is_not_counted():
    test = sealed()
    test.open()
    with pytest.raises(RuntimeError):
        test.open()
    assert len(test.openings) == 1


def test_its_size_and_its_seal_can_be_seen_without_opening_it():
    test = sealed()
    assert len(test) == 3
    assert "3 images, sealed" in repr(test)
    test.open()
    assert "3 images, opened 1" in repr(test)


def test_what_was_handed_out_does_not_reach_back():
    test = sealed()
    X, y = test.open()
    X[:], y[:] = -1, -1
    X, y = test.open("again")
    assert (X.tolist(), y.tolist()) == ([0, 1, 2], [0, 1, 2])


# ------------------------------------------------------------------- the ideal observer


def brute_force_posterior(image, n_classes, noise):
    """Bayes' rule with one loop after another, pixel by pixel."""
    weights = []
    for of_class in shape_templates(8, n_classes).tolist():
        weight = 0.0
        for template in of_class:
            squares = 0.0
            for row, template_row in zip(image.tolist(), template, strict=True):
                for pixel, clean in zip(row, template_row, strict=True):
                    squares += (pixel - clean) ** 2
            weight += math.exp(-squares / (2 * noise**2))
        weights.append(weight)
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize("n_classes", [2, 10])
@pytest.mark.parametrize("noise", [0.5, 1.5])
def test_the_posterior_equals_the_loops(noise, n_classes):
    X, _ = make_synthetic_images(3, 8, n_classes, seed=5, noise=noise)
    posterior = class_posterior(X, 8, n_classes, noise)
    expected = [brute_force_posterior(image[0], n_classes, noise) for image in X]
    np.testing.assert_allclose(posterior, expected, rtol=1e-4, atol=1e-9)


def test_a_posterior_worked_by_hand():
    bar = shape_templates(8, 2)[0, 0]
    far = class_posterior(bar[None, None], 8, 2, noise=0.1)
    np.testing.assert_allclose(far, [[1, 0]], atol=1e-12)
    # the upright and the flat bar are each other's mirror image: no telling which
    half = (bar + bar.T)[None, None] / 2
    np.testing.assert_allclose(
        class_posterior(half, 8, 2, 0.5), [[0.5, 0.5]], rtol=1e-5
    )


@given(st.integers(1, 20), st.floats(0.05, 20), st.integers(0, 2**32 - 1))
def test_the_rows_of_a_posterior_sum_to_1(n, noise, seed):
    images = 3 * np.random.default_rng(seed).standard_normal((n, 1, 8, 8))
    posterior = class_posterior(images, 8, 10, noise)
    assert (posterior.shape, posterior.dtype) == ((n, 10), np.float64)
    assert posterior.min() >= 0
    np.testing.assert_allclose(posterior.sum(axis=1), 1, rtol=1e-12)


def test_little_noise_leaves_no_doubt():
    X, y = make_synthetic_images(30, 16, 10, noise=0.1)
    posterior = class_posterior(X, 16, 10, noise=0.1)
    np.testing.assert_array_equal(posterior.argmax(axis=1), y)
    assert posterior.max(axis=1).min() > 0.999


def test_endless_noise_leaves_nothing_but_the_prior():
    X, _ = make_synthetic_images(3, 8, 10)
    np.testing.assert_allclose(class_posterior(X, 8, 10, noise=1e4), 0.1, atol=1e-6)


def test_the_posterior_is_right_as_often_as_it_says():
    X, y = make_synthetic_images(400, 16, 10, seed=3, noise=1.5)
    posterior = class_posterior(X, 16, 10, noise=1.5)
    confidence, right = posterior.max(axis=1), posterior.argmax(axis=1) == y
    assert 0.2 < confidence.mean() < 0.9  # or there would be nothing to test
    for low, high in [(0, 1), (0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1)]:
        chosen = (low <= confidence) & (confidence <= high)
        p = confidence[chosen]
        error = math.sqrt((p * (1 - p)).sum()) / len(p)
        assert abs(right[chosen].mean() - p.mean()) < 4 * error


def test_each_class_is_as_frequent_as_the_posterior_says():
    X, y = make_synthetic_images(400, 16, 10, seed=4, noise=1.5)
    posterior = class_posterior(X, 16, 10, noise=1.5)
    for label in range(10):
        p = posterior[:, label]
        error = math.sqrt((p * (1 - p)).sum())
        assert abs((y == label).sum() - p.sum()) < 4 * error


def test_an_overconfident_noise_shows_in_the_calibration():
    X, y = make_synthetic_images(400, 16, 10, seed=3, noise=1.5)
    posterior = class_posterior(X, 16, 10, noise=1.0)
    right = posterior.argmax(axis=1) == y
    assert posterior.max(axis=1).mean() > right.mean() + 0.05


def test_many_images_are_judged_as_each_on_its_own():
    X, _ = make_synthetic_images(300, 8, 2, seed=2, noise=1)
    together = class_posterior(X, 8, 2, noise=1)
    alone = np.concatenate([class_posterior(X[n : n + 1], 8, 2, 1) for n in range(600)])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-9)


def test_the_posterior_leaves_its_images_alone():
    X, _ = make_synthetic_images(2, 8, 4)
    X.flags.writeable = False
    kept = X.copy()
    class_posterior(X, 8, 4)
    np.testing.assert_array_equal(X, kept)


def test_the_defaults_of_posterior_and_generator_are_the_same():
    X, _ = make_synthetic_images(1)
    np.testing.assert_array_equal(
        class_posterior(X), class_posterior(X, 32, 10, noise=DEFAULT_NOISE)
    )


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((2, 1, 9, 9), {}, r"images .*\(N, 1, 8, 8\).*\(2, 1, 9, 9\)"),
        ((2, 3, 8, 8), {}, r"images .*\(2, 3, 8, 8\)"),
        ((8, 8), {}, r"images .*\(8, 8\)"),
        ((0, 1, 8, 8), {}, r"images .*\(0, 1, 8, 8\)"),
        ((2, 1, 8, 8), {"noise": 0}, "noise .*0"),
        ((2, 1, 8, 8), {"noise": -1}, "noise .*-1"),
        ((2, 1, 8, 8), {"noise": math.nan}, "noise .*nan"),
        ((2, 1, 8, 8), {"n_classes": 11}, "n_classes .*11"),
        ((2, 1, 4, 4), {"img_size": 4}, "img_size .*4"),
    ],
)
def test_the_posterior_refuses_what_was_not_drawn_here(shape, arguments, message):
    with pytest.raises(ValueError, match=message):
        class_posterior(np.zeros(shape), **{"img_size": 8} | arguments)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_posterior_says_which_image_is_not_finite(bad):
    images = np.zeros((5, 1, 8, 8))
    images[3, 0, 2, 2] = bad
    with pytest.raises(ValueError, match=r"images .*finite.* 1 .*3"):
        class_posterior(images, 8)


def test_a_stream_draws_images_that_the_recipe_can_make():
    X, y = ImageStream(img_size=8, n_classes=4, noise=1e-6, seed=5).draw(40)
    assert X.shape == (40, 1, 8, 8) and X.dtype == np.float32
    assert set(y) == {0, 1, 2, 3}
    clean = shape_templates(8, 4)
    for image, label in zip(X, y, strict=True):
        assert np.abs(clean[label] - image).max(axis=(1, 2)).min() < 1e-4


def test_a_stream_goes_on_where_it_was_saved():
    stream = ImageStream(img_size=8, seed=5)
    stream.draw(7)
    saved = stream.state
    ahead = stream.draw(5)
    resumed = ImageStream(img_size=8, seed=99)
    resumed.state = saved
    for one, other in zip(ahead, resumed.draw(5), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_stream_never_repeats_itself_and_its_seed_decides_all():
    stream = ImageStream(img_size=8, seed=5)
    first, second = stream.draw(6)[0], stream.draw(6)[0]
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, ImageStream(img_size=8, seed=5).draw(6)[0])
    assert not np.array_equal(first, ImageStream(img_size=8, seed=6).draw(6)[0])


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"noise": 0}, "noise"),
        ({"epoch_size": 0}, "epoch_size"),
        ({"img_size": 7}, "img_size"),
    ],
)
def test_a_stream_refuses_what_cannot_be_drawn(setting, named):
    with pytest.raises(ValueError, match=named):
        ImageStream(**setting)


def test_the_posteriors_memory_does_not_grow_with_the_number_of_images():
    images, _ = make_synthetic_images(n_per_class=1, seed=0)
    class_posterior(images)  # the templates are made now, and kept

    def peak(times):
        many = np.repeat(images, times, axis=0)
        tracemalloc.start()
        class_posterior(many)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(200), peak(800)
    assert few < 500e6
    assert many < few + 1e6  # of which the answers themselves take half
