"""The summary of a network."""

import numpy as np
import pytest

from ch335_helpers.model.layers import Conv, GlobalAvgPool, Linear, MaxPool, ReLU
from ch335_helpers.model.models import (
    LinearClassifier,
    ResidualCNN,
    SimpleCNN,
    residual_block,
)
from ch335_helpers.model.network import Chain, n_parameters
from ch335_helpers.model.summary import Summary


def in_float64(params):
    return {name: value.astype(np.float64) for name, value in params.items()}


def rows(summary):
    return [(r.layer, r.output, r.parameters, r.field) for r in summary.rows]


def test_the_summary_of_the_simple_cnn_worked_by_hand():
    assert rows(Summary(SimpleCNN(n_classes=4), (1, 32, 32))) == [
        ("conv1", (8, 32, 32), 80, 3),
        ("relu1", (8, 32, 32), 0, 3),
        ("pool1", (8, 16, 16), 0, 4),
        ("conv2", (16, 16, 16), 1168, 4 + 2 * 2),
        ("relu2", (16, 16, 16), 0, 8),
        ("pool2", (16, 8, 8), 0, 8 + 2),
        ("global average pool", (16,), 0, 32),
        ("linear", (4,), 68, 32),
    ]


def test_the_rows_of_a_summary_sum_to_all_parameters():
    summary = Summary(ResidualCNN(), (1, 32, 32))
    total = n_parameters(ResidualCNN())
    assert sum(row.parameters for row in summary.rows) == total
    assert f"**{total:,}**" in str(summary)


def test_a_residual_sum_stands_after_both_its_paths():
    names = [row.layer for row in Summary(residual_block("b", 2, 3), (2, 8, 8)).rows]
    assert names.index("b: sum with the shortcut") == len(names) - 1
    assert {"b.conv2", "b.project", "b.project_bn"} < set(names)


def test_a_summary_is_a_markdown_table_of_its_rows():
    lines = str(Summary(SimpleCNN(n_classes=4), (1, 32, 32))).splitlines()
    assert lines[0] == "| layer | output | parameters | receptive field |"
    assert lines[2] == "| conv1 | 8 × 32 × 32 | 80 | 3 × 3 |"
    assert len(lines) == 2 + 8 + 1


def test_no_receptive_field_is_wider_than_the_image():
    assert max(row.field for row in Summary(SimpleCNN(), (1, 6, 6)).rows) == 6


def test_a_linear_layer_after_flatten_sees_the_whole_image():
    summary = Summary(LinearClassifier(4, img_size=8), (1, 8, 8))
    assert summary.rows[-1].field == 8


@pytest.mark.parametrize(
    "layers", [SimpleCNN().parts[:6], ResidualCNN(width=4).parts[:7]]
)
def test_the_receptive_field_is_what_can_change_one_value(layers, rng):
    part = Chain(*layers)
    y, backward = part(in_float64(part.init(rng)), rng.standard_normal((64, 1, 64, 64)))
    dy = np.zeros_like(y)
    dy[:, :, y.shape[2] // 2, y.shape[3] // 2] = rng.standard_normal(y.shape[:2])
    touched = backward(dy, {}).any(axis=(0, 1))
    field = Summary(part, (1, 64, 64)).rows[-1].field
    assert np.flatnonzero(touched.any(axis=1)).size == field
    assert np.flatnonzero(touched.any(axis=0)).size == field


def test_strides_multiply_in_the_receptive_field():
    model = Chain(Conv("a", 1, 1, kernel=5, stride=2), Conv("b", 1, 1), MaxPool())
    assert [row.field for row in Summary(model, (1, 64, 64)).rows] == [5, 9, 11]


def test_a_chain_of_your_own_has_a_summary_too():
    model = Chain(Conv("a", 3, 5), ReLU(), GlobalAvgPool(), Linear("b", 5, 2))
    assert rows(Summary(model, (3, 7, 7)))[-1] == ("b", (2,), 12, 7)


def test_by_default_the_image_is_one_of_the_chapter():
    by_default, spelt_out = Summary(SimpleCNN()), Summary(SimpleCNN(), (1, 32, 32))
    assert rows(by_default) == rows(spelt_out)


def test_the_receptive_field_is_cut_off_at_the_images_width():
    fields = [row.field for row in Summary(SimpleCNN(), (1, 8, 12)).rows]
    assert fields == [3, 3, 4, 8, 8, 10, 12, 12]
    assert Summary(SimpleCNN(), (1, 8, 12)).rows[0].output == (8, 8, 12)


def test_a_layer_that_is_not_known_from_inside_is_one_row_with_all_its_parameters():
    class Block(Chain):
        def __call__(self, params, x, train=False):
            return super().__call__(params, x, train)

    block = Block(Conv("conv1", 1, 4), ReLU(), Conv("conv2", 4, 4), name="block")
    summary = Summary(Chain(block, ReLU("after")), (1, 8, 8))
    rows = [(row.layer, row.parameters, row.field) for row in summary.rows]
    n = n_parameters(block)
    assert rows == [("block", n, 8), ("after", 0, 8)] and summary.n_parameters == n
