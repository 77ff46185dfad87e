"""The task: images from a recipe known in full, and how well anyone could do.

An image is one of ten shapes at one of `n_places` placements (centre row, centre
column, radius), all equally likely, plus Gaussian noise in every pixel. Since the list
of placements is finite, everything that can be known about the task can be computed.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..checks import any_seed, check_size, check_whole, flag, number, takes, whole

DEFAULT_NOISE = 0.7
MIN_IMG_SIZE = 8  # below this, shapes of different classes are the same few pixels
MAX_IMG_SIZE = 1024
MAX_NOISE = 1e6  # from about 1e38 on, float32 has no number for it


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
    @takes(img_size=whole(MIN_IMG_SIZE))
    def of(cls, img_size):
        """Geometry of images of `img_size` x `img_size` pixels."""
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


# Each shape is a function of the rows i and columns j of all pixels, counted from its
# centre, of its radius r and the width of a stroke. It says which pixels it covers.
# Most are smaller than the radius: with one size for all, the disc would have five
# times the ink of a bar, and the total brightness alone would give it away.


def horizontal_bar(i, j, r, stroke):
    return (2 * abs(i) < stroke) & (abs(j) <= r)


def vertical_bar(i, j, r, stroke):
    return horizontal_bar(j, i, r, stroke)


def ring(i, j, r, stroke):
    edge = np.round(0.8 * r) + 0.5
    distance = np.hypot(i, j)
    return (distance < edge) & (distance > edge - stroke)


def diagonal(i, j, r, stroke):
    return (2 * abs(i - j) < stroke) & (np.maximum(abs(i), abs(j)) <= r)


def antidiagonal(i, j, r, stroke):
    return diagonal(i, -j, r, stroke)


def plus(i, j, r, stroke):
    r = np.round(0.9 * r)
    return horizontal_bar(i, j, r, stroke) | vertical_bar(i, j, r, stroke)


def cross(i, j, r, stroke):
    r = np.round(0.9 * r)
    return diagonal(i, j, r, stroke) | antidiagonal(i, j, r, stroke)


def square(i, j, r, stroke):
    side = np.round(0.75 * r)
    reach = np.maximum(abs(i), abs(j))
    return (reach <= side) & (reach > side - stroke)


def triangle(i, j, r, stroke):
    base = np.round(0.9 * r)  # rows from the centre down to it
    to_side = (base + i) / 2 - abs(j)  # columns inwards from the slanted sides
    inside = (to_side >= 0) & (i <= base)
    return inside & ((to_side < 0.6 * stroke) | (i > base - stroke))


def disc(i, j, r, stroke):
    return np.hypot(i, j) < np.round(0.6 * r) + 0.5


SHAPES = {
    "horizontal bar": horizontal_bar, "vertical bar": vertical_bar, "ring": ring,
    "diagonal": diagonal, "antidiagonal": antidiagonal, "plus": plus, "cross": cross,
    "square": square, "triangle": triangle, "disc": disc,
}  # fmt: skip
CLASS_NAMES = tuple(SHAPES)


def drawable(name, img_size, known):
    """The contract of rows and columns: memory must hold all templates."""
    img_size = check_whole(name, img_size, MIN_IMG_SIZE, MAX_IMG_SIZE)
    geometry = Geometry.of(img_size)
    n_places = (2 * geometry.jitter + 1) ** 2 * len(geometry.radii)
    check_size(name, known["n_classes"] * n_places * img_size**2)
    return img_size


def storable(name, n_per_class, known):
    """The contract of how many images of each class: memory must hold them all."""
    n_per_class = check_whole(name, n_per_class)
    check_size(name, n_per_class * known["n_classes"] * known["img_size"] ** 2)
    return n_per_class


NOISE = number(above=0, high=MAX_NOISE)
SIZE = {"n_classes": whole(2, len(CLASS_NAMES)), "img_size": drawable}


def draw_shape(shape, img_size=32):
    """Draw a shape at every placement, without noise.

    Parameters
    ----------
    shape : callable
        ``shape(i, j, r, stroke)`` says which pixels it covers, as those in `SHAPES`:
        i and j are rows and columns from its centre, r is its radius.
    img_size : int
        Rows and columns, at least 8.

    Returns
    -------
    ndarray of float32, shape (n_places, img_size, img_size)
        1 on the shape and 0 elsewhere, in the order of `Geometry.placements`.

    Raises
    ------
    ValueError
        If img_size is too small for the shapes.

    Notes
    -----
    Taught in notebook 1.
    """
    geometry = Geometry.of(img_size)
    place = geometry.placements()[:, :, None, None]  # (n_places, 3, 1, 1)
    i, j = np.mgrid[:img_size, :img_size]
    covered = shape(i - place[:, 0], j - place[:, 1], place[:, 2], geometry.stroke)
    return covered.astype(np.float32)


@takes(**SIZE)
def shape_templates(img_size=32, n_classes=10):
    """Every image the generator can draw, before noise.

    Parameters
    ----------
    img_size : int
        Rows and columns, at least 8.
    n_classes : int
        The first this many of `CLASS_NAMES`, 2 to 10.

    Returns
    -------
    templates : ndarray of float32, shape (n_classes, n_places, img_size, img_size)
        1 on the shape and 0 elsewhere. Read-only, since it is kept for the next call.

    Raises
    ------
    ValueError
        If img_size is too small for the shapes or there are not that many classes.

    Examples
    --------
    A ring at the first of its places, in the corner:

    >>> shape_templates(img_size=8)[2, 0, :5, :6].astype(int)
    array([[0, 1, 1, 1, 0, 0],
           [1, 0, 0, 0, 1, 0],
           [1, 0, 0, 0, 1, 0],
           [1, 0, 0, 0, 1, 0],
           [0, 1, 1, 1, 0, 0]])
    """
    return _draw_templates(img_size, n_classes)


@lru_cache(maxsize=4)
def _draw_templates(img_size, n_classes):
    shapes = list(SHAPES.values())[:n_classes]
    templates = np.stack([draw_shape(shape, img_size) for shape in shapes])
    templates.flags.writeable = False
    return templates


@takes(
    **SIZE, n_per_class=storable, seed=any_seed, noise=NOISE, return_places=flag,
    return_masks=flag,
)  # fmt: skip
def make_synthetic_images(
    n_per_class=200, img_size=32, n_classes=10, seed=0, noise=DEFAULT_NOISE,
    return_places=False, return_masks=False,
):  # fmt: skip
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
    return_masks : bool
        Also return which pixels were drawn.

    Returns
    -------
    images : ndarray of float32, shape (n_classes * n_per_class, 1, img_size, img_size)
        In random order.
    labels : ndarray of int64, shape (n_classes * n_per_class,)
        The class of each image, from 0.
    places : ndarray of int64, shape (n_classes * n_per_class, 3)
        Only with `return_places`: centre row, centre column and
        radius of each shape, in pixels.
    masks : ndarray of bool, shape (n_classes * n_per_class, img_size, img_size)
        Only with `return_masks`: True on the pixels of each shape.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    Taught in notebook 1.

    Examples
    --------
    >>> X, y = make_synthetic_images(n_per_class=3, n_classes=2)
    >>> X.shape, np.bincount(y)
    ((6, 1, 32, 32), array([3, 3]))
    >>> again, _ = make_synthetic_images(n_per_class=3, n_classes=2)
    >>> np.array_equal(again, X)  # one seed, the same images
    True
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(n_classes), n_per_class))
    images, drawn = draw_images(rng, labels, img_size, n_classes, noise)
    more = ()
    if return_places:
        more += (Geometry.of(img_size).placements()[drawn],)
    if return_masks:
        more += (shape_templates(img_size, n_classes)[labels, drawn] > 0,)
    return images, labels, *more


def draw_images(rng, labels, img_size, n_classes, noise):
    """Draw an image for each label; return them and the indices of their placements."""
    templates = shape_templates(img_size, n_classes)
    drawn = rng.integers(templates.shape[1], size=len(labels))
    images = rng.standard_normal((len(labels), 1, img_size, img_size), np.float32)
    images *= np.float32(noise)
    images += templates[labels, drawn][:, None]
    return images, drawn
