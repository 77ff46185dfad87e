"""The operations as plain loops over windows: what the fast versions are timed against.

They follow the formulas of notebook 2 and make no attempt at speed. The tests of the
operations compare with them, too.
"""

import numpy as np


def conv_forward(x, w, b, stride, padding):
    """Convolve x (N, C, H, W) with w (F, C, kH, kW), one window after another."""
    N, _, H, W = x.shape
    F, _, kH, kW = w.shape
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    Ho, Wo = (H + 2 * padding - kH) // stride + 1, (W + 2 * padding - kW) // stride + 1
    y = np.empty((N, F, Ho, Wo), x.dtype)
    for n, f, i, j in np.ndindex(y.shape):
        top, left = i * stride, j * stride
        y[n, f, i, j] = (x[n, :, top : top + kH, left : left + kW] * w[f]).sum() + b[f]
    return y


def conv_backward(dy, x, w, stride, padding):
    """Gradients (dx, dw, db) of `conv_forward`."""
    _, _, H, W = x.shape
    _, _, kH, kW = w.shape
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(w[:, 0, 0, 0])
    for n, f, i, j in np.ndindex(dy.shape):
        top, left = i * stride, j * stride
        window = np.s_[n, :, top : top + kH, left : left + kW]
        dx[window] += dy[n, f, i, j] * w[f]
        dw[f] += dy[n, f, i, j] * x[window]
        db[f] += dy[n, f, i, j]
    return dx[:, :, padding : padding + H, padding : padding + W], dw, db


def pool_forward(x, size=2, stride=2):
    """Maximum of each window of size x size pixels."""
    N, C, H, W = x.shape
    Ho, Wo = (H - size) // stride + 1, (W - size) // stride + 1
    y = np.empty((N, C, Ho, Wo), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        top, left = i * stride, j * stride
        y[n, c, i, j] = x[n, c, top : top + size, left : left + size].max()
    return y


def pool_backward(dy, x, size=2, stride=2):
    """Gradient of `pool_forward`: dy at the first maximum of each window."""
    dx = np.zeros(x.shape, dy.dtype)
    for n, c, i, j in np.ndindex(dy.shape):
        top, left = i * stride, j * stride
        window = x[n, c, top : top + size, left : left + size]
        row, column = divmod(int(window.argmax()), size)
        dx[n, c, top + row, left + column] += dy[n, c, i, j]
    return dx
