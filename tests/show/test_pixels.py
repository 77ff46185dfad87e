"""Images inside a page carry the numbers they were made from."""

import base64
import io
import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from ch335_helpers.show.pixels import pixels, tiles


def opened(picture):
    """The image of an HTML element as RGBA values from 0 to 255."""
    code = re.fullmatch("data:image/png;base64,(.*)", ET.fromstring(picture).get("src"))
    image = Image.open(io.BytesIO(base64.b64decode(code[1])))
    assert image.mode == "P"
    return np.asarray(image.convert("RGBA")).astype(int)


def test_pixels_carry_the_colours_of_the_map(rng):
    values = rng.uniform(-2, 2, (4, 7))
    shown = opened(pixels(values, "noise", "RdBu_r", -2, 2))
    expected = mpl.colormaps["RdBu_r"]((values + 2) / 4, bytes=True).astype(int)
    assert shown.shape == (4, 7, 4)
    assert np.abs(shown - expected).max() <= 8  # 63 levels


def test_pixels_take_their_range_from_the_values():
    shown = opened(pixels([[5.0, 7.0, 6.0]], "three greys"))
    assert shown[0, :, 0] == pytest.approx([0, 255, 128], abs=3)
    assert (shown[..., 0] == shown[..., 2]).all()
    assert opened(pixels(np.ones((1, 2)), "one grey"))[0, :, 0].tolist() == [0, 0]


def test_each_end_of_the_range_can_be_given_alone():
    values = [[0.0, 1.0, 2.0]]
    low, high = pixels(values, "", vmin=-2), pixels(values, "", vmax=4)
    assert opened(low)[0, :, 0] == pytest.approx([128, 191, 255], abs=3)
    assert opened(high)[0, :, 0] == pytest.approx([0, 64, 128], abs=3)
    zero = pixels(values, "", vmin=0, vmax=1)  # what is beyond is drawn at the edge
    assert opened(zero)[0, :, 0].tolist() == [0, 255, 255]


def test_an_image_has_63_levels_so_that_its_file_stays_small():
    ramp = opened(pixels(np.linspace(0, 1, 1000)[None], "a ramp"))
    assert len(np.unique(ramp[..., 0])) == 63
    assert (np.diff(ramp[0, :, 0]) >= 0).all()


def test_what_is_no_number_is_transparent():
    shown = opened(pixels([[-1, np.nan, 1]], "a hole"))
    assert shown[0, :, 3].tolist() == [255, 0, 255]
    assert shown[0, [0, 2], 0].tolist() == [0, 255]


def test_pixels_describe_themselves():
    assert ET.fromstring(pixels(np.eye(2), 'a < "b"')).get("alt") == 'a < "b"'


def test_what_has_not_two_axes_is_no_image():
    with pytest.raises(ValueError, match="values must have shape"):
        pixels(np.ones(3), "a line")


def test_tiles_lie_in_rows_with_a_line_between():
    nan = np.nan
    np.testing.assert_array_equal(
        tiles(np.arange(3 * 6).reshape(3, 2, 3), columns=2),
        [
            [0, 1, 2, nan, 6, 7, 8],
            [3, 4, 5, nan, 9, 10, 11],
            [nan] * 7,
            [12, 13, 14, nan, nan, nan, nan],
            [15, 16, 17, nan, nan, nan, nan],
        ],
    )


def test_tiles_need_images_and_at_least_one_column():
    with pytest.raises(ValueError, match="images must have shape"):
        tiles(np.ones((2, 2)), columns=2)
    with pytest.raises(ValueError, match="columns must be a whole number"):
        tiles(np.ones((2, 2, 2)), columns=0)
