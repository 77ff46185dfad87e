"""Parameters in a file."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from tasks import fit_tiny, same

from ch335_helpers.evaluation.prediction import predict
from ch335_helpers.model.models import ResidualCNN
from ch335_helpers.training.files import (
    load_params,
    load_state,
    save_params,
    save_state,
)


def test_saved_parameters_come_back_as_they_were(tmp_path, task, rng):
    model = ResidualCNN(3, width=4)
    params = model.init(rng)
    save_params(tmp_path / "run.npz", params)
    loaded = load_params(tmp_path / "run.npz")
    assert list(loaded) == list(params)
    assert same(loaded, params)
    assert {value.dtype for value in loaded.values()} == {np.dtype("float32")}
    X = task[2][:5]
    np.testing.assert_array_equal(predict(model, loaded, X), predict(model, params, X))


def test_training_can_go_on_from_a_file(tmp_path, tiny):
    first = fit_tiny(tiny)
    save_params(tmp_path / "run.npz", first.params)
    resumed = fit_tiny(tiny, params=load_params(tmp_path / "run.npz"))
    assert same(resumed.params, fit_tiny(tiny, params=first.params).params)


ODD = {
    "file": np.arange(3.0),  # a name that numpy.savez keeps for itself
    "a": np.eye(2),
    "a.npy": np.zeros(0, np.float32),  # one that numpy.load would take for "a"
    "block/conv": np.ones((2, 0, 3)),
    "../up": np.array(7),
    "größe": np.array([True, False]),
    "": np.array([1 + 2j], np.complex64),
    "half": np.ones(3, np.float16),
    "by columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "other end first": np.arange(3, dtype=">i4"),
    "text": np.array(["one", "three"]),
}


def unchanged(loaded, params):
    return list(loaded) == list(params) and all(
        np.array_equal(loaded[name], value)
        and loaded[name].shape == value.shape
        and loaded[name].dtype == value.dtype
        for name, value in params.items()
    )


@pytest.fixture
def odd(tmp_path):
    path = tmp_path / "odd.npz"
    save_params(path, ODD)
    return path


def test_every_name_and_array_comes_back_as_it_was(odd, tmp_path):
    assert unchanged(load_params(odd), ODD)
    with open(odd, "rb") as file:
        assert unchanged(load_params(file), ODD)
    save_params(odd, {})
    assert load_params(odd) == {}
    assert [path.name for path in tmp_path.iterdir()] == ["odd.npz"]


def test_numpy_can_read_the_file_too(tmp_path, rng):
    params = ResidualCNN(3, width=4).init(rng)
    save_params(tmp_path / "run.npz", params)
    with np.load(tmp_path / "run.npz") as archive:
        assert unchanged(dict(archive), params)


@pytest.mark.parametrize(
    ("params", "error", "named"),
    [
        ([1], TypeError, r"params must be a dict, got \[1\]"),
        ({"w": np.eye(2), 3: np.eye(2)}, TypeError, "names that are strings, got 3"),
        ({"w": np.array([{}])}, TypeError, "params must .*object for 'w'"),
        ({"w": None}, TypeError, "params must .*object for 'w'"),
        ({"w": np.array(["2020"], "M8")}, TypeError, r"params must .*datetime64"),
        ({"nul\0": np.eye(2)}, ValueError, "names that a file can hold"),
        ({"\ud800": np.eye(2)}, ValueError, "names that a file can hold"),
        ({"x" * 70_000: np.eye(2)}, ValueError, "names that a file can hold"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_anything_is_written(
    odd, params, error, named
):
    before = odd.read_bytes()
    with pytest.raises(error, match=named):
        save_params(odd, params)
    assert odd.read_bytes() == before
    assert [path.name for path in odd.parent.iterdir()] == ["odd.npz"]


@pytest.mark.parametrize("function", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_the_old_file_survives_every_error(odd, monkeypatch, function, error):
    def fail(*arguments):
        raise error

    before = odd.read_bytes()
    monkeypatch.setattr(os, function, fail)
    with pytest.raises(type(error)):
        save_params(odd, {"w": np.eye(3)})
    assert odd.read_bytes() == before
    assert [path.name for path in odd.parent.iterdir()] == ["odd.npz"]


def test_a_folder_is_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError, match="path must be a file"):
        save_params(tmp_path, {"w": np.eye(3)})
    with pytest.raises(FileNotFoundError):
        save_params(tmp_path / "nowhere" / "run.npz", {"w": np.eye(3)})


@pytest.mark.skipif(os.name != "posix", reason="permissions and links as on Unix")
def test_permissions_and_links_stay(odd):
    odd.chmod(0o640)
    link = odd.with_name("link.npz")
    link.symlink_to(odd)
    save_params(link, {"w": np.eye(3)})
    assert link.is_symlink() and odd.stat().st_mode & 0o777 == 0o640
    assert list(load_params(odd)) == ["w"]


@pytest.mark.skipif(os.name != "posix", reason="permissions as on Unix")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o777, 0o600)])
def test_a_new_file_has_the_usual_permissions_and_can_be_read(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        save_params(tmp_path / "new.npz", {"w": np.eye(3)})
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert (tmp_path / "new.npz").stat().st_mode & 0o777 == mode


def test_a_damaged_file_is_refused_or_read_as_it_was(odd):
    raw = odd.read_bytes()
    refused = 0
    damaged = [raw[:n] for n in range(len(raw))]
    for n in range(len(raw)):
        for change in (0x01, 0x80, 0xFF):
            damaged.append(raw[:n] + bytes([raw[n] ^ change]) + raw[n + 1 :])
    for bits in damaged:
        try:
            assert unchanged(load_params(io.BytesIO(bits)), ODD)
        except ValueError as error:
            refused += 1
            assert "must be a whole .npz file" in str(error)
    assert refused > len(damaged) / 2  # the rest changes only what is not read


@pytest.mark.parametrize(
    "bits",
    [
        b"",
        b"PK",
        b"not mine",
        pickle.dumps({"w": 1}),
        np.lib.format.magic(1, 0),
    ],
)
def test_a_foreign_file_is_refused_by_name_and_stays(tmp_path, bits):
    path = tmp_path / "run.npz"
    path.write_bytes(bits)
    with pytest.raises(ValueError, match=r"run\.npz must be a whole \.npz file"):
        load_params(path)
    assert path.read_bytes() == bits


def test_an_archive_of_something_else_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    for name, bits in (("notes.txt", b"hello"), ("w.npy", b"hello")):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, bits)
        with pytest.raises(ValueError, match=r"run\.npz must be a whole \.npz file"):
            load_params(path)


@pytest.mark.parametrize("path", [None, 3, b"run.npz", ["run.npz"], np.ones(2), {}])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(TypeError, match="path must be a path"):
        load_params(path)
    with pytest.raises(TypeError, match="path must be a path"):
        save_params(path, {"w": np.eye(2)})


def test_a_file_that_is_not_there_is_an_error_of_its_own(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_params(tmp_path / "nothing.npz")


def test_a_file_that_holds_objects_is_not_opened(tmp_path):
    np.savez(tmp_path / "bad.npz", w=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"bad\.npz must be .*allow_pickle"):
        load_params(tmp_path / "bad.npz")


# ------------------------------------------------------------------------ a whole state


def test_a_state_comes_back_as_it_was(tmp_path):
    state = {
        "nested": [{"a": (1, 2.5, None)}, (), []], "text": "é", "yes": True,
        "array": np.arange(3), "scalar": np.float32(0.1), "nan": float("nan"),
        "large": 2**100,
    }  # fmt: skip
    save_state(tmp_path / "state.npz", state)
    found = load_state(tmp_path / "state.npz")
    assert repr(found) == repr(state)
    assert type(found["scalar"]) is np.float32


@pytest.mark.parametrize("bad", [{1: 2}, {"a": {True: 1}}, [object()], {1, 2}, b"x"])
def test_what_a_state_cannot_hold_is_refused_and_nothing_is_written(tmp_path, bad):
    with pytest.raises(TypeError, match="state must hold arrays, numbers and text"):
        save_state(tmp_path / "state.npz", {"bad": bad})
    assert list(tmp_path.iterdir()) == []
