"""`fit` drives a training to its end: callbacks, interrupts, the bar, the warning."""

import math
import warnings

import numpy as np
import pytest
from tasks import SETTINGS, fit_tiny, same

from ch335_helpers.evaluation.evaluate import evaluate
from ch335_helpers.evaluation.prediction import predict
from ch335_helpers.model.models import SimpleCNN
from ch335_helpers.training.fitting import fit
from ch335_helpers.training.loop import Training
from ch335_helpers.training.optim import cosine


def is_usable(run, model, X):
    p = predict(model, run.params, X)
    return np.isfinite(p).all() and np.allclose(p.sum(axis=1), 1, atol=1e-5)


def test_a_callback_stops_a_run_and_leaves_the_best_epoch_so_far(tiny):
    with pytest.warns(UserWarning, match="stopped in epoch 3 of 4"):
        run = fit_tiny(tiny, callback=lambda run: len(run.batch_loss) == 8)
    assert run.stopped == "stopped in epoch 3"
    assert len(run.batch_loss) == 8
    assert len(run.train_loss) == len(run.val_accuracy) == len(run.seconds) == 2
    kept = {}

    def note(run):  # the first step of an epoch sees the best of those before
        if len(run.batch_loss) == 7:
            kept.update({name: value.copy() for name, value in run.params.items()})

    assert same(run.params, (fit_tiny(tiny, callback=note), kept)[1])
    assert not same(run.params, latest_params(tiny, steps=8))
    assert repr(run) == (
        f"Run(2 of 4 epochs, best {max(run.val_accuracy):.1%} "
        f"in epoch {run.best_epoch + 1}, stopped in epoch 3)"
    )


def latest_params(tiny, steps):
    """The parameters after a number of steps, whatever they are worth."""
    training = Training(SimpleCNN(3), *tiny, epochs=4, batch_size=4)
    for run in training:
        if len(run.batch_loss) == steps:
            return training.params


def test_a_run_that_is_stopped_in_its_first_epoch_returns_what_it_has(tiny):
    with pytest.warns(UserWarning, match="stopped in epoch 1 of 4"):
        run = fit_tiny(tiny, callback=lambda run: len(run.batch_loss) == 2)
    assert (run.train_loss, run.val_accuracy, run.best_epoch) == ([], [], -1)
    assert is_usable(run, SimpleCNN(3), tiny[2])
    assert repr(run) == "Run(0 of 4 epochs, stopped in epoch 1)"
    start = SimpleCNN(3).init(np.random.default_rng(0))
    assert not any(np.array_equal(run.params[name], start[name]) for name in start)


def test_the_callback_sees_the_run_after_every_step(tiny):
    steps, epochs = [], []

    def note(run):
        steps.append(len(run.batch_loss))
        epochs.append(len(run.seconds))

    fit_tiny(tiny, callback=note)
    assert steps == [*range(1, 13)]
    assert epochs == [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4]


def test_a_callback_that_only_looks_changes_nothing(tiny):
    looked = fit_tiny(tiny, callback=lambda run: False)
    assert same(looked.params, fit_tiny(tiny).params)
    assert looked.stopped == ""


@pytest.mark.parametrize(("step", "epochs_done"), [(2, 0), (8, 2)])
def test_an_interrupt_leaves_a_usable_run(tiny, step, epochs_done):
    def interrupt(run):
        if len(run.batch_loss) == step:
            raise KeyboardInterrupt

    message = f"interrupted in epoch {epochs_done + 1} of 4"
    with pytest.warns(UserWarning, match=message):
        run = fit_tiny(tiny, callback=interrupt)
    assert run.stopped == f"interrupted in epoch {epochs_done + 1}"
    assert len(run.train_loss) == len(run.val_accuracy) == epochs_done
    assert is_usable(run, SimpleCNN(3), tiny[2])
    if epochs_done:
        _, accuracy = evaluate(SimpleCNN(3), run.params, tiny[2], np.array(tiny[3]))
        assert accuracy == max(run.val_accuracy)


def test_a_run_that_has_finished_is_neither_stopped_nor_interrupted(tiny):
    def interrupt(run):
        if run.finished:
            raise KeyboardInterrupt

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for callback in (interrupt, lambda run: run.finished):
            run = fit_tiny(tiny, callback=callback)
            assert (run.stopped, len(run.history)) == ("", 4)


def test_any_other_error_in_the_callback_reaches_the_caller(tiny):
    def fail(run):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        fit_tiny(tiny, callback=fail)


def test_a_run_that_ends_as_planned_warns_of_nothing(tiny):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = fit_tiny(tiny)
    assert run.stopped == ""


def test_without_progress_nothing_is_written(tiny, capfd):
    fit_tiny(tiny, progress=False)
    assert capfd.readouterr() == ("", "")


def test_the_progress_bar_shows_loss_and_validation_accuracy(tiny, capfd, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    fit_tiny(tiny, progress=True)
    err = capfd.readouterr().err
    assert "12/12" in err
    assert "loss=" in err
    assert "val=" in err


def test_fit_has_the_defaults_of_a_training(task, capfd, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    by_default = fit(SimpleCNN(), *task)
    spelt_out = fit(
        SimpleCNN(), *task, 12, 3e-3, 64, 0, schedule=cosine, weight_decay=0,
        params=None, callback=None, progress=True, n_shards=2,
    )  # fmt: skip
    assert by_default.batch_loss == spelt_out.batch_loss
    err = capfd.readouterr().err
    assert err.count("48/48") >= 2
    assert f"val={by_default.val_accuracy[-1]:.1%}" in err.splitlines()[-1]


def test_the_warning_of_a_stopped_run_points_at_the_callers_line(tiny):
    with pytest.warns(UserWarning, match="stopped after epoch 1") as caught:
        fit(SimpleCNN(3), *tiny, progress=False, callback=lambda run: True, epochs=2)
    assert [warning.filename for warning in caught] == [__file__]


@np.errstate(all="ignore")
def test_a_run_that_diverges_ends_and_says_so(tiny):
    with pytest.warns(UserWarning, match="diverged in epoch 1 of 4"):
        run = fit_tiny(tiny, lr=1e30)
    assert run.stopped == "diverged in epoch 1"
    assert len(run.batch_loss) < 12
    assert not math.isfinite(run.batch_loss[-1])
    assert np.isfinite(run.batch_loss[:-1]).all()


def test_a_run_that_diverges_at_once_keeps_the_parameters_that_it_started_from(tiny):
    start = SimpleCNN(3).init(np.random.default_rng(0))
    with pytest.warns(UserWarning, match="The parameters of the start are kept"):
        run = fit_tiny(tiny, lr=1e30, params=start)
    assert same(run.params, start)


@np.errstate(all="ignore")
def test_a_run_that_diverges_late_returns_its_best_epoch(task):
    def blow_up(progress):  # in the last epoch
        return 1 if progress < 0.75 else 1e35

    settings = SETTINGS | {"epochs": 4}
    with pytest.warns(UserWarning, match="diverged in epoch 4 of 4") as caught:
        run = fit(SimpleCNN(), *task, **settings, schedule=blow_up)
    text = str(caught[0].message)
    step = len(run.batch_loss) - 3 * run.steps_per_epoch
    assert f"at step {step} of {run.steps_per_epoch}, " in text
    assert "with a learning rate of 1e+33: " in text
    assert f"The parameters of epoch {run.best_epoch + 1} are kept" in text
    assert text.endswith("Try a smaller lr, such as 0.001")
    assert len(run.val_accuracy) == 3
    _, accuracy = evaluate(SimpleCNN(), run.params, *task[2:])
    assert accuracy == max(run.val_accuracy)


@np.errstate(all="ignore")
def test_a_validation_loss_that_is_not_finite_is_a_divergence_too(tiny):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = fit_tiny(tiny, lr=1e30, batch_size=10, epochs=1)  # a single step
    assert run.stopped == "diverged in epoch 1"


def test_a_checkpoint_and_a_folder_are_one_too_many(tiny, tmp_path):
    with pytest.raises(ValueError, match=r"folder must be None beside a checkpoint"):
        fit_tiny(tiny, folder=tmp_path, checkpoint=tmp_path / "run.npz")
    assert not list(tmp_path.iterdir())
