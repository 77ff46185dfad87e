"""The exercises of notebook 3."""

import numpy as np
from cases import Case, hold

from ch335_helpers import cosine


def warm_up(progress):
    if progress < 0.1:
        return 0.1 + 0.9 * progress / 0.1
    return 0.5 * (1 + np.cos(np.pi * (progress - 0.1) / 0.9))


def rising_from(first, rise=None):
    def schedule(progress):
        slope = 1 - first if rise is None else rise
        early = first + slope * progress / 0.1
        return early if progress < 0.1 else warm_up(progress)

    return schedule


def falling(late):
    return lambda progress: warm_up(progress) if progress < 0.1 else late(progress)


def momentum(params, grads, state, lr, decay=0.9):
    for name, grad in grads.items():
        velocity = state.setdefault(name, np.zeros_like(params[name]))
        velocity *= decay
        velocity += grad
        params[name] -= lr * velocity


def other_velocity(rule, sign=-1):
    def update(params, grads, state, lr, decay=0.9):
        for name, grad in grads.items():
            state[name] = rule(state.get(name, 0), grad, decay)
            params[name] += sign * lr * state[name]

    return update


def one_velocity_for_all(params, grads, state, lr, decay=0.9):
    for name, grad in grads.items():
        state["v"] = decay * state.get("v", 0) + grad.mean()
        params[name] -= lr * state["v"]


def new_arrays(params, grads, state, lr, decay=0.9):
    for name, grad in grads.items():
        params[name] = params[name] - lr * grad


def changed_gradients(params, grads, state, lr, decay=0.9):
    for name, grad in grads.items():
        grad *= lr
        params[name] -= grad


CASES = {
    "3.1": Case(
        right=[1056, 1056.0, np.int64(1056)],
        wrong=[
            (88, "one epoch"),
            (1044, "left over"),
            (1050, "half of a step"),
            (67_200, "not one image"),
            (1000, "How many batches"),
            ("1056", "of type str"),
        ],
    ),
    "3.2": Case(
        right=[warm_up, lambda p: np.float32(warm_up(p)) * np.float64(1)],
        wrong=[
            (rising_from(0), "line start"),
            (rising_from(0.1, 1), "above 1"),
            (falling(cosine), "already begun"),
            (falling(lambda p: cosine(p - 0.1)), "not come down"),
            (falling(lambda p: 1 - (p - 0.1) / 0.9), "straight line"),
            (lambda p: 1.0, "half-way"),
            (lambda p: None, "returns None"),
            (warm_up(0.5), "without brackets"),
            (lambda p: 1 / (p - p), "ZeroDivisionError"),
        ],
    ),
    "3.3": Case(
        right=[momentum, other_velocity(lambda v, g, decay: decay * v + g)],
        wrong=[
            (other_velocity(lambda v, g, decay: g), "forgets"),
            (other_velocity(lambda v, g, decay: decay * v + 0.1 * g), "not a tenth"),
            (other_velocity(lambda v, g, decay: decay * v + g, +1), "sign"),
            (other_velocity(lambda v, g, decay: 0.9 * v + g), "use decay"),
            (other_velocity(lambda v, g, decay: v + g), "of its own"),
            (new_arrays, "new arrays"),
            (changed_gradients, "leave them"),
            (other_velocity(lambda v, g, decay: g / 0 * 0), "no longer finite"),
            (lambda params, grads, state, lr, decay: None, "does not change"),
            (lambda params: None, "TypeError"),
            (None, "NoneType"),
        ],
    ),
    "3.4": Case(
        right=["higher", " Higher "],
        wrong=[("lower", "better"), ("the same", "images seen"), (3, "one of")],
    ),
    "3.5": Case(
        right=["100", 100],
        wrong=[("10", "guessing"), (50, "200 images"), ("all", "one of")],
    ),
    "3.6": Case(
        right=["de", "d, e", ["e", "d"], "ED"],
        wrong=[
            ("d", "too good"),
            ("e", "used for a choice"),
            ("ade", "Statement a"),
            ("bd", "In b"),
            ("cde", "what c does".capitalize()),
            ("def", "thanks to f"),
            ("", "letters a to f"),
            (4, "made of the letters"),
        ],
    ),
}


def test_the_exercises_of_page_3_judge_right_and_wrong_answers():
    with np.errstate(all="ignore"):
        hold(3, CASES)


def test_an_optimiser_that_shares_one_velocity_gets_its_hint():
    from ch335_helpers import check

    assert "of its own" in check("3.3", one_velocity_for_all).text
