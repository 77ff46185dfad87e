"""The training panel, pressed without a browser."""

import threading

import numpy as np
import pytest

from ch335_helpers.models import SimpleCNN
from ch335_helpers.training import fit
from ch335_helpers.widgets import TrainingPanel

pytestmark = pytest.mark.filterwarnings("ignore:training stopped")


@pytest.fixture
def data(rng):
    X, X_val = rng.standard_normal((12, 1, 4, 4)), rng.standard_normal((4, 1, 4, 4))
    return X, np.arange(12) % 3, X_val, np.array([0, 1, 2, 0])


def press_train(panel):
    """Press Train; return the threads that this started."""
    before = threading.enumerate()
    panel.train_button.click()
    return [thread for thread in threading.enumerate() if thread not in before]


def train(panel, lr=0.01, epochs=2):
    """Set the sliders, press Train and wait for the end."""
    panel.lr.value, panel.epochs.value = lr, epochs
    for thread in press_train(panel):
        thread.join(timeout=60)


class Held:
    """A model that computes nothing before its gate is open."""

    def __init__(self):
        self.model, self.gate = SimpleCNN(3), threading.Event()
        self.init = self.model.init

    def __call__(self, params, x, train=False):
        self.gate.wait(timeout=60)
        return self.model(params, x, train)


class Broken:
    def init(self, rng):
        raise ValueError("<b>no such model</b>")


def test_train_makes_the_run_that_the_sliders_ask_for(data):
    panel = TrainingPanel(SimpleCNN(3), *data)
    train(panel, lr=0.01, epochs=3)
    ((settings, run),) = panel.runs
    assert settings == {"lr": pytest.approx(0.01), "epochs": 3}
    expected = fit(SimpleCNN(3), *data, **settings, progress=False)
    assert run.batch_loss == expected.batch_loss
    assert all(np.array_equal(run.params[n], expected.params[n]) for n in run.params)


def test_a_finished_run_shows_its_result(data):
    panel = TrainingPanel(SimpleCNN(3), *data)
    train(panel)
    _, run = panel.runs[0]
    assert panel.progress.value == 1
    assert repr(run) in panel.message.value
    assert bytes(panel.picture.value).startswith(b"\x89PNG")
    assert (panel.train_button.disabled, panel.stop_button.disabled) == (False, True)


def test_runs_are_kept_one_after_another(data):
    panel = TrainingPanel(SimpleCNN(3), *data)
    for epochs in (1, 2):
        train(panel, epochs=epochs)
    assert [settings["epochs"] for settings, _ in panel.runs] == [1, 2]
    assert [len(run.train_loss) for _, run in panel.runs] == [1, 2]
    assert repr(panel) == "TrainingPanel(2 runs)"


def test_before_it_is_pressed_nothing_trains(data):
    threads = threading.enumerate()
    panel = TrainingPanel(SimpleCNN(3), *data)
    assert (panel.runs, threading.enumerate()) == ([], threads)
    assert (panel.train_button.disabled, panel.stop_button.disabled) == (False, True)


def test_stop_ends_a_run_after_its_step_and_keeps_it(data):
    model = Held()
    panel = TrainingPanel(model, *data)
    (thread,) = press_train(panel)
    assert (panel.train_button.disabled, panel.stop_button.disabled) == (True, False)
    panel.stop_button.click()
    model.gate.set()
    thread.join(timeout=60)
    ((_, run),) = panel.runs
    assert run.stopped == "stopped in epoch 1"
    assert len(run.batch_loss) == 1
    assert "stopped in epoch 1" in panel.message.value
    assert (panel.train_button.disabled, panel.stop_button.disabled) == (False, True)


def test_only_one_run_goes_on_at_a_time(data):
    model = Held()
    panel = TrainingPanel(model, *data)
    (thread,) = press_train(panel)
    assert press_train(panel) == []
    panel.train()
    panel.stop_button.click()
    model.gate.set()
    thread.join(timeout=60)
    assert len(panel.runs) == 1


def test_a_stopped_panel_can_train_again(data):
    panel = TrainingPanel(SimpleCNN(3), *data)
    panel.stop_button.click()
    train(panel, epochs=2)
    ((_, run),) = panel.runs
    assert run.stopped == ""
    assert len(run.train_loss) == 2


def test_an_error_is_shown_to_the_reader_as_text(data):
    panel = TrainingPanel(Broken(), *data)
    train(panel)
    assert panel.runs == []
    assert panel.message.value == "ValueError: &lt;b&gt;no such model&lt;/b&gt;"
    assert (panel.train_button.disabled, panel.stop_button.disabled) == (False, True)


def test_bad_data_is_named_in_the_message(data):
    X, y, X_val, y_val = data
    panel = TrainingPanel(SimpleCNN(3), X, y + 1, X_val, y_val)
    train(panel)
    assert "y must hold labels from 0 to 2" in panel.message.value


def test_the_sliders_offer_nothing_that_fit_would_refuse(data):
    panel = TrainingPanel(SimpleCNN(3), *data)
    ends = [10.0**panel.lr.min, 10.0**panel.lr.max]
    for lr in ends:
        train(panel, lr=lr, epochs=panel.epochs.min)
    assert [settings["lr"] for settings, _ in panel.runs] == pytest.approx(ends)


def test_a_page_shows_how_to_start_and_a_notebook_the_widget(data):
    panel = TrainingPanel(SimpleCNN(3), *data)
    bundle = panel._repr_mimebundle_()
    assert "make lab" in bundle["text/html"]
    assert bundle["text/plain"] == "TrainingPanel(0 runs)"
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == panel.box.model_id


def test_every_control_is_in_the_box(data):
    panel = TrainingPanel(SimpleCNN(3), *data)

    def inside(box):
        for child in box.children:
            yield child
            yield from inside(child) if hasattr(child, "children") else ()

    controls = [panel.lr, panel.epochs, panel.train_button, panel.stop_button]
    shown = [panel.progress, panel.message, panel.picture]
    assert {id(part) for part in controls + shown} <= {id(p) for p in inside(panel.box)}
