"""Measure the chapter's code against PyTorch, and write what was measured.

    python -m benchmarks.run [--quick] [--no-book] [--no-browser] [--output FILE]

Prints each section of the report as soon as it is measured. Ends with an error if the
two sides do not compute the same, or if training is slower than is promised.
"""

import argparse
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from time import perf_counter

import nbformat
import numpy as np
from nbclient import NotebookClient

from benchmarks import browser, report
from benchmarks.report import interleave, ratios, seconds_to, spread
from benchmarks.workers import RECIPE, ROOT, Worker, images_file, weights_file
from ch335_helpers import (
    ResidualCNN,
    Table,
    make_synthetic_images,
    save_params,
    train_val_test_split,
)

LAYOUTS = ("contiguous", "channels last")
BATCHES, WIDTHS, SIZES = (32, 64, 128), (8, 16, 32), (16, 32, 64)
MEMORY_STEPS = 20  # after which the memory no longer grows
WIDEST = 64  # only to see how time and memory grow
DEFAULT = {"batch": 64, "size": 32, "width": 16}
# Adam divides by the gradient's size and so blows up differences of rounding, the more
# the larger the rate: hence PyTorch's default rate here, and not that of notebook 3
PROOF = {"seed": 0, "lr": 1e-3, "stop_after": 20}
PROOF_BOUND = 1e-3
PROMISED, AIM = 0.6, 1.0  # of PyTorch's images a second
# What `keep_freed_memory` asks of the C library, as environment variables
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
    "MALLOC_TOP_PAD_": str(16 << 20),
}


@dataclass
class Plan:
    """How long to measure."""

    repetitions: int = 5
    default_repetitions: int = 11  # of the default size, which counts most
    images: int = 1536  # a round of training at width 16
    seeds: int = 3  # runs to a given accuracy
    epochs: int = RECIPE["epochs"]
    operation_repetitions: int = 50
    train_images: tuple = (1000, 4000, 16000)


QUICK = Plan(2, 2, 256, 1, 2, 5, (500, 1000))


class Bench:
    """Both sides, ready to be asked.

    Parameters
    ----------
    plan : Plan
    folder : path
        For the images and weights that both sides read.
    ours, theirs, theirs_keeping : Worker
        The last one is PyTorch with the helper's settings of the C library's memory.
    """

    def __init__(self, plan, folder, ours, theirs, theirs_keeping):
        self.plan, self.folder = plan, folder
        self.ours, self.theirs, self.theirs_keeping = ours, theirs, theirs_keeping

    @cached_property
    def default_times(self):
        """Seconds of each contender's rounds at the default size, and the peak.

        Measured when a section first asks for it, so that no section needs another one.
        """
        arguments = {**DEFAULT, "steps": self.steps(**DEFAULT)}
        last = {**arguments, "layout": "channels last"}
        turns = {"ours": lambda: self.ours.ask("train", **arguments)}
        for layout in LAYOUTS:
            turns[f"PyTorch, {layout}"] = lambda layout=layout: self.theirs.ask(
                "train", **arguments, layout=layout
            )
        turns |= {
            "PyTorch, channels last, fused Adam": lambda: self.theirs.ask(
                "train", **last, fused=True
            ),
            "the same, keeping freed memory as the helper does": lambda: (
                self.theirs_keeping.ask("train", **last, fused=True)
            ),
            "peak": lambda: self.ours.ask("peak"),
        }
        return interleave(turns, self.plan.default_repetitions)

    @property
    def layout(self):
        """PyTorch's faster format at the default size."""
        times = self.default_times
        return report.fastest({key: times[f"PyTorch, {key}"] for key in LAYOUTS})

    @property
    def ratio(self):
        """Ratios of training at the default size, in PyTorch's faster format."""
        times = self.default_times
        return ratios(times[f"PyTorch, {self.layout}"], times["ours"])

    def steps(self, batch, size, width, factor=1):
        """Number of steps of one round: fewer where a step takes longer."""
        images = factor * self.plan.images * 16 / width * (32 / size) ** 2
        return max(2, round(images / batch))

    def compare(self, job, repetitions, factor=1, **setting):
        """Seconds an image of both sides, and their ratios in PyTorch's faster format.

        Returns
        -------
        ours, theirs, ratios : list of float
            One entry a repetition.
        layout : str
            PyTorch's faster format.
        """
        steps = self.steps(**setting, factor=factor)
        turns = {"ours": lambda: self.ours.ask(job, **setting, steps=steps)}
        for layout in LAYOUTS:
            turns[layout] = lambda layout=layout: self.theirs.ask(
                job, **setting, steps=steps, layout=layout
            )
        times = interleave(turns, repetitions)
        ours = times.pop("ours")
        layout = report.fastest(times)
        n_images = steps * setting["batch"]
        per_image = [[t / n_images for t in side] for side in (ours, times[layout])]
        return *per_image, ratios(times[layout], ours), layout


def write_inputs(folder):
    """Write the images and the initial weights that both sides start from."""
    for size in SIZES:
        n_per_class = 800 if size == 32 else 60
        X, y = make_synthetic_images(n_per_class=n_per_class, img_size=size)
        split = train_val_test_split(X, y, seed=0)
        arrays = {"X": split.X_train, "y": split.y_train}
        arrays |= {"X_val": split.X_val, "y_val": split.y_val}
        np.savez(folder / images_file(size), **arrays)
    for width in (*WIDTHS, WIDEST):
        params = ResidualCNN(width=width).init(np.random.default_rng(0))
        save_params(folder / weights_file(width), params)


def proof(bench):
    """Both sides must compute the same losses; ours come from `fit` itself."""
    ours = np.array(bench.ours.ask("learn", **PROOF)["losses"])
    rows = []
    for layout in LAYOUTS:
        theirs = np.array(bench.theirs.ask("learn", **PROOF, layout=layout)["losses"])
        difference = np.abs(ours - theirs) / theirs
        if not (len(ours) == PROOF["stop_after"] and difference.max() < PROOF_BOUND):
            sys.exit(f"{layout}: losses differ, relatively by {difference}")
        rows.append((layout, *(f"{d:.1e}" for d in (difference[0], difference.max()))))
    header = ("PyTorch's format", "relative difference, first step>", "largest>")
    text = f"Our loss falls from {ours[0]:.3f} to {ours[-1]:.3f} nats on the way."
    return f"{Table(header, rows)}\n\n{text} The largest must be below {PROOF_BOUND}."


def default_size(bench):
    """Training at the default size, and the share of the matrix-product peak."""
    times = dict(bench.default_times)
    peaks = np.array(times.pop("peak"))
    peak = np.median(peaks.max(axis=1))

    images, ours = bench.steps(**DEFAULT) * DEFAULT["batch"], times["ours"]
    flop = report.training_flop(ResidualCNN(), DEFAULT["size"])
    rows = [
        (
            name,
            spread([images / t for t in side], "{:,.0f}"),
            "" if name == "ours" else spread(ratios(side, ours)),
            f"{images * flop / median(side) / peak:.0%}",
        )
        for name, side in times.items()
    ]
    one, together = np.median(peaks, axis=0) / 1e9
    table = Table(
        ("", "images/s>", "ours / PyTorch>", "share of the peak>"),
        rows,
    )
    met = "met" if median(bench.ratio) >= PROMISED else "NOT met"
    aim = "reached" if median(bench.ratio) >= AIM else "not reached"
    return f"""{table}

**Ours / PyTorch in its faster format, {bench.layout}: {spread(bench.ratio)}.** Promised
at least {PROMISED}: {met}. Aim {AIM}: {aim}.

The peak is the larger of two rates of a float32 matrix product: one thread times the
cores, {one:.0f} Gflop/s, and all threads at work on one product, {together:.0f}
Gflop/s. An image needs {flop / 1e6:.1f} Mflop in a training step: two for each
multiplication of its convolutions and linear layers, three times (forwards, gradient of
the weights, gradient of the input), without the gradient of the image itself."""


def ways(bench):
    """Training alone, in threads and in processes."""
    rows = []
    for width in (16, 32):
        setting = {**DEFAULT, "width": width}
        steps = bench.steps(**setting)
        turns = {
            way: lambda way=way, s=setting, n=steps: bench.ours.ask(
                "train", **s, steps=n, way=way
            )
            for way in ("alone", "threads", "processes")
        }
        times = interleave(turns, bench.plan.repetitions)
        for way, seconds in times.items():
            speed = steps * setting["batch"] / median(seconds)
            gain = spread(ratios(times["alone"], seconds))
            rows.append((width, way, f"{speed:,.0f}", gain))
    return str(Table(("width>", "", "images/s>", "times as fast as alone>"), rows))


def grid(bench, job, factor):
    """Ratios against PyTorch over batch size and width."""
    rows = []
    for width in WIDTHS:
        for batch in BATCHES:
            ours, theirs, ratio, layout = bench.compare(
                job, bench.plan.repetitions, factor, batch=batch, size=32, width=width
            )
            speeds = (f"{1 / median(side):,.0f}" for side in (ours, theirs))
            rows.append((width, batch, *speeds, layout, spread(ratio)))
    header = ("width>", "batch>", "ours, images/s>", "PyTorch, images/s>")
    return str(Table((*header, "its faster format", "ours / PyTorch>"), rows))


def operations(bench):
    """One convolution and one pooling on the shapes of CS231n's assignment."""
    rows, repetitions = [], bench.plan.operation_repetitions
    for name in ("convolution", "pooling"):
        turns = {
            layout: lambda layout=layout, name=name: bench.theirs.ask(
                name, repetitions=repetitions, layout=layout
            )
            for layout in LAYOUTS
        }
        turns["ours"] = lambda name=name: bench.ours.ask(name, repetitions=repetitions)
        turns["loops"] = lambda name=name: bench.ours.ask(f"naive_{name}")
        times = interleave(turns, max(2, bench.plan.repetitions // 2))
        for way, place in (("forward", 0), ("backward", 1)):
            one_way = {key: [t[place] for t in side] for key, side in times.items()}
            ours, loops = one_way.pop("ours"), one_way.pop("loops")
            layout = report.fastest(one_way)
            row = (f"{median(t) * 1e3:,.2f}" for t in (ours, one_way[layout], loops))
            rows.append(
                (f"{name}, {way}", *row, layout, spread(ratios(one_way[layout], ours)))
            )
            rows[-1] += (spread(ratios(loops, ours), "{:,.0f}"),)
    header = ("", "ours, ms>", "PyTorch, ms>", "loops, ms>", "its faster format")
    return str(Table((*header, "ours / PyTorch>", "ours / loops>"), rows))


def growth(bench):
    """Time and memory of training over batch, image size and width."""
    settings = [{**DEFAULT, "batch": batch} for batch in (16, 32, 64, 128, 256)]
    settings += [{**DEFAULT, "size": size} for size in SIZES]
    settings += [{**DEFAULT, "width": width} for width in (*WIDTHS, WIDEST)]
    settings = [s for i, s in enumerate(settings) if s not in settings[:i]]
    rows = []
    for setting in settings:
        steps = bench.steps(**setting)
        arguments, theirs = {**setting, "steps": steps}, {"layout": bench.layout}
        times = interleave(
            {
                "ours": lambda a=arguments: bench.ours.ask("train", **a),
                "theirs": lambda a=arguments, t=theirs: bench.theirs.ask(
                    "train", **a, **t
                ),
            },
            max(2, bench.plan.repetitions // 2),
        )
        row = [f"{median(times[side]) / steps * 1e3:,.1f}" for side in times]
        arguments["steps"] = MEMORY_STEPS
        row += memory("numpy_side", bench, "train", **arguments)
        row += memory("pytorch_side", bench, "train", **arguments, **theirs)
        rows.append((*setting.values(), *row))
    header = ("batch>", "image size>", "width>", "ours, ms a step>")
    header += ("PyTorch, ms a step>", "ours, MB>", "of it training>")
    return str(Table((*header, "PyTorch, MB>", "of it training>"), rows))


def memory(module, bench, job, **arguments):
    """Largest memory of a job in a fresh process, in MB, and what the job added."""
    with Worker(module, bench.folder) as worker:
        before, most = worker.watch(job, **arguments)
    return f"{most / 1e6:,.0f}", f"{(most - before) / 1e6:,.0f}"


def training_set(bench):
    """Time and memory of `fit` over the number of training images."""
    rows = []
    for n in bench.plan.train_images:
        seconds = [bench.ours.ask("epoch", n=n) for _ in range(2)]
        used = memory("numpy_side", bench, "epoch", n=n)
        rows.append((f"{n:,}", f"{min(seconds):.2f}", *used))
    header = ("training images>", "seconds an epoch>")
    return str(Table((*header, "memory, MB>", "of it data and training>"), rows))


def accuracy(bench):
    """Time to a given validation accuracy with the recipe of notebook 3."""
    runs = {"ours": [], "PyTorch": []}
    for seed in range(bench.plan.seeds):
        setting = {"seed": seed, "epochs": bench.plan.epochs}
        runs["ours"].append(bench.ours.ask("learn", **setting))
        setting["layout"] = bench.layout
        runs["PyTorch"].append(bench.theirs.ask("learn", **setting))
    rows = []
    for target in (0.95, 0.98):
        for side, results in runs.items():
            times = [seconds_to(target, r["val"], r["seconds"]) for r in results]
            reached = [t for t in times if t is not None]
            shown = spread(reached, "{:.1f}") if reached else "never"
            count = f"{len(reached)} of {len(times)}"
            rows.append((f"{target:.0%}", side, shown, count))
    for side, results in runs.items():
        totals, best = zip(
            *((sum(r["seconds"]), max(r["val"])) for r in results), strict=True
        )
        rows.append(
            (
                f"all {bench.plan.epochs} epochs",
                side,
                spread(totals, "{:.1f}"),
                spread(best, "{:.1%}"),
            )
        )
    header = ("validation accuracy", "", "seconds>", "runs that reached it, or best>")
    return str(Table(header, rows))


def generation(bench):
    """Images drawn a second."""
    speeds = [bench.ours.ask("generate", n_per_class=400) for _ in range(5)]
    names = ("make_synthetic_images", "ImageStream, 64 at a time")
    rows = [
        (name, spread(side, "{:,.0f}"))
        for name, side in zip(names, zip(*speeds, strict=True), strict=True)
    ]
    return str(Table(("", "32 × 32 images/s>"), rows))


def book():
    """Time to execute every notebook, kernel start included, in a copy of the book."""
    rows, total = [], 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(ROOT / "book", Path(folder) / "book"))
        for path in sorted(copy.glob("*.ipynb")):
            notebook = nbformat.read(path, as_version=4)
            start = perf_counter()
            NotebookClient(
                notebook,
                timeout=900,
                kernel_name="python3",
                resources={"metadata": {"path": str(copy)}},
            ).execute()
            seconds = perf_counter() - start
            rows.append((path.name, f"{seconds:.0f}"))
            total += seconds
    return str(Table(("notebook", "seconds>"), rows, total=("all", f"{total:.0f}")))


INTRODUCTION = """# Results

Written by `make bench`. Ratios are speeds: above 1, the chapter's NumPy code is faster.
A ratio is the median over repetitions in which the two sides took turns; in brackets
are the smallest and the largest. PyTorch runs eagerly, in the faster of its two
memory formats, with as many threads as there are cores. Times that stand next to
each other were measured in the same run."""


def sections(bench, with_book, with_browser):
    """Title, explanation and function of each section, in order."""
    yield (
        "The machine",
        "",
        lambda: report.machine(bench.theirs.ask("versions")),
    )
    yield (
        "Both compute the same",
        f"Losses of the first {PROOF['stop_after']} steps of `fit`, and of PyTorch "
        "with the same initial weights, batches and learning rates.",
        lambda: proof(bench),
    )
    yield (
        "Training at the default size",
        "`ResidualCNN(width=16)`, 64 images of 32 × 32 a step. What was promised is "
        "against the first two lines of PyTorch; the others show what it gains from "
        "an Adam in one piece and from the helper's way with memory.",
        lambda: default_size(bench),
    )
    yield (
        "Threads or processes",
        "The same training steps on one core, and on all of them: in threads, which "
        "see the same arrays, and in processes, as `fit` takes them.",
        lambda: ways(bench),
    )
    yield (
        "Training",
        "Images of 32 × 32.",
        lambda: grid(bench, "train", 1),
    )
    yield (
        "Inference",
        "One call for each batch, in evaluation mode.",
        lambda: grid(bench, "infer", 2),
    )
    yield (
        "Single operations",
        "The shapes of CS231n's assignment 2, float32: a convolution of "
        "100 × 3 × 31 × 31 images with 25 × 3 × 3 × 3 filters, stride 2, padding 1; "
        "2 × 2 pooling of 100 × 3 × 32 × 32 images.",
        lambda: operations(bench),
    )
    yield (
        "How time and memory of training grow",
        "Memory is the largest sum over a side's processes, pages that they share "
        "counted once, in a fresh process; *of it training* is what came on top of "
        "the imported libraries.",
        lambda: growth(bench),
    )
    yield (
        "How they grow with the training set",
        "`fit` on more and more images; the faster of two epochs.",
        lambda: training_set(bench),
    )
    yield (
        "Time to an accuracy",
        "The recipe of notebook 3 on the main set, validation after each epoch "
        "included. Both sides see the same batches; each run shuffles with another "
        "seed.",
        lambda: accuracy(bench),
    )
    yield ("Drawing images", "", lambda: generation(bench))
    if with_browser:
        yield (
            "In the reader's browser",
            "Training steps in Chromium on a page of the built book, beside ConvNetJS "
            "0.3.0 in the same page, and beside CPython with one thread. Images of "
            "16 × 16 in batches of 32, and for `ResidualCNN` 32 × 32 in batches of 64. "
            "ConvNetJS can express neither batch normalisation nor a global average.",
            lambda: browser.section(bench.plan.repetitions),
        )
    if with_book:
        yield ("The whole book", "Executing the notebooks, one by one.", book)


def main():
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repetitions")
    parser.add_argument("--no-book", action="store_true", help="leave the book out")
    parser.add_argument("--no-browser", action="store_true", help="no browser either")
    parser.add_argument("--output", type=Path, help="file for the report")
    options = parser.parse_args()
    if sys.platform != "linux":
        sys.exit("the benchmarks need Linux: they read the memory from /proc")
    os.environ["TQDM_DISABLE"] = "1"
    text = [INTRODUCTION]
    print(INTRODUCTION, flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_inputs(folder)
        workers = [
            stack.enter_context(Worker(module, folder, **environment))
            for module, environment in (
                ("numpy_side", {}), ("pytorch_side", {}), ("pytorch_side", KEEP_MEMORY),
            )
        ]  # fmt: skip
        bench = Bench(QUICK if options.quick else Plan(), folder, *workers)
        wanted = sections(bench, not options.no_book, not options.no_browser)
        for title, explanation, measure in wanted:
            start = perf_counter()
            parts = (f"## {title}", explanation, measure())
            text.append("\n\n".join(part for part in parts if part))
            took = f"measured in {perf_counter() - start:.0f} s"
            print(f"\n{text[-1]}\n\n({took})", flush=True)
    if options.output:
        options.output.write_text("\n\n".join(text) + "\n", encoding="utf-8")
    if median(bench.ratio) < PROMISED:
        sys.exit(f"training reaches {median(bench.ratio):.2f} of PyTorch's speed")


if __name__ == "__main__":
    main()
