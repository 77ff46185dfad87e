"""Threads that share a batch: they must compute what one alone computes."""

import multiprocessing
import os
import signal
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from ch335_helpers import (
    ImageStream,
    ResidualCNN,
    cross_entropy,
    fit,
    make_synthetic_images,
)
from ch335_helpers.shards import (
    IMAGES_TO_SHARE,
    LARGEST_MESSAGE,
    Shard,
    Sharded,
    may_fork,
    other_processes,
    side_by_side,
)
from ch335_helpers.training import Training

def batch(rng, n):
    return rng.standard_normal((n, 1, 12, 12)), rng.integers(0, 5, n)


def float64_params(model):
    drawn = model.init(np.random.default_rng(3))
    return {name: value.astype(np.float64) for name, value in drawn.items()}


def gradients(model, params, x, y, train=True):
    """Logits and gradients; the running averages in `params` move."""
    logits, backward = model(params, x, train=train)
    _, dlogits = cross_entropy(logits, y)
    grads = {}
    backward(dlogits, grads)
    return logits, grads


# --------------------------------------------------------------------------- messages


def in_threads(work, n):
    """What ``work(rank, meeting)`` returns for each rank, all at the same time."""
    meeting = Meeting(n)
    with ThreadPoolExecutor(n) as pool:
        futures = [pool.submit(work, rank, meeting) for rank in range(n)]
    return [future.result() for future in futures]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_gather_returns_the_values_of_all_in_order_of_rank(n):
    def work(rank, meeting):
        return [meeting.gather(rank, (rank, round_)) for round_ in range(50)]

    expected = [[(rank, r) for rank in range(n)] for r in range(50)]
    assert in_threads(work, n) == [expected] * n


def test_who_leaves_a_meeting_tells_the_others_why():
    told = ValueError("only here")

    def work(rank, meeting):
        with pytest.raises(ValueError, match="only here") as caught:
            with meeting.left_by(rank):
                if rank == 1:
                    raise told
                meeting.gather(rank, "a result")
        return caught.value

    assert in_threads(work, 3) == [told] * 3


# ---------------------------------------------------------------------- the same result


@pytest.mark.parametrize(("n_shards", "n_images"), [(2, 8), (2, 7), (3, 10), (3, 2)])
def test_shards_compute_the_gradients_of_the_whole_batch(n_shards, n_images, rng):
    x, y = batch(rng, n_images)
    model = ResidualCNN(5, width=4)
    whole_params, shard_params = float64_params(model), float64_params(model)
    expected = gradients(model, whole_params, x, y)
    logits, grads = gradients(Sharded(model, n_shards), shard_params, x, y)
    np.testing.assert_allclose(logits, expected[0], rtol=1e-10, atol=1e-12)
    assert grads.keys() == expected[1].keys()
    for name, grad in expected[1].items():
        np.testing.assert_allclose(grads[name], grad, rtol=1e-7, atol=1e-11)
    for name, value in whole_params.items():  # running averages among them
        np.testing.assert_allclose(shard_params[name], value, rtol=1e-10, atol=1e-12)


def test_batch_norm_in_shards_is_not_that_of_each_part(rng):
    x, y = batch(rng, 8)
    model = ResidualCNN(5, width=4)
    sharded, _ = gradients(Sharded(model, 2), float64_params(model), x, y)
    part, _ = model(float64_params(model), x[:4], train=True)
    assert abs(sharded[:4] - part).max() > 0.01


@pytest.mark.parametrize("n_shards", [2, 3])
def test_shards_give_the_same_bits_each_time(n_shards, rng):
    x, y = batch(rng, 31)
    model = ResidualCNN(5, width=4)
    first, *others = (
        gradients(Sharded(model, n_shards), float64_params(model), x, y)[1]
        for _ in range(10)
    )
    for other in others:
        assert all(np.array_equal(first[name], other[name]) for name in first)


def fit_losses(**settings):
    rng = np.random.default_rng(0)
    x, y = batch(rng, 96)
    arrays = (x, y, x[:20], y[:20])
    model = ResidualCNN(5, width=4)
    defaults = {"epochs": 3, "batch_size": 32, "progress": False}
    return fit(model, *arrays, **defaults | settings).batch_loss


needs_affinity = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="cannot keep to one core here"
)


@needs_affinity
def test_one_core_or_many_give_the_same_losses():
    cores = os.sched_getaffinity(0)
    losses = fit_losses()
    try:
        os.sched_setaffinity(0, {min(cores)})
        assert fit_losses() == losses
    finally:
        os.sched_setaffinity(0, cores)
    np.testing.assert_allclose(fit_losses(n_shards=1), losses, rtol=1e-3)


def test_only_the_callers_thread_calls_the_callback():
    threads = []
    fit_losses(callback=lambda run: threads.append(threading.get_ident()))
    assert threads == [threading.get_ident()] * 9


def test_with_one_shard_no_shard_code_runs(monkeypatch):
    def refuse(*args):
        raise AssertionError("there is nothing to share")

    monkeypatch.setattr("ch335_helpers.shards.Sharded", refuse)
    assert len(fit_losses(n_shards=1)) == 9
    with pytest.raises(AssertionError, match="nothing to share"):
        fit_losses(n_shards=2)


def test_a_batch_too_small_to_share_is_not_shared(monkeypatch):
    numbers = []

    def noted(model, n_shards):
        numbers.append(n_shards)
        return Sharded(model, n_shards)

    monkeypatch.setattr("ch335_helpers.shards.Sharded", noted)
    for batch_size in (IMAGES_TO_SHARE - 1, IMAGES_TO_SHARE):
        fit_losses(batch_size=batch_size, n_shards=3)
    assert numbers == [3]


def test_where_there_are_no_threads_nothing_is_shared(monkeypatch):
    monkeypatch.setattr("ch335_helpers.shards.IN_BROWSER", True)
    assert fit_losses(n_shards=2) == fit_losses(n_shards=1)


def test_when_the_block_ends_the_model_is_the_callers_again(rng):
    x, y = batch(rng, 40)
    model = ResidualCNN(5, width=2)
    training = Training(model, x, y, x, y, epochs=1, batch_size=32)
    before = blas_threads()
    with side_by_side(training, 2):
        assert isinstance(training.model, Sharded)
        assert set(blas_threads()) == {1}
    assert training.model is model
    assert blas_threads() == before


def blas_threads():
    return [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]


def test_shards_of_an_endless_stream_draw_the_same_batches(rng):
    x, y = make_synthetic_images(4, img_size=16, n_classes=3, seed=1)
    losses, next_images = [], []
    for n_shards in (1, 2):
        stream = ImageStream(img_size=16, n_classes=3, seed=5, epoch_size=96)
        model = ResidualCNN(3, width=4)
        settings = {"epochs": 2, "batch_size": 32, "progress": False}
        run = fit(model, stream, None, x, y, **settings, n_shards=n_shards)
        losses.append(run.batch_loss)
        next_images.append(stream.draw(1)[0])
    np.testing.assert_allclose(*losses, rtol=1e-3)
    np.testing.assert_array_equal(*next_images)


# ----------------------------------------------------------------------- when it ends


class Fails(Layer):
    """Fails in the part of a batch that begins with this number."""

    def __init__(self, first, way):
        self.first, self.way, self.name = first, way, "fails"

    def __call__(self, params, x, train=False):
        def backward(dy, grads):
            if self.way == "backwards" and x[0, 0] == self.first:
                raise ValueError("only here")
            batch_gather.get()  # is that of the forward pass no more
            return dy

        if self.way == "forwards" and x[0, 0] == self.first:
            raise ValueError("only here")
        if gather := batch_gather.get():
            gather("a message that the others wait for")
        return x, backward


@pytest.mark.parametrize("way", ["forwards", "backwards"])
@pytest.mark.parametrize("first", [0, 4, 8])
def test_an_error_in_one_part_is_the_error_of_all(way, first):
    x, before = np.arange(12.0).reshape(12, 1), threading.active_count()
    sharded = Sharded(Fails(first, way), 3)
    for _ in range(3):  # and the next call begins anew
        with pytest.raises(ValueError, match="only here"):
            sharded({}, x, train=True)[1](x, {})
    sharded.pool.shutdown()
    assert threading.active_count() == before
    y, _ = Sharded(Fails(-1, way), 3)({}, x, train=True)
    np.testing.assert_array_equal(y, x)


def test_fit_returns_what_was_reached_when_interrupted(rng):
    x, y = batch(rng, 96)
    before = threading.active_count()

    def interrupt(run):
        if len(run.batch_loss) == 4:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted in epoch 2"):
        run = fit(
            ResidualCNN(5, width=4), x, y, x[:20], y[:20], epochs=3, batch_size=32,
            callback=interrupt, progress=False,
        )  # fmt: skip
    assert run.params
    assert len(run.seconds) == 1
    assert threading.active_count() == before


def test_n_shards_must_be_a_count(rng):
    x, y = batch(rng, 20)
    with pytest.raises(ValueError, match="n_shards must be a whole number"):
        fit(ResidualCNN(5), x, y, x, y, n_shards=0)


INTERRUPTED = """
import random, signal, sys, threading, warnings
import numpy as np
from ch335_helpers import ResidualCNN, fit, make_synthetic_images

warnings.simplefilter("ignore")
X, y = make_synthetic_images(40, img_size=16, n_classes=4)
random.seed(int(sys.argv[1]))
reached = 0
for _ in range(12):
    timer = threading.Timer(random.uniform(0.01, 0.2), signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        run = fit(ResidualCNN(4, width=4), X, y, X, y, epochs=1000, batch_size=32, progress=False)
        reached += run.stopped.startswith("interrupted") and len(run.val_loss) == len(run.seconds)
    except KeyboardInterrupt:  # before the training began, or after it had ended
        pass
    timer.join()
print(reached, threading.active_count())
"""  # noqa: E501


@pytest.mark.parametrize("seed", range(2))
def test_interrupts_at_random_moments_leave_no_thread_waiting(seed):
    command = [sys.executable, "-c", INTERRUPTED, str(seed)]
    out = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert out.returncode == 0, out.stderr
    n_reached, n_threads = map(int, out.stdout.split())
    assert n_reached >= 6
    assert n_threads == 1


@pytest.mark.parametrize("n_images", [1, 2, 3, 8])
def test_each_part_of_a_batch_that_is_large_enough_has_its_images(n_images):
    seen = []

    class Noted(ResidualCNN):
        def __call__(self, params, x, train=False):
            seen.append(x[:, 0, 0, 0].tolist())
            return super().__call__(params, x, train)

    model = Noted(3, width=2)
    params = model.init(np.random.default_rng(0))
    x = np.zeros((n_images, 1, 12, 12), np.float32)
    x[:, 0, 0, 0] = range(n_images)
    Sharded(model, 2)(params, x)
    half = n_images // 2
    parts = [[*range(half)], [*range(half, n_images)]]
    assert sorted(seen) == ([[0]] if n_images == 1 else parts)


def test_a_sharded_model_begins_as_the_model_does():
    model = ResidualCNN(3, width=2)
    sharded = Sharded(model, 2)
    assert sharded.parameters() == model.parameters()
    ours, theirs = (m.init(np.random.default_rng(0)) for m in (sharded, model))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_nobody_computes_the_gradient_of_the_images_in_a_training_step(monkeypatch):
    asked = []

    def noted(*args, **kwargs):
        asked.append(args[0].shape)
        return input_gradient(*args, **kwargs)

    monkeypatch.setattr("ch335_helpers.ops.input_gradient", noted)
    model = ResidualCNN(3, width=2)
    for network in (model, Sharded(model, 2)):
        params = model.init(np.random.default_rng(0))
        x, y = np.ones((8, 1, 12, 12), np.float32), np.zeros(8, int)
        train_step(network, params, x, y, {}, 0.1)
        n_shards = 1 if network is model else 2
        assert len(asked) == 5 * n_shards  # of six convolutions
        asked.clear()


def test_trainings_in_threads_leave_warnings_and_blas_as_they_were():
    def state():
        return warnings.filters[:], [b["num_threads"] for b in threadpool_info()]

    X, y = make_synthetic_images(10, img_size=12, n_classes=3)
    options = {"epochs": 1, "batch_size": IMAGES_TO_SHARE, "progress": False}
    before = state()
    with ThreadPoolExecutor(4) as executor:
        runs = [
            executor.submit(fit, ResidualCNN(3, width=4), X, y, X, y, **options)
            for _ in range(12)
        ]
    assert all(run.result().batch_loss == runs[0].result().batch_loss for run in runs)
    assert state() == before
