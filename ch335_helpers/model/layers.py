"""Layers: operations that know their parameters' names, shapes and roles.

Each of them is an operation of `ops` with names for what it learns. What all layers
share, and how they are put together to a network, is in `network`.
"""

from copy import copy

from ..checks import (
    check_flag,
    check_gradient,
    check_values,
    check_whole,
    flag,
    takes,
    whole,
)
from . import ops
from .network import TEXT, Chain, Layer, Parameter, computes_as


def _weight_and_bias(shape):
    """What a layer learns that has weights of this shape, and a bias an output."""
    return {"w": Parameter(shape, "weight", None), "b": Parameter(shape[:1], "bias", 0)}


class Conv(Layer):
    """Convolution with `out_channels` filters.

    Parameters
    ----------
    name : str
        Opens the names of its parameters.
    in_channels : int
        Channels of the images that come in.
    out_channels : int
        Filters, and so channels of the images that go out.
    kernel : int
        Side of a filter, in pixels.
    stride : int
        Pixels from one window to the next.
    padding : int, optional
        Zeros added on each side. By default ``kernel // 2``, which keeps the image's
        size if the kernel is odd and the stride 1.
    bias : bool
        Whether a bias is added to each filter's output.

    Examples
    --------
    >>> conv = Conv("conv1", in_channels=1, out_channels=8)
    >>> params = conv.init(np.random.default_rng(0))
    >>> {name: array.shape for name, array in params.items()}
    {'conv1.w': (8, 1, 3, 3), 'conv1.b': (8,)}
    >>> y, backward = conv(params, np.ones((2, 1, 16, 16), np.float32))
    >>> y.shape
    (2, 8, 16, 16)
    """

    kind = "convolution"
    with_dx = True  # see `without_image_gradient`

    @takes(
        name=TEXT, in_channels=whole(), out_channels=whole(), kernel=whole(),
        stride=whole(), bias=flag,
    )  # fmt: skip
    def __init__(
        self, name, in_channels, out_channels, kernel=3, stride=1, padding=None,
        bias=True,
    ):  # fmt: skip
        self.name, self.kernel, self.stride, self.bias = name, kernel, stride, bias
        padding = kernel // 2 if padding is None else padding
        self.padding = check_whole("padding", padding, 0, ops.MOST_PADDING)
        self.shape = out_channels, in_channels, kernel, kernel

    def own_parameters(self):
        own = _weight_and_bias(self.shape)
        return own if self.bias else {"w": own["w"]}

    def __call__(self, params, x, train=False):
        window = {"stride": self.stride, "padding": self.padding}
        y, conv_backward = ops.conv2d(x, **self.own_values(params), **window)

        def backward(dy, grads):
            dx, grads[f"{self.name}.w"], db = conv_backward(dy, self.with_dx)
            if self.bias:
                grads[f"{self.name}.b"] = db
            return dx

        return y, backward


class BatchNorm(Layer):
    """Batch normalisation.

    Its running averages are entries of `params` that never appear in `grads`.

    Parameters
    ----------
    name : str
        Opens the names of its parameters.
    channels : int
        Channels of the images; each is normalised on its own.

    Examples
    --------
    >>> norm = BatchNorm("bn", channels=2)
    >>> list(norm.init(np.random.default_rng(0)))
    ['bn.gamma', 'bn.beta', 'bn.running_mean', 'bn.running_var']
    """

    kind = "batch norm"
    operation = staticmethod(ops.batch_norm)

    @takes(name=TEXT, channels=whole())
    def __init__(self, name, channels):
        self.name, self.channels = name, channels

    def own_parameters(self):
        shape = (self.channels,)
        return {
            "gamma": Parameter(shape, "scale", 1),
            "beta": Parameter(shape, "shift", 0),
            "running_mean": Parameter(shape, "running average", 0),
            "running_var": Parameter(shape, "running average", 1),
        }

    def __call__(self, params, x, train=False):
        x = check_values("x", x, f"N {self.channels} H W")
        y, norm_backward = self.operation(x, **self.own_values(params), train=train)

        def backward(dy, grads):
            dx, dgamma, dbeta = norm_backward(dy)
            grads[f"{self.name}.gamma"], grads[f"{self.name}.beta"] = dgamma, dbeta
            return dx

        return y, backward


class Templates(Layer):
    """How well each template fits at each place: s (x·t - t·t / 2 + b).

    x·t is a convolution with the template as its filter. If an image is the template
    plus Gaussian noise, and s is one over the noise squared, this is the log of how
    likely the image is, but for a constant: the term that the ideal observer adds up.

    Parameters
    ----------
    name : str
        Opens the names of its parameters.
    in_channels : int
        Channels of the images that come in.
    n_templates : int
        Templates, and so channels of the images that go out.
    kernel : int
        Side of a template, in pixels. There is no padding.

    Examples
    --------
    >>> layer = Templates("templates", in_channels=1, n_templates=2, kernel=3)
    >>> params = layer.init(np.random.default_rng(0))
    >>> {name: array.shape for name, array in params.items()}
    {'templates.w': (2, 1, 3, 3), 'templates.b': (2,), 'templates.s': (1,)}
    >>> layer(params, np.ones((5, 1, 8, 8), np.float32))[0].shape
    (5, 2, 6, 6)
    """

    kind = "templates"
    with_dx = True  # see `without_image_gradient`
    # soft at first: with a large s, one template of a class would soon explain all of
    # its images, and the others would get no gradient to learn from
    first_s = 0.02

    @takes(name=TEXT, in_channels=whole(), n_templates=whole(), kernel=whole())
    def __init__(self, name, in_channels, n_templates, kernel):
        self.name, self.kernel = name, kernel
        self.shape = n_templates, in_channels, kernel, kernel

    def own_parameters(self):
        scale = {"s": Parameter((1,), "scale", self.first_s)}
        return _weight_and_bias(self.shape) | scale

    def __call__(self, params, x, train=False):
        check_flag("train", train)
        w, b, s = self.own_values(params).values()
        fit, conv_backward = ops.conv2d(x, w, b - (w * w).sum(axis=(1, 2, 3)) / 2)

        def backward(dy, grads):
            dy = check_values("dy", dy, "N F Ho Wo")
            dx, dw, db = conv_backward(s * dy, self.with_dx)
            grads[f"{self.name}.w"] = dw - w * db[:, None, None, None]
            grads[f"{self.name}.b"] = db
            grads[f"{self.name}.s"] = (dy * fit).sum(keepdims=True).reshape(1)
            return dx

        return s * fit, backward


class Linear(Layer):
    """Linear layer from `inputs` to `outputs` numbers.

    Parameters
    ----------
    name : str
        Opens the names of its parameters.
    inputs : int
        Numbers that come in for each example.
    outputs : int
        Numbers that go out for each example.

    Examples
    --------
    >>> layer, grads = Linear("linear", inputs=3, outputs=2), {}
    >>> params = layer.init(np.random.default_rng(0))
    >>> y, backward = layer(params, np.ones((4, 3)))
    >>> dx = backward(np.ones_like(y), grads)
    >>> grads["linear.b"]  # four examples, each with a gradient of 1
    array([4., 4.])
    """

    kind = "linear"

    @takes(name=TEXT, inputs=whole(), outputs=whole())
    def __init__(self, name, inputs, outputs):
        self.name, self.shape = name, (outputs, inputs)

    def own_parameters(self):
        return _weight_and_bias(self.shape)

    def __call__(self, params, x, train=False):
        y, linear_backward = ops.linear(x, **self.own_values(params))

        def backward(dy, grads):
            dx, grads[f"{self.name}.w"], grads[f"{self.name}.b"] = linear_backward(dy)
            return dx

        return y, backward


class ReLU(Layer):
    """Rectified linear unit.

    Parameters
    ----------
    name : str
        What it is called in summaries and activation maps.

    Examples
    --------
    >>> y, backward = ReLU()({}, np.array([[-2.0, 3.0]]))
    >>> y
    array([[0., 3.]])
    """

    kind = "relu"

    @takes(name=TEXT)
    def __init__(self, name="relu"):
        self.name = name

    def __call__(self, params, x, train=False):
        y, relu_backward = ops.relu(x)
        return y, lambda dy, grads: relu_backward(dy)


class MaxPool(Layer):
    """Maximum over windows of `size` x `size` that do not overlap.

    Parameters
    ----------
    size : int
        Side of the window, in pixels.
    name : str
        What it is called in summaries and activation maps.

    Examples
    --------
    >>> y, backward = MaxPool()({}, np.arange(16.0).reshape(1, 1, 4, 4))
    >>> y[0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """

    kind = "max pool"

    @takes(size=whole(), name=TEXT)
    def __init__(self, size=2, name="max pool"):
        self.kernel = self.stride = size
        self.name = name

    def __call__(self, params, x, train=False):
        y, pool_backward = ops.max_pool(x, self.kernel, self.stride)
        return y, lambda dy, grads: pool_backward(dy)


class GlobalAvgPool(Layer):
    """Mean of each channel over the whole image: (N, C, H, W) to (N, C).

    Examples
    --------
    >>> y, backward = GlobalAvgPool()({}, np.arange(8.0).reshape(1, 2, 2, 2))
    >>> y
    array([[1.5, 5.5]])
    """

    name = kind = "global average pool"

    def __call__(self, params, x, train=False):
        y, pool_backward = ops.global_avg_pool(x)
        return y, lambda dy, grads: pool_backward(dy)


class GlobalMaxPool(Layer):
    """Largest value of each channel over the whole image: (N, C, H, W) to (N, C).

    Examples
    --------
    >>> y, backward = GlobalMaxPool()({}, np.arange(8.0).reshape(1, 2, 2, 2))
    >>> y
    array([[3., 7.]])
    """

    name = kind = "global max pool"

    def __call__(self, params, x, train=False):
        y, pool_backward = ops.global_max_pool(x)
        return y, lambda dy, grads: pool_backward(dy)


class LogSumExpPool(Layer):
    """Log of the sum of exp over each channel's pixels: (N, C, H, W) to (N, C).

    Parameters
    ----------
    group : int
        Channels that are pooled together: 2 makes one output of the first two channels,
        and so on, (N, C, H, W) to (N, C / 2).

    Examples
    --------
    >>> y, backward = LogSumExpPool()({}, np.zeros((1, 2, 5, 5)))
    >>> np.exp(y).round(6)
    array([[25., 25.]])
    """

    name = kind = "log-sum-exp pool"

    @takes(group=whole())
    def __init__(self, group=1):
        self.group = group

    def __call__(self, params, x, train=False):
        x = check_values("x", x, "N C H W")
        N, C, H, W = x.shape
        if C % self.group:
            raise ValueError(f"x must have groups of {self.group} channels, got {C}")
        together = x.reshape(N, C // self.group, self.group * H, W)
        y, pool_backward = ops.log_sum_exp_pool(together)
        return y, lambda dy, grads: pool_backward(dy).reshape(N, C, H, W)


class Flatten(Layer):
    """All values of an image in one row: (N, C, H, W) to (N, C H W).

    Examples
    --------
    >>> y, backward = Flatten()({}, np.zeros((5, 1, 32, 32)))
    >>> y.shape, backward(y, {}).shape
    ((5, 1024), (5, 1, 32, 32))
    """

    name = kind = "flatten"

    def __call__(self, params, x, train=False):
        x = check_values("x", x, "N C H W")
        y = x.reshape(len(x), -1)
        return y, lambda dy, grads: check_gradient("dy", dy, y.shape).reshape(x.shape)


def without_image_gradient(model):
    """A copy of a network that computes no gradient of its images: training needs none.

    Parameters
    ----------
    model : Layer
        It is not changed.

    Returns
    -------
    model : Layer
        Its backward function returns None, if it is a chain that begins with a
        convolution; another network is returned as it is.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> model = without_image_gradient(SimpleCNN())
    >>> params = model.init(np.random.default_rng(0))
    >>> logits, backward = model(params, np.zeros((1, 1, 8, 8), np.float32), train=True)
    >>> print(backward(logits, {}))
    None
    """
    if computes_as(model, Conv, Templates):
        model = copy(model)
        model.with_dx = False
    elif computes_as(model, Chain) and model.parts:
        first, *rest = model.parts
        model = copy(model)
        model.parts = without_image_gradient(first), *rest
    return model
