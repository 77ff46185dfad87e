"""Schematic drawings of a network and its operations, in the colours of the page."""

from typing import NamedTuple

import numpy as np

from ..checks import check_whole, takes, whole
from ..model.walk import steps
from .assets import style
from .svg import element, lattice, paint, words

CELL = 13  # of a schematic image or kernel, in SVG units
ROW, BOX = 28, 21  # from one step of a network to the next; height of its box
MAIN, SIDE = (80, 160), (262, 122)  # left edge and width of the boxes on both paths
COLOR_OF = {  # the palette's colour of each kind of step; others have a plain frame
    "convolution": 0, "linear": 0, "batch norm": 4, "relu": 2, "max pool": 3,
    "global average pool": 3, "sum": 1,
}  # fmt: skip


class Drawing:
    """A drawing for a page; where no HTML can be shown, its label is.

    Parameters
    ----------
    label : str
        What it shows, in words.
    width, height : float
        In SVG units.
    *marks : str
        Elements of SVG.
    """

    def __init__(self, label, width, height, *marks):
        self.label = label
        # on a narrow page it scrolls and does not shrink: its words stay legible
        room = f"min-width:{0.84 * width:g}px;max-width:{width / 14:g}rem"
        look = {"style": room, "viewBox": f"0 0 {width:g} {height:g}", "role": "img"}
        drawn = element("svg", *marks, **look, aria_label=label)
        frame = {"class_": "ch335-explorer", "style": "overflow-x:auto"}
        self.html = element("div", style(), drawn, **frame)

    def _repr_mimebundle_(self, **kwargs):
        return {"text/html": self.html, "text/plain": repr(self)}

    def __repr__(self):
        return f"<Figure: {self.label}>"


class _Box(NamedTuple):
    """Where a step of a network is drawn, in SVG units."""

    left: int
    width: int
    top: int

    right = property(lambda box: box.left + box.width)
    bottom = property(lambda box: box.top + BOX)
    middle = property(lambda box: box.left + box.width / 2)
    center = property(lambda box: box.top + BOX / 2)


def architecture(model, image_shape=(1, 32, 32)):
    """A network or a block from top to bottom, its shortcuts at the side.

    Parameters
    ----------
    model : Layer
        Whose steps are drawn.
    image_shape : tuple of int
        (C, H, W) of the input.

    Returns
    -------
    Drawing

    Notes
    -----
    The steps and shapes are read off a real forward pass of a blank image. A shortcut
    inside another one, or inside its main path, is drawn on the same side. Taught in
    notebook 2.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> drawing = architecture(SimpleCNN(), (1, 16, 16))
    >>> drawing
    <Figure: SimpleCNN: 8 steps from top to bottom>
    """
    x = np.zeros((1, *image_shape), np.float32)
    found = steps(model, model.init(np.random.default_rng(0)), x)
    rows, aside = _rows(found)
    box = {i: _Box(*(SIDE if i in aside else MAIN), ROW * rows[i] + 1) for i in rows}
    pairs = [(source, i) for i, step in enumerate(found) for source in step.inputs]
    lines = [_line(box[source], box[i]) for source, i in pairs]
    marks = ["".join(lines), _step(box[-1], "input", x.shape[1:])]
    for i, step in enumerate(found):
        shape = None if i in aside else step.y.shape[1:]
        marks.append(_step(box[i], _title(step), shape, step.layer.kind))
    label = f"{model.name or 'A network'}: {len(found)} steps from top to bottom"
    n_sums = sum(step.layer.kind == "sum" for step in found)
    if n_sums:
        label += f", with {n_sums} shortcut{'s' if n_sums > 1 else ''} at the side"
    width = sum(SIDE if n_sums else MAIN) + 1
    return Drawing(label, width, ROW * max(rows.values()) + BOX + 2, *marks)


def _rows(found):
    """The row of each step and of the input, -1; and which steps are in a shortcut.

    Steps of the main path stand one below another. Those of a shortcut end beside the
    step before its sum, which moves down if they need more room than the main path.
    """
    shortcuts = {  # by its sum the steps of each, from the sum upwards
        i: range(i - 1, step.inputs[0], -1)  # they follow those of the main path
        for i, step in enumerate(found)
        if step.layer.kind == "sum"
    }
    aside = set().union(*shortcuts.values())
    rows, row = {-1: 0}, 0
    for i in range(len(found)):
        if i in aside:
            continue
        shortcut = shortcuts.get(i, ())
        if shortcut:
            start = found[shortcut[-1]].inputs[0]
            row = max(row, rows[start] + len(shortcut))
        row += 1
        rows[i] = row
        rows |= {other: row - up for up, other in enumerate(shortcut, start=1)}
    return rows, aside


def _line(source, target):
    """A line from one box to another, round the side if boxes stand between them."""
    if source.left < target.left:  # into a shortcut
        d = f"M{source.right} {source.center:g}H{target.middle:g}V{target.top}"
    elif source.left > target.left:  # and back from it
        d = f"M{source.middle:g} {source.bottom}V{target.center:g}H{target.right}"
    elif target.top - source.top > ROW:  # a shortcut without steps
        side = f"H{source.right + 12}V{target.center:g}H{target.right}"
        d = f"M{source.right} {source.center:g}{side}"
    else:
        d = f"M{source.middle:g} {source.bottom}V{target.top}"
    return element("path", class_="axis", d=d)


def _title(step):
    """A step's name, with the size and stride of its window."""
    layer = step.layer
    if layer.kind == "sum":
        return f"{step.name}: sum" if layer.name else "sum"
    window = layer.kind in ("convolution", "max pool")
    title = f"{step.name}: {layer.kernel} × {layer.kernel}" if window else step.name
    return f"{title}, stride {layer.stride}" if layer.stride > 1 else title


def _step(box, title, shape, kind=None):
    """A step's box with its title, and beside it the shape of its output."""
    color = paint(COLOR_OF[kind]) if kind in COLOR_OF else None
    look = {"x": box.left, "y": box.top, "width": box.width, "height": BOX, "rx": 3}
    look |= {"fill": color or "none", "fill_opacity": 0.18}
    marks = element("rect", **look, stroke=color or "currentColor")
    marks += words(title, box.middle, box.top + 15, "mid")
    if shape is not None:
        marks += words(" × ".join(map(str, shape)), box.left - 8, box.top + 15, "end")
    return marks


@takes(in_channels=whole(), n_filters=whole())
def filters_over_channels(in_channels=3, n_filters=2):
    """How a convolution turns several channels into several others.

    Parameters
    ----------
    in_channels : int
        Channels of the input.
    n_filters : int
        One for each channel of the output.

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
    C, F = in_channels, n_filters
    image, kernel, top = 5 * CELL, 3 * CELL, 34
    lefts = [138 + 100 * f for f in range(F)]
    middles = [left + kernel / 2 for left in lefts]
    marks = [words("input x", image / 2, 14, "mid")]
    marks += [words(f"filter {f}", middles[f], 14, "mid") for f in range(F)]
    for c in range(C):
        y = top + c * (image + 14)
        center = y + image / 2
        marks.append(_squares(0, y, 5, 0.5, window=3, color="shade"))
        marks.append(words(f"channel {c}", image + 8, center + 4))
        for f in range(F):
            marks.append(_squares(lefts[f], center - kernel / 2, 3, 1, color=f % 6))
            if c < C - 1:
                marks.append(words("+", middles[f], center + 41, "mid"))
    y = top + C * (image + 14) + 12
    marks.append(words("output y", 0, y + 30))
    for f in range(F):
        marks += (
            words(f"+ b[{f}] =", middles[f], y - 6, "mid"),
            _squares(lefts[f], y + 6, 3, 0.5, window=1, color=f % 6),
            words(f"channel {f}", middles[f], y + 6 + kernel + 15, "mid"),
        )
    label = (
        f"{C} input channels in rows and {F} filters in columns. Each filter has "
        f"{C} kernels, one for each channel; their sums and a bias give one value of "
        f"the filter's own output channel"
    )
    return Drawing(label, lefts[-1] + 60, y + kernel + 26, *marks)


def _squares(x, y, n, opacity, window=0, color=0):
    """An n x n grid at (x, y), tinted all over or in a window in its corner."""
    tinted = CELL * (window or n)
    look = {"x": x, "y": float(y), "width": tinted, "height": tinted}
    tint = element("rect", **look, fill=paint(color), opacity=opacity)
    return tint + lattice(x, y, n, n, CELL)


@takes(n_images=whole(), n_channels=whole())
def averaged_axes(n_images=3, n_channels=4, marked=1):
    """What batch normalisation takes its means over: one channel of every image.

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
    N, C = n_images, n_channels
    marked = check_whole("marked", marked, 0, C - 1)
    size = 3 * CELL
    lefts = [66 + (size + 28) * c for c in range(C)]
    bottom = 26 + (size + 14) * N
    middles = [left + size / 2 for left in lefts]
    marks = [words(f"channel {c}", middles[c], 14, "mid") for c in range(C)]
    means = f"one μ[{marked}], one σ²[{marked}]"
    marks.append(words(means, middles[marked], bottom + 4, "mid"))
    for n in range(N):
        y = 26 + (size + 14) * n
        marks.append(words(f"image {n}", 56, y + size / 2 + 4, "end"))
        for c, left in enumerate(lefts):
            marks.append(_squares(left, y, 3, 0.5 * (c == marked), color=1))
    label = (
        f"{N} images in rows and {C} channels in columns, each a grid of pixels. "
        f"Channel {marked} is tinted in every image: all its pixels share one mean "
        f"and one variance"
    )
    return Drawing(label, lefts[-1] + size + 28, bottom + 10, *marks)
