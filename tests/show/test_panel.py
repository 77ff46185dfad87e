"""The training panel, pressed without a browser."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ch335_helpers.data import make_synthetic_images
from ch335_helpers.models import SimpleCNN
from ch335_helpers.show import panel as module
from ch335_helpers.show.panel import TrainingPanel
from ch335_helpers.training import Training, fit


@pytest.fixture
def panel():
    """A panel that is asked for a small, quick run."""
    panel = TrainingPanel(n_classes=3, img_size=8)
    choose(panel, model="SimpleCNN", n_images=100, epochs=2, batch_size=32)
    return panel


def choose(panel, **settings):
    for name, value in settings.items():
        panel.controls[name].value = value


def train(panel, **settings):
    """Set the controls, press Train and wait for the end."""
    choose(panel, **settings)

    async def press_and_wait():
        panel.train_button.click()
        assert panel.is_training
        await panel.task

    in_a_kernel(press_and_wait)
    assert not panel.is_training


def in_a_kernel(work):
    """Run a coroutine in a thread with an event loop, as a kernel has one.

    The loop of this thread may be Playwright's, if a browser test ran before.
    """
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work()).result(timeout=120)


async def after_turns(n):
    """Give control to the training that many times."""
    for _ in range(n):
        await asyncio.sleep(0)


def buttons(panel):
    return panel.train_button.disabled, panel.stop_button.disabled


def test_train_makes_the_run_that_the_controls_ask_for(panel):
    train(panel, lr=1e-2, epochs=3, noise=0.5, batch_size=16)
    ((settings, run),) = panel.runs
    assert settings == {
        "model": "SimpleCNN", "batch_norm": False, "residual": False,
        "lr": pytest.approx(1e-2), "epochs": 3, "batch_size": 16, "noise": 0.5,
        "n_images": 100,
    }  # fmt: skip
    X, y = make_synthetic_images(34, 8, 3, seed=0, noise=0.5)
    X_val, y_val = make_synthetic_images(67, 8, 3, seed=1, noise=0.5)
    expected = fit(
        SimpleCNN(3), X[:100], y[:100], X_val[:200], y_val[:200], epochs=3,
        lr=settings["lr"], batch_size=16, progress=False,
    )  # fmt: skip
    assert run.batch_loss == expected.batch_loss
    assert all(np.array_equal(run.params[n], expected.params[n]) for n in run.params)
    assert panel.runs[0].params is run.params


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("residual", [True, False])
def test_batch_norm_and_residual_can_be_left_out(panel, batch_norm, residual):
    choose(panel, model="ResidualCNN", batch_norm=batch_norm, residual=residual)
    train(panel, epochs=1)
    names = panel.runs[0].params.keys()
    assert any(".bn" in name for name in names) == batch_norm
    assert any("project" in name for name in names) == residual
    without = "without" in panel.table.value
    assert without == (not (batch_norm and residual))


def test_switches_that_change_nothing_cannot_be_moved(panel):
    switches = [panel.controls[name] for name in ("batch_norm", "residual")]
    assert [switch.disabled for switch in switches] == [True, True]
    choose(panel, model="ResidualCNN")
    assert [switch.disabled for switch in switches] == [False, False]


def test_a_finished_run_shows_its_result(panel):
    train(panel)
    _, run = panel.runs[0]
    assert panel.progress.value == 1
    assert f"{max(run.val_accuracy):.1%}" in panel.message.value
    assert panel.picture.value.count("<polyline") == 2
    assert panel.table.value.count("<tr>") == 2
    assert buttons(panel) == (False, True)


def test_runs_are_kept_and_drawn_one_beside_another(panel):
    for epochs in (1, 2, 3):
        train(panel, epochs=epochs)
    assert [settings["epochs"] for settings, _ in panel.runs] == [1, 2, 3]
    assert [len(run.train_loss) for _, run in panel.runs] == [1, 2, 3]
    assert repr(panel) == "TrainingPanel(3 runs)"
    assert panel.table.value.count("<tr>") == 4
    assert panel.picture.value.count("<polyline") == 6
    for color in range(3):
        assert f"var(--ch335-{color})" in panel.picture.value


def test_to_show_the_panel_and_to_move_its_sliders_trains_nothing(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("nobody pressed Train")

    monkeypatch.setattr(module, "Training", refuse)
    monkeypatch.setattr(module, "side_by_side", refuse)
    panel = TrainingPanel(n_classes=3, img_size=8)
    panel._repr_mimebundle_()
    for name, value in {"lr": 1.0, "epochs": 3, "batch_size": 8, "noise": 1.0}.items():
        choose(panel, **{name: value})
    choose(panel, n_images=100, model="SimpleCNN", batch_norm=False)
    assert (panel.runs, panel.task) == ([], None)
    assert buttons(panel) == (False, True)


def test_an_estimate_stands_there_before_train_is_pressed(panel):
    text = r"This will take about .*(s|second|min)\. Press Train\."
    assert re.search(text, TrainingPanel(n_classes=3, img_size=8).message.value)
    panel.message.value = ""
    choose(panel, epochs=40)
    assert re.search(text, panel.message.value)
    before = panel.estimate()
    choose(panel, epochs=20)
    assert panel.estimate() == pytest.approx(before / 2)
    choose(panel, n_images=1000)
    share = (1000 + 200 / 3) / (100 + 200 / 3)
    assert panel.estimate() == pytest.approx(before / 2 * share)


def test_the_first_estimate_is_three_forward_passes_an_image(panel, monkeypatch):
    seconds = iter([10.0, 100.0, 100.5])  # the second pass takes half a second
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(seconds))
    choose(panel, batch_size=16)
    assert panel.estimate() == pytest.approx(2 * (100 + 200 / 3) * 3 * 0.5 / 16)


def test_after_a_run_the_estimate_is_its_own_speed(panel):
    train(panel, epochs=3)
    _, run = panel.runs[0]
    assert panel.estimate() == pytest.approx(3 * np.median(run.seconds))


def test_stop_ends_a_run_after_its_step_and_keeps_it(panel):
    async def press_stop():
        panel.train_button.click()
        await after_turns(3)
        assert buttons(panel) == (True, False)
        panel.stop_button.click()
        await panel.task

    in_a_kernel(press_stop)
    ((_, run),) = panel.runs
    assert run.stopped == "stopped in epoch 1"
    assert len(run.batch_loss) in (2, 3)
    start = SimpleCNN(3).init(np.random.default_rng(0))
    assert not np.array_equal(run.params["conv1.w"], start["conv1.w"])
    assert "stopped in epoch 1" in panel.message.value
    assert "stopped in epoch 1" in panel.table.value
    assert buttons(panel) == (False, True)


def test_only_one_run_goes_on_at_a_time(panel):
    async def press_twice():
        panel.train_button.click()
        task = panel.task
        await after_turns(2)
        panel.train_button.click()
        panel.train()
        assert panel.task is task
        await task

    in_a_kernel(press_twice)
    assert len(panel.runs) == 1


def test_control_comes_back_after_each_step(panel):
    turns = []

    async def count():
        panel.train_button.click()
        while panel.is_training:
            turns.append(panel.task)
            await asyncio.sleep(0)

    in_a_kernel(count)
    ((_, run),) = panel.runs
    assert len(turns) >= run.n_steps == 8


def test_while_it_trains_a_slider_changes_neither_the_run_nor_the_message(panel):
    async def move():
        panel.train_button.click()
        await after_turns(2)
        before = panel.message.value
        choose(panel, epochs=30)
        assert panel.message.value == before
        await panel.task

    in_a_kernel(move)
    ((settings, run),) = panel.runs
    assert settings["epochs"] == len(run.seconds) == 2


def test_outside_a_kernel_train_returns_when_the_run_is_over(panel):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(panel.train).result(timeout=120)
    assert len(panel.runs[0].run.seconds) == 2
    assert buttons(panel) == (False, True)


def test_a_stopped_panel_can_train_again(panel):
    panel.stop_button.click()
    train(panel, epochs=2)
    ((_, run),) = panel.runs
    assert run.stopped == ""
    assert len(run.train_loss) == 2


def test_while_it_trains_the_panel_tells_the_time_left(panel, monkeypatch):
    said = []
    monkeypatch.setattr(panel, "_say", said.append)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_PICTURES", 0)
    shown = []
    panel.progress.observe(lambda change: shown.append(change["new"]), names="value")
    train(panel, epochs=2)
    assert shown[1:] == sorted(shown[1:])
    assert len(set(shown)) >= 8  # steps of the two epochs
    assert any("Epoch 2 of 2, loss" in text and "left" in text for text in said)


def test_divergence_is_told_without_a_warning(panel, monkeypatch, recwarn):
    def wild(*args, **settings):
        return Training(*args, **settings | {"lr": 1e30})

    monkeypatch.setattr(module, "Training", wild)
    train(panel)
    assert "diverged in epoch 1: the loss is no longer finite" in panel.message.value
    assert "diverged in epoch 1" in panel.table.value
    assert not recwarn.list


def test_an_error_is_shown_to_the_reader_as_text(panel, monkeypatch):
    def refuse(*args, **kwargs):
        raise ValueError("<b>no such model</b>")

    monkeypatch.setattr(module, "Training", refuse)
    train(panel)
    assert panel.runs == []
    assert "ValueError: &lt;b&gt;no such model&lt;/b&gt;" in panel.message.value
    assert buttons(panel) == (False, True)


@pytest.mark.parametrize("name", ["lr", "epochs", "batch_size", "noise", "n_images"])
def test_the_sliders_offer_nothing_that_fit_would_refuse(panel, name):
    control = panel.controls[name]
    if hasattr(control, "options"):
        ends = [control.options[0], control.options[-1]]
    else:
        ends = [control.min, control.max]
    if name == "lr":
        ends = [10.0**end for end in ends]
    for end in ends:
        train(panel, **{name: end})
    assert [settings[name] for settings, _ in panel.runs] == pytest.approx(ends)


def test_a_page_shows_how_to_start_and_a_notebook_the_widget(panel):
    bundle = panel._repr_mimebundle_()
    for way in ("make lab", "Binder", "Colab"):
        assert way in bundle["text/html"]
    assert bundle["text/plain"] == "TrainingPanel(0 runs)"
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == panel.box.model_id


def test_every_control_is_in_the_box(panel):
    def inside(box):
        for child in box.children:
            yield child
            yield from inside(child) if hasattr(child, "children") else ()

    controls = [*panel.controls.values(), panel.train_button, panel.stop_button]
    shown = [panel.progress, panel.message, panel.picture, panel.table]
    assert {id(part) for part in controls + shown} <= {id(p) for p in inside(panel.box)}


def test_the_controls_offer_the_ranges_that_the_chapter_speaks_of():
    panel = TrainingPanel()
    assert (panel.n_classes, panel.img_size, panel.seed) == (10, 32, 0)
    offered = {
        name: control.options
        if hasattr(control, "options")
        else (getattr(control, "min", None), getattr(control, "max", None))
        for name, control in panel.controls.items()
    }
    assert offered == {
        "model": ("ResidualCNN", "SimpleCNN"),
        "batch_norm": (None, None),
        "residual": (None, None),
        "lr": (-5, 1),
        "epochs": (1, 40),
        "batch_size": (8, 16, 32, 64, 128, 256),
        "noise": (0.1, 1.5),
        "n_images": (100, 200, 500, 1000, 2000, 4000),
    }
    assert panel.settings == {
        "model": "ResidualCNN", "batch_norm": True, "residual": True, "lr": 0.01,
        "epochs": 8, "batch_size": 32, "noise": 0.7, "n_images": 1000,
    }  # fmt: skip
    assert (panel.progress.min, panel.progress.max) == (0, 1)
    assert not any(
        c.continuous_update
        for c in panel.controls.values()
        if hasattr(c, "continuous_update")
    )
