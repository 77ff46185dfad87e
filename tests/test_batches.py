"""Where the batches come from."""

import numpy as np
import pytest

from ch335_helpers.batches import ImageStream
from ch335_helpers.data import shape_templates


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
