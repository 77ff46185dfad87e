"""The open challenge."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from ch335_helpers.data.ideal import class_posterior
from ch335_helpers.data.shapes import make_synthetic_images
from ch335_helpers.evaluation.challenges import Score, score_entry
from ch335_helpers.evaluation.evaluate import evaluate
from ch335_helpers.model.models import ResidualCNN, SimpleCNN


def test_an_entry_is_scored_beside_the_ideal_observer_on_the_same_images():
    model = ResidualCNN(width=1)
    params = model.init(np.random.default_rng(0))
    score = score_entry(model, params, noise=0.9, n_images=200, seed=1)
    X, y = make_synthetic_images(20, seed=1, noise=0.9)
    assert score.accuracy == evaluate(model, params, X, y)[1]
    assert score.low < score.accuracy < score.high < score.ceiling
    ideal = class_posterior(X, noise=0.9).argmax(axis=1)
    assert score.ceiling == (ideal == y).mean()


def test_an_entry_with_other_outputs_or_an_odd_number_of_images_is_refused():
    model = SimpleCNN(n_classes=4)
    params = model.init(np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"10 outputs.*4"):
        score_entry(model, params, n_images=10)
    with pytest.raises(ValueError, match=r"n_images .*15"):
        score_entry(model, params, n_images=15)
    for few in (0, 9):
        with pytest.raises(ValueError, match=f"n_images .* at least 10, got {few}"):
            score_entry(model, params, n_images=few)


def test_by_default_an_entry_is_scored_at_a_noise_of_0_9():
    model = ResidualCNN(width=1)
    params = model.init(np.random.default_rng(0))
    score = score_entry(model, params)
    assert score == score_entry(model, params, noise=0.9, n_images=4000, seed=335)
    assert (score.noise, score.n_images) == (0.9, 4000)
    assert score != score_entry(model, params, seed=336)
    with pytest.raises(FrozenInstanceError):
        score.accuracy = 1.0


def test_a_score_is_told_in_one_sentence():
    score = Score(0.5, 0.4567, 0.5433, 0.9995, 4000, 0.9)
    assert str(score) == (
        "≈ 50.0% of 4,000 fresh images at noise 0.9 (≈ 45.7% to ≈ 54.3%); "
        "ideal observer ≈ 100.0%"
    )
