"""The machine's cores: a process on each of them, and one thread of BLAS in each."""

import os
import pickle
import sys
import threading
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache, lru_cache
from multiprocessing import get_context

from threadpoolctl import ThreadpoolController

from .host import IN_BROWSER


class _Together:
    """BLAS in one thread from the first block that begins to the last one that ends.

    The setting is one for the whole process. Blocks in several threads that each put
    back what they had found would put back one another's limit.
    """

    def __init__(self):
        self.lock, self.n_blocks, self.limits = threading.Lock(), 0, None

    def __enter__(self):
        with self.lock:
            if self.n_blocks == 0:
                self.limits = _limit_blas()
            self.n_blocks += 1

    def __exit__(self, *error):
        with self.lock:
            self.n_blocks -= 1
            if self.n_blocks == 0:
                self.limits.restore_original_limits()


_together = _Together()


@contextmanager
def one_blas_thread():
    """While a block runs, BLAS computes in one thread, also if others overlap with it.

    When the last of the blocks has ended, in whatever thread, the limit is what it was
    before the first one.

    Examples
    --------
    >>> import numpy as np
    >>> with one_blas_thread():
    ...     product = np.eye(2) @ np.eye(2)
    """
    # a BLAS that is built on OpenMP has a limit for each thread: hence the second one
    with _together, _limit_blas():
        yield


def _limit_blas():
    """Keep BLAS to one thread until what is returned is left."""
    return _blas(len(sys.modules)).limit(limits=1, user_api="blas")


@lru_cache(maxsize=1)
def _blas(n_modules):
    """Each BLAS of this process: looked for again only when something was imported."""
    return ThreadpoolController()


@cache
def _threads(process):
    """A thread for each core; another process that is a copy of this has its own."""
    return ThreadPoolExecutor(_n_cores())


def _n_cores():
    return os.cpu_count() or 1


def map_in_threads(function, parts):
    """Compute ``function(part)`` for each part, on all cores, each with one thread.

    NumPy lets go of Python's lock while it computes, so threads that make few and long
    calls wait less for one another. While somebody keeps BLAS to one thread, as a
    training does, that one core is all that is used.

    Parameters
    ----------
    function : callable
    parts : list
        What it is called with.

    Returns
    -------
    results : list
        In the order of the parts.

    Examples
    --------
    >>> map_in_threads(abs, [-1, 2])
    [1, 2]
    """

    def compute(share):
        return [function(part) for part in share]

    if len(parts) == 1 or IN_BROWSER or _together.n_blocks:
        return compute(parts)
    n = min(_n_cores(), len(parts))
    shares = [parts[i::n] for i in range(n)]
    with one_blas_thread():
        others = [
            # with this thread's settings, such as NumPy's `errstate`
            _threads(os.getpid()).submit(copy_context().run, compute, share)
            for share in shares[1:]
        ]
        results = [compute(shares[0])]  # in this thread, which would only wait
        results += [other.result() for other in others]
    return [results[i % n][i // n] for i in range(len(parts))]


class Cores(ThreadPoolExecutor):
    """An executor with a process on each core; each has one call at a time.

    A process that is lost costs the call that it was computing, whose future raises
    `BrokenProcessPool`; the next call gets a new process. In a `ProcessPoolExecutor`,
    one lost process is the end of all calls.

    Parameters
    ----------
    n : int, optional
        How many processes; by default one for each core.
    """

    def __init__(self, n=None):
        super().__init__(n or _n_cores())  # each thread looks after one process
        self._own, self._pools = threading.local(), []

    def submit(self, function, /, *args, **kwargs):
        """Call a function in the next process that is free; return its Future."""
        return super().submit(self._call, function, args, kwargs)

    def _call(self, *call):
        """Have this thread's process call a function; return its result."""
        # packed here: what a new process cannot unpack is then an error of the call,
        # for instance a function that is defined in a notebook
        packed = pickle.dumps(call)
        pool = getattr(self._own, "pool", None) or self._new_process()
        try:
            return pool.submit(_unpack_and_call, packed).result()
        except BrokenExecutor:
            self._own.pool = None
            raise

    def _new_process(self):
        """Start a process that belongs to this thread."""
        from concurrent.futures import ProcessPoolExecutor  # not there in a browser

        # a new Python, not a copy of this process, which may have threads
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        try:
            pool.submit(abs, 0).result()
        except BrokenExecutor as error:
            text = (
                "no new Python could be started. In a script, what uses all cores must"
            )
            guard = 'stand below `if __name__ == "__main__":`'
            raise RuntimeError(f"{text} {guard}") from error
        self._own.pool = pool
        self._pools.append(pool)
        return pool

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Take no more calls, and end the processes."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        for pool in self._pools:
            pool.shutdown(wait)


def _unpack_and_call(packed):
    """Do what `Cores` has packed for this process."""
    function, args, kwargs = pickle.loads(packed)
    return function(*args, **kwargs)


@contextmanager
def all_cores():
    """While a block runs, an executor with a process on each core, for `sweep`.

    Yields
    ------
    executor : Cores or None
        None in a browser, which has no processes: `sweep` then works in turn.

    Examples
    --------
    >>> with all_cores() as executor:
    ...     executor.submit(pow, 2, 10).result()
    1024
    """
    if IN_BROWSER:
        yield None
        return
    with Cores() as executor:
        yield executor
