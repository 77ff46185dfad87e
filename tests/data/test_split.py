"""The record of the test part; splits and the seal are tested with the data."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ch335_helpers.data.split import SealedTestSet, content_hash, train_val_test_split


@pytest.fixture
def split(rng):
    y = np.repeat([0, 1], 20)
    return train_val_test_split(rng.standard_normal((40, 1, 2, 2)), y, seed=3)


def record(split):
    return dict(split.protocol().rows)


def test_the_protocol_gives_sizes_without_opening_anything(split):
    rows = record(split)
    sizes = [rows[f"{part} images"] for part in ("training", "validation", "test")]
    assert sizes == ["28", "6", "6"]
    assert rows["images in more than one part"] == "0 (checked by content)"
    assert rows["openings of the test part"] == "0"
    large = replace(split, y_train=np.zeros(5600, int))
    assert record(large)["training images"] == "5,600"


def test_the_protocol_tells_every_opening_with_its_reason(split):
    split.test.open()
    split.test.open(reason="a figure for the talk")
    rows = record(split)
    assert rows["openings of the test part"] == "2"
    assert rows["opening 1"] == "final evaluation"
    assert rows["opening 2"] == "a figure for the talk"


def test_the_fingerprint_changes_with_a_pixel_and_with_a_label(rng):
    X, y = rng.standard_normal((3, 1, 2, 2)), np.array([0, 1, 2])
    before = content_hash(X, y)
    assert content_hash(X.copy(), y.astype(np.int32)) == before
    assert content_hash(X, y[::-1]) != before
    X[1, 0, 1, 1] += 1e-12
    assert content_hash(X, y) != before
    assert SealedTestSet(X, y).content_hash() == content_hash(X, y)


@pytest.fixture
def numbered(rng):
    """100 images of each of 4 classes, each with its own number in its first pixel."""
    X = rng.standard_normal((400, 1, 2, 2))
    X[:, 0, 0, 0] = np.arange(400)
    return X, np.arange(400) % 4


def ids(X):
    return X[:, 0, 0, 0].astype(int).tolist()


def test_a_split_is_stratified_to_the_image(numbered):
    split = train_val_test_split(*numbered)
    _, y_test = split.test.open()
    counts = [np.bincount(y).tolist() for y in (split.y_train, split.y_val, y_test)]
    assert counts == [[70] * 4, [15] * 4, [15] * 4]


def test_every_image_stands_in_exactly_one_part_with_its_label(numbered):
    X, y = numbered
    split = train_val_test_split(X, y)
    X_test, y_test = split.test.open()
    parts = [
        (split.X_train, split.y_train),
        (split.X_val, split.y_val),
        (X_test, y_test),
    ]
    assert sorted(n for part, _ in parts for n in ids(part)) == list(range(400))
    for part, labels in parts:
        np.testing.assert_array_equal(X[ids(part)], part)
        np.testing.assert_array_equal(y[ids(part)], labels)


def test_the_seed_decides_the_split(numbered):
    first, again, other = (train_val_test_split(*numbered, seed=s) for s in (3, 3, 4))
    assert ids(first.X_train) == ids(again.X_train)
    assert ids(first.test.open()[0]) == ids(again.test.open()[0])
    assert set(ids(first.X_val)) != set(ids(other.X_val))


def test_each_part_is_shuffled(numbered):
    split = train_val_test_split(*numbered)
    for y in (split.y_train, split.y_val, split.test.open()[1]):
        assert (np.diff(y) != 0).sum() > len(y) / 2  # sorted: 3 changes


def test_the_split_does_not_follow_the_order_of_the_images(numbered):
    split = train_val_test_split(*numbered)
    assert 150 < np.mean(ids(split.X_train)) < 250
    assert 120 < np.mean(ids(split.X_val)) < 280


def test_other_fractions_will_do(numbered):
    split = train_val_test_split(*numbered, fractions=(0.5, 0.2, 0.3))
    assert (len(split.y_train), len(split.y_val), len(split.test)) == (200, 80, 120)


def test_the_split_leaves_its_arrays_alone(numbered):
    X, y = numbered
    kept_X, kept_y = X.copy(), y.copy()
    split = train_val_test_split(X, y)
    split.X_train[:], split.y_train[:] = -1, -1
    np.testing.assert_array_equal(X, kept_X)
    np.testing.assert_array_equal(y, kept_y)


def test_unequal_classes_keep_their_shares(rng):
    y = np.repeat([0, 1], [300, 100])
    split = train_val_test_split(rng.standard_normal((400, 1, 2, 2)), y)
    assert np.bincount(split.y_train).tolist() == [210, 70]
    assert np.bincount(split.y_val).tolist() == [45, 15]


@pytest.mark.parametrize(
    "fractions",
    [
        (0.7, 0.2, 0.2),
        (0.5, 0.2, 0.2),
        (0.8, 0.2, 0),
        (1.2, -0.1, -0.1),
        (0.5, 0.5),
        (0.4, 0.2, 0.2, 0.2),
        (math.nan, 0.5, 0.5),
    ],
)
def test_fractions_that_are_no_shares_are_refused(numbered, fractions):
    with pytest.raises(ValueError, match=rf"fractions .*{fractions[1]}"):
        train_val_test_split(*numbered, fractions=fractions)


def test_a_part_without_an_image_of_some_class_is_refused(rng):
    X, y = rng.standard_normal((23, 1, 2, 2)), np.repeat([0, 5], [20, 3])
    with pytest.raises(ValueError, match=r"class 5 .*3"):
        train_val_test_split(X, y)


def test_copies_in_two_parts_are_refused(numbered):
    X, y = numbered
    X[y == 2] = X[2]
    with pytest.raises(ValueError, match=r"image \d+ .*copy"):
        train_val_test_split(X, y)


def test_a_copy_under_another_label_is_a_copy_too(rng):
    X = rng.standard_normal((40, 1, 2, 2))
    X[20:] = X[0]
    with pytest.raises(ValueError, match=r"image \d+ .*copy"):
        train_val_test_split(X, np.repeat([0, 1], 20))


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.zeros(399, int), ValueError, r"y .*400.*\(399,\)"),
        (np.zeros((400, 1), int), ValueError, r"y .*\(400, 1\)"),
        (np.zeros(400), TypeError, "y .*float64"),
        (np.full(400, -1), ValueError, "y .*-1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(numbered, y, error, message):
    with pytest.raises(error, match=message):
        train_val_test_split(numbered[0], y)


def test_nothing_cannot_be_split():
    with pytest.raises(ValueError, match=r"X .*\(N, ...\) .* got \(0, 1, 2, 2\)"):
        train_val_test_split(np.zeros((0, 1, 2, 2)), np.zeros(0, int))


def sealed():
    return SealedTestSet(np.arange(3.0), np.array([0, 1, 2]))


def test_a_sealed_test_set_opens_once_without_a_reason():
    test = sealed()
    X, y = test.open()
    assert (X.tolist(), y.tolist()) == ([0, 1, 2], [0, 1, 2])
    for reason in (None, ""):
        with pytest.raises(RuntimeError, match=r"opened already.*reason"):
            test.open(reason)


def test_a_reason_opens_it_again_and_is_kept():
    test = sealed()
    test.open()
    X, _ = test.open(reason="a bug in the metric")
    assert X.tolist() == [0, 1, 2]
    assert len(test.openings) == 2
    assert test.openings[1] == "a bug in the metric"
    with pytest.raises(RuntimeError):
        test.open()


def test_a_refused_opening_is_not_counted():
    test = sealed()
    test.open()
    with pytest.raises(RuntimeError):
        test.open()
    assert len(test.openings) == 1


def test_its_size_and_its_seal_can_be_seen_without_opening_it():
    test = sealed()
    assert len(test) == 3
    assert "3 images, sealed" in repr(test)
    test.open()
    assert "3 images, opened 1" in repr(test)


def test_what_was_handed_out_does_not_reach_back():
    test = sealed()
    X, y = test.open()
    X[:], y[:] = -1, -1
    X, y = test.open("again")
    assert (X.tolist(), y.tolist()) == ([0, 1, 2], [0, 1, 2])
