"""How good a trained network is: loss, accuracy and confusion matrix."""

import numpy as np

from ..checks import labels, takes, whole
from ..model.ops import cross_entropy
from .prediction import predict_logits

CLASSES = whole(1, 10_000)  # of a confusion matrix: more would fill the memory
OF_CLASSES = labels("N", "n_classes")


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
    loss, _ = cross_entropy(logits, y)
    if np.isnan(loss):  # scores without an order name no class
        return loss, np.nan
    return loss, float((logits.argmax(axis=1) == y).mean())


@takes(n_classes=CLASSES, predicted=OF_CLASSES, y=OF_CLASSES)
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
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (y, predicted), 1)
    return counts
