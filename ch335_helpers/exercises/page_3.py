"""Judges of notebook 3's exercises: steps, schedules, optimisers, overfitting."""

import math

import numpy as np

from ..training.optim import cosine, momentum_update
from . import ELSE, Wrong, exercise, function, match, number, pick, refuse


@exercise("3.1")
def steps(answer):
    n_images, batch_size, epochs = 5600, 64, 12
    per_epoch = math.ceil(n_images / batch_size)
    full_ones = n_images // batch_size * epochs
    unrounded = n_images / batch_size * epochs
    hints = {
        "That is one epoch.": per_epoch,
        "The images that are left over make another step in each epoch.": full_ones,
        "There is no half of a step: round for each epoch, then multiply.": unrounded,
        "A step takes a whole batch, not one image.": n_images * epochs,
        "How many batches does an epoch need, and how many epochs are there?": ELSE,
    }
    match(answer, per_epoch * epochs, hints)


@exercise("3.2")
def warm_up(answer):
    progress = np.linspace(0, 1, 41)  # both ends and the top are among them
    found = [function(answer)(float(p)) for p in progress]
    if any(factor is None for factor in found):
        raise Wrong("For some progress, your function returns None.")
    cosines, since_top = np.vectorize(cosine), np.clip(progress - 0.1, 0, 1)
    line, wave = 0.1 + 9 * progress, cosines(since_top / 0.9)

    def factors(rising=line, falling=wave):
        return np.where(progress < 0.1, rising, falling)

    too_high, too_flat = factors(line + progress), factors(falling=cosines(since_top))
    straight = factors(falling=1 - since_top / 0.9)
    hints = {
        "Where should the line start?": factors(rising=10 * progress),
        "Your line ends above 1. How much does it have to rise?": too_high,
        "Your wave has already begun to fall when the line ends: at progress 0.1 it "
        "should still be 1.": factors(falling=cosines(progress)),
        "Your wave starts well, but at progress 1 it has not come down to 0.": too_flat,
        "Your second part falls in a straight line, not along a wave.": straight,
        "Compare your factors at progress 0, 0.1 and 1, and half-way between.": ELSE,
    }
    match(np.array([number(factor) for factor in found]), factors(), hints)


CURVATURE = {"a": np.array([1.0, 10.0]), "b": np.array([3.0])}
START = {"a": np.array([1.0, -2.0]), "b": np.array([0.5])}


def path(update, decay=0.9, lr=0.02, n_steps=6):
    """Where an optimiser goes in a bowl, all coordinates of all steps in one row."""
    params = {name: value.copy() for name, value in START.items()}
    arrays, state, places = dict(params), {}, []
    for _ in range(n_steps):
        grads = {name: CURVATURE[name] * value for name, value in params.items()}
        given = {name: grad.copy() for name, grad in grads.items()}
        update(params, given, state, lr, decay)
        if not all(np.array_equal(given[n], grads[n], equal_nan=True) for n in grads):
            raise Wrong("Your function changes the gradients; leave them as they are.")
        if any(params[name] is not arrays[name] for name in arrays):
            raise Wrong(
                "Your function puts new arrays into params. Change those that are "
                "there, for instance with -=."
            )
        places.append(np.concatenate([params[name] for name in arrays]))
    return np.concatenate(places)


def with_velocity(keep, add, sign=-1):
    """An optimiser whose velocity is `keep` times the last one plus `add` gradients."""

    def update(params, grads, state, lr, decay):
        for name, grad in grads.items():
            state[name] = keep * state.get(name, 0) + add * grad
            params[name] += sign * lr * state[name]

    return update


@exercise("3.3")
def momentum(answer):
    update = function(answer)
    found = path(update)
    if not np.isfinite(found).all():
        raise Wrong("Your weights are no longer finite after a few steps.")
    averaging = path(with_velocity(0.9, 0.1))
    hints = {
        "Your function does not change params.": path(with_velocity(0, 0)),
        "The velocity forgets all earlier steps.": path(with_velocity(0, 1)),
        "The whole gradient is added to the velocity, not a tenth of it.": averaging,
        "It climbs: check the sign.": path(with_velocity(0.9, 1, sign=+1)),
        "It moves, but not as it should. Does the velocity last from one step to the "
        "next, and has every name in params a velocity of its own?": ELSE,
    }
    match(found, path(momentum_update), hints)
    hint = "With decay 0.9 it is right, with 0.5 it is not. Do you use decay?"
    match(path(update, decay=0.5), path(momentum_update, decay=0.5), hint)


@exercise("3.4")
def large_batch(answer):
    texts = {
        "lower": "Each step is better. But how many steps are there now?",
        "the same": "The images seen are the same. Is the number of steps?",
        "higher": "There are 20 steps instead of 280.",
    }
    return pick(answer, "higher", texts)


@exercise("3.5")
def random_labels(answer):
    if isinstance(answer, int) and not isinstance(answer, bool):
        answer = str(answer)
    texts = {
        "10": "That is guessing, and what new images would give. But the network sees "
        "these images thirty times.",
        "50": "Compare the number of parameters with that of images, and look at what "
        "happened to the 200 images on this page.",
        "100": "It has learnt them by heart.",
    }
    return pick(answer, "100", texts)


@exercise("3.6")
def flaws(answer):
    if isinstance(answer, list | tuple | set):
        answer = "".join(map(str, answer))
    if not isinstance(answer, str):
        raise Wrong("The answer is a word made of the letters of the statements.")
    letters = set(answer.lower()) - set(" ,.;")
    if not letters or letters - set("abcdef"):
        raise Wrong("Use the letters a to f, such as in 'af'.")
    fine = {
        "a": "Statement a is as it should be.",
        "b": "In b nothing is judged yet; training on the training part is right.",
        "c": "What c does is what the validation part is for.",
        "f": "Others can repeat the work thanks to f.",
    }
    refuse({hint: letter in letters for letter, hint in fine.items()})
    one_found = {
        "d": "One is found. Which reported number is too good?",
        "e": "One is found. Which part was used for a choice it is not for?",
    }
    refuse({hint: letters == {letter} for letter, hint in one_found.items()})
