"""Data-parallel training: threads, each with its part of every batch.

All parts go through one network with the same parameters. Nearly everything happens
within one image; where the whole batch matters (the statistics of batch normalisation,
the scores, the gradients) the threads show one another their results. The same scheme
trains large networks on many machines.

Only one thread at a time can run Python code, but NumPy lets go of that lock while it
computes. So the parts are computed side by side, and only the short pieces of Python
between two computations wait for their turn. Taught in notebook 7.
"""

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue

import numpy as np

from .checks import check_whole
from .cores import one_blas_thread
from .host import IN_BROWSER
from .layers import batch_gather, holding
from .network import Chain

IMAGES_TO_SHARE = 16  # a smaller batch is not worth a second thread


class Meeting:
    """Where the threads that compute the parts of one batch show their results.

    Parameters
    ----------
    n : int
        How many threads there are. Each has a rank, from 0 to n - 1.

    Examples
    --------
    >>> meeting = Meeting(2)
    >>> with ThreadPoolExecutor() as pool:
    ...     other = pool.submit(meeting.gather, 1, "b")
    ...     meeting.gather(0, "a")
    ['a', 'b']
    """

    def __init__(self, n):
        # one for each pair, so that nobody's next result is taken for another's last
        self.queues = [[SimpleQueue() for _ in range(n)] for _ in range(n)]

    def gather(self, rank, value):
        """Show `value` to the others; return the values of all, in order of rank.

        Every thread must call it, the same number of times.
        """
        for queue in self.queues[rank]:
            queue.put(value)
        values = [queues[rank].get() for queues in self.queues]
        for value in values:
            if isinstance(value, BaseException):  # that part will send nothing more
                raise value
        return values

    @contextmanager
    def left_by(self, rank):
        """Where a thread works: an error there is shown to the others, who end too."""
        try:
            yield
        except BaseException as error:
            for queue in self.queues[rank]:
                queue.put(error)
            raise


class Sharded(Chain):
    """A model that computes the parts of every batch side by side, each in a thread.

    Scores and gradients are the whole batch's, and so are the mean and variance that
    batch normalisation uses. They differ from those of the model on its own by
    rounding. There is no dx: in training, nobody asks for the gradient of the images.

    Parameters
    ----------
    model : Layer
    n_shards : int
        How many parts. The first is computed in the caller's thread.
    """

    def __init__(self, model, n_shards):
        super().__init__(model)
        self.model, self.ranks = model, range(n_shards)
        entries = model.parameters().items()
        self.averages = [name for name, p in entries if p.role == "running average"]
        self.pool = ThreadPoolExecutor(n_shards)

    def __call__(self, params, x, train=False):
        meeting, n = Meeting(len(self.ranks)), len(x)
        if n < len(self.ranks):  # too few to share
            return self.model(params, x, train)
        ends = [n * end // len(self.ranks) for end in (*self.ranks, len(self.ranks))]
        parts = [slice(*ends[rank : rank + 2]) for rank in self.ranks]

        def forward(rank):
            # all parts compute the same averages, and only one may move them
            others = {} if rank == 0 else {k: params[k].copy() for k in self.averages}
            with holding(batch_gather, partial(meeting.gather, rank)):
                return self.model(params | others, x[parts[rank]], train)

        outputs = self._side_by_side(forward, meeting)

        def backward(dy, grads):
            def part_backward(rank):
                own = {}
                outputs[rank][1](dy[parts[rank]], own)
                return own

            by_part = self._side_by_side(part_backward, meeting)
            for name in by_part[0]:
                grads[name] = sum(own[name] for own in by_part)

        return np.concatenate([y for y, _ in outputs]), backward

    def _side_by_side(self, function, meeting):
        """``function(rank)`` of each rank; an error of one ends the others."""

        def of_other(rank):
            with meeting.left_by(rank):
                return function(rank)

        others = []
        try:
            with meeting.left_by(0):
                for rank in self.ranks[1:]:
                    run = copy_context().run
                    others.append(self.pool.submit(run, of_other, rank))
                first = function(0)
        finally:  # nobody computes with these arrays when this returns or raises
            wait(others)
        return [first, *(other.result() for other in others)]


@contextmanager
def side_by_side(training, n_shards):
    """While a block takes the steps of a training, compute them in several threads.

    The matrix products are small: to share one among cores costs more than it saves.
    So BLAS keeps to one core in the block, and each thread has one.

    Parameters
    ----------
    training : Training
    n_shards : int
        How many parts a batch has, at least 1. With 1, with small batches, or in a
        browser, which has no threads, a step is taken as if nobody had asked.
    """
    check_whole("n_shards", n_shards)
    with one_blas_thread():
        if n_shards == 1 or training.batch_size < IMAGES_TO_SHARE or IN_BROWSER:
            yield
            return
        model = training.model
        training.model = Sharded(model, n_shards)
        try:
            yield
        finally:
            training.model.pool.shutdown()
            training.model = model
