"""A training that goes on from a file: bit for bit, and only where it belongs."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
import tasks
from tasks import fit_tiny, same

from ch335_helpers.data.batches import ImageStream, add_noise, shift_images
from ch335_helpers.data.shapes import make_synthetic_images
from ch335_helpers.model.models import ResidualCNN, SimpleCNN
from ch335_helpers.model.variants import with_head
from ch335_helpers.training.files import (
    load_params,
    load_state,
    save_params,
    save_state,
)
from ch335_helpers.training.fitting import fit
from ch335_helpers.training.loop import Training
from ch335_helpers.training.optim import (
    constant,
    momentum_update,
    rmsprop_update,
    sgd_update,
)
from ch335_helpers.training.run import Run

LISTS = "train_loss", "val_loss", "val_accuracy", "batch_loss"


def equal(run, other):
    """Whether two runs are one, bit for bit; only the clock may differ."""
    return (
        same(run.params, other.params)
        and all(getattr(run, name) == getattr(other, name) for name in LISTS)
        and (run.best_epoch, run.stopped) == (other.best_epoch, other.stopped)
        and len(run.seconds) == len(other.seconds)
    )


def stop_after(n_steps):
    return lambda run: len(run.batch_loss) == n_steps


def interrupted(tiny, path, n_steps, **settings):
    """Call `fit` twice with one file; the first call ends after some steps."""
    with pytest.warns(UserWarning, match="stopped"):
        fit_tiny(tiny, checkpoint=path, callback=stop_after(n_steps), **settings)
    return fit_tiny(tiny, checkpoint=path, **settings)


@pytest.mark.parametrize("n_steps", [1, 3, 4, 5, 7, 9, 11])  # 3 steps an epoch
def test_a_stopped_run_goes_on_bit_for_bit(tiny, tmp_path, n_steps):
    run = interrupted(tiny, tmp_path / "run.npz", n_steps)
    assert equal(run, fit_tiny(tiny))


@pytest.mark.parametrize(
    "settings",
    [
        {"optimiser": sgd_update},
        {"optimiser": momentum_update, "schedule": constant},
        {"optimiser": rmsprop_update, "weight_decay": 0.3},
        {"augment": shift_images, "seed": 3},
        {"augment": partial(add_noise, noise=0.5)},
        {"batch_size": 5},  # what is left over goes on in the next epoch
        {"model": ResidualCNN(3, width=2)},  # running averages
        {"seed": np.random.MT19937(5)},  # its state is an array
    ],
)
def test_whatever_the_settings(tiny, tmp_path, settings):
    if isinstance(seed := settings.get("seed"), np.random.MT19937):
        calls = [{"seed": np.random.Generator(np.random.MT19937(5))} for _ in range(3)]
    else:
        calls = [settings] * 3
    path = tmp_path / "run.npz"
    with pytest.warns(UserWarning, match="stopped"):
        fit_tiny(tiny, checkpoint=path, callback=stop_after(7), **calls[0])
    run = fit_tiny(tiny, checkpoint=path, **calls[1])
    assert equal(run, fit_tiny(tiny, **calls[2])), seed


def test_in_a_folder_each_call_has_a_file_of_its_own(tiny, tmp_path):
    folder, called = tmp_path / "new" / "runs", []
    first, other = (fit_tiny(tiny, folder=folder, lr=lr) for lr in (1e-2, 2e-2))
    assert len(list(folder.iterdir())) == 2
    again = fit_tiny(tiny, folder=folder, lr=1e-2, callback=called.append)
    assert not called and again.seconds == first.seconds  # it was not trained again
    assert equal(again, first) and not equal(again, other)


def test_a_stopped_run_goes_on_from_its_folder(tiny, tmp_path):
    with pytest.warns(UserWarning, match="stopped"):
        fit_tiny(tiny, folder=tmp_path, callback=stop_after(7))
    assert equal(fit_tiny(tiny, folder=tmp_path), fit_tiny(tiny))


def test_a_stream_goes_on_with_the_images_that_were_next(tiny, tmp_path):
    X_val, y_val = make_synthetic_images(3, 16, 3, seed=1)

    def call(**more):
        stream = ImageStream(16, 3, seed=5, epoch_size=12)
        parts = stream, None, X_val, y_val
        settings = {"epochs": 4, "batch_size": 4, "progress": False, "n_shards": 1}
        return fit(SimpleCNN(3), *parts, **settings, **more)

    path = tmp_path / "run.npz"
    with pytest.warns(UserWarning, match="stopped"):
        call(checkpoint=path, callback=stop_after(8))
    assert equal(call(checkpoint=path), call())


def test_a_stream_that_has_been_drawn_from_is_taken_back(tmp_path):
    X_val, y_val = make_synthetic_images(3, 16, 3, seed=1)
    stream, again = (ImageStream(16, 3, seed=5, epoch_size=12) for _ in range(2))
    settings = {"epochs": 4, "batch_size": 4, "progress": False, "n_shards": 1}
    path = tmp_path / "run.npz"
    with pytest.warns(UserWarning, match="stopped"):
        stopped = {"checkpoint": path, "callback": stop_after(8)}
        fit(SimpleCNN(3), stream, None, X_val, y_val, **settings, **stopped)
    run = fit(SimpleCNN(3), stream, None, X_val, y_val, **settings, checkpoint=path)
    assert equal(run, fit(SimpleCNN(3), again, None, X_val, y_val, **settings))


def test_a_damaged_file_in_a_folder_is_trained_again(tiny, tmp_path):
    first = fit_tiny(tiny, folder=tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.warns(UserWarning, match=f"trained again: .*{path.name}") as caught:
        assert equal(fit_tiny(tiny, folder=tmp_path), first)
    assert caught[0].filename == tasks.__file__  # where `fit` is called
    assert equal(fit_tiny(tiny, folder=tmp_path), first)


def test_how_far_a_generator_was_drawn_from_counts_as_its_seed(tiny, tmp_path):
    params = SimpleCNN(3).init(np.random.default_rng(9))
    settings = {"params": params, "augment": shift_images, "folder": tmp_path}
    late = np.random.default_rng(0)
    late.random(100)
    for seed in (np.random.default_rng(0), late):
        fit_tiny(tiny, seed=seed, **settings)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_finished_run_is_read_and_no_step_is_taken(tiny, tmp_path):
    path = tmp_path / "run.npz"
    first = fit_tiny(tiny, checkpoint=path)
    before = path.read_bytes()
    called = []
    again = fit_tiny(tiny, checkpoint=path, callback=called.append)
    assert equal(again, first) and again.seconds == first.seconds and not called
    assert path.read_bytes() == before and again.finished


def test_without_a_checkpoint_nothing_is_written(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit_tiny(tiny)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"lr": 0.02}, "lr 0.003 there and 0.02 here"),
        ({"epochs": 5}, "epochs 4 there and 5 here"),
        ({"batch_size": 3}, "batch_size 4 there and 3 here"),
        ({"seed": 1}, "seed"),
        (
            {"optimiser": sgd_update},
            "training.optim.adam_update there and function",
        ),
        (
            {"schedule": constant},
            "training.optim.cosine there and function",
        ),
        (
            {"augment": shift_images},
            "augment None there and function",
        ),
        ({"weight_decay": 0.1}, "weight_decay 0.0 there and 0.1 here"),
        ({"n_shards": 1}, "n_shards 2 there and 1 here"),
        ({"model": ResidualCNN(3, width=2)}, "model"),
        ({"params": SimpleCNN(3).init(np.random.default_rng(9))}, "params"),
    ],
)
def test_other_settings_are_refused_and_the_file_stays(tiny, tmp_path, other, named):
    path = tmp_path / "run.npz"
    fit_tiny(tiny, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"checkpoint must .*same settings") as caught:
        fit_tiny(tiny, checkpoint=path, **other)
    assert named in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("place", "named"), [(0, "X "), (1, "y "), (2, "X_val"), (3, "y_val")]
)
def test_other_data_are_refused(tiny, tmp_path, place, named):
    path = tmp_path / "run.npz"
    fit_tiny(tiny, checkpoint=path)
    others = [part.copy() for part in tiny]
    others[place][0] = 1 - others[place][0]
    with pytest.raises(ValueError, match=f"checkpoint must .*with {named}"):
        fit_tiny(others, checkpoint=path)


def test_networks_with_the_same_parameters_are_told_apart(tiny, tmp_path):
    path = tmp_path / "run.npz"
    heads = [with_head(ResidualCNN(3, width=2), h) for h in ("maximum", "log-sum-exp")]
    fit_tiny(tiny, checkpoint=path, model=heads[0])
    with pytest.raises(ValueError, match="with model"):
        fit_tiny(tiny, checkpoint=path, model=heads[1])


def test_another_stream_is_refused(tmp_path):
    X_val, y_val = make_synthetic_images(3, 16, 3, seed=1)

    def call(**options):
        stream = ImageStream(16, 3, epoch_size=8, **options)
        settings = {"epochs": 1, "progress": False, "checkpoint": tmp_path / "run.npz"}
        return fit(SimpleCNN(3), stream, None, X_val, y_val, **settings)

    call(seed=1)
    for options in ({"seed": 2}, {"seed": 1, "noise": 0.1}):
        with pytest.raises(ValueError, match="with X"):
            call(**options)


@pytest.mark.parametrize("path", [True, 3, b"run.npz", ["run.npz"]])
def test_what_is_no_path_is_refused(tiny, path):
    with pytest.raises(TypeError, match="checkpoint must be a path"):
        fit_tiny(tiny, checkpoint=path)


def test_a_file_that_is_no_training_is_refused_and_stays(tiny, tmp_path):
    path = tmp_path / "run.npz"
    save_params(path, {"w": np.ones(3)})
    with pytest.raises(ValueError, match=r"run\.npz must hold a saved state"):
        fit_tiny(tiny, checkpoint=path)
    save_state(path, {"w": np.ones(3)})
    with pytest.raises(ValueError, match=r"checkpoint must be the file of a training"):
        fit_tiny(tiny, checkpoint=path)
    path.write_text("not mine")
    with pytest.raises(ValueError, match=r"run\.npz must be a whole"):
        fit_tiny(tiny, checkpoint=path)
    assert path.read_text() == "not mine"


def test_a_training_that_diverges_keeps_the_file_of_its_last_good_epoch(tiny, tmp_path):
    path = tmp_path / "run.npz"
    rates = {"lr": 1.0, "optimiser": sgd_update, "n_shards": 1}

    def explodes(share):  # from the third epoch on
        return 1e-3 if share < 0.5 else 1e30

    with pytest.warns(UserWarning, match="diverged in epoch 3"):
        run = fit_tiny(tiny, checkpoint=path, schedule=explodes, **rates)
    assert all(np.isfinite(value).all() for value in run.params.values())
    kept = load_state(path)["kept"]
    epochs = Run(**kept["run"]).history
    assert epochs == run.history[: len(epochs)] and len(epochs) in (1, 2)
    assert all(np.isfinite(array).all() for array in kept["params"].values())


# ------------------------------------------------------------------------------ killed

PROGRAM = """
import sys
from ch335_helpers import (
    ImageStream, SimpleCNN, fit, make_synthetic_images, save_params,
)
kind, path, result = sys.argv[1:]
X, y = make_synthetic_images(8, 16, 4, seed=3)
X_val, y_val = make_synthetic_images(3, 16, 4, seed=1)
data = (ImageStream(16, 4, seed=5, epoch_size=32), None) if kind == "stream" else (X, y)
n_shards = 2 if kind == "shards" else 1
options = {"epochs": 40, "batch_size": 16, "progress": False, "n_shards": n_shards}
print("begun", flush=True)
run = fit(SimpleCNN(4), *data, X_val, y_val, checkpoint=path, **options)
save_params(result, run.params | {"losses": run.batch_loss, "val": run.val_loss})
"""
KILLS = 18  # of each kind
# what a process that was killed returns
KILLED = 1 if os.name == "nt" else -signal.SIGKILL


@pytest.mark.parametrize("kind", ["arrays", "stream", "shards"])
def test_a_process_that_is_killed_again_and_again_gives_the_same_run(kind, tmp_path):
    rng = np.random.default_rng(0)

    def start(name):
        paths = [str(tmp_path / f"{name}.{part}") for part in ("run.npz", "params.npz")]
        command = [sys.executable, "-c", PROGRAM, kind, *paths]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        return process

    whole = start("whole")
    whole.stdout.readline()
    began = time.perf_counter()
    assert whole.wait() == 0
    lasts = time.perf_counter() - began
    killed = 0
    while killed < KILLS:
        process = start("killed")
        process.stdout.readline()
        time.sleep(rng.uniform(0, 2 * lasts / KILLS))
        process.kill()  # nothing happens if it has ended by itself
        killed += process.wait() == KILLED
        if (tmp_path / "killed.params.npz").exists():  # finished: once more, anew
            assert_same_files(tmp_path)
            (tmp_path / "killed.params.npz").unlink()
            (tmp_path / "killed.run.npz").unlink()
    last = start("killed")
    assert last.wait() == 0
    assert_same_files(tmp_path)


def assert_same_files(folder):
    runs = [load_params(folder / f"{name}.params.npz") for name in ("whole", "killed")]
    assert same(*runs)


# ------------------------------------------------------------------------- interrupted


def interrupt_at(number, call, names):
    """Raise KeyboardInterrupt at a line of functions with these names; was it there?"""
    seen = 0

    def trace(frame, event, argument):
        nonlocal seen
        if frame.f_code.co_name not in names:
            return None
        seen += event == "line"
        if event == "line" and seen == number:
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


def test_an_interrupt_at_any_line_of_an_epochs_end_leaves_whole_epochs(tiny):
    number, there = 0, True
    while there:
        number += 1
        training = Training(SimpleCNN(3), *tiny, epochs=3, batch_size=4)
        there = interrupt_at(number, partial(list, training), {"_validate", "record"})
        run = training.run
        lists = [run.train_loss, run.val_loss, run.val_accuracy, run.seconds]
        assert {len(each) for each in lists} == {len(run.seconds)}
        best = run.val_accuracy[run.best_epoch] if run.seconds else None
        assert best == max(run.val_accuracy, default=None)
    assert number > 20 and len(run.seconds) == 3  # the last round was not interrupted


def test_an_interrupted_validation_is_made_up_for(tiny):
    """No step is taken twice, and none too many."""
    training = Training(SimpleCNN(3), *tiny, epochs=3, batch_size=4)
    assert interrupt_at(3, partial(list, training), {"_validate"})
    assert (len(training.run.batch_loss), len(training.run.history)) == (3, 0)
    assert [len(run.history) for run in training][:2] == [1, 1]
    assert equal(training.run, fit_tiny(tiny, epochs=3))
