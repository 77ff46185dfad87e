"""The exercises of notebook 1."""

import numpy as np

from ..data.baselines import nearest_neighbour
from ..data.shapes import Geometry, make_synthetic_images, shape_templates
from ..data.split import train_val_test_split
from . import Wrong, array, choice, exercise, function, match, number


@exercise("1.1")
def different_images(answer):
    templates = shape_templates()
    n_classes, n_places = templates.shape[:2]
    counts = [len({t.tobytes() for t in group}) for group in templates]
    mistakes = [
        (n_classes * n_places, "That counts equal images more than once."),
        (n_places, "That is the number of placements of one class."),
        *(
            (count, "That is the number for a single class. Add up all ten.")
            for count in sorted(set(counts))
        ),
        (
            n_classes * len(set(map(tuple, Geometry.of(32).placements()[:, :2]))),
            "That counts places of the centre only: most shapes have several sizes.",
        ),
    ]
    text = "Compare whole images over all classes, say by `t.tobytes()` in a set."
    match(number(answer), sum(counts), mistakes, text)
    return "Images of different classes are never equal, or the task would be unfair."


@exercise("1.2")
def shuffled_pixels(answer):
    word = choice(answer, ("falls", "stays", "rises"))
    if word == "falls":
        raise Wrong(
            "Your eye would do worse. But how does nearest neighbour compare two "
            "images? Write down the distance, and shuffle its terms."
        )
    if word == "rises":
        raise Wrong(
            "The order of the pixels is the same in all images: nothing new is known "
            "about the labels. Write down the distance of two images."
        )
    return "A distance is a sum over pixels, in whatever order."


def _letter_t(i, j, r, stroke):
    box = np.maximum(abs(i), abs(j)) <= r
    return box & ((i < stroke - r) | (2 * abs(j) < stroke))


@exercise("1.3")
def shape_of_ones_own(answer):
    shape = function(answer)
    for r, stroke in ((6, 3), (9, 3), (4, 1)):
        i, j = np.mgrid[-10:11, -10:11]
        found = shape(i.copy(), j.copy(), r, stroke)
        if found is None or found is ...:
            raise Wrong("The function returns nothing yet: it lacks a `return`.")
        found = array(found, i.shape)
        if found.dtype != bool:
            raise Wrong(f"Booleans are asked for; yours have dtype {found.dtype}.")
        right = _letter_t(i, j, r, stroke)
        box = np.maximum(abs(i), abs(j)) <= r
        bar, stem = right & (i < stroke - r), right & (2 * abs(j) < stroke)
        if np.array_equal(found & box, right) and (found & ~box).any():
            raise Wrong(
                f"The strokes go on beyond the box of radius r (seen for r = {r})."
            )
        mistakes = [
            (right[::-1], "It stands on its head: row -r is the top."),
            (right.T, "It lies on its side: i counts rows, j counts columns."),
            (bar, "The upright stroke is missing."),
            (stem, "The stroke on top is missing."),
            (bar & stem, "That is where both strokes overlap: join them by `|`."),
        ]
        text = (
            f"For r = {r} and stroke = {stroke}, {(found != right).sum()} of "
            f"{right.size} pixels differ. Print your `shape(i, j, {r}, {stroke})` "
            "for small i and j."
        )
        match(found, right, mistakes, text)


@exercise("1.4")
def two_templates(answer):
    belief = function(answer)
    rng = np.random.default_rng(14)
    t_0, t_1 = (rng.random((2, 6, 6)) < 0.5).astype(float)
    t_1[:3] = 0  # another amount of white than in t_0, so that t·t counts
    for s in (1.7, 0.9):
        x = (t_0 + t_1) / 2 + 0.3 * s * rng.standard_normal((6, 6))
        found = belief(x, t_0, t_1, s)
        if found is None or found is ...:
            raise Wrong("The function returns nothing yet: it lacks a `return`.")

        def share(one, other):
            return 1 / (1 + np.exp(other - one))

        d_0, d_1 = ((x - t_0) ** 2).sum(), ((x - t_1) ** 2).sum()
        right = share(-d_0 / (2 * s**2), -d_1 / (2 * s**2))
        mistakes = [
            (1 - right, "That is the probability of t_1."),
            (share(-d_0 / (2 * s), -d_1 / (2 * s)), "The noise enters squared."),
            (
                share(-d_0 / s**2, -d_1 / s**2),
                "The squared distance is divided by twice the squared noise.",
            ),
            (
                share((x * t_0).sum() / s**2, (x * t_1).sum() / s**2),
                "If you use x·t, half of t·t must be taken away from it.",
            ),
            (
                share(-np.sqrt(d_0) / (2 * s**2), -np.sqrt(d_1) / (2 * s**2)),
                "The distance enters squared: there is no root.",
            ),
            (
                np.exp(-d_0 / (2 * s**2)),
                "That is not a share yet: divide by the sum for both templates.",
            ),
        ]
        text = "Take the density of x for both templates, then the share of the first."
        match(number(found), right, mistakes, text)
    # 36 pixels, each 60 standard deviations away: exp() alone is 0 or infinite
    x = 3 * t_0 + 3 * t_1 + 3
    with np.errstate(all="ignore"):
        found = belief(x, t_0, t_1, 0.05)
    d_0, d_1 = ((x - t_0) ** 2).sum(), ((x - t_1) ** 2).sum()
    text = (
        "With weak noise an exponential overflows or becomes 0. Subtract the larger "
        "exponent from both first."
    )
    if not np.isfinite(found) or abs(found - (d_0 < d_1)) > 1e-9:
        raise Wrong(text)


@exercise("1.5")
def flaw_in_the_split(answer):
    word = choice(answer, ("copy", "split", "chose", "opened"))
    hints = {
        "split": "A random split with these shares is right. Look at what it splits.",
        "chose": "Choosing on the validation part is what that part is for.",
        "opened": "Opening the test part once, at the end, is as it should be.",
    }
    if word in hints:
        raise Wrong(hints[word])
    return (
        "An image and its brighter copy can land in different parts, and then the "
        "nearest neighbour is the copy. Split first, then copy training images only."
    )


@exercise("1.6")
def easy_enough_noise(answer):
    noise = number(answer)
    if noise <= 0:
        raise Wrong("A standard deviation is above 0.")
    if noise < 0.01:
        raise Wrong("At this noise no image is hard: it can bear more noise.")
    if noise > 5:
        raise Wrong("The answer is a standard deviation such as 0.7, not a percentage.")
    split = train_val_test_split(*make_synthetic_images(800, noise=noise))
    found = nearest_neighbour(split.X_train, split.y_train, split.X_val)
    accuracy = (found == split.y_val).mean()
    if accuracy < 0.89:
        raise Wrong(f"At this noise it gets {accuracy:.1%}: that is still too noisy.")
    if accuracy > 0.91:
        raise Wrong(f"At this noise it gets {accuracy:.1%}: it can bear more noise.")
    return f"At this noise it gets ≈ {accuracy:.1%}."
