"""Products without BLAS, as in a browser: the same results in another order."""

import numpy as np
import pytest

from ch335_helpers import conv2d, products


def outcome(dtype, stride, padding):
    """A convolution with nothing square, and its gradients."""
    rng = np.random.default_rng(stride + 10 * padding)
    x, w = rng.standard_normal((35, 3, 8, 9)), rng.standard_normal((5, 3, 3, 2))
    y, backward = conv2d(x.astype(dtype), w.astype(dtype), None, stride, padding)
    dx, dw, _ = backward(rng.standard_normal(y.shape).astype(dtype))
    return y, dx, dw


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_without_blas_a_convolution_gives_the_same(monkeypatch, stride, padding, dtype):
    expected = outcome(dtype, stride, padding)
    monkeypatch.setattr(products, "HAS_BLAS", False)
    found = outcome(dtype, stride, padding)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == dtype
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * scale)


def test_inner_products_are_the_same_without_blas(monkeypatch):
    a, b = np.random.default_rng(0).standard_normal((2, 6, 30))
    expected = products.inner_products(a, b[:4])
    np.testing.assert_allclose(expected[5, 3], (a[5] * b[3]).sum())
    monkeypatch.setattr(products, "HAS_BLAS", False)
    np.testing.assert_allclose(products.inner_products(a, b[:4]), expected, rtol=1e-12)


def test_several_parts_are_added_up_without_blas(monkeypatch):
    rng = np.random.default_rng(0)
    patches, filters = (
        rng.standard_normal((3, 2, 7, 4)),
        rng.standard_normal((3, 1, 4, 5)),
    )
    by_blas, by_einsum = np.empty((2, 2, 7, 5))
    products.patches_by_filters(patches, filters, by_blas)
    gradient = products.patches_by_gradient(patches, by_blas)
    monkeypatch.setattr(products, "HAS_BLAS", False)
    products.patches_by_filters(patches, filters, by_einsum)
    np.testing.assert_allclose(by_einsum, by_blas, rtol=1e-12)
    again = products.patches_by_gradient(patches, by_blas)
    np.testing.assert_allclose(again, gradient, rtol=1e-12)


def test_blas_is_used_on_a_machine_of_ones_own():
    assert products.HAS_BLAS
