"""The exercises of page 5: right answers pass, typical mistakes get their hint."""

import numpy as np
from cases import Case, hold

from ch335_helpers import (
    Chain,
    Conv,
    GlobalAvgPool,
    Linear,
    MaxPool,
    ReLU,
    Residual,
    ResidualCNN,
    SimpleCNN,
    check,
    conv2d,
    fit,
    n_parameters,
    nearest_mean,
    nearest_neighbour,
    predict,
    predict_logits,
)
from ch335_helpers.exercises.page_5 import folded, fresh_textures


def model_with(*block):
    return Chain(
        Conv("conv1", 1, 8), ReLU(), MaxPool(), *block, MaxPool(),
        GlobalAvgPool(), Linear("linear", 16, 10),
    )  # fmt: skip


MAIN, PROJECT = Conv("conv2", 8, 16), Conv("project", 8, 16, kernel=1)
WITH_SHORTCUT = model_with(Residual(MAIN, PROJECT, name="block"), ReLU())
OTHER_WAY = model_with(Residual(PROJECT, MAIN, name="sum"), ReLU("relu2"))
NO_PROJECTION = model_with(Residual(MAIN, name="block"), ReLU())
WIDE = model_with(Residual(MAIN, Conv("project", 8, 16), name="block"), ReLU())
NO_BIAS = Conv("project", 8, 16, kernel=1, bias=False)
WITHOUT_BIAS = model_with(Residual(MAIN, NO_BIAS, name="block"), ReLU())
BENT_EARLY = model_with(Residual(Chain(MAIN, ReLU()), PROJECT, name="block"))
BENT_TWICE = model_with(
    Residual(Chain(MAIN, ReLU()), PROJECT, name="block"), ReLU("again")
)


def backward_naive(x, w, dy):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    kH, kW = w.shape[2:]
    for n, f, i, j in np.ndindex(dy.shape):
        window = np.s_[n, :, i : i + kH, j : j + kW]
        dw[f] += dy[n, f, i, j] * x[window]
        dx[window] += dy[n, f, i, j] * w[f]
    return dx, dw, dy.sum(axis=(0, 2, 3))


def backward_fast(x, w, dy):
    return conv2d(x, w, np.zeros(len(w)))[1](dy)


def written_over(x, w, dy):
    dx, dw, db = backward_naive(x, w, dy)
    for n, f, i, j in np.ndindex(dy.shape):
        window = np.s_[n, :, i : i + w.shape[2], j : j + w.shape[3]]
        dx[window] = dy[n, f, i, j] * w[f]
    return dx, dw, db


def changed(**changes):
    """The right gradients with some of them put through a function."""

    def answer(x, w, dy):
        found = dict(zip(("dx", "dw", "db"), backward_fast(x, w, dy), strict=True))
        return tuple(changes.get(name, lambda g: g)(g) for name, g in found.items())

    return answer


def turned(w):
    return w[:, :, ::-1, ::-1]


def by_brightness(X_train, y_train, X):
    classes = np.unique(y_train)
    level = X_train.mean(axis=(1, 2, 3))
    means = [level[y_train == label].mean() for label in classes]
    return classes[np.abs(X.mean(axis=(1, 2, 3))[:, None] - means).argmin(axis=1)]


def by_brightness_of(classify):
    """Brightness as a single pixel for a classifier of the package."""

    def answer(X_train, y_train, X):
        small = (A.mean(axis=(1, 2, 3), keepdims=True) for A in (X_train, X))
        train, asked = small
        return classify(train, y_train, asked)

    return answer


def places(X_train, y_train, X):
    return np.searchsorted(np.unique(y_train), by_brightness(X_train, y_train, X))


def network():
    """The texture network of the page, as a function of images."""
    (X, y), (X_val, y_val) = (fresh_textures(n, seed=n) for n in (210, 45))
    model = SimpleCNN(n_classes=3)
    settings = {"epochs": 25, "lr": 2e-2, "batch_size": 32, "progress": False}
    run = fit(model, X, y, X_val, y_val, **settings)
    return lambda images: predict_logits(model, run.params, images).argmax(axis=1)


def by_hand(images):
    """Row means find the stripes, steps along the two diagonals do the rest."""
    X = images[:, 0] - images.mean(axis=(1, 2, 3))[:, None, None]
    left, right = (
        sum((X * np.roll(X, (d, sign * d), (1, 2))).mean((1, 2)) for d in (1, 2))
        for sign in (-1, 1)
    )
    diagonal = left - right
    labels = np.where(diagonal > np.median(diagonal) + 0.15, 2, 1)
    return np.where(X.mean(axis=2).var(axis=1) > 0.13, 0, labels)


def stripes_alone(images):
    return np.where(images.mean(axis=3).var(axis=(1, 2)) > 0.13, 0, 1)


def half_wrong(images):
    _, y = fresh_textures()
    return np.where(np.arange(len(y)) % 2, y, (y + np.arange(len(y)) // 2 % 2) % 3)


MOVES = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]


def averaged(moves=MOVES, mean=np.mean, ask=predict_logits, axes=(2, 3)):
    def answer(model, params, x):
        versions = [np.roll(x, move, axis=axes) for move in moves]
        return mean([ask(model, params, v) for v in versions], axis=0)

    return answer


def fold(w, b, w_project, b_project, at=(1, 1)):
    w = w.copy()
    w[(..., *at)] += w_project[..., 0, 0]
    return w, b + b_project


N = n_parameters(ResidualCNN())
STORED = sum(a.size for a in ResidualCNN().init(np.random.default_rng(0)).values())
CASES = {
    "5.1": Case(
        right=[WITH_SHORTCUT, OTHER_WAY],
        wrong=[
            (SimpleCNN(n_classes=10), "where is the shortcut"),
            (NO_PROJECTION, "without a projection"),
            (WIDE, "3 x 3 kernel"),
            (WITHOUT_BIAS, "with its bias"),
            (SimpleCNN(n_classes=4), "1,316 parameters"),
            (BENT_EARLY, "after the sum"),
            (BENT_TWICE, "another way"),
            (Chain, "yours is type"),
            ("a Chain", "yours is str"),
        ],
    ),
    "5.2": Case(
        right=["same", " Same "],
        wrong=[("more", "more weights"), ("fewer", "all zeros"), ("both", "one of")],
    ),
    "5.3": Case(
        right=[backward_naive, backward_fast],
        wrong=[
            (written_over, "Windows overlap"),
            (lambda x, w, dy: backward_fast(x, w, dy)[:2], "three arrays"),
            (lambda x, w, dy: (*backward_fast(x, w, dy)[1::-1], 0), "wrong order"),
            (changed(dx=lambda g: g[:1]), "dx: The shape"),
            (changed(dw=lambda g: g / 2), "number of images"),
            (changed(dw=turned), "turned by 180"),
            (changed(dw=lambda g: 0 * g), "dw is all zeros"),
            (changed(dw=lambda g: g + 1), "dw: for each output"),
            (lambda x, w, dy: backward_fast(x, turned(w), dy), "filter is turned"),
            (changed(dx=lambda g: 0 * g), "dx is all zeros"),
            (changed(dx=lambda g: g + 1), "dx: for each output"),
            (changed(db=lambda g: g / 32), "db is a mean"),
            (changed(db=lambda g: 0 * g), "db is all zeros"),
            (changed(db=lambda g: g + 1), "db: add up"),
            (3, "its name, without brackets"),
        ],
    ),
    "5.4": Case(
        right=[2 * N * 88, float(2 * N * 88)],
        wrong=[
            (N * 88, "both sides"),
            (2 * N, "one step"),
            (N, "number of parameters"),
            (2 * 88, "one single parameter"),
            (2 * N * 88 * 64, "whole batch"),
            (2 * STORED * 88, "not learnt"),
            (1.0, "Multiply"),
            ("many", "The answer is a number"),
        ],
    ),
    "5.5": Case(
        right=[by_brightness, by_brightness_of(nearest_mean)],
        wrong=[
            (places, "not the labels"),
            (by_brightness_of(nearest_neighbour), "nearest training image"),
            (nearest_mean, "all pixels"),
            (lambda X_train, y_train, X: X.mean(axis=(1, 2, 3)), "brightnesses"),
            (lambda X_train, y_train, X: np.full(len(X), 5), "the nearest of them"),
            (lambda X_train, y_train, X: None, "Numbers are asked for"),
        ],
    ),
    "5.6": Case(
        right=[network(), by_hand],
        wrong=[
            (lambda images: np.zeros(len(images), int), "Guessing"),
            (stripes_alone, "stripes are found"),
            (half_wrong, "More epochs"),
            (lambda images: np.zeros((len(images), 3)), "largest of each row"),
            (lambda images: images, "The shape"),
        ],
    ),
    "5.7": Case(
        right=[averaged()],
        wrong=[
            (predict_logits, "unmoved images alone"),
            (averaged(mean=np.sum), "the sum of the five"),
            (averaged(MOVES[1:]), "one of the five"),
            (averaged(ask=predict), "not logits"),
            (averaged(axes=(0, 1)), "axes 2 and 3"),
            (averaged(MOVES[:3]), "Five versions"),
        ],
    ),
    "5.8": Case(
        right=[fold],
        wrong=[
            (lambda w, b, v, c: (w + v, b + c), "all nine"),
            (lambda w, b, v, c: fold(w, b, v, c, at=(0, 0)), "corner"),
            (lambda w, b, v, c: (w, b + c), "projection are missing"),
            (lambda w, b, v, c: fold(w, b, v, c, at=(2, 1)), "Which of the nine"),
            (lambda w, b, v, c: (fold(w, b, v, c)[0], b), "both convolutions"),
            (lambda w, b, v, c: (fold(w, b, v, c)[0], 2 * b), "Each path"),
            (lambda w, b, v, c: fold(w, b, v, c)[0], "two arrays"),
        ],
    ),
    "5.9": Case(
        right=["patterns", "Patterns"],
        wrong=[
            ("split", "The split is sound"),
            ("epochs", "Choosing epochs"),
            ("interval", "Wilson"),
            ("network", "one of"),
        ],
    ),
}


def test_the_folded_convolution_does_what_the_two_paths_do():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 2, 5, 6)), rng.standard_normal((3, 2, 3, 3))
    w_project, (b, b_project) = rng.normal(size=(3, 2, 1, 1)), rng.normal(size=(2, 3))
    plain = conv2d(x, w, b, padding=1)[0]
    both = plain + conv2d(x, w_project, b_project)[0]
    for fold_it in (fold, folded):
        one = conv2d(x, *fold_it(w, b, w_project, b_project), padding=1)[0]
        assert np.allclose(one, both)
    assert np.allclose(plain + conv2d(x, 0 * w_project)[0], plain)


def test_brightness_gives_the_patterns_of_the_report_away():
    i, j = np.mgrid[:24, :24]
    rows, columns = i % 8 < 4, j % 8 < 4
    shares = [image.mean() for image in (rows, rows & columns, rows | columns)]
    printed = ", ".join(f"{share:.0%}" for share in shares)
    assert printed in check("5.9", "patterns").text


def test_the_exercises_of_page_5_judge_as_they_should():
    hold(5, CASES)
