"""Variants of a network: what they change, and that they change nothing else."""

import numpy as np
import pytest

from ch335_helpers.model.layers import (
    BatchNorm,
    Conv,
    GlobalAvgPool,
    Linear,
    ReLU,
)
from ch335_helpers.model.models import ResidualCNN, SimpleCNN
from ch335_helpers.model.network import Chain, Residual
from ch335_helpers.model.variants import (
    HEADS,
    deeper,
    with_head,
    with_pooled_stem,
    without_batch_norm,
    without_shortcuts,
)
from ch335_helpers.model.walk import steps

MODEL = ResidualCNN(3, width=4)
CHANGES = {
    "without_batch_norm": without_batch_norm,
    "without_shortcuts": without_shortcuts,
    "deeper": lambda model: deeper(model, 2),
    "with_pooled_stem": with_pooled_stem,
    "with_head": lambda model: with_head(model, "maximum"),
}


def names(model):
    return [leaf.name for leaf in model.leaves()]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_variant_is_another_network_and_the_first_one_stays(change, rng):
    before = MODEL.parameters()
    variant = change(MODEL)
    x = rng.standard_normal((2, 1, 12, 12)).astype(np.float32)
    assert variant(variant.init(rng), x)[0].shape == (2, 3)
    assert names(variant) != names(MODEL)
    assert variant.name == "ResidualCNN" and MODEL.parameters() == before


def test_without_batch_norm_every_convolution_has_a_bias():
    for model in (MODEL, without_shortcuts(MODEL), deeper(MODEL, 2)):
        bare = without_batch_norm(model)
        kinds = [leaf.kind for leaf in model.leaves()]
        assert [leaf.kind for leaf in bare.leaves()] == [
            kind for kind in kinds if kind != "batch norm"
        ]
        convs = [leaf for leaf in bare.leaves() if leaf.kind == "convolution"]
        assert all(conv.bias for conv in convs)
        windows = [(c.shape, c.stride, c.padding) for c in convs]
        assert windows == [
            (c.shape, c.stride, c.padding)
            for c in model.leaves()
            if c.kind == "convolution"
        ]


def test_without_shortcuts_the_main_paths_are_left():
    plain = without_shortcuts(MODEL)
    assert names(plain) == [name for name in names(MODEL) if "project" not in name]
    nested = Residual(Chain(Residual(ReLU("inner"))))
    assert names(without_shortcuts(nested)) == ["inner"]


class Louder(Chain):
    def __call__(self, params, x, train=False):
        return super().__call__(params, 2 * x, train)


@pytest.mark.parametrize("change", [without_batch_norm, without_shortcuts])
def test_a_layer_with_a_way_of_its_own_stays_as_it_is(change):
    louder = Louder(*MODEL.parts)
    assert change(Chain(louder)).parts[0] is louder


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_network_with_a_way_of_its_own_is_refused(change):
    with pytest.raises(ValueError, match=r"model must compute as .* a Louder"):
        change(Louder(*MODEL.parts))


def test_batch_normalisation_beside_a_shortcut_is_left_out_too(rng):
    model = Chain(Residual(BatchNorm("bn", 2)))
    bare, x = without_batch_norm(model), rng.standard_normal((2, 2, 3, 3))
    np.testing.assert_array_equal(bare({}, x)[0], 2 * x)


def test_what_cannot_be_made_deeper_or_get_a_head_is_refused_by_name():
    block = Chain(Residual(ReLU("inner"), name="sum"), ReLU())
    with pytest.raises(ValueError, match="model must have convolutions in 'sum'"):
        deeper(block, 2)
    no_conv = Chain(GlobalAvgPool(), Linear("linear", 2, 3))
    with pytest.raises(ValueError, match="model must begin with convolution"):
        with_head(no_conv, "flatten")


def test_a_deeper_network_has_more_blocks_before_and_after_the_pooling():
    found = names(deeper(MODEL, 3))
    blocks = [name for name in found if name.endswith(".conv2")]
    expected = [f"block{b}{n}.conv2" for b in (1, 2) for n in ("", ".2", ".3")]
    assert blocks == expected
    pool = found.index("pool")
    assert found.index(expected[2]) < pool < found.index(expected[3])
    assert names(deeper(MODEL, 1)) == names(MODEL)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "2"])
def test_a_depth_that_is_no_count_is_refused(value):
    with pytest.raises(ValueError, match="depth must be a whole number from 1 to 1000"):
        deeper(MODEL, value)


@pytest.mark.parametrize("stem", [lambda model: model, with_pooled_stem])
@pytest.mark.parametrize("img_size", [4, 7, 12, 17, 32])
def test_every_stem_and_the_head_flatten_fit_any_image_size(stem, img_size, rng):
    model = with_head(stem(ResidualCNN(3, width=2)), "flatten", img_size=img_size)
    logits, _ = model(model.init(rng), rng.standard_normal((2, 1, img_size, img_size)))
    assert logits.shape == (2, 3)


def test_images_too_small_for_the_network_are_refused():
    with pytest.raises(ValueError, match="img_size must fit the model"):
        with_head(MODEL, "flatten", img_size=1)


def test_a_pooled_stem_looks_at_every_pixel_and_halves_the_image_after_it(rng):
    variant = with_pooled_stem(MODEL)
    found = steps(variant, variant.init(rng), np.zeros((1, 1, 12, 12), np.float32))
    shapes = {step.name: step.y.shape[2:] for step in found}
    assert shapes["stem.conv"] == (12, 12) and shapes["stem.pool"] == (6, 6)
    assert isinstance(variant.parts[0], Conv) and not variant.parts[0].bias


def test_the_heads_differ_in_how_the_places_come_together(rng):
    """A shape that is seen in one place out of many: what each head makes of it."""
    scores, small = {}, ResidualCNN(2, width=1)
    models = {"average": small} | {h: with_head(small, h) for h in HEADS[:2]}
    for head, model in models.items():
        params = model.init(rng)
        last = "linear" if head == "average" else "scores"
        params[f"{last}.w"][:] = 1
        found = steps(model, params, np.zeros((1, 1, 16, 16), np.float32))
        maps = next(s.y for s in reversed(found) if s.name == "block2.relu2")
        seen = np.zeros_like(maps)
        seen[0, 0, 1, 1] = 8.0
        tail = Chain(*model.parts[-2:])
        scores[head] = tail(params, seen)[0][0, 0]
    places = maps[0, 0].size
    assert scores["average"] == pytest.approx(8 / places)
    assert scores["maximum"] == pytest.approx(8)
    assert scores["log-sum-exp"] == pytest.approx(np.log(np.exp(8) + places - 1))


@pytest.mark.parametrize("value", ["average pool", "", None, 3, ["average"], HEADS])
def test_an_unknown_head_is_refused(value):
    with pytest.raises(ValueError, match=f"head must be one of {HEADS[0]}, "):
        with_head(MODEL, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_pooled_stem, "model must begin with convolution, batch norm, relu, got"),
        (
            lambda model: with_head(model, "maximum"),
            "model must end with global average",
        ),
        (
            lambda model: deeper(model, 2),
            "model must have residual blocks, each followed by",
        ),
    ],
)
def test_a_network_of_another_form_is_refused(change, message):
    for model in (Chain(), Chain(ReLU()), Chain(*SimpleCNN().parts[:6])):
        with pytest.raises(ValueError, match=message):
            change(model)
    with pytest.raises(TypeError, match="model must be a Chain"):
        change(ReLU())
