"""The table of many trainings."""

import numpy as np
from tasks import made_run

from ch335_helpers.experiments.trials import Trial, Trials


def test_accuracies_are_sorted_by_configuration_and_seed():
    def trial(name, seed, accuracy):
        return Trial(name, seed, made_run(1, val_accuracy=[0.1, accuracy]))

    diverged = Trial("b", 0, made_run(2, val_accuracy=[0.9]))
    diverged.run.stop("diverged")
    trials = Trials([trial("a", 0, 0.5), trial("a", 1, 0.75), diverged])
    found = trials.accuracy()
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"], [0.5, 0.75])
    np.testing.assert_array_equal(found["b"], [np.nan])
    assert "| b | 0 | 1 of 2 | 90.0% | nan | diverged" in repr(trials)


def test_a_training_that_was_lost_has_a_row_with_the_reason():
    trial = Trial("a", 3, None, "worker lost")
    assert np.isnan(trial.accuracy)
    assert "| a | 3 |  |  |  | worker lost |" in repr(Trials([trial]))
