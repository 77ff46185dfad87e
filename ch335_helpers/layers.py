"""Layers: operations that know their parameters' names and shapes, but hold no value.

A layer is used like this::

    params = layer.init(rng)                     # {"block1.conv1.w": array, ...}
    y, backward = layer(params, x, train=True)
    dx = backward(dy, grads)                     # fills grads under the same names

Because all values live in `params`, a copy of the dictionary is a checkpoint, the
optimiser is one loop over its entries, and two networks can share one model.
"""

from contextvars import ContextVar

import numpy as np

from . import ops

# while a batch is computed in parts: how batch normalisation gets at the other parts
batch_gather = ContextVar("batch_gather", default=None)


def he_normal(rng, shape):
    """Draw float32 weights with standard deviation sqrt(2 / inputs).

    Their shape is (outputs, inputs, ...). The 2 makes up for the half of the values
    that a ReLU sets to zero. Source: He et al. (2015).
    """
    fan_in = int(np.prod(shape[1:]))
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)


def _merge(dictionaries):
    """Join parameter dictionaries; raise ValueError if a name stands in two of them."""
    params = {}
    for entries in dictionaries:
        if twice := params.keys() & entries.keys():
            raise ValueError(
                f"each layer must have its own name, got {min(twice)} twice"
            )
        params |= entries
    return params


class Layer:
    """What all layers share: a name, and the window they look through.

    The window's `kernel` and `stride` are 1 and 1 where each pixel is on its own.
    """

    name = ""
    kernel = stride = 1

    def init(self, rng):
        """Return this layer's entries of `params`, drawn from the Generator `rng`."""
        return {}

    def __call__(self, params, x, train=False):
        """Return y and ``backward(dy, grads)``, which fills `grads` and returns dx."""
        raise NotImplementedError


class Conv(Layer):
    """Convolution with `out_channels` filters.

    `padding` defaults to the one that keeps the image's size if the kernel is odd.
    """

    def __init__(
        self,
        name,
        in_channels,
        out_channels,
        kernel=3,
        stride=1,
        padding=None,
        bias=True,
    ):
        self.name, self.kernel, self.stride, self.bias = name, kernel, stride, bias
        self.padding = kernel // 2 if padding is None else padding
        self.shape = (out_channels, in_channels, kernel, kernel)

    def init(self, rng):
        params = {f"{self.name}.w": he_normal(rng, self.shape)}
        if self.bias:
            params[f"{self.name}.b"] = np.zeros(self.shape[0], np.float32)
        return params

    def __call__(self, params, x, train=False):
        b = params[f"{self.name}.b"] if self.bias else None
        w = params[f"{self.name}.w"]
        y, conv_backward = ops.conv2d(x, w, b, self.stride, self.padding)

        def backward(dy, grads):
            dx, grads[f"{self.name}.w"], db = conv_backward(dy)
            if self.bias:
                grads[f"{self.name}.b"] = db
            return dx

        return y, backward


class BatchNorm(Layer):
    """Batch normalisation.

    Its running averages are entries of `params` that never appear in `grads`.
    """

    def __init__(self, name, channels):
        self.name, self.channels = name, channels

    def init(self, rng):
        values = {"gamma": 1, "beta": 0, "running_mean": 0, "running_var": 1}
        return {
            f"{self.name}.{key}": np.full(self.channels, value, np.float32)
            for key, value in values.items()
        }

    def __call__(self, params, x, train=False):
        keys = ("gamma", "beta", "running_mean", "running_var")
        values = (params[f"{self.name}.{key}"] for key in keys)
        gather = batch_gather.get()
        y, norm_backward = ops.batch_norm(x, *values, train=train, gather=gather)

        def backward(dy, grads):
            dx, dgamma, dbeta = norm_backward(dy)
            grads[f"{self.name}.gamma"], grads[f"{self.name}.beta"] = dgamma, dbeta
            return dx

        return y, backward


class Linear(Layer):
    """Linear layer from `inputs` to `outputs` numbers."""

    def __init__(self, name, inputs, outputs):
        self.name, self.shape = name, (outputs, inputs)

    def init(self, rng):
        return {
            f"{self.name}.w": he_normal(rng, self.shape),
            f"{self.name}.b": np.zeros(self.shape[0], np.float32),
        }

    def __call__(self, params, x, train=False):
        w, b = params[f"{self.name}.w"], params[f"{self.name}.b"]
        y, linear_backward = ops.linear(x, w, b)

        def backward(dy, grads):
            dx, grads[f"{self.name}.w"], grads[f"{self.name}.b"] = linear_backward(dy)
            return dx

        return y, backward


class ReLU(Layer):
    """Rectified linear unit."""

    name = "relu"

    def __call__(self, params, x, train=False):
        y, relu_backward = ops.relu(x)
        return y, lambda dy, grads: relu_backward(dy)


class MaxPool(Layer):
    """Maximum over windows of `size` x `size` that do not overlap."""

    name = "max pool"

    def __init__(self, size=2):
        self.kernel = self.stride = size

    def __call__(self, params, x, train=False):
        y, pool_backward = ops.max_pool(x, self.kernel, self.stride)
        return y, lambda dy, grads: pool_backward(dy)


class GlobalAvgPool(Layer):
    """Mean of each channel over the whole image: (N, C, H, W) to (N, C)."""

    name = "global average pool"

    def __call__(self, params, x, train=False):
        y, pool_backward = ops.global_avg_pool(x)
        return y, lambda dy, grads: pool_backward(dy)


class Flatten(Layer):
    """All values of an image in one row: (N, C, H, W) to (N, C H W)."""

    name = "flatten"

    def __call__(self, params, x, train=False):
        shape = ops.check_axes("x", x, "N C H W").shape
        return x.reshape(len(x), -1), lambda dy, grads: dy.reshape(shape)


class Chain(Layer):
    """Layers in order; backwards, the same in reverse."""

    def __init__(self, *layers, name=""):
        self.layers, self.name = layers, name

    def init(self, rng):
        return _merge(layer.init(rng) for layer in self.layers)

    def __call__(self, params, x, train=False):
        backwards = []
        for layer in self.layers:
            x, layer_backward = layer(params, x, train)
            backwards.append(layer_backward)

        def backward(dy, grads):
            for layer_backward in reversed(backwards):
                dy = layer_backward(dy, grads)
            return dy

        return x, backward


class Residual(Layer):
    """Main path plus shortcut: main(x) + shortcut(x); no shortcut means x itself."""

    def __init__(self, main, shortcut=None, name=""):
        self.main, self.shortcut, self.name = main, shortcut or Chain(), name

    def init(self, rng):
        return _merge(part.init(rng) for part in (self.main, self.shortcut))

    def __call__(self, params, x, train=False):
        y, main_backward = self.main(params, x, train)
        shortcut, shortcut_backward = self.shortcut(params, x, train)
        if y.shape != shortcut.shape:
            raise ValueError(
                f"{self.name}: main path {y.shape} and shortcut {shortcut.shape} "
                "must have one shape"
            )

        def backward(dy, grads):
            return main_backward(dy, grads) + shortcut_backward(dy, grads)

        return y + shortcut, backward
