"""The same training with several learning rates."""

import warnings

import numpy as np
import pytest
from tasks import fit_tiny, made_run, same

from ch335_helpers.data.batches import ImageStream
from ch335_helpers.data.shapes import make_synthetic_images
from ch335_helpers.evaluation.evaluate import confusion_matrix
from ch335_helpers.evaluation.prediction import predict, predict_logits
from ch335_helpers.model.models import LinearClassifier, SimpleCNN
from ch335_helpers.training.optim import constant
from ch335_helpers.training.traces import TIMES_WORSE, Trace, try_learning_rates


def try_tiny(tiny, rates=(1e-3, 1e-2), model=None, **settings):
    defaults = {"epochs": 3, "batch_size": 4, "progress": False}
    return try_learning_rates(
        model or SimpleCNN(3), *tiny, rates, **defaults | settings
    )


def test_the_runs_are_those_that_fit_makes(tiny):
    rates = (1e-3, 1e-2)
    for rate, trace in zip(rates, try_tiny(tiny, rates, seed=5), strict=True):
        assert trace.lr == rate
        expected = fit_tiny(tiny, epochs=3, lr=rate, seed=5, schedule=constant)
        assert trace.run.batch_loss == expected.batch_loss
        assert same(trace.run.params, expected.params)


def test_a_trace_holds_the_network_after_each_epoch(tiny):
    (trace,) = try_tiny(tiny, [1e-2])
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
    (trace,) = try_learning_rates(SimpleCNN(), *task, [1e-2], epochs=4, progress=False)
    assert trace.accuracy == pytest.approx(trace.run.val_accuracy, abs=1 / len(task[3]))
    assert all(counts.sum() == len(task[3]) for counts in trace.confusion)
    rows = np.bincount(task[3], minlength=4)
    assert all(np.array_equal(counts.sum(axis=1), rows) for counts in trace.confusion)


@pytest.mark.parametrize("from_stream", [True, False])
def test_every_rate_starts_from_the_same_seed_and_the_same_images(tiny, from_stream):
    X, y, X_val, y_val = make_synthetic_images(5, 8, 3), None, None, None
    (X_val, y_val), X = X, ImageStream(8, 3, seed=1, epoch_size=8)
    if not from_stream:
        X, y, X_val, y_val = tiny
    rates, options = (1e-3, 1e-3 * (1 + 1e-12)), {"epochs": 2, "progress": False}
    rng = np.random.default_rng(3)
    first, second = try_learning_rates(
        SimpleCNN(3), X, y, X_val, y_val, rates, seed=rng, **options
    )
    assert first.run.batch_loss[0] == second.run.batch_loss[0]
    assert np.allclose(first.run.batch_loss, second.run.batch_loss, rtol=1e-4)


def test_filters_of_two_epochs_are_two_arrays(tiny):
    (trace,) = try_tiny(tiny, [1e-2])
    assert not np.array_equal(trace.filters[0], trace.filters[1])


def test_a_longer_training_begins_like_a_shorter_one(tiny):
    (short,), (long,) = (try_tiny(tiny, [1e-2], epochs=n) for n in (2, 4))
    assert long.run.train_loss[:2] == short.run.train_loss
    assert all(map(np.array_equal, long.filters, short.filters))


def test_a_loss_far_above_guessing_is_a_divergence(tiny):
    limit = TIMES_WORSE * np.log(3)
    for losses, epoch in (
        ([1.0, limit - 0.01, 1.0], 0),
        ([1.0, limit, 1.0], 2),
        ([limit, 1.0, limit], 1),
    ):
        run = made_run(3, train_loss=losses)
        assert Trace(0.1, run, confusion=[np.eye(3)] * 3).diverged_in == epoch


def test_a_loss_that_is_not_finite_is_told_in_the_trace_alone(tiny):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        calm, wild = try_tiny(tiny, (1e-3, 1e30))
    assert (calm.diverged_in, calm.run.diverged) == (0, False)
    assert wild.run.diverged
    n_epochs = len(wild.run.train_loss)
    assert wild.diverged_in == n_epochs + 1
    assert len(wild.filters) == len(wild.confusion) == n_epochs


def test_the_callback_sees_every_step_of_every_rate(tiny):
    seen = []
    try_tiny(tiny, callback=lambda run: seen.append((id(run), len(run.batch_loss))))
    (first, second), steps = dict(seen), [n for _, n in seen]
    assert first != second
    assert steps == [*range(1, 10)] * 2


@pytest.mark.parametrize("step", [1, 3, 5])  # the third is the last of its epoch
@pytest.mark.parametrize("interrupt", [False, True])
def test_what_is_stopped_returns_what_it_has(tiny, step, interrupt):
    steps = []

    def end(run):
        steps.append(run)
        if len(steps) == 9 + step:  # in the second of three rates
            if interrupt:
                raise KeyboardInterrupt
            return True

    why, epochs = ("interrupted" if interrupt else "stopped"), step // 3
    where = "after epoch 1" if step == 3 else f"in epoch {epochs + 1}"
    message = f"training {why} {where} of learning rate 0.01"
    with pytest.warns(UserWarning, match=message):
        traces = try_tiny(tiny, (1e-3, 1e-2, 1e-1), callback=end)
    whole, part = traces
    assert (len(whole.filters), whole.run.stopped) == (3, "")
    assert len(part.filters) == len(part.confusion) == len(part.run.train_loss)
    assert len(part.filters) == epochs
    assert len(steps) == 9 + step


def test_each_epoch_is_validated_once(tiny, monkeypatch):
    seen = []

    def noting(model, params, X):
        seen.append(len(X))
        return predict_logits(model, params, X)

    monkeypatch.setattr("ch335_helpers.training.loop.predict_logits", noting)
    traces = try_tiny(tiny)
    assert len(seen) == sum(len(trace.confusion) for trace in traces) == 6


def test_with_shards_it_looks_in_once_an_epoch(task):
    alone, shared = (
        try_learning_rates(
            SimpleCNN(), *task, [1e-2], epochs=2, progress=False, n_shards=n
        )[0]
        for n in (1, 2)
    )
    for a, b in zip(alone.filters, shared.filters, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert len(shared.confusion) == 2


@pytest.mark.parametrize("rates", [(), (0.1, 0.1)])
def test_it_refuses_no_rates_and_rates_that_stand_twice(tiny, rates):
    with pytest.raises(ValueError, match="learning_rates must hold at least one value"):
        try_tiny(tiny, rates)


def test_it_refuses_a_model_without_filters(tiny):
    model = LinearClassifier(3, img_size=4)
    with pytest.raises(ValueError, match="model must have a convolution"):
        try_tiny(tiny, model=model)


def test_it_refuses_what_fit_refuses(tiny):
    with pytest.raises(
        ValueError, match="learning_rates must be a finite number above 0"
    ):
        try_tiny(tiny, (0.1, -1))


def test_by_default_it_runs_ten_epochs(tiny):
    (trace,) = try_learning_rates(SimpleCNN(3), *tiny, [1e-2], progress=False)
    assert trace.run.epochs == len(trace.filters) == 10


def test_the_bar_counts_the_epochs_of_all_rates(tiny, capfd, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    try_tiny(tiny, progress=False)
    assert capfd.readouterr().err == ""
    try_learning_rates(SimpleCNN(3), *tiny, (1e-3, 1e-2), epochs=3, batch_size=4)
    err = capfd.readouterr().err
    assert "6/6" in err and "epoch" in err


def test_the_warning_points_at_the_callers_line(tiny):
    with pytest.warns(UserWarning, match="training stopped") as caught:
        try_tiny(tiny, callback=lambda run: True)
    assert [warning.filename for warning in caught] == [__file__]


def test_guessing_is_measured_by_the_number_of_classes():
    run = made_run(1, train_loss=[TIMES_WORSE * np.log(3)])
    assert Trace(0.1, run, confusion=[np.ones((3, 3))]).diverged_in == 1
    run = made_run(1, train_loss=[TIMES_WORSE * np.log(3) - 1e-9])
    assert Trace(0.1, run, confusion=[np.ones((3, 3))]).diverged_in == 0


def test_an_interrupt_after_the_last_epoch_of_a_rate_ends_all(tiny):
    def interrupt(run):
        if run.finished:
            raise KeyboardInterrupt

    message = "training interrupted after its last epoch of learning rate 0.001"
    with pytest.warns(UserWarning, match=message):
        (trace,) = try_tiny(tiny, callback=interrupt)
    assert (trace.run.stopped, len(trace.filters)) == ("", 3)


def test_an_interrupt_before_an_epoch_is_noted_loses_nothing(tiny, monkeypatch):
    calls = []

    def noting(y, predicted, n_classes):
        calls.append(n_classes)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return confusion_matrix(y, predicted, n_classes)

    monkeypatch.setattr("ch335_helpers.training.traces.confusion_matrix", noting)
    with pytest.warns(UserWarning, match="interrupted after epoch 2"):
        (trace,) = try_tiny(tiny)
    assert len(trace.filters) == len(trace.confusion) == len(trace.run.history) == 2
