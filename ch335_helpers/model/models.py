"""The chapter's networks: a linear classifier, a simple CNN and a residual one."""

from ..checks import takes, whole
from .layers import (
    BatchNorm,
    Conv,
    Flatten,
    GlobalAvgPool,
    Linear,
    LogSumExpPool,
    MaxPool,
    ReLU,
    Templates,
)
from .network import TEXT, Chain, Residual

SIZES = {"n_classes": whole(), "in_channels": whole()}


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

    @takes(**SIZES, img_size=whole())
    def __init__(self, n_classes=10, in_channels=1, img_size=32):
        linear = Linear("linear", in_channels * img_size**2, n_classes)
        super().__init__(Flatten(), linear, name="LinearClassifier")


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

    @takes(**SIZES)
    def __init__(self, n_classes=4, in_channels=1):
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

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Taught in notebook 2; its variants, such as `without_shortcuts`, in notebook 9.
    Source: He et al., "Deep residual learning" (2016). Takes images of at least 3 x 3
    pixels.

    Examples
    --------
    >>> from ch335_helpers import n_parameters
    >>> n_parameters(ResidualCNN()), n_parameters(ResidualCNN(width=8))
    (19962, 5250)
    """

    @takes(**SIZES, width=whole())
    def __init__(self, n_classes=10, in_channels=1, width=16):
        super().__init__(
            Conv("stem.conv", in_channels, width, kernel=5, stride=2, bias=False),
            BatchNorm("stem.bn", width), ReLU("stem.relu"),
            residual_block("block1", width, width), ReLU("block1.relu2"),
            MaxPool(name="pool"),
            residual_block("block2", width, 2 * width), ReLU("block2.relu2"),
            GlobalAvgPool(), Linear("linear", 2 * width, n_classes), name="ResidualCNN",
        )  # fmt: skip


class TemplateCNN(Chain):
    """A network in the form of the ideal observer: templates, then a log-sum-exp.

    Each class has a few templates. The score of a class is the log of the sum of exp
    over all its templates and all places. With the clean shapes as templates, it is the
    ideal observer; trained, it has to find them.

    Parameters
    ----------
    n_classes : int
        Scores for each image, at least 1.
    in_channels : int
        Channels of the images, at least 1.
    per_class : int
        Templates of each class, at least 1.
    kernel : int
        Side of a template in pixels, at least 1.

    Notes
    -----
    Taught in notebook 9. Takes images of at least kernel x kernel pixels.

    Examples
    --------
    >>> from ch335_helpers import n_parameters
    >>> n_parameters(TemplateCNN())  # 40 templates of 19 * 19 and their biases, and s
    14481
    """

    @takes(**SIZES, per_class=whole(), kernel=whole())
    def __init__(self, n_classes=10, in_channels=1, per_class=4, kernel=19):
        super().__init__(
            Templates("templates", in_channels, n_classes * per_class, kernel),
            LogSumExpPool(per_class), name="TemplateCNN",
        )  # fmt: skip


@takes(name=TEXT, in_channels=whole(), out_channels=whole())
def residual_block(name, in_channels, out_channels):
    """Two 3x3 convolutions with batch normalisation, and a shortcut beside them.

    New channels need a 1x1 convolution in the shortcut.

    Parameters
    ----------
    name : str
        Opens the names of its layers.
    in_channels : int
        Channels of the images that come in.
    out_channels : int
        Channels of the images that go out.

    Returns
    -------
    block : Residual

    Raises
    ------
    ValueError, TypeError
        If an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> [layer.name for layer in residual_block("block", 8, 16).leaves()][-2:]
    ['block.project', 'block.project_bn']
    """
    main = Chain(
        Conv(f"{name}.conv1", in_channels, out_channels, bias=False),
        BatchNorm(f"{name}.bn1", out_channels), ReLU(f"{name}.relu1"),
        Conv(f"{name}.conv2", out_channels, out_channels, bias=False),
        BatchNorm(f"{name}.bn2", out_channels), name=name,
    )  # fmt: skip
    if in_channels == out_channels:
        return Residual(main, name=name)
    project = Conv(f"{name}.project", in_channels, out_channels, kernel=1, bias=False)
    norm = BatchNorm(f"{name}.project_bn", out_channels)
    return Residual(main, Chain(project, norm), name=name)
