"""The small explorers: one question each, answered by moving a slider."""

import numpy as np

from ...checks import check_axes, check_labels, check_number, takes, whole
from ...data.ideal import class_posterior
from ...data.shapes import CLASS_NAMES, make_synthetic_images
from ...evaluation.calibration import reliability
from ...inside.explain import activation_maps
from ...model.ops import cross_entropy, output_size, softmax
from .. import svg
from ..pixels import pixels, tiles
from .explorer import Explorer

PIXEL, NAMES = 20, 32  # a pixel of a row, and room for names, in SVG units


@takes(n_examples=whole(2))
def noise_explorer(levels, n_examples=4, n_per_class=100, seed=0):
    """Sliders over noise and examples: what you and the ideal observer still see.

    Parameters
    ----------
    levels : sequence of float
        Standard deviations of the noise.
    n_examples : int
        Shapes to choose from, at least 2. Each keeps its noise pattern at every level.
    n_per_class : int
        Images of each class that the ideal observer's accuracy is measured on.
    seed : int
        The same seed gives the same images.

    Returns
    -------
    Explorer

    Notes
    -----
    Taught in notebook 1.

    Examples
    --------
    >>> explorer = noise_explorer([0.3, 2], n_per_class=5)
    >>> for i in range(2):
    ...     print(explorer.sentence(i, 0).split(". ")[1])
    At this noise it is right for 100% of all images.
    At this noise it is right for 54% of all images.
    """
    accuracy, drawn = [], []
    for noise in levels:  # one seed: the same shapes and noise patterns at every level
        X, y = make_synthetic_images(n_per_class, noise=noise, seed=seed)
        posterior = class_posterior(X, noise=noise)
        accuracy.append((posterior.argmax(axis=1) == y).mean())
        drawn.append((X[:n_examples, 0], posterior[:n_examples]))

    def render(i, n):
        images, posterior = drawn[i]
        believed = posterior[n].argmax()
        verdict = "rightly" if believed == y[n] else "wrongly"
        sentence = (
            f"Noise {levels[i]:g}: the ideal observer says {CLASS_NAMES[believed]}, "
            f"{verdict}, and gives it {posterior[n, believed]:.0%}. At this noise it "
            f"is right for {accuracy[i]:.0%} of all images."
        )
        alt = f"Grey image of the shape {CLASS_NAMES[y[n]]} in noise {levels[i]:g}"
        return sentence, [
            svg.panel("What you see", pixels(images[n], alt)),
            svg.probability_bars("What it believes", CLASS_NAMES, posterior[n]),
        ]

    return Explorer({"noise": levels, "example": range(1, n_examples + 1)}, render)


def activation_explorer(model, params, images, names=CLASS_NAMES):
    """Sliders over images and layers: all channels of a layer, side by side.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    params : dict of str to ndarray
        Its parameters.
    images : ndarray, shape (N, C, H, W)
        At least two, for instance one of each class.
    names : sequence of str
        What each image shows.

    Returns
    -------
    Explorer

    Notes
    -----
    Taught in notebook 4. Only the outputs of ReLUs and max poolings are shown: those of
    the other layers lead up to them.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> model, images = SimpleCNN(), np.zeros((2, 1, 8, 8))
    >>> params = model.init(np.random.default_rng(0))
    >>> explorer = activation_explorer(model, params, images, ["black", "black, too"])
    >>> print(explorer.sentence(0, 0))
    Black after relu1: 8 channels of 8 × 8. Channel 0 is the strongest, 8 are silent.
    """
    images = check_axes("images", images, "N C H W")
    maps = activation_maps(model, params, images, kinds=("relu", "max pool"))
    stops = list(maps)

    def render(n, stage):
        channels = maps[stops[stage]][n]
        count, H, W = channels.shape
        strongest = channels.mean(axis=(1, 2)).argmax()
        silent = int((channels.max(axis=(1, 2)) <= 0).sum())
        sentence = (
            f"{names[n].capitalize()} after {stops[stage]}: {count} channels of "
            f"{H} × {W}. Channel {strongest} is the strongest, {silent} are silent."
        )
        alt = f"The grey image that goes through the network: {names[n]}"
        image = pixels(images[n].mean(axis=0), alt)
        alt = f"{count} channels as small pictures, bright where they respond"
        sheet = pixels(tiles(channels, columns=8 if count > 16 else 4), alt)
        title = f"Channels 0 to {count - 1}, row by row"
        return sentence, [svg.panel("The image", image), svg.panel(title, sheet)]

    return Explorer({"image": names[: len(images)], "after": stops}, render)


def calibration_explorer(logits, y, temperatures):
    """A slider over the softmax temperature: is the network as sure as it is right?

    Parameters
    ----------
    logits : ndarray, shape (N, K)
        Scores before the softmax.
    y : ndarray of int, shape (N,)
        True labels.
    temperatures : sequence of float
        What the logits are divided by, all above 0.

    Returns
    -------
    Explorer

    Notes
    -----
    Taught in notebook 4. Source: Guo et al. (2017), as for `reliability`.

    Examples
    --------
    Three answers of four are right, stated with 90 %:

    >>> logits, y = np.log([[0.9, 0.1]] * 4), np.array([0, 0, 0, 1])
    >>> explorer = calibration_explorer(logits, y, temperatures=[1, 4])
    >>> for i in range(2):
    ...     print(explorer.sentence(i).split(", ")[1])
    too sure by 15.0 points. Cross-entropy: 0.655 nats.
    too modest by 11.6 points. Cross-entropy: 0.593 nats.
    """
    logits = check_axes("logits", logits, "N K")
    y = check_labels("y", y, *logits.shape)
    for temperature in temperatures:
        check_number("temperatures", temperature, above=0)
    accuracy = (logits.argmax(axis=1) == y).mean()
    axes = (0, 1), (0, 1), svg.PERCENT_TICKS, svg.PERCENT_TICKS
    chart = svg.Chart("Promise and fact", "stated confidence", *axes)
    ideal = chart.line((0, 1), (0, 1), "guess")

    def render(i):
        scaled = logits / temperatures[i]
        probabilities, (loss, _) = softmax(scaled), cross_entropy(scaled, y)
        confidence, hit_rate, _ = reliability(probabilities, y)
        mean = probabilities.max(axis=1).mean()
        gap = 100 * (mean - accuracy)
        manner = "too sure" if gap > 0 else "too modest"
        sentence = (
            f"Temperature {temperatures[i]:g}: the network states {mean:.1%} on "
            f"average and is right in {accuracy:.1%}, {manner} by "
            f"{abs(gap):.1f} points. Cross-entropy: {loss:.3f} nats."
        )
        return sentence, [chart(ideal, chart.line(confidence, hit_rate, color=0))]

    start = min(range(len(temperatures)), key=lambda i: abs(temperatures[i] - 1))
    return Explorer({"temperature": temperatures}, render, start=(start,))


def window_explorer(image, kernel):
    """Sliders that move a convolution's window, with the sum written out.

    Parameters
    ----------
    image : ndarray of int, shape (H, W)
        A few pixels.
    kernel : ndarray of int, shape (kH, kW)
        The filter.

    Returns
    -------
    Explorer

    Notes
    -----
    Taught in notebook 2.

    Examples
    --------
    >>> image, kernel = np.array([[1, 2, 5], [4, 4, 4]]), np.array([[-1, 1]])
    >>> explorer = window_explorer(image, kernel)
    >>> print(explorer.sentence(0, 1))
    Row 0, column 1: 2 · (−1) + 5 · 1 = 3
    """
    image = check_axes("image", image, "H W")
    kernel = check_axes("kernel", kernel, "kH kW")
    (H, W), (kH, kW) = image.shape, kernel.shape
    Ho, Wo = output_size(H, kH), output_size(W, kW)
    windows = np.lib.stride_tricks.sliding_window_view(image, (kH, kW))
    y = (windows * kernel).sum(axis=(2, 3))

    def render(i, j):
        terms = [
            f"{pixel} · {weight}" if weight >= 0 else f"{pixel} · (−{-weight})"
            for pixel, weight in zip(windows[i, j].flat, kernel.flat, strict=True)
        ]
        value = f"{y[i, j]}".replace("-", "−")
        return f"Row {i}, column {j}: {' + '.join(terms)} = {value}", [
            svg.number_grid(
                "Image, and the window", image, np.s_[i : i + kH, j : j + kW]
            ),
            svg.number_grid("Filter", kernel, np.s_[0:kH, 0:kW]),
            svg.number_grid("Output", y, np.s_[i : i + 1, j : j + 1]),
        ]

    sliders = {"row": range(Ho), "column": range(Wo)}
    return Explorer(sliders, render, start=(Ho // 2, Wo // 2))


def output_size_explorer(
    size=10, kernels=(1, 2, 3, 5, 7), strides=(1, 2, 3), paddings=(0, 1, 2, 3)
):
    """Sliders over kernel, stride and padding: where the windows of one row lie.

    Parameters
    ----------
    size : int
        Pixels in the row.
    kernels : sequence of int
        Pixels that a window covers.
    strides : sequence of int
        Pixels from one window to the next.
    paddings : sequence of int
        Zeros added at each end.

    Returns
    -------
    Explorer

    Notes
    -----
    Taught in notebook 2.

    Examples
    --------
    Kernel 3, stride 2, and no padding:

    >>> explorer = output_size_explorer(size=10)
    >>> print(explorer.sentence(2, 1, 0).split(": ")[1])
    4 windows, so 4 output values. The last pixel of the padded row lies in no window.
    """

    def render(k, s, p):
        kernel, stride, padding = kernels[k], strides[s], paddings[p]
        n = output_size(size, kernel, stride, padding)
        left = size + 2 * padding - (kernel + (n - 1) * stride)
        sentence = (
            f"({size} + 2 · {padding} − {kernel}) / {stride} + 1, rounded down, "
            f"is {n}: {n} windows, so {n} output values."
        )
        if left:
            last = ("pixel", "lies") if left == 1 else (f"{left} pixels", "lie")
            sentence += " The last {} of the padded row {} in no window.".format(*last)
        return sentence, [_windows_of_a_row(size, kernel, stride, padding, n)]

    sliders = {"kernel": kernels, "stride": strides, "padding": paddings}
    return Explorer(sliders, render, start=(min(2, len(kernels) - 1), 0, 0))


def _windows_of_a_row(size, kernel, stride, padding, n):
    """Pixels as boxes, those of the padding with a 0, and one bar for each window."""
    boxes, windows = [svg.words("x", NAMES - 6, 30, "end")], []
    for i in range(-padding, size + padding):
        left, inside = NAMES + (i + padding) * PIXEL, 0 <= i < size
        box = {"x": left + 1, "y": 17, "width": PIXEL - 2, "height": PIXEL - 2}
        boxes.append(svg.element("rect", class_="axis" if inside else "guess", **box))
        text, y = (i, 11) if inside else (0, 30)  # above it its number, or its value
        boxes.append(svg.words(text, left + PIXEL // 2, y, "mid"))
    for i in range(n):
        start, y = NAMES + i * stride * PIXEL, 46 + 13 * i
        d = f"M{start + 2} {y}h{kernel * PIXEL - 4}"
        bar = {"stroke": svg.paint(i % 2), "stroke_width": 5}
        windows.append(svg.element("path", d=d, **bar))
        windows.append(svg.words(f"y[{i}]", NAMES - 6, y + 4, "end"))
    total = size + 2 * padding
    label = f"{total} pixels in a row and {n} windows below them, y[0] to y[{n - 1}]"
    width, marks = NAMES + total * PIXEL, map("".join, (boxes, windows))
    row = svg.svg(width, 42 + 13 * n, label, *marks, max_width=0.08 * width)
    return svg.panel("The padded row, and the window of each output", row)
