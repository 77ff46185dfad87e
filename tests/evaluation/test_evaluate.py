"""How good a trained network is."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.evaluation.evaluate import confusion_matrix, evaluate
from ch335_helpers.model.models import SimpleCNN
from ch335_helpers.model.network import Layer


def test_evaluate_worked_by_hand():
    class Pixel(Layer):  # the score of class 1 is the pixel
        def __call__(self, params, x, train=False):
            assert not train
            return np.stack([np.zeros(len(x)), x[:, 0, 0, 0]], axis=1), None

    X = np.log([3.0, 3, 1 / 3, 1 / 3]).reshape(4, 1, 1, 1)  # p of class 1: ¾ ¾ ¼ ¼
    loss, accuracy = evaluate(Pixel(), {}, X, np.array([1, 0, 0, 0]))
    assert accuracy == 0.75
    assert loss == pytest.approx(-(3 * math.log(3 / 4) + math.log(1 / 4)) / 4)
    assert (type(loss), type(accuracy)) == (float, float)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([0, 1, 2], ValueError, r"y .*52.*\(3,\)"),
        (np.full(52, 4), ValueError, "y .*3.*4"),
        (np.zeros(52), TypeError, "y .*float64"),
    ],
)
def test_evaluate_refuses_bad_labels(task, learnt, y, error, message):
    with pytest.raises(error, match=message):
        evaluate(SimpleCNN(), learnt.params, task[2], y)


def test_a_confusion_matrix_worked_by_hand():
    y, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 2, 2])
    counts = confusion_matrix(y, predicted, 4)
    assert counts.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]
    assert counts.dtype == np.int64


@given(st.integers(1, 6), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_a_confusion_matrix_equals_the_loop(n_classes, n, seed):
    y, predicted = np.random.default_rng(seed).integers(0, n_classes, (2, n))
    expected = [[0] * n_classes for _ in range(n_classes)]
    for i, j in zip(y, predicted, strict=True):
        expected[i][j] += 1
    counts = confusion_matrix(y, predicted, n_classes)
    assert counts.tolist() == expected
    assert np.trace(counts) == (y == predicted).sum()
    assert counts.sum(axis=1).tolist() == np.bincount(y, minlength=n_classes).tolist()


@pytest.mark.parametrize(
    ("y", "predicted", "error", "message"),
    [
        ([0, 3], [0, 1], ValueError, "y .*3"),
        ([0, -1], [0, 1], ValueError, "y .*-1"),
        ([0, 1], [0, 3], ValueError, "predicted .*3"),
        ([0, 1], [-1, 0], ValueError, "predicted .*-1"),
        ([0, 1, 2], [0, 1], ValueError, r"(y|predicted) .*2.*3"),
        ([0, 1], [0, 1, 2], ValueError, r"(y|predicted) .*3.*2"),
        ([0.0, 1.0], [0, 1], TypeError, "y .*float64"),
        ([0, 1], [0.0, 1.0], TypeError, "predicted .*float64"),
        ([0, 1], [[0.9, 0.1], [0.2, 0.8]], ValueError, r"predicted .*\(2, 2\)"),
        ([], [], ValueError, r"(y|predicted) .*\(0,?\)"),
    ],
)
def test_what_is_no_label_is_refused_by_name(y, predicted, error, message):
    with pytest.raises(error, match=message):
        confusion_matrix(np.array(y), np.array(predicted), 3)
