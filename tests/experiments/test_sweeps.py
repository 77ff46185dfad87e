"""Many trainings in one tidy table."""

import _thread
import os
import sys
import threading
import warnings
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context

import numpy as np
import pytest
from tasks import end_process, same
from threadpoolctl import threadpool_info

from ch335_helpers.data.batches import ImageStream, draw_data, shift_images
from ch335_helpers.experiments.sweeps import sweep, train_one
from ch335_helpers.machine.cores import all_cores
from ch335_helpers.model.models import ResidualCNN, SimpleCNN
from ch335_helpers.training.fitting import fit

DATA = partial(draw_data, n_train=8, n_val=10, img_size=12, n_classes=3)
CONFIGURATIONS = {
    "plain": {"model": SimpleCNN(3)},
    "wide": {"model": ResidualCNN(3, width=4), "epochs": 1},
    "fast": {"model": SimpleCNN(3), "lr": 0.02},
}
SETTINGS = {"data": DATA, "epochs": 2, "batch_size": 8, "progress": False}
SEEDS = (3, 1, 2)
ADDRESS = "127.0.0.1:0"  # of Dask's dashboard: any port that is free


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


def state_of_the_process():
    blas = [b["num_threads"] for b in threadpool_info() if b["user_api"] == "blas"]
    return blas, warnings.filters[:], np.geterr()


def test_threads_give_the_same_and_leave_the_process_as_it_was(in_turn):
    before = state_of_the_process()
    with ThreadPoolExecutor(3) as executor:
        assert equal(sweep(CONFIGURATIONS, executor, seeds=SEEDS, **SETTINGS), in_turn)
    assert state_of_the_process() == before


def test_a_process_on_each_core_gives_the_same(in_turn):
    with all_cores() as executor:
        assert equal(sweep(CONFIGURATIONS, executor, seeds=SEEDS, **SETTINGS), in_turn)


@pytest.fixture(scope="module")
def client():
    """Of a Dask cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=ADDRESS
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


class Deadly:
    """A schedule or data; some of the calls, in whatever process, end the process."""

    def __init__(self, folder, deaths, when, otherwise):
        self.folder, self.deaths = folder, deaths
        self.when, self.otherwise = when, otherwise

    def __call__(self, argument):
        died = len(os.listdir(self.folder))
        if self.when(argument) and died < self.deaths:
            (self.folder / str(died)).touch()
            end_process()
        return self.otherwise(argument)


def seed_is_one(seed):
    return seed == 1


def two_processes():
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


def cluster(request):
    return nullcontext(request.getfixturevalue("client").get_executor())


EXECUTORS = {
    "a pool of processes": lambda request: two_processes(),
    "copies of this process": lambda request: ProcessPoolExecutor(
        2, get_context("fork")
    ),
    "all cores": lambda request: all_cores(),
    "a cluster": cluster,
}
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs a safe fork")
KINDS = [
    pytest.param(kind, marks=linux_only if kind.startswith("copies") else ())
    for kind in EXECUTORS
]


def test_a_cluster_gives_the_same(in_turn, client):
    executor = client.get_executor()
    assert equal(sweep(CONFIGURATIONS, executor, seeds=SEEDS, **SETTINGS), in_turn)


def test_a_training_that_ends_every_worker_of_a_cluster_has_a_row(client, tmp_path):
    data = Deadly(tmp_path, 1000, seed_is_one, DATA)
    settings = SETTINGS | {"data": data, "model": SimpleCNN(3)}
    with pytest.warns(UserWarning, match="1 training was lost with its worker"):
        (lost,) = sweep({"one": {}}, client.get_executor(), seeds=[1], **settings)
    assert lost.error == "worker lost: KilledWorker" and lost.run is None


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_a_training_that_ends_every_worker_has_a_row_that_says_so(
    request, tmp_path, in_turn, kind
):
    deadly = Deadly(tmp_path, 1000, seed_is_one, DATA)
    configurations = CONFIGURATIONS | {
        "fast": CONFIGURATIONS["fast"] | {"data": deadly}
    }
    with (
        EXECUTORS[kind](request) as executor,
        pytest.warns(UserWarning, match="lost with") as caught,
    ):
        trials = sweep(configurations, executor, seeds=SEEDS, **SETTINGS)
    # among others: newer Pythons warn of copying a process that has threads
    (warning,) = [w for w in caught if "lost" in str(w.message)]
    assert warning.filename == __file__
    lost = [trial for trial in trials if trial.run is None]
    assert all("worker lost" in trial.error for trial in lost)
    names = [(trial.name, trial.seed) for trial in lost]
    assert ("fast", 1) in names
    others = [trial for trial in in_turn if (trial.name, trial.seed) not in names]
    assert equal([trial for trial in trials if trial.run is not None], others)
    if kind == "all cores":  # a pool loses all that it had not finished
        assert len(lost) == 1
        assert str(warning.message).startswith("1 training was lost with its worker")


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_call_trains_what_a_lost_worker_left_over(
    request, recwarn, tmp_path, in_turn, kind
):
    deaths, folder = tmp_path / "deaths", tmp_path / "trials"
    deaths.mkdir()
    settings = SETTINGS | {"data": Deadly(deaths, 1, seed_is_one, DATA)}
    for _ in range(2):
        with EXECUTORS[kind](request) as executor:
            trials = sweep(
                CONFIGURATIONS, executor, seeds=SEEDS, folder=folder, **settings
            )
    assert len(os.listdir(deaths)) >= 1  # two may come there in one moment
    assert equal(trials, in_turn)


def test_several_threads_of_a_worker_leave_it_as_it_was(in_turn):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 3, "dashboard_address": ADDRESS}
    with distributed.Client(**options) as client:
        before = client.run(state_of_the_process)
        executor = client.get_executor()
        assert equal(sweep(CONFIGURATIONS, executor, seeds=SEEDS, **SETTINGS), in_turn)
        assert client.run(state_of_the_process) == before


class Cancels(Executor):
    """An executor that loses its first call, as when a scheduler starts anew."""

    def __init__(self):
        self.n = 0

    def submit(self, function, *arguments):
        self.n += 1
        future = Future()
        if self.n == 1:
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_result(function(*arguments))
        return future


def test_a_training_that_was_cancelled_elsewhere_is_lost(in_turn):
    with pytest.warns(UserWarning, match="1 training was lost with its worker"):
        trials = sweep(CONFIGURATIONS, Cancels(), seeds=SEEDS, **SETTINGS)
    assert trials[0].error == "worker lost: CancelledError"
    assert equal(trials[1:], in_turn[1:])


# ------------------------------------------------------------------------- in a folder


@pytest.fixture
def trained(monkeypatch):
    """Names and seeds of what has been trained in this process."""
    trained = []

    def noting(name, seed, *rest):
        trained.append((name, seed))
        return train_one(name, seed, *rest)

    monkeypatch.setattr("ch335_helpers.experiments.sweeps.train_one", noting)
    return trained


def test_a_second_call_does_only_the_rest(in_turn, tmp_path, trained):
    folder = tmp_path / "deep" / "trials"
    sweep(CONFIGURATIONS, seeds=SEEDS[:2], folder=folder, **SETTINGS)
    assert len(trained) == len(list(folder.iterdir())) == 6
    trained.clear()
    trials = sweep(CONFIGURATIONS, seeds=SEEDS, folder=str(folder), **SETTINGS)
    assert equal(trials, in_turn)
    assert trained == [(name, SEEDS[2]) for name in CONFIGURATIONS]
    trained.clear()
    assert equal(sweep(CONFIGURATIONS, seeds=SEEDS, folder=folder, **SETTINGS), in_turn)
    assert trained == []


def test_other_settings_are_trained(tmp_path, trained):
    calls = [{}, {}, {"lr": 0.1}, {"data": partial(DATA, noise=0.1)}, {"lr": 0.1}]
    for change in calls:
        settings = SETTINGS | {"model": SimpleCNN(3)} | change
        sweep({"one": {}}, folder=tmp_path, **settings)
    assert len(trained) == 3


def test_a_training_that_diverged_has_finished(tmp_path, trained):
    settings = SETTINGS | {"model": SimpleCNN(3), "lr": 1e30, "folder": tmp_path}
    first, again = (sweep({"wild": {}}, **settings) for _ in range(2))
    assert len(trained) == 1
    assert again[0].run.diverged and again[0].run.stopped == first[0].run.stopped
    assert same(again[0].run.params, first[0].run.params)


def test_a_damaged_file_gives_a_warning_and_is_trained_again(tmp_path, trained):
    settings = SETTINGS | {"model": SimpleCNN(3), "folder": tmp_path}
    first = sweep({"one": {}}, **settings)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.warns(UserWarning, match=f"trained again: .*{path.name}") as caught:
        assert equal(sweep({"one": {}}, **settings), first)
    assert caught[0].filename == __file__
    assert len(trained) == 2
    assert equal(sweep({"one": {}}, **settings), first)
    assert len(trained) == 2


@pytest.mark.parametrize("make", [None, ThreadPoolExecutor, two_processes])
def test_what_finished_before_an_error_is_in_the_folder(tmp_path, make):
    settings = SETTINGS | {"model": SimpleCNN(3), "data": fail_at_one}
    with (
        make() if make else nullcontext() as executor,
        pytest.raises(OSError, match="no such data") as caught,
    ):
        sweep({"one": {}}, executor, seeds=[0, 1], folder=tmp_path, **settings)
    assert caught.value.__notes__ == ["in configuration 'one' with seed 1"]
    found = sweep({"one": {}}, seeds=[0], folder=tmp_path, **settings)
    assert equal(found, sweep({"one": {}}, seeds=[0], **settings))
    assert len(list(tmp_path.iterdir())) == 1


def test_what_an_interrupt_left_over_is_done_by_a_second_call(tmp_path, trained):
    settings = SETTINGS | {"data": interrupt_when_third, "model": SimpleCNN(3)}
    with pytest.warns(UserWarning, match="sweep interrupted"):
        trials = sweep({"one": {}}, seeds=range(4), folder=tmp_path, **settings)
    assert len(trials) == len(list(tmp_path.iterdir())) == 2
    trained.clear()
    sweep({"one": {}}, seeds=[0, 1, 3], folder=tmp_path, **settings)
    assert trained == [("one", 3)]


def test_a_setting_that_no_file_can_be_recognised_by_is_refused(tmp_path):
    settings = SETTINGS | {"model": SimpleCNN(3), "folder": tmp_path / "trials"}
    with (
        open(os.devnull) as file,
        pytest.raises(TypeError, match=r"settings must be numbers, text, .*TextIO"),
    ):
        sweep({"one": {}}, augment=file, **settings)
    with pytest.raises(ValueError, match=r"settings must be recog.*<lambda>"):
        sweep({"one": {}}, schedule=lambda share: 1, **settings)
    assert list(tmp_path.iterdir()) == []


# ----------------------------------------------------------------- each starts the same


def test_every_training_from_a_stream_gets_the_same_images():
    stream = ImageStream(12, 3, seed=5, epoch_size=16)
    data = (stream, None, *DATA(0)[2:])
    twins = {"one": {}, "other": {}}
    settings = SETTINGS | {"data": data, "model": SimpleCNN(3)}
    one, other = sweep(twins, **settings)
    assert one.run.batch_loss == other.run.batch_loss
    assert equal(sweep(twins, **settings), [one, other])


def test_a_training_that_diverges_says_so_in_its_row_and_stops_nothing(recwarn):
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
    with pytest.raises(ValueError, match=r"configurations\['a'\] must have model"):
        sweep({"a": {}}, **SETTINGS)
    with pytest.raises(ValueError, match=r"configurations\['a'\] must have data"):
        sweep({"a": {"model": SimpleCNN(3)}})


@pytest.mark.parametrize("bad", [(), (1, 1), (-1,), (0.5,), (True,)])
def test_seeds_that_are_none_or_stand_twice_are_refused(bad):
    with pytest.raises(ValueError, match="seeds must"):
        sweep({"a": {}}, seeds=bad, **SETTINGS, model=SimpleCNN(3))


@pytest.mark.parametrize("bad", [3, "12", {1, 2}, None])
def test_seeds_that_are_no_sequence_are_refused(bad):
    with pytest.raises(TypeError, match="seeds must be a sequence, got"):
        sweep({"a": {}}, seeds=bad, **SETTINGS, model=SimpleCNN(3))


@pytest.mark.parametrize("name", [None, b"fast", ("fast", None), (("fast",),)])
def test_a_name_is_made_of_text_and_numbers(name):
    with pytest.raises(TypeError, match="must have names of text and numbers, got"):
        sweep({name: {}}, **SETTINGS, model=SimpleCNN(3))


@pytest.mark.parametrize("name", ["fast", 3, 0.5, ("fast", 0.01), ()])
def test_a_name_of_text_and_numbers_names_a_training_and_its_file(name, tmp_path):
    settings = SETTINGS | {"model": SimpleCNN(3)}
    first, again = (sweep({name: {}}, folder=tmp_path, **settings) for _ in range(2))
    assert [(t.name, t.seed) for t in again] == [(name, 0)]
    assert equal(first, again) and len(os.listdir(tmp_path)) == 1
    assert first[0].run.seconds == again[0].run.seconds


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"data": 3}, TypeError, "data must be a sequence, got 3"),
        ({"data": DATA(0)[:3]}, ValueError, "data must be X, y, X_val and y_val"),
        ({"data": (*DATA(0), 1)}, ValueError, "data must .* got 5 of them"),
        ({"data": (*DATA(0)[:3], [0])}, ValueError, "y_val must have shape"),
        ({"data": (DATA(0)[0][:, 0], *DATA(0)[1:])}, ValueError, "X must have shape"),
        ({"data": DATA(0), "lr": -1}, ValueError, "lr must"),
        ({"X": DATA(0)[0]}, TypeError, r"configurations\['last'\] must .* got 'X'"),
        ({"n_shards": 2}, TypeError, "must have settings among .* got 'n_shards'"),
        ({"folder": 3}, TypeError, "folder must be a path"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_trained(
    trained, change, error, message
):
    shared = {key: change.pop(key) for key in ("folder",) if key in change}
    settings = SETTINGS | {"model": SimpleCNN(3), "data": change.pop("data", DATA)}
    with pytest.raises(error, match=message):
        sweep({"last": change}, **settings, **shared)
    assert trained == []


@pytest.mark.parametrize("bad", [None, 3, "four"])
def test_what_a_function_returns_for_data_is_refused_by_that_name(bad):
    with pytest.raises(TypeError, match="data must be a sequence, got") as caught:
        sweep({"a": {}}, **SETTINGS | {"data": lambda seed: bad}, model=SimpleCNN(3))
    assert caught.value.__notes__ == ["in configuration 'a' with seed 0"]


def test_the_last_configuration_is_refused_before_the_first_is_trained(trained):
    settings = SETTINGS | {"model": SimpleCNN(3), "data": DATA(0)}
    with pytest.raises(ValueError, match="lr must") as caught:
        sweep({"first": {}, "last": {"lr": -1}}, seeds=SEEDS, **settings)
    assert caught.value.__notes__ == ["in configuration 'last' with seed 3"]
    assert trained == []


def test_what_fit_refuses_is_refused():
    with pytest.raises(ValueError, match="lr must"):
        sweep({"a": {"lr": -1}}, **SETTINGS, model=SimpleCNN(3))
    with pytest.raises(TypeError, match="learning_rate"):
        sweep({"a": {"learning_rate": 1}}, **SETTINGS, model=SimpleCNN(3))


class Drifts:
    """An augmentation with a generator of its own, which moves on with each batch."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, x, rng):
        return shift_images(x, self.rng)


def test_what_moves_on_in_one_training_has_not_moved_in_the_next():
    settings = SETTINGS | {"model": SimpleCNN(3), "augment": Drifts()}
    one, other = sweep({"one": {}, "other": {}}, seeds=iter([3]), **settings)
    assert one.run.batch_loss == other.run.batch_loss
    with ThreadPoolExecutor(2) as executor:
        twins = sweep({"one": {}, "other": {}}, executor, seeds=[3], **settings)
    assert equal(twins, [one, other])


def test_a_seed_among_the_settings_is_refused():
    with pytest.raises(ValueError, match=r"configurations\['a'\] must have no seed"):
        sweep({"a": {"seed": 3}}, **SETTINGS, model=SimpleCNN(3))


@pytest.mark.parametrize("bad", [3, "all_cores", all_cores, {"submit": 1}])
def test_what_cannot_be_submitted_to_is_no_executor(trained, bad):
    with pytest.raises(TypeError, match="executor must be a concurrent"):
        sweep({"a": {}}, bad, **SETTINGS, model=SimpleCNN(3))
    assert trained == []


def test_what_is_no_executor_is_refused(client):
    with pytest.raises(TypeError, match="executor must be a concurrent"):
        sweep({"a": {}}, client, **SETTINGS, model=SimpleCNN(3))
