"""Processes that run one program, and hand one another what all of them need.

Threads would share their memory, but in Python only one thread runs at a time, and the
many short NumPy calls of a training step would wait for their turn. `make bench`
measures both: with two processes, a step gains much more than with two threads.
"""

import mmap
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import warnings
from contextlib import contextmanager

SLOT = 16 << 20  # bytes that are handed over at a time; memory is taken as it is needed
HEAD = 8  # of them say how long a message is
TRIES_BEFORE_SLEEP = 500
SLEEP = 2e-5  # seconds

_starting = threading.Lock()


class Shard:
    """One of the processes: its number, and how it reaches the others.

    Parameters
    ----------
    rank : int
        0 in the caller's process.
    slots : list of pair of mmap
        Where each process leaves its messages, in memory that all of them see.
    posts : list of list of multiprocessing.Semaphore
        ``posts[i][j]`` counts the messages of i that j has not read.
    gone : callable
        Returns the exception to raise if other processes have ended; else None.
    """

    def __init__(self, rank, slots, posts, gone):
        self.rank, self.slots, self.posts, self.gone = rank, slots, posts, gone
        self.n_shards, self.n_swaps = len(slots), 0

    def gather(self, value):
        """Give `value` to the others; return the values of all, in order of rank.

        Every process must call it, the same number of times.
        """
        if self.n_shards == 1:
            return [value]
        own = pickle.dumps(value, protocol=5)
        own = len(own).to_bytes(HEAD) + own
        messages = self._swap(own[:SLOT])
        longest = max(int.from_bytes(message[:HEAD]) for message in messages)
        if longest + HEAD > SLOT:
            messages = [bytearray(message) for message in messages]
        for start in range(SLOT, longest + HEAD, SLOT):
            pieces = self._swap(own[start : start + SLOT])
            for message, piece in zip(messages, pieces, strict=True):
                message += piece
        return [
            value if rank == self.rank else pickle.loads(memoryview(message)[HEAD:])
            for rank, message in enumerate(messages)
        ]

    def _swap(self, piece):
        """Give at most `SLOT` bytes; return what all have given, to be read at once.

        Beyond the end of what somebody has given, there may be anything.
        """
        # two slots in turn: nobody writes again where another may still be reading
        turn = self.n_swaps % 2
        self.n_swaps += 1
        self.slots[self.rank][turn][: len(piece)] = piece
        others = [rank for rank in range(self.n_shards) if rank != self.rank]
        for rank in others:
            self.posts[self.rank][rank].release()
        for rank in others:
            self._wait(self.posts[rank][self.rank])
        return [memoryview(slots[turn]) for slots in self.slots]

    def _wait(self, post):
        """Wait for a message.

        It will be there soon, so ask a few times before falling asleep: to be woken
        takes longer than most of the waits. On a busy machine, sleeping leaves the core
        to the process that one waits for.
        """
        tries = 0
        while not post.acquire(block=False):
            tries += 1
            if tries <= TRIES_BEFORE_SLEEP:
                os.sched_yield()
            elif (error := self.gone()) is None:
                time.sleep(SLEEP)
            elif post.acquire(block=False):  # it was the last one, and came meanwhile
                return
            else:
                raise error

    def part(self, n):
        """The slice of n images that this process works on."""
        start, end = (n * r // self.n_shards for r in (self.rank, self.rank + 1))
        return slice(start, end)


@contextmanager
def other_processes(work, n_shards):
    """Run ``work(shard)`` in other processes while a block runs.

    Parameters
    ----------
    work : callable
        Gets a `Shard`, whose rank is 1, 2 and so on.
    n_shards : int
        How many take part, the caller's own process among them. Where `may_fork` is
        False, it is alone, whatever the number.

    Yields
    ------
    shard : Shard
        The caller's, of rank 0. When the block has ended or failed, so do the others.
    """
    if n_shards == 1 or not may_fork():
        yield Shard(0, [None], [[None]], None)
        return
    context = multiprocessing.get_context("fork")
    ranks = range(n_shards)
    slots = [[mmap.mmap(-1, SLOT) for _ in range(2)] for _ in ranks]
    posts = [[context.Semaphore(0) for _ in ranks] for _ in ranks]
    caller = os.getpid()

    def caller_is_gone():
        return None if os.getppid() == caller else SystemExit()

    def begin(rank):
        # interrupts and warnings are for the caller, who gets them too
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        warnings.simplefilter("ignore")
        work(Shard(rank, slots, posts, caller_is_gone))

    others = [context.Process(target=begin, args=(r,), daemon=True) for r in ranks[1:]]

    def others_are_gone():
        if all(process.is_alive() for process in others):
            return None
        return RuntimeError("a process that computes a part of each batch has ended")

    # one thread after the other: each puts back the warning filters that it had found
    with _starting, warnings.catch_warnings():
        # Python 3.12 warns that other threads do not live on in a fork. These processes
        # need none of them: they compute with NumPy and write to the slots.
        warnings.simplefilter("ignore", DeprecationWarning)
        for process in others:
            process.start()
    try:
        yield Shard(0, slots, posts, others_are_gone)
    finally:
        for process in others:
            process.kill()
            process.join()
            process.close()


def may_fork():
    """Whether this process can safely be doubled with all its data.

    Only on Linux; and not from a daemonic process, such as those of a
    `multiprocessing.Pool`, which must have no children.
    """
    return sys.platform == "linux" and not multiprocessing.current_process().daemon
