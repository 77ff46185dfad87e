"""Scores of attributions: by hand, at chance, at their best, and with ties."""

import numpy as np
import pytest

from ch335_helpers.attribution_scores import (
    average_precision,
    energy_inside,
    pointing_accuracy,
)

SCORES = [pointing_accuracy, average_precision, energy_inside]
each_score = pytest.mark.parametrize("score", SCORES)
MASK = np.array([[[True, False, True], [False, False, True]]])


def test_pointing_accuracy_worked_by_hand():
    beside = np.array([[[1.0, 2, 0], [0, 0, 0]]])
    on = np.array([[[0.0, 1, 5], [2, 3, 4]]])
    assert pointing_accuracy(beside, MASK).tolist() == [0]
    assert pointing_accuracy(on, MASK).tolist() == [1]
    three_of_four = np.array([[[7, 0, 7], [0, 7, 7]]])
    assert pointing_accuracy(three_of_four, MASK).tolist() == [0.75]
    largest_size_is_negative = np.array([[[-9.0, 1, 0], [0, 0, 0]]])
    assert pointing_accuracy(largest_size_is_negative, MASK).tolist() == [0]


def test_average_precision_worked_by_hand():
    # drawn pixels come first, fourth and sixth
    ranked = np.array([[[6.0, 5, 3], [4, 2, 1]]])
    expected = (1 / 1 + 2 / 4 + 3 / 6) / 3
    np.testing.assert_allclose(average_precision(ranked, MASK), expected)
    # the first three come at once, with two drawn ones; the last three with one
    tied = np.array([[[1, 1, 1], [0, 0, 0]]])
    expected = (2 * 2 / 3 + 1 * 3 / 6) / 3
    np.testing.assert_allclose(average_precision(tied, MASK), expected)


def test_energy_inside_worked_by_hand():
    maps = np.array([[[3.0, 1, -5], [4, -2, 2]]])
    np.testing.assert_allclose(energy_inside(maps, MASK), (3 + 2) / (3 + 1 + 4 + 2))


@each_score
def test_a_map_that_says_the_same_everywhere_gets_the_share_of_drawn_pixels(score):
    for value in (2.5, 0.0, -1.0):
        np.testing.assert_allclose(score(np.full(MASK.shape, value), MASK), 0.5)
    mask = np.zeros((1, 10, 10), bool)
    mask[0, 2, 3:9] = True
    np.testing.assert_allclose(score(np.zeros(mask.shape), mask), 0.06)


@each_score
def test_random_maps_score_at_chance_on_average(score, rng):
    masks = rng.random((2_000, 12, 12)) < 0.1
    masks[:, 0, 0] = True
    scores = score(rng.random(masks.shape), masks)
    error = scores.std() / np.sqrt(len(scores))
    chance = masks.mean(axis=(1, 2))
    if score is average_precision:
        # a drawn pixel at place r has itself and, of the r - 1 before it, its share
        drawn, place = masks.sum(axis=(1, 2))[:, None], np.arange(1, 145)
        chance = ((1 + (place - 1) * (drawn - 1) / 143) / place).mean(axis=1)
    assert abs(scores.mean() - chance.mean()) < 4 * error


@each_score
def test_the_mask_itself_scores_one_and_its_opposite_no_more_than_chance(score, rng):
    masks = rng.random((20, 8, 8)) < 0.3
    masks[:, 3, 3] = True
    noisy = masks + 0.1 * rng.random(masks.shape) * masks
    np.testing.assert_allclose(score(noisy, masks), 1)
    share = masks.mean(axis=(1, 2))
    assert (score(1.0 - masks, masks) <= share + 1e-12).all()


@each_score
def test_each_image_has_a_score_of_its_own_that_no_scale_changes(score, rng):
    maps, masks = rng.standard_normal((5, 6, 7)), rng.random((5, 6, 7)) < 0.4
    masks[:, 2, 2] = True
    scores = score(maps, masks)
    assert scores.shape == (5,) and scores.dtype == np.float64
    alone = [score(maps[n : n + 1], masks[n : n + 1])[0] for n in range(5)]
    np.testing.assert_allclose(scores, alone)
    np.testing.assert_allclose(score(1e300 * maps, masks), scores)
    np.testing.assert_allclose(score(np.float32(maps), masks), scores, rtol=1e-5)


def test_only_the_ranking_counts_for_two_of_the_scores(rng):
    maps, masks = rng.standard_normal((5, 6, 7)), rng.random((5, 6, 7)) < 0.4
    masks[:, 2, 2] = True
    for score in (pointing_accuracy, average_precision):
        np.testing.assert_allclose(score(np.exp(maps), masks), score(maps, masks))


@each_score
def test_average_precision_is_the_naive_one(score, rng):
    """Tied pixels in every order, all orders equally likely, for pointing alone."""
    maps = rng.integers(0, 4, (3, 4, 4)).astype(float)
    masks = rng.random((3, 4, 4)) < 0.4
    masks[:, 0, 0] = True
    for n in range(3):
        values, drawn = maps[n].ravel(), masks[n].ravel()
        if score is average_precision:
            at = [values >= v for v in values[drawn]]
            expected = np.mean([(drawn & part).sum() / part.sum() for part in at])
        elif score is pointing_accuracy:
            expected = drawn[values == values.max()].mean()
        else:
            expected = values[drawn].sum() / values.sum()
        np.testing.assert_allclose(score(maps, masks)[n], expected)


@each_score
@pytest.mark.parametrize(
    ("maps", "masks", "error", "message"),
    [
        (np.zeros((2, 3)), MASK, ValueError, r"maps must have shape.*\(2, 3\)"),
        (np.zeros((1, 2, 4)), MASK, ValueError, r"masks must .*1, 2, 4.*\(1, 2, 3\)"),
        (np.zeros((2, 2, 3)), MASK, ValueError, r"masks must .*2, 2, 3.*\(1, 2, 3\)"),
        (np.full((1, 2, 3), np.nan), MASK, ValueError, "maps must be finite"),
        (np.full((1, 2, 3), np.inf), MASK, ValueError, "maps must be finite"),
        (np.zeros((1, 2, 3)), MASK.astype(int), TypeError, "masks .*booleans.*int64"),
        (np.zeros((1, 2, 3), complex), MASK, TypeError, "maps .*real.*complex"),
        (MASK, MASK, TypeError, "maps must hold real numbers, got dtype bool"),
        (np.zeros((1, 2, 3)), MASK & False, ValueError, "masks .*none in image 0"),
    ],
)
def test_what_is_no_map_or_mask_is_refused_by_name(score, maps, masks, error, message):
    with pytest.raises(error, match=message):
        score(maps, masks)
