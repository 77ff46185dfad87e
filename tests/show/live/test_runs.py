"""Runs beside one another: curves, table and words."""

from xml.etree import ElementTree

import numpy as np
import pytest
from tasks import made_run

from ch335_helpers.show.live.runs import (
    PanelRun,
    boxes,
    duration,
    outcome,
    run_charts,
    run_table,
    smooth,
)
from ch335_helpers.training.run import Run


def test_a_smooth_loss_is_the_mean_of_steps_side_by_side():
    run = Run({}, epochs=4, steps_per_epoch=40, batch_loss=[1.0, 3.0, 5.0, 9.0, 2.0])
    x, y = smooth(run)  # 160 steps are planned: two to a point
    assert x == pytest.approx([2 / 40, 4 / 40])
    assert y == pytest.approx([2, 7])


def test_runs_without_an_epoch_can_be_drawn():
    run = Run({}, epochs=1, steps_per_epoch=3)
    assert "".join(run_charts([run])).count("</svg>") == 2


@pytest.mark.parametrize(
    "seconds, words",
    [(0.2, "a second"), (42.4, "42 s"), (90, "1.5 min"), (1200, "20 min")],
)
def test_a_duration_is_rounded_to_what_an_estimate_is_worth(seconds, words):
    assert duration(seconds) == words


def test_a_panel_run_is_a_pair():
    run = Run({"w": np.ones(1)}, 1, 1)
    settings, same = PanelRun({"lr": 1}, run)
    assert (settings, same) == ({"lr": 1}, run)


def made(**fate):
    """A run of four epochs with two steps each, of which two epochs are over."""
    return made_run(
        4, 2, train_loss=[2.0, 1.0], val_accuracy=[0.25, 0.5], seconds=[1.5, 0.75],
        batch_loss=[2.0, 2.0, 1.0, 1.0], **fate,
    )  # fmt: skip


SETTINGS = {
    "model": "ResidualCNN", "batch_norm": True, "residual": True, "lr": 0.0123,
    "epochs": 4, "batch_size": 32, "noise": 0.75, "n_images": 1000,
}  # fmt: skip


def read(html):
    return ElementTree.fromstring(html.replace("&nbsp;", " "))


def cells(html):
    """The texts of a table, row by row."""
    rows = read(html).iter("tr")
    return [["".join(cell.itertext()).strip() for cell in row] for row in rows]


def test_the_table_tells_settings_and_outcome_of_each_run():
    runs = [
        PanelRun(SETTINGS, made()),
        PanelRun(SETTINGS | {"batch_norm": False}, made(stopped="stopped in epoch 3")),
        PanelRun(SETTINGS | {"batch_norm": False, "residual": False}, Run({}, 4, 2)),
        PanelRun(
            SETTINGS | {"model": "SimpleCNN", "batch_norm": False, "residual": False},
            made(),
        ),
    ]
    head, *rows = cells(run_table(runs))
    assert head == [
        *("run", "model", "lr", "epochs", "batch", "noise", "images", "best", "end"),
    ]
    same = ["0.012", "2 of 4", "32", "0.8", "1000", "50.0%"]
    assert rows == [
        ["1", "ResidualCNN", *same, "2.2 s"],
        ["2", "ResidualCNN without batch norm", *same, "stopped in epoch 3"],
        [
            *("3", "ResidualCNN without batch norm and residual", "0.012", "0 of 4"),
            *("32", "0.8", "1000", "–", "0.0 s"),
        ],
        ["4", "SimpleCNN", *same, "2.2 s"],
    ]


def test_a_run_has_one_look_in_the_charts_and_in_the_table():
    runs = [PanelRun(SETTINGS, made()) for _ in range(9)]
    keys = list(read(run_table(runs)).iter("path"))
    loss, accuracy = map(read, run_charts([run for _, run in runs]))
    looks = [
        [(line.get("stroke"), line.get("stroke-dasharray")) for line in lines]
        for lines in (
            keys,
            loss.findall(".//polyline[@class='line']"),
            accuracy.findall(".//polyline[@class='line']"),
        )
    ]
    assert looks[0] == looks[1] == looks[2]
    assert len(set(looks[0])) == 9
    assert looks[0][0] == ("var(--ch335-0)", None)


def test_a_table_of_nothing_has_its_titles():
    assert len(cells(run_table([]))) == 1


def x_labels(chart):
    bottom = [text for text in read(chart).iter("text") if text.get("class") == "mid"]
    return [text.text for text in bottom[:-1]]  # the last one names the axis


def test_the_charts_reach_to_what_is_planned_or_to_where_a_run_was_stopped():
    going_on, stopped = made(), made(stopped="stopped in epoch 3")
    stopped.batch_loss.append(0.5)
    for runs, end in (
        ([going_on], 4),
        ([stopped], 3),
        ([stopped, going_on], 4),
        ([Run({}, 1, 1)], 2),
    ):
        for chart in run_charts(runs):
            assert x_labels(chart) == [str(n) for n in range(end + 1)]


def test_the_loss_axis_stays_and_the_accuracy_is_that_of_the_epochs():
    loss, accuracy = run_charts([made()])
    for power in ("0.001", "0.01", "0.1", "1", "10"):
        assert f">{power}</text>" in loss
    points = read(accuracy).find(".//polyline[@class='line']").get("points")
    # 4 epochs take 292 units from 40 on; 25 % and 50 % of 146 above 154
    assert points == "113,117.5 186,81"


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (made(), "done, best accuracy 50.0% in epoch 2"),
        (
            made(stopped="stopped in epoch 3"),
            "stopped in epoch 3, best accuracy 50.0% in epoch 2",
        ),
        (
            made(stopped="diverged in epoch 3"),
            "diverged in epoch 3: the loss is no longer finite. Lower the rate, best "
            "accuracy 50.0% in epoch 2",
        ),
        (Run({}, 4, 2, stopped="stopped in epoch 1"), "stopped in epoch 1"),
    ],
)
def test_an_outcome_is_told_in_words(run, words):
    assert outcome(run) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.99, "a second"), (1, "1 s"), (59.4, "59 s"), (60, "1.0 min"), (600, "10 min")],
)
def test_durations_change_their_unit_where_they_should(seconds, words):
    assert duration(seconds) == words


def test_a_smooth_loss_has_at_most_eighty_points():
    run = Run({}, epochs=3, steps_per_epoch=67, batch_loss=[1.0] * 201)
    x, y = smooth(run)  # three steps to a point
    assert (len(x), x[0], x[-1]) == (67, 3 / 67, 3)
    assert set(y) == {1}


def test_boxes_lie_in_one_another():
    assert boxes("a", "b", "<i/>", "<b/>").replace("\n", "") == (
        '<div class="a"><div class="b"><i/><b/></div></div>'
    )
