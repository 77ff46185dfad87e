"""What the answers to the exercises of page 5 are judged by."""

import numpy as np

from ..data.baselines import nearest_mean
from ..evaluation.prediction import predict_logits
from ..model.layers import Conv, GlobalAvgPool, Linear, MaxPool, ReLU
from ..model.models import ResidualCNN, SimpleCNN
from ..model.network import Chain, Layer, Residual, n_parameters
from ..model.ops import conv2d
from . import Wrong, array, choice, exercise, function, match, number


def shortcut_model(*, kernel=1, bend_before=False):
    """`SimpleCNN` for ten classes with a projection around its second convolution."""
    main = Conv("conv2", 8, 16)
    if bend_before:
        main = Chain(main, ReLU())
    block = Residual(main, Conv("project", 8, 16, kernel=kernel), name="block")
    after = [] if bend_before else [ReLU()]
    return Chain(
        Conv("conv1", 1, 8), ReLU(), MaxPool(), block, *after, MaxPool(),
        GlobalAvgPool(), Linear("linear", 16, 10),
    )  # fmt: skip


def sums(layer):
    """How many `Residual`s there are in a layer."""
    return isinstance(layer, Residual) + sum(map(sums, layer.parts or ()))


def shapes(model):
    return sorted(parameter.shape for parameter in model.parameters().values())


def outputs(model):
    """Logits of random images; parameters of one shape have the same random values."""
    params = {}
    for name, parameter in model.parameters().items():
        rng = np.random.default_rng(parameter.shape)
        scale = np.sqrt(np.prod(parameter.shape[1:]))
        params[name] = rng.standard_normal(parameter.shape) / scale
    return model(params, np.random.default_rng(51).standard_normal((3, 1, 16, 16)))[0]


@exercise("5.1")
def build_the_shortcut(answer):
    if isinstance(answer, type) or not isinstance(answer, Layer):
        raise Wrong(
            f"The answer is a model, such as a Chain; yours is {type(answer).__name__}."
        )
    right = shortcut_model()
    if shapes(answer) == shapes(SimpleCNN(n_classes=10)):
        raise Wrong(
            "This is a sum without a projection, so the shapes cannot fit."
            if sums(answer)
            else "These are the parameters of the plain model: where is the shortcut?"
        )
    if shapes(answer) == shapes(shortcut_model(kernel=3)):
        raise Wrong("The shortcut has a 3 x 3 kernel, which is the default of Conv.")
    if shapes(answer) != shapes(right):
        raise Wrong(
            f"It has {n_parameters(answer):,} parameters. Only a 1 x 1 convolution "
            "from 8 to 16 channels, with its bias, should be new."
        )
    models = answer, right, shortcut_model(bend_before=True)
    found, expected, early = map(outputs, models)
    mistakes = [
        (early, "The ReLU comes after the sum: here only the main path has it.")
    ]
    match(
        found, expected, mistakes,
        "The layers have the right parameters, but are put together in another way. "
        "Both convolutions of the block should get the same input, and their sum goes "
        "to the ReLU.",
    )  # fmt: skip


def folded(w, b, w_project, b_project):
    """The one 3 x 3 convolution that a 3 x 3 and a 1 x 1 convolution add up to."""
    w = w.copy()
    w[:, :, 1, 1] += w_project[:, :, 0, 0]
    return w, b + b_project


def two_paths(rng):
    """Weights and biases of a 3 x 3 convolution and of a projection beside it."""
    shapes = (3, 2, 3, 3), (3,), (3, 2, 1, 1), (3,)
    return [rng.standard_normal(shape) for shape in shapes]


@exercise("5.2")
def what_the_shortcut_adds(answer):
    word = choice(answer, ("more", "same", "fewer"))
    rng = np.random.default_rng(0)
    x, (w, b, w_project, b_project) = rng.standard_normal((2, 2, 5, 6)), two_paths(rng)
    both = conv2d(x, w, b, padding=1)[0] + conv2d(x, w_project, b_project)[0]
    one = conv2d(x, *folded(w, b, w_project, b_project), padding=1)[0]
    without = conv2d(x, w, b, padding=1)[0] + conv2d(x, 0 * w_project)[0]
    can_follow = np.allclose(both, one)  # the plain model does what the new one does
    can_lead = np.allclose(without, conv2d(x, w, b, padding=1)[0])
    if word == "more" and can_follow:
        raise Wrong(
            "It has more weights, but look at what stands between the two convolutions "
            "and their sum: nothing. What kind of operation is the sum?"
        )
    if word == "fewer" and can_lead:
        raise Wrong("What does the new model do if the projection is all zeros?")
    return "The folded text says why."


def backward_in_loops(x, w, dy, *, put=False, turn=False):
    """dx and dw of a convolution with stride 1 and no padding, with typical mistakes.

    `put` writes over what other outputs gave a pixel, `turn` turns the filter round.
    """
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    kH, kW = w.shape[2:]
    for n, f, i, j in np.ndindex(dy.shape):
        window = np.s_[n, :, i : i + kH, j : j + kW]
        dw[f] += dy[n, f, i, j] * x[window]
        step = dy[n, f, i, j] * (w[f, :, ::-1, ::-1] if turn else w[f])
        dx[window] = step if put else dx[window] + step
    return dx, dw


@exercise("5.3")
def backwards_in_loops(answer):
    rng = np.random.default_rng(53)
    x, w = rng.standard_normal((2, 3, 5, 6)), rng.standard_normal((4, 3, 2, 3))
    dy = rng.standard_normal((2, 4, 4, 4))
    right = conv2d(x, w, np.zeros(4))[1](dy)
    found = function(answer)(x.copy(), w.copy(), dy.copy())
    if not isinstance(found, tuple | list) or len(found) != 3:
        raise Wrong("The function should return three arrays: dx, dw, db.")
    if np.shape(found[0]) == w.shape and np.shape(found[1]) == x.shape:
        raise Wrong("dx and dw are in the wrong order: dx has the shape of x.")
    named = zip(found, (x, w, dy[0, :, 0, 0]), ("dx", "dw", "db"), strict=True)
    dx, dw, db = (array_of(name, value, like.shape) for value, like, name in named)
    match(dw, right[1], dw_mistakes(right[1], x), f"dw: {WEIGHT_HINT}")
    match(dx, right[0], dx_mistakes(x, w, dy), f"dx: {PIXEL_HINT}")
    db_mistakes = [
        (dy.mean(axis=(0, 2, 3)), "db is a mean; the chain rule asks for a sum."),
        (dy[-1].sum(axis=(1, 2)), "db holds the last image alone."),
        (0 * right[2], "db is all zeros."),
    ]
    match(db, right[2], db_mistakes, "db: add up dy over images, rows and columns.")


WEIGHT_HINT = (
    "for each output, which pixel does this weight lie on? Add up dy times that pixel."
)
PIXEL_HINT = (
    "for each output, which weight lies on this pixel? Add up dy times that weight."
)


def array_of(name, value, shape):
    """`array`, with a hint that says which of several arrays it is about."""
    try:
        return array(value, shape)
    except Wrong as hint:
        raise Wrong(f"{name}: {hint}") from None


def dw_mistakes(dw, x):
    return [
        (dw / len(x), "dw is divided by the number of images; dy has done that."),
        (dw[:, :, ::-1, ::-1], "dw is turned by 180°."),
        (0 * dw, "dw is all zeros."),
    ]


def dx_mistakes(x, w, dy):
    overlap = "Windows overlap: add to a pixel's gradient, don't write over it."
    return [
        (backward_in_loops(x, w, dy, put=True)[0], overlap),
        (backward_in_loops(x, w, dy, turn=True)[0], "dx: the filter is turned round."),
        (np.zeros_like(x), "dx is all zeros."),
    ]


@exercise("5.4")
def epoch_without_backpropagation(answer):
    model = ResidualCNN()
    learnt, steps = n_parameters(model), 88
    stored = sum(np.prod(p.shape) for p in model.parameters().values())
    mistakes = [
        (learnt * steps, "A central difference looks at both sides of the weight."),
        (2 * learnt, "That is one step of the epoch."),
        (learnt, "That is the number of parameters."),
        (2 * steps, "That is for one single parameter."),
        (2 * stored * steps, "Running averages are stored, but not learnt."),
        (2 * learnt * steps * 64, "A forward pass takes the whole batch at once."),
    ]
    hint = "Multiply: passes for each parameter, parameters, steps."
    match(number(answer), 2 * learnt * steps, mistakes, hint)


@exercise("5.5")
def brightness_alone(answer):
    rng = np.random.default_rng(55)
    labels, levels = np.array([2, 5, 7]), np.array([0.0, 0.3, 1.0])
    which, asked = (
        rng.permutation(np.repeat([0, 1, 2], (30, 10, 20))),
        np.arange(60) % 3,
    )

    def draw(classes):  # images of one class differ in brightness, too
        level = levels[classes] + 0.1 * rng.standard_normal(len(classes))
        pixels = rng.standard_normal((len(classes), 1, 4, 5))
        return (
            pixels
            - pixels.mean(axis=(1, 2, 3), keepdims=True)
            + level.reshape(-1, 1, 1, 1)
        )

    X_train, X, y_train = draw(which), draw(asked), labels[which]
    level_train, level = (A.mean(axis=(1, 2, 3)) for A in (X_train, X))
    means = np.array([level_train[y_train == label].mean() for label in labels])
    nearest = np.abs(level[:, None] - means).argmin(axis=1)
    image = np.abs(level[:, None] - level_train).argmin(axis=1)
    mistakes = [
        (nearest, "These are places in the list of classes, not the labels."),
        (y_train[image], "This is the nearest training image, not the nearest class."),
        (
            nearest_mean(X_train, y_train, X),
            "This compares all pixels, not one number.",
        ),
        (level, "These are the images' brightnesses; their labels are asked for."),
    ]
    found = array(function(answer)(X_train.copy(), y_train.copy(), X.copy()), (60,))
    hint = "Take each class's mean brightness, and for each image the nearest of them."
    match(found, labels[nearest], mistakes, hint)


def fresh_textures(n_per_class=100, noise=1.0, seed=56):
    """Stripes, checks and diagonals as page 5 draws them, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat([0, 1, 2], n_per_class))
    images = noise * rng.standard_normal((len(labels), 1, 24, 24))
    for image, label in zip(images, labels, strict=True):
        period, (down, right) = rng.choice([4, 6, 8]), rng.integers(8, size=2)
        i, j = np.mgrid[:24, :24] + np.reshape([down, right], (2, 1, 1))
        rows, columns, both = (k % period < period // 2 for k in (i, j, i + j))
        image += (rows, rows ^ columns, both)[label]
    return images.astype(np.float32), labels


@exercise("5.6")
def tell_the_textures_apart(answer):
    X, y = fresh_textures()
    found = function(answer)(X)
    if np.shape(found) == (len(X), 3):
        raise Wrong("These are scores or probabilities: take the largest of each row.")
    right = array(found, (len(X),)) == y
    share, stripes = right.mean(), right[y == 0].mean()
    told = f"≈ {share:.0%} of {len(X)} fresh images are right."
    if share < 0.45:
        raise Wrong(f"{told} Guessing gets a third.")
    if share <= 0.85 and stripes > 0.9:
        raise Wrong(
            f"{told} The stripes are found; checks and diagonals get mixed up. How do "
            "they differ if you go one pixel down and one to the left?"
        )
    if share <= 0.85:
        raise Wrong(f"{told} More epochs or a higher learning rate may help.")
    return told


@exercise("5.7")
def ask_five_times(answer):
    rng = np.random.default_rng(57)
    model = ResidualCNN(width=2)
    params = model.init(rng)
    x = rng.standard_normal((4, 1, 12, 12))

    def ask(*moves, axes=(2, 3)):
        versions = [np.roll(x, move, axis=axes) for move in moves]
        return np.array(
            [predict_logits(model, params, version) for version in versions]
        )

    moves = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]
    five, four = ask(*moves), ask(*moves[1:])
    powers = np.exp(five - five.max(axis=2, keepdims=True))
    probabilities = powers / powers.sum(axis=2, keepdims=True)
    mistakes = [
        (five[0], "These are the logits of the unmoved images alone."),
        (five.sum(axis=0), "This is the sum of the five; the mean is asked for."),
        (four.mean(axis=0), "The unmoved images are one of the five versions."),
        (probabilities.mean(axis=0), "This averages probabilities, not logits."),
        (
            ask(*moves, axes=(0, 1)).mean(axis=0),
            "The axes are wrong: rows and columns are axes 2 and 3 of (N, C, H, W).",
        ),
    ]
    found = array(function(answer)(model, params, x.copy()), five[0].shape)
    hint = "Five versions: unmoved, and np.roll by 1 or -1 along axis 2 or axis 3."
    match(found, five.mean(axis=0), mistakes, hint)


@exercise("5.8")
def fold_the_shortcut(answer):
    w, b, w_project, b_project = two_paths(np.random.default_rng(58))
    right_w, right_b = folded(w, b, w_project, b_project)
    corner = w.copy()
    corner[:, :, 0, 0] += w_project[:, :, 0, 0]
    given = [values.copy() for values in (w, b, w_project, b_project)]
    found = function(answer)(*given)
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong("The function should return two arrays: weights and bias.")
    weights, bias = (
        array_of(name, value, like.shape)
        for name, value, like in zip(("weights", "bias"), found, (w, b), strict=True)
    )
    centre = "Which of the nine weights lies on the pixel that the shortcut looks at?"
    mistakes = [
        (w + w_project, "The projection was added to all nine weights."),
        (corner, "With padding 1, the window's corner lies beside the pixel."),
        (w, "The weights of the projection are missing."),
    ]
    match(weights, right_w, mistakes, centre)
    lost = "A bias is missing: both convolutions add one."
    match(bias, right_b, [(b, lost), (b_project, lost)], "Each path adds its bias.")


@exercise("5.9")
def flaw_in_the_report(answer):
    part = choice(answer, ("split", "epochs", "interval", "patterns"))
    shares = reported_brightness()
    hints = {
        "split": "The split is sound: disjoint, balanced, three parts.",
        "epochs": "Choosing epochs is what validation images are there for.",
        "interval": "The Wilson interval is right for a share of 135 images.",
    }
    if part in hints:
        more = "What else, beside the pattern, differs between the classes?"
        raise Wrong(f"{hints[part]} {more}")
    told = ", ".join(f"{share:.0%}" for share in shares)
    return f"The shares of bright pixels are {told}."


def reported_brightness(period=8):
    """Share of bright pixels in the report's stripes, dots and grids."""
    i, j = np.mgrid[:24, :24]
    rows, columns = i % period < period // 2, j % period < period // 2
    return [image.mean() for image in (rows, rows & columns, rows | columns)]
