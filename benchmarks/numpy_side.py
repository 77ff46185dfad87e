"""The chapter's side of the benchmarks: jobs that its worker process can be asked for.

Training is timed the way `fit` does it: one process a core, each with one BLAS thread.
Everything else is called as a reader calls it.
"""

import warnings
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import loops
from benchmarks.threads import InThreads
from benchmarks.workers import (
    CONV_OUTPUT,
    CONV_SETTINGS,
    CONV_SHAPES,
    CORES,
    POOL_OUTPUT,
    POOL_SHAPE,
    RECIPE,
    WARM_UP,
    images_file,
    random_arrays,
    read,
    read_batches,
    serve,
    weights_file,
)
from ch335_helpers import (
    ImageStream,
    ResidualCNN,
    conv2d,
    fit,
    make_synthetic_images,
    max_pool,
    predict_logits,
    train_step,
)
from ch335_helpers.machine.cores import one_blas_thread
from ch335_helpers.machine.processes import other_processes
from ch335_helpers.model.layers import without_image_gradient
from ch335_helpers.training.shards import Sharded


def train(batch, size, width, steps, way="processes"):
    """Seconds for that many training steps.

    `way` is how the cores share them: as `fit` does it, in ``"processes"``; in
    ``"threads"``; or not at all, ``"alone"``.
    """
    model = without_image_gradient(ResidualCNN(width=width))  # as `fit` takes it
    params, batches = read(weights_file(width)), read_batches(size, batch)

    def take_steps(network):
        state = {}
        for step in range(WARM_UP + steps):
            if step == WARM_UP:
                start = perf_counter()
            x, y = batches[step % len(batches)]
            train_step(network, params, x, y, state, RECIPE["lr"])
        return perf_counter() - start

    def in_shards(shard):
        return take_steps(Sharded(model, shard))

    with one_blas_thread():
        if way == "processes":
            with other_processes(in_shards, CORES) as shard:
                return in_shards(shard)
        return take_steps(model if way == "alone" else InThreads(model, CORES))


def infer(batch, size, width, steps):
    """Seconds for the scores of that many batches."""
    model, params = ResidualCNN(width=width), read(weights_file(width))
    batches = read_batches(size, batch)
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            start = perf_counter()
        predict_logits(model, params, batches[step % len(batches)][0])
    return perf_counter() - start


def learn(seed, stop_after=None, **settings):
    """Train by the recipe with `fit`; losses of the steps, seconds and accuracies.

    `stop_after` is a number of steps; `settings` replace those of the recipe.
    """
    data = read(images_file(32))
    parts = (data[name] for name in ("X", "y", "X_val", "y_val"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it was stopped
        run = fit(
            ResidualCNN(), *parts, **RECIPE | settings, seed=seed,
            params=read(weights_file(16)),
            callback=lambda run: len(run.batch_loss) == stop_after,
            progress=False, n_shards=CORES,
        )  # fmt: skip
    return {"losses": run.batch_loss, "seconds": run.seconds, "val": run.val_accuracy}


def epoch(n):
    """Seconds for one epoch of `fit` on n training images."""
    X, y = ImageStream(seed=n).draw(n)
    run = fit(
        ResidualCNN(), X, y, X[:64], y[:64], epochs=1, progress=False, n_shards=CORES
    )
    return run.seconds[0]


def convolution(repetitions):
    """Seconds for CS231n's convolution, forwards and backwards, once each."""
    *arrays, dy = random_arrays(*CONV_SHAPES.values(), CONV_OUTPUT)
    return _time_both(lambda: conv2d(*arrays, **CONV_SETTINGS), dy, repetitions)


def pooling(repetitions):
    """Seconds for CS231n's pooling, forwards and backwards, once each."""
    x, dy = random_arrays(POOL_SHAPE, POOL_OUTPUT)
    return _time_both(lambda: max_pool(x), dy, repetitions)


def _time_both(forward, dy, repetitions):
    seconds = np.zeros(2)
    for repetition in range(WARM_UP + repetitions):
        if repetition == WARM_UP:
            seconds[:] = 0
        start = perf_counter()
        _, backward = forward()
        between = perf_counter()
        backward(dy)
        seconds += between - start, perf_counter() - between
    return list(seconds / repetitions)


def naive_convolution():
    """As `convolution`, with plain loops."""
    x, w, b, dy = random_arrays(*CONV_SHAPES.values(), CONV_OUTPUT)
    start = perf_counter()
    loops.conv_forward(x, w, b, **CONV_SETTINGS)
    between = perf_counter()
    loops.conv_backward(dy, x, w, **CONV_SETTINGS)
    return between - start, perf_counter() - between


def naive_pooling():
    """As `pooling`, with plain loops."""
    x, dy = random_arrays(POOL_SHAPE, POOL_OUTPUT)
    start = perf_counter()
    loops.pool_forward(x)
    between = perf_counter()
    loops.pool_backward(dy, x)
    return between - start, perf_counter() - between


def peak():
    """Flop/s of the best float32 matrix product: one thread times cores, all threads.

    The larger of the two is what this machine can do.
    """
    with threadpool_limits(1, "blas"):
        one = max(map(_matmul_rate, (512, 1024, 2048)))
    return one * CORES, max(map(_matmul_rate, (512, 1024, 2048)))


def _matmul_rate(n):
    a, b = random_arrays((n, n), (n, n))
    seconds = []
    for _ in range(4):
        start = perf_counter()
        a @ b
        seconds.append(perf_counter() - start)
    return 2 * n**3 / min(seconds)


def generate(n_per_class):
    """Images a second from `make_synthetic_images`, and from a stream in batches."""
    stream = ImageStream()
    make_synthetic_images(1)  # draws the templates, which are kept
    start = perf_counter()
    X, _ = make_synthetic_images(n_per_class)
    between = perf_counter()
    for _ in range(len(X) // 64):
        stream.draw(64)
    end = perf_counter()
    return len(X) / (between - start), len(X) // 64 * 64 / (end - between)


JOBS = (
    train, infer, learn, epoch, convolution, pooling, naive_convolution, naive_pooling,
    peak, generate,
)  # fmt: skip

if __name__ == "__main__":
    serve({job.__name__: job for job in JOBS})
