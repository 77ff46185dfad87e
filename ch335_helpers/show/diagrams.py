"""Schematic drawings of a network and its operations, in the colours of the page."""

import numpy as np

from ..checks import check_whole
from ..model.walk import steps
from .assets import style
from .svg import element, paint, words

CELL = 13  # of a schematic image or kernel, in SVG units
ROW, BOX = 28, 21  # from one step of a network to the next; height of its box
MAIN, SIDE = (80, 160), (262, 122)  # left edge and width of the boxes on both paths
COLOR_OF = {  # the palette's colour of each kind of step; others have a plain frame
    "convolution": 0, "linear": 0, "batch norm": 4, "relu": 2, "max pool": 3,
    "global average pool": 3, "sum": 1,
}  # fmt: skip


class Drawing:
    """A drawing for a page; where no HTML can be shown, its label stands in for it.

    Parameters
    ----------
    label : str
        What is seen, in words.
    width, height : float
        In SVG units.
    *marks : str
        Elements of SVG.
    """

    def __init__(self, label, width, height, *marks):
        self.label = label
        # on a narrow page it is moved, not shrunk: its words stay legible
        room = f"min-width:{0.84 * width:g}px;max-width:{width / 14:g}rem"
        look = {"style": room, "viewBox": f"0 0 {width:g} {height:g}", "role": "img"}
        drawn = element("svg", *marks, **look, aria_label=label)
        frame = {"class_": "ch335-explorer", "style": "overflow-x:auto"}
        self.html = element("div", style(), drawn, **frame)

    def _repr_mimebundle_(self, **kwargs):
        return {"text/html": self.html, "text/plain": repr(self)}

    def __repr__(self):
        return f"<Figure: {self.label}>"


def architecture(model, image_shape=(1, 32, 32)):
    """A network or a block from top to bottom, its shortcuts at the side.

    Parameters
    ----------
    model : Layer
        Whose steps are drawn.
    image_shape : tuple of int
        (C, H, W) of what goes in.

    Returns
    -------
    Drawing

    Notes
    -----
    The steps and shapes are read off a real forward pass of a blank image. A shortcut
    inside the main path of another one is drawn on the same side. Taught in notebook 2.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> drawing = architecture(SimpleCNN(), (1, 16, 16))
    >>> drawing
    <Figure: SimpleCNN: 8 steps from top to bottom>
    """
    x = np.zeros((1, *image_shape), np.float32)
    found = steps(model, model.init(np.random.default_rng(0)), x)
    aside = _shortcuts(found)
    rows, row = {-1: 0}, 0  # the line that each step stands on
    for index in range(len(found)):
        if index not in aside:
            beside = [other for other, end in aside.items() if end == index]
            if beside:  # listed from the sum upwards
                row = max(row, rows[found[beside[-1]].inputs[0]] + len(beside))
            row += 1
            rows[index] = row
            rows |= {other: row - place for place, other in enumerate(beside, start=1)}
    box = {index: _box(rows[index], index in aside) for index in rows}
    pairs = [(i, index) for index, step in enumerate(found) for i in step.inputs]
    lines = [_line(box, *pair) for pair in pairs]
    marks = [_step(box[-1], "input", x.shape[1:])]
    for index, step in enumerate(found):
        shape = None if index in aside else step.y.shape[1:]
        marks.append(_step(box[index], _title(step), shape, step.layer.kind))
    n_sums = sum(step.layer.kind == "sum" for step in found)
    label = f"{model.name or 'A network'}: {len(found)} steps from top to bottom"
    if n_sums:
        label += f", with {n_sums} shortcut{'s' if n_sums > 1 else ''} at the side"
    width = SIDE[0] + SIDE[1] if n_sums else MAIN[0] + MAIN[1]
    height = ROW * max(rows.values()) + BOX
    return Drawing(label, width + 1, height + 2, "".join(lines), *marks)


def _shortcuts(found):
    """The steps that stand in a shortcut, each with the index of its sum."""
    aside = {}
    for index, step in enumerate(found):
        if step.layer.kind == "sum":
            main, shortcut = step.inputs
            while shortcut > main:  # a shortcut's steps follow those of the main path
                aside[shortcut] = index
                shortcut = found[shortcut].inputs[0]
    return aside


def _box(row, aside):
    """Left edge, upper edge and width of a step's box."""
    left, width = SIDE if aside else MAIN
    return left, row * ROW + 1, width


def _line(box, source, index):
    """A line from one box to another, round the side where boxes stand between."""
    (x0, y0, w0), (x1, y1, w1) = box[source], box[index]
    start, end = (x0 + w0 / 2, y0 + BOX), (x1 + w1 / 2, y1)
    if x0 == x1 and y1 - y0 > ROW:  # the shortcut that is the input itself
        lane = MAIN[0] + MAIN[1] + 12
        side = x0 + w0, y0 + BOX / 2, lane, y1 + BOX / 2, x1 + w1
        d = "M{:g} {:g}H{:g}V{:g}H{:g}".format(*side)
    elif x0 < x1:  # into the shortcut, from the side
        d = f"M{x0 + w0:g} {y0 + BOX / 2:g}H{end[0]:g}V{end[1]:g}"
    elif x0 > x1:  # and back from it
        d = f"M{start[0]:g} {start[1]:g}V{y1 + BOX / 2:g}H{x1 + w1:g}"
    else:
        d = f"M{start[0]:g} {start[1]:g}V{end[1]:g}"
    return element("path", class_="axis", d=d)


def _title(step):
    """A step's name, and what is to be said about its window."""
    layer = step.layer
    if layer.kind == "sum":
        return f"{step.name}: sum" if layer.name else "sum"
    window = layer.kind in ("convolution", "max pool")
    title = f"{step.name}: {layer.kernel} × {layer.kernel}" if window else step.name
    return f"{title}, stride {layer.stride}" if layer.stride > 1 else title


def _step(box, title, shape, kind=None):
    """A step's box with its title, and the shape of what comes out beside it."""
    left, top, width = box
    look = {"x": left, "y": top, "width": width, "height": BOX, "rx": 3}
    color = COLOR_OF.get(kind)
    fill = "none" if color is None else paint(color)
    stroke = "currentColor" if color is None else paint(color)
    look |= {"fill": fill, "fill_opacity": 0.18, "stroke": stroke}
    marks = element("rect", **look) + words(title, left + width / 2, top + 15, "mid")
    if shape is not None:
        marks += words(" × ".join(map(str, shape)), left - 8, top + 15, "end")
    return marks


def filters_over_channels(in_channels=3, n_filters=2):
    """How a convolution turns several channels into several others.

    Parameters
    ----------
    in_channels : int
        Of the images that come in.
    n_filters : int
        One for each channel that goes out.

    Returns
    -------
    Drawing

    Notes
    -----
    Taught in notebook 2.

    Examples
    --------
    >>> filters_over_channels(in_channels=3, n_filters=2)
    <Figure: 3 input channels in rows and 2 filters in columns...>
    """
    C = check_whole("in_channels", in_channels)
    F = check_whole("n_filters", n_filters)
    image, kernel, top, gap = 5 * CELL, 3 * CELL, 34, 100
    lefts = [138 + gap * f for f in range(F)]
    marks = [words("input x", image / 2, 14, "mid")]
    for f, left in enumerate(lefts):
        marks.append(words(f"filter {f}", left + kernel / 2, 14, "mid"))
    for c in range(C):
        y = top + c * (image + 14)
        middle = y + image / 2
        marks.append(_squares(0, y, 5, 0.5, window=3))
        marks.append(words(f"channel {c}", image + 8, middle + 4))
        for f, left in enumerate(lefts):
            marks.append(_squares(left, middle - kernel / 2, 3, 1, color=f % 6))
            if c < C - 1:
                marks.append(words("+", left + kernel / 2, middle + 41, "mid"))
    y = top + C * (image + 14) + 12
    marks.append(words("output y", 0, y + 30))
    for f, left in enumerate(lefts):
        middle = left + kernel / 2
        marks.append(words(f"+ b[{f}] =", middle, y - 6, "mid"))
        marks.append(_squares(left, y + 6, 3, 0.5, window=1, color=f % 6))
        marks.append(words(f"channel {f}", middle, y + 6 + kernel + 15, "mid"))
    label = (
        f"{C} input channels in rows and {F} filters in columns. Each filter has "
        f"{C} kernels, one for each channel; their sums and a bias give one value of "
        f"the filter's own output channel"
    )
    return Drawing(label, lefts[-1] + 60, y + kernel + 26, *marks)


def _squares(x, y, n, opacity, window=0, color=0):
    """An n x n grid at (x, y): all of it tinted, or the window in its corner."""
    edge, tinted = CELL * n, CELL * (window or n)
    lines = [f"M{x} {y + CELL * i:g}h{edge}" for i in range(n + 1)]
    lines += [f"M{x + CELL * j} {y:g}v{edge}" for j in range(n + 1)]
    look = {"x": x, "y": float(y), "width": tinted, "height": tinted}
    shade = paint("shade") if n == 5 else paint(color)
    tint = element("rect", **look, fill=shade, opacity=opacity)
    return tint + element("path", class_="axis", d="".join(lines))


def averaged_axes(n_images=3, n_channels=4, marked=1):
    """Over what batch normalisation takes its means: one channel of every image.

    Parameters
    ----------
    n_images : int
        In the batch.
    n_channels : int
        Of each image.
    marked : int
        The channel whose values are tinted.

    Returns
    -------
    Drawing

    Notes
    -----
    Taught in notebook 2.

    Examples
    --------
    >>> averaged_axes(n_images=3, n_channels=4)
    <Figure: 3 images in rows and 4 channels in columns...>
    """
    N, C = check_whole("n_images", n_images), check_whole("n_channels", n_channels)
    marked = check_whole("marked", marked, 0, C - 1)
    size, left, top, marks = 3 * CELL, 66, 26, []
    across, down = size + 28, size + 14
    for c in range(C):
        middle = left + c * across + size / 2
        marks.append(words(f"channel {c}", middle, 14, "mid"))
        if c == marked:
            y = top + N * down + 4
            marks.append(words(f"one μ[{c}], one σ²[{c}]", middle, y, "mid"))
    for n in range(N):
        y = top + n * down
        marks.append(words(f"image {n}", left - 10, y + size / 2 + 4, "end"))
        for c in range(C):
            opacity = 0.5 if c == marked else 0
            marks.append(_squares(left + c * across, y, 3, opacity, color=1))
    label = (
        f"{N} images in rows and {C} channels in columns, each a grid of pixels. "
        f"Channel {marked} is tinted in every image: all its pixels share one mean "
        f"and one variance"
    )
    return Drawing(label, left + C * across, top + N * down + 10, *marks)
