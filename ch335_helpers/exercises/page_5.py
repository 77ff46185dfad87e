"""Judges of notebook 5's exercises: shortcuts, loops and other images."""

import numpy as np

from ..data.baselines import nearest_mean, nearest_neighbour
from ..evaluation.prediction import predict_logits
from ..model.layers import Conv, GlobalAvgPool, Linear, MaxPool, ReLU
from ..model.models import ResidualCNN, SimpleCNN
from ..model.network import Chain, Layer, Residual, n_parameters
from ..model.ops import conv2d, softmax
from . import ELSE, Wrong, array, arrays, call, exercise, match, parts, pick, refuse


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


def holds_a_sum(layer):
    """Whether there is a `Residual` in a layer."""
    return isinstance(layer, Residual) or any(map(holds_a_sum, layer.parts or ()))


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
    right, found = shortcut_model(), shapes(answer)
    plain = found == shapes(SimpleCNN(n_classes=10))
    plain_sum = plain and holds_a_sum(answer)
    wide = found == shapes(shortcut_model(kernel=3))
    hints = {
        "This is a sum without a projection, so the shapes cannot fit.": plain_sum,
        "These are the parameters of the plain model: where is the shortcut?": plain,
        "The shortcut has a 3 x 3 kernel, which is the default of Conv.": wide,
        f"It has {n_parameters(answer):,} parameters. Only a 1 x 1 convolution from 8 "
        "to 16 channels, with its bias, should be new.": found != shapes(right),
    }
    refuse(hints)
    early = outputs(shortcut_model(bend_before=True))
    hints = {
        "The ReLU comes after the sum: here only the main path has it.": early,
        "The layers have the right parameters, but are put together in another way. "
        "Both convolutions of the block should get the same input, and their sum goes "
        "to the ReLU.": ELSE,
    }
    match(outputs(answer), outputs(right), hints)


@exercise("5.2")
def what_the_shortcut_adds(answer):
    texts = {
        "more": "It has more weights, but look at what stands between the two "
        "convolutions and their sum: nothing. What kind of operation is the sum?",
        "same": "The folded text says why.",
        "fewer": "What does the new model do if the projection is all zeros?",
    }
    return pick(answer, "same", texts)


def written_over(x, w, dy):
    """The dx of a convolution in loops that keep the last output's share alone."""
    dx = np.zeros_like(x)
    for n, f, i, j in np.ndindex(dy.shape):
        dx[n, :, i : i + w.shape[2], j : j + w.shape[3]] = dy[n, f, i, j] * w[f]
    return dx


@exercise("5.3")
def backwards_in_loops(answer):
    rng = np.random.default_rng(53)
    x, w = rng.standard_normal((2, 3, 5, 6)), rng.standard_normal((4, 3, 2, 3))
    b, dy = np.zeros(4), rng.standard_normal((2, 4, 4, 4))
    hint = "The function should return three arrays: dx, dw, db."
    found = parts(call(answer, x, w, dy), 3, hint)
    if np.shape(found[0]) == w.shape and np.shape(found[1]) == x.shape:
        raise Wrong("dx and dw are in the wrong order: dx has the shape of x.")
    dx, dw, db = arrays(found, dx=x.shape, dw=w.shape, db=b.shape)
    right_dx, right_dw, right_db = conv2d(x, w, b)[1](dy)
    turned_dx, _, _ = conv2d(x, w[:, :, ::-1, ::-1], b)[1](dy)
    hints = {
        "dw is divided by the number of images; dy has done that.": right_dw / len(x),
        "dw is turned by 180°.": right_dw[:, :, ::-1, ::-1],
        "dw is all zeros.": 0 * w,
        "dw: for each output, which pixel does this weight lie on? Add up dy times "
        "that pixel.": ELSE,
    }
    match(dw, right_dw, hints)
    over = written_over(x, w, dy)
    hints = {
        "Windows overlap: add to a pixel's gradient, don't write over it.": over,
        "dx: the filter is turned round.": turned_dx,
        "dx is all zeros.": 0 * x,
        "dx: for each output, which weight lies on this pixel? Add up dy times that "
        "weight.": ELSE,
    }
    match(dx, right_dx, hints)
    hints = {
        "db is a mean; the chain rule asks for a sum.": dy.mean(axis=(0, 2, 3)),
        "db holds the last image alone.": dy[-1].sum(axis=(1, 2)),
        "db is all zeros.": b,
        "db: add up dy over images, rows and columns.": ELSE,
    }
    match(db, right_db, hints)


@exercise("5.4")
def epoch_without_backpropagation(answer):
    model, steps = ResidualCNN(), 88
    n, passes = n_parameters(model), 2 * n_parameters(model) * steps
    stored = sum(np.prod(p.shape) for p in model.parameters().values())
    hints = {
        "A central difference looks at both sides of the weight.": n * steps,
        "That is one step of the epoch.": 2 * n,
        "That is the number of parameters.": n,
        "That is for one single parameter.": 2 * steps,
        "Running averages are stored, but not learnt.": 2 * stored * steps,
        "A forward pass takes the whole batch at once.": 64 * passes,
        "Multiply: passes for each parameter, parameters, steps.": ELSE,
    }
    match(answer, passes, hints)


@exercise("5.5")
def brightness_alone(answer):
    rng = np.random.default_rng(55)
    labels, levels = np.array([2, 5, 7]), np.array([0.0, 0.3, 1.0])

    def draw(classes):
        """Images of given levels, and each one's mean brightness as its only pixel."""
        # images of one class differ in brightness, too
        level = levels[classes] + 0.1 * rng.standard_normal(len(classes))
        level = level.reshape(-1, 1, 1, 1)
        pixels = rng.standard_normal((len(classes), 1, 4, 5))
        return pixels - pixels.mean(axis=(1, 2, 3), keepdims=True) + level, level

    which = rng.permutation(np.repeat([0, 1, 2], (30, 10, 20)))
    (X_train, level_train), y_train = draw(which), labels[which]
    X, level = draw(np.arange(60) % 3)
    right = nearest_mean(level_train, y_train, level)
    nearest_image = nearest_neighbour(level_train, y_train, level)
    by_pixels = nearest_mean(X_train, y_train, X)
    places = np.searchsorted(labels, right)
    hints = {
        "These are places in the list of classes, not the labels.": places,
        "This is the nearest training image, not the nearest class.": nearest_image,
        "This compares all pixels, not one number.": by_pixels,
        "These are the images' brightnesses; labels are asked for.": level.ravel(),
        "Take each class's mean brightness. An image gets the nearest of them.": ELSE,
    }
    match(call(answer, X_train, y_train, X), right, hints)


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
    found = call(answer, X)
    if np.shape(found) == (len(X), 3):
        raise Wrong("These are scores or probabilities: take the largest of each row.")
    right = array(found, (len(X),)) == y
    share, stripes = right.mean(), right[y == 0].mean()
    score = f"≈ {share:.0%} of {len(X)} fresh images are right."
    too_few = share <= 0.85
    mixed_up = too_few and stripes > 0.9
    hints = {
        f"{score} Guessing gets a third.": share < 0.45,
        f"{score} The stripes are found; checks and diagonals get mixed up. How do "
        "they differ if you go one pixel down and one to the left?": mixed_up,
        f"{score} More epochs or a higher learning rate may help.": too_few,
    }
    refuse(hints)
    return score


@exercise("5.7")
def ask_five_times(answer):
    rng = np.random.default_rng(57)
    model = ResidualCNN(width=2)
    params, x = model.init(rng), rng.standard_normal((4, 1, 12, 12))
    moves = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]

    def ask(axes):
        versions = [np.roll(x, move, axis=axes) for move in moves]
        return np.array([predict_logits(model, params, each) for each in versions])

    five, other_axes = ask((2, 3)), ask((0, 1)).mean(axis=0)
    probabilities = np.array([softmax(logits) for logits in five])
    hints = {
        "These are the logits of the unmoved images alone.": five[0],
        "This is the sum of the five; the mean is asked for.": five.sum(axis=0),
        "The unmoved images are one of the five versions.": five[1:].mean(axis=0),
        "This averages probabilities, not logits.": probabilities.mean(axis=0),
        "Wrong axes: rows and columns are axes 2 and 3 of (N, C, H, W).": other_axes,
        "Five versions: unmoved, and np.roll by 1 or -1 along axis 2 or axis 3.": ELSE,
    }
    match(call(answer, model, params, x), five.mean(axis=0), hints)


def folded(w, b, w_project, b_project, *, at=1):
    """The one 3 x 3 convolution that a 3 x 3 and a 1 x 1 convolution add up to."""
    w = w.copy()
    w[:, :, at, at] += w_project[:, :, 0, 0]
    return w, b + b_project


@exercise("5.8")
def fold_the_shortcut(answer):
    rng = np.random.default_rng(58)
    w, b, w_project, b_project = given = [
        rng.standard_normal(shape) for shape in ((3, 2, 3, 3), 3, (3, 2, 1, 1), 3)
    ]
    right_w, right_b = folded(*given)
    hint = "The function should return two arrays: weights and bias."
    found = parts(call(answer, *given), 2, hint)
    weights, bias = arrays(found, weights=w.shape, bias=b.shape)
    corner, _ = folded(*given, at=0)
    one_bias = b if np.allclose(bias, b) else b_project
    hints = {
        "The projection was added to all nine weights.": w + w_project,
        "With padding 1, the window's corner lies beside the pixel.": corner,
        "The weights of the projection are missing.": w,
        "Which of the nine weights lies on the pixel that the shortcut looks at?": ELSE,
    }
    match(weights, right_w, hints)
    hints = {
        "A bias is missing: both convolutions add one.": one_bias,
        "Each path adds its bias.": ELSE,
    }
    match(bias, right_b, hints)


@exercise("5.9")
def flaw_in_the_report(answer):
    more = "What else, beside the pattern, differs between the classes?"
    texts = {
        "split": f"The split is sound: disjoint, balanced, three parts. {more}",
        "epochs": f"Choosing epochs is what validation images are there for. {more}",
        "interval": f"The Wilson interval is right for a share of 135 images. {more}",
        "patterns": "The shares of bright pixels are 50%, 25%, 75%.",
    }
    return pick(answer, "patterns", texts)
