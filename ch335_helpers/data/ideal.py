"""The ideal observer: how well anyone could do, computed from the recipe itself."""

import numpy as np

from ..checks import finite, number, takes
from ..machine.products import inner_products
from .shapes import DEFAULT_NOISE, MAX_NOISE, SIZE, shape_templates

NOISE = number(low=1e-100, high=MAX_NOISE)  # the square of less could be 0


@takes(**SIZE, images=finite("N 1 img_size img_size"), noise=NOISE)
def class_posterior(images, img_size=32, n_classes=10, noise=DEFAULT_NOISE):
    """Exact probability of each class given the image: the ideal observer.

    Bayes' rule, summed over every placement of every class. For Gaussian noise,
    log p(x | template t) is (x·t - t·t / 2) / noise² plus a term that is the same
    for all templates.

    Parameters
    ----------
    images : ndarray, shape (N, 1, img_size, img_size)
        Drawn by `make_synthetic_images`, or by hand.
    img_size : int
        Rows and columns of the images.
    n_classes : int
        How many classes they were drawn from.
    noise : float
        Standard deviation of the noise that they were drawn with.

    Returns
    -------
    posterior : ndarray of float64, shape (N, n_classes)
        Rows that sum to 1.

    Raises
    ------
    ValueError, TypeError
        If the images have another shape, hold no real numbers, or NaN or infinity, or
        noise is not above 0.

    Notes
    -----
    Taught in notebook 1. No classifier can be right more often on images of this
    generator than the one that names the most probable class.

    Examples
    --------
    One image, a bar, says less about its class if it could be noise:

    >>> bar = shape_templates(img_size=8, n_classes=2)[0, :1, None]
    >>> class_posterior(bar, img_size=8, n_classes=2, noise=0.5).round(2)
    array([[1., 0.]])
    >>> class_posterior(bar, img_size=8, n_classes=2, noise=5).round(2)
    array([[0.5, 0.5]])
    """
    flat = shape_templates(img_size, n_classes).reshape(-1, img_size * img_size)
    half_energy = 0.5 * (flat * flat).sum(axis=1)
    posterior = np.empty((len(images), n_classes))
    # in blocks: 512 rows of scores, whatever the number of images
    for start in range(0, len(images), 512):
        block = images[start : start + 512].reshape(-1, flat.shape[1])
        scores = (inner_products(block, flat) - half_energy).astype(np.float64)
        scores = scores.reshape(len(block), n_classes, -1)
        scores -= scores.max(axis=(1, 2), keepdims=True)
        evidence = np.exp(scores / noise**2).sum(axis=2)
        posterior[start : start + 512] = evidence / evidence.sum(axis=1, keepdims=True)
    return posterior
