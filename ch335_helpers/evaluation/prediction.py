"""The use of a trained network: scores, class probabilities, loss and accuracy."""

import numpy as np

from ..checks import (
    check_fits,
    check_images,
    check_is,
    check_labels,
    check_params,
    check_whole,
)
from ..machine.cores import map_in_threads
from ..model.folding import fold_layer
from ..model.network import Layer
from ..model.ops import cross_entropy, image_blocks, softmax

MOST_CLASSES = 10_000  # of a confusion matrix: more would fill the memory


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
    check_is("model", model, Layer)
    params, X = check_params("params", params, model), check_images("X", X)
    if X.dtype != np.float64:
        X = X.astype(np.float32, copy=False)
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


def evaluate(model, params, X, y):
    """Mean cross-entropy (nats) and accuracy (0 to 1) on labelled images.

    Parameters
    ----------
    model : Layer
        The network.
    params : dict of str to ndarray
        Its parameters.
    X : ndarray, shape (N, C, H, W)
        Images, as for `predict_logits`.
    y : ndarray of int, shape (N,)
        Their labels.

    Returns
    -------
    loss : float
        Mean cross-entropy, in nats.
    accuracy : float
        Share of images whose highest score is that of their label.

    Raises
    ------
    ValueError, TypeError
        As `predict_logits`, or if a label is no class of the model.

    Notes
    -----
    Taught in notebook 3.

    Examples
    --------
    An untrained network is about as good as guessing among four classes:

    >>> from ch335_helpers import SimpleCNN, make_synthetic_images
    >>> X, y = make_synthetic_images(n_per_class=25, img_size=16, n_classes=4)
    >>> model = SimpleCNN(n_classes=4)
    >>> loss, accuracy = evaluate(model, model.init(np.random.default_rng(0)), X, y)
    >>> 0.1 < accuracy < 0.5
    True
    """
    return score(predict_logits(model, params, X), y)


def score(logits, y):
    """Loss and accuracy of scores (N, K) before the softmax, as `evaluate` has them."""
    y = check_labels("y", y, *logits.shape)
    loss, _ = cross_entropy(logits, y)
    if np.isnan(loss):  # scores without an order name no class
        return loss, np.nan
    return loss, float((logits.argmax(axis=1) == y).mean())


def confusion_matrix(y, predicted, n_classes):
    """Count how often each class was taken for each.

    Parameters
    ----------
    y : ndarray of int, shape (N,)
        True labels, from 0 to n_classes - 1.
    predicted : ndarray of int, shape (N,)
        Predicted labels, in the same order.
    n_classes : int
        Number of classes.

    Returns
    -------
    counts : ndarray of int64, shape (n_classes, n_classes)
        ``counts[i, j]`` images of class i were called j;
        the right ones are on the diagonal.

    Raises
    ------
    ValueError, TypeError
        If the lengths differ, a label is no class or n_classes out of range.

    Notes
    -----
    Taught in notebook 4.

    Examples
    --------
    >>> y, predicted = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1])
    >>> confusion_matrix(y, predicted, n_classes=2)  # a 0 was taken for a 1
    array([[2, 1],
           [0, 2]])
    """
    n_classes = check_whole("n_classes", n_classes, high=MOST_CLASSES)
    predicted = check_labels("predicted", predicted, "N", n_classes)
    y = check_labels("y", y, len(predicted), n_classes)
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (y, predicted), 1)
    return counts
