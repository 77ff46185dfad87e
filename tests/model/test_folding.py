"""Networks without batch normalisation must give the same scores in evaluation."""

import numpy as np
import pytest

from ch335_helpers.evaluation.prediction import predict
from ch335_helpers.model.folding import fold_batch_norm
from ch335_helpers.model.layers import BatchNorm, Conv, ReLU
from ch335_helpers.model.models import ResidualCNN, SimpleCNN, TemplateCNN
from ch335_helpers.model.network import Chain, Residual
from ch335_helpers.model.variants import deeper, with_head, without_shortcuts

MODELS = {
    "ResidualCNN": ResidualCNN(3, 2, width=4),
    "deep": with_head(deeper(ResidualCNN(3, 2, width=4), 2), "log-sum-exp"),
    "no shortcut": without_shortcuts(ResidualCNN(3, 2, width=4)),
    "with a bias": Chain(Conv("conv", 2, 3, stride=2), BatchNorm("bn", 3), ReLU()),
    "a single path": Residual(
        Chain(Conv("conv", 2, 2, padding=1), BatchNorm("bn", 2)), BatchNorm("own", 2)
    ),
    "no convolution before": Chain(BatchNorm("bn", 2), Conv("conv", 2, 3), ReLU()),
    "one after a relu": Chain(Conv("conv", 2, 3), ReLU(), BatchNorm("bn", 3)),
    "nothing to fold": SimpleCNN(3, 2),
    "templates": TemplateCNN(3, 2, per_class=2, kernel=5),
}


def random_params(model, rng, dtype=np.float64):
    """As after some training: no scale is 1, no mean 0."""
    drawn = {k: v + rng.uniform(0.1, 2, v.shape) for k, v in model.init(rng).items()}
    return {name: value.astype(dtype) for name, value in drawn.items()}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
@pytest.mark.parametrize(("dtype", "bound"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_the_scores_are_the_same(model, dtype, bound, rng):
    params = random_params(model, rng, dtype)
    x = rng.standard_normal((5, 2, 9, 8)).astype(dtype)
    before = {name: value.copy() for name, value in params.items()}
    folded, folded_params = fold_batch_norm(model, params)
    ours, theirs = folded(folded_params, x)[0], model(params, x)[0]
    assert ours.dtype == theirs.dtype == dtype
    assert np.abs(ours - theirs).max() < bound * np.abs(theirs).max()
    assert folded_params.keys() == folded.parameters().keys()
    assert {value.dtype for value in folded_params.values()} == {np.dtype(dtype)}
    assert params.keys() == before.keys()
    assert all(np.array_equal(params[name], before[name]) for name in before)


def kinds(model):
    return [leaf.kind for leaf in model.leaves()]


def test_batch_normalisation_after_a_convolution_is_gone():
    for name, model in MODELS.items():
        params = model.init(np.random.default_rng(0))
        left = kinds(fold_batch_norm(model, params)[0]).count("batch norm")
        kept = {"a single path": 1, "no convolution before": 1, "one after a relu": 1}
        assert left == kept.get(name, 0)


def test_what_computes_in_its_own_way_stays_as_it_is():
    class Louder(Chain):
        def __call__(self, params, x, train=False):
            y, backward = super().__call__(params, x, train)
            return 2 * y, backward

    class OwnConv(Conv):
        pass

    louder = Louder(Conv("conv", 2, 3), BatchNorm("bn", 3))
    own = Chain(OwnConv("conv", 2, 3), BatchNorm("bn", 3))
    for model in (louder, own):
        folded, _ = fold_batch_norm(model, model.init(np.random.default_rng(0)))
        assert kinds(folded) == ["convolution", "batch norm"]
    inside = Chain(louder, ReLU())
    folded, _ = fold_batch_norm(inside, inside.init(np.random.default_rng(0)))
    assert folded.parts[0] is louder


def test_layers_that_do_not_fit_are_left_to_the_evaluation():
    model = Chain(Conv("conv", 2, 3), BatchNorm("bn", 4))
    folded, params = fold_batch_norm(model, model.init(np.random.default_rng(0)))
    with pytest.raises(ValueError, match="x must have shape"):
        folded(params, np.zeros((1, 2, 5, 5)))


def test_a_negative_variance_is_refused_as_without_folding(rng):
    model = ResidualCNN(3, width=2)
    params = model.init(rng)
    params["block1.bn2.running_var"][1] = -1
    with pytest.raises(ValueError, match="running_var must be at least 0, got -1"):
        predict(model, params, np.zeros((2, 1, 8, 8)))


def test_parameters_of_another_model_are_refused():
    params = ResidualCNN(width=8).init(np.random.default_rng(0))
    with pytest.raises(ValueError, match="params"):
        fold_batch_norm(ResidualCNN(width=4), params)
    with pytest.raises(TypeError, match="model must be a Layer"):
        fold_batch_norm(params, params)
