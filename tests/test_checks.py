"""What an argument must be: what passes, what is refused, and in which words."""

import re

import numpy as np
import pytest

from ch335_helpers.checks import (
    check_axes,
    check_counts,
    check_floats,
    check_gradient,
    check_images,
    check_labels,
    check_number,
    check_one_of,
    check_params,
    check_probabilities,
    check_whole,
)
from ch335_helpers.models import SimpleCNN


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


def test_a_choice_is_one_of_the_words():
    assert check_one_of("head", "average", ("average", "maximum")) == "average"
    for bad in ("mean", "", None, 0, ["average"], np.array(["average", "maximum"])):
        with pytest.raises(ValueError, match="head must be one of average, maximum, g"):
            check_one_of("head", bad, ("average", "maximum"))


def test_probabilities_lie_between_0_and_1():
    p = np.array([[0.5, 0.5 + 1e-7]])
    assert check_probabilities("p", p) is p
    for bad in ([[1.5, -0.5]], [[0.5, np.nan]], [[2, 0]]):
        with pytest.raises(ValueError, match="p must lie between 0 and 1, got"):
            check_probabilities("p", bad)
    with pytest.raises(ValueError, match=r"p must have shape \(N, K\), got \(2,\)"):
        check_probabilities("p", [0.5, 0.5])


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
        r" must have the names .*got none for \['conv1.b'\]": {
            name: value for name, value in params.items() if name != "conv1.b"
        },
        r" must have the names .*got \['conv9.w'\] too many": changed(
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
