"""The training explorer says and shows what the runs of a sweep did."""

import math

import numpy as np
import pytest

from ch335_helpers.training import Run, Trace
from ch335_helpers.training_explorer import describe, training_explorer

N_IMAGES = 40
GUESS = math.log(4)


def made(lr, losses, accuracies, **fate):
    """A trace that was not trained: 4 classes, 40 validation images."""
    run = Run({}, 4, 1, train_loss=list(losses), seconds=[1.0] * len(losses), **fate)
    confusion, filters = [], []
    for epoch, accuracy in enumerate(accuracies):
        right = round(accuracy * N_IMAGES)
        counts = np.zeros((4, 4), int)
        counts[0, 0], counts[1, 2] = right, N_IMAGES - right
        confusion.append(counts)
        filters.append(np.full((6, 1, 3, 3), lr * (epoch + 1)))
    return Trace(lr, run, filters, confusion)


@pytest.fixture
def traces():
    return [
        made(1e-5, [1.4, 1.39, 1.38, 1.37], [0.25, 0.25, 0.3, 0.3]),
        made(1e-2, [1.3, 0.9, 0.5, 0.3], [0.4, 0.6, 0.8, 0.9]),
        made(1e-1, [1.2, 0.6, 0.4, 0.3], [0.5, 0.7, 0.5, 0.8]),
        made(10, [30.0, 3, 2, 1.5], [0.25, 0.25, 0.25, 0.25]),
        made(1e9, [50.0], [0.25], stopped="diverged in epoch 2", diverged=True),
        made(1e12, [], [], stopped="diverged in epoch 1", diverged=True),
    ]


def test_the_sentence_tells_what_happened(traces):
    assert "has not started to learn" in describe(traces, 0, 3)
    assert "is learning, slowly" in describe(traces, 1, 1)
    assert "learns well" in describe(traces, 1, 3)
    assert "in epoch 3 the accuracy fell by 20 points" in describe(traces, 2, 3)
    assert "diverged in epoch 1, with a loss of 30" in describe(traces, 3, 2)
    assert f"guessing costs {GUESS:.3g}" in describe(traces, 3, 2)
    assert "diverged in epoch 1, with a loss of 50" in describe(traces, 4, 0)
    assert "diverged in epoch 1, the loss is not finite" in describe(traces, 5, 3)


def test_the_sentence_tells_only_what_has_happened_by_then(traces):
    assert "fell" not in describe(traces, 2, 1)
    late = [made(1e9, [1.3], [0.5], stopped="diverged in epoch 2", diverged=True)]
    assert "diverged" not in describe(late, 0, 0)
    assert "diverged in epoch 2" in describe(late, 0, 1)


def test_the_sentence_gives_the_numbers_of_its_epoch(traces):
    text = describe(traces, 1, 2)
    assert text.startswith("Learning rate 0.01, 3 epochs: ")
    assert "loss is 0.5, and 80% of the 40 validation images are right" in text
    assert describe(traces, 1, 0).startswith("Learning rate 0.01, 1 epoch: ")


def test_the_best_rate_of_an_epoch_is_named(traces):
    best = [
        [i for i in range(6) if "the best" in describe(traces, i, e)] for e in (0, 3)
    ]
    assert best == [[2], [1]]


def test_a_sentence_and_a_picture_for_every_state(traces):
    explorer = training_explorer(traces)
    assert explorer.sliders["learning rate"][:3] == ["0.00001", "0.01", "0.1"]
    assert explorer.sliders["epochs"] == ["1", "2", "3", "4"]
    for (i, e), _ in explorer.states.items():
        assert explorer.sentence(i, e) == describe(traces, i, e)
        expected = 2 + bool(traces[i].filters)
        assert explorer.picture(i, e).count("<svg") == expected


def test_the_curves_end_at_the_chosen_epoch(traces):
    explorer = training_explorer(traces)
    for e in range(4):
        lines = explorer.picture(1, e).split('<polyline class="line"')[1:]
        points = [line.split('points="')[1].split('"')[0].split() for line in lines]
        assert [len(line) for line in points] == [e + 1, e + 1]
    # behind it, those of the four others that have an epoch, in both charts
    assert explorer.picture(1, 0).count('class="faint"') == 8


def test_the_confusion_is_that_of_the_moment(traces):
    explorer = training_explorer(traces)
    assert ">16</text>" in explorer.picture(1, 0)
    assert ">36</text>" in explorer.picture(1, 3)
    # a run that is over stays as it ended
    assert explorer.picture(4, 3) == explorer.picture(4, 0)


def test_filters_that_are_no_longer_finite_are_told(traces):
    traces[0].filters[3][0, 0, 0, 0] = np.inf
    assert "no longer finite" in training_explorer(traces).picture(0, 3)


def test_without_an_epoch_there_is_nothing_to_explore(traces):
    for nothing in ([], traces[5:]):
        with pytest.raises(ValueError, match="traces must hold a run that finished"):
            training_explorer(nothing)
