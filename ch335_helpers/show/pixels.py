"""Arrays of numbers as images inside an HTML page."""

import base64
import io

import matplotlib as mpl
import numpy as np
from PIL import Image  # matplotlib brings it

from ..checks import check_axes, check_whole
from .svg import element

LEVELS = 63  # of brightness or colour


def pixels(values, alt, cmap="gray", vmin=None, vmax=None):
    """An image of numbers, one pixel each, that stays sharp when it is enlarged.

    Parameters
    ----------
    values : ndarray, shape (H, W)
        NaN is left transparent.
    alt : str
        What it shows, in words.
    cmap, vmin, vmax
        As for matplotlib's ``imshow``.
    """
    values = check_axes("values", np.asarray(values, float), "H W")
    shown = np.isfinite(values)
    vmin = values[shown].min() if vmin is None else vmin
    vmax = values[shown].max() if vmax is None else vmax
    share = (np.where(shown, values, vmin) - vmin) / ((vmax - vmin) or 1)
    # few levels and a palette of their colours make a small file
    level = np.where(shown, np.rint(np.clip(share, 0, 1) * (LEVELS - 1)), LEVELS)
    image = Image.fromarray(level.astype(np.uint8))
    palette = mpl.colormaps[cmap](np.linspace(0, 1, LEVELS), bytes=True)[:, :3]
    image.putpalette(palette.tobytes() + bytes(3))
    file = io.BytesIO()
    image.save(file, "PNG", transparency=LEVELS, optimize=True)
    code = base64.b64encode(file.getvalue()).decode()
    return element("img", alt=alt, src=f"data:image/png;base64,{code}")


def tiles(images, columns):
    """Images, shape (N, H, W), side by side with a transparent line between them.

    Returns
    -------
    ndarray, shape (H', W')
        For `pixels`; NaN where there is no image.
    """
    images = check_axes("images", images, "N H W")
    columns = check_whole("columns", columns)
    n, H, W = images.shape
    rows = -(-n // columns)
    # each image with a line below it and beside it, and none where there are no more
    room = (0, rows * columns - n), (0, 1), (0, 1)
    framed = np.pad(images.astype(float), room, constant_values=np.nan)
    sheet = framed.reshape(rows, columns, H + 1, W + 1).swapaxes(1, 2)
    return sheet.reshape(rows * (H + 1), columns * (W + 1))[:-1, :-1]
