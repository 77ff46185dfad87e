"""Judges of notebook 1's exercises: data."""

import numpy as np

from ..data.baselines import nearest_neighbour
from ..data.shapes import Geometry, make_synthetic_images, shape_templates
from ..data.split import train_val_test_split
from . import ELSE, Wrong, array, call, exercise, match, number, pick, refuse, returned


@exercise("1.1")
def different_images(answer):
    templates = shape_templates()
    n_classes, n_places = templates.shape[:2]
    counts = [len({t.tobytes() for t in group}) for group in templates]
    guess = number(answer)
    one_class = min(counts, key=lambda count: abs(count - guess))  # the nearest
    centres = {(i, j) for i, j, _ in Geometry.of(32).placements()}
    one_size = n_classes * len(centres)
    hints = {
        "That counts equal images more than once.": n_classes * n_places,
        "That is the number of placements of one class.": n_places,
        "That is the number for a single class. Add up all ten.": one_class,
        "That counts places of the centre only: shapes have several sizes.": one_size,
        "Compare whole images over all classes, say by `t.tobytes()` in a set.": ELSE,
    }
    match(guess, sum(counts), hints)
    return "Images of different classes are never equal, or the task would be unfair."


@exercise("1.2")
def shuffled_pixels(answer):
    texts = {
        "falls": "Your eye would do worse. But how does nearest neighbour compare two "
        "images? Write down the distance, and shuffle its terms.",
        "stays": "A distance is a sum over pixels, in whatever order.",
        "rises": "The order of the pixels is the same in all images: nothing new is "
        "known about the labels. Write down the distance of two images.",
    }
    return pick(answer, "stays", texts)


@exercise("1.3")
def shape_of_ones_own(answer):
    i, j = np.mgrid[-10:11, -10:11]
    for r, stroke in ((6, 3), (9, 3), (4, 1)):
        found = array(returned(call(answer, i, j, r, stroke)), i.shape)
        if found.dtype != bool:
            raise Wrong(f"Booleans are asked for; yours have dtype {found.dtype}.")
        box = np.maximum(abs(i), abs(j)) <= r
        bar, stem = box & (i < stroke - r), box & (2 * abs(j) < stroke)
        right = bar | stem
        beyond = np.where(box, right, found)
        hints = {
            f"The strokes go on beyond the box of radius r (seen for r = {r}).": beyond,
            "It stands on its head: row -r is the top.": right[::-1],
            "It lies on its side: i counts rows, j counts columns.": right.T,
            "The upright stroke is missing.": bar,
            "The stroke on top is missing.": stem,
            "That is where both strokes overlap: join them by `|`.": bar & stem,
            f"For r = {r} and stroke = {stroke}, {(found != right).sum()} of "
            f"{right.size} pixels differ. Print your `shape(i, j, {r}, {stroke})` "
            "for small i and j.": ELSE,
        }
        match(found, right, hints)


def first_share(exponents):
    """The first of two exponentials' share of their sum."""
    return 1 / (1 + np.exp(exponents[1] - exponents[0]))


@exercise("1.4")
def two_templates(answer):
    rng = np.random.default_rng(14)
    t_0, t_1 = (rng.random((2, 6, 6)) < 0.5).astype(float)
    t_1[:3] = 0  # another amount of white than in t_0, so that t·t counts
    for s in (1.7, 0.9):
        x = (t_0 + t_1) / 2 + 0.3 * s * rng.standard_normal((6, 6))
        products = np.array([(x * t).sum() for t in (t_0, t_1)])
        squares = np.array([((x - t) ** 2).sum() for t in (t_0, t_1)])
        right = first_share(-squares / (2 * s**2))
        not_halved = first_share(-squares / s**2)
        by_products = first_share(products / s**2)
        by_root = first_share(-np.sqrt(squares) / (2 * s**2))
        density = np.exp(-squares[0] / (2 * s**2))
        hints = {
            "That is the probability of t_1.": 1 - right,
            "The noise enters squared.": first_share(-squares / (2 * s)),
            "The squared distance is divided by twice the squared noise.": not_halved,
            "If you use x·t, half of t·t must be taken away from it.": by_products,
            "The distance enters squared: there is no root.": by_root,
            "That is not a share yet: divide by the sum for both templates.": density,
            "Take the density of x for each template, then the first's share.": ELSE,
        }
        match(returned(call(answer, x, t_0, t_1, s)), right, hints)
    # 36 pixels, each 60 standard deviations away: exp() alone is 0 or infinite
    x = 3 * t_0 + 3 * t_1 + 3
    with np.errstate(all="ignore"):
        found = call(answer, x, t_0, t_1, 0.05)
    right = ((x - t_0) ** 2).sum() < ((x - t_1) ** 2).sum()
    if not np.isfinite(found) or abs(found - right) > 1e-9:
        raise Wrong(
            "With weak noise an exponential overflows or becomes 0. Subtract the "
            "larger exponent from both first."
        )


@exercise("1.5")
def flaw_in_the_split(answer):
    texts = {
        "copy": "An image and its brighter copy can land in different parts, and then "
        "the nearest neighbour is the copy. Split first, then copy training images "
        "only.",
        "split": "A random split with these shares is right. Look at what it splits.",
        "chose": "Choosing on the validation part is what that part is for.",
        "opened": "Opening the test part once, at the end, is as it should be.",
    }
    return pick(answer, "copy", texts)


@exercise("1.6")
def easy_enough_noise(answer):
    noise = number(answer)
    hints = {
        "A standard deviation is above 0.": noise <= 0,
        "At this noise no image is hard: it can bear more noise.": noise < 0.01,
        "The answer is a standard deviation such as 0.7, not a percentage.": noise > 5,
    }
    refuse(hints)
    split = train_val_test_split(*make_synthetic_images(800, noise=noise))
    found = nearest_neighbour(split.X_train, split.y_train, split.X_val)
    accuracy = (found == split.y_val).mean()
    reached = f"At this noise it gets ≈ {accuracy:.1%}"
    hints = {
        f"{reached}: that is still too noisy.": accuracy < 0.89,
        f"{reached}: it can bear more noise.": accuracy > 0.91,
    }
    refuse(hints)
    return f"{reached}."
