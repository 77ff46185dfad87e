"""The patches that excite a channel most, held against loops and by hand."""

import numpy as np
import pytest

from ch335_helpers.inside.explain import activation_maps
from ch335_helpers.inside.patches import strongest_patches
from ch335_helpers.model.fields import receptive_fields
from ch335_helpers.model.layers import Conv, GlobalAvgPool, Linear, MaxPool, ReLU
from ch335_helpers.model.models import (
    ResidualCNN,
    SimpleCNN,
)
from ch335_helpers.model.network import Chain


def in_float64(params):
    return {name: value.astype(np.float64) for name, value in params.items()}


def detector(padding):
    """One channel that adds up 3 x 3 pixels, and one that takes them away."""
    model = Chain(
        Conv("conv", 1, 2, kernel=3, padding=padding), ReLU("relu"),
        GlobalAvgPool(), Linear("linear", 2, 2),
    )  # fmt: skip
    params = in_float64(model.init(np.random.default_rng(0)))
    params["conv.w"] = np.stack([np.ones((1, 3, 3)), -np.ones((1, 3, 3))])
    params["conv.b"] = np.array([0.5, 0.0])
    return model, params


def test_a_bright_patch_is_found_in_its_image_at_its_place():
    model, params = detector(padding=0)
    x = np.zeros((4, 1, 7, 8))
    x[2, 0, 3:6, 4:7] = np.arange(1, 10).reshape(3, 3)  # sum 45
    x[1, 0, 0:3, 5:8] = 2  # sum 18
    x[3, 0, 1, 1] = -4
    patches, images, values = strongest_patches(model, params, x, "conv", n_patches=2)
    assert patches.shape == (2, 2, 1, 3, 3)
    assert images[0].tolist() == [2, 1] and values[0].tolist() == [45.5, 18.5]
    np.testing.assert_array_equal(patches[0, 0, 0], np.arange(1, 10).reshape(3, 3))
    np.testing.assert_array_equal(patches[0, 1, 0], np.full((3, 3), 2))
    # the other channel likes it dark; where it is equally dark, the first image counts
    assert images[1].tolist() == [3, 0] and values[1].tolist() == [4, 0]
    assert patches[1, 0].sum() == -4


@pytest.mark.parametrize("corner", [(0, 0), (0, -1), (-1, 0), (-1, -1)])
def test_beyond_the_border_a_patch_is_0(corner):
    model, params = detector(padding=1)
    x = np.full((3, 1, 6, 5), -1.0)
    x[1][0][corner] = 9  # its neighbours are dark: the corner itself is best
    patches, images, values = strongest_patches(model, params, x, "relu", n_patches=1)
    assert images[0].tolist() == [1]
    assert values[0].tolist() == [9 - 3 + 0.5]
    expected = np.zeros((3, 3))
    inside = tuple(slice(1, 3) if place == 0 else slice(0, 2) for place in corner)
    expected[inside] = -1
    expected[1, 1] = 9
    np.testing.assert_array_equal(patches[0, 0, 0], expected)


def test_a_patch_behind_strides_and_pooling_is_what_the_field_says():
    model = Chain(Conv("conv", 1, 1, kernel=3, stride=2), MaxPool(name="pool"))
    params = {"conv.w": np.ones((1, 1, 3, 3)), "conv.b": np.zeros(1)}
    x = np.zeros((2, 1, 16, 16))
    x[1, 0, 9, 12] = 1
    patches, images, values = strongest_patches(model, params, x, "pool", n_patches=1)
    assert (images.tolist(), values.tolist()) == ([[1]], [[1]])
    # row 9 is seen by the convolution's rows 4 (7 to 9) and 5 (9 to 11); of the pool's
    # row 2 that is 7 to 11. Column 12 by column 6 (11 to 13): of the pool's column 3
    expected = np.zeros((5, 5))
    expected[9 - 7, 12 - 11] = 1
    np.testing.assert_array_equal(patches[0, 0, 0], expected)


@pytest.mark.parametrize("layer", ["stem.relu", "block1.relu2", "pool", "block2.relu2"])
def test_patches_are_crops_of_the_images_around_their_strongest_places(layer, rng):
    model = ResidualCNN(width=3, in_channels=2)
    params = in_float64(model.init(rng))
    x = rng.standard_normal((12, 2, 20, 24))
    kept = x.copy()
    patches, images, values = strongest_patches(model, params, x, layer, n_patches=5)
    maps, field = (
        activation_maps(model, params, x)[layer],
        receptive_fields(model, (2, 20, 24))[layer],
    )
    assert patches.shape == (maps.shape[1], 5, 2, field.size, field.size)
    assert (
        patches.dtype == x.dtype and images.shape == values.shape == patches.shape[:2]
    )
    for channel in range(maps.shape[1]):
        strongest = maps[:, channel].max(axis=(1, 2))
        order = sorted(range(12), key=lambda n: -strongest[n])[:5]
        assert images[channel].tolist() == order
        np.testing.assert_allclose(values[channel], strongest[order])
        for patch, image in zip(patches[channel], order, strict=True):
            y = maps[image, channel]
            row, column = np.unravel_index(y.argmax(), y.shape)
            for i, top in enumerate(np.arange(field.size) + field.rows(row).start):
                for j, left in enumerate(
                    np.arange(field.size) + field.rows(column).start
                ):
                    inside = 0 <= top < 20 and 0 <= left < 24
                    pixel = x[image, :, top, left] if inside else 0
                    np.testing.assert_array_equal(patch[:, i, j], pixel)
    np.testing.assert_array_equal(x, kept)


def test_values_fall_and_no_image_comes_twice(rng):
    model, x = SimpleCNN(), rng.standard_normal((30, 1, 16, 16)).astype(np.float32)
    patches, images, values = strongest_patches(model, model.init(rng), x, "relu2", 30)
    assert (np.diff(values) <= 0).all() and (np.diff(values) < 0).any()
    np.testing.assert_array_equal(np.sort(images), np.tile(np.arange(30), (16, 1)))
    assert patches.dtype == np.float32


def test_the_value_of_a_patch_alone_is_the_value_in_the_image(rng):
    """Cut out and laid on an image of its own, the patch gives the same value."""
    model = Chain(
        Conv("a", 1, 3, kernel=3, padding=0), ReLU(), MaxPool(),
        Conv("b", 3, 4, kernel=3, padding=0),
    )  # fmt: skip
    params, x = in_float64(model.init(rng)), rng.standard_normal((9, 1, 18, 15))
    patches, _, values = strongest_patches(model, params, x, "b", n_patches=4)
    again, _ = model(params, patches.reshape(-1, *patches.shape[2:]))
    assert again.shape == (4 * 4, 4, 1, 1)
    again = again.reshape(4, 4, 4)[np.arange(4), :, np.arange(4)]
    np.testing.assert_allclose(again, values)


def test_images_are_computed_in_blocks_and_patches_do_not_show_it(rng, monkeypatch):
    model, x = SimpleCNN(), rng.standard_normal((11, 1, 12, 12))
    params = in_float64(model.init(rng))
    at_once = strongest_patches(model, params, x, "pool2", 6)
    monkeypatch.setattr("ch335_helpers.inside.patches.IMAGES_PER_BLOCK", 4)
    in_blocks = strongest_patches(model, params, x, "pool2", 6)
    for a, b in zip(at_once, in_blocks, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


@pytest.mark.parametrize(
    ("x", "layer", "n_patches", "message"),
    [
        (np.zeros((3, 1, 8, 8)), "relu9", 1, "layer must be one of conv1.*'relu9'"),
        (np.zeros((3, 1, 8, 8)), "linear", 1, "layer must be one of conv1.*'linear'"),
        (np.zeros((3, 1, 8, 8)), "relu1", 4, "n_patches must .*1 to 3.*4"),
        (np.zeros((3, 1, 8, 8)), "relu1", 0, "n_patches must .*1 to 3.*0"),
        (np.zeros((3, 1, 8, 8)), "relu1", 1.5, "n_patches must .*1.5"),
        (np.zeros((3, 8, 8)), "relu1", 1, r"x must .*N, C, H, W.*\(3, 8, 8\)"),
        (np.zeros((0, 1, 8, 8)), "relu1", 1, r"x must .*\(0, 1, 8, 8\)"),
        (np.full((3, 1, 8, 8), np.nan), "relu1", 1, "x must be finite.*first at 0"),
        (np.full((3, 1, 8, 8), np.inf), "relu1", 1, "x must be finite.*first at 0"),
    ],
)
def test_what_has_no_strongest_patches_is_refused(x, layer, n_patches, message, rng):
    model = SimpleCNN()
    with pytest.raises(ValueError, match=message):
        strongest_patches(model, model.init(rng), x, layer, n_patches)
