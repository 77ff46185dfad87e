"""Training, and the use of what was trained."""

import itertools
import math

import numpy as np
import pytest
from tasks import SETTINGS, fit_tiny, same

from ch335_helpers.data.batches import ImageStream, shift_images
from ch335_helpers.data.shapes import make_synthetic_images
from ch335_helpers.evaluation.evaluate import evaluate
from ch335_helpers.evaluation.prediction import predict
from ch335_helpers.model.models import ResidualCNN, SimpleCNN
from ch335_helpers.model.network import Layer
from ch335_helpers.model.ops import cross_entropy
from ch335_helpers.training.fitting import fit
from ch335_helpers.training.loop import Training, train_step
from ch335_helpers.training.optim import adam_update, constant, cosine, momentum_update


class Noted(Layer):
    """A model that notes the first pixel of every image it is trained on."""

    def __init__(self, model):
        self.model, self.parts, self.batches = model, (model,), []

    def __call__(self, params, x, train=False):
        if train:
            self.batches.append(x[:, 0, 0, 0].tolist())
        return self.model(params, x, train)


# --------------------------------------------------------------------- the optimiser


def test_a_training_steps_with_the_optimiser_that_it_is_given(tiny):
    seen = []

    def noting(params, grads, state, lr):
        seen.append(lr)
        momentum_update(params, grads, state, lr=lr)

    by_default = fit_tiny(tiny)
    noted = fit_tiny(tiny, optimiser=noting)
    assert len(seen) == noted.n_steps
    assert noted.batch_loss[0] == by_default.batch_loss[0]
    assert noted.batch_loss[1] != by_default.batch_loss[1]
    assert fit_tiny(tiny, optimiser=momentum_update).batch_loss == noted.batch_loss


def test_what_is_no_optimiser_is_refused(tiny):
    with pytest.raises(TypeError, match=r"optimiser .*'adam'"):
        fit_tiny(tiny, optimiser="adam")


# ----------------------------------------------------------------------------- one step


def test_a_training_step_is_forward_loss_backward_and_adam(rng):
    model, state, other_state = ResidualCNN(3, width=4), {}, {}
    params, other = (model.init(np.random.default_rng(0)) for _ in range(2))
    for _ in range(3):
        x, y = (
            rng.standard_normal((5, 1, 8, 8)).astype(np.float32),
            rng.integers(0, 3, 5),
        )
        loss = train_step(model, params, x, y, state, lr=0.01)
        logits, backward = model(other, x, train=True)
        expected, dlogits = cross_entropy(logits, y)
        grads = {}
        backward(dlogits, grads)
        adam_update(other, grads, other_state, lr=0.01)
        assert loss == expected
        assert same(params, other)


# -------------------------------------------------------------------- what fit achieves


def test_the_simple_cnn_learns_the_warm_up(learnt):
    assert learnt.train_loss[0] > 1.2  # log 4 is 1.39
    assert learnt.train_loss[-1] < 0.5 * learnt.train_loss[0]
    assert learnt.val_loss[-1] < 0.6 * learnt.val_loss[0]
    assert max(learnt.val_accuracy) > 0.75  # by chance 0.25


def test_the_residual_cnn_learns_the_warm_up(task):
    run = fit(ResidualCNN(4, width=8), *task, **SETTINGS | {"epochs": 4})
    assert run.train_loss[-1] < 0.5 * run.train_loss[0]
    assert max(run.val_accuracy) > 0.6


def test_colour_images_that_are_not_square_are_learnt_too(rng):
    y = np.arange(120) % 3
    X = 0.3 * rng.standard_normal((120, 3, 10, 14))
    X[np.arange(120), y] += 0.5  # class k is a little brighter in channel k
    model = SimpleCNN(n_classes=3, in_channels=3)
    run = fit(model, X[:90], y[:90], X[90:], y[90:], **SETTINGS)
    assert max(run.val_accuracy) > 0.9


def test_a_run_records_every_epoch_and_every_step(learnt):
    assert (learnt.epochs, learnt.steps_per_epoch) == (8, math.ceil(252 / 16))
    lists = (learnt.train_loss, learnt.val_loss, learnt.val_accuracy, learnt.seconds)
    assert [len(entries) for entries in lists] == [8] * 4
    assert len(learnt.batch_loss) == 8 * 16
    assert learnt.stopped == ""
    assert all(type(loss) is float for loss in learnt.train_loss + learnt.val_accuracy)


def test_an_epochs_training_loss_is_the_mean_of_its_batches(learnt):
    batches = np.reshape(learnt.batch_loss, (8, 16))
    np.testing.assert_allclose(learnt.train_loss, batches.mean(axis=1))


def test_the_first_batch_loss_is_that_of_the_initial_parameters(task):
    X, y, *_ = task
    model = Noted(SimpleCNN())
    run = fit(model, *task, **SETTINGS | {"epochs": 1}, n_shards=1)
    params = SimpleCNN().init(np.random.default_rng(0))
    first = [
        np.flatnonzero(X[:, 0, 0, 0] == pixel).item() for pixel in model.batches[0]
    ]
    loss, _ = evaluate(SimpleCNN(), params, X[first], y[first])
    assert run.batch_loss[0] == pytest.approx(loss)


def test_the_best_epochs_parameters_are_returned(task, learnt):
    loss, accuracy = evaluate(SimpleCNN(), learnt.params, *task[2:])
    assert accuracy == max(learnt.val_accuracy)
    assert accuracy == learnt.val_accuracy[learnt.best_epoch]
    assert loss == pytest.approx(learnt.val_loss[learnt.best_epoch])


def test_parameters_that_went_bad_later_are_not_returned(task):
    def run_wild(progress):  # in the second half
        return 1 if progress < 0.5 else 1e5

    run = fit(SimpleCNN(), *task, **SETTINGS, schedule=run_wild)
    assert run.val_accuracy[-1] < max(run.val_accuracy)
    assert run.best_epoch < 4
    _, accuracy = evaluate(SimpleCNN(), run.params, *task[2:])
    assert accuracy == max(run.val_accuracy)


def test_in_a_tie_the_later_epoch_is_the_best(tiny):
    run = fit_tiny(tiny, lr=1e-30)
    assert len(set(run.val_accuracy)) == 1
    assert run.best_epoch == 3


# ------------------------------------------------------------------------ step by step


def training_tiny(tiny, **settings):
    defaults = {"epochs": 4, "batch_size": 4}
    return Training(SimpleCNN(3), *tiny, **defaults | settings)


def test_whoever_takes_the_steps_gets_the_run_that_fit_makes(tiny):
    training = training_tiny(tiny)
    seen = [len(run.batch_loss) for run in training]
    assert seen == [*range(1, 13)]
    expected = fit_tiny(tiny)
    assert training.run.batch_loss == expected.batch_loss
    assert training.run.val_accuracy == expected.val_accuracy
    assert same(training.run.params, expected.params)
    assert training.run.finished and training.run.n_steps == 12


@pytest.mark.parametrize("leave_after", [1, 2, 3, 7, 12])
def test_a_loop_that_was_left_can_be_taken_up_again(tiny, leave_after):
    training = training_tiny(tiny)
    for run in training:
        assert run.finished == (len(run.batch_loss) == 12)
        if len(run.batch_loss) == leave_after:
            break
    for _ in training:
        pass
    expected = fit_tiny(tiny)
    assert training.run.batch_loss == expected.batch_loss
    assert training.run.val_loss == expected.val_loss
    assert [*training] == []  # it is over


def test_between_two_steps_the_current_parameters_can_be_seen(tiny):
    training = training_tiny(tiny, epochs=1)
    weights = [training.params["conv1.w"].copy()]
    for _ in training:
        weights.append(training.params["conv1.w"].copy())
    assert not any(map(np.array_equal, weights, weights[1:]))
    assert np.array_equal(training.run.params["conv1.w"], weights[-1])


def test_all_steps_are_taken_on_one_memory_of_adam(tiny):
    training = training_tiny(tiny)
    for run in training:
        assert training.state["step"] == len(run.batch_loss)


def test_a_training_that_diverged_takes_no_further_step(tiny):
    training = training_tiny(tiny, lr=1e30)
    *_, run = training
    assert run.diverged and run.finished
    assert [*training] == []


# ------------------------------------------------------------------ seeds and schedules


def test_the_same_seed_gives_the_same_run_bit_for_bit(task, learnt):
    again = fit(SimpleCNN(), *task, **SETTINGS)
    assert same(again.params, learnt.params)
    assert again.batch_loss == learnt.batch_loss
    assert again.val_accuracy == learnt.val_accuracy


def test_another_seed_gives_another_run(tiny):
    first, second = fit_tiny(tiny, seed=0), fit_tiny(tiny, seed=1)
    assert not same(first.params, second.params)
    assert first.batch_loss[0] != second.batch_loss[0]


def test_the_seed_decides_the_order_of_the_images_too(tiny):
    start = SimpleCNN(3).init(np.random.default_rng(9))
    orders = []
    for seed in (0, 0, 1):
        model = Noted(SimpleCNN(3))
        fit_tiny(tiny, model=model, params=start, seed=seed)
        orders.append(model.batches)
    assert orders[0] == orders[1] != orders[2]


def test_training_leaves_numpys_global_generator_alone(tiny):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    fit_tiny(tiny)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_augmentation_changes_what_is_trained_with_and_nothing_else(tiny):
    seen, given = Noted(SimpleCNN(3)), []

    def brighten(x, rng):
        given.append(x[:, 0, 0, 0].copy())
        return x + 1

    fit_tiny(tiny, model=seen, augment=brighten)
    np.testing.assert_array_equal(np.add(given, 1), seen.batches)
    plain = Noted(SimpleCNN(3))
    fit_tiny(tiny, model=plain)
    np.testing.assert_array_equal(given, plain.batches)  # the same images, in one order
    with_none = fit_tiny(tiny, augment=lambda x, rng: x)
    assert same(with_none.params, fit_tiny(tiny).params)


def test_augmentation_draws_from_the_seed_and_never_the_same_twice(tiny, task):
    draws = {}
    for run in ("first", "second"):
        numbers = draws[run] = []
        fit_tiny(tiny, augment=lambda x, rng, n=numbers: n.append(rng.random()) or x)
    assert draws["first"] == draws["second"]
    assert len(set(draws["first"])) == len(draws["first"])
    settings = SETTINGS | {"epochs": 1, "augment": shift_images}
    shared, alone = (fit(SimpleCNN(), *task, **settings, n_shards=n) for n in (2, 1))
    assert np.allclose(shared.batch_loss, alone.batch_loss, rtol=1e-3)


@pytest.mark.parametrize("name", ["optimiser", "schedule", "augment"])
def test_what_is_no_function_is_refused(tiny, name):
    with pytest.raises(TypeError, match=f"{name} must be a function, got 'adam'"):
        fit_tiny(tiny, **{name: "adam"})


def test_the_schedule_is_asked_for_the_share_of_steps_taken(tiny):
    asked = []
    fit_tiny(tiny, schedule=lambda progress: asked.append(progress) or 1.0)
    np.testing.assert_allclose(asked, np.arange(12) / 12)


def test_a_schedules_factor_is_a_factor_of_the_learning_rate(tiny):
    doubled = fit_tiny(tiny, lr=0.01, schedule=lambda progress: 2.0)
    plain = fit_tiny(tiny, lr=0.02, schedule=constant)
    assert same(doubled.params, plain.params)


def test_the_default_schedule_is_the_cosine(tiny):
    assert same(fit_tiny(tiny).params, fit_tiny(tiny, schedule=cosine).params)
    assert not same(fit_tiny(tiny).params, fit_tiny(tiny, schedule=constant).params)


# ------------------------------------------------------------------------------ batches


def test_every_batch_is_full_and_every_image_has_its_turn(tiny):
    model = Noted(SimpleCNN(3))
    fit_tiny(tiny, model=model, epochs=5)
    assert [len(batch) for batch in model.batches] == [4] * 15
    order, pixels = [*itertools.chain(*model.batches)], sorted(tiny[0][:, 0, 0, 0])
    turns = [order[start : start + 10] for start in range(0, 60, 10)]
    assert all(sorted(turn) == pixels for turn in turns)
    assert turns[0] != turns[1]


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 10), (3, 4), (10, 1), (999, 1)])
def test_an_epoch_has_as_many_steps_as_the_images_fill(tiny, batch_size, steps):
    run = fit_tiny(tiny, batch_size=batch_size, epochs=2)
    assert run.steps_per_epoch == steps
    assert len(run.batch_loss) == 2 * steps


def test_images_and_labels_stay_together(tiny):
    X, y, *_ = tiny
    seen = []

    class Paired(Noted):
        def __call__(self, params, x, train=False):
            logits, backward = super().__call__(params, x, train)

            def noting(dlogits, grads):
                labels = dlogits.argmin(axis=1)  # the only negative entry of a row
                seen.extend(zip(self.batches[-1], labels.tolist(), strict=True))
                return backward(dlogits, grads)

            return logits, noting

    fit_tiny(tiny, model=Paired(SimpleCNN(3)))
    assert set(seen) == set(zip(X[:, 0, 0, 0].tolist(), y.tolist(), strict=True))


# ----------------------------------------------------------- what belongs to the caller


def test_the_callers_arrays_are_not_changed(tiny):
    kept = [np.array(array) for array in tiny]
    fit_tiny(tiny)
    for array, before in zip(tiny, kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_the_callers_parameters_are_not_changed(tiny):
    model = ResidualCNN(3, width=4)  # with running averages
    start = model.init(np.random.default_rng(9))
    kept = {name: value.copy() for name, value in start.items()}
    run = fit_tiny(tiny, model=model, params=start)
    assert same(start, kept)
    assert not any(np.shares_memory(run.params[name], start[name]) for name in start)
    assert not any(np.array_equal(run.params[name], start[name]) for name in start)


def test_training_goes_on_from_the_callers_parameters(task, learnt):
    before, _ = evaluate(SimpleCNN(), learnt.params, *task[:2])
    run = fit(SimpleCNN(), *task, **SETTINGS | {"epochs": 1}, params=learnt.params)
    assert run.train_loss[0] < 1.5 * before


def test_validation_images_are_not_learnt_from(tiny):
    X, y, X_val, _ = tiny
    settings = {"epochs": 1, "batch_size": 4, "progress": False}
    model = ResidualCNN(3, width=4)
    first = fit(model, X, y, X_val, [0, 1, 2, 0], **settings)
    second = fit(model, X, y, -5 * X_val, [2, 2, 1, 1], **settings)
    assert same(first.params, second.params)


def test_images_of_any_dtype_and_layout_will_do(tiny):
    X, y, X_val, y_val = tiny
    X, X_val = X.round(1), X_val.round(1)
    strided = np.repeat(X.astype(np.float64), 2, axis=3)[..., ::2].astype(np.float32)
    plain = fit_tiny((X, y, X_val, y_val))
    wide = X.astype(np.float64), y.astype(np.int8), X_val.astype(np.float64), y_val
    assert same(fit_tiny(wide).params, plain.params)
    assert same(fit_tiny((strided, y.tolist(), X_val, y_val)).params, plain.params)


def test_the_parameters_stay_float32(learnt):
    assert {value.dtype for value in learnt.params.values()} == {np.dtype("float32")}


# ------------------------------------------------------------------------- ending early


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "params must have the names of this model's entries, missing:"),
        (
            ResidualCNN(3, width=2).init(np.random.default_rng(0)),
            "params must have the names of this model's entries",
        ),
        (
            SimpleCNN(4).init(np.random.default_rng(0)),
            r"params\['linear.w'\] must have",
        ),
    ],
)
def test_parameters_of_another_model_are_refused(tiny, params, text):
    for function in (
        fit_tiny,
        lambda tiny, params: predict(SimpleCNN(3), params, tiny[0]),
    ):
        with pytest.raises(ValueError, match=text):
            function(tiny, params=params)


def test_a_stream_of_another_image_size_than_the_validation_images_is_refused(tiny):
    stream = ImageStream(img_size=24, n_classes=3)
    with pytest.raises(ValueError, match=r"X and X_val .*\(1, 24, 24\) and "):
        fit(SimpleCNN(3), stream, None, *tiny[2:], progress=False)


# ------------------------------------------------------------------------ bad arguments


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"epochs": 0}, "epochs .*0"),
        ({"epochs": 2.5}, r"epochs .*2\.5"),
        ({"batch_size": 0}, "batch_size .*0"),
        ({"lr": 0}, "lr .*0"),
        ({"lr": -0.1}, r"lr .*-0\.1"),
        ({"lr": math.nan}, "lr .*nan"),
        ({"lr": math.inf}, "lr .*inf"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(tiny, bad, message):
    with pytest.raises(ValueError, match=message):
        fit_tiny(tiny, **bad)


@pytest.mark.parametrize(("position", "name"), [(0, "X"), (2, "X_val")])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_images_that_are_not_finite_are_refused(tiny, position, name, bad):
    tiny[position][3, 0, 1, 1] = bad
    with pytest.raises(ValueError, match=rf"{name} .*finite.*3"):
        fit_tiny(tiny)


@pytest.mark.parametrize(
    ("position", "replacement", "error", "message"),
    [
        (0, np.zeros((10, 4, 4)), ValueError, r"X .*\(10, 4, 4\)"),
        (0, np.zeros((0, 1, 4, 4)), ValueError, r"X .*\(0, 1, 4, 4\)"),
        (0, np.zeros((10, 3, 4, 4)), ValueError, r"\(1, 3, 4, 4\)"),
        (1, np.zeros(9, int), ValueError, r"y .*10.*\(9,\)"),
        (1, np.zeros((10, 1), int), ValueError, r"y .*\(10, 1\)"),
        (1, np.arange(10), ValueError, "y .*2.*9"),
        (1, -np.ones(10, int), ValueError, "y .*-1"),
        (1, np.zeros(10), TypeError, "y .*float64"),
        (2, np.zeros((4, 1, 5, 4)), ValueError, r"X_val .*\(1, 4, 4\).*\(1, 5, 4\)"),
        (2, np.zeros((4, 16)), ValueError, r"X_val .*\(4, 16\)"),
        (2, np.zeros((0, 1, 4, 4)), ValueError, r"X_val .*\(0, 1, 4, 4\)"),
        (3, [0, 1, 2], ValueError, r"y_val .*4.*\(3,\)"),
        (3, [0, 1, 2, 3], ValueError, "y_val .*2.*3"),
        (3, [0.0, 1, 2, 0], TypeError, "y_val .*float64"),
    ],
)
def test_data_that_does_not_fit_is_refused_by_name(
    tiny, position, replacement, error, message
):
    data = [*tiny]
    data[position] = replacement
    with pytest.raises(error, match=message):
        fit_tiny(data)


# ----------------------------------------------------- predict, evaluate, save and load


def test_a_stream_takes_the_place_of_arrays():
    def stream():
        return ImageStream(img_size=8, n_classes=4, noise=0.1, epoch_size=70)

    X_val, y_val = make_synthetic_images(5, 8, 4, noise=0.1)
    settings = {"epochs": 3, "batch_size": 32, "progress": False}
    one = fit(SimpleCNN(), stream(), None, X_val, y_val, **settings)
    other = fit(SimpleCNN(), stream(), None, X_val, y_val, **settings)
    assert one.steps_per_epoch == 3 and len(one.batch_loss) == 9
    assert one.batch_loss == other.batch_loss
    with pytest.raises(ValueError, match="y must be None"):
        fit(SimpleCNN(), stream(), y_val, X_val, y_val, **settings)


def test_weight_decay_shrinks_the_weights_as_the_schedule_says(tiny):
    def halves(progress):
        return 1 / (1 + 4 * progress)

    settings = {"epochs": 2, "lr": 0.01, "n_shards": 1, "schedule": halves}
    held = fit_tiny(tiny, weight_decay=3.0, **settings, callback=lambda run: None)
    model, state = SimpleCNN(3), {}
    params = model.init(np.random.default_rng(0))
    for step, batch in enumerate(batches_of(tiny, **settings)):
        factor = halves(step / 6)
        train_step(model, params, *batch, state, 0.01 * factor)
        for name in ("conv1.w", "conv2.w", "linear.w"):
            params[name] *= 1 - 3.0 * 0.01 * factor
    assert held.best_epoch == 1
    assert same(held.params, params)


def batches_of(tiny, **settings):
    """The batches that a training on the tiny task draws."""
    model = Noted(SimpleCNN(3))
    fit_tiny(tiny, model=model, **settings)
    X, y, *_ = tiny
    for pixels in model.batches:
        rows = [int(np.flatnonzero(X[:, 0, 0, 0] == pixel)[0]) for pixel in pixels]
        yield X[rows], y[rows]


def test_a_negative_weight_decay_is_refused(tiny):
    with pytest.raises(ValueError, match=r"weight_decay.*-1"):
        fit_tiny(tiny, weight_decay=-1)


# ------------------------------------------------------------------------ the defaults


def test_the_defaults_are_those_that_the_chapter_names(tiny):
    training = Training(SimpleCNN(3), *tiny)
    assert (training.run.epochs, training.lr, training.batch_size) == (12, 3e-3, 10)
    assert training.schedule is cosine
    assert training.weight_decay == 0 and training.decayed == []
    assert same(training.start, SimpleCNN(3).init(np.random.default_rng(0)))
    X, y, *validation = tiny
    many = Training(SimpleCNN(3), X.repeat(9, 0), y.repeat(9), *validation)
    assert many.batch_size == 64
