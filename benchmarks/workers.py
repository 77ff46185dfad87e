"""Processes that take turns, and what those of both sides share.

NumPy's side and PyTorch's side each live in processes of their own, so that neither
sees the other's threads or memory. A process computes only when it is asked to and
sleeps otherwise: the two sides never run at the same time.
"""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).parents[1]
CORES = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
WARM_UP = 5  # steps of each round before the clock starts
SAMPLE_EVERY = 0.003  # seconds between two looks at the memory

# What both sides train with: the settings of notebook 3
RECIPE = {"epochs": 12, "lr": 1e-2, "batch_size": 64}

# The shapes of CS231n's assignment 2
CONV_SHAPES = {"x": (100, 3, 31, 31), "w": (25, 3, 3, 3), "b": (25,)}
CONV_SETTINGS = {"stride": 2, "padding": 1}
CONV_OUTPUT = (100, 25, 16, 16)
POOL_SHAPE, POOL_OUTPUT = (100, 3, 32, 32), (100, 3, 16, 16)


class Worker:
    """One side, in a process of its own.

    Parameters
    ----------
    module : str
        ``"numpy_side"`` or ``"pytorch_side"``.
    folder : path
        Where the images and weights are.
    **environment : str
        Environment variables to add.
    """

    def __init__(self, module, folder, **environment):
        self.module = module
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
            | environment,
        )
        self._receive()  # imports are done

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, job, **settings):
        """Run one job there and return its answer."""
        self._send(job, settings)
        return self._receive()

    def watch(self, job, **settings):
        """Run one job; return the memory before it and the most during it, in bytes."""
        before = most = self._memory()
        self._send(job, settings)
        while not select.select([self.process.stdout], [], [], SAMPLE_EVERY)[0]:
            most = max(most, self._memory())
        self._receive()
        return before, most

    def _send(self, job, settings):
        self.process.stdin.write(json.dumps([job, settings]) + "\n")
        self.process.stdin.flush()

    def _receive(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"benchmarks.{self.module} has ended, see its error")
        return json.loads(line)

    def _memory(self):
        """Memory of the process and its children, in bytes.

        A page that several of them share counts once.
        """
        root = psutil.Process(self.process.pid)
        data = libraries = 0
        for process in [root, *root.children(recursive=True)]:
            try:
                own = _read_sizes(f"/proc/{process.pid}/smaps_rollup")
                files = _read_sizes(f"/proc/{process.pid}/status")["RssFile"]
            # it has just ended; a file of what is left of it lacks some entries
            except (FileNotFoundError, ProcessLookupError, KeyError):
                continue
            data += own["Pss_Anon"] + own["Pss_Shmem"]
            libraries = max(libraries, files)  # they have all loaded the same
        return data + libraries


def _read_sizes(path):
    """Entries in bytes of a file of Linux with lines like ``Name:   12 kB``."""
    lines = (line.split() for line in Path(path).read_text().splitlines())
    return {
        words[0].removesuffix(":"): int(words[1]) << 10
        for words in lines
        if words[-1:] == ["kB"]
    }


def serve(jobs):
    """Do what a `Worker` asks for, one job after another.

    Parameters
    ----------
    jobs : dict of str to callable
        Each takes keyword arguments and returns what JSON can hold.
    """
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        job, settings = json.loads(line)
        print(json.dumps(jobs[job](**settings)), flush=True)


def images_file(size):
    """Name of the file with images of size x size pixels, in the workers' folder."""
    return f"images-{size}.npz"


def weights_file(width):
    """Name of the file with the initial weights of a ``ResidualCNN(width=width)``."""
    return f"weights-{width}.npz"


def read(name):
    """Arrays of a file in the workers' folder, by name."""
    with np.load(name, allow_pickle=False) as archive:
        return dict(archive)


def read_batches(size, batch):
    """A list of whole batches (x, y) of training images."""
    data = read(images_file(size))
    starts = range(0, len(data["X"]) - batch + 1, batch)
    return [(data["X"][i : i + batch], data["y"][i : i + batch]) for i in starts]


def random_arrays(*shapes):
    """Float32 arrays of random numbers, the same in every process."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
