"""Files of finished trainings: whole, exact, and refused when they are not."""

import json
import os
from functools import partial

import numpy as np
import pytest
from tasks import same

from ch335_helpers.data.batches import draw_data, shift_images
from ch335_helpers.experiments.trials import Trial, TrialFiles
from ch335_helpers.model.models import SimpleCNN
from ch335_helpers.training.run import Run

SETTINGS = {"model": SimpleCNN(3), "data": partial(draw_data, n_train=3), "lr": 0.1}


def files_of(folder, name="a", **settings):
    return TrialFiles(folder, SETTINGS | settings, {name: {}})


def path_of(folder, name="a", seed=0, **settings):
    return files_of(folder, name, **settings).path(name, seed)


@pytest.fixture
def run():
    params = {"conv.w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(1)}
    run = Run(params, epochs=2, steps_per_epoch=2, history=[(0.2, 2.0, 0.7, 1.25)])
    run.batch_loss += [0.1, 1 / 3, float("nan")]
    run.stop("diverged")
    return run


def test_what_is_read_is_what_was_written(run, tmp_path):
    files = files_of(tmp_path)
    files.save(Trial("a", 0, run))
    trial = files.load("a", 0)
    read = trial.run
    assert (trial.name, trial.seed, trial.error) == ("a", 0, "")
    assert same(read.params, run.params)
    assert [a.dtype for a in read.params.values()] == [np.float32, np.float64]
    plain, expected = vars(read) | {"params": 0}, vars(run) | {"params": 0}
    assert repr(plain) == repr(expected)  # where NaN is equal to NaN
    assert [files.path("a", 0)] == list(tmp_path.iterdir())


def test_an_empty_run_is_read_as_such(tmp_path):
    files = files_of(tmp_path)
    files.save(Trial("a", 0, Run({}, 3, 4)))
    assert files.load("a", 0).run == Run({}, 3, 4)


def test_a_file_holds_arrays_and_json_alone(run, tmp_path):
    files = files_of(tmp_path)
    files.save(Trial("a", 0, run))
    with np.load(files.path("a", 0), allow_pickle=False) as archive:
        about = archive["state"].tobytes().decode()
        assert all(not archive[key].dtype.hasobject for key in archive)
    assert json.loads(about) and "diverged in epoch 2" in about


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
    assert TrialFiles(tmp_path, backwards, {"a": {}}).path("a", 0) == path_of(tmp_path)


def test_it_does_not_count_where_a_setting_is_said(tmp_path):
    shared = {key: SETTINGS[key] for key in ("model", "lr")} | {"data": None}
    files = TrialFiles(tmp_path, shared, {"a": {"data": SETTINGS["data"]}})
    assert files.path("a", 0) == path_of(tmp_path)


def test_what_is_not_there_is_not_loaded_and_the_damaged_is_refused(run, tmp_path):
    files = files_of(tmp_path)
    files.save(Trial("a", 0, run))
    files.path("a", 1).write_bytes(b"")
    assert same(files.load("a", 0).run.params, run.params)
    with pytest.raises(ValueError, match=files.path("a", 1).name):
        files.load("a", 1)
    assert files.load("a", 2) is None


def test_a_byte_that_is_changed_is_noticed_or_changes_nothing(run, tmp_path):
    files, path = files_of(tmp_path), path_of(tmp_path)
    files.save(Trial("a", 0, run))
    whole, expected = path.read_bytes(), repr(vars(files.load("a", 0).run))
    noticed = 0
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1 :])
        try:
            assert repr(vars(files.load("a", 0).run)) == expected
        except ValueError as error:
            assert str(path) in str(error)
            noticed += 1
    assert noticed > len(whole) / 2


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_file_that_was_cut_is_refused(run, tmp_path, share):
    files, path = files_of(tmp_path), path_of(tmp_path)
    files.save(Trial("a", 0, run))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match="must be a whole"):
        files.load("a", 0)


def test_a_file_under_another_name_is_refused(run, tmp_path):
    files, others = files_of(tmp_path), files_of(tmp_path, lr=0.2)
    files.save(Trial("a", 0, run))
    os.rename(files.path("a", 0), others.path("a", 0))
    with pytest.raises(ValueError, match="must be of a training with the same"):
        others.load("a", 0)


def in_bytes(text):
    return {"state": np.frombuffer(text.encode(), np.uint8)}


@pytest.mark.parametrize(
    "content",
    [
        {"x": np.array([{}])},
        {},
        {"state": "[]"},
        in_bytes("[]"),
        in_bytes("3"),
        in_bytes('{"dict": {"asked": [], "run": {}}}'),
        in_bytes('{"array": "9"}'),
    ],
)
def test_another_archive_is_refused(tmp_path, content):
    files = files_of(tmp_path)
    np.savez(files.path("a", 0), **content)
    with pytest.raises(ValueError, match=r"must (hold|be a whole|be the file of)"):
        files.load("a", 0)


def test_writing_that_fails_leaves_the_file_as_it_was(run, tmp_path, monkeypatch):
    files, path = files_of(tmp_path), path_of(tmp_path)
    files.save(Trial("a", 0, run))
    before = path.read_bytes()

    def half(file, array, **options):
        file.write(before[:100])
        raise OSError("no space left")

    monkeypatch.setattr(np.lib.format, "write_array", half)
    with pytest.raises(OSError, match="no space"):
        files.save(Trial("a", 0, Run({}, 1, 1)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path):
    path = path_of(tmp_path)
    path.mkdir()
    with pytest.raises(OSError):
        files_of(tmp_path).load("a", 0)
