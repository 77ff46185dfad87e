"""Many trainings in one tidy table."""

import _thread
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import pytest
from tasks import same
from threadpoolctl import threadpool_info

from ch335_helpers.batches import ImageStream, draw_data
from ch335_helpers.models import ResidualCNN, SimpleCNN
from ch335_helpers.run import Run
from ch335_helpers.sweeps import Trial, Trials, all_cores, sweep
from ch335_helpers.training import fit

DATA = partial(draw_data, n_train=8, n_val=10, img_size=12, n_classes=3)
CONFIGURATIONS = {
    "plain": {"model": SimpleCNN(3)},
    "wide": {"model": ResidualCNN(3, width=4), "epochs": 1},
    "fast": {"model": SimpleCNN(3), "lr": 0.02},
}
SETTINGS = {"data": DATA, "epochs": 2, "batch_size": 8, "progress": False}
SEEDS = (3, 1, 2)


class Backwards:
    """An executor that computes what it was given last first, when asked for it all."""

    def __init__(self, n):
        self.n, self.waiting = n, []

    def submit(self, function, *arguments):
        future = Future()
        self.waiting.append((future, function, arguments))
        if len(self.waiting) == self.n:
            for future, function, arguments in reversed(self.waiting):
                future.set_result(function(*arguments))
        return self.waiting[-1][0] if len(self.waiting) < self.n else future_of(self)


def future_of(executor):
    return executor.waiting[-1][0]


def equal(trials, others):
    assert [(t.name, t.seed) for t in trials] == [(t.name, t.seed) for t in others]
    for one, other in zip(trials, others, strict=True):
        assert one.run.batch_loss == other.run.batch_loss
        assert one.run.val_accuracy == other.run.val_accuracy
        assert same(one.run.params, other.run.params)
    return True


@pytest.fixture(scope="module")
def in_turn():
    return sweep(CONFIGURATIONS, seeds=SEEDS, **SETTINGS)


def test_the_rows_are_in_order_and_are_what_fit_makes(in_turn):
    expected = [(name, seed) for name in CONFIGURATIONS for seed in SEEDS]
    assert [(trial.name, trial.seed) for trial in in_turn] == expected
    for trial in in_turn:
        settings = {**SETTINGS, **CONFIGURATIONS[trial.name], "n_shards": 1}
        del settings["data"]
        run = fit(settings.pop("model"), *DATA(trial.seed), **settings, seed=trial.seed)
        assert run.batch_loss == trial.run.batch_loss
        assert same(run.params, trial.run.params)


@pytest.mark.parametrize("n_workers", [1, 2, 3])
def test_the_result_does_not_depend_on_how_many_run_at_once(in_turn, n_workers):
    context = get_context("spawn")
    with ProcessPoolExecutor(n_workers, mp_context=context) as executor:
        assert equal(sweep(CONFIGURATIONS, executor, seeds=SEEDS, **SETTINGS), in_turn)


def test_the_result_does_not_depend_on_what_is_finished_first(in_turn):
    executor = Backwards(len(CONFIGURATIONS) * len(SEEDS))
    assert equal(sweep(CONFIGURATIONS, executor, seeds=SEEDS, **SETTINGS), in_turn)


def test_threads_give_the_same_and_leave_blas_as_it_was(in_turn):
    def n_threads():
        return [b["num_threads"] for b in threadpool_info() if b["user_api"] == "blas"]

    before = n_threads()
    with ThreadPoolExecutor(3) as executor:
        assert equal(sweep(CONFIGURATIONS, executor, seeds=SEEDS, **SETTINGS), in_turn)
    assert n_threads() == before


def test_the_executor_of_all_cores_is_closed_after_the_block(in_turn):
    with all_cores() as executor:
        assert equal(sweep(CONFIGURATIONS, executor, seeds=SEEDS, **SETTINGS), in_turn)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(print)


def test_in_a_browser_there_is_no_executor(monkeypatch):
    monkeypatch.setattr("ch335_helpers.cores.IN_BROWSER", True)
    with all_cores() as executor:
        assert executor is None


def test_every_training_from_a_stream_gets_the_same_images():
    stream = ImageStream(12, 3, seed=5, epoch_size=16)
    data = (stream, None, *DATA(0)[2:])
    twins = {"one": {}, "other": {}}
    settings = SETTINGS | {"data": data, "model": SimpleCNN(3)}
    one, other = sweep(twins, **settings)
    assert one.run.batch_loss == other.run.batch_loss
    assert equal(sweep(twins, **settings), [one, other])


def test_accuracies_are_sorted_by_configuration_and_seed():
    def trial(name, seed, accuracy):
        return Trial(name, seed, Run({}, 1, 1, val_accuracy=[0.1, accuracy]))

    diverged = Trial("b", 0, Run({}, 2, 1, val_accuracy=[0.9]))
    diverged.run.stop("diverged")
    trials = Trials([trial("a", 0, 0.5), trial("a", 1, 0.75), diverged])
    found = trials.accuracy()
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"], [0.5, 0.75])
    np.testing.assert_array_equal(found["b"], [np.nan])
    assert "| b | 0 | 0 of 2 | 90.0% |  | diverged in epoch 1 |" in repr(trials)


def test_a_training_that_diverges_is_told_in_its_row_and_stops_nothing(recwarn):
    rates = {"wild": {"lr": 1e30}, "calm": {"lr": 1e-3}}
    wild, calm = sweep(rates, **SETTINGS, model=SimpleCNN(3))
    assert wild.run.diverged and np.isnan(wild.accuracy)
    assert not calm.run.stopped and 0 <= calm.accuracy <= 1
    assert not list(recwarn)


def interrupt_when_third(seed):
    if seed == 2:
        _thread.interrupt_main()
        threading.Event().wait(0.1)
    return DATA(seed)


def test_an_interrupt_returns_what_has_finished():
    settings = SETTINGS | {"data": interrupt_when_third, "model": SimpleCNN(3)}
    with pytest.warns(UserWarning, match="sweep interrupted") as caught:
        trials = sweep({"one": {}}, seeds=range(4), **settings)
    assert [trial.seed for trial in trials] == [0, 1]
    assert caught[0].filename == __file__


def fail_at_one(seed):
    if seed == 1:
        raise OSError("no such data")
    return DATA(seed)


@pytest.mark.parametrize("make", [None, ThreadPoolExecutor])
def test_an_error_in_a_training_ends_the_sweep(make):
    settings = SETTINGS | {"data": fail_at_one, "model": SimpleCNN(3)}
    executor = make and make(2)
    with pytest.raises(OSError, match="no such data"):
        sweep({"one": {}}, executor, seeds=range(50), **settings)
    if executor:
        executor.shutdown()


@pytest.mark.parametrize("bad", [{}, [], None, {"a": 3}, [{"model": SimpleCNN(3)}]])
def test_what_is_no_configuration_is_refused(bad):
    with pytest.raises(ValueError, match="configurations must be a dict of a name to"):
        sweep(bad, **SETTINGS, model=SimpleCNN(3))


def test_a_configuration_without_model_or_data_is_refused():
    with pytest.raises(ValueError, match="configuration 'a' must have model"):
        sweep({"a": {}}, **SETTINGS)
    with pytest.raises(ValueError, match="configuration 'a' must have data"):
        sweep({"a": {"model": SimpleCNN(3)}})


@pytest.mark.parametrize("bad", [(), (1, 1), (-1,), (0.5,), (True,)])
def test_seeds_that_are_none_or_stand_twice_are_refused(bad):
    with pytest.raises(ValueError, match="seeds must"):
        sweep({"a": {}}, seeds=bad, **SETTINGS, model=SimpleCNN(3))


def test_what_fit_refuses_is_refused():
    with pytest.raises(ValueError, match="lr must"):
        sweep({"a": {"lr": -1}}, **SETTINGS, model=SimpleCNN(3))
    with pytest.raises(TypeError, match="learning_rate"):
        sweep({"a": {"learning_rate": 1}}, **SETTINGS, model=SimpleCNN(3))
