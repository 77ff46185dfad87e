"""The open challenge."""

import numpy as np
import pytest

from ch335_helpers.challenges import score_entry
from ch335_helpers.data import make_synthetic_images
from ch335_helpers.ideal import class_posterior
from ch335_helpers.models import ResidualCNN, SimpleCNN
from ch335_helpers.prediction import evaluate


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
