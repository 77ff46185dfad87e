"""The chapter's networks: a linear classifier, a simple CNN and a residual one."""

from .checks import check_counts
from .layers import BatchNorm, Conv, Flatten, GlobalAvgPool, Linear, MaxPool, ReLU
from .network import Chain, Residual


class LinearClassifier(Chain):
    """Softmax regression on the pixels, the model to beat.

    Parameters
    ----------
    n_classes : int
        Scores for each image, at least 1.
    in_channels : int
        Channels of the images, at least 1.
    img_size : int
        Height and width of the images in pixels, at least 1.

    Notes
    -----
    Taught in notebook 1. Unlike the networks, it takes images of one size only.

    Examples
    --------
    >>> from ch335_helpers import n_parameters
    >>> n_parameters(LinearClassifier())  # 10 * 32 * 32 + 10
    10250
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
    n_classes : int
        Scores for each image, at least 1.
    in_channels : int
        Channels of the images, at least 1.

    Notes
    -----
    Taught in notebook 2. Takes images of at least 4 x 4 pixels.

    Examples
    --------
    >>> model = SimpleCNN()
    >>> params = model.init(np.random.default_rng(0))
    >>> logits, backward = model(params, np.zeros((2, 1, 16, 16), np.float32))
    >>> logits.shape
    (2, 4)
    """

    def __init__(self, n_classes=4, in_channels=1):
        check_counts(n_classes=n_classes, in_channels=in_channels)
        super().__init__(
            Conv("conv1", in_channels, 8), ReLU("relu1"), MaxPool(name="pool1"),
            Conv("conv2", 8, 16), ReLU("relu2"), MaxPool(name="pool2"),
            GlobalAvgPool(), Linear("linear", 16, n_classes), name="SimpleCNN",
        )  # fmt: skip


class ResidualCNN(Chain):
    """The main model: a stem, two residual blocks, an average and a linear layer.

    Every convolution is followed by batch normalisation. The stem halves the image with
    a stride of 2, pooling halves it again between the blocks. The second block doubles
    the channels, so its shortcut is a 1x1 convolution.

    Parameters
    ----------
    n_classes : int
        Scores for each image, at least 1.
    in_channels : int
        Channels of the images, at least 1.
    width : int
        Channels after the stem, at least 1.
    batch_norm : bool
        To see what it is for, leave it out: convolutions then have a bias and no
        normalisation after them.
    residual : bool
        To see what it is for, leave it out: blocks then have no shortcut.

    Notes
    -----
    Taught in notebook 2. Source: He et al., "Deep residual learning" (2016).
    Takes images of at least 3 x 3 pixels.

    Examples
    --------
    >>> from ch335_helpers import n_parameters
    >>> n_parameters(ResidualCNN())
    19962
    >>> n_parameters(ResidualCNN(width=8)), n_parameters(ResidualCNN(residual=False))
    (5250, 19386)
    """

    def __init__(
        self, n_classes=10, in_channels=1, width=16, *, batch_norm=True, residual=True
    ):
        check_counts(n_classes=n_classes, in_channels=in_channels, width=width)
        options = {"batch_norm": batch_norm, "residual": residual}
        bare = not batch_norm
        super().__init__(
            Conv("stem.conv", in_channels, width, kernel=5, stride=2, bias=bare),
            *_norm("stem.bn", width, batch_norm), ReLU("stem.relu"),
            residual_block("block1", width, width, **options), ReLU("block1.relu2"),
            MaxPool(name="pool"),
            residual_block("block2", width, 2 * width, **options), ReLU("block2.relu2"),
            GlobalAvgPool(), Linear("linear", 2 * width, n_classes), name="ResidualCNN",
        )  # fmt: skip


def residual_block(name, in_channels, out_channels, *, batch_norm=True, residual=True):
    """Two 3x3 convolutions with batch normalisation and a shortcut.

    New channels need a 1x1 convolution in the shortcut. Both can be left out.

    Parameters
    ----------
    name : str
        Opens the names of its layers.
    in_channels : int
        Channels of the images that come in.
    out_channels : int
        Channels of the images that go out.
    batch_norm : bool
        Whether convolutions are followed by batch normalisation; without it, they have
        a bias.
    residual : bool
        Whether there is a shortcut.

    Returns
    -------
    block : Residual or Chain
        A chain if there is no shortcut.

    Examples
    --------
    >>> [layer.name for layer in residual_block("block", 8, 16).leaves()][-2:]
    ['block.project', 'block.project_bn']
    """
    bare = not batch_norm
    main = Chain(
        Conv(f"{name}.conv1", in_channels, out_channels, bias=bare),
        *_norm(f"{name}.bn1", out_channels, batch_norm), ReLU(f"{name}.relu1"),
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
