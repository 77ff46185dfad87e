"""Where the next batch comes from: a finite data set shuffled, or an endless stream."""

import numpy as np

from ..checks import (
    any_seed,
    check_size,
    check_whole,
    finite,
    generator,
    images,
    number,
    takes,
    whole,
)
from .shapes import (
    DEFAULT_NOISE,
    MAX_NOISE,
    NOISE,
    SIZE,
    draw_images,
    make_synthetic_images,
    storable,
)

MAX_REACH = 10**6  # pixels, more than any image has


class Shuffled:
    """Labelled images to draw from as from an `ImageStream`: shuffle after shuffle.

    Parameters
    ----------
    X, y : ndarray
        The images and their labels.
    rng : numpy.random.Generator
        Decides the order.

    Attributes
    ----------
    image_shape : tuple of int
        Shape of each image: (C, H, W).
    waiting : ndarray of int
        Indices that were shuffled and not yet drawn.
    state : dict
        Where the drawing stands; can be taken back as an `ImageStream`'s.
    """

    def __init__(self, X, y, rng):
        self.X, self.y, self.rng = X, y, rng
        self.epoch_size, self.image_shape = len(X), X.shape[1:]
        self.waiting = np.empty(0, int)

    def draw(self, n):
        """Return the next n images and labels, n at most `epoch_size`."""
        if len(self.waiting) < n:
            shuffle = self.rng.permutation(self.epoch_size)
            self.waiting = np.concatenate([self.waiting, shuffle])
        batch, self.waiting = np.split(self.waiting, [n])
        return self.X[batch], self.y[batch]

    @property
    def state(self):
        return {"rng": self.rng.bit_generator.state, "waiting": self.waiting}

    @state.setter
    def state(self, saved):
        self.rng.bit_generator.state = saved["rng"]
        self.waiting = saved["waiting"]


class ImageStream:
    """Fresh labelled images for ever, a batch at a time.

    Parameters
    ----------
    img_size : int
        Rows and columns, at least 8.
    n_classes : int
        The first this many of `CLASS_NAMES`, 2 to 10.
    noise : float
        Standard deviation of the Gaussian noise in each pixel.
    seed : int
        The same seed gives the same images.
    epoch_size : int
        How many images `fit` shall call an epoch, at least 1.

    Attributes
    ----------
    image_shape : tuple of int
        Shape of each image: (1, img_size, img_size).
    state : dict
        Where the stream stands. ``stream.state = saved`` takes it back there, and it
        goes on with the same images.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Taught in notebook 5. No image comes twice, so there is nothing to overfit; only one
    batch is in memory.

    Examples
    --------
    >>> stream = ImageStream(img_size=8, n_classes=2)
    >>> saved, (X, y) = stream.state, stream.draw(5)
    >>> X.shape, y.shape
    ((5, 1, 8, 8), (5,))
    >>> stream.state = saved  # and the same images come again
    >>> np.array_equal(stream.draw(5)[0], X)
    True
    """

    @takes(**SIZE, noise=NOISE, seed=any_seed, epoch_size=whole())
    def __init__(
        self, img_size=32, n_classes=10, noise=DEFAULT_NOISE, seed=0, epoch_size=5600
    ):
        self.img_size, self.n_classes, self.noise = img_size, n_classes, noise
        self.image_shape = 1, img_size, img_size
        self.epoch_size, self.seed = epoch_size, seed
        self._rng = np.random.default_rng(seed)

    def draw(self, n):
        """Return the next n images, (n, 1, img_size, img_size), and labels, (n,)."""
        check_size("n", check_whole("n", n) * self.img_size**2)
        labels = self._rng.integers(self.n_classes, size=n)
        recipe = self.img_size, self.n_classes, self.noise
        return draw_images(self._rng, labels, *recipe)[0], labels

    @property
    def state(self):
        return self._rng.bit_generator.state

    @state.setter
    def state(self, saved):
        try:
            self._rng.bit_generator.state = saved
        except (ValueError, TypeError, KeyError) as error:
            text = f"state must be one that a stream had, got {saved!r}"
            raise ValueError(text) from error


@takes(x=images, reach=whole(0, MAX_REACH), rng=generator)
def shift_images(x, rng, reach=2):
    """Move each image by a random number of pixels; what leaves comes back opposite.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
        Images.
    rng : numpy.random.Generator
        Draws the moves.
    reach : int
        Largest move along each axis in pixels, at least 0. All moves are equally
        likely.

    Returns
    -------
    moved : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If x has not four axes or is not finite, or reach is below 0.
    TypeError
        If x holds no real numbers or rng is no Generator.

    Notes
    -----
    For ``fit(..., augment=shift_images)``. Taught in notebook 9.

    Examples
    --------
    >>> x = np.arange(3.0).reshape(1, 1, 1, 3)
    >>> shift_images(x, np.random.default_rng(2), reach=1)
    array([[[[1., 2., 0.]]]])
    """
    N, _, H, W = x.shape
    down, right = rng.integers(-reach, reach + 1, size=(2, N, 1))
    rows, columns = (np.arange(H) - down) % H, (np.arange(W) - right) % W
    moved = x.transpose(0, 2, 3, 1)[
        np.arange(N)[:, None, None], rows[:, :, None], columns[:, None, :]
    ]
    return moved.transpose(0, 3, 1, 2)  # channels last in memory


@takes(x=finite("N C H W"), noise=number(low=0, high=MAX_NOISE), rng=generator)
def add_noise(x, rng, noise=DEFAULT_NOISE):
    """Add fresh Gaussian noise to images.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
        Images; integers become float64.
    rng : numpy.random.Generator
        Draws the noise.
    noise : float
        Its standard deviation, at least 0.

    Returns
    -------
    noisy : ndarray, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If x has not four axes or is not finite, or noise is below 0.
    TypeError
        If x holds no real numbers or rng is no Generator.

    Notes
    -----
    For ``fit(..., augment=add_noise)``: an image is never seen twice in the same noise.
    Taught in notebook 9.

    Examples
    --------
    >>> noisy = add_noise(np.zeros((1, 1, 100, 100)), np.random.default_rng(0), 0.5)
    >>> round(float(noisy.std()), 2)
    0.5
    """
    return x + x.dtype.type(noise) * rng.standard_normal(x.shape, x.dtype)


@takes(**SIZE, seed=whole(0), n_train=storable, n_val=storable)
def draw_data(
    seed, n_train=100, n_val=100, img_size=32, n_classes=10, noise=DEFAULT_NOISE
):
    """Fresh training and validation images for a seed, as `sweep` takes its data.

    Parameters
    ----------
    seed : int
        At least 0; another seed gives other images.
    n_train : int
        Training images of each class.
    n_val : int
        Validation images of each class.
    img_size : int
        Rows and columns, at least 8.
    n_classes : int
        The first this many of `CLASS_NAMES`, 2 to 10.
    noise : float
        Standard deviation of the noise in each pixel.

    Returns
    -------
    X, y, X_val, y_val : ndarray
        Images (N, 1, img_size, img_size) and labels (N,).

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> X, y, X_val, y_val = draw_data(seed=3, n_train=2, n_val=5, img_size=8)
    >>> X.shape, X_val.shape
    ((20, 1, 8, 8), (50, 1, 8, 8))
    """
    parts = ()
    for part, n in enumerate((n_train, n_val)):
        # not [part, seed]: with seed 0, that is the generator of seed `part` alone
        rng = np.random.default_rng([seed, part + 1])
        parts += make_synthetic_images(n, img_size, n_classes, rng, noise)
    return parts
