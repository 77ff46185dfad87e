"""The result of a training."""

import numpy as np
import pytest

from ch335_helpers.training.run import Epoch, Run


@pytest.fixture
def run():
    """Two epochs of four are over."""
    history = [(2.0, 2.0, 0.25, 1.0), (1.0, 1.5, 0.5, 1.0)]
    return Run({}, epochs=4, steps_per_epoch=3, history=history, batch_loss=[1.5] * 7)


def test_the_steps_that_are_planned_are_those_of_all_epochs(run):
    assert run.n_steps == 12


def test_a_run_is_finished_when_it_was_stopped_or_all_epochs_are_over(run):
    assert not run.finished
    run.history *= 2
    assert run.finished
    fresh = Run({}, 1, 1)
    assert (fresh.finished, fresh.stopped, fresh.diverged) == (False, "", False)
    assert (fresh.best_epoch, fresh.train_loss, fresh.batch_loss) == (-1, [], [])
    fresh.stop("stopped")
    assert fresh.finished


@pytest.mark.parametrize("why", ["stopped", "interrupted", "diverged"])
def test_a_run_says_why_it_was_stopped_and_in_which_epoch(run, why):
    run.stop(why)
    assert run.stopped == f"{why} in epoch 3"
    assert run.diverged == (why == "diverged")
    text = f"Run(2 of 4 epochs, best 50.0% in epoch 2, {why} in epoch 3)"
    assert repr(run) == text
    del run.batch_loss[6:]
    run.stop(why)
    assert run.stopped == f"{why} after epoch 2"


def test_without_an_epoch_there_is_no_best_one(run):
    assert repr(Run({}, 3, 2)) == "Run(0 of 3 epochs)"
    assert repr(run) == "Run(2 of 4 epochs, best 50.0% in epoch 2)"


def test_an_epoch_is_recorded_and_the_best_parameters_are_kept():
    run, params = Run({}, epochs=4, steps_per_epoch=5), {"w": np.zeros(2)}
    for accuracy in (0.5, 0.75, 0.75, 0.25):
        params["w"] += 1
        run.record(Epoch(1.0, 2.0, accuracy, 3.0), params)
    assert run.val_accuracy == [0.5, 0.75, 0.75, 0.25]
    assert (run.train_loss, run.val_loss, run.seconds) == (
        [1.0] * 4,
        [2.0] * 4,
        [3.0] * 4,
    )
    # the later one of a tie, and a copy
    assert run.best_epoch == 2 and run.params["w"].tolist() == [3, 3]


def test_a_run_can_be_made_again_from_its_attributes(run):
    assert Run(**vars(run)) == run
