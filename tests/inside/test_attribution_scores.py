"""Scores of attributions: by hand, at chance and at their ends, against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.inside.attribution_scores import (
    average_precision,
    energy_inside,
    pointing_accuracy,
)

SCORES = [pointing_accuracy, average_precision, energy_inside]
SEEDS = st.integers(0, 2**32 - 1)


def one(score, values, drawn):
    """The score of a single map, which is given as one row of pixels."""
    (found,) = score(np.array([[values]]), np.array([[drawn]]) == 1)
    return found


def some_masks(rng, shape, share=0.3):
    """Random masks, none of them empty."""
    masks = rng.random(shape) < share
    masks[:, 0, 0] |= ~masks.any(axis=(1, 2))
    return masks


@st.composite
def ranked(draw):
    """Maps of small whole numbers, so that many values are equal, and masks."""
    rng = np.random.default_rng(draw(SEEDS))
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)))
    maps = rng.integers(-3, 4, shape).astype(float)
    return maps, some_masks(rng, shape, draw(st.floats(0, 1)))


# ------------------------------------------------------------------- examples by hand


@pytest.mark.parametrize(
    ("values", "drawn", "score"),
    [
        ([3, 1, 0, 2], [1, 0, 0, 0], 1),
        ([3, 1, 0, 2], [0, 1, 1, 1], 0),
        ([-3, -1, -7, -2], [0, 1, 0, 0], 1),  # the largest, not the one largest in size
        ([5, 5, 0, 5], [1, 0, 1, 1], 2 / 3),
        ([5, 5, 0, 4], [0, 0, 1, 1], 0),
    ],
)
def test_pointing_worked_by_hand(values, drawn, score):
    assert one(pointing_accuracy, values, drawn) == pytest.approx(score)


@pytest.mark.parametrize(
    ("values", "drawn", "score"),
    [
        ([4, 3, 2, 1], [1, 0, 0, 1], (1 / 1 + 2 / 4) / 2),
        ([4, 3, 2, 1], [0, 0, 0, 1], 1 / 4),
        ([1, 9, 5, 7, 3], [0, 1, 1, 0, 1], (1 / 1 + 2 / 3 + 3 / 4) / 3),
        # the two fives come at once: a drawn one among them has two of three before it
        ([9, 5, 5, 1], [1, 1, 0, 0], (1 / 1 + 2 / 3) / 2),
        ([9, 5, 5, 1], [0, 1, 1, 0], 2 / 3),
        ([9, 5, 5, 1], [0, 0, 1, 1], (1 / 3 + 2 / 4) / 2),
    ],
)
def test_average_precision_worked_by_hand(values, drawn, score):
    assert one(average_precision, values, drawn) == pytest.approx(score)


@pytest.mark.parametrize(
    ("values", "drawn", "score"),
    [
        ([3, 1, 4, 2], [1, 0, 0, 1], 5 / 10),
        ([3, 1, -8, 0], [1, 0, 1, 0], 3 / 4),  # what is below 0 counts as 0
        ([-3, 1, -8, 0], [1, 0, 1, 0], 0),
        ([-3, -1, -8, 0], [1, 0, 1, 1], 3 / 4),  # nothing is positive: chance
    ],
)
def test_energy_worked_by_hand(values, drawn, score):
    assert one(energy_inside, values, drawn) == pytest.approx(score)


def test_each_image_of_a_batch_has_its_own_map_and_mask():
    maps = np.array([[[2.0, 1], [0, 0]], [[2, 1], [0, 0]], [[0, 0], [0, 8]]])
    masks = np.zeros((3, 2, 2), bool)
    masks[[0, 1, 2], [0, 0, 1], [0, 1, 1]] = True
    np.testing.assert_allclose(pointing_accuracy(maps, masks), [1, 0, 1])
    np.testing.assert_allclose(average_precision(maps, masks), [1, 1 / 2, 1])
    np.testing.assert_allclose(energy_inside(maps, masks), [2 / 3, 1 / 3, 1])


# ------------------------------------------------------- chance, the best and the worst


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("value", [-2.5, 0, 7])
@pytest.mark.parametrize("share", [0.02, 0.5, 1])
def test_a_map_of_one_value_scores_the_share_of_drawn_pixels(score, value, share, rng):
    masks = some_masks(rng, (6, 5, 7), share)
    found = score(np.full(masks.shape, value), masks)
    np.testing.assert_allclose(found, masks.mean(axis=(1, 2)))


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("noise", [np.asarray, np.abs])
def test_maps_of_noise_score_at_chance_and_a_little_knowledge_shows(score, noise, rng):
    masks = some_masks(rng, (3000, 32, 32), 0.15)
    random = rng.standard_normal(masks.shape)
    # chance is one in seven; the mean of 3000 is known to within 0.02
    found = score(noise(random), masks).mean()
    assert found == pytest.approx(masks.mean(), abs=0.02)
    better = score(noise(random) + 0.5 * masks, masks).mean()
    assert better > masks.mean() + 0.02


def test_the_average_precision_of_a_random_ranking_has_a_formula(rng):
    # place i holds a drawn pixel with chance m / n, and then of the i - 1 before it
    # (m - 1) / (n - 1) are drawn
    n, m = 12, 3
    harmonic = sum(1 / i for i in range(1, n + 1))
    expected = (harmonic + (m - 1) / (n - 1) * (n - harmonic)) / n
    masks = np.broadcast_to(np.arange(n).reshape(3, 4) < m, (20_000, 3, 4))
    found = average_precision(rng.random(masks.shape), masks)
    assert found.mean() == pytest.approx(expected, abs=4 * found.std() / 20_000**0.5)
    assert expected > m / n + 0.1  # on so few pixels, luck at the top counts


@pytest.mark.parametrize("score", SCORES)
def test_the_mask_itself_scores_1(score, rng):
    masks = some_masks(rng, (50, 4, 6))
    np.testing.assert_allclose(score(masks.astype(float), masks), 1)
    np.testing.assert_allclose(score(masks * (1 + rng.random(masks.shape)), masks), 1)


def test_the_opposite_of_the_mask_scores_low(rng):
    masks = some_masks(rng, (50, 4, 6))
    kept = ~masks.all(axis=(1, 2))
    masks, share = masks[kept], masks[kept].mean(axis=(1, 2))
    opposite = (~masks).astype(float)
    assert not pointing_accuracy(opposite, masks).any()
    assert not energy_inside(opposite, masks).any()
    # all drawn pixels come at once and last: after them, all pixels have been seen
    np.testing.assert_allclose(average_precision(opposite, masks), share)
    apart = opposite + 0.5 * rng.random(masks.shape)  # one after another
    assert (average_precision(apart, masks) <= share + 1e-12).all()
    assert average_precision(apart, masks).mean() < share.mean() - 0.05


# ---------------------------------------------------------------------- plain loops


def average_precision_by_loops(values, drawn):
    precisions = []
    for value in values[drawn]:
        so_far = [d for v, d in zip(values, drawn, strict=True) if v >= value]
        precisions.append(sum(so_far) / len(so_far))
    return sum(precisions) / len(precisions)


def energy_by_loops(values, drawn):
    inside = sum(max(v, 0) for v, d in zip(values, drawn, strict=True) if d)
    total = sum(max(v, 0) for v in values)
    return inside / total if total > 0 else drawn.mean()


def pointing_by_loops(values, drawn):
    best = [d for v, d in zip(values, drawn, strict=True) if v == max(values)]
    return sum(best) / len(best)


@pytest.mark.parametrize(
    ("score", "loops"),
    [
        (pointing_accuracy, pointing_by_loops),
        (average_precision, average_precision_by_loops),
        (energy_inside, energy_by_loops),
    ],
)
@given(data=st.data())
def test_scores_equal_plain_loops_over_pixels(score, loops, data):
    maps, masks = data.draw(ranked())
    pairs = zip(maps, masks, strict=True)
    expected = [loops(values.ravel(), drawn.ravel()) for values, drawn in pairs]
    np.testing.assert_allclose(score(maps, masks), expected)


@given(ranked())
def test_average_precision_is_that_of_scikit_learn(images):
    metrics = pytest.importorskip("sklearn.metrics")
    for values, mask, found in zip(*images, average_precision(*images), strict=True):
        theirs = metrics.average_precision_score(mask.ravel(), values.ravel())
        assert found == pytest.approx(theirs)


# ------------------------------------------------------------------------- properties


@pytest.mark.parametrize("score", SCORES)
@given(data=st.data())
def test_a_score_is_a_share_in_float64_and_changes_nothing(score, data):
    maps, masks = data.draw(ranked())
    maps = maps.astype(data.draw(st.sampled_from(["f4", "f8", "i2", "i8"])))
    kept = maps.copy(), masks.copy()
    found = score(maps, masks)
    assert found.shape == (len(maps),) and found.dtype == np.float64
    assert (found >= 0).all() and (found <= 1 + 1e-12).all()
    np.testing.assert_array_equal(maps, kept[0])
    np.testing.assert_array_equal(masks, kept[1])


@pytest.mark.parametrize("score", SCORES)
@given(data=st.data())
def test_the_scale_of_a_map_does_not_matter(score, data):
    maps, masks = data.draw(ranked())
    factor = data.draw(st.floats(1e-290, 1e290))
    np.testing.assert_allclose(score(factor * maps, masks), score(maps, masks))


@pytest.mark.parametrize("score", [pointing_accuracy, average_precision])
@given(data=st.data())
def test_only_the_order_of_the_values_matters_to_rankings(score, data):
    maps, masks = data.draw(ranked())
    for moved in (maps + 17, maps - 17, np.exp(maps), maps**3):
        np.testing.assert_array_equal(score(moved, masks), score(maps, masks))


@pytest.mark.parametrize("score", SCORES)
@given(data=st.data())
def test_where_the_pixels_lie_does_not_matter(score, data):
    maps, masks = data.draw(ranked())
    order = np.random.default_rng(data.draw(SEEDS)).permutation(maps[0].size)
    moved = [a.reshape(len(a), -1)[:, order].reshape(a.shape) for a in (maps, masks)]
    np.testing.assert_allclose(score(*moved), score(maps, masks))


def test_to_the_energy_it_matters_where_0_is():
    maps, masks = np.array([[[3.0, 1]]]), np.array([[[True, False]]])
    for shift, share in {0: 3 / 4, -1: 1, 4: 7 / 12}.items():
        np.testing.assert_allclose(energy_inside(maps + shift, masks), share)


@pytest.mark.parametrize("score", SCORES)
def test_huge_and_tiny_values_do_not_overflow(score, rng):
    maps, masks = rng.standard_normal((5, 6, 6)).clip(-2, 2), some_masks(rng, (5, 6, 6))
    expected = score(maps, masks)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        np.testing.assert_allclose(score(1e300 * maps, masks), expected)
        np.testing.assert_allclose(score(1e-300 * maps, masks), expected)


def test_maps_below_0_are_ranked_and_have_no_energy(rng):
    masks = some_masks(rng, (20, 3, 4))
    maps = masks - 5 - rng.random(masks.shape)  # drawn pixels are nearer to 0
    np.testing.assert_allclose(pointing_accuracy(maps, masks), 1)
    np.testing.assert_allclose(average_precision(maps, masks), 1)
    np.testing.assert_allclose(energy_inside(maps, masks), masks.mean(axis=(1, 2)))


def test_unsigned_integers_are_ranked_as_they_are():
    maps = np.array([[[0, 255, 3]]], np.uint8)
    masks = np.array([[[False, True, False]]])
    for score in SCORES:
        expected = 255 / 258 if score is energy_inside else 1
        np.testing.assert_allclose(score(maps, masks), expected)


def test_lists_will_do():
    for score in SCORES:
        assert score([[[4, 0]]], [[[True, False]]]).tolist() == [1]


# --------------------------------------------------------------------------- refusals


MAPS, MASKS = np.ones((2, 3, 4)), np.ones((2, 3, 4), bool)


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    ("maps", "masks", "error", "message"),
    [
        (MAPS[0], MASKS, ValueError, r"maps must .*N, H, W.*\(3, 4\)"),
        (MAPS[:, None], MASKS, ValueError, r"maps must .*\(2, 1, 3, 4\)"),
        (MAPS[:0], MASKS[:0], ValueError, r"maps must .*length 0.*\(0, 3, 4\)"),
        (changed(MAPS, 1, math.nan), MASKS, ValueError, "maps must be finite.*at 1"),
        (changed(MAPS, 1, -math.inf), MASKS, ValueError, "maps must be finite.*at 1"),
        (MASKS, MASKS, TypeError, "maps must hold real numbers.*bool"),
        (MAPS + 1j, MASKS, TypeError, "maps must hold real numbers.*complex"),
        (MAPS, MASKS[:1], ValueError, r"masks must .*2, 3, 4.*\(1, 3, 4\)"),
        (MAPS, MASKS[0], ValueError, r"masks must .*2, 3, 4.*\(3, 4\)"),
        (MAPS, MASKS[:, :, :3], ValueError, r"masks must .*2, 3, 4.*\(2, 3, 3\)"),
        (MAPS, MAPS, TypeError, "masks must hold booleans.*float64"),
        (MAPS, MASKS.astype(np.uint8), TypeError, "masks must hold booleans.*uint8"),
        (MAPS, changed(MASKS, 1, False), ValueError, "masks must .*one pixel.*image 1"),
    ],
)
def test_what_cannot_be_scored_is_refused(score, maps, masks, error, message):
    with pytest.raises(error, match=message):
        score(maps, masks)


@pytest.mark.parametrize("score", SCORES)
def test_maps_of_words_are_refused(score):
    with pytest.raises(TypeError):
        score(np.full((2, 3, 4), "high"), MASKS)
