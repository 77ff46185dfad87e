"""Matrix products, as NumPy computes them fastest.

Nearly everywhere NumPy passes matrix products on to BLAS, a library made for the
machine's processor. In a browser there is none. NumPy's own loop for ``@`` then steps
through memory in long strides; `einsum` is faster, if the values that it multiplies and
adds up lie side by side.
"""

import numpy as np

from .host import IN_BROWSER

HAS_BLAS = not IN_BROWSER
LARGEST = 2**30  # products in one einsum; a browser counts them with 32 bits


def inner_products(a, b):
    """The inner product of each row of one matrix with each row of another.

    Parameters
    ----------
    a : ndarray, shape (n, K)
        Rows, for instance the pixels of images.
    b : ndarray, shape (m, K)
        Rows, for instance the pixels of templates.

    Returns
    -------
    products : ndarray, shape (n, m)
        ``a @ b.T``.

    Examples
    --------
    >>> inner_products(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [1.0, 0.0]]))
    array([[11.,  1.]])
    """
    if HAS_BLAS:
        return a @ b.T
    parts = [np.einsum("nk,mk->nm", a[part], b) for part in _parts(len(a), b.size)]
    return np.concatenate(parts)


def _parts(n, products_each):
    """Slices of n things so that no part needs more than `LARGEST` products."""
    size = max(1, LARGEST // products_each)
    return [slice(start, start + size) for start in range(0, n, size)]


def patches_by_filters(patches, filters, out):
    """Multiply patch matrices by filters and add up the parts, into out.

    Parameters
    ----------
    patches : ndarray, shape (parts, n, M, K)
        A row for each of the M windows of each image.
    filters : ndarray, shape (parts, 1, K, F)
        A column for each filter.
    out : ndarray, shape (n, M, F)
        Receives the result.

    Notes
    -----
    Taught in notebook 7.

    Examples
    --------
    >>> patches, out = np.arange(6.0).reshape(1, 1, 3, 2), np.empty((1, 3, 1))
    >>> patches_by_filters(patches, np.ones((1, 1, 2, 1)), out)
    >>> out[0, :, 0]
    array([1., 5., 9.])
    """
    if HAS_BLAS:
        np.matmul(patches[0], filters[0], out=out)
        for part, part_filters in zip(patches[1:], filters[1:], strict=True):
            out += part @ part_filters
    else:
        rows = np.ascontiguousarray(filters[:, 0].swapaxes(1, 2))
        for part in _parts(len(out), patches[:, :1].size * rows.shape[1]):
            np.einsum("pnmk,pfk->nmf", patches[:, part], rows, out=out[part])


def patches_by_gradient(patches, dy):
    """Multiply transposed patch matrices by the output's gradient; add up the images.

    Parameters
    ----------
    patches : ndarray, shape (parts, n, M, K)
        A row for each of the M windows of each image.
    dy : ndarray, shape (n, M, F)
        Gradient of what the windows gave.

    Returns
    -------
    dw : ndarray, shape (parts, K, F)

    Notes
    -----
    Taught in notebook 6.

    Examples
    --------
    >>> patches = np.arange(6.0).reshape(1, 1, 3, 2)
    >>> patches_by_gradient(patches, np.ones((1, 3, 1)))[0, :, 0]
    array([6., 9.])
    """
    if HAS_BLAS:
        return (patches.swapaxes(2, 3) @ dy).sum(axis=1)
    n_parts, n, M, K = patches.shape
    columns = patches.transpose(0, 3, 1, 2).reshape(n_parts, K, n * M)
    rows = np.ascontiguousarray(dy.reshape(n * M, -1).T)
    parts = _parts(n * M, n_parts * K * len(rows))
    return sum(
        np.einsum("pkm,fm->pkf", columns[..., part], rows[:, part]) for part in parts
    )
