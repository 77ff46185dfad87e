"""Receptive fields and strongest patches: by hand, and measured with gradients."""

import numpy as np
import pytest

from ch335_helpers.inside.explain import activation_maps
from ch335_helpers.model.fields import Field, receptive_fields
from ch335_helpers.model.layers import Conv, MaxPool, ReLU
from ch335_helpers.model.models import (
    LinearClassifier,
    ResidualCNN,
    SimpleCNN,
    TemplateCNN,
    residual_block,
)
from ch335_helpers.model.network import Chain
from ch335_helpers.model.summary import Summary
from ch335_helpers.model.variants import (
    deeper,
    with_head,
    with_pooled_stem,
    without_batch_norm,
    without_shortcuts,
)
from ch335_helpers.model.walk import steps


def in_float64(params):
    return {name: value.astype(np.float64) for name, value in params.items()}


# ------------------------------------------------------------------- fields by hand


def test_the_rows_that_a_value_sees_worked_by_hand():
    field = Field(size=5, stride=2, start=-2)
    rows = [field.rows(i) for i in range(3)]
    assert rows == [slice(-2, 3), slice(0, 5), slice(2, 7)]


def test_the_fields_of_the_simple_cnn_worked_by_hand():
    assert list(receptive_fields(SimpleCNN()).items()) == [
        ("conv1", Field(3, 1, -1)),
        ("relu1", Field(3, 1, -1)),
        ("pool1", Field(3 + 1, 2, -1)),
        ("conv2", Field(4 + 2 * 2, 2, -1 - 2)),
        ("relu2", Field(8, 2, -3)),
        ("pool2", Field(8 + 2, 4, -3)),
    ]


def test_the_fields_of_the_residual_cnn_worked_by_hand():
    fields = receptive_fields(ResidualCNN())
    assert fields["stem.conv"] == fields["stem.relu"] == Field(5, 2, -2)
    assert fields["block1.conv1"] == Field(5 + 2 * 2, 2, -2 - 2)
    assert fields["block1.conv2"] == Field(9 + 2 * 2, 2, -4 - 2)
    # the sum sees what the longer of its two paths sees
    assert fields["block1"] == fields["block1.relu2"] == Field(13, 2, -6)
    assert fields["pool"] == Field(13 + 2, 4, -6)
    assert fields["block2.project"] == fields["pool"]
    assert fields["block2.conv2"] == Field(15 + 2 * 2 * 4, 4, -6 - 2 * 4)
    assert fields["block2"] == fields["block2.relu2"] == Field(31, 4, -14)


def test_without_padding_the_first_field_begins_at_the_first_row():
    model = Chain(Conv("a", 1, 1, kernel=4, stride=3, padding=0), Conv("b", 1, 1, 2, 2))
    assert receptive_fields(model) == {"a": Field(4, 3, 0), "b": Field(7, 6, -3)}
    assert receptive_fields(TemplateCNN()) == {"templates": Field(19, 1, 0)}


def test_a_model_without_images_inside_has_no_fields():
    assert receptive_fields(LinearClassifier(4, img_size=8), (1, 8, 8)) == {}


@pytest.mark.parametrize("make", [SimpleCNN, ResidualCNN])
def test_fields_have_the_names_of_the_activation_maps(make, rng):
    model = make()
    maps = activation_maps(model, model.init(rng), np.zeros((1, 1, 32, 32)))
    assert list(receptive_fields(model)) == list(maps)


# ------------------------------------------------------------------ fields, measured


# of sizes that strides and pools divide: they leave no last rows out
MODELS = {
    "simple": (SimpleCNN(), (1, 24, 24)),
    "residual": (ResidualCNN(width=4), (1, 32, 32)),
    "deep": (with_pooled_stem(deeper(ResidualCNN(width=4), 2)), (1, 32, 32)),
    "plain": (without_shortcuts(without_batch_norm(ResidualCNN(width=4))), (1, 32, 32)),
    "scores": (with_head(ResidualCNN(width=4), "maximum"), (1, 32, 32)),
    "colours": (SimpleCNN(in_channels=3), (3, 16, 20)),
    "own": (
        Chain(
            Conv("a", 1, 3, kernel=5, stride=3, padding=1), MaxPool(),
            Conv("b", 3, 4, kernel=2, padding=0),
            without_batch_norm(residual_block("c", 4, 4)), ReLU(),
        ),
        (1, 36, 30),
    ),
}  # fmt: skip


def touched(found, index, row, column, rng):
    """Rows and columns of the image that values in a place depend on, by gradients."""
    y = found[index].y
    dy = np.zeros_like(y)
    dy[:, :, row, column] = rng.standard_normal(y.shape[:2])
    gradients = {index: dy}
    for number in reversed(range(index + 1)):
        if number in gradients:  # the other path of a residual block has none
            parts = found[number].backward(gradients[number], {})
            for source, part in zip(found[number].inputs, parts, strict=True):
                gradients[source] = gradients.get(source, 0) + part
    gradient = gradients[-1].any(axis=(0, 1))
    return (np.flatnonzero(gradient.any(axis=axis)) for axis in (1, 0))


def seen(part, length):
    """The rows of a field that are on the image."""
    return np.arange(max(part.start, 0), min(part.stop, length))


@pytest.mark.parametrize("name", MODELS)
def test_each_layers_fields_are_the_rows_and_columns_that_change_a_value(name, rng):
    model, shape = MODELS[name]
    x = rng.standard_normal((100, *shape))
    found = steps(model, in_float64(model.init(rng)), x)
    fields, checked = receptive_fields(model, shape), []
    for index, step in enumerate(found):
        if step.y.ndim < 4:
            continue
        height, width = step.y.shape[2:]
        field = fields[step.name]
        for row in {0, height // 2, height - 1}:
            column = rng.integers(width)
            rows, columns = touched(found, index, row, column, rng)
            np.testing.assert_array_equal(rows, seen(field.rows(row), shape[1]))
            np.testing.assert_array_equal(columns, seen(field.rows(column), shape[2]))
        checked.append(step.name)
    assert checked == list(fields)


def test_one_changed_row_changes_those_values_that_see_it(rng):
    model = SimpleCNN()
    params, x = in_float64(model.init(rng)), rng.standard_normal((100, 1, 16, 16))
    before, fields = activation_maps(model, params, x), receptive_fields(model)
    for row in range(16):
        changed = x.copy()
        changed[:, :, row] += rng.standard_normal((100, 1, 16))
        for layer, after in activation_maps(model, params, changed).items():
            # a matrix product may round differently, so not every last bit counts
            moved = (abs(after - before[layer]) > 1e-12).any(axis=(0, 1, 3))
            rows = [fields[layer].rows(i) for i in range(len(moved))]
            expected = [part.start <= row < part.stop for part in rows]
            assert moved.tolist() == expected, (layer, row)


@pytest.mark.parametrize("name", MODELS)
def test_the_summary_says_the_same_up_to_the_size_of_the_image(name):
    model, shape = MODELS[name]
    of_rows = {row.layer.split(":")[0]: row for row in Summary(model, shape).rows}
    for layer, field in receptive_fields(model, shape).items():
        assert of_rows[layer].field == min(field.size, shape[2])


# ------------------------------------------------------------------ strongest patches


# --------------------------------------------------------------------------- refusals
