"""A drawing, judged by a network of any width and by the ideal observer."""

import numpy as np
import pytest

from ch335_helpers.data.shapes import CLASS_NAMES, SHAPES
from ch335_helpers.model.models import ResidualCNN, SimpleCNN
from ch335_helpers.show.live.judge import SIZE, Judge


@pytest.fixture(params=[4, 16])
def drawing(request):
    """A drawing judged by an untrained network, and what it has told so far."""
    told = []
    params = ResidualCNN(width=request.param).init(np.random.default_rng(0))
    return Judge(lambda **changes: told.append(changes), params), told


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_the_ideal_observer_knows_every_example(drawing, name):
    board, told = drawing
    board.example(name)
    pixels = told[-1]["pixels"]
    board.judge(pixels, noise=0.3)
    assert f": {name} (100%)." in told[-1]["message"]
    sizes = [(size, len(shades)) for _, size, shades in told[-1]["pictures"]]
    assert all(count == size**2 for size, count in sizes) and len(sizes) == 4


def test_the_shapes_are_offered(drawing):
    board, told = drawing
    board.offer()
    assert told == [{"shapes": list(SHAPES)}]


@pytest.mark.parametrize(
    "pixels, noise, message",
    [
        ([0] * 10, 0.7, "pixels"),
        ([0] * SIZE**2, 0, "noise"),
        ([0] * SIZE**2, -1, "noise"),
    ],
)
def test_what_cannot_be_judged_is_refused(drawing, pixels, noise, message):
    with pytest.raises(ValueError, match=message):
        drawing[0].judge(pixels, noise)


def test_an_unknown_shape_is_refused(drawing):
    with pytest.raises(ValueError, match=r"name .*'heart'"):
        drawing[0].example("heart")


@pytest.mark.parametrize("params", [{}, SimpleCNN().init(np.random.default_rng(0))])
def test_parameters_of_another_network_are_refused(params):
    with pytest.raises(ValueError, match="params must be those of a ResidualCNN"):
        Judge(print, params)
