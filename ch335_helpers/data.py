"""The task: images from a recipe known in full, and how well anyone could do.

An image is one of ten shapes at one of `n_places` placements (centre row, centre
column, radius), all equally likely, plus Gaussian noise in every pixel. Since the list
of placements is finite, everything that can be known about the task can be computed.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .checks import check_number, check_whole

CLASS_NAMES = (
    "horizontal bar", "vertical bar", "ring", "diagonal", "antidiagonal",
    "plus", "cross", "square", "triangle", "disc",
)  # fmt: skip
DEFAULT_NOISE = 0.7
MIN_IMG_SIZE = 8  # below this, shapes of different classes are the same few pixels


@dataclass(frozen=True)
class Geometry:
    """What the generator may draw at one image size; lengths in pixels.

    All lengths are in proportion to those of a 32 x 32 image.
    """

    img_size: int
    # the centre moves up to this far from the middle, in rows and in columns
    jitter: int
    radii: tuple
    stroke: int

    @classmethod
    def of(cls, img_size):
        """Geometry of images of `img_size` x `img_size` pixels."""
        img_size = check_whole("img_size", img_size, MIN_IMG_SIZE)
        scale = img_size / 32
        radii = tuple(range(round(6 * scale), round(9 * scale) + 1))
        # odd, so that a bar has a middle row
        stroke = 2 * round((3 * scale - 1) / 2) + 1
        # no shape is cut off by the edge
        jitter = min(round(6 * scale), (img_size - 1) // 2 - radii[-1])
        return cls(img_size, jitter, radii, max(1, stroke))

    def placements(self):
        """All placements, shape (n_places, 3): centre row, centre column, radius."""
        offsets = np.arange(-self.jitter, self.jitter + 1) + (self.img_size - 1) // 2
        grid = np.meshgrid(offsets, offsets, self.radii, indexing="ij")
        return np.stack([axis.ravel() for axis in grid], axis=1)


# Each shape's size as a share of the radius. With one size for all, the disc would have
# five times the ink of a bar, and the total brightness alone would give it away.
SIZES = {
    "ring": 0.8, "plus": 0.9, "cross": 0.9, "square": 0.75, "triangle": 0.9, "disc": 0.6
}  # fmt: skip


def _inside(class_name, u, v, r, stroke):
    """Which pixels are in a shape of radius r, u rows and v columns from its centre."""
    size = np.round(SIZES.get(class_name, 1) * r)
    distance, reach = np.hypot(u, v), np.maximum(abs(u), abs(v))
    flat, upright = 2 * abs(u) < stroke, 2 * abs(v) < stroke
    falling, rising = 2 * abs(u - v) < stroke, 2 * abs(u + v) < stroke
    # how far a pixel lies inside the triangle's two slanted sides
    to_side = (size + u) / 2 - abs(v)
    box = reach <= size
    return {
        "horizontal bar": flat & box,
        "vertical bar": upright & box,
        "ring": (distance < size + 0.5) & (distance > size + 0.5 - stroke),
        "diagonal": falling & box,
        "antidiagonal": rising & box,
        "plus": (flat | upright) & box,
        "cross": (falling | rising) & box,
        "square": box & (reach > size - stroke),
        "triangle": (to_side >= 0)
        & (u <= size)
        & ((to_side < 0.6 * stroke) | (u > size - stroke)),
        "disc": distance < size + 0.5,
    }[class_name]


def shape_templates(img_size=32, n_classes=10):
    """Every image the generator can draw, before noise.

    Returns
    -------
    templates : ndarray of float32, shape (n_classes, n_places, img_size, img_size)
        1 on the shape and 0 elsewhere. Read-only, since it is kept for the next call.

    Raises
    ------
    ValueError
        If img_size is too small for the shapes or there are not that many classes.
    """
    n_classes = check_whole("n_classes", n_classes, 2, len(CLASS_NAMES))
    return _draw_templates(Geometry.of(img_size), n_classes)


@lru_cache(maxsize=4)
def _draw_templates(geometry, n_classes):
    places = geometry.placements()[:, :, None, None]  # (n_places, 3, 1, 1)
    rows, columns = np.mgrid[: geometry.img_size, : geometry.img_size]
    u, v, r = rows - places[:, 0], columns - places[:, 1], places[:, 2]
    templates = np.stack(
        [_inside(name, u, v, r, geometry.stroke) for name in CLASS_NAMES[:n_classes]]
    )
    templates = templates.astype(np.float32)
    templates.flags.writeable = False
    return templates


def make_synthetic_images(
    n_per_class=200,
    img_size=32,
    n_classes=10,
    seed=0,
    noise=DEFAULT_NOISE,
    return_places=False,
):
    """Draw labelled images of simple shapes in noise.

    Parameters
    ----------
    n_per_class : int
        Images of each class, at least 1.
    img_size : int
        Rows and columns, at least 8.
    n_classes : int
        The first this many of `CLASS_NAMES`, 2 to 10.
    seed : int or numpy.random.Generator
        The same seed gives the same images.
    noise : float
        Standard deviation of the Gaussian noise in each pixel;
        the shapes are 1 on a ground of 0.
    return_places : bool
        Also return what was drawn where.

    Returns
    -------
    images : ndarray of float32, shape (n_classes * n_per_class, 1, img_size, img_size)
        In random order.
    labels : ndarray of int64, shape (n_classes * n_per_class,)
    places : ndarray of int64, shape (n_classes * n_per_class, 3)
        Only with `return_places`: centre row, centre column and
        radius of each shape, in pixels.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Taught in notebook 1.
    """
    check_whole("n_per_class", n_per_class)
    check_number("noise", noise, above=0)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(n_classes), n_per_class))
    images, drawn = draw_images(rng, labels, img_size, n_classes, noise)
    if return_places:
        return images, labels, Geometry.of(img_size).placements()[drawn]
    return images, labels


def draw_images(rng, labels, img_size, n_classes, noise):
    """Draw an image for each label; return them and the indices of their placements."""
    templates = shape_templates(img_size, n_classes)
    drawn = rng.integers(templates.shape[1], size=len(labels))
    images = rng.standard_normal((len(labels), 1, img_size, img_size), np.float32)
    images *= np.float32(noise)
    images += templates[labels, drawn][:, None]
    return images, drawn
