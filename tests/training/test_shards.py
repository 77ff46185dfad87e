"""Processes that share a batch: they must compute what one alone computes."""

import multiprocessing
import os
import signal
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from ch335_helpers import (
    ImageStream,
    ResidualCNN,
    batch_norm,
    cross_entropy,
    fit,
    make_synthetic_images,
)
from ch335_helpers.machine.processes import Shard, may_fork, other_processes
from ch335_helpers.model.layers import BatchNorm, Conv, MaxPool, ReLU
from ch335_helpers.model.network import Chain, Residual
from ch335_helpers.training.loop import Training
from ch335_helpers.training.shards import (
    IMAGES_TO_SHARE,
    Sharded,
    first_custom_layer,
    joint_batch_norm,
    side_by_side,
)

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs fork")


def run_shards(work, n_shards):
    """Run ``work(shard)`` in every process; return what it returns in this one."""
    with other_processes(work, n_shards) as shard:
        return work(shard)


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


@pytest.mark.parametrize(
    "n_shards", [1, *(pytest.param(n, marks=linux_only) for n in (2, 3))]
)
def test_gather_returns_the_values_of_all_in_order_of_rank(n_shards):
    def work(shard):
        return [shard.gather((shard.rank, round_)) for round_ in range(50)]

    expected = [[(rank, r) for rank in range(n_shards)] for r in range(50)]
    assert run_shards(work, n_shards) == expected


def test_the_parts_of_a_batch_are_all_of_it_in_order():
    for n in (1, 2, 5, 64):
        parts = run_shards(lambda shard, n=n: shard.gather(shard.part(n)), 3)
        images = list(range(n))
        assert [i for part in parts for i in images[part]] == images


@linux_only
def test_large_messages_in_both_directions_at_once():
    def work(shard):
        values = shard.gather(np.full(3_000_000, shard.rank))
        return [int(value.sum()) for value in values]

    assert run_shards(work, 2) == [0, 3_000_000]


@linux_only
@pytest.mark.parametrize("slot", [8, 9, 50, 1000])
def test_a_message_may_be_longer_than_what_is_handed_over_at_a_time(slot, monkeypatch):
    monkeypatch.setattr("ch335_helpers.machine.processes.SLOT", slot)

    def work(shard):
        values = []
        for n in (0, 1, 7, 40, 300):
            values.append(shard.gather(bytes(range(shard.rank, shard.rank + n % 250))))
            values.append(shard.gather(np.full(n * shard.rank, shard.rank)))
        return shard.gather(values)

    for values in run_shards(work, 3):
        for n, texts, arrays in zip(
            (0, 1, 7, 40, 300), values[::2], values[1::2], strict=True
        ):
            assert texts == [bytes(range(r, r + n % 250)) for r in range(3)]
            assert [a.tolist() for a in arrays] == [[r] * n * r for r in range(3)]


# ---------------------------------------------------------------------- the same result


@linux_only
@pytest.mark.parametrize(("n_shards", "n_images"), [(2, 8), (2, 7), (3, 10), (3, 2)])
def test_shards_compute_the_gradients_of_the_whole_batch(n_shards, n_images, rng):
    x, y = batch(rng, n_images)
    model = ResidualCNN(5, width=4)
    whole_params, shard_params = float64_params(model), float64_params(model)
    expected = gradients(model, whole_params, x, y)

    def work(shard):
        result = gradients(Sharded(model, shard), shard_params, x, y)
        averages = {name: shard_params[name] for name in shard_params}
        return shard.gather((*result, averages))

    for logits, grads, params in run_shards(work, n_shards):
        np.testing.assert_allclose(logits, expected[0], rtol=1e-10, atol=1e-12)
        assert grads.keys() == expected[1].keys()
        for name, grad in expected[1].items():
            np.testing.assert_allclose(grads[name], grad, rtol=1e-7, atol=1e-11)
        for name, value in whole_params.items():  # running averages among them
            np.testing.assert_allclose(params[name], value, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("train", [True, False])
def test_batch_norm_of_the_parts_of_a_batch_is_that_of_the_whole(train, rng):
    """Two parts whose statistics and gradients are handed over as shards would."""
    x, dy = rng.standard_normal((2, 5, 3, 2, 4)) + 3
    gamma, beta = rng.standard_normal((2, 3))
    running = [np.full(3, 0.5), np.full(3, 2.0)]
    y, backward = batch_norm(x, gamma, beta, *(r.copy() for r in running), train=train)
    expected = backward(dy)

    cuts, given, passes = (slice(0, 2), slice(2, 5)), [], []

    def note(value):
        given.append(value)
        return [value]

    for cut in cuts:  # what each part has to tell
        averages = (r.copy() for r in running)
        joint_batch_norm(x[cut], gamma, beta, *averages, train=train, gather=note)
    for cut in cuts:
        moved = [r.copy() for r in running]
        known = [*given] if train else []
        later = []

        def gather(value, known=known, later=later):
            if isinstance(value, tuple):
                return known
            later.append(value)
            return [value, *passes]

        part, part_backward = joint_batch_norm(
            x[cut], gamma, beta, *moved, train=train, gather=gather
        )
        np.testing.assert_allclose(part, y[cut], rtol=1e-12)
        _, dgamma, dbeta = part_backward(dy[cut])
        np.testing.assert_allclose(later or [[dgamma, dbeta]], [[dgamma, dbeta]])
        passes.append(np.stack([dgamma, dbeta]))
    total = sum(passes)
    np.testing.assert_allclose(total, expected[1:], rtol=1e-10)
    # now that the other's gradients are known, dx is the whole batch's
    passes = passes[:1]
    dx, _, _ = part_backward(dy[cuts[1]])
    np.testing.assert_allclose(dx, expected[0][cuts[1]], rtol=1e-8, atol=1e-12)


@linux_only
def test_batch_norm_in_shards_is_not_that_of_each_part(rng):
    x, y = batch(rng, 8)
    model = ResidualCNN(5, width=4)
    params = float64_params(model)
    sharded = run_shards(
        lambda shard: gradients(Sharded(model, shard), params, x, y)[0], 2
    )
    part, _ = model(float64_params(model), x[:4], train=True)
    assert abs(sharded[:4] - part).max() > 0.01


def fit_losses(**settings):
    rng = np.random.default_rng(0)
    x, y = batch(rng, 96)
    arrays = (x, y, x[:20], y[:20])
    model = ResidualCNN(5, width=4)
    defaults = {"epochs": 3, "batch_size": 32, "progress": False}
    return fit(model, *arrays, **defaults | settings).batch_loss


@linux_only
def test_one_core_or_many_give_the_same_losses():
    cores = os.sched_getaffinity(0)
    losses = fit_losses()
    try:
        os.sched_setaffinity(0, {min(cores)})
        assert fit_losses() == losses
    finally:
        os.sched_setaffinity(0, cores)
    np.testing.assert_allclose(fit_losses(n_shards=1), losses, rtol=1e-3)


@linux_only
def test_only_the_callers_process_calls_the_callback(tmp_path):
    note = tmp_path / "pids"

    def write_pid(run):
        with note.open("a") as file:
            print(os.getpid(), file=file)

    fit_losses(callback=write_pid)
    assert note.read_text().split() == [str(os.getpid())] * 9


def test_with_one_shard_no_shard_code_runs(monkeypatch):
    def refuse(*args):
        raise AssertionError("there is nothing to share")

    for name in ("Sharded", "other_processes"):
        monkeypatch.setattr(f"ch335_helpers.training.shards.{name}", refuse)
    assert len(fit_losses(n_shards=1)) == 9
    if not may_fork():
        return
    with pytest.raises(AssertionError, match="nothing to share"):
        fit_losses(n_shards=2)


@linux_only
def test_a_batch_too_small_to_share_is_not_shared(monkeypatch):
    sizes = []

    @contextmanager
    def noted(work, n_shards):
        sizes.append(n_shards)
        yield Shard(0, [None], [[None]], None)

    monkeypatch.setattr("ch335_helpers.training.shards.other_processes", noted)
    for batch_size in (IMAGES_TO_SHARE - 1, IMAGES_TO_SHARE):
        fit_losses(batch_size=batch_size, n_shards=3)
    assert sizes == [3]


@linux_only
def test_when_the_block_ends_the_model_is_the_callers_again(rng):
    x, y = batch(rng, 40)
    model = ResidualCNN(5, width=2)
    training = Training(model, x, y, x, y, epochs=1, batch_size=32)
    own, before = training.model, blas_threads()
    with side_by_side(training, 2):
        assert isinstance(training.model, Sharded)
        assert set(blas_threads()) == {1}
    assert training.model is own
    assert blas_threads() == before


def blas_threads():
    return [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]


@linux_only
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


@linux_only
def test_no_process_is_left_after_success_or_failure():
    def fails_in_the_first(shard):
        shard.gather(0)
        if shard.rank == 0:
            raise KeyError("told to")
        shard.gather(1)

    with pytest.raises(KeyError, match="told to"):
        run_shards(fails_in_the_first, 3)
    assert run_shards(lambda shard: shard.rank, 3) == 0
    assert not multiprocessing.active_children()


def test_the_last_message_of_a_process_that_has_ended_is_read():
    # on a busy machine it can be sent, and its sender end, between two looks
    class Post:
        is_there = False

        def acquire(self, block):
            return self.is_there

    def ends_now():
        post.is_there = True
        return RuntimeError("has ended")

    post = Post()
    Shard(0, [None, None], [[None, None], [post, None]], ends_now)._wait(post)
    with pytest.raises(RuntimeError, match="has ended"):
        Shard(0, [None], [[None]], lambda: RuntimeError("has ended"))._wait(Post())


@linux_only
def test_the_end_of_another_process_is_noticed(capfd):
    def fails_in_the_second(shard):
        if shard.rank == 1:
            raise ValueError("only here")
        shard.gather(0)

    with pytest.raises(RuntimeError, match="part of each batch has ended"):
        run_shards(fails_in_the_second, 2)
    assert "ValueError: only here" in capfd.readouterr().err


@linux_only
def test_a_process_whose_caller_was_killed_ends(tmp_path):
    note = tmp_path / "pid"

    def waits_for_ever(shard):
        if shard.rank == 1:
            note.write_text(str(os.getpid()))
            shard.gather(0)
        while True:
            time.sleep(1)

    def calls():
        run_shards(waits_for_ever, 2)

    caller = multiprocessing.get_context("fork").Process(target=calls)
    caller.start()
    wait_until(lambda: note.exists() and note.read_text())
    caller.kill()
    caller.join()
    wait_until(lambda: not running(int(note.read_text())))


@linux_only
def test_a_pools_worker_computes_alone():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(count_shards) == 1


def count_shards():
    return run_shards(lambda shard: len(shard.gather(0)), 2)


def wait_until(condition, seconds=20):
    for _ in range(seconds * 100):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def running(pid):
    """Whether the process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_fit_returns_what_was_reached_when_interrupted(rng):
    x, y = batch(rng, 96)

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
    assert not multiprocessing.active_children()


def test_n_shards_must_be_a_count(rng):
    x, y = batch(rng, 20)
    with pytest.raises(ValueError, match="n_shards must be a whole number"):
        fit(ResidualCNN(5), x, y, x, y, n_shards=0)


@linux_only
def test_the_other_processes_leave_interrupts_to_the_caller():
    def work(shard):
        ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        daemon = multiprocessing.current_process().daemon
        return shard.gather((ignored, daemon))

    assert run_shards(work, 3) == [(False, False), (True, True), (True, True)]


class Alone(Shard):
    """The second of two shards, which notes what it gives to the other."""

    def __init__(self):
        super().__init__(1, [None, None], None, None)
        self.given = []

    def gather(self, value):
        self.given.append(value)
        return [value]


@pytest.mark.parametrize(("n_images", "part"), [(1, 1), (2, 1), (3, 2), (8, 4)])
def test_a_shard_computes_its_part_of_a_batch_that_is_large_enough(n_images, part):
    sizes = []

    class Noted(ResidualCNN):
        def __call__(self, params, x, train=False):
            sizes.append((len(x), train))
            return super().__call__(params, x, train)

    model, shard = Noted(3, width=2), Alone()
    params = model.init(np.random.default_rng(0))
    Sharded(model, shard)(params, np.zeros((n_images, 1, 12, 12), np.float32))
    assert sizes == [(part, False)]
    assert len(shard.given) == (n_images > 1)


def test_a_sharded_model_begins_as_the_model_does(rng):
    model = ResidualCNN(3, width=2)
    sharded = Sharded(model, Alone())
    assert sharded.parameters() == model.parameters()
    ours, theirs = (m.init(np.random.default_rng(0)) for m in (sharded, model))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


@linux_only
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


# ------------------------------------------------------------ the reader's own layers


class Centred(ReLU):
    """Looks at all images of a batch at once."""

    def __call__(self, params, x, train=False):
        mean = x.mean(axis=0)
        return x - mean, lambda dy, grads: dy - dy.mean(axis=0)


class SameConv(Conv):
    """Computes as its base does."""


def test_a_layer_that_computes_in_its_own_way_is_found_anywhere():
    own = Centred("own")
    assert first_custom_layer(ResidualCNN()) is None
    assert first_custom_layer(Chain(SameConv("conv", 1, 2), MaxPool())) is None
    assert first_custom_layer(own) is own
    assert first_custom_layer(Chain(ReLU(), Residual(Chain(ReLU(), own)))) is own

    class OwnNorm(BatchNorm):
        def __call__(self, params, x, train=False):
            return super().__call__(params, x, train)

    assert first_custom_layer(Chain(OwnNorm("bn", 2))).name == "bn"

    class Quick(BatchNorm):
        operation = staticmethod(partial(batch_norm, momentum=0.5))

    class Wide(Residual):
        def add(self, y, short):
            return y + short - y.mean(axis=0)

    changed = BatchNorm("changed", 2)
    changed.operation = Quick.operation
    for layer in (Quick("quick", 2), Wide(ReLU(), name="wide"), changed):
        assert first_custom_layer(Chain(ReLU(), layer)) is layer


@linux_only
def test_a_model_with_a_layer_of_the_readers_own_trains_in_one_process(rng):
    x, y = batch(rng, 40)
    model = Chain(Centred("own"), ResidualCNN(5, width=2))
    options = {"epochs": 1, "batch_size": 20, "progress": False}
    with pytest.warns(
        UserWarning, match="'own' is of class Centred.*in one process"
    ) as caught:
        run = fit(model, x, y, x, y, **options)
    assert caught[0].filename == __file__
    alone = fit(model, x, y, x, y, n_shards=1, **options)
    assert run.batch_loss == alone.batch_loss
