"""Settings in words: equal exactly if all that counts is equal."""

import json
import os
import random
import subprocess
import sys
import types
from functools import partial, wraps
from pathlib import Path

import numpy as np
import pytest

from ch335_helpers.data.batches import ImageStream, add_noise, shift_images
from ch335_helpers.model.models import ResidualCNN, SimpleCNN
from ch335_helpers.model.variants import without_shortcuts
from ch335_helpers.training.optim import adam_update, sgd_update
from ch335_helpers.training.settings import described, differences, digits


def noisy(x, rng, noise=0.5):
    return x


def renamed(function, module, defaults=None):
    """As another function of the same name."""
    code = function.__code__
    other = types.FunctionType(code, {"__name__": module}, function.__name__, defaults)
    other.__module__ = module
    return other


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, share):
        return self.factor


def later_stream():
    stream = ImageStream(seed=1)
    stream.draw(2)
    return stream


DIFFERENT = [
    *(None, True, False, 1, 2, 1.5, "1", "", [], {}, [1], [1, 2], [[1], 2], {"1": 2}),
    *(np.zeros(2), np.zeros(3), np.zeros((2, 1)), np.zeros(2, np.float32), np.ones(2)),
    *(adam_update, sgd_update, shift_images, partial(shift_images, reach=1)),
    *(
        partial(shift_images, reach=2),
        partial(add_noise, noise=1),
        partial(add_noise, 1),
    ),
    *(Scaled(1), Scaled(2), Scaled, Scaled(1).__call__, Scaled(2).__call__, len, abs),
    *(SimpleCNN(3), SimpleCNN(4), ResidualCNN(3), without_shortcuts(ResidualCNN(3))),
    *(ImageStream(seed=1), ImageStream(seed=2), ImageStream(seed=1, noise=0.1)),
    *(
        later_stream(),
        np.random.default_rng(1),
        np.random.Generator(np.random.MT19937(1)),
    ),
    *(Path("a"), Path("b"), np.dtype("f4"), np, "function shift_images", {1: 2}),
    *(noisy, renamed(noisy, __name__, (0.9,)), renamed(noisy, "elsewhere", (0.5,))),
]


def test_whatever_differs_is_described_in_other_words():
    texts = [json.dumps(described(value)) for value in DIFFERENT]
    assert len(set(texts)) == len(texts)
    assert len({digits(described(value)) for value in DIFFERENT}) == len(texts)


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (np.float64(0.5), 0.5),
        (np.int8(3), 3),
        ((1, (2,)), [1, [2]]),
        (
            np.arange(6).reshape(2, 3),
            np.arange(6).reshape(3, 2).T.copy().T.reshape(2, 3),
        ),
        (np.arange(6)[::2], np.array([0, 2, 4])),
        (ResidualCNN(3), ResidualCNN(3)),
        (partial(add_noise, noise=1), partial(add_noise, noise=1)),
    ],
)
def test_what_is_equal_is_described_in_the_same_words(value, other):
    assert described(value) == described(other)


def test_the_order_of_a_dict_does_not_count():
    assert digits({"a": 1, "b": 2}) == digits({"b": 2, "a": 1})


def test_without_its_place_it_does_not_count_how_far_a_stream_was_drawn():
    early, late = (
        described(stream, with_place=False)
        for stream in (ImageStream(seed=1), later_stream())
    )
    assert early == late
    assert early != described(ImageStream(seed=2), with_place=False)


def test_another_process_finds_the_same_words():
    program = (
        "from ch335_helpers import ImageStream, ResidualCNN, adam_update\n"
        "from ch335_helpers.training.settings import described, digits\n"
        "print(digits(described([ImageStream(), ResidualCNN(), adam_update])))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(2)
    }  # fmt: skip
    here = digits(described([ImageStream(), ResidualCNN(), adam_update]))
    assert found == {here + "\n"}


def around(factor):
    def scaled(share):
        return factor

    return scaled


def twice(function):
    @wraps(function)
    def doubled(*args):
        return function(function(*args))

    return doubled


def made(factor):
    class Own:
        def __call__(self, share):
            return factor

    return Own


REFUSED = [lambda share: 1, around(2), partial(around(2)), twice(shift_images)]
REFUSED += [made(2), made(2)(), {0.0: 1}.get]


@pytest.mark.parametrize("function", REFUSED)
def test_a_function_that_its_name_does_not_tell_from_others_is_refused(function):
    with pytest.raises(ValueError, match="settings must be recognised in a file"):
        described({"schedule": function})


class Listed(list):
    pass


class Slotted:
    __slots__ = ("factor",)


UNKNOWN = [
    *(object(), {1, 2}, b"bytes", np.array([object()]), Listed([1]), Slotted()),
    *(np.ma.array([1, 2], mask=[True, False]), random.Random(1), 1j),
]


@pytest.mark.parametrize("value", UNKNOWN)
def test_what_cannot_be_described_is_refused(value):
    with pytest.raises(TypeError, match="settings must be numbers, text, arrays"):
        described([value])


def test_differences_name_the_setting_and_both_its_values():
    stored, asked = {"lr": 1, "old": 2, "same": 3}, {"lr": 4, "same": 3, "new": 5}
    assert differences(stored, asked) == [
        "lr 1 there and 4 here",
        "old 2 there and None here",
        "new None there and 5 here",
    ]
    assert differences({"fill": np.nan}, {"fill": np.nan}) == []
