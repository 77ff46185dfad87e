"""The small explorers: one question each, answered by moving a slider."""

import html

import numpy as np

from .data import CLASS_NAMES, class_posterior, make_synthetic_images
from .evaluation import reliability
from .explain import activation_maps
from .explorer import Chart, Explorer, panel, pixels, tiles
from .ops import check_axes, check_labels, cross_entropy, output_size, softmax

CELL = 26  # of a grid, in SVG units


def noise_explorer(levels, n_examples=4, n_per_class=100, seed=0):
    """Sliders over noise and examples: what the eye and the ideal observer still see.

    Parameters
    ----------
    levels : sequence of float
        Standard deviations of the noise.
    n_examples : int
        Shapes to choose from, at least 2. Each keeps its noise pattern while the slider
        makes it stronger.
    n_per_class : int
        Images of each class to measure the ideal observer's accuracy with.
    seed : int

    Returns
    -------
    Explorer

    Notes
    -----
    Taught in notebook 1.
    """
    accuracy, drawn = [], []
    for noise in levels:
        # one seed: the same shapes and noise patterns at every level
        X, y = make_synthetic_images(n_per_class, noise=noise, seed=seed)
        posterior = class_posterior(X, noise=noise)
        accuracy.append((posterior.argmax(axis=1) == y).mean())
        drawn.append((X[:n_examples, 0], posterior[:n_examples]))
    truth = y[:n_examples]

    def render(i, n):
        images, posterior = drawn[i]
        believed = posterior[n].argmax()
        verdict = "rightly" if believed == truth[n] else "wrongly"
        sentence = (
            f"Noise {levels[i]:g}: the ideal observer says {CLASS_NAMES[believed]}, "
            f"{verdict}, and gives it {posterior[n, believed]:.0%}. At this noise it "
            f"is right for {accuracy[i]:.0%} of all images."
        )
        alt = f"Grey image of the shape {CLASS_NAMES[truth[n]]} in noise {levels[i]:g}"
        seen = panel("What you see", pixels(images[n], alt), "</div>")
        return sentence, [seen, *_bars("What it believes", CLASS_NAMES, posterior[n])]

    return Explorer({"noise": levels, "example": range(1, n_examples + 1)}, render)


def activation_explorer(model, params, images, names=CLASS_NAMES):
    """Sliders over images and layers: all channels of a layer, side by side.

    Parameters
    ----------
    model : Chain
    params : dict of str to ndarray
    images : ndarray, shape (N, C, H, W)
        At least two, for instance one of each class.
    names : sequence of str
        What each image shows.

    Returns
    -------
    Explorer

    Notes
    -----
    Taught in notebook 4. Shown is what comes out of each ReLU and pooling: the other
    layers' outputs are only on their way there.
    """
    images = check_axes("images", images, "N C H W")
    maps = activation_maps(model, params, images)
    chosen = [i for i, (name, _) in enumerate(maps) if name in ("relu", "max pool")]
    stops = [
        f"{maps[i - 1][0].removesuffix('.bn')} + ReLU" if maps[i][0] == "relu"
        else maps[i][0]
        for i in chosen
    ]  # fmt: skip

    def render(n, stage):
        channels = maps[chosen[stage]][1][n]
        count, H, W = channels.shape
        strength = channels.mean(axis=(1, 2))
        silent = int((channels.max(axis=(1, 2)) <= 0).sum())
        sentence = (
            f"{names[n].capitalize()} after {stops[stage]}: {count} channels of "
            f"{H} × {W}. Channel {strength.argmax() + 1} is the "
            f"strongest, {silent} are silent."
        )
        alt = f"{count} channels as small pictures, bright where they respond"
        sheet = pixels(tiles(channels, columns=8 if count > 16 else 4), alt)
        alt = f"The grey image that goes through the network: {names[n]}"
        image = pixels(images[n].mean(axis=0), alt)
        return sentence, [
            panel("The image", image, "</div>"),
            panel(f"Channels 1 to {count}, row by row", sheet, "</div>"),
        ]

    return Explorer({"image": names[: len(images)], "after": stops}, render)


def calibration_explorer(logits, y, temperatures):
    """A slider over the softmax temperature: does the network keep its promises?

    Parameters
    ----------
    logits : ndarray, shape (N, K)
    y : ndarray of int, shape (N,)
    temperatures : sequence of float
        What the logits are divided by, all above 0.

    Returns
    -------
    Explorer

    Notes
    -----
    Taught in notebook 4. Source: Guo et al., "On calibration of modern neural networks"
    (2017).
    """
    logits = check_axes("logits", logits, "N K")
    y = check_labels(y, *logits.shape)
    if not all(temperature > 0 for temperature in temperatures):
        raise ValueError(f"temperatures must be above 0, got {temperatures}")
    accuracy = (logits.argmax(axis=1) == y).mean()
    shares = {share / 4: f"{25 * share} %" for share in range(5)}
    chart = Chart(
        "Promise and fact", "stated confidence", (0, 1), (0, 1), shares, shares
    )
    ideal = chart.line((0, 1), (0, 1), "guess")

    def render(i):
        probabilities = softmax(logits / temperatures[i])
        confidence, hit_rate, _ = reliability(probabilities, y)
        mean = probabilities.max(axis=1).mean()
        loss, _ = cross_entropy(logits / temperatures[i], y)
        gap = 100 * (mean - accuracy)
        manner = "too sure" if gap > 0 else "too modest"
        sentence = (
            f"Temperature {temperatures[i]:g}: the network states {mean:.1%} on "
            f"average and is right in {accuracy:.1%}, {manner} by "
            f"{abs(gap):.1f} points. "
            f"Cross-entropy: {loss:.3f} nats."
        )
        return sentence, [
            chart.head, ideal, chart.line(confidence, hit_rate, color=0), chart.foot,
        ]  # fmt: skip

    start = min(range(len(temperatures)), key=lambda i: abs(temperatures[i] - 1))
    return Explorer({"temperature": temperatures}, render, start=(start,))


def window_explorer(image, kernel):
    """Sliders that move a convolution's window, with the sum written out.

    Parameters
    ----------
    image : ndarray of int, shape (H, W)
        A few pixels.
    kernel : ndarray of int, shape (kH, kW)

    Returns
    -------
    Explorer

    Notes
    -----
    Taught in notebook 2.
    """
    image, kernel = (
        check_axes("image", image, "H W"),
        check_axes("kernel", kernel, "h w"),
    )
    (H, W), (kH, kW) = image.shape, kernel.shape
    Ho, Wo = output_size(H, kH), output_size(W, kW)
    windows = np.lib.stride_tricks.sliding_window_view(image, (kH, kW))
    y = (windows * kernel).sum(axis=(2, 3))

    def render(h, v):
        terms = [
            f"{pixel} · {weight}" if weight >= 0 else f"{pixel} · (−{-weight})"
            for pixel, weight in zip(windows[h, v].flat, kernel.flat, strict=True)
        ]
        value = f"{y[h, v]}".replace("-", "−")
        window = np.s_[h : h + kH, v : v + kW]
        return f"Row {h + 1}, column {v + 1}: {' + '.join(terms)} = {value}", [
            *_grid("Image, and the window", image, window),
            *_grid("Filter", kernel, np.s_[0:kH, 0:kW]),
            *_grid("Output", y, np.s_[h : h + 1, v : v + 1]),
        ]

    sliders = {"row": range(1, Ho + 1), "column": range(1, Wo + 1)}
    return Explorer(sliders, render, start=(Ho // 2, Wo // 2))


def output_size_explorer(
    size=10, kernels=(1, 2, 3, 5, 7), strides=(1, 2, 3), paddings=(0, 1, 2, 3)
):
    """Sliders over kernel, stride and padding: where the windows of one row lie.

    Parameters
    ----------
    size : int
        Pixels in the row.
    kernels, strides, paddings : sequence of int

    Returns
    -------
    Explorer

    Notes
    -----
    Taught in notebook 2.
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
            sentence += f" The last {left} of the padded pixels lie in no window."
        return sentence, _windows_of_a_row(size, kernel, stride, padding, n)

    sliders = {"kernel": kernels, "stride": strides, "padding": paddings}
    return Explorer(sliders, render, start=(min(2, len(kernels) - 1), 0, 0))


def _windows_of_a_row(size, kernel, stride, padding, n):
    """Pixels as boxes, those of the padding with a 0, and one bar for each window."""
    step, total = 20, size + 2 * padding
    boxes, bars = [], []
    for i in range(total):
        outside = not padding <= i < padding + size
        look = "guess" if outside else "axis"
        box = f'<rect class="{look}" x="{i * step + 1}" y="1" width="18" height="18"/>'
        zero = f'<text class="mid" x="{i * step + 10}" y="14">0</text>'
        boxes += [box, zero] if outside else [box]
    for i in range(n):
        start, end = i * stride * step + 2, (i * stride + kernel) * step - 2
        line = f'd="M{start} {30 + 9 * i}H{end}" stroke="var(--ch335-{i % 2})"'
        bars.append(f'<path {line} stroke-width="5"/>')
    label = f"{total} pixels in a row and {n} windows below them"
    look = f'viewBox="0 0 {total * step} {36 + 9 * n}" role="img" aria-label="{label}"'
    # a pixel is as wide in every state
    svg = f'<svg style="max-width:{total * 1.6}rem" {look}>'
    head = panel("The padded row, and each window", svg)
    return [head, "".join(boxes), "".join(bars), "</svg></div>"]


def _grid(title, values, marked):
    """Whole numbers in cells, those of the slices `marked` shaded: SVG in pieces."""
    rows, columns = values.shape
    (top, bottom), (left, right) = ((s.start, s.stop) for s in marked)
    shade = (
        f'<rect x="{left * CELL}" y="{top * CELL}" width="{(right - left) * CELL}" '
        f'height="{(bottom - top) * CELL}" fill="var(--ch335-shade)" opacity=".5"/>'
    )
    lines = [f"M0 {i * CELL}H{columns * CELL}" for i in range(rows + 1)]
    lines += [f"M{j * CELL} 0V{rows * CELL}" for j in range(columns + 1)]
    numbers = []
    for (i, j), value in np.ndenumerate(values):
        place = f'x="{(j + 0.5) * CELL:g}" y="{(i + 0.5) * CELL + 4:g}"'
        text = f"{value}".replace("-", "−")
        numbers.append(f'<text class="mid" {place}>{text}</text>')
    look = f'viewBox="-1 -1 {columns * CELL + 2} {rows * CELL + 2}" role="img"'
    look = (
        f'style="max-width:{columns * 2}rem" {look} aria-label="{html.escape(title)}"'
    )
    cells = f'<path class="axis" d="{"".join(lines)}"/>{"".join(numbers)}'
    return [panel(title, f"<svg {look}>"), shade, cells + "</svg></div>"]


def _bars(title, names, shares):
    """One horizontal bar for each name, of a length from 0 to 1: SVG in pieces."""
    labels, bars = [], []
    for i, (name, share) in enumerate(zip(names, shares, strict=True)):
        y = 20 * i + 14
        labels.append(f'<text class="end" x="94" y="{y}">{html.escape(name)}</text>')
        width = round(200 * float(share))
        bars.append(
            f'<rect x="100" y="{y - 10}" width="{width}" height="12" '
            f'fill="var(--ch335-0)"/><text x="{width + 104}" y="{y}">{share:.0%}</text>'
        )
    look = f'viewBox="0 0 340 {20 * len(names) + 4}" role="img"'
    head = panel(title, f'<svg {look} aria-label="{html.escape(title)}">', *labels)
    return [head, "".join(bars), "</svg></div>"]
