"""What an argument must be: what passes, what is refused, and in which words."""

import re

import numpy as np
import pytest

from ch335_helpers.checks import (
    BOOLEANS,
    LARGEST,
    check_axes,
    check_counts,
    check_distinct,
    check_entry,
    check_fits,
    check_flag,
    check_floats,
    check_function,
    check_gradient,
    check_images,
    check_is,
    check_labels,
    check_number,
    check_one_of,
    check_params,
    check_seed,
    check_sequence,
    check_shape,
    check_size,
    check_values,
    check_whole,
    probabilities,
)
from ch335_helpers.model.layers import Conv
from ch335_helpers.model.models import SimpleCNN


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_a_whole_number_comes_back_as_an_int(value):
    found = check_whole("n", value)
    assert (type(found), found) == (int, 3)
    assert check_whole("n", value, 3, 3) == 3


@pytest.mark.parametrize("value", [0, -1, 2.0, "3", None, True, np.nan, [3]])
def test_what_is_no_count_is_refused(value):
    text = re.escape(f"n must be a whole number of at least 1, got {value!r}")
    with pytest.raises(ValueError, match=f"^{text}$"):
        check_whole("n", value)
    with pytest.raises(ValueError, match=f"^{text}$"):
        check_counts(m=1, n=value)


@pytest.mark.parametrize(("value", "fits"), [(1, 0), (2, 1), (10, 1), (11, 0)])
def test_a_whole_number_may_have_two_limits(value, fits):
    if fits:
        assert check_whole("K", value, 2, 10) == value
    else:
        with pytest.raises(ValueError, match=f"whole number from 2 to 10, got {value}"):
            check_whole("K", value, 2, 10)


def test_counts_come_back_as_ints_in_order():
    found = check_counts(n=np.int8(100), m=3)
    assert [*map(type, found)] == [int, int]
    assert found == [100, 3]


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5)])
def test_a_number_comes_back_as_a_float(value):
    found = check_number("lr", value, above=0, below=1)
    assert (type(found), found) == (float, 0.5)
    assert type(check_number("lr", 2, above=0)) is float


@pytest.mark.parametrize(
    ("limits", "value", "fits"),
    [
        ({"above": 0}, 0, False),
        ({"above": 0}, 1e-300, True),
        ({"low": 0}, 0, True),
        ({"low": 0}, -1e-300, False),
        ({"below": 1}, 1, False),
        ({"below": 1}, 0.999, True),
        ({"high": 1}, 1, True),
        ({"high": 1}, 1.001, False),
        ({"low": 0, "below": 1}, 0, True),
        ({"low": 0, "below": 1}, 1.0, False),
        ({"low": 0, "below": 1}, -0.1, False),
    ],
)
def test_limits_are_kept_to(limits, value, fits):
    if fits:
        assert check_number("b", value, **limits) == value
    else:
        with pytest.raises(ValueError, match="b must be a finite number"):
            check_number("b", value, **limits)


@pytest.mark.parametrize(
    "value", [np.nan, np.inf, -np.inf, "1", None, True, np.bool_(True), 1j, [1.0]]
)
def test_what_is_no_finite_number_is_refused_in_words(value):
    text = "b must be a finite number of at least 0 and below 2, got "
    with pytest.raises(ValueError, match=f"^{text}{re.escape(repr(value))}$"):
        check_number("b", value, low=0, below=2)
    with pytest.raises(ValueError, match="b must be a finite number above 0, got"):
        check_number("b", value, above=0)


def test_check_axes_returns_the_array_itself():
    x = np.ones((2, 3))
    assert check_axes("x", x, "N 3") is x
    assert check_axes("x", [[1, 2]], "N D").shape == (1, 2)


def test_check_axes_says_what_was_expected_and_what_came():
    with pytest.raises(ValueError, match=r"images .*\(N, 1, H, W\).*\(2, 3, 4, 4\)"):
        check_axes("images", np.ones((2, 3, 4, 4)), "N 1 H W")
    with pytest.raises(ValueError, match=r"x must have shape \(N, 3\), got \(3,\)"):
        check_axes("x", np.ones(3), "N 3")
    text = r"images .*\(N, D\) with no axis of length 0, got \(0, 3\)"
    with pytest.raises(ValueError, match=text):
        check_axes("images", np.ones((0, 3)), "N D")


def test_floats_are_those_that_an_operation_can_change_in_place():
    for dtype in (np.float32, np.float64):
        check_floats("mean", np.zeros(2, dtype))
    for bad in (np.zeros(2, int), np.zeros(2, np.float16), [0.0], 0.0):
        with pytest.raises(TypeError, match="mean must be an array of floats, got"):
            check_floats("mean", bad)


def test_images_may_hold_any_finite_number():
    X = np.array([[[[0, 255]]]], np.uint8)
    assert check_images("X", X) is X
    assert check_images("X", np.ones((2, 3)), "N D").shape == (2, 3)
    with pytest.raises(ValueError, match=r"X must have shape \(N, C, H, W\)"):
        check_images("X", np.ones((2, 3)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_image_with_a_bad_pixel_is_named(bad):
    X = np.zeros((5, 2, 2, 2))
    X[2, 1, 0, 1] = X[4, 0, 0, 0] = bad
    text = r"X must be finite, got NaN or infinity in 2 image\(s\), the first at 2"
    with pytest.raises(ValueError, match=text):
        check_images("X", X)


def test_labels_run_from_0_to_below_the_number_of_classes():
    y = np.array([0, 2, 1], np.int8)
    assert check_labels("y", y, 3, 3) is y
    assert check_labels("y", [5, 0], 2).tolist() == [5, 0]
    for bad in ([0, 3, 1], [-1, 0, 0]):
        text = rf"y must hold labels from 0 to 2, got {min(bad)} to {max(bad)}"
        with pytest.raises(ValueError, match=text):
            check_labels("y", bad, 3, 3)
    with pytest.raises(ValueError, match="y must hold labels of at least 0, got -1"):
        check_labels("y", [-1, 4], 2)
    with pytest.raises(ValueError, match=r"y must have shape \(2\), got \(3,\)"):
        check_labels("y", y, 2)
    with pytest.raises(TypeError, match="y must hold integer labels, got dtype float"):
        check_labels("y", [0.0, 1.0], 2)


def test_a_gradient_has_the_shape_of_its_result():
    dy = np.ones((2, 3))
    assert check_gradient("dy", dy, (2, 3)) is dy
    assert check_gradient("dy", 1.0, ()).shape == ()
    with pytest.raises(ValueError, match=r"dy must have shape \(3,\), got \(2, 3\)"):
        check_gradient("dy", dy, (3,))


@pytest.mark.parametrize("digits", [400, 5000])
def test_an_int_that_no_float_can_show_is_refused(digits):
    huge = 10**digits
    with pytest.raises(
        ValueError, match=r"b must be a finite number above 0, got (1|a)"
    ):
        check_number("b", huge, above=0)
    with pytest.raises(ValueError, match="n must be a whole number from 1 to 9, got"):
        check_whole("n", huge, high=9)


def test_a_choice_is_one_of_the_words():
    assert check_one_of("stem", "pool", ("stride", "pool")) == "pool"
    for bad in ("Pool", "", None, 1, ["pool"], b"pool"):
        text = f"stem must be one of stride, pool, got {re.escape(repr(bad))}"
        with pytest.raises(ValueError, match=f"^{text}$"):
            check_one_of("stem", bad, ("stride", "pool"))


def test_a_flag_is_true_or_false():
    assert check_flag("train", np.True_) is True
    assert check_flag("train", False) is False
    for bad in (0, 1, None, "no", np.ones(1, bool)):
        with pytest.raises(TypeError, match="train must be True or False, got"):
            check_flag("train", bad)


def test_an_object_has_its_class_and_a_function_can_be_called():
    layer = Conv("conv", 1, 2)
    assert check_is("model", layer, Conv) is layer
    with pytest.raises(TypeError, match="model must be a Conv, got <class"):
        check_is("model", Conv, Conv)
    assert check_function("f", abs) is abs
    with pytest.raises(TypeError, match="f must be a function, got 3"):
        check_function("f", 3)


def test_a_seed_is_a_whole_number_or_a_generator(rng):
    assert check_seed("seed", rng) is rng
    seed = check_seed("seed", np.int64(5))
    assert (seed, type(seed)) == (5, int)
    for bad in (-1, 1.0, None, True, "0", [1], np.random.RandomState(0)):
        with pytest.raises(
            ValueError, match="seed must be a whole number of at least 0"
        ):
            check_seed("seed", bad)


def test_a_sequence_is_no_string_and_no_set():
    assert check_sequence("rates", (1, 2)) == [1, 2]
    assert check_sequence("rates", range(2)) == [0, 1]
    for bad in ("ab", b"ab", {1: 2}, {1}, 3, None, np.ma.masked_array([1.0])):
        with pytest.raises(TypeError, match="rates must be a sequence, got"):
            check_sequence("rates", bad)


def test_values_are_at_least_one_and_each_of_them_once():
    assert check_distinct("seeds", iter([np.int8(3), 1]), check_whole) == [3, 1]
    for bad in ([], (2, 2), [np.int8(2), 2]):
        with pytest.raises(ValueError, match="seeds must hold at least one"):
            check_distinct("seeds", bad, check_whole)
    with pytest.raises(ValueError, match="seeds must be a whole number"):
        check_distinct("seeds", [1, "2"], check_whole)
    with pytest.raises(TypeError, match="seeds must be a sequence, got 3"):
        check_distinct("seeds", 3, check_whole)


def test_a_shape_has_a_length_for_each_axis():
    assert check_shape("shape", [np.int8(1), 1024], "H W") == (1, 1024)
    with pytest.raises(ValueError, match=r"shape must be \(H, W\), got \(1, 2, 3\)"):
        check_shape("shape", (1, 2, 3), "H W")
    for bad in (0, 1025, 2.0):
        with pytest.raises(
            ValueError, match=r"W in shape must be a whole .* 1 to 1024"
        ):
            check_shape("shape", (1, bad), "H W")


def test_an_array_has_a_largest_size():
    check_size("n", LARGEST)
    with pytest.raises(ValueError, match=f"n must be smaller.* {LARGEST + 1} numbers"):
        check_size("n", LARGEST + 1)


@pytest.mark.parametrize(
    ("dtype", "becomes"),
    [
        ("f4", "f4"), ("f8", "f8"), ("f2", "f4"), (">f4", "f4"), (">f8", "f8"),
        ("i1", "f8"), ("u1", "f8"), ("i8", "f8"), ("u8", "f8"),
    ],
)  # fmt: skip
def test_values_come_back_as_floats_to_compute_with(dtype, becomes):
    x = np.array([[1, 2, 100]], dtype)
    found = check_values("x", x, "N 3")
    assert found.dtype == np.dtype(becomes)
    assert found.tolist() == [[1, 2, 100]]
    if dtype == becomes:
        assert found is x


@pytest.mark.parametrize(
    "bad",
    [
        np.ones(2, bool), np.ones(2, complex), np.array(["a", "b"]), np.ones(2, object),
        np.ones(2, np.longdouble), np.zeros(2, "M8[D]"), np.ma.ones(2), [[1, 2], [3]],
        None, {1, 2}, {"a": 1},
    ],
)  # fmt: skip
def test_what_holds_no_real_numbers_is_refused(bad):
    if type(bad) is np.ndarray and bad.dtype == np.float64:
        pytest.skip("on this machine a longdouble is a float64")
    for check in (check_axes, check_values):
        with pytest.raises(TypeError, match="x must hold real numbers, got"):
            check("x", bad, "N")


def test_booleans_are_asked_for_by_name():
    masks = np.ones((1, 2), bool)
    assert check_axes("masks", masks, "N 2", BOOLEANS) is masks
    with pytest.raises(TypeError, match="masks must hold booleans, got dtype float64"):
        check_axes("masks", np.ones((1, 2)), "N 2", BOOLEANS)
    with pytest.raises(ValueError, match=r"masks must have shape \(N, 2\), got \(2,\)"):
        check_axes("masks", np.ones(2), "N 2", BOOLEANS)


def test_floats_to_be_changed_in_place_are_writeable():
    fixed = np.zeros(2)
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="mean must be writeable, got a read-only"):
        check_floats("mean", fixed)
    with pytest.raises(TypeError, match="mean must be an array of floats"):
        check_floats("mean", np.ma.zeros(2))


def test_probabilities_lie_between_0_and_1():
    contract = probabilities("N K")
    assert contract("p", [[0, 1]], {}).dtype == np.float64
    for bad in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="p must lie between 0 and 1, got"):
            contract("p", [[bad, 0.5]], {})


def test_an_entry_of_parameters_has_its_shape():
    params = {"linear.w": [[1, 2]]}
    assert check_entry("params", params, "linear.w", (1, 2)).dtype == np.float64
    with pytest.raises(ValueError, match=r"params must have 'b', got 'linear\.w'"):
        check_entry("params", params, "b", (1,))
    text = r"params\['linear.w'\] must have shape \(2,\), got \(1, 2\)"
    with pytest.raises(ValueError, match=text):
        check_entry("params", params, "linear.w", (2,))
    with pytest.raises(TypeError, match="params must be a dict, got None"):
        check_entry("params", None, "b", (1,))


def changed(params, **entries):
    return {**params, **{name.replace("_", "."): a for name, a in entries.items()}}


def test_parameters_are_the_models_own(rng):
    model = SimpleCNN()
    params = model.init(rng)
    assert check_params("params", params, model, finite=True) is params
    bad = params["conv1.b"].copy()
    bad[0] = np.nan
    check_params("params", changed(params, conv1_b=bad), model)
    cases = {
        r" must have the names .*missing: \['conv1.b'\]": {
            name: value for name, value in params.items() if name != "conv1.b"
        },
        r" must have the names .*unexpected: \['conv9.w'\]": changed(
            params, conv9_w=bad
        ),
        r"\['conv1.b'\] must be finite": changed(params, conv1_b=bad),
        r"\['conv1.b'\] must have shape \(8,\), got \(9,\)": changed(
            params, conv1_b=np.zeros(9)
        ),
    }
    for text, wrong in cases.items():
        with pytest.raises(ValueError, match=f"params{text}"):
            check_params("params", wrong, model, finite=True)
    for bad in (None, [1], changed(params, conv1_b=np.zeros(8, int))):
        with pytest.raises(TypeError, match=r"params.* must be a"):
            check_params("params", bad, model)


def test_what_does_not_fit_a_model_is_told_by_its_name():
    with check_fits("X", np.ones(3)):
        pass
    text = r"X must fit the model, got shape \(3,\): w must"
    with pytest.raises(ValueError, match=text), check_fits("X", np.ones(3)):
        raise ValueError("w must")
