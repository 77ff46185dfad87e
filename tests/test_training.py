"""Training, and the use of what was trained."""

import itertools
import math
import warnings

import numpy as np
import pytest

from ch335_helpers.data import ImageStream, make_synthetic_images
from ch335_helpers.models import LinearClassifier, ResidualCNN, SimpleCNN
from ch335_helpers.ops import cross_entropy, softmax
from ch335_helpers.optim import adam_update, constant, cosine
from ch335_helpers.protocol import train_val_test_split
from ch335_helpers.training import (
    TIMES_WORSE,
    Run,
    Trace,
    evaluate,
    fit,
    load_params,
    predict,
    save_params,
    sweep,
    train_step,
)

SETTINGS = {"epochs": 8, "lr": 1e-2, "batch_size": 16, "progress": False}


@pytest.fixture(scope="module")
def task():
    """The warm-up: 4 classes at 16 x 16, 252 training and 52 validation images."""
    X, y = make_synthetic_images(90, img_size=16, n_classes=4, seed=0, noise=0.18)
    split = train_val_test_split(X, y)
    return split.X_train, split.y_train, split.X_val, split.y_val


@pytest.fixture(scope="module")
def learnt(task):
    """A run on the warm-up that went through."""
    return fit(SimpleCNN(), *task, **SETTINGS)


@pytest.fixture
def tiny(rng):
    """10 training and 4 validation images of 4 x 4 pixels, without meaning."""
    X, X_val = rng.standard_normal((10, 1, 4, 4)), rng.standard_normal((4, 1, 4, 4))
    return (
        X.astype(np.float32),
        np.arange(10) % 3,
        X_val.astype(np.float32),
        [0, 1, 2, 0],
    )


def fit_tiny(tiny, **settings):
    """Fit a model to the tiny task: 3 steps an epoch."""
    defaults = {"model": SimpleCNN(3), "epochs": 4, "batch_size": 4, "progress": False}
    settings = defaults | settings
    return fit(settings.pop("model"), *tiny, **settings)


def same(params, others):
    return params.keys() == others.keys() and all(
        np.array_equal(params[name], others[name]) for name in params
    )


def is_usable(run, model, X):
    p = predict(model, run.params, X)
    return np.isfinite(p).all() and np.allclose(p.sum(axis=1), 1, atol=1e-5)


class Noted:
    """A model that notes the first pixel of every image it is trained on."""

    def __init__(self, model):
        self.model, self.init, self.batches = model, model.init, []

    def __call__(self, params, x, train=False):
        if train:
            self.batches.append(x[:, 0, 0, 0].tolist())
        return self.model(params, x, train)


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


def test_a_callback_stops_a_run_and_leaves_the_best_epoch_so_far(tiny):
    with pytest.warns(UserWarning, match="stopped in epoch 3 of 4"):
        run = fit_tiny(tiny, callback=lambda run: len(run.batch_loss) == 8)
    assert run.stopped == "stopped in epoch 3"
    assert len(run.batch_loss) == 8
    assert len(run.train_loss) == len(run.val_accuracy) == len(run.seconds) == 2
    _, accuracy = evaluate(SimpleCNN(3), run.params, tiny[2], np.array(tiny[3]))
    assert accuracy == max(run.val_accuracy)
    assert "2 of 4 epochs" in repr(run)
    assert "stopped in epoch 3" in repr(run)


def test_a_run_that_is_stopped_in_its_first_epoch_returns_what_it_has(tiny):
    batches = Noted(SimpleCNN(3))
    with pytest.warns(UserWarning, match="stopped in epoch 1 of 4"):
        run = fit_tiny(
            tiny, model=batches, callback=lambda run: len(run.batch_loss) == 2
        )
    assert (run.train_loss, run.val_accuracy, run.best_epoch) == ([], [], -1)
    assert is_usable(run, SimpleCNN(3), tiny[2])
    assert repr(run) == "Run(0 of 4 epochs, stopped in epoch 1)"
    start = SimpleCNN(3).init(np.random.default_rng(0))
    assert not any(np.array_equal(run.params[name], start[name]) for name in start)


def test_the_callback_sees_the_run_after_every_step(tiny):
    steps, epochs = [], []

    def note(run):
        steps.append(len(run.batch_loss))
        epochs.append(len(run.seconds))

    fit_tiny(tiny, callback=note)
    assert steps == [*range(1, 13)]
    assert epochs == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_a_callback_that_only_looks_changes_nothing(tiny):
    looked = fit_tiny(tiny, callback=lambda run: False)
    assert same(looked.params, fit_tiny(tiny).params)
    assert looked.stopped == ""


@pytest.mark.parametrize(("step", "epochs_done"), [(2, 0), (8, 2)])
def test_an_interrupt_leaves_a_usable_run(tiny, step, epochs_done):
    def interrupt(run):
        if len(run.batch_loss) == step:
            raise KeyboardInterrupt

    message = f"interrupted in epoch {epochs_done + 1} of 4"
    with pytest.warns(UserWarning, match=message):
        run = fit_tiny(tiny, callback=interrupt)
    assert run.stopped == f"interrupted in epoch {epochs_done + 1}"
    assert len(run.train_loss) == len(run.val_accuracy) == epochs_done
    assert is_usable(run, SimpleCNN(3), tiny[2])
    if epochs_done:
        _, accuracy = evaluate(SimpleCNN(3), run.params, tiny[2], np.array(tiny[3]))
        assert accuracy == max(run.val_accuracy)


def test_any_other_error_in_the_callback_reaches_the_caller(tiny):
    def fail(run):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        fit_tiny(tiny, callback=fail)


@np.errstate(all="ignore")
def test_a_run_that_diverges_ends_and_says_so(tiny):
    with pytest.warns(UserWarning, match="diverged in epoch 1 of 4"):
        run = fit_tiny(tiny, lr=1e30)
    assert run.stopped == "diverged in epoch 1"
    assert len(run.batch_loss) < 12
    assert not math.isfinite(run.batch_loss[-1])
    assert np.isfinite(run.batch_loss[:-1]).all()


@np.errstate(all="ignore")
def test_a_run_that_diverges_late_returns_its_best_epoch(task):
    def blow_up(progress):  # in the last epoch
        return 1 if progress < 0.75 else 1e35

    settings = SETTINGS | {"epochs": 4}
    with pytest.warns(UserWarning, match="diverged in epoch 4 of 4"):
        run = fit(SimpleCNN(), *task, **settings, schedule=blow_up)
    assert len(run.val_accuracy) == 3
    _, accuracy = evaluate(SimpleCNN(), run.params, *task[2:])
    assert accuracy == max(run.val_accuracy)


@np.errstate(all="ignore")
def test_a_validation_loss_that_is_not_finite_is_a_divergence_too(tiny):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = fit_tiny(tiny, lr=1e30, batch_size=10, epochs=1)  # a single step
    assert run.stopped == "diverged in epoch 1"


def test_a_run_that_ends_as_planned_warns_of_nothing(tiny):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = fit_tiny(tiny)
    assert run.stopped == ""


# --------------------------------------------------------------------- the progress bar


def test_without_progress_nothing_is_written(tiny, capfd):
    fit_tiny(tiny, progress=False)
    assert capfd.readouterr() == ("", "")


def test_the_progress_bar_shows_loss_and_validation_accuracy(tiny, capfd, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    fit_tiny(tiny, progress=True)
    err = capfd.readouterr().err
    assert "12/12" in err
    assert "loss=" in err
    assert "val=" in err


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


def test_predict_gives_the_softmax_of_the_models_scores(task, learnt):
    logits, _ = SimpleCNN()(learnt.params, task[2])
    expected = softmax(logits)
    np.testing.assert_allclose(predict(SimpleCNN(), learnt.params, task[2]), expected)


def test_predict_in_blocks_equals_predict_at_once(rng):
    model = ResidualCNN(3, width=4)
    params, X = model.init(rng), rng.standard_normal((700, 1, 4, 4))
    np.testing.assert_allclose(
        predict(model, params, X), softmax(model(params, X)[0]), rtol=1e-9
    )
    alone = [predict(model, params, X[n : n + 1]) for n in (0, 255, 256, 511, 512, 699)]
    picked = predict(model, params, X)[[0, 255, 256, 511, 512, 699]]
    np.testing.assert_allclose(picked, np.concatenate(alone), rtol=1e-9)


def test_predict_runs_in_evaluation_mode_and_changes_nothing(rng):
    model = ResidualCNN(3, width=4)
    params, X = model.init(rng), rng.standard_normal((6, 1, 8, 8)).astype(np.float32)
    kept, kept_X = {name: value.copy() for name, value in params.items()}, X.copy()
    predict(model, params, X)
    assert same(params, kept)
    np.testing.assert_array_equal(X, kept_X)


@pytest.mark.parametrize(
    ("dtype", "expected"), [(np.float32, np.float32), (np.uint8, np.float32)]
)
def test_predictions_are_float32_unless_the_images_are_float64(rng, dtype, expected):
    model = SimpleCNN(3)
    params = model.init(rng)
    X = rng.integers(0, 255, (2, 1, 8, 8)).astype(dtype)
    assert predict(model, params, X).dtype == expected
    assert predict(model, params, X.astype(np.float64)).dtype == np.float64


def test_evaluate_worked_by_hand():
    def model(params, x, train=False):  # the score of class 1 is the pixel
        assert not train
        return np.stack([np.zeros(len(x)), x[:, 0, 0, 0]], axis=1), None

    X = np.log([3.0, 3, 1 / 3, 1 / 3]).reshape(4, 1, 1, 1)  # p of class 1: ¾ ¾ ¼ ¼
    loss, accuracy = evaluate(model, {}, X, np.array([1, 0, 0, 0]))
    assert accuracy == 0.75
    assert loss == pytest.approx(-(3 * math.log(3 / 4) + math.log(1 / 4)) / 4)
    assert (type(loss), type(accuracy)) == (float, float)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((16, 16)), r"X .*\(16, 16\)"),
        (np.zeros((0, 1, 16, 16)), r"X .*\(0, 1, 16, 16\)"),
        (np.full((2, 1, 16, 16), np.nan), "X .*finite.* 2 .*0"),
        (np.full((2, 1, 16, 16), np.inf), "X .*finite.* 2 .*0"),
        (np.zeros((2, 3, 16, 16)), r"\(2, 3, 16, 16\)"),
    ],
)
def test_predict_refuses_what_it_cannot_judge(learnt, X, message):
    with pytest.raises(ValueError, match=message):
        predict(SimpleCNN(), learnt.params, X)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([0, 1, 2], ValueError, r"y .*52.*\(3,\)"),
        (np.full(52, 4), ValueError, "y .*3.*4"),
        (np.zeros(52), TypeError, "y .*float64"),
    ],
)
def test_evaluate_refuses_bad_labels(task, learnt, y, error, message):
    with pytest.raises(error, match=message):
        evaluate(SimpleCNN(), learnt.params, task[2], y)


def test_saved_parameters_come_back_as_they_were(tmp_path, task, rng):
    model = ResidualCNN(3, width=4)
    params = model.init(rng)
    save_params(tmp_path / "run.npz", params)
    loaded = load_params(tmp_path / "run.npz")
    assert list(loaded) == list(params)
    assert same(loaded, params)
    assert {value.dtype for value in loaded.values()} == {np.dtype("float32")}
    X = task[2][:5]
    np.testing.assert_array_equal(predict(model, loaded, X), predict(model, params, X))


def test_training_can_go_on_from_a_file(tmp_path, tiny):
    first = fit_tiny(tiny)
    save_params(tmp_path / "run.npz", first.params)
    resumed = fit_tiny(tiny, params=load_params(tmp_path / "run.npz"))
    assert same(resumed.params, fit_tiny(tiny, params=first.params).params)


def test_a_file_that_holds_objects_is_not_opened(tmp_path):
    np.savez(tmp_path / "bad.npz", w=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        load_params(tmp_path / "bad.npz")


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


def test_weight_decay_shrinks_the_weights(tiny):
    free = fit_tiny(tiny, epochs=1)
    held = fit_tiny(tiny, epochs=1, weight_decay=1.0)
    for name in ("conv1.w", "conv2.w", "linear.w"):
        assert np.abs(held.params[name]).sum() < np.abs(free.params[name]).sum()
    with pytest.raises(ValueError, match=r"weight_decay.*-1"):
        fit_tiny(tiny, weight_decay=-1)


# ------------------------------------------------------------------------------- sweep


def sweep_tiny(tiny, rates=(1e-3, 1e-2), model=None, **settings):
    defaults = {"epochs": 3, "batch_size": 4, "progress": False}
    return sweep(model or SimpleCNN(3), *tiny, rates, **defaults | settings)


def test_a_sweep_makes_the_runs_that_fit_makes(tiny):
    for trace in sweep_tiny(tiny, seed=5):
        expected = fit_tiny(tiny, epochs=3, lr=trace.lr, seed=5, schedule=constant)
        assert trace.run.batch_loss == expected.batch_loss
        assert same(trace.run.params, expected.params)


def test_a_trace_holds_the_network_after_each_epoch(tiny):
    (trace,) = sweep_tiny(tiny, [1e-2])
    assert len(trace.filters) == len(trace.confusion) == 3
    # the best epoch's parameters are kept by fit: there the two can be compared
    best = trace.run.best_epoch
    assert np.array_equal(trace.filters[best], trace.run.params["conv1.w"])
    _, _, X_val, y_val = tiny
    right = predict(SimpleCNN(3), trace.run.params, X_val).argmax(axis=1)
    counts = np.zeros((3, 3), int)
    for true, predicted in zip(y_val, right, strict=True):
        counts[true, predicted] += 1
    assert np.array_equal(trace.confusion[best], counts)


def test_the_confusion_agrees_with_the_accuracy_of_each_epoch(task):
    (trace,) = sweep(SimpleCNN(), *task, [1e-2], epochs=4, progress=False)
    assert trace.accuracy == pytest.approx(trace.run.val_accuracy, abs=1 / len(task[3]))
    assert all(counts.sum() == len(task[3]) for counts in trace.confusion)
    rows = np.bincount(task[3], minlength=4)
    assert all(np.array_equal(counts.sum(axis=1), rows) for counts in trace.confusion)


def test_filters_of_two_epochs_are_two_arrays(tiny):
    (trace,) = sweep_tiny(tiny, [1e-2])
    assert not np.array_equal(trace.filters[0], trace.filters[1])


def test_a_longer_sweep_begins_like_a_shorter_one(tiny):
    (short,), (long,) = (sweep_tiny(tiny, [1e-2], epochs=n) for n in (2, 4))
    assert long.run.train_loss[:2] == short.run.train_loss
    assert all(map(np.array_equal, long.filters, short.filters))


def test_a_loss_far_above_guessing_is_a_divergence(tiny):
    limit = TIMES_WORSE * np.log(3)
    for losses, epoch in (
        ([1.0, limit - 0.01, 1.0], 0),
        ([1.0, limit, 1.0], 2),
        ([limit, 1.0, limit], 1),
    ):
        run = Run({}, 3, 1, train_loss=losses)
        assert Trace(0.1, run, confusion=[np.eye(3)] * 3).diverged_in == epoch


def test_a_loss_that_is_not_finite_is_told_in_the_trace_alone(tiny):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        calm, wild = sweep_tiny(tiny, (1e-3, 1e30))
    assert (calm.diverged_in, calm.run.diverged) == (0, False)
    assert wild.run.diverged
    n_epochs = len(wild.run.train_loss)
    assert wild.diverged_in == n_epochs + 1
    assert len(wild.filters) == len(wild.confusion) == n_epochs


def test_an_interrupted_sweep_is_no_result(tiny, monkeypatch):
    def interrupted(*args, **kwargs):
        return Run({}, 3, 1, stopped="interrupted in epoch 1")

    monkeypatch.setattr("ch335_helpers.training.fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep_tiny(tiny)


@pytest.mark.parametrize("rates", [(), (0.1, 0.1)])
def test_a_sweep_refuses_no_rates_and_rates_that_stand_twice(tiny, rates):
    with pytest.raises(ValueError, match="learning_rates must hold at least one rate"):
        sweep_tiny(tiny, rates)


def test_a_sweep_refuses_a_model_without_filters(tiny):
    model = LinearClassifier(3, img_size=4)
    with pytest.raises(ValueError, match="model must have a convolution"):
        sweep_tiny(tiny, model=model)


def test_a_sweep_refuses_what_fit_refuses(tiny):
    with pytest.raises(ValueError, match="lr must be a finite number above 0"):
        sweep_tiny(tiny, (0.1, -1))
