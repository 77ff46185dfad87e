"""Calibration error and temperature: by hand, and where the answer is known."""

import numpy as np
import pytest

from ch335_helpers.calibration import expected_calibration_error, fit_temperature
from ch335_helpers.ops import cross_entropy, softmax


def test_the_calibration_error_worked_by_hand():
    # two answers at 95 %, one of them right; one at 56 %, right; one at 60 %, right
    p = np.array([[0.95, 0.05], [0.05, 0.95], [0.6, 0.4], [0.44, 0.56]])
    error = expected_calibration_error(p, np.array([0, 0, 0, 1]))
    assert error == pytest.approx((2 * 0.45 + 0.4 + 0.44) / 4)
    assert isinstance(error, float)
    one_group = expected_calibration_error(p, np.array([0, 0, 0, 1]), n_bins=1)
    assert one_group == pytest.approx(abs((0.95 + 0.95 + 0.6 + 0.56) / 4 - 0.75))


def test_answers_drawn_from_their_own_probabilities_have_next_to_no_error(rng):
    p = rng.dirichlet([0.7] * 5, size=40_000)
    y = (rng.random((40_000, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=4)
    assert expected_calibration_error(p, y) < 0.01
    surer = softmax(2 * np.log(p))
    assert expected_calibration_error(surer, y) > 0.1


@pytest.mark.parametrize("factor", [0.1, 0.5, 1.0, 3.0, 20.0])
def test_the_temperature_finds_the_factor_that_logits_were_multiplied_by(factor, rng):
    logits = 2 * rng.standard_normal((30_000, 4))
    y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)  # drawn from softmax
    assert fit_temperature(factor * logits, y) == pytest.approx(factor, rel=0.03)


def test_no_other_temperature_has_a_lower_cross_entropy(rng):
    logits, y = 3 * rng.standard_normal((200, 5)), rng.integers(0, 5, 200)
    logits[np.arange(200), y] += 2
    T = fit_temperature(logits, y)
    least = cross_entropy(logits / T, y)[0]
    for other in np.geomspace(0.01, 100, 201):
        assert cross_entropy(logits / other, y)[0] >= least - 1e-12


def test_the_temperature_of_two_classes_worked_by_hand():
    logits, y = np.tile([3.0, 0.0], (5, 1)), np.array([0, 0, 0, 0, 1])
    T = fit_temperature(logits, y)
    assert pytest.approx(3 / np.log(4), rel=1e-9) == T and isinstance(T, float)
    shifted = np.float32(logits + 50)
    assert fit_temperature(shifted, y) == pytest.approx(T, rel=1e-5)


def test_the_search_ends_where_no_temperature_is_best():
    logits = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert fit_temperature(logits, np.array([0, 1])) == pytest.approx(1e-3)
    assert fit_temperature(logits, np.array([1, 0])) == pytest.approx(1e3)


@pytest.mark.parametrize(
    ("logits", "y", "error", "message"),
    [
        (np.zeros(3), np.zeros(3, int), ValueError, r"logits must .*\(3,\)"),
        (np.array([[np.nan, 0]]), np.array([0]), ValueError, "logits must be finite"),
        (np.zeros((2, 2)), np.array([0]), ValueError, r"y must .*2.*\(1,\)"),
        (np.zeros((1, 2)), np.array([2]), ValueError, "y must .*0 to 1"),
        (np.zeros((1, 2)), np.array([0.0]), TypeError, "y must .*float64"),
    ],
)
def test_what_are_no_logits_or_labels_is_refused_by_name(logits, y, error, message):
    with pytest.raises(error, match=message):
        fit_temperature(logits, y)


def test_what_are_no_probabilities_is_refused():
    with pytest.raises(ValueError, match="probabilities must lie between 0 and 1"):
        expected_calibration_error(np.array([[1.5, -0.5]]), np.array([0]))
    with pytest.raises(ValueError, match="n_bins must be"):
        expected_calibration_error(np.array([[0.5, 0.5]]), np.array([0]), n_bins=0)
