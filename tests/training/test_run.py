"""The result of a training."""

import numpy as np
import pytest

from ch335_helpers.training.run import Run


@pytest.fixture
def run():
    """Two epochs of four are over."""
    return Run(
        {}, epochs=4, steps_per_epoch=3, train_loss=[2.0, 1.0], val_loss=[2.0, 1.5],
        val_accuracy=[0.25, 0.5], seconds=[1.0, 1.0], best_epoch=1,
    )  # fmt: skip


def test_the_steps_that_are_planned_are_those_of_all_epochs(run):
    assert run.n_steps == 12


def test_a_run_is_finished_when_it_was_stopped_or_all_epochs_are_over(run):
    assert not run.finished
    run.seconds += [1.0, 1.0]
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


def test_without_an_epoch_there_is_no_best_one(run):
    assert repr(Run({}, 3, 2)) == "Run(0 of 3 epochs)"
    assert repr(run) == "Run(2 of 4 epochs, best 50.0% in epoch 2)"


def test_an_epoch_is_added_to_the_lists_that_are_there():
    run = Run({}, epochs=3, steps_per_epoch=5)
    seen, params = run.val_accuracy, {"w": np.zeros(2)}
    for epoch, accuracy in enumerate([0.5, 0.75, 0.25]):
        params["w"] += 1
        run.record(1.0, 2.0, accuracy, 3.0, params)
        assert len(run.train_loss) == len(run.val_loss) == len(run.seconds) == epoch + 1
    assert seen is run.val_accuracy and seen == [0.5, 0.75, 0.25]
    assert run.best_epoch == 1 and run.params["w"].tolist() == [2, 2]  # a copy
