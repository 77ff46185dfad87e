"""From measured times to the lines of the report."""

import os
import platform
from math import prod
from pathlib import Path
from statistics import median

import numpy as np
from threadpoolctl import threadpool_info

from benchmarks.workers import CORES
from ch335_helpers import Table, steps


def interleave(turns, repetitions):
    """Call functions in turn, again and again, each time beginning with another one.

    So whatever slows the machine for a while slows all of them.

    Parameters
    ----------
    turns : dict of str to callable
    repetitions : int

    Returns
    -------
    results : dict of str to list
        One entry a repetition.
    """
    results, names = {name: [] for name in turns}, list(turns)
    for repetition in range(repetitions):
        first = repetition % len(names)
        for name in names[first:] + names[:first]:
            results[name].append(turns[name]())
    return results


def ratios(theirs, ours):
    """Their time over ours, repetition by repetition: above 1, we are faster."""
    return [their / our for their, our in zip(theirs, ours, strict=True)]


def fastest(times):
    """Name of the entry with the smallest median, of a dictionary of lists."""
    return min(times, key=lambda name: median(times[name]))


def spread(values, form="{:.2f}"):
    """Median with smallest and largest value, as text."""
    low, middle, high = (
        form.format(value) for value in (min(values), median(values), max(values))
    )
    return f"{middle} ({low} to {high})"


def multiply_adds(model, size):
    """Multiplications of one forward pass of one image, by layer.

    A convolution or linear layer uses each of its weights once for each place of its
    output.

    Parameters
    ----------
    model : Layer
    size : int
        Height and width of the image, which has one channel.

    Returns
    -------
    counts : dict of str to int
        In the order of the layers.
    """
    params = model.init(np.random.default_rng(0))
    image = np.zeros((1, 1, size, size), np.float32)
    return {
        step.name: prod(step.y.shape[2:]) * prod(step.layer.shape)
        for step in steps(model, params, image)
        if step.layer.kind in ("convolution", "linear")
    }


def training_flop(model, size):
    """Floating-point operations that one image needs in a training step.

    A multiplication and an addition for each of `multiply_adds`, three times: forwards,
    for the gradient of the weights, and for that of the input. The input of the first
    layer is the image; nobody needs its gradient. What is not a matrix product
    (normalisation, ReLU, pooling, Adam) is not counted.
    """
    counts = list(multiply_adds(model, size).values())
    return 2 * (3 * sum(counts) - counts[0])


def seconds_to(target, accuracies, seconds):
    """Seconds until the accuracy first reached the target; None if it never did."""
    for accuracy, passed in zip(accuracies, np.cumsum(seconds), strict=True):
        if accuracy >= target:
            return float(passed)
    return None


def machine(pytorch):
    """Lines with the processor and the libraries; `pytorch` is its version."""
    blas = next(lib for lib in threadpool_info() if lib["user_api"] == "blas")
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":")[1].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    rows = [
        ("processor", f"{model}, {platform.machine()}, {CORES} cores used"),
        ("memory", f"{memory / 2**30:.0f} GiB"),
        ("load before the run", f"{os.getloadavg()[0]:.2f} (0: no other work)"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("NumPy", np.__version__),
        ("its BLAS", f"{blas['internal_api']} {blas['version']}"),
        ("PyTorch", f"{pytorch[0]}, {pytorch[1]} threads"),
    ]
    return str(Table(("", ""), rows))
