"""An attack on every public function: each argument in turn gets what it must not be.

A function answers rightly, or raises a ValueError or TypeError that names the argument;
what it was given is then as before. What is right is judged by the same call with the
value as Python or NumPy converts it: an int8 array as float64, a NumPy int as an int.
"""

import copy
import inspect
import re
import warnings
from datetime import date

import numpy as np
import pytest
from attacked import CALLS, ELSEWHERE, FILES, HARMLESS, LAYERS, RECORDS
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ch335_helpers
from ch335_helpers.checks import KINDS, REALS
from ch335_helpers.exercises import PAGES, check, numbers_of
from ch335_helpers.training.run import Epoch

TARGETS = {name: (getattr(ch335_helpers, name), given) for name, given in CALLS.items()}
TARGETS |= {f"{name}.__call__": call for name, call in LAYERS.items()}
PLACES = [
    (name, argument) for name, (_, given) in TARGETS.items() for argument in given
]
DRAWN = 30  # values that Hypothesis draws for each function
# what a learning rate of 1e12 leads to
pytestmark = pytest.mark.filterwarnings("ignore:training diverged")
FUNCTIONS = (
    "f", "loss", "function", "optimiser", "schedule", "callback", "data",
)  # fmt: skip
LASTING = ("fit", "sweep", "try_learning_rates")  # they would train for all epochs
PATHS = ("checkpoint", "folder")  # any text is one

ODD = [
    None, True, False, np.True_, "", "relu", b"bytes", ..., object(), len, int, {},
    set(), {"a": 1}, {1, 2}, [], (), [[]], [1, [2, 3]], [None], ["a"],
    date(2026, 1, 1), 1j,
]  # fmt: skip
NUMBERS = [
    0, 1, 2, -1, 1.5, -0.5, 0.0, 1e-300, 1e300, 10**12, 2**63, 10**400, -(10**400),
    float("nan"), float("inf"), -float("inf"), np.int8(2), np.uint64(2), np.int64(-1),
    np.float16(0.5), np.float32(0.5), np.float64(2), np.float64("nan"),
    np.longdouble(0.5), np.complex128(1), np.array(2), np.array(0.5), np.str_("2"),
]  # fmt: skip
ARRAYS = [
    np.zeros(0), np.zeros((0, 3)), np.zeros((2, 0, 3, 3)), np.ones(3), np.ones((3, 4)),
    np.ones((2, 2, 6, 6)), np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1, 1)),
    np.full(3, np.nan), np.array(["a", "b"]), np.array([1, "a", None], object),
    np.array(["2026-01-01"], "datetime64[D]"), np.zeros(3, "V4"), np.ones(3, bool),
    np.arange(3), np.arange(3, dtype=np.uint8), [0, 1, 2], [0.5, 1.5], [[1, 2], [3]],
    np.ma.masked_array([1.0, 2, 3], [0, 1, 0]), np.zeros(3, [("a", int)]),
]  # fmt: skip


def twisted(array):
    """An array that is valid, with each thing that can be wrong with one."""
    array = np.asarray(array)
    yield from (array[None], array[..., None], array[:0], array[0], array.tolist())
    yield np.concatenate([array, array])
    numeric = array.dtype.kind in "iuf"
    for dtype in ("i1", "u1", "i8", "u8", "f2", "f4", ">f8", "g", "c16", "?") * numeric:
        large = array.dtype.kind == "f" and dtype in ("i1", "u1", "i8", "u8")
        with np.errstate(all="ignore"):  # so large that sums of int8 would wrap round
            yield (100 * np.abs(array) if large else array).astype(dtype)
    yield from (array.astype(object), array.astype("U9"))
    yield np.ma.masked_array(array, np.zeros(array.shape, bool))
    yield np.broadcast_to(array.ravel()[0], array.shape)
    if array.dtype.kind == "f":
        for bad in (np.nan, np.inf, -np.inf, 1e300):
            spoilt = array.copy()
            with np.errstate(all="ignore"):
                spoilt.flat[-1] = bad
            yield spoilt
    if array.dtype.kind == "i":
        yield from (array - 1, array + 100, array.astype(float))


def twisted_dict(valid):
    """A dictionary that is valid, with each thing that can be wrong with one."""
    for key, value in valid.items():
        yield {k: v for k, v in valid.items() if k != key}
        within = twisted_dict(value) if isinstance(value, dict) else ()
        within = twisted(value) if np.ndim(value) else within
        for bad in (None, "a", 1.5, *within):
            yield valid | {key: bad}
        break  # the first entry stands for all
    yield valid | {"unknown": np.ones(3)}
    yield valid | {1: np.ones(3)}


def wrong_values(valid):
    """What stands in an argument's place."""
    yield from (*ODD, *NUMBERS, *ARRAYS)
    if isinstance(valid, np.ndarray) or (isinstance(valid, list) and valid[0] == 0.5):
        yield from twisted(valid)
    if isinstance(valid, dict) and valid:
        yield from twisted_dict(valid)
    if isinstance(valid, tuple) and valid:
        yield from (
            (*valid, valid[0]),
            valid[:-1],
            [*valid],
            (None,),
            ("a",) * len(valid),
        )
    if isinstance(valid, dict):
        memory = {"w": (np.ones(2), np.ones(2))}
        yield from ({"moments": memory}, {"moments": 3}, {"step": "a"})
        yield from ({"velocities": {"w": np.ones(2)}}, {"squares": {"w": "a"}})


def honest(value):
    """The value as the function should take it; or `None` if it should take none.

    In pairs with whether it may be taken at all.
    """
    if isinstance(value, bool | np.bool_) or value is None:
        return value
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating):
        return float(value)
    if isinstance(value, dict):
        return {k: honest(v) for k, v in value.items()}
    if isinstance(value, np.ma.MaskedArray):
        return None
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        narrow = value.dtype.kind == "f" and value.dtype.itemsize < 8
        whole = np.int64 if value.dtype.kind in "iu" else np.float64
        return value.astype(np.float32 if narrow else whole)
    return value


def leaves(result, depth=0):
    """All numbers, arrays and strings in a result, and its backward's gradients."""
    if isinstance(result, ch335_helpers.Layer):
        yield from map(str, result.parameters().items())
    elif isinstance(result, np.ndarray):
        yield result
    elif (
        isinstance(result, tuple) and len(result) == 2 and inspect.isfunction(result[1])
    ):
        yield from leaves(result[0], depth + 1)
        dy = np.random.default_rng(0).standard_normal(np.shape(result[0]))
        signature = inspect.signature(result[1]).parameters
        grads = {}
        yield from leaves(
            result[1](*(dy, grads)[: len(signature)][:2])
            if "grads" in signature
            else result[1](dy),
            depth + 1,
        )
        yield from leaves(grads, depth + 1)
    elif isinstance(result, Epoch):  # no two last equally long
        yield from result[:-1]
    elif isinstance(result, dict):
        for key, value in result.items():
            yield str(key)
            yield from leaves(value, depth + 1)
    elif isinstance(result, list | tuple):
        for value in result:
            yield from leaves(value, depth + 1)
    elif isinstance(result, bool | int | float | str | np.generic):
        yield result
    elif hasattr(result, "__dict__") and not callable(result) and depth < 6:
        yield from leaves(vars(result), depth + 1)


def same(a, b):
    if type(a) is str or type(b) is str:
        return a == b
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        return a.dtype.kind == b.dtype.kind  # of what is no number, the shape
    return np.allclose(a, b, rtol=2e-2, atol=1e-2, equal_nan=True)


def finite(value):
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def is_finite(value):
    """Whether all numbers in an argument are; strings and objects count as such."""
    if value is None:
        return True
    if isinstance(value, dict):
        return all(map(is_finite, value.values()))
    try:
        with np.errstate(all="ignore"):
            return bool(np.all(np.abs(np.asarray(value)) < 1e100))
    except (TypeError, ValueError, OverflowError):
        return True


def is_large(value):
    return isinstance(value, int | np.integer) and value > 1000


def run(function, arguments):
    if "functions" in arguments:
        several = arguments["functions"]
        return function(*several if isinstance(several, tuple) else [several])
    if "layers" in arguments and "name" in arguments:
        several = arguments["layers"]
        several = several if isinstance(several, tuple) else [several]
        return function(*several, name=arguments["name"])
    return function(**arguments)


def outcome(function, arguments):
    """The numbers in what a function returns, and in what it may change in place."""
    yield from leaves(run(function, arguments))
    changed = ("running_mean", "running_var", "params", "state")
    yield from leaves([arguments[name] for name in changed if name in arguments])


def state_of(arguments):
    return [*leaves({k: v for k, v in arguments.items() if not callable(v)})]


def fresh(given):
    """Valid arguments that nobody has changed, and generators in their first state."""
    made = {}
    for name, value in given.items():
        is_maker = (
            callable(value) and value.__name__ == "generator"
            if hasattr(value, "__name__")
            else False
        )
        made[name] = value() if is_maker else value
        if isinstance(value, np.ndarray | dict):
            made[name] = copy.deepcopy(value)
    return made


def finding(place, value):
    """What is wrong with a function's answer to a wrong value; None if nothing is."""
    name, argument = place
    function, given = TARGETS[name]
    if argument in PATHS and isinstance(value, str):
        return None
    if name in LASTING and argument == "epochs" and is_large(value):
        return None
    arguments = fresh(given) | {argument: copied(value)}
    before = state_of(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error" if is_finite(value) else "ignore")
            warnings.filterwarnings("ignore", "training diverged")
            result = [*outcome(function, arguments)]
    except (ValueError, TypeError) as error:
        if argument in FUNCTIONS and callable(value):
            return None  # it is the reader's function that fails
        # of two arrays that do not fit, either may be named
        names = given if allowed(given[argument], value, argument) else [argument]
        names = [*names, "lr"] if argument == "configurations" else names
        if not re.search(rf"\b({'|'.join(names)})\b", str(error)):
            return f"{type(error).__name__} without the name: {error}"
        if not all(map(same, before, state_of(arguments))):
            return "something changed on failure"
        return None
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return judged(place, value, result)


def judged(place, value, result):
    """What is wrong with a result."""
    name, argument = place
    function, given = TARGETS[name]
    if value is None and place == ("Training", "params"):
        return None  # by default the model draws its own
    if not allowed(given[argument], value, argument):
        return "taken silently"
    if not is_finite(value):
        with np.errstate(all="ignore"):
            has_nan = any(map(holds_nan, [value]))
        if has_nan and all(map(finite, result)):
            return "NaN was taken and the result looks normal"
        return None
    arguments = fresh(given) | {argument: honest(copied(value))}
    expected = [*outcome(function, arguments)]
    if len(result) != len(expected) or not all(map(same, result, expected)):
        return "another result than that of the same values in float64"
    return None


def holds_nan(value):
    if value is None:
        return False
    if isinstance(value, dict):
        return any(map(holds_nan, value.values()))
    try:
        return bool(np.isnan(np.asarray(value, float)).any())
    except (TypeError, ValueError, OverflowError):
        return False


def copied(value):
    return (
        copy.deepcopy(value) if isinstance(value, np.ndarray | dict | list) else value
    )


OPTIONAL = ("b", "kinds", "x", "y", "padding", "augment")


def allowed(valid, value, argument):
    """Whether a value is of a kind that may stand in the place of a valid one."""
    if argument in (
        "rows", "total", "functions", "layers", "function", "kinds", "shortcut",
        "configurations", "learning_rates",
    ):  # fmt: skip
        return True  # judged by what they give
    if value is None:
        return valid is None or argument in OPTIONAL
    if isinstance(value, np.ma.MaskedArray):
        return False
    if isinstance(valid, bool):
        return isinstance(value, bool | np.bool_)
    if isinstance(valid, str):
        return isinstance(value, str)
    if isinstance(valid, int | float):
        return isinstance(value, int | float | np.number) and not isinstance(
            value, bool | complex | np.complexfloating
        )
    if isinstance(valid, dict):
        entries = value.values() if isinstance(value, dict) else [None]
        return valid == {} or all(allowed(np.ones(1), e, "") for e in entries)
    if isinstance(valid, np.ndarray | list | tuple):
        kinds = "b" if np.asarray(valid).dtype == bool else KINDS[REALS]
        if isinstance(valid, list) and argument == "header":
            kinds = "U"
        if isinstance(value, set):
            return False
        try:
            array = np.asarray(value)
        except ValueError:
            return False
        return array.dtype.kind in kinds or (argument in ("header", "found"))
    return callable(value) or isinstance(value, type(valid))


def names_of(value):
    text = repr(value).replace("\n", " ")
    if isinstance(value, np.ndarray):
        text = f"{value.dtype} {value.shape} {text}"
    return text[:90]


def findings_in(name, values_of):
    found = []
    for argument, valid in TARGETS[name][1].items():
        for value in values_of(valid):
            what = finding((name, argument), value)
            if what:
                found.append(f"{argument} = {names_of(value)}: {what}")
    return found


@pytest.mark.parametrize("name", TARGETS)
def test_an_argument_that_is_wrong_is_refused_by_name(name):
    found = findings_in(name, wrong_values)
    assert not found, "\n".join([f"{len(found)} findings", *found])


shapes = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=3)
dtypes = st.one_of(
    hnp.scalar_dtypes(), hnp.complex_number_dtypes(), hnp.unicode_string_dtypes()
)
anything = st.one_of(
    hnp.arrays(dtypes, shapes),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.one_of(st.floats(), st.text(max_size=2), st.none()), max_size=3),
    st.dictionaries(st.text(max_size=3), st.floats(), max_size=2),
)


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_hypothesis_draws_is_answered_rightly_or_refused(name):
    @settings(max_examples=DRAWN, database=None)
    @given(st.sampled_from(sorted(TARGETS[name][1])), anything)
    def attack(argument, value):
        assert not finding((name, argument), value)

    attack()


def test_arguments_that_are_right_are_taken():
    for name, (function, given_arguments) in TARGETS.items():
        before = state_of(fresh(given_arguments))
        assert all(map(finite, outcome(function, fresh(given_arguments)))), name
        assert all(map(same, before, state_of(fresh(given_arguments)))), name


def test_every_public_function_is_attacked():
    exported = {
        name
        for name in dir(ch335_helpers)
        if callable(getattr(ch335_helpers, name))
        and name[0] != "_"
        and name not in ch335_helpers.SHOWN_BY
    }
    known = {*CALLS, *HARMLESS, *RECORDS, *FILES, *ELSEWHERE}
    assert exported == known
    for name, (function, arguments) in TARGETS.items():
        if name in CALLS:
            parameters = inspect.signature(function).parameters.values()
            named = {p.name for p in parameters if p.kind != p.VAR_KEYWORD}
            others = named != {p.name for p in parameters}
            assert named == {*arguments} or (others and named < {*arguments}), name


ANSWERS = [
    *ODD[:3],
    *ODD[4:12],
    *ODD[13:],
    *NUMBERS,
    *ARRAYS,
    lambda *a: None,
    len,
    dict,
]


@pytest.mark.parametrize("number", [n for page in PAGES for n in numbers_of(page)])
@pytest.mark.filterwarnings("ignore")
def test_an_answer_of_the_wrong_kind_gets_a_hint(number):
    for answer in ANSWERS:
        verdict = check(number, answer)
        if not callable(answer):
            assert "there was an error" not in verdict.text, (answer, verdict.text)
        assert verdict.text or verdict
