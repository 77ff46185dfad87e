"""Files of finished trainings: whole, exact, and refused when they are not."""

import json
import os
from functools import partial

import numpy as np
import pytest
from tasks import same

from ch335_helpers.data.batches import draw_data, shift_images
from ch335_helpers.experiments.trial_files import (
    load_run,
    load_trials,
    save_run,
    trial_paths,
)
from ch335_helpers.model.models import SimpleCNN
from ch335_helpers.training.run import Run

SETTINGS = {"model": SimpleCNN(3), "data": partial(draw_data, n_train=3), "lr": 0.1}


def path_of(folder, name="a", seed=0, **settings):
    (path,) = trial_paths(folder, {0: (name, seed, SETTINGS | settings)}).values()
    return path


@pytest.fixture
def run():
    params = {"conv.w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(1)}
    run = Run(params, epochs=2, steps_per_epoch=2, best_epoch=0)
    run.batch_loss += [0.1, 1 / 3, float("nan")]
    run.train_loss.append(0.2)
    run.val_loss.append(2.0)
    run.val_accuracy.append(0.7)
    run.seconds.append(1.25)
    run.stop("diverged")
    return run


def test_what_is_read_is_what_was_written(run, tmp_path):
    path = path_of(tmp_path)
    save_run(path, run)
    read = load_run(path)
    assert same(read.params, run.params)
    assert [a.dtype for a in read.params.values()] == [np.float32, np.float64]
    plain, expected = vars(read) | {"params": 0}, vars(run) | {"params": 0}
    assert repr(plain) == repr(expected)  # where NaN is equal to NaN
    assert [path] == list(tmp_path.iterdir())


def test_an_empty_run_is_read_as_such(tmp_path):
    path = path_of(tmp_path)
    save_run(path, Run({}, 3, 4))
    assert load_run(path) == Run({}, 3, 4)


def test_a_file_holds_arrays_and_json_alone(run, tmp_path):
    path = path_of(tmp_path)
    save_run(path, run)
    with np.load(path, allow_pickle=False) as archive:
        about = json.loads(str(archive["about"]))
        assert all(not archive[key].dtype.hasobject for key in archive)
    assert about["file"] == path.name and about["stopped"] == "diverged in epoch 2"


def test_the_name_is_readable_and_stays_in_the_folder(tmp_path):
    assert path_of(tmp_path, ("noise", 0.3), 7).name.startswith("noise-0.3-seed7-")
    for name in ("../up", "/etc", "", "..", "é|\n", "x" * 500, "a\0b"):
        path = path_of(tmp_path, name)
        assert path.parent == tmp_path and path.name[0] not in ".-"
        assert len(path.name) < 120 and path.name.isascii()


def test_whatever_is_changed_has_another_file(tmp_path):
    images = np.zeros((2, 1, 8, 8), np.float32)
    changes = [
        *({}, {"name": "b"}, {"name": ("a",)}, {"seed": 1}, {"lr": 0.2}, {"epochs": 3}),
        *({"model": SimpleCNN(4)}, {"data": partial(draw_data, n_train=4)}),
        *({"data": (images, [0, 1])}, {"data": (images + 1, [0, 1])}),
        *({"augment": shift_images}, {"augment": partial(shift_images, reach=1)}),
    ]
    paths = [path_of(tmp_path, **change) for change in changes]
    assert len(set(paths)) == len(changes)
    assert paths[0] == path_of(tmp_path) == path_of(tmp_path, data=SETTINGS["data"])


def test_the_order_of_settings_does_not_count(tmp_path):
    backwards = dict(reversed(SETTINGS.items()))
    (path,) = trial_paths(tmp_path, {0: ("a", 0, backwards)}).values()
    assert path == path_of(tmp_path)


def test_what_is_not_there_is_not_loaded_and_the_damaged_is_told(run, tmp_path):
    paths = {("a", seed): path_of(tmp_path, seed=seed) for seed in range(3)}
    save_run(paths["a", 0], run)
    paths["a", 1].write_bytes(b"")
    with pytest.warns(UserWarning, match=f"trained again: .*{paths['a', 1].name}"):
        trials = load_trials(paths)
    assert list(trials) == [("a", 0)]
    assert same(trials["a", 0].run.params, run.params)


def test_a_byte_that_is_changed_is_noticed_or_changes_nothing(run, tmp_path):
    path = path_of(tmp_path)
    save_run(path, run)
    whole, expected = path.read_bytes(), repr(vars(load_run(path)))
    noticed = 0
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1 :])
        try:
            assert repr(vars(load_run(path))) == expected
        except ValueError as error:
            assert str(path) in str(error)
            noticed += 1
    assert noticed > len(whole) / 2


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_file_that_was_cut_is_refused(run, tmp_path, share):
    path = path_of(tmp_path)
    save_run(path, run)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"is damaged|must be a whole"):
        load_run(path)


def test_a_file_under_another_name_is_refused(run, tmp_path):
    path, other = path_of(tmp_path), path_of(tmp_path, lr=0.2)
    save_run(path, run)
    os.rename(path, other)
    with pytest.raises(ValueError, match=f"{other.name}.* got .*{path.name}"):
        load_run(other)


@pytest.mark.parametrize("content", [{"x": np.array([{}])}, {"about": "[]"}, {}])
def test_another_archive_is_refused(tmp_path, content):
    path = path_of(tmp_path)
    np.savez(path, **content)
    with pytest.raises(ValueError, match=r"is damaged|must be a whole"):
        load_run(path)


def test_writing_that_fails_leaves_the_file_as_it_was(run, tmp_path, monkeypatch):
    path = path_of(tmp_path)
    save_run(path, run)
    before = path.read_bytes()

    def half(file, array, **options):
        file.write(before[:100])
        raise OSError("no space left")

    monkeypatch.setattr(np.lib.format, "write_array", half)
    with pytest.raises(OSError, match="no space"):
        save_run(path, Run({}, 1, 1))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path):
    path = path_of(tmp_path)
    path.mkdir()
    with pytest.raises(OSError):
        load_run(path)
