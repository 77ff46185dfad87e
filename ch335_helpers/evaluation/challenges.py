"""The open challenge: a network's score beside the best possible one."""

from dataclasses import dataclass

import numpy as np

from ..checks import check_size, check_whole, takes
from ..data.ideal import class_posterior
from ..data.shapes import NOISE, make_synthetic_images
from .intervals import wilson_interval
from .prediction import predict_logits


@dataclass(frozen=True)
class Score:
    """A model's accuracy beside the best possible one, on the same fresh images.

    Attributes
    ----------
    accuracy, low, high, ceiling : float
        From 0 to 1: the model's accuracy with its 95 % Wilson interval, and the ideal
        observer's accuracy.
    n_images : int
    noise : float
    """

    accuracy: float
    low: float
    high: float
    ceiling: float
    n_images: int
    noise: float

    def __str__(self):
        return (
            f"≈ {self.accuracy:.1%} of {self.n_images:,} fresh images at noise "
            f"{self.noise} (≈ {self.low:.1%} to ≈ {self.high:.1%}); "
            f"ideal observer ≈ {self.ceiling:.1%}"
        )


def _tens(name, n_images, known):
    """The contract of as many images of each of ten classes, which memory holds."""
    if check_whole(name, n_images, low=10) % 10:
        raise ValueError(f"{name} must be a multiple of 10, got {n_images!r}")
    check_size(name, int(n_images) * 32 * 32)
    return int(n_images)


@takes(noise=NOISE, n_images=_tens)
def score_entry(model, params, noise=0.9, n_images=4000, seed=335):
    """Score a network against the ideal observer on fresh 32 x 32 images.

    Parameters
    ----------
    model : Layer
        With ten outputs, for images of shape (1, 32, 32).
    params : dict of str to ndarray
        The model's trained parameters.
    noise : float
        Noise of the images; 0.9 is that of the fourth challenge.
    n_images : int
        A multiple of 10, at least 10.
    seed : int
        Which images are drawn. Keep your training and choices away from it.

    Returns
    -------
    Score
        Accuracy, its interval, and the ideal observer's accuracy.

    Raises
    ------
    ValueError, TypeError
        If n_images is no multiple of 10, the model has not ten outputs, or its
        parameters do not fit it or give scores that are not finite.

    Notes
    -----
    Taught in notebook 5.

    Examples
    --------
    With all weights 0, every image is called the first of ten classes:

    >>> import numpy as np
    >>> from ch335_helpers import LinearClassifier
    >>> params = {"linear.w": np.zeros((10, 1024)), "linear.b": np.zeros(10)}
    >>> score = score_entry(LinearClassifier(), params, n_images=100)
    >>> score.accuracy, round(score.low, 3), round(score.high, 3)
    (0.1, 0.055, 0.174)
    """
    X, y = make_synthetic_images(n_images // 10, seed=seed, noise=noise)
    logits = predict_logits(model, params, X)
    if logits.shape[1] != 10:
        raise ValueError(f"model must have 10 outputs, got {logits.shape[1]}")
    if not np.isfinite(logits).all():
        raise ValueError("params must give finite scores, got NaN or infinity")
    n_correct = int((logits.argmax(axis=1) == y).sum())
    ceiling = float((class_posterior(X, noise=noise).argmax(axis=1) == y).mean())
    interval = wilson_interval(n_correct, n_images)
    return Score(n_correct / n_images, *interval, ceiling, n_images, noise)
