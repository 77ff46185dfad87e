"""The record of the test part; splits and the seal are tested with the data."""

import numpy as np
import pytest

from ch335_helpers.protocol import content_hash, train_val_test_split


@pytest.fixture
def split(rng):
    y = np.repeat([0, 1], 20)
    return train_val_test_split(rng.standard_normal((40, 1, 2, 2)), y, seed=3)


def record(split):
    return dict(split.protocol().rows)


def test_the_protocol_gives_sizes_and_contents_without_opening_anything(split):
    rows = record(split)
    own = content_hash(split.X_train, split.y_train)
    assert rows["training images"] == f"28, content ≈ {own}"
    assert rows["test images"].startswith("6, content ≈ ")
    assert rows["openings of the test part"] == "0"


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
