"""The exercises of notebook 3: steps, schedules, optimisers, overfitting, choices."""

import math

import numpy as np

from ..training.optim import cosine
from . import Wrong, choice, exercise, function, match, number

N_IMAGES, BATCH_SIZE, EPOCHS = 5600, 64, 12
STEPS_PER_EPOCH = math.ceil(N_IMAGES / BATCH_SIZE)


@exercise("3.1")
def steps(answer):
    match(
        number(answer),
        STEPS_PER_EPOCH * EPOCHS,
        [
            (STEPS_PER_EPOCH, "That is one epoch."),
            (
                N_IMAGES // BATCH_SIZE * EPOCHS,
                "The images that are left over make another step in each epoch.",
            ),
            (
                N_IMAGES / BATCH_SIZE * EPOCHS,
                "There is no half of a step: round for each epoch, then multiply.",
            ),
            (N_IMAGES * EPOCHS, "A step takes a whole batch, not one image."),
        ],
        "How many batches does an epoch need, and how many epochs are there?",
    )


@exercise("3.2")
def warm_up(answer):
    schedule = function(answer)
    progress = np.linspace(0, 1, 41)  # both ends and the top are among them

    def factors(rising, falling):
        return np.array([rising(p) if p < 0.1 else falling(p) for p in progress])

    def line(p):
        return 0.1 + 9 * p

    def wave(p):
        return cosine((p - 0.1) / 0.9)

    found = [schedule(float(p)) for p in progress]
    if any(factor is None for factor in found):
        raise Wrong("For some progress, your function returns None.")
    match(
        np.array([number(factor) for factor in found]),
        factors(line, wave),
        [
            (factors(lambda p: 10 * p, wave), "Where should the line start?"),
            (
                factors(lambda p: 0.1 + 10 * p, wave),
                "Your line ends above 1. How much does it have to rise?",
            ),
            (
                factors(line, cosine),
                "Your wave has already begun to fall when the line ends: at progress "
                "0.1 it should still be 1.",
            ),
            (
                factors(line, lambda p: cosine(p - 0.1)),
                "Your wave starts well, but at progress 1 it has not come down to 0.",
            ),
            (
                factors(line, lambda p: 1 - (p - 0.1) / 0.9),
                "Your second part falls in a straight line, not along a wave.",
            ),
        ],
        "Compare your factors at progress 0, 0.1 and 1, and half-way between these.",
    )


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


def heavy_ball(velocity, grad, decay):
    return decay * velocity + grad


def running_mean(velocity, grad, decay):
    return decay * velocity + (1 - decay) * grad


def no_memory(velocity, grad, decay):
    return grad


def following(rule, sign=-1):
    """An optimiser that moves each weight against the velocity that a rule gives."""

    def update(params, grads, state, lr, decay):
        for name, grad in grads.items():
            state[name] = rule(state.get(name, 0 * grad), grad, decay)
            params[name] += sign * lr * state[name]

    return update


@exercise("3.3")
def momentum(answer):
    update = function(answer)
    found = path(update)
    if not np.isfinite(found).all():
        raise Wrong("Your weights are no longer finite after a few steps.")
    if np.array_equal(found, np.tile(np.concatenate([*START.values()]), 6)):
        raise Wrong("Your function does not change params.")
    match(
        found,
        path(following(heavy_ball)),
        [
            (path(following(no_memory)), "The velocity forgets all earlier steps."),
            (
                path(following(running_mean)),
                "The whole gradient is added to the velocity, not a tenth of it.",
            ),
            (path(following(heavy_ball, +1)), "It climbs: check the sign."),
        ],
        "It moves, but not as it should. Does the velocity last from one step to the "
        "next, and has every name in params a velocity of its own?",
    )
    match(
        path(update, decay=0.5),
        path(following(heavy_ball), decay=0.5),
        otherwise="With decay 0.9 it is right, with 0.5 it is not. Do you use decay?",
    )


@exercise("3.4")
def large_batch(answer):
    word = choice(answer, ("lower", "the same", "higher"))
    if word == "lower":
        raise Wrong("Each step is better. But how many steps are there now?")
    if word == "the same":
        raise Wrong("The images seen are the same. Is the number of steps?")
    return "There are 20 steps instead of 280."


@exercise("3.5")
def random_labels(answer):
    if isinstance(answer, int) and not isinstance(answer, bool):
        answer = str(answer)
    word = choice(answer, ("10", "50", "100"))
    if word == "10":
        raise Wrong(
            "That is guessing, and what new images would give. But these images the "
            "network sees thirty times."
        )
    if word == "50":
        raise Wrong(
            "Compare the number of learnt numbers with that of images, and look at "
            "what happened to the 200 images on this page."
        )
    return "It has learnt them by heart."


@exercise("3.6")
def flaws(answer):
    if isinstance(answer, list | tuple | set):
        answer = "".join(map(str, answer))
    if not isinstance(answer, str):
        raise Wrong("The answer is a word made of the letters of the statements.")
    letters = set(answer.lower()) - set(" ,.;")
    if not letters or not letters <= set("abcdef"):
        raise Wrong("Use the letters a to f, such as in 'af'.")
    fine = {
        "a": "Statement a is as it should be.",
        "b": "In b nothing is judged yet; training on the training part is right.",
        "c": "What c does is what the validation part is for.",
        "f": "Others can repeat the work thanks to f.",
    }
    for letter in sorted(letters & set(fine)):
        raise Wrong(fine[letter])
    if letters == {"d"}:
        raise Wrong("One is found. Which reported number is too good?")
    if letters == {"e"}:
        raise Wrong(
            "One is found. Which part has been used for a choice it is not for?"
        )
