"""What a trained network answers."""

import numpy as np
import pytest
from tasks import same

from ch335_helpers.evaluation.prediction import predict, predict_logits
from ch335_helpers.model.models import ResidualCNN, SimpleCNN
from ch335_helpers.model.ops import softmax


def test_predict_gives_the_softmax_of_the_models_scores(task, learnt):
    logits, _ = SimpleCNN()(learnt.params, task[2])
    expected = softmax(logits)
    np.testing.assert_allclose(predict(SimpleCNN(), learnt.params, task[2]), expected)


def test_predict_in_blocks_equals_predict_at_once(rng):
    model = ResidualCNN(3, width=4)
    params, X = model.init(rng), rng.standard_normal((700, 1, 4, 4))
    params = {name: value.astype(np.float64) for name, value in params.items()}
    np.testing.assert_allclose(
        predict(model, params, X), softmax(model(params, X)[0]), rtol=1e-9
    )
    alone = [predict(model, params, X[n : n + 1]) for n in (0, 255, 256, 511, 512, 699)]
    picked = predict(model, params, X)[[0, 255, 256, 511, 512, 699]]
    np.testing.assert_allclose(picked, np.concatenate(alone), rtol=1e-9)


def test_predict_runs_in_evaluation_mode_and_changes_nothing(rng):
    model = ResidualCNN(3, width=4)
    params, X = model.init(rng), rng.standard_normal((6, 1, 8, 8)).astype(np.float32)
    kept, kept_X = {name: value.copy() for name, value in params.items()}, X.copy()
    predict(model, params, X)
    assert same(params, kept)
    np.testing.assert_array_equal(X, kept_X)


@pytest.mark.parametrize(
    ("dtype", "expected"), [(np.float32, np.float32), (np.uint8, np.float32)]
)
def test_predictions_are_float32_unless_the_images_are_float64(rng, dtype, expected):
    model = SimpleCNN(3)
    params = model.init(rng)
    X = rng.integers(0, 255, (2, 1, 8, 8)).astype(dtype)
    assert predict(model, params, X).dtype == expected
    assert predict(model, params, X.astype(np.float64)).dtype == np.float64


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((16, 16)), r"X .*\(16, 16\)"),
        (np.zeros((0, 1, 16, 16)), r"X .*\(0, 1, 16, 16\)"),
        (np.full((2, 1, 16, 16), np.nan), "X .*finite.* 2 .*0"),
        (np.full((2, 1, 16, 16), np.inf), "X .*finite.* 2 .*0"),
        (np.zeros((2, 3, 16, 16)), r"\(2, 3, 16, 16\)"),
    ],
)
def test_predict_refuses_what_it_cannot_judge(learnt, X, message):
    with pytest.raises(ValueError, match=message):
        predict(SimpleCNN(), learnt.params, X)


def test_the_scores_do_not_depend_on_the_number_of_cores(rng, monkeypatch):
    model = ResidualCNN(3, width=4)
    params, X = model.init(rng), rng.standard_normal((75, 1, 8, 8), np.float32)
    scores = []
    for n in (1, 2, 3, 8):
        monkeypatch.setattr("ch335_helpers.machine.cores._n_cores", lambda n=n: n)
        scores.append(predict_logits(model, params, X))
    for other in scores[1:]:
        np.testing.assert_array_equal(other, scores[0])


def test_scores_of_a_single_image_are_those_of_the_model(rng):
    model = ResidualCNN(3, width=4)
    params, x = model.init(rng), rng.standard_normal((1, 1, 8, 8), np.float32)
    scores = predict_logits(model, params, x)
    np.testing.assert_allclose(scores, model(params, x)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("n_images", "sizes"),
    [
        (1, [1]),
        (2, [1, 1]),
        (32, [16] * 2),
        (33, [16, 17]),
        (65, [32, 33]),
        (129, [32, 32, 32, 33]),
    ],
)
def test_the_work_is_cut_into_small_blocks_of_about_one_size(n_images, sizes):
    seen = []

    class Noted(SimpleCNN):
        def __call__(self, params, x, train=False):
            seen.append(len(x))
            return super().__call__(params, x, train)

    params = Noted(3).init(np.random.default_rng(0))
    predict_logits(Noted(3), params, np.zeros((n_images, 1, 8, 8), np.float32))
    assert sorted(seen) == sizes


def test_the_model_must_be_one():
    with pytest.raises(TypeError, match="model must be a Layer, got None"):
        predict_logits(None, {}, np.zeros((1, 1, 8, 8)))
