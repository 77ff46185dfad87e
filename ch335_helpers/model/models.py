"""The chapter's networks: a linear classifier, a simple CNN and a residual one."""

from ..checks import check_counts, check_flag, check_is, check_one_of, check_whole
from .layers import (
    BatchNorm,
    Conv,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    Linear,
    LogSumExpPool,
    MaxPool,
    ReLU,
    Templates,
)
from .network import Chain, Residual

MAX_DEPTH = 1000  # residual blocks in a row
STEMS = ("stride", "pool")
HEADS = ("average", "maximum", "log-sum-exp", "flatten")


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
        n_classes, in_channels, img_size = check_counts(
            n_classes=n_classes, in_channels=in_channels, img_size=img_size
        )
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
    depth : int
        Residual blocks before the pooling, and as many after it, at least 1.
    stem : str
        How the stem halves the image: ``"stride"``, or ``"pool"`` for a stride of 1 and
        max pooling after it.
    head : str
        How the places come together. ``"average"``: the mean of each channel, then a
        linear layer. ``"maximum"`` and ``"log-sum-exp"``: a 1x1 convolution gives every
        place a score for each class, then the largest score or the log of the sum of
        exp counts. ``"flatten"``: a linear layer has a weight for each place.
    img_size : int
        Height and width of the images in pixels; only the head ``"flatten"`` needs it.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such stem or head.

    Notes
    -----
    Taught in notebook 2, its variants in notebook 9. Source: He et al., "Deep residual
    learning" (2016). Takes images of at least 3 x 3 pixels, with the stem ``"pool"`` of
    at least 4 x 4.

    Examples
    --------
    >>> from ch335_helpers import n_parameters
    >>> n_parameters(ResidualCNN())
    19962
    >>> n_parameters(ResidualCNN(width=8)), n_parameters(ResidualCNN(residual=False))
    (5250, 19386)
    """

    def __init__(
        self, n_classes=10, in_channels=1, width=16, *, batch_norm=True, residual=True,
        depth=1, stem="stride", head="average", img_size=32,
    ):  # fmt: skip
        n_classes, in_channels, width = check_counts(
            n_classes=n_classes, in_channels=in_channels, width=width
        )
        options = {"batch_norm": batch_norm, "residual": residual}
        size = _size_at_head(img_size, stem, head)
        super().__init__(
            *_stem(in_channels, width, batch_norm, stem),
            *_blocks("block1", width, width, depth, options),
            MaxPool(name="pool"),
            *_blocks("block2", width, 2 * width, depth, options),
            *_head(2 * width, n_classes, head, size), name="ResidualCNN",
        )  # fmt: skip


def _size_at_head(img_size, stem, head):
    """Height and width of the maps that reach the head."""
    check_one_of("stem", stem, STEMS), check_one_of("head", head, HEADS)
    smallest = 1 if head != "flatten" else 3 if stem == "stride" else 4
    img_size = check_whole("img_size", img_size, low=smallest)
    halved = (img_size + 1) // 2 if stem == "stride" else img_size // 2
    return halved // 2


def _stem(in_channels, width, batch_norm, stem):
    """The first layers; they halve the image."""
    check_flag("batch_norm", batch_norm)
    stride = 2 if stem == "stride" else 1
    bare = not batch_norm
    conv = Conv("stem.conv", in_channels, width, kernel=5, stride=stride, bias=bare)
    layers = [conv, *_norm("stem.bn", width, batch_norm), ReLU("stem.relu")]
    return layers if stem == "stride" else [*layers, MaxPool(name="stem.pool")]


def _blocks(name, in_channels, out_channels, depth, options):
    """`depth` residual blocks, each with a ReLU after its sum."""
    layers = []
    for number in range(check_whole("depth", depth, high=MAX_DEPTH)):
        own = name if number == 0 else f"{name}.{number + 1}"
        block = residual_block(own, in_channels, out_channels, **options)
        layers += [block, ReLU(f"{own}.relu2")]
        in_channels = out_channels
    return layers


def _head(channels, n_classes, head, size):
    """The last layers: from maps of size x size to one score for each class."""
    if head == "average":
        return [GlobalAvgPool(), Linear("linear", channels, n_classes)]
    if head == "flatten":
        return [Flatten(), Linear("linear", channels * size**2, n_classes)]
    pool = GlobalMaxPool() if head == "maximum" else LogSumExpPool()
    return [Conv("scores", channels, n_classes, kernel=1), pool]


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

    def __init__(self, n_classes=10, in_channels=1, per_class=4, kernel=19):
        n_classes, per_class = check_counts(n_classes=n_classes, per_class=per_class)
        super().__init__(
            Templates("templates", in_channels, n_classes * per_class, kernel),
            LogSumExpPool(per_class), name="TemplateCNN",
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

    Raises
    ------
    ValueError, TypeError
        If an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> [layer.name for layer in residual_block("block", 8, 16).leaves()][-2:]
    ['block.project', 'block.project_bn']
    """
    check_is("name", name, str), check_flag("batch_norm", batch_norm)
    in_channels, out_channels = check_counts(
        in_channels=in_channels, out_channels=out_channels
    )
    bare = not batch_norm
    main = Chain(
        Conv(f"{name}.conv1", in_channels, out_channels, bias=bare),
        *_norm(f"{name}.bn1", out_channels, batch_norm), ReLU(f"{name}.relu1"),
        Conv(f"{name}.conv2", out_channels, out_channels, bias=bare),
        *_norm(f"{name}.bn2", out_channels, batch_norm), name=name,
    )  # fmt: skip
    if not check_flag("residual", residual):
        return main
    if in_channels == out_channels:
        return Residual(main, name=name)
    project = Conv(f"{name}.project", in_channels, out_channels, kernel=1, bias=bare)
    norm = _norm(f"{name}.project_bn", out_channels, batch_norm)
    return Residual(main, Chain(project, *norm), name=name)


def _norm(name, channels, batch_norm):
    """Batch normalisation as a list of layers, empty without it."""
    return [BatchNorm(name, channels)] if batch_norm else []
