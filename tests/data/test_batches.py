"""Where the batches come from."""

import numpy as np
import pytest

from ch335_helpers.data.batches import (
    ImageStream,
    Shuffled,
    add_noise,
    draw_data,
    shift_images,
)
from ch335_helpers.data.shapes import (
    CLASS_NAMES,
    DEFAULT_NOISE,
    make_synthetic_images,
    shape_templates,
)


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


def numbered(n):
    """n images whose first pixel is their number, and labels that say it too."""
    X = np.zeros((n, 1, 2, 2), np.float32)
    X[:, 0, 0, 0] = np.arange(n)
    return X, np.arange(n)


def test_shuffles_follow_one_another_and_batches_go_across_their_seams():
    rng = np.random.default_rng(4)
    order = [*rng.permutation(5), *rng.permutation(5), *rng.permutation(5)]
    data = Shuffled(*numbered(5), np.random.default_rng(4))
    assert data.epoch_size == 5
    for start, stop in ((0, 2), (2, 4), (4, 7), (7, 12)):
        X, y = data.draw(stop - start)
        assert y.tolist() == order[start:stop]
        assert X[:, 0, 0, 0].tolist() == order[start:stop]
        assert [*data.waiting] == order[stop : -(-stop // 5) * 5]


def test_a_shuffle_is_drawn_when_it_is_needed_and_not_before():
    data = Shuffled(*numbered(5), np.random.default_rng(4))
    before = data.rng.bit_generator.state
    data.draw(5)
    after = data.rng.bit_generator.state
    assert before != after
    data.draw(1)
    again = data.rng.bit_generator.state
    data.draw(4)  # all that waits, to the last one
    assert data.rng.bit_generator.state == again != after


def test_the_defaults_of_a_stream_are_those_of_the_chapter():
    stream, spelt_out = (
        ImageStream(),
        ImageStream(32, len(CLASS_NAMES), DEFAULT_NOISE, seed=0, epoch_size=5600),
    )
    assert stream.epoch_size == spelt_out.epoch_size
    for one, other in zip(stream.draw(50), spelt_out.draw(50), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="n_classes"):
        ImageStream(n_classes=11)


def test_shifting_moves_each_image_as_a_whole_and_every_move_is_as_likely():
    rng = np.random.default_rng(0)
    x = np.zeros((5000, 2, 6, 7), np.float32)
    x[:, 0, 2, 3], x[:, 1, 5, 0] = 1, 2
    moved = shift_images(x, rng, reach=2)
    assert moved.dtype == x.dtype and moved.shape == x.shape
    down = moved[:, 0].max(axis=2).argmax(axis=1) - 2
    right = moved[:, 0].max(axis=1).argmax(axis=1) - 3
    for image, one, rows, columns in zip(x, moved, down, right, strict=True):
        np.testing.assert_array_equal(one, np.roll(image, (rows, columns), (1, 2)))
    counts = np.histogram2d(down, right, bins=np.arange(-2.5, 3))[0]
    assert counts.sum() == 5000  # 200 of each of the 25 moves, give or take
    assert np.abs(counts - 200).max() < 5 * np.sqrt(200)


def test_shifting_by_nothing_returns_the_images_and_changes_none():
    x = np.random.default_rng(1).standard_normal((3, 2, 4, 5))
    before = x.copy()
    shift_images(x, np.random.default_rng(0), reach=3)
    np.testing.assert_array_equal(x, before)
    moved = shift_images(x, np.random.default_rng(0), reach=0)
    np.testing.assert_array_equal(moved, x)


@pytest.mark.parametrize("reach", [-1, 1.0, True, None])
def test_shifting_refuses_a_reach_that_is_no_whole_number(reach):
    with pytest.raises(ValueError, match="reach must be a whole number"):
        shift_images(np.zeros((1, 1, 2, 2)), np.random.default_rng(0), reach)


def test_shifting_refuses_what_is_no_image():
    for x in (np.zeros((2, 3)), np.full((1, 1, 2, 2), np.nan)):
        with pytest.raises(ValueError, match="x must"):
            shift_images(x, np.random.default_rng(0))


def test_added_noise_is_fresh_gaussian_and_of_the_size_asked_for():
    x = np.random.default_rng(0).standard_normal((4, 2, 50, 50)).astype(np.float32)
    before, rng = x.copy(), np.random.default_rng(1)
    first, second = add_noise(x, rng, 0.5) - x, add_noise(x, rng, 0.5) - x
    np.testing.assert_array_equal(x, before)
    assert first.dtype == np.float32 and add_noise(x, rng).dtype == np.float32
    assert abs(first.std() - 0.5) < 0.01 and abs(first.mean()) < 0.01
    assert abs((np.abs(first) < 0.5).mean() - 0.6827) < 0.01  # within one deviation
    assert abs(np.mean(first * second)) < 0.01
    np.testing.assert_array_equal(add_noise(x, rng, 0), x)


@pytest.mark.parametrize("noise", [-0.1, np.nan, "0.5", None, True])
def test_noise_that_is_no_number_from_0_on_is_refused(noise):
    with pytest.raises(ValueError, match="noise must be a finite number"):
        add_noise(np.zeros((1, 1, 2, 2)), np.random.default_rng(0), noise)


def test_integers_become_floats_before_noise_is_added():
    noisy = add_noise(np.full((1, 1, 2, 2), 255, np.uint8), np.random.default_rng(0))
    assert noisy.dtype == np.float64
    assert abs(noisy - 255).max() < 5


def test_drawn_data_are_not_those_of_a_generator_that_has_only_a_seed():
    size = {"img_size": 8, "n_classes": 2}
    drawn = [
        draw_data(seed, 3, 3, **size)[part] for seed in range(4) for part in (0, 2)
    ]
    plain = [make_synthetic_images(3, **size, seed=n)[0] for n in range(5)]
    pixels = np.concatenate(drawn + plain).reshape(-1, 64)
    assert len(np.unique(pixels, axis=0)) == len(pixels)


def test_data_of_a_seed_are_fresh_and_of_both_parts_disjoint():
    X, y, X_val, _ = draw_data(0, n_train=3, n_val=3, img_size=8, n_classes=2)
    again = draw_data(0, n_train=3, n_val=3, img_size=8, n_classes=2)
    other = draw_data(1, n_train=3, n_val=3, img_size=8, n_classes=2)
    np.testing.assert_array_equal(X, again[0])
    np.testing.assert_array_equal(np.bincount(y), [3, 3])
    assert not np.array_equal(X, X_val) and not np.array_equal(X, other[0])
    assert not np.array_equal(X_val, other[2])
