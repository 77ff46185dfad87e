"""Data-parallel training: each process computes a part of every batch.

All processes run one program. They start from the same parameters and draw the same
batches. Each sends its own part through the network; where the whole batch matters (the
statistics of batch normalisation, the scores, the gradients) they hand one another
their results. So all take the same step, and nobody has to send parameters. The same
scheme trains large networks on many machines. Taught in notebook 7.
"""

import warnings
from contextlib import contextmanager
from copy import copy
from functools import partial

import numpy as np

from ..checks import check_whole
from ..machine.cores import one_blas_thread
from ..machine.processes import may_fork, other_processes
from ..model import layers, ops
from ..model.layers import BatchNorm
from ..model.network import Layer, computes_as, rebuild

IMAGES_TO_SHARE = 16  # a smaller batch is not worth a second process
OWN_LAYERS = [k for k in vars(layers).values() if getattr(k, "kind", "")]


def joint_moments(parts):
    """Count, mean and biased variance of a batch, from those of its parts.

    Parameters
    ----------
    parts : list of (int, ndarray, ndarray)
        Of each part its count, its mean, and its sum of squared distances from that
        mean.

    Returns
    -------
    count : int
    mean, var : ndarray

    Notes
    -----
    Taught in notebook 7.
    Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise
    algorithm for computing sample variances" (1979).

    Examples
    --------
    The parts 1, 3 and 8:

    >>> count, mean, var = joint_moments([(2, 2.0, 2.0), (1, 8.0, 0.0)])
    >>> count, mean, round(var, 3), round(np.var([1, 3, 8]).item(), 3)
    (3, 4.0, 8.667, 8.667)
    """
    count = sum(n for n, _, _ in parts)
    mean = sum(n / count * part_mean for n, part_mean, _ in parts)
    squares = sum(sq + n * (part_mean - mean) ** 2 for n, part_mean, sq in parts)
    return count, mean, squares / count


def joint_batch_norm(
    x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=ops.EPS, *,
    gather,
):  # fmt: skip
    """Batch normalisation of a whole batch, of which x is one part.

    Its values are centred on the mean of their own part before the joint mean is known.
    That need not be done again: the gap between the two, `shift`, is one number a
    channel, and is added with beta.

    Parameters
    ----------
    x, gamma, beta, running_mean, running_var, train, momentum, eps
        As for `batch_norm`.
    gather : callable
        Takes what this part knows, and returns the list of what all parts know.

    Returns
    -------
    y : ndarray, shape (N, C, H, W)
        This part of the result for the whole batch.
    backward : callable
        ``backward(dy)`` returns ``(dx, dgamma, dbeta)``, the last two for this part:
        the sum over all parts is the gradient.
    """
    if not train:  # each image on its own
        return ops.batch_norm(
            x, gamma, beta, running_mean, running_var, train, momentum, eps
        )
    N, C, H, W = x.shape
    rows = ops.pixel_rows(x)
    own_mean = ops.channel_sums(rows, C) / (N * H * W)
    centred = rows - ops.per_pixel(own_mean, rows)
    squares = ops.channel_products(centred, centred, C)
    count, mean, var = joint_moments(gather((N * H * W, own_mean, squares)))
    running_mean += momentum * (mean - running_mean)
    running_var += momentum * (var * (count / (count - 1)) - running_var)
    inv_std = 1 / np.sqrt(var + eps)
    shift = own_mean - mean
    scale = gamma * inv_std
    per_pixel_scale = ops.per_pixel(scale, rows)
    y = centred * per_pixel_scale
    y += ops.per_pixel(scale * shift + beta, rows)

    def backward(dy):
        dy = ops.pixel_rows(dy)
        dbeta = ops.channel_sums(dy, C)
        dgamma = inv_std * (ops.channel_products(dy, centred, C) + shift * dbeta)
        # every value acts on the joint mean and variance
        all_dgamma, all_dbeta = sum(gather(np.stack([dgamma, dbeta]))) / count
        slope = inv_std * all_dgamma
        dx = centred * ops.per_pixel(-slope, rows)
        dx -= ops.per_pixel(slope * shift + all_dbeta, rows)
        dx += dy
        dx *= per_pixel_scale
        return ops.images_of(dx, x.shape), dgamma, dbeta

    return ops.images_of(y, x.shape), backward


def join_batch_norm(model, gather):
    """A copy of a network whose batch normalisation is that of the whole batch.

    Parameters
    ----------
    model : Layer
    gather : callable
        As for `joint_batch_norm`.

    Returns
    -------
    joint : Layer
    """

    def join(layer):
        if computes_as(layer, BatchNorm):
            layer = copy(layer)
            layer.operation = partial(joint_batch_norm, gather=gather)
        return layer

    return rebuild(model, join)


class Sharded(Layer):
    """A model of which this process computes one part of every batch.

    Scores and gradients are the whole batch's, in every process, and so are the mean
    and variance that batch normalisation uses. They differ from those of the model on
    its own by rounding. There is no dx: in training, nobody asks for the gradient of
    the images.

    Parameters
    ----------
    model : Layer
        Without a `first_custom_layer`.
    shard : Shard
    """

    def __init__(self, model, shard):
        self.parts, self.shard = (model,), shard
        self.joint = join_batch_norm(model, shard.gather)

    def __call__(self, params, x, train=False):
        if len(x) < self.shard.n_shards:  # too few to share: everybody computes all
            return self.parts[0](params, x, train)
        part, gather = self.shard.part(len(x)), self.shard.gather
        y, part_backward = self.joint(params, x[part], train)

        def backward(dy, grads):
            own = {}
            part_backward(dy[part], own)
            if not own:
                return
            # in one piece they travel faster
            total = sum(gather(np.concatenate([g.ravel() for g in own.values()])))
            ends = np.cumsum([g.size for g in own.values()])[:-1]
            for name, g in zip(own, np.split(total, ends), strict=True):
                grads[name] = g.reshape(own[name].shape)

        return np.concatenate(gather(y)), backward


def first_custom_layer(model):
    """The first layer that is not the chapter's own; None if there is none.

    Parts of a batch can be computed apart if a layer computes each image by itself. The
    chapter's own layers do, apart from batch normalisation.

    Parameters
    ----------
    model : Layer

    Returns
    -------
    layer : Layer or None
    """
    if computes_as(model):
        return next(filter(None, map(first_custom_layer, model.parts)), None)
    return None if computes_as(model, *OWN_LAYERS) else model


@contextmanager
def side_by_side(training, n_shards):
    """While a block takes the steps of a training, compute them in several processes.

    The matrix products are small: to share one among cores costs more than it saves.
    So BLAS keeps to one core in the block, and each process has one. A model with a
    `first_custom_layer` is computed in one process, and a warning says so.

    Parameters
    ----------
    training : Training
    n_shards : int
        How many processes, at least 1. With 1, with small batches, or where `may_fork`
        is False, this process takes the steps as if nobody had asked.
    """
    check_whole("n_shards", n_shards)
    with one_blas_thread():
        if n_shards == 1 or training.batch_size < IMAGES_TO_SHARE or not may_fork():
            yield
            return
        model = training.model
        if (layer := first_custom_layer(model)) is not None:
            what = f"the layer {layer.name!r} is of class {type(layer).__name__}, which"
            text = f"{what} may look at several images at once, so the model trains in"
            text += " one process"
            warnings.warn(text, stacklevel=6)  # the caller of `fit`
            yield
            return

        def follow(shard):
            training.model = Sharded(model, shard)
            for _ in training:
                pass

        with other_processes(follow, n_shards) as shard:
            training.model = Sharded(model, shard)
            try:
                yield
            finally:
                training.model = model
