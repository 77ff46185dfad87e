"""The training explorer says and shows what the runs of a sweep did."""

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from tasks import made_run

from ch335_helpers import CLASS_NAMES, Trace
from ch335_helpers.show.pixels import pixels, tiles
from ch335_helpers.show.sliders.sweep_explorer import describe, training_explorer
from ch335_helpers.show.svg import accuracy_chart, loss_chart, matrix, panel

N_IMAGES = 40
GUESS = math.log(4)


def made(lr, losses, accuracies, **fate):
    """A trace that was not trained: 4 classes, 40 validation images."""
    run = made_run(4, train_loss=losses, **fate)
    confusion, filters = [], []
    for epoch, accuracy in enumerate(accuracies):
        right = round(accuracy * N_IMAGES)
        counts = np.zeros((4, 4), int)
        counts[0, 0], counts[1, 2] = right, N_IMAGES - right
        confusion.append(counts)
        w = np.arange(6 * 2 * 9).reshape(6, 2, 3, 3) * lr
        filters.append(np.cos(w + epoch))
    return Trace(lr, run, filters, confusion)


@pytest.fixture
def traces():
    return [
        made(1e-5, [1.4, 1.39, 1.38, 1.37], [0.25, 0.25, 0.3, 0.3]),
        made(1e-2, [1.3, 0.9, 0.5, 0.3], [0.4, 0.6, 0.8, 0.9]),
        made(1e-1, [1.2, 0.6, 0.4, 0.3], [0.5, 0.7, 0.5, 0.8]),
        made(10, [30.0, 3, 2, 1.5], [0.25, 0.25, 0.25, 0.25]),
        made(1e9, [50.0], [0.25], stopped="diverged in epoch 2"),
        made(1e12, [], [], stopped="diverged in epoch 1"),
    ]


@pytest.fixture
def explorer(traces):
    return training_explorer(traces)


def same(picture, expected):
    """Whether two pictures are the same elements, however their text is written."""
    one, other = (
        ET.canonicalize(f"<g>{text}</g>", strip_text=True)
        for text in (picture, expected)
    )
    return one == other


# ------------------------------------------------------------------------- the sentence


@pytest.mark.parametrize(
    ("i", "e", "sentence"),
    [
        (0, 3, "Learning rate 0.00001, 4 epochs: has not started to learn. "
               "The training loss is 1.37, and 30% of the 40 validation images are "
               "right."),
        (1, 0, "Learning rate 0.01, 1 epoch: is learning, slowly. "
               "The training loss is 1.3, and 40% of the 40 validation images are "
               "right."),
        (1, 1, "Learning rate 0.01, 2 epochs: is learning, slowly. "
               "The training loss is 0.9, and 60% of the 40 validation images are "
               "right."),
        (1, 3, "Learning rate 0.01, 4 epochs: learns well. The training loss is 0.3, "
               "and 90% of the 40 validation images are right, the best of the 6 rates "
               "so far."),
        # 0.6 is half of the first epoch's 1.2: just enough to learn well
        (2, 1, "Learning rate 0.1, 2 epochs: learns well. The training loss is 0.6, "
               "and 70% of the 40 validation images are right, the best of the 6 rates "
               "so far."),
        (2, 3, "Learning rate 0.1, 4 epochs: learns, but unsteadily: in epoch 3 the "
               "accuracy fell by 20 points. The training loss is 0.3, and 80% of the "
               "40 validation images are right."),
        (3, 2, "Learning rate 10, 3 epochs: diverged in epoch 1, with a loss of 30 "
               "where guessing costs 1.39. The training loss is 2, and 25% of the 40 "
               "validation images are right."),
        (4, 0, "Learning rate 1000000000, 1 epoch: diverged in epoch 1, with a loss of "
               "50 where guessing costs 1.39. The training loss is 50, and 25% of the "
               "40 validation images are right."),
        (5, 3, "Learning rate 1000000000000, 4 epochs: diverged in epoch 1, the loss "
               "is not finite."),
    ],
)  # fmt: skip
def test_the_sentence_tells_what_happened(traces, i, e, sentence):
    assert describe(traces, i, e) == sentence


def test_the_sentence_tells_only_what_has_happened_by_then(traces):
    assert "fell" not in describe(traces, 2, 1)
    late = [made(1e9, [1.3], [0.5], stopped="diverged in epoch 2")]
    assert "is learning, slowly" in describe(late, 0, 0)
    assert "diverged in epoch 2, the loss is not finite" in describe(late, 0, 1)


def test_a_run_that_was_stopped_is_told_from_where_it_ends():
    stopped = [
        made(0.1, [1.3, 0.4], [0.5, 0.6], stopped="stopped in epoch 3"),
        made(1.0, [], [], stopped="interrupted in epoch 1"),
    ]
    assert "learns well" in describe(stopped, 0, 1)
    assert describe(stopped, 0, 2).startswith(
        "Learning rate 0.1, 3 epochs: stopped in epoch 3. The training loss is 0.4, "
    )
    sentence = "Learning rate 1, 1 epoch: interrupted in epoch 1."
    assert describe(stopped, 1, 0) == sentence


def test_learning_has_started_at_one_and_a_half_times_guessing():
    traces = [made(0.1, [1, 1, 1], [0.3, 0.375, 0.3])]
    verdicts = ["not started" in describe(traces, 0, e) for e in range(3)]
    assert verdicts == [True, False, False]  # 0.375 is 1.5 times 1 / 4


def test_a_fall_of_ten_points_is_unsteady():
    traces = [made(0.1, [1, 1, 1], [0.75, 0.625, 0.5]), made(1, [1, 1], [0.75, 0.7])]
    assert "in epoch 2 the accuracy fell by 12 points" in describe(traces, 0, 2)
    assert "fell" not in describe(traces, 1, 1)
    exact = [made(0.1, [1, 1, 1], [0.2, 0.1, 0.6])]
    assert "in epoch 2 the accuracy fell by 10 points" in describe(exact, 0, 2)


def test_the_best_rate_of_an_epoch_is_named_unless_it_guesses(traces):
    best = [
        [i for i in range(6) if "the best of the 6" in describe(traces, i, e)]
        for e in (0, 1, 3)
    ]
    assert best == [[2], [2], [1]]
    slow = [traces[0], traces[3]]
    assert "the best" not in describe(slow, 0, 3)
    # rates that lead together are both named; one that is over leads no more
    twins = [traces[1], traces[1], made(1.0, [1.0], [0.95])]
    named = [["the best" in describe(twins, i, e) for i in range(3)] for e in (0, 1)]
    assert named == [[False, False, True], [True, True, False]]


# -------------------------------------------------------------------------- the picture


def test_there_is_a_state_for_every_rate_and_epoch(traces, explorer):
    assert explorer.sliders == {
        "learning rate": [
            "0.00001", "0.01", "0.1", "10", "1000000000", "1000000000000",
        ],
        "epochs": [*"1234"],
    }  # fmt: skip
    assert explorer.start == (3, 2)
    for i, e in explorer.states:
        assert explorer.sentence(i, e) == describe(traces, i, e)


@pytest.mark.parametrize(("i", "e"), [(1, 0), (1, 3), (2, 2), (4, 0), (4, 3), (5, 1)])
def test_the_curves_of_the_rate_stand_before_the_others(traces, explorer, i, e):
    """Guessing, the other rates in full, and the chosen one up to its epoch."""
    charts = [
        (loss_chart((1, 4), (0.3, 50)), GUESS, [t.run.train_loss for t in traces]),
        (accuracy_chart((1, 4)), 0.25, [t.accuracy for t in traces]),
    ]
    drawn = ET.fromstring(f"<g>{explorer.picture(i, e)}</g>")
    for number, (chart, guess, series) in enumerate(charts):
        lines = [chart.line((1, 4), (guess, guess), "guess")]
        x, y = chart.place(1, guess)
        lines.append(f'<text x="{x + 6:g}" y="{y - 4:g}">guessing</text>')
        for j, values in enumerate(series):
            if j != i:
                lines.append(chart.line([1, 2, 3, 4][: len(values)], values))
        shown = series[i][: e + 1]
        lines.append(chart.line([1, 2, 3, 4][: len(shown)], shown, color=number))
        picture = ET.tostring(drawn[number], encoding="unicode")
        assert same(picture, chart(*lines))
    # the faint lines of the other rates that have an epoch, in both charts
    others = sum(bool(t.filters) for t in traces if t is not traces[i])
    assert explorer.picture(i, e).count('class="faint"') == 2 * others


@pytest.mark.parametrize(("i", "e"), [(0, 0), (1, 3), (2, 1), (4, 0), (4, 3)])
def test_filters_and_confusion_are_those_of_the_moment(traces, explorer, i, e):
    last = min(e, len(traces[i].filters) - 1)  # a run that is over stays as it ended
    w, counts = traces[i].filters[last], traces[i].confusion[last]
    limit = np.abs(w[:, 0]).max()
    alt = "6 filters as small pictures: red adds, blue takes away"
    image = pixels(tiles(w[:, 0], 3), alt, "RdBu_r", -limit, limit)
    title = f"First-layer filters, weights up to ±{limit:.2g}"
    table = matrix("True class (rows), predicted (columns)", CLASS_NAMES[:4], counts)
    expected = panel(title, image) + table
    found = ET.fromstring(f"<g>{explorer.picture(i, e)}</g>")[2:]
    found = "".join(ET.tostring(part, encoding="unicode") for part in found)
    assert same(found, expected)


def test_a_rate_without_an_epoch_has_no_filters(explorer):
    assert len(ET.fromstring(f"<g>{explorer.picture(5, 0)}</g>")) == 2


def test_the_classes_can_have_names_of_their_own(traces):
    picture = training_explorer(traces, ["a", "b", "c", "d", "e"]).picture(0, 0)
    named = {text.text for text in ET.fromstring(f"<g>{picture}</g>").iter("text")}
    assert {*"abcd"} <= named and "e" not in named


def test_filters_that_are_no_longer_finite_are_told(traces):
    traces[0].filters[3][0, 0, 0, 0] = np.inf
    picture = training_explorer(traces).picture(0, 3)
    assert panel("First-layer filters: no longer finite") in picture
    assert "<img" not in picture


def test_one_filter_alone_can_be_shown(traces):
    for trace in traces:
        trace.filters[:] = [w[:1] for w in trace.filters]
    w = traces[0].filters[0][0, 0]
    alt = "1 filters as small pictures: red adds, blue takes away"
    image = pixels(w, alt, "RdBu_r", -np.abs(w).max(), np.abs(w).max())
    assert image in training_explorer(traces).picture(0, 0)


def test_a_loss_of_zero_or_infinity_has_no_place_on_the_axis(traces):
    traces[0].run.train_loss[:2] = 0.0, math.inf
    drawn = ET.fromstring(f"<g>{training_explorer(traces).picture(1, 0)}</g>")[0]
    labels = [t.text for t in drawn.iter("text") if t.get("class") == "end"]
    assert labels == ["0.1", "1", "10", "100"]


def test_without_an_epoch_there_is_nothing_to_explore(traces):
    for nothing in ([], traces[5:]):
        with pytest.raises(ValueError, match="traces must hold a run that finished"):
            training_explorer(nothing)


def test_a_sweep_of_the_books_size_is_light():
    rng = np.random.default_rng(0)
    traces = []
    for lr in (1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 1.0, 10.0):
        run = made_run(10, train_loss=list(rng.uniform(0.01, 10, 10)))
        answers = 0.8 * np.eye(10) + 0.02  # mostly right: three other classes a row
        confusion = [rng.multinomial(18, answers) for _ in range(10)]
        filters = [rng.standard_normal((16, 1, 5, 5)) for _ in range(10)]
        traces.append(Trace(lr, run, filters, confusion))
    assert 50_000 < len(training_explorer(traces).html()) < 400_000
