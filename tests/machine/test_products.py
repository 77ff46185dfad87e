"""Products without BLAS, as in a browser: the same results in another order."""

import numpy as np
import pytest

from ch335_helpers import conv2d
from ch335_helpers.machine import products


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


@pytest.mark.parametrize("largest", [1, 500, 20_000])
def test_large_products_are_cut_into_parts(monkeypatch, largest):
    """On 32 bits, einsum refuses more than 2**31 products at once."""
    called, einsum = [], np.einsum

    def counting(subscripts, a, b, **how):
        sizes = dict(zip(subscripts.split(",")[0], a.shape, strict=True))
        rest = subscripts.split(",")[1].split("->")[0]
        sizes |= dict(zip(rest, b.shape, strict=True))
        called.append(np.prod(list(sizes.values())))
        return einsum(subscripts, a, b, **how)

    a, b = np.random.default_rng(0).standard_normal((2, 40, 30))
    expected = outcome(np.float64, 1, 1), products.inner_products(a, b)
    monkeypatch.setattr(products, "HAS_BLAS", False)
    monkeypatch.setattr(products, "LARGEST", largest)
    monkeypatch.setattr(products.np, "einsum", counting)
    found = outcome(np.float64, 1, 1), products.inner_products(a, b)
    for ours, theirs in zip(
        (*found[0], found[1]), (*expected[0], expected[1]), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)
    if largest == 20_000:  # large enough for each image and each row
        assert len(called) > 4 and max(called) <= largest


def test_blas_is_used_on_a_machine_of_ones_own():
    assert products.HAS_BLAS
