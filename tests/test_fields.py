"""Receptive fields and the patches that excite a channel, where both are known."""

import numpy as np
import pytest

from ch335_helpers.explain import activation_maps
from ch335_helpers.fields import Field, receptive_fields, strongest_patches
from ch335_helpers.layers import Conv, MaxPool, ReLU
from ch335_helpers.models import LinearClassifier, ResidualCNN, SimpleCNN
from ch335_helpers.network import Chain


def test_the_fields_of_the_simple_cnn_worked_by_hand():
    fields = receptive_fields(SimpleCNN(), (1, 16, 16))
    assert fields == {
        "conv1": Field(3, 1, -1), "relu1": Field(3, 1, -1), "pool1": Field(4, 2, -1),
        "conv2": Field(8, 2, -3), "relu2": Field(8, 2, -3), "pool2": Field(10, 4, -3),
    }  # fmt: skip
    assert fields["pool2"].rows(2) == slice(5, 15)


def test_a_sum_sees_what_its_wider_path_sees():
    fields = receptive_fields(ResidualCNN(width=2))
    assert fields["block1"] == fields["block1.conv2"] == Field(13, 2, -6)
    assert fields["block2.project"].size < fields["block2"].size == 31


def test_a_model_without_images_inside_has_no_fields():
    assert receptive_fields(LinearClassifier(img_size=8), (1, 8, 8)) == {}


@pytest.mark.parametrize("name", ["stem.relu", "block1.relu2", "block2", "pool"])
def test_a_value_depends_on_the_pixels_of_its_field_alone(name, rng):
    model = ResidualCNN(width=3)
    params = model.init(rng)
    x = rng.standard_normal((1, 1, 40, 40))
    before = activation_maps(model, params, x)[name]
    i = before.shape[2] // 2
    field = receptive_fields(model, (1, 40, 40))[name]
    rows = slice(max(0, field.rows(i).start), field.rows(i).stop)
    changed = rng.standard_normal(x.shape)
    changed[:, :, rows, rows] = x[:, :, rows, rows]
    after = activation_maps(model, params, changed)[name]
    np.testing.assert_allclose(after[:, :, i, i], before[:, :, i, i], atol=1e-6)
    assert not np.allclose(after, before)


def corner_detector(padding=0):
    """One channel that answers to a bright pixel, one to a dark one."""
    model = Chain(Conv("conv", 1, 2, kernel=3, padding=padding), ReLU())
    w = np.zeros((2, 1, 3, 3))
    w[0, 0, 1, 1], w[1, 0, 1, 1] = 1, -1
    return model, {"conv.w": w, "conv.b": np.zeros(2)}


def test_the_strongest_patches_are_those_around_the_brightest_and_darkest_pixels():
    model, params = corner_detector()
    x = np.zeros((4, 1, 6, 6))
    x[0, 0, 2, 3], x[1, 0, 4, 4], x[2, 0, 1, 2], x[3, 0, 3, 3] = 1, 3, 2, -7
    patches, images, values = strongest_patches(model, params, x, "relu", n_patches=3)
    assert patches.shape == (2, 3, 1, 3, 3)
    assert images[0].tolist() == [1, 2, 0] and values[0].tolist() == [3, 2, 1]
    assert images[1, 0] == 3 and values[1].tolist() == [7, 0, 0]
    np.testing.assert_array_equal(patches[0, 0, 0], x[1, 0, 3:6, 3:6])
    np.testing.assert_array_equal(patches[0, 1, 0], x[2, 0, 0:3, 1:4])
    np.testing.assert_array_equal(patches[1, 0, 0], x[3, 0, 2:5, 2:5])


def test_outside_the_image_a_patch_is_zero():
    model, params = corner_detector(padding=1)
    x = np.ones((1, 1, 4, 5))
    x[0, 0, 0, 4] = 9
    patches, _, _ = strongest_patches(model, params, x, "relu", n_patches=1)
    assert patches[0, 0, 0].tolist() == [[0, 0, 0], [1, 9, 0], [1, 1, 0]]


@pytest.mark.parametrize("layer", ["block1.relu2", "block2.relu2"])
def test_a_patch_alone_gives_the_value_again(layer, rng):
    """With nothing but the patch left of its image, the value is what it was."""
    model = ResidualCNN(width=3)
    params, x = model.init(rng), rng.standard_normal((300, 1, 32, 32))
    patches, images, values = strongest_patches(model, params, x, layer, n_patches=2)
    maps = activation_maps(model, params, x[images.ravel()])[layer]
    own = maps.reshape(*images.shape, *maps.shape[1:])
    for channel, n in np.ndindex(images.shape):
        value = own[channel, n, channel]
        assert value.max() == pytest.approx(values[channel, n], rel=1e-4)
        i, j = np.unravel_index(value.argmax(), value.shape)
        field, size = receptive_fields(model)[layer], patches.shape[-1]
        picture = np.zeros((32 + 2 * size, 32 + 2 * size))
        top, left = field.rows(i).start + size, field.rows(j).start + size
        picture[top : top + size, left : left + size] = patches[channel, n, 0]
        cut = picture[size:-size, size:-size]
        alone = activation_maps(model, params, cut[None, None])[layer]
        assert alone[0, channel, i, j] == pytest.approx(values[channel, n], abs=1e-3)


def test_the_strongest_come_first_and_from_different_images(rng):
    model = Chain(Conv("conv", 1, 4), ReLU(), MaxPool(name="pool"))
    x = rng.standard_normal((20, 1, 8, 8)).astype(np.float32)
    _, images, values = strongest_patches(model, model.init(rng), x, "pool", 20)
    assert (np.diff(values) <= 0).all()
    assert all(sorted(row) == list(range(20)) for row in images.tolist())


def test_what_does_not_fit_is_refused_by_name(rng):
    model, params = corner_detector()
    x = np.zeros((2, 1, 6, 6))
    with pytest.raises(ValueError, match=r"layer must be .*relu, got 'pool'"):
        strongest_patches(model, params, x, "pool", n_patches=1)
    with pytest.raises(ValueError, match=r"n_patches must .*1 to 2, got 3"):
        strongest_patches(model, params, x, "relu", n_patches=3)
    with pytest.raises(ValueError, match="x must"):
        strongest_patches(model, params, x[:, 0], "relu", n_patches=1)
    with pytest.raises(ValueError, match="x must be finite"):
        strongest_patches(model, params, x + np.nan, "relu", n_patches=1)
