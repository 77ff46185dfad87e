"""The ideal observer: its probabilities are exact."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch335_helpers.data.ideal import class_posterior
from ch335_helpers.data.shapes import (
    DEFAULT_NOISE,
    make_synthetic_images,
    shape_templates,
)


def brute_force_posterior(image, n_classes, noise):
    """Bayes' rule with one loop after another, pixel by pixel."""
    weights = []
    for of_class in shape_templates(8, n_classes).tolist():
        weight = 0.0
        for template in of_class:
            squares = 0.0
            for row, template_row in zip(image.tolist(), template, strict=True):
                for pixel, clean in zip(row, template_row, strict=True):
                    squares += (pixel - clean) ** 2
            weight += math.exp(-squares / (2 * noise**2))
        weights.append(weight)
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize("n_classes", [2, 10])
@pytest.mark.parametrize("noise", [0.5, 1.5])
def test_the_posterior_equals_the_loops(noise, n_classes):
    X, _ = make_synthetic_images(3, 8, n_classes, seed=5, noise=noise)
    posterior = class_posterior(X, 8, n_classes, noise)
    expected = [brute_force_posterior(image[0], n_classes, noise) for image in X]
    np.testing.assert_allclose(posterior, expected, rtol=1e-4, atol=1e-9)


def test_a_posterior_worked_by_hand():
    bar = shape_templates(8, 2)[0, 0]
    far = class_posterior(bar[None, None], 8, 2, noise=0.1)
    np.testing.assert_allclose(far, [[1, 0]], atol=1e-12)
    # the upright and the flat bar are each other's mirror image: no telling which
    half = (bar + bar.T)[None, None] / 2
    np.testing.assert_allclose(
        class_posterior(half, 8, 2, 0.5), [[0.5, 0.5]], rtol=1e-5
    )


@given(st.integers(1, 20), st.floats(0.05, 20), st.integers(0, 2**32 - 1))
def test_the_rows_of_a_posterior_sum_to_1(n, noise, seed):
    images = 3 * np.random.default_rng(seed).standard_normal((n, 1, 8, 8))
    posterior = class_posterior(images, 8, 10, noise)
    assert (posterior.shape, posterior.dtype) == ((n, 10), np.float64)
    assert posterior.min() >= 0
    np.testing.assert_allclose(posterior.sum(axis=1), 1, rtol=1e-12)


def test_little_noise_leaves_no_doubt():
    X, y = make_synthetic_images(30, 16, 10, noise=0.1)
    posterior = class_posterior(X, 16, 10, noise=0.1)
    np.testing.assert_array_equal(posterior.argmax(axis=1), y)
    assert posterior.max(axis=1).min() > 0.999


def test_endless_noise_leaves_nothing_but_the_prior():
    X, _ = make_synthetic_images(3, 8, 10)
    np.testing.assert_allclose(class_posterior(X, 8, 10, noise=1e4), 0.1, atol=1e-6)


def test_the_posterior_is_right_as_often_as_it_says():
    X, y = make_synthetic_images(400, 16, 10, seed=3, noise=1.5)
    posterior = class_posterior(X, 16, 10, noise=1.5)
    confidence, right = posterior.max(axis=1), posterior.argmax(axis=1) == y
    assert 0.2 < confidence.mean() < 0.9  # or there would be nothing to test
    for low, high in [(0, 1), (0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1)]:
        chosen = (low <= confidence) & (confidence <= high)
        p = confidence[chosen]
        error = math.sqrt((p * (1 - p)).sum()) / len(p)
        assert abs(right[chosen].mean() - p.mean()) < 4 * error


def test_each_class_is_as_frequent_as_the_posterior_says():
    X, y = make_synthetic_images(400, 16, 10, seed=4, noise=1.5)
    posterior = class_posterior(X, 16, 10, noise=1.5)
    for label in range(10):
        p = posterior[:, label]
        error = math.sqrt((p * (1 - p)).sum())
        assert abs((y == label).sum() - p.sum()) < 4 * error


def test_an_overconfident_noise_shows_in_the_calibration():
    X, y = make_synthetic_images(400, 16, 10, seed=3, noise=1.5)
    posterior = class_posterior(X, 16, 10, noise=1.0)
    right = posterior.argmax(axis=1) == y
    assert posterior.max(axis=1).mean() > right.mean() + 0.05


def test_many_images_are_judged_as_each_on_its_own():
    X, _ = make_synthetic_images(300, 8, 2, seed=2, noise=1)
    together = class_posterior(X, 8, 2, noise=1)
    alone = np.concatenate([class_posterior(X[n : n + 1], 8, 2, 1) for n in range(600)])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-9)


def test_the_posterior_leaves_its_images_alone():
    X, _ = make_synthetic_images(2, 8, 4)
    X.flags.writeable = False
    kept = X.copy()
    class_posterior(X, 8, 4)
    np.testing.assert_array_equal(X, kept)


def test_the_defaults_of_posterior_and_generator_are_the_same():
    X, _ = make_synthetic_images(1)
    np.testing.assert_array_equal(
        class_posterior(X), class_posterior(X, 32, 10, noise=DEFAULT_NOISE)
    )


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((2, 1, 9, 9), {}, r"images .*\(N, 1, 8, 8\).*\(2, 1, 9, 9\)"),
        ((2, 3, 8, 8), {}, r"images .*\(2, 3, 8, 8\)"),
        ((8, 8), {}, r"images .*\(8, 8\)"),
        ((0, 1, 8, 8), {}, r"images .*\(0, 1, 8, 8\)"),
        ((2, 1, 8, 8), {"noise": 0}, "noise .*0"),
        ((2, 1, 8, 8), {"noise": -1}, "noise .*-1"),
        ((2, 1, 8, 8), {"noise": math.nan}, "noise .*nan"),
        ((2, 1, 8, 8), {"n_classes": 11}, "n_classes .*11"),
        ((2, 1, 4, 4), {"img_size": 4}, "img_size .*4"),
    ],
)
def test_the_posterior_refuses_what_was_not_drawn_here(shape, arguments, message):
    with pytest.raises(ValueError, match=message):
        class_posterior(np.zeros(shape), **{"img_size": 8} | arguments)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_posterior_says_which_image_is_not_finite(bad):
    images = np.zeros((5, 1, 8, 8))
    images[3, 0, 2, 2] = bad
    with pytest.raises(ValueError, match=r"images .*finite.* 1 .*3"):
        class_posterior(images, 8)


def test_the_posteriors_memory_does_not_grow_with_the_number_of_images():
    images, _ = make_synthetic_images(n_per_class=1, seed=0)
    class_posterior(images)  # the templates are made now, and kept

    def peak(times):
        many = np.repeat(images, times, axis=0)
        tracemalloc.start()
        class_posterior(many)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(200), peak(800)
    assert few < 500e6
    assert many < few + 1e6  # of which the answers themselves take half
