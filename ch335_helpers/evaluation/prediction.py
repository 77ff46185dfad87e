"""What a trained network answers: scores and class probabilities of images."""

import numpy as np

from ..checks import check_fits, images, takes
from ..machine.cores import map_in_threads
from ..model.folding import fold_layer
from ..model.network import NETWORK
from ..model.ops import image_blocks, softmax


def network_input(name, X, known):
    """The contract of images for a network: in float32, unless they are float64."""
    X = images(name, X, known)
    return X if X.dtype == np.float64 else X.astype(np.float32, copy=False)


@takes(**NETWORK, X=network_input)
def predict_logits(model, params, X):
    """Scores of each class before the softmax, in evaluation mode.

    Parameters
    ----------
    model : Layer
        The network.
    params : dict of str to ndarray
        Its parameters, for instance ``fit(...).params``.
    X : ndarray, shape (N, C, H, W)
        Worked on in blocks, so that memory stays small whatever N is. Computed with as
        float32, unless it is float64.

    Returns
    -------
    logits : ndarray, shape (N, K)

    Raises
    ------
    ValueError, TypeError
        If X has not four axes, is empty, holds NaN or infinity or no real numbers, or
        params are not the model's.

    Notes
    -----
    Taught in notebook 4. Batch normalisation is folded into the convolutions, see
    `fold_batch_norm`, and the blocks are computed on all cores.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> model = SimpleCNN(n_classes=4)
    >>> params = model.init(np.random.default_rng(0))
    >>> predict_logits(model, params, np.zeros((3, 1, 16, 16))).shape
    (3, 4)
    """
    # folded in the type that will be computed with
    params = {k: v.astype(np.result_type(v, X), copy=False) for k, v in params.items()}
    model = fold_layer(model, params)
    # at least two, for two cores; the blocks, and so the rounding, are the same on any
    blocks = np.array_split(X, max(len(image_blocks(len(X))), min(2, len(X))))
    with check_fits("X", X):
        return np.concatenate(
            map_in_threads(lambda block: model(params, block)[0], blocks)
        )


def predict(model, params, X):
    """Class probabilities of images, in evaluation mode.

    Parameters
    ----------
    model : Layer
        The network.
    params : dict of str to ndarray
        Its parameters.
    X : ndarray, shape (N, C, H, W)
        Images, as for `predict_logits`.

    Returns
    -------
    probabilities : ndarray, shape (N, K)
        Rows that sum to 1.

    Raises
    ------
    ValueError, TypeError
        As `predict_logits`.

    Notes
    -----
    Taught in notebook 4.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> model = SimpleCNN(n_classes=4)
    >>> params = model.init(np.random.default_rng(0))
    >>> predict(model, params, np.zeros((2, 1, 16, 16))).sum(axis=1).round(6)
    array([1., 1.])
    """
    return softmax(predict_logits(model, params, X))
