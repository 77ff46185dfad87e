"""The chapter's two networks, and a table that shows what one is made of."""

from dataclasses import dataclass

import numpy as np

from .display import Table
from .layers import (
    BatchNorm,
    Chain,
    Conv,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    ReLU,
    Residual,
)


class LinearClassifier(Chain):
    """Softmax regression on the pixels, the model to beat.

    Parameters
    ----------
    n_classes, in_channels, img_size : int
        All at least 1.

    Notes
    -----
    Taught in notebook 1. Unlike the networks, it takes images of one size only.
    """

    def __init__(self, n_classes=10, in_channels=1, img_size=32):
        check_counts(n_classes=n_classes, in_channels=in_channels, img_size=img_size)
        super().__init__(
            Flatten(),
            Linear("linear", in_channels * img_size**2, n_classes),
            name="LinearClassifier",
        )


class SimpleCNN(Chain):
    """The first model: two convolutions with pooling, an average and a linear layer.

    Parameters
    ----------
    n_classes, in_channels : int
        Both at least 1.

    Notes
    -----
    Taught in notebook 2. Takes images of at least 4 x 4 pixels.
    """

    def __init__(self, n_classes=4, in_channels=1):
        check_counts(n_classes=n_classes, in_channels=in_channels)
        super().__init__(
            Conv("conv1", in_channels, 8), ReLU(), MaxPool(),
            Conv("conv2", 8, 16), ReLU(), MaxPool(),
            GlobalAvgPool(), Linear("linear", 16, n_classes), name="SimpleCNN",
        )  # fmt: skip


class ResidualCNN(Chain):
    """The main model: a stem, two residual blocks, an average and a linear layer.

    Every convolution is followed by batch normalisation. The stem halves the image with
    a stride of 2, pooling halves it again between the blocks. The second block doubles
    the channels, so its shortcut is a 1x1 convolution.

    Parameters
    ----------
    n_classes, in_channels, width : int
        `width` is the number of channels after the stem. All at least 1.
    batch_norm, residual : bool
        To see what they are for, leave them out: convolutions then have a bias and no
        normalisation after them, blocks have no shortcut.

    Notes
    -----
    Taught in notebook 2. Source: He et al., "Deep residual learning" (2016).
    Takes images of at least 3 x 3 pixels.
    """

    def __init__(
        self, n_classes=10, in_channels=1, width=16, *, batch_norm=True, residual=True
    ):
        check_counts(n_classes=n_classes, in_channels=in_channels, width=width)
        options = {"batch_norm": batch_norm, "residual": residual}
        bare = not batch_norm
        super().__init__(
            Conv("stem.conv", in_channels, width, kernel=5, stride=2, bias=bare),
            *_norm("stem.bn", width, batch_norm), ReLU(),
            residual_block("block1", width, width, **options), ReLU(), MaxPool(),
            residual_block("block2", width, 2 * width, **options), ReLU(),
            GlobalAvgPool(), Linear("linear", 2 * width, n_classes), name="ResidualCNN",
        )  # fmt: skip


def residual_block(name, in_channels, out_channels, *, batch_norm=True, residual=True):
    """Two 3x3 convolutions with batch normalisation and a shortcut.

    New channels need a 1x1 convolution in the shortcut. Both can be left out.
    """
    bare = not batch_norm
    main = Chain(
        Conv(f"{name}.conv1", in_channels, out_channels, bias=bare),
        *_norm(f"{name}.bn1", out_channels, batch_norm), ReLU(),
        Conv(f"{name}.conv2", out_channels, out_channels, bias=bare),
        *_norm(f"{name}.bn2", out_channels, batch_norm), name=name,
    )  # fmt: skip
    if not residual:
        return main
    if in_channels == out_channels:
        return Residual(main, name=name)
    project = Conv(f"{name}.project", in_channels, out_channels, kernel=1, bias=bare)
    norm = _norm(f"{name}.project_bn", out_channels, batch_norm)
    return Residual(main, Chain(project, *norm), name=name)


def _norm(name, channels, batch_norm):
    """Batch normalisation as a list of layers, empty without it."""
    return [BatchNorm(name, channels)] if batch_norm else []


def check_counts(**counts):
    """Raise ValueError unless every named count is a whole number of at least 1."""
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or count < 1:
            raise ValueError(
                f"{name} must be a whole number of at least 1, got {count!r}"
            )


def n_parameters(params):
    """Number of values that training changes: all but BatchNorm's running averages."""
    return sum(value.size for name, value in params.items() if "running" not in name)


@dataclass
class Row:
    """One line of `Summary`: layer, output shape, parameters, receptive field.

    The shape is that of the output for one image.
    """

    layer: str
    output: tuple
    parameters: int
    field: int


class Summary:
    """Table of a model's layers: output shape, learnt parameters, receptive field.

    The shapes are those for one image, the receptive fields are in pixels.

    Parameters
    ----------
    model : Layer
    image_shape : tuple of int
        (C, H, W).

    Notes
    -----
    The shapes are read off a real forward pass of a blank image. Taught in notebook 2.
    """

    def __init__(self, model, image_shape=(1, 32, 32)):
        self.params = model.init(np.random.default_rng(0))
        self.size = image_shape[-1]
        self.rows = []
        self._walk(model, np.zeros((1, *image_shape), np.float32), field=1, jump=1)

    def _walk(self, layer, x, field, jump):
        """Add the rows of `layer`, whose input is x.

        `field` is the receptive field of one value of x, `jump` the number of pixels
        between two neighbours.
        """
        if isinstance(layer, Chain):
            for part in layer.layers:
                x, field, jump = self._walk(part, x, field, jump)
            return x, field, jump
        if isinstance(layer, Residual):
            y, main_field, main_jump = self._walk(layer.main, x, field, jump)
            self._walk(layer.shortcut, x, field, jump)
            self.rows.append(
                Row(
                    f"{layer.name}: sum with the shortcut",
                    y.shape[1:],
                    0,
                    self._clip(main_field),
                )
            )
            return y, main_field, main_jump
        y, _ = layer(self.params, x)
        field = field + (layer.kernel - 1) * jump
        jump = jump * layer.stride
        if x.ndim > y.ndim:  # all places have come together
            field = self.size
        own = {
            key: value
            for key, value in self.params.items()
            if key.startswith(f"{layer.name}.")
        }
        self.rows.append(
            Row(layer.name, y.shape[1:], n_parameters(own), self._clip(field))
        )
        return y, field, jump

    def _clip(self, field):
        return min(field, self.size)

    def _repr_markdown_(self):
        rows = [
            (
                row.layer,
                " × ".join(map(str, row.output)),
                f"{row.parameters:,}",
                f"{row.field} × {row.field}",
            )
            for row in self.rows
        ]
        total = ("**total**", "", f"**{n_parameters(self.params):,}**", "")
        return str(
            Table(
                ("layer", "output", "parameters>", "receptive field>"), [*rows, total]
            )
        )

    __repr__ = _repr_markdown_
