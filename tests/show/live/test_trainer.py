"""What a training panel does, told to a list."""

import asyncio
import itertools
import re
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from kernel import after_turns, in_a_kernel, in_a_thread
from tasks import made_run

from ch335_helpers.data.shapes import make_synthetic_images
from ch335_helpers.model.models import ResidualCNN, SimpleCNN
from ch335_helpers.show.live import trainer as module
from ch335_helpers.show.live.runs import PanelRun, run_table
from ch335_helpers.show.live.trainer import CONTROLS, Trainer
from ch335_helpers.show.svg import loss_chart
from ch335_helpers.training.fitting import fit
from ch335_helpers.training.loop import Training

SMALL = {"model": "SimpleCNN", "n_images": 100, "epochs": 2, "batch_size": 32}
READY = r"This will take about (a second|\d+ s|[\d.]+ min)\. Press Train\."


class Told(list):
    """Everything that a trainer has told, in order."""

    def __call__(self, **changes):
        self.append(changes)

    def all(self, name):
        """What was told of one thing."""
        return [changes[name] for changes in self if name in changes]

    def last(self, name):
        return self.all(name)[-1]


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def trainer(told):
    """A trainer that is asked for a small, quick run."""
    trainer = Trainer(told, n_classes=3, img_size=8)
    trainer.choose(**SMALL)
    return trainer


def train(trainer, **settings):
    """Choose settings, start a run and wait for its end."""
    trainer.choose(**settings)

    async def start_and_wait():
        trainer.train()
        assert trainer.is_training
        await trainer.task

    in_a_kernel(start_and_wait)
    assert not trainer.is_training


def set_clock(monkeypatch, monotonic=None, perf_counter=None):
    """Give the trainer, and nobody else, another clock."""
    clock = {"monotonic": monotonic, "perf_counter": perf_counter}
    given = {name: function for name, function in clock.items() if function}
    real = vars(module.time)
    monkeypatch.setattr(module, "time", SimpleNamespace(**real | given))


# --------------------------------------------------------------- what can be chosen


def test_the_controls_offer_the_ranges_that_the_chapter_speaks_of():
    digits = (1, 1.5, 2, 3, 5, 7)
    rates = [d * 10.0**p for p in range(-5, 1) for d in digits] + [10]
    assert CONTROLS["lr"].stops == pytest.approx(rates)
    offered = {name: list(c.stops) for name, c in CONTROLS.items() if name != "lr"}
    assert offered == {
        "model": ["small ResidualCNN", "ResidualCNN", "SimpleCNN"],
        "batch_norm": [False, True],
        "residual": [False, True],
        "epochs": list(range(1, 41)),
        "batch_size": [8, 16, 32, 64, 128, 256],
        "noise": [
            0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5
        ],
        "n_images": [100, 200, 500, 1000, 2000, 4000],
    }  # fmt: skip
    trainer = Trainer(Told())
    assert (trainer.n_classes, trainer.img_size, trainer.seed) == (10, 32, 0)
    assert trainer.settings == {
        "model": "small ResidualCNN", "batch_norm": True, "residual": True, "lr": 0.01,
        "epochs": 8, "batch_size": 32, "noise": 0.7, "n_images": 1000,
    }  # fmt: skip


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_starts_at_a_stop_and_names_each_of_them(name):
    control = CONTROLS[name]
    assert control.stops.count(control.start) == 1
    names = control.names()
    assert len(set(names)) == len(names) == len(control.stops)
    if control.kind == "slider":
        assert [float(name) for name in names] == control.stops
    else:
        assert names == [str(stop) for stop in control.stops]
    assert control.kind in ("menu", "switch", "slider")


def test_a_rate_is_named_without_needless_digits():
    names = CONTROLS["lr"].names()
    assert (names[0], names[-1], names[-2]) == ("1e-05", "10", "7")
    assert {"0.01", "0.015", "1"} <= set(names)


@pytest.mark.parametrize("name", ["lr", "epochs", "batch_size", "noise", "n_images"])
def test_the_sliders_offer_nothing_that_fit_would_refuse(trainer, name):
    ends = [CONTROLS[name].stops[0], CONTROLS[name].stops[-1]]
    for end in ends:
        train(trainer, **{name: end})
    assert [settings[name] for settings, _ in trainer.runs] == ends


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epochs": 41}, "epochs must be one of 1, 2, .*, 40, got 41"),
        ({"lr": "0.01"}, "lr must be one of 1e-05, .*, 10, got '0.01'"),
        ({"noise": [0.1]}, r"noise must be one of .*, got \[0.1\]"),
        ({"lr": 1.0, "n_images": None}, "n_images must be one of 100, .*, got None"),
        ({"lr": 1.0, "rate": 3}, "a setting must be one of model, .*, got 'rate'"),
    ],
)
def test_a_setting_that_nobody_offers_changes_nothing(trainer, told, settings, words):
    before, n_told = dict(trainer.settings), len(told)
    with pytest.raises(ValueError, match=words):
        trainer.choose(**settings)
    assert (trainer.settings, len(told)) == (before, n_told)


def test_switches_that_change_nothing_are_idle(trainer, told):
    assert sorted(told.last("idle")) == ["batch_norm", "residual"]
    trainer.choose(model="ResidualCNN")
    assert list(told.last("idle")) == []


# ------------------------------------------------------------------------- estimates


def test_to_choose_trains_nothing(told, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("nobody pressed Train")

    for name in ("Training", "side_by_side", "make_synthetic_images"):
        monkeypatch.setattr(module, name, refuse)
    trainer = Trainer(told, n_classes=3, img_size=8)
    assert told == []
    trainer.choose()
    for name, value in {"lr": 1.0, "epochs": 3, "batch_size": 8, "noise": 1.0}.items():
        trainer.choose(**{name: value})
    trainer.choose(n_images=100, model="SimpleCNN", batch_norm=False)
    assert (trainer.runs, trainer.task, trainer.is_training) == ([], None, False)
    assert {name for changes in told for name in changes} == {"idle", "message"}


def test_an_estimate_is_told_before_train_is_pressed(trainer, told):
    assert re.fullmatch(READY, told.last("message"))
    told.clear()
    trainer.choose(epochs=40)
    assert re.fullmatch(READY, told.last("message"))
    before = trainer.estimate()
    trainer.choose(epochs=20)
    assert trainer.estimate() == pytest.approx(before / 2)
    trainer.choose(n_images=1000)
    share = (1000 + 200 / 3) / (100 + 200 / 3)
    assert trainer.estimate() == pytest.approx(before / 2 * share)


def test_the_first_estimate_is_three_forward_passes_an_image(
    trainer, told, monkeypatch
):
    seconds = iter([10.0, 100.0, 105.0])  # the second pass takes five seconds
    set_clock(monkeypatch, perf_counter=lambda: next(seconds))
    trainer.choose(batch_size=16)
    assert trainer.estimate() == pytest.approx(2 * (100 + 200 / 3) * 3 * 5 / 16)
    assert told.last("message") == "This will take about 5.2 min. Press Train."


def test_an_estimate_sends_one_batch_of_the_chosen_network(trainer, monkeypatch):
    seen = []

    class Seen(ResidualCNN):
        def __init__(self, n_classes, **parts):
            seen.append((n_classes, parts))
            super().__init__(n_classes, **parts)

        def __call__(self, params, x, train=False):
            seen.append((x.shape, x.dtype, train))
            return super().__call__(params, x, train)

    monkeypatch.setattr(module, "ResidualCNN", Seen)
    trainer.choose(model="small ResidualCNN", batch_size=16)
    made, *passes = seen
    assert made == (3, {"width": 8})
    assert passes == [((16, 1, 8, 8), np.float32, True)] * 2
    trainer.choose(model="ResidualCNN")
    assert seen[3] == (3, {"width": 16})


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("residual", [True, False])
def test_the_switches_take_parts_away(trainer, batch_norm, residual):
    trainer.choose(model="ResidualCNN", batch_norm=batch_norm, residual=residual)
    names = [leaf.name for leaf in trainer._model(trainer.settings).leaves()]
    assert ("stem.bn" in names) == batch_norm
    assert ("block2.project" in names) == residual


def test_a_network_is_timed_once(trainer, monkeypatch):
    timed = []
    monkeypatch.setattr(
        Trainer, "_forward_seconds", lambda self, settings: timed.append(settings) or 1
    )
    trainer.choose(batch_size=8)
    for change in ({"epochs": 3}, {"lr": 1.0}, {"noise": 0.1}, {"n_images": 200}):
        trainer.choose(**change)
    assert len(timed) == 1
    trainer.choose(batch_norm=False)  # which SimpleCNN has not
    assert len(timed) == 1
    for change in ({"batch_size": 16}, {"model": "ResidualCNN"}, {"residual": False}):
        trainer.choose(**change)
    assert len(timed) == 4


@pytest.mark.parametrize("model", ["SimpleCNN", "small ResidualCNN"])
def test_after_a_run_the_estimate_is_its_own_speed(trainer, model):
    train(trainer, epochs=3, model=model)
    _, run = trainer.runs[0]
    assert trainer.estimate() == pytest.approx(3 * np.median(run.seconds))


def test_a_run_without_an_epoch_says_nothing_about_the_speed(trainer):
    before = trainer.estimate()

    async def stop_at_once():
        trainer.train()
        trainer.stop()
        await trainer.task

    in_a_kernel(stop_at_once)
    assert trainer.estimate() == before


# ------------------------------------------------------------------------------ runs


def test_train_makes_the_run_that_the_settings_ask_for(trainer):
    train(trainer, lr=1e-2, epochs=3, noise=0.5, batch_size=16)
    ((settings, run),) = trainer.runs
    assert settings == {
        "model": "SimpleCNN", "batch_norm": False, "residual": False, "lr": 1e-2,
        "epochs": 3, "batch_size": 16, "noise": 0.5, "n_images": 100,
    }  # fmt: skip
    X, y = make_synthetic_images(34, 8, 3, seed=0, noise=0.5)
    X_val, y_val = make_synthetic_images(67, 8, 3, seed=1, noise=0.5)
    expected = fit(
        SimpleCNN(3), X[:100], y[:100], X_val[:200], y_val[:200], epochs=3, lr=1e-2,
        batch_size=16, progress=False,
    )  # fmt: skip
    assert run.batch_loss == expected.batch_loss
    assert run.val_accuracy == expected.val_accuracy
    assert all(np.array_equal(run.params[n], expected.params[n]) for n in run.params)
    assert trainer.runs[0].params is run.params


def test_the_seed_decides_everything(told):
    losses = []
    for seed in (0, 1, 1):
        trainer = Trainer(told, n_classes=3, img_size=8, seed=seed)
        train(trainer, **SMALL | {"epochs": 1})
        losses.append(trainer.runs[0].run.batch_loss)
    assert losses[1] == losses[2] != losses[0]


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("residual", [True, False])
def test_batch_norm_and_residual_can_be_left_out(trainer, told, batch_norm, residual):
    parts = {"batch_norm": batch_norm, "residual": residual}
    train(trainer, model="small ResidualCNN", epochs=1, **parts)
    settings, run = trainer.runs[0]
    assert parts.items() <= settings.items()
    assert any(".bn" in name for name in run.params) == batch_norm
    assert any("project" in name for name in run.params) == residual
    without = "without" in told.last("table")
    assert without == (not (batch_norm and residual))


def test_a_finished_run_shows_its_result(trainer, told):
    train(trainer)
    _, run = trainer.runs[0]
    assert told.last("progress") == 1
    best = run.best_epoch
    result = f"{run.val_accuracy[best]:.1%} in epoch {best + 1}"
    assert told.last("message") == f"Run 1: done, best accuracy {result}."
    root = ElementTree.fromstring(told.last("charts"))
    assert (root.get("class"), root[0].get("class")) == (
        "ch335-explorer", "ch335-picture",
    )  # fmt: skip
    assert told.last("charts").count("<polyline") == 2
    assert told.last("table") == run_table(trainer.runs)
    assert told.last("table").count("<tr>") == 2
    assert told.all("training") == [True, False]
    assert told[-1] == {"training": False}


def test_the_beginning_of_a_run_is_told_at_once(trainer, told):
    async def start():
        told.clear()
        trainer.train()
        assert len(told) == 1 and told[0]["training"] is True
        assert told[0]["progress"] == 0
        assert told[0]["message"] == "Drawing the images …"
        await trainer.task

    in_a_kernel(start)


def test_runs_are_kept_and_drawn_one_beside_another(trainer, told):
    for epochs in (1, 2, 3):
        train(trainer, epochs=epochs)
        assert told.last("message").startswith(f"Run {epochs}: done")
    assert [settings["epochs"] for settings, _ in trainer.runs] == [1, 2, 3]
    assert [len(run.train_loss) for _, run in trainer.runs] == [1, 2, 3]
    assert told.last("table").count("<tr>") == 4
    assert told.last("charts").count("<polyline") == 6
    for color in range(3):
        assert f"var(--ch335-{color})" in told.last("charts")


def test_stop_ends_a_run_after_its_step_and_keeps_it(trainer, told):
    async def start_and_stop():
        trainer.train()
        await after_turns(3)
        assert told.all("training") == [True]
        trainer.stop()
        await trainer.task

    in_a_kernel(start_and_stop)
    ((_, run),) = trainer.runs
    assert run.stopped == "stopped in epoch 1"
    assert len(run.batch_loss) in (2, 3)
    start = SimpleCNN(3).init(np.random.default_rng(0))
    assert not np.array_equal(run.params["conv1.w"], start["conv1.w"])
    assert told.last("message") == "Run 1: stopped in epoch 1."
    assert "stopped in epoch 1" in told.last("table")
    assert told.last("progress") == len(run.batch_loss) / run.n_steps
    assert told.all("training") == [True, False]


def test_only_one_run_goes_on_at_a_time(trainer, told):
    async def start_twice():
        trainer.train()
        task = trainer.task
        await after_turns(2)
        trainer.train()
        assert trainer.task is task
        await task

    in_a_kernel(start_twice)
    assert len(trainer.runs) == 1
    assert told.all("training") == [True, False]


def test_to_start_again_does_not_undo_a_stop(trainer):
    async def stop_and_start():
        trainer.train()
        await after_turns(2)
        trainer.stop()
        trainer.train()
        await trainer.task

    in_a_kernel(stop_and_start)
    assert trainer.runs[0].run.stopped == "stopped in epoch 1"


def test_control_comes_back_after_each_step(trainer):
    turns = []

    async def count():
        trainer.train()
        while trainer.is_training:
            turns.append(trainer.task)
            await asyncio.sleep(0)

    in_a_kernel(count)
    ((_, run),) = trainer.runs
    assert len(turns) >= run.n_steps == 8


def test_while_it_trains_a_choice_changes_neither_the_run_nor_the_message(
    trainer, told
):
    async def choose():
        trainer.train()
        await after_turns(2)
        n_told = len(told.all("message"))
        trainer.choose(epochs=30, model="ResidualCNN")
        assert len(told.all("message")) == n_told
        assert list(told.last("idle")) == []
        await trainer.task

    in_a_kernel(choose)
    ((settings, run),) = trainer.runs
    assert settings["epochs"] == len(run.seconds) == 2
    assert settings["model"] == "SimpleCNN"
    assert trainer.settings["epochs"] == 30


def test_where_nothing_waits_train_returns_when_the_run_is_over(trainer, told):
    in_a_thread(trainer.train)
    assert len(trainer.runs[0].run.seconds) == 2
    assert not trainer.is_training
    assert told.all("training") == [True, False]


def test_a_stopped_trainer_can_train_again(trainer):
    trainer.stop()
    train(trainer, epochs=2)
    ((_, run),) = trainer.runs
    assert run.stopped == ""
    assert len(run.train_loss) == 2


def test_divergence_is_told_without_a_warning(trainer, told, monkeypatch, recwarn):
    def wild(*args, **settings):
        return Training(*args, **settings | {"lr": 1e30})

    monkeypatch.setattr(module, "Training", wild)
    train(trainer)
    words = "diverged in epoch 1: the loss is no longer finite"
    assert words in told.last("message")
    assert "diverged in epoch 1" in told.last("table")
    assert not recwarn.list


def test_an_error_is_told_to_the_reader(trainer, told, monkeypatch):
    def refuse(*args, **kwargs):
        raise ValueError("<b>no such model</b>")

    monkeypatch.setattr(module, "Training", refuse)
    train(trainer)
    assert trainer.runs == []
    words = "This did not work. ValueError: <b>no such model</b>"
    assert told.last("message") == words
    assert told.all("training") == [True, False]
    monkeypatch.undo()
    train(trainer)
    assert len(trainer.runs) == 1


# ------------------------------------------------------------------ while it trains


def test_while_it_trains_the_trainer_tells_the_time_left(trainer, told, monkeypatch):
    set_clock(monkeypatch, monotonic=itertools.count(100, 2).__next__)
    train(trainer, epochs=2)  # of four steps each; a step takes two seconds
    messages = [text for text in told.all("message") if text.startswith("Epoch")]
    losses = trainer.runs[0].run.batch_loss
    assert messages == [
        f"Epoch {1 + (step > 4)} of 2, loss {losses[step - 1]:.3g}, about "
        f"{'a second' if step == 8 else f'{16 - 2 * step} s'} left."
        for step in range(1, 9)
    ]
    steps = [step / 8 for step in range(1, 9)]
    assert told.all("progress") == [0, *steps, 1]


def test_a_picture_is_drawn_four_times_a_second(trainer, told, monkeypatch):
    seconds = map(float, itertools.count())
    set_clock(monkeypatch, monotonic=lambda: next(seconds) / 8)
    train(trainer)  # of eight steps: pictures after the third and the sixth
    assert told.all("progress") == [0, 3 / 8, 6 / 8, 1]
    assert len(told.all("charts")) == 3


def test_earlier_runs_stay_in_the_picture_while_another_one_trains(
    trainer, told, monkeypatch
):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_PICTURES", 0)
    train(trainer, epochs=1)
    told.clear()
    train(trainer, lr=0.1)
    lines = [charts.count("<polyline") for charts in told.all("charts")]
    assert lines[0] == 3  # the new run has no accuracy yet
    assert lines[-1] == 4
    assert all("var(--ch335-1)" in charts for charts in told.all("charts"))


# ------------------------------------------------------- in the explorer of a sweep


def made(losses, accuracies):
    """A run of 20 epochs that has come as far as these."""
    run = made_run(20, train_loss=losses, val_accuracy=accuracies, batch_loss=losses)
    return PanelRun({}, run)


def points(lines):
    root = ElementTree.fromstring(f"<g>{lines}</g>")
    return [line.get("points") for line in root.iter("polyline")]


def test_beside_tells_lines_for_the_axes_of_an_explorer(trainer, told):
    trainer.runs += [made([1.0, 0.1], [0.5, 1.0]), made([], []), made([1.0], [0.0])]
    trainer.beside(3, (0.1, 1.0))
    losses, accuracies = told.last("beside")
    # epochs 1 to 3 lie between 40 and 332; 0.1 to 1 nats, as 0 to 1, from 154 up to 8
    assert points(losses) == ["40,8 186,154", "40,8"]
    assert points(accuracies) == ["40,81 186,8", "40,154"]
    for lines in (losses, accuracies):
        drawn = list(ElementTree.fromstring(f"<g>{lines}</g>").iter("polyline"))
        colors = [line.get("stroke") for line in drawn]
        assert colors == ["var(--ch335-0)", "var(--ch335-2)"]  # as in the table
        # the explorer's own lines are solid
        assert [line.get("stroke-dasharray") for line in drawn] == ["2 3", "2 3"]


def test_beside_leaves_out_what_comes_after_the_last_epoch(trainer, told):
    run = made([2.0, 1.0, 0.5, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4, 0.5])
    trainer.runs.append(run)
    trainer.beside(n_epochs=3, limits=[0.02, 3])
    losses, accuracies = told.last("beside")
    chart = loss_chart((1, 3), (0.02, 3))
    assert losses == chart.line([1, 2, 3], [2.0, 1.0, 0.5], color=0, dash="2 3")
    assert [len(p.split()) for p in points(losses) + points(accuracies)] == [3, 3]
    assert told[-1].keys() == {"beside"}


def test_beside_without_runs_tells_no_lines(trainer, told):
    trainer.beside(3, (0.1, 1.0))
    assert told.last("beside") == ["", ""]
