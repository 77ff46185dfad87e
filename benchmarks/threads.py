"""A batch shared between threads, to see what the processes of `shards.py` are worth.

It computes what `Sharded` computes, with less: threads see the same arrays, so nothing
is packed or sent. But only one of them at a time can run Python code.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue

import numpy as np

from ch335_helpers.model.network import Layer
from ch335_helpers.training.shards import join_batch_norm


class InThreads(Layer):
    """A model that computes the parts of every batch side by side, each in a thread.

    Parameters
    ----------
    model : Layer
    n : int
        How many parts. The first is computed in the caller's thread.
    """

    def __init__(self, model, n):
        self.parts, self.ranks = (model,), range(n)
        self.joint = [
            join_batch_norm(model, partial(self._gather, r)) for r in range(n)
        ]
        entries = model.parameters().items()
        self.averages = [name for name, p in entries if p.role == "running average"]
        self.pool = ThreadPoolExecutor(n)
        # one for each pair, so that nobody's next result is taken for another's last
        self.queues = [[SimpleQueue() for _ in range(n)] for _ in range(n)]

    def __call__(self, params, x, train=False):
        parts = np.array_split(np.arange(len(x)), len(self.ranks))
        parts = [slice(part[0], part[-1] + 1) for part in parts]

        def forward(rank):
            # all parts compute the same averages, and only one may move them
            others = {} if rank == 0 else {k: params[k].copy() for k in self.averages}
            return self.joint[rank](params | others, x[parts[rank]], train)

        outputs = self._side_by_side(forward)

        def backward(dy, grads):
            def part_backward(rank):
                own = {}
                outputs[rank][1](dy[parts[rank]], own)
                return own

            by_part = self._side_by_side(part_backward)
            for name in by_part[0]:
                grads[name] = sum(own[name] for own in by_part)

        return np.concatenate([y for y, _ in outputs]), backward

    def _side_by_side(self, function):
        others = [self.pool.submit(function, rank) for rank in self.ranks[1:]]
        return [function(0), *(other.result() for other in others)]

    def _gather(self, rank, value):
        for queue in self.queues[rank]:
            queue.put(value)
        return [queues[rank].get() for queues in self.queues]
