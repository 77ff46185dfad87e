"""Equal fingerprints exactly for what is equal, in this process and in others."""

import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from ch335_helpers.data.batches import ImageStream, draw_data, shift_images
from ch335_helpers.model.models import ResidualCNN, SimpleCNN
from ch335_helpers.training.fingerprints import fingerprint
from ch335_helpers.training.optim import adam_update, sgd_update

FACTOR, NOTES = 2, []


def reads_a_number(x):
    return FACTOR * x


def keeps_notes(x):
    global COUNT
    COUNT = len(NOTES)
    NOTES.append(x)
    return x


def calls_another(x):
    return reads_a_number(x)


def calls_itself(x):
    return calls_itself(x - 1) if x else 0


def adds(n):
    return lambda x: x + n


class Scaled:
    def __init__(self, by):
        self.by = by

    def __call__(self, x):
        return self.by * x


def drawn(n):
    rng = np.random.default_rng(3)
    rng.random(n)
    return rng


DIFFERENT = [
    *(None, False, 0, 0.0, -0.0, 1, 1.5, "1", b"1", "", (), [], {}, (1,), [1], ((1,),)),
    *(
        {1},
        {1, 2},
        frozenset({1}),
        {"a": 1},
        {"a": 2},
        {"b": 1},
        ("a", "b"),
        ("ab", ""),
    ),
    *(float("nan"), float("inf"), np.float32(1), np.float64(1), np.int64(1)),
    *(np.zeros(2), np.zeros((2, 1)), np.zeros(2, np.float32), np.zeros(2, int)),
    *(np.array(0.0), np.zeros((0, 2)), np.zeros((2, 0)), np.arange(6).reshape(2, 3).T),
    *(SimpleCNN(3), SimpleCNN(4), ResidualCNN(), ResidualCNN(depth=2), SimpleCNN),
    *(ImageStream(), ImageStream(seed=1), ImageStream(noise=0.1), drawn(0), drawn(1)),
    *(
        adam_update,
        sgd_update,
        np.sum,
        np.add,
        abs,
        [1, 2].count,
        np.random,
        shift_images,
    ),
    *(partial(shift_images, reach=1), partial(shift_images, reach=3)),
    *(adds(1), adds(2), lambda x: x, lambda x: -x, lambda x=1: x, lambda *, x=1: x),
    *(reads_a_number, calls_another, calls_itself, Scaled, Scaled(1), Scaled(2)),
    *(Scaled(1).__call__, fingerprint, partial(draw_data, n_val=5), range(3), slice(3)),
]


def test_different_values_have_different_fingerprints():
    found = [fingerprint(value) for value in DIFFERENT]
    twice = [DIFFERENT[i] for i, f in enumerate(found) if found.index(f) < i]
    assert twice == []


def test_without_places_it_does_not_count_how_far_a_stream_was_drawn():
    stream, new = ImageStream(seed=2), ImageStream(seed=2)
    stream.draw(3)
    assert fingerprint(stream) != fingerprint(new)
    assert fingerprint(stream, places=False) == fingerprint(new, places=False)
    other = ImageStream(seed=3)
    assert fingerprint(other, places=False) != fingerprint(new, places=False)


def test_values_in_a_row_are_not_run_together():
    assert fingerprint("a", "b") != fingerprint("ab") != fingerprint(("a", "b"))


def test_equal_values_have_equal_fingerprints():
    rng = np.random.default_rng(0)
    pairs = [
        (SimpleCNN(3), SimpleCNN(3)),
        (ImageStream(seed=2), ImageStream(seed=2)),
        (drawn(5), drawn(5)),
        (partial(draw_data, n_val=5), partial(draw_data, n_val=5)),
        (adds(3), adds(3)),
        ({3, "a", 1.5}, {1.5, 3, "a"}),
        (x := rng.random((4, 6)), np.asfortranarray(x)),
        (x[:, ::2], x[:, ::2].copy()),
    ]
    for one, other in pairs:
        assert fingerprint(one) == fingerprint(other), one


def test_another_process_finds_the_same():
    code = f"import {__name__} as t; print(*map(t.fingerprint, t.DIFFERENT))"
    for hash_seed in "12":
        path = os.pathsep.join(sys.path)
        found = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
        )  # fmt: skip
        here = [fingerprint(value) for value in DIFFERENT]
        assert found.stdout.split() == here


def test_what_a_function_reads_counts_and_what_it_notes_does_not(monkeypatch):
    functions = reads_a_number, calls_another, keeps_notes
    before = [fingerprint(function) for function in functions]
    keeps_notes(3)
    assert [fingerprint(function) for function in functions] == before
    monkeypatch.setitem(globals(), "FACTOR", 3)
    changed = [fingerprint(f) != b for f, b in zip(functions, before, strict=True)]
    assert changed == [True, True, False]


def test_a_counter_in_an_enclosing_function_does_not_count():
    n, calls = 0, {}

    def counted(x):
        nonlocal n
        n += 1
        calls[n] = x

    before = fingerprint(counted)
    counted(3)
    assert fingerprint(counted) == before


def test_a_list_that_holds_itself_has_a_fingerprint():
    circle = [1]
    circle.append(circle)
    assert fingerprint(circle) != fingerprint([1])


def test_an_array_is_read_once_for_several_calls():
    array, arrays = np.arange(5), {}
    first = fingerprint(array, arrays=arrays)
    array += 1  # which is not noticed: the promise is that it does not happen
    assert fingerprint(array, arrays=arrays) == first != fingerprint(array)


def test_what_cannot_be_looked_at_is_refused():
    with open(os.devnull) as file, pytest.raises(TypeError, match="no fingerprint"):
        fingerprint({"data": file})
    with pytest.raises(TypeError, match="no fingerprint"):
        fingerprint(i for i in range(3))
