"""PyTorch's side of the benchmarks: the same network, trained in the same way.

Eager mode, as many threads as there are cores, in either memory format. Nothing of the
chapter's helper is imported here.
"""

import math
from collections import OrderedDict
from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.nn import functional

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

LAYOUTS = {
    "contiguous": torch.contiguous_format,
    "channels last": torch.channels_last,
}
SUFFIXES = {".w": ".weight", ".gamma": ".weight", ".b": ".bias", ".beta": ".bias"}


class Block(nn.Module):
    """Residual block; a 1x1 convolution in the shortcut if the channels change."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        if inputs != outputs:
            self.project = nn.Conv2d(inputs, outputs, 1, bias=False)
            self.project_bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if hasattr(self, "project"):
            x = self.project_bn(self.project(x))
        return functional.relu(y + x)


class ResidualCNN(nn.Module):
    """The helper's `ResidualCNN`, with the same names."""

    def __init__(self, width=16, n_classes=10):
        super().__init__()
        conv = nn.Conv2d(1, width, 5, stride=2, padding=2, bias=False)
        self.stem = nn.Sequential(OrderedDict(conv=conv, bn=nn.BatchNorm2d(width)))
        self.block1, self.block2 = Block(width, width), Block(width, 2 * width)
        self.linear = nn.Linear(2 * width, n_classes)

    def forward(self, x):
        x = self.block1(functional.relu(self.stem(x)))
        x = self.block2(functional.max_pool2d(x, 2))
        return self.linear(x.mean(dim=(2, 3)))


def copy_weights(model, params):
    """Give a PyTorch `ResidualCNN` the helper's parameters."""
    state = {}
    for name, value in params.items():
        suffix = name[name.rindex(".") :]
        new = name.removesuffix(suffix) + SUFFIXES.get(suffix, suffix)
        state[new] = torch.tensor(value)
    left = model.load_state_dict(state, strict=False)
    missing = [key for key in left.missing_keys if "num_batches" not in key]
    if missing or left.unexpected_keys:
        raise ValueError(f"params must hold the weights of {model}, but {left}")


def prepare(width, layout, fused=None):
    """Model with the initial weights, and its optimiser."""
    model = ResidualCNN(width)
    copy_weights(model, read(weights_file(width)))
    model.to(memory_format=LAYOUTS[layout])
    adam = torch.optim.Adam(model.parameters(), lr=RECIPE["lr"], fused=fused)
    return model, adam


def to_tensor(x, layout):
    """Images as a tensor in that memory format."""
    return torch.from_numpy(x).contiguous(memory_format=LAYOUTS[layout])


def train_step(model, adam, x, y):
    """One training step on a batch; returns the loss before it, in nats."""
    adam.zero_grad()
    loss = functional.cross_entropy(model(x), y)
    loss.backward()
    adam.step()
    return loss.item()


def train(batch, size, width, steps, layout, fused=None):
    """Seconds for that many training steps."""
    model, adam = prepare(width, layout, fused)
    batches = _tensor_batches(size, batch, layout)
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            start = perf_counter()
        train_step(model, adam, *batches[step % len(batches)])
    return perf_counter() - start


def infer(batch, size, width, steps, layout):
    """Seconds for the scores of that many batches."""
    model = prepare(width, layout)[0].eval()
    batches = _tensor_batches(size, batch, layout)
    with torch.inference_mode():
        for step in range(WARM_UP + steps):
            if step == WARM_UP:
                start = perf_counter()
            model(batches[step % len(batches)][0])
    return perf_counter() - start


def _tensor_batches(size, batch, layout):
    batches = read_batches(size, batch)
    return [(to_tensor(x, layout), torch.from_numpy(y)) for x, y in batches]


def learn(layout, seed, stop_after=None, **settings):
    """Train by the recipe; losses of the steps, seconds and accuracies of the epochs.

    `stop_after` is a number of steps; `settings` replace those of the recipe.
    """
    recipe = RECIPE | settings
    data = read(images_file(32))
    model, adam = prepare(16, layout)
    batch = recipe["batch_size"]
    order = draw_batches(len(data["X"]), batch, seed)
    per_epoch = math.ceil(len(data["X"]) / batch)
    n_steps = recipe["epochs"] * per_epoch
    losses, seconds, val = [], [], []
    start = perf_counter()
    for step in range(stop_after or n_steps):
        for group in adam.param_groups:  # half a cosine wave
            wave = math.cos(math.pi * step / n_steps)
            group["lr"] = recipe["lr"] * 0.5 * (1 + wave)
        places = next(order)
        x, y = to_tensor(data["X"][places], layout), torch.from_numpy(data["y"][places])
        losses.append(train_step(model, adam, x, y))
        if (step + 1) % per_epoch == 0:
            val.append(accuracy(model, data["X_val"], data["y_val"], layout))
            seconds.append(perf_counter() - start)
            start = perf_counter()
    return {"losses": losses, "seconds": seconds, "val": val}


def draw_batches(n, batch, seed):
    """Places of the images of one batch after another, in the order of `fit`.

    One shuffle follows another; an epoch's last batch is filled up from the next.
    """
    rng, waiting = np.random.default_rng(seed), np.empty(0, int)
    while True:
        if len(waiting) < batch:
            waiting = np.concatenate([waiting, rng.permutation(n)])
        yield waiting[:batch]
        waiting = waiting[batch:]


def accuracy(model, X, y, layout):
    """Share of the images that the model gets right, in evaluation mode."""
    model.eval()
    with torch.inference_mode():
        starts = range(0, len(X), 256)
        blocks = [model(to_tensor(X[i : i + 256], layout)) for i in starts]
    model.train()
    return float((torch.cat(blocks).argmax(dim=1).numpy() == y).mean())


def convolution(layout, repetitions):
    """Seconds for CS231n's convolution, forwards and backwards, once each."""
    *arrays, dy = random_arrays(*CONV_SHAPES.values(), CONV_OUTPUT)
    x, w = (to_tensor(array, layout) for array in arrays[:2])
    inputs = [tensor.requires_grad_() for tensor in (x, w, torch.from_numpy(arrays[2]))]

    def forward():
        return functional.conv2d(*inputs, **CONV_SETTINGS)

    return _time_both(forward, inputs, to_tensor(dy, layout), repetitions)


def pooling(layout, repetitions):
    """Seconds for CS231n's pooling, forwards and backwards, once each."""
    x, dy = (to_tensor(a, layout) for a in random_arrays(POOL_SHAPE, POOL_OUTPUT))
    x.requires_grad_()
    return _time_both(lambda: functional.max_pool2d(x, 2), [x], dy, repetitions)


def _time_both(forward, inputs, dy, repetitions):
    seconds = np.zeros(2)
    for repetition in range(WARM_UP + repetitions):
        if repetition == WARM_UP:
            seconds[:] = 0
        start = perf_counter()
        y = forward()
        between = perf_counter()
        torch.autograd.grad(y, inputs, dy)
        seconds += between - start, perf_counter() - between
    return list(seconds / repetitions)


def versions():
    """PyTorch's version and number of threads."""
    return torch.__version__, torch.get_num_threads()


JOBS = (train, infer, learn, convolution, pooling, versions)

if __name__ == "__main__":
    torch.set_num_threads(CORES)
    serve({job.__name__: job for job in JOBS})
