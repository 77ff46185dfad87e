"""The models: parameters, shapes, gradients through the whole network, the summary."""

import numpy as np
import pytest

from ch335_helpers.data.ideal import class_posterior
from ch335_helpers.data.shapes import Geometry, make_synthetic_images, shape_templates
from ch335_helpers.model.models import (
    LinearClassifier,
    ResidualCNN,
    SimpleCNN,
    TemplateCNN,
    residual_block,
)
from ch335_helpers.model.network import n_parameters
from ch335_helpers.model.ops import cross_entropy, softmax
from ch335_helpers.model.variants import (
    deeper,
    with_head,
    with_pooled_stem,
    without_batch_norm,
    without_shortcuts,
)

MODELS = {
    "LinearClassifier": LinearClassifier(n_classes=3, in_channels=2, img_size=8),
    "SimpleCNN": SimpleCNN(n_classes=3, in_channels=2),
    "ResidualCNN": ResidualCNN(n_classes=3, in_channels=2, width=4),
    "bare ResidualCNN": without_shortcuts(
        without_batch_norm(ResidualCNN(3, 2, width=4))
    ),
    "deep ResidualCNN": with_pooled_stem(deeper(ResidualCNN(3, 2, width=4), 2)),
    "maximum": with_head(ResidualCNN(3, 2, width=4), "maximum"),
    "log-sum-exp": with_head(ResidualCNN(3, 2, width=4), "log-sum-exp"),
    "TemplateCNN": TemplateCNN(3, 2, per_class=2, kernel=5),
    "flatten": with_head(ResidualCNN(3, 2, width=4), "flatten", img_size=8),
}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


def in_float64(params):
    return {name: value.astype(np.float64) for name, value in params.items()}


# ----------------------------------------------------------- what holds for every model


@each_model
@pytest.mark.parametrize("train", [True, False])
def test_the_gradient_of_the_loss_agrees_with_a_central_difference(
    model, train, rng, directional_error
):
    params, y = in_float64(model.init(rng)), np.array([0, 2, 1, 1])
    names = [name for name in params if "running" not in name]
    images = rng.standard_normal((4, 2, 8, 8))

    def f(x, *values):
        moved = in_float64(params) | dict(zip(names, values, strict=True))
        logits, model_backward = model(moved, x, train=train)
        loss, dlogits = cross_entropy(logits, y)

        def backward(dy):
            grads = {}
            dx = model_backward(dy * dlogits, grads)
            return dx, *(grads[name] for name in names)

        return loss, backward

    arrays = [images, *(params[name] for name in names)]
    assert directional_error(f, arrays, rng) < 1e-6


@each_model
def test_every_learnt_parameter_has_a_gradient_and_no_other(model, rng):
    params = model.init(rng)
    x = rng.standard_normal((4, 2, 8, 8)).astype(np.float32)
    logits, backward = model(params, x, train=True)
    grads = {}
    dx = backward(rng.standard_normal(logits.shape).astype(np.float32), grads)
    assert sorted(grads) == sorted(name for name in params if "running" not in name)
    assert all(np.abs(grad).max() > 0 for grad in grads.values())
    found = (logits, dx, *grads.values())
    assert {a.dtype for a in found} == {np.dtype("float32")}


@each_model
def test_the_seed_decides_the_initial_parameters(model):
    first, again, other = (model.init(np.random.default_rng(s)) for s in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


@each_model
def test_evaluation_gives_an_image_the_same_scores_in_any_company(model, rng):
    params, x = in_float64(model.init(rng)), rng.standard_normal((5, 2, 8, 8))
    together, _ = model(params, x)
    np.testing.assert_allclose(model(params, x[3:4])[0], together[3:4], atol=1e-12)


@pytest.mark.parametrize(
    ("model", "smallest"), [(SimpleCNN(), (4, 4)), (ResidualCNN(), (3, 3))]
)
def test_any_image_that_survives_the_pooling_will_do(model, smallest, rng):
    params = model.init(rng)
    K = params["linear.b"].size
    for H, W in [smallest, (16, 16), (32, 32), (9, 14)]:
        logits, _ = model(params, np.zeros((2, 1, H, W), np.float32))
        assert logits.shape == (2, K)
    too_small = np.zeros((2, 1, smallest[0], smallest[1] - 1), np.float32)
    with pytest.raises(ValueError, match="got"):
        model(params, too_small)


@pytest.mark.parametrize(
    "model", [SimpleCNN(in_channels=3), ResidualCNN(in_channels=3)]
)
def test_images_with_other_channels_than_the_models_are_refused(model, rng):
    with pytest.raises(ValueError, match=r"\(2, 1, 16, 16\)"):
        model(model.init(rng), np.zeros((2, 1, 16, 16), np.float32))


@pytest.mark.parametrize(
    ("make", "name"),
    [
        *[(SimpleCNN, name) for name in ("n_classes", "in_channels")],
        *[(ResidualCNN, name) for name in ("n_classes", "in_channels", "width")],
        *[(LinearClassifier, n) for n in ("n_classes", "in_channels", "img_size")],
    ],
)
@pytest.mark.parametrize("bad", [0, -3, 2.5])
def test_a_count_that_is_no_count_is_refused_by_name(make, name, bad):
    with pytest.raises(ValueError, match=f"{name} .*{bad}"):
        make(**{name: bad})


# -------------------------------------------------------------------- the single models


def test_the_parameters_of_the_simple_cnn():
    params = SimpleCNN(n_classes=4).init(np.random.default_rng(0))
    assert {name: value.shape for name, value in params.items()} == {
        "conv1.w": (8, 1, 3, 3),
        "conv1.b": (8,),
        "conv2.w": (16, 8, 3, 3),
        "conv2.b": (16,),
        "linear.w": (4, 16),
        "linear.b": (4,),
    }


def test_the_parameters_of_the_simple_cnn_counted_by_hand():
    assert (
        n_parameters(SimpleCNN(n_classes=4))
        == (9 + 1) * 8 + (9 * 8 + 1) * 16 + (16 + 1) * 4
    )


@pytest.mark.parametrize(
    ("width", "in_channels", "n_classes"), [(16, 1, 10), (8, 3, 4)]
)
def test_the_parameters_of_the_residual_cnn_counted_by_hand(
    width, in_channels, n_classes
):
    w = width
    stem = 25 * in_channels * w + 2 * w
    block1 = 2 * (9 * w * w + 2 * w)
    block2 = (9 * w * 2 * w + 4 * w) + (9 * 2 * w * 2 * w + 4 * w) + (w * 2 * w + 4 * w)
    linear = (2 * w + 1) * n_classes
    model = ResidualCNN(n_classes, in_channels, width)
    assert n_parameters(model) == stem + block1 + block2 + linear


def test_the_linear_classifier_is_one_matrix_product(rng):
    model = LinearClassifier(n_classes=3, in_channels=2, img_size=4)
    params, x = in_float64(model.init(rng)), rng.standard_normal((5, 2, 4, 4))
    params["linear.b"] = rng.standard_normal(3)
    expected = x.reshape(5, 32) @ params["linear.w"].T + params["linear.b"]
    np.testing.assert_allclose(model(params, x)[0], expected)


def test_the_linear_classifier_refuses_images_of_another_size(rng):
    model = LinearClassifier(n_classes=3, img_size=8)
    with pytest.raises(ValueError, match="81"):
        model(model.init(rng), np.zeros((2, 1, 9, 9), np.float32))


def test_a_block_with_as_many_channels_needs_no_parameters_in_its_shortcut(rng):
    assert not any("project" in name for name in residual_block("b", 4, 4).init(rng))


def test_a_block_with_new_channels_projects_its_shortcut(rng):
    params = residual_block("b", 4, 6).init(rng)
    assert params["b.project.w"].shape == (6, 4, 1, 1)
    assert params["b.project_bn.gamma"].shape == (6,)


def test_a_block_whose_last_scale_is_zero_passes_its_input_on(rng):
    block = residual_block("b", 4, 4)
    params, x = in_float64(block.init(rng)), rng.standard_normal((3, 4, 5, 5))
    params["b.bn2.gamma"][:] = 0
    np.testing.assert_array_equal(block(params, x, train=True)[0], x)


# ------------------------------------------------------------ templates


@pytest.mark.parametrize("noise", [0.7, 1.5])
def test_with_the_clean_shapes_as_templates_the_template_network_is_the_ideal(noise):
    geometry, clean = Geometry.of(32), shape_templates()
    middle = [(15, 15, r) for r in geometry.radii]  # each radius once, in the middle
    places = geometry.placements().tolist()
    chosen = [places.index(list(place)) for place in middle]
    cut = clean[:, chosen, 15 - 9 : 15 + 10, 15 - 9 : 15 + 10]  # (10, 4, 19, 19)
    model = TemplateCNN()
    params = {
        "templates.w": cut.reshape(40, 1, 19, 19).astype(np.float64),
        "templates.b": np.zeros(40),
        "templates.s": np.array([1 / noise**2]),
    }
    X, _ = make_synthetic_images(20, noise=noise, seed=3)
    # no shape reaches the last row and column; without them, the windows are the places
    ours = softmax(model(params, X[:, :, :31, :31].astype(np.float64))[0])
    np.testing.assert_allclose(ours, class_posterior(X, noise=noise), atol=1e-5)
