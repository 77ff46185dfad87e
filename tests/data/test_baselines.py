"""Classifiers without a network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.data.baselines import nearest_mean, nearest_neighbour

BOTH = pytest.mark.parametrize("classify", [nearest_mean, nearest_neighbour])


def row(*pixels):
    return np.array(pixels, float).reshape(1, 1, 1, -1)


def test_the_mean_of_a_class_may_be_nearer_than_its_images():
    # class 4: pixels 0 and 10, mean 5; class 7: pixel 7
    X_train = np.concatenate([row(0.0), row(10.0), row(7.0)])
    y_train = np.array([4, 4, 7])
    assert nearest_mean(X_train, y_train, row(5.5)) == [4]
    assert nearest_neighbour(X_train, y_train, row(5.5)) == [7]


@given(st.integers(0, 2**32 - 1))
def test_both_agree_with_distances_computed_in_loops(seed):
    rng = np.random.default_rng(seed)
    X_train, X = rng.standard_normal((9, 2, 3, 2)), rng.standard_normal((5, 2, 3, 2))
    y_train = rng.permutation(np.repeat([1, 5, 8], 3))
    for image, by_mean, by_neighbour in zip(
        X,
        nearest_mean(X_train, y_train, X),
        nearest_neighbour(X_train, y_train, X),
        strict=True,
    ):
        means = {k: X_train[y_train == k].mean(axis=0) for k in (1, 5, 8)}
        assert by_mean == min(means, key=lambda k: ((means[k] - image) ** 2).sum())
        distances = [((other - image) ** 2).sum() for other in X_train]
        assert by_neighbour == y_train[np.argmin(distances)]


def test_more_images_than_a_block_give_the_same_labels_as_one_by_one(rng):
    X_train, y_train = rng.standard_normal((4, 1, 2, 2)), np.array([0, 1, 2, 3])
    X = rng.standard_normal((1025, 1, 2, 2))
    together = nearest_neighbour(X_train, y_train, X)
    alone = [
        nearest_neighbour(X_train, y_train, X[i : i + 1])[0] for i in (0, 511, 512)
    ]
    assert together.shape == (1025,)
    assert together[[0, 511, 512]].tolist() == alone


@BOTH
def test_images_of_another_shape_are_refused(classify):
    with pytest.raises(ValueError, match=r"X must have shape \(M, 1, 1, 2\).*1, 3\)"):
        classify(np.zeros((2, 1, 1, 2)), np.array([0, 1]), np.zeros((1, 1, 1, 3)))


@BOTH
def test_labels_of_another_length_are_refused(classify):
    with pytest.raises(ValueError, match=r"y_train .*\(2\).*\(3,\)"):
        classify(np.zeros((2, 1, 1, 2)), np.array([0, 1, 1]), np.zeros((1, 1, 1, 2)))
