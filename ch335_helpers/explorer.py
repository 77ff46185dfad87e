"""Sliders that work with and without Python, and small pictures to put behind them.

An `Explorer` renders the picture of every combination of its sliders once. A published
page gets all of them in one piece of HTML, with a short script; a live notebook shows
the same pictures under ipywidgets. Pictures are strings of HTML with inline SVG, so
that they follow the theme of the page.
"""

import base64
import html
import io
import itertools
import json
import math
import re
from importlib import resources

import ipywidgets as ipw
import matplotlib as mpl
import numpy as np
from PIL import Image  # matplotlib brings it

from .ops import check_axes

WIDTH, HEIGHT = 340, 190  # of a chart, in SVG units: pixels on a phone
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 8, 36  # a chart's margins
LEVELS = 63  # of brightness or colour in an image
CELL = 22  # of a matrix
CELL_LABELS = 90


def _asset(name):
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def style():
    """The explorers' style sheet as an HTML element."""
    return f"<style>{_asset('explorer.css')}</style>"


class Explorer:
    """Sliders, a sentence and a picture that depend on them.

    In a live notebook this shows ipywidgets; on a published page, HTML that needs
    neither a server nor a network. Both show the same strings.

    Parameters
    ----------
    sliders : dict of str to sequence of str
        For each slider its name and what its stops are called, from left to right.
    render : callable
        Called once for each combination of stops with one index a slider. Returns the
        sentence (text) and the picture (a list of strings of HTML, to be joined). A
        string that several states share is stored once: keep what changes apart from
        what does not.
    start : sequence of int, optional
        Index of each slider's first stop; by default all 0.

    Raises
    ------
    ValueError
        If there is no slider, one has less than two stops, or `start` is no stop.

    Notes
    -----
    Taught in notebook 3.
    """

    def __init__(self, sliders, render, start=None):
        self.sliders = {name: list(map(str, stops)) for name, stops in sliders.items()}
        sizes = [len(stops) for stops in self.sliders.values()]
        if not sizes or min(sizes) < 2:
            raise ValueError(f"sliders must have two stops or more each, got {sizes}")
        self.start = tuple(start or [0] * len(sizes))
        stops = list(itertools.product(*map(range, sizes)))
        if self.start not in stops:
            raise ValueError(f"start must be a stop of sizes {sizes}, got {self.start}")
        numbers = {}  # of each fragment, in order of its first use
        self.states = {}
        for stop in stops:
            sentence, picture = render(*stop)
            fragments = [sentence, *picture]
            self.states[stop] = [numbers.setdefault(f, len(numbers)) for f in fragments]
        self.fragments = list(numbers)
        self._box = None

    def sentence(self, *stop):
        """The sentence at one index a slider."""
        return self.fragments[self.states[stop][0]]

    def picture(self, *stop):
        """The picture, a string of HTML, at one index a slider."""
        return "".join(self.fragments[number] for number in self.states[stop][1:])

    def html(self):
        """The explorer for a page: sliders, their data and the script."""
        sliders = [
            _slider(name, stops, at)
            for (name, stops), at in zip(self.sliders.items(), self.start, strict=True)
        ]
        data = {
            "sliders": list(self.sliders.values()),
            "fragments": self.fragments,
            "states": list(self.states.values()),
        }
        # no text may end the script element that holds it, or begin another
        data = json.dumps(data, separators=(",", ":")).replace("</", r"<\/")
        data = re.sub("<(?=!--|script)", r"\\u003c", data, flags=re.IGNORECASE)
        return (
            f'<div class="ch335-explorer">{style()}{"".join(sliders)}{self._shown()}'
            f'<script type="application/json">{data}</script>'
            f"<script>{_asset('explorer.js')}</script></div>"
        )

    def _shown(self, *stop):
        """Sentence and picture at a stop, by default the first one."""
        stop = stop or self.start
        return (
            '<p class="ch335-sentence" role="status">'
            f"{html.escape(self.sentence(*stop))}</p>"
            f'<div class="ch335-picture">{self.picture(*stop)}</div>'
        )

    @property
    def box(self):
        """The explorer for a live notebook: an ipywidgets box, made when asked for."""
        if self._box is None:
            self.inputs = [
                ipw.SelectionSlider(
                    options=[(label, i) for i, label in enumerate(stops)],
                    value=at, description=name, layout={"width": "min(100%, 32em)"},
                    style={"description_width": "8em"},
                )
                for (name, stops), at in zip(
                    self.sliders.items(), self.start, strict=True
                )
            ]  # fmt: skip
            self.shown = ipw.HTML()
            for slider in self.inputs:
                slider.observe(self._show, names="value")
            self._show()
            self._box = ipw.VBox([ipw.HTML(style()), *self.inputs, self.shown])
        return self._box

    def _show(self, _=None):
        shown = self._shown(*(slider.value for slider in self.inputs))
        self.shown.value = f'<div class="ch335-explorer">{shown}</div>'

    def _repr_mimebundle_(self, **kwargs):
        bundle = self.box._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": repr(self), "text/html": self.html()}

    def __repr__(self):
        sizes = [f"{name}: {len(stops)}" for name, stops in self.sliders.items()]
        return f"Explorer({', '.join(sizes)}; {len(self.states)} states)"


def _slider(name, stops, at):
    """A slider of the page's own kind, hidden until the script runs."""
    name, now = html.escape(name), html.escape(stops[at])
    room = max(map(len, stops))  # so that the slider keeps its length at every stop
    return (
        f'<label hidden><span>{name}</span><input type="range" min="0" step="1" '
        f'max="{len(stops) - 1}" value="{at}" autocomplete="off" aria-label="{name}" '
        f'aria-valuetext="{now}"><output style="min-width:{room}ch">{now}</output>'
        "</label>"
    )


def panel(title, *parts):
    """The beginning of a titled picture, to be followed by ``</div>``."""
    title = f'<div class="ch335-title">{html.escape(title)}</div>'
    return f'<div class="ch335-panel">{title}{"".join(parts)}'


class Chart:
    """Axes to draw lines on: a string of SVG in pieces.

    Parameters
    ----------
    title, xlabel : str
    xlim, ylim : (float, float)
    xticks, yticks : dict of float to str
        Place and label of each tick.
    logy : bool
        Logarithmic y axis. Values outside the axes are drawn at their edge.
    """

    def __init__(self, title, xlabel, xlim, ylim, xticks, yticks, logy=False):
        self.xlim, self.ylim, self.logy = xlim, ylim, logy
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        marks = [f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>']
        for value, label in xticks.items():
            x, _ = self.place(value, ylim[0])
            marks.append(
                f'<text class="mid" x="{x:g}" y="{bottom + 15}">{label}</text>'
            )
        for value, label in yticks.items():
            _, y = self.place(xlim[0], value)
            marks.append(
                f'<text class="end" x="{LEFT - 5}" y="{y + 4:g}">{label}</text>'
            )
        middle = (LEFT + right) / 2
        marks.append(
            f'<text class="mid" x="{middle:g}" y="{HEIGHT - 5}">{xlabel}</text>'
        )
        look = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        label = html.escape(title)
        self.head = panel(title, f'<svg {look} aria-label="{label}">', *marks)
        self.foot = "</svg></div>"

    def place(self, x, y):
        """Where the point (x, y) is in the SVG, rounded to half a pixel."""
        low, high = self.ylim
        y = min(max(y, low), high)
        if self.logy:
            y, low, high = math.log(y), math.log(low), math.log(high)
        across = (x - self.xlim[0]) / (self.xlim[1] - self.xlim[0])
        up = (y - low) / (high - low)
        return (
            round(2 * (LEFT + across * (WIDTH - LEFT - RIGHT))) / 2,
            round(2 * (HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM))) / 2,
        )

    def line(self, x, y, look="faint", color=None, dash=None):
        """A line through points; with a colour (its number), it ends in a dot."""
        points = [
            self.place(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(b)
        ]
        text = " ".join(f"{a:g},{b:g}" for a, b in points)
        if color is None:
            return f'<polyline class="{look}" points="{text}"/>' if points else ""
        paint = f"var(--ch335-{color})"
        dash = f' stroke-dasharray="{dash}"' if dash else ""
        dot = [
            f'<circle cx="{a:g}" cy="{b:g}" r="4" fill="{paint}"/>' for a, b in points
        ]
        return (
            f'<polyline class="line" stroke="{paint}"{dash} points="{text}"/>'
            + "".join(dot[-1:])
        )


def pixels(values, alt, cmap="gray", vmin=None, vmax=None):
    """An image of numbers, one pixel each, that stays sharp when it is enlarged.

    Parameters
    ----------
    values : ndarray, shape (H, W)
        NaN is left transparent.
    alt : str
        What is to be seen, in words.
    cmap, vmin, vmax
        As for matplotlib's ``imshow``.

    Returns
    -------
    str
        An HTML element that carries the image inside it.
    """
    values = check_axes("values", np.asarray(values, float), "H W")
    shown = np.isfinite(values)
    vmin = values[shown].min() if vmin is None else vmin
    vmax = values[shown].max() if vmax is None else vmax
    share = (np.where(shown, values, vmin) - vmin) / ((vmax - vmin) or 1)
    # few levels and a palette of their colours make a small file
    level = np.where(shown, np.rint(np.clip(share, 0, 1) * (LEVELS - 1)), LEVELS)
    image = Image.fromarray(level.astype(np.uint8))
    palette = mpl.colormaps[cmap](np.linspace(0, 1, LEVELS), bytes=True)[:, :3]
    image.putpalette(palette.tobytes() + bytes(3))
    file = io.BytesIO()
    image.save(file, "PNG", transparency=LEVELS, optimize=True)
    code = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{code}">'


def tiles(images, columns):
    """Images, shape (N, H, W), side by side with a transparent line between them."""
    images = check_axes("images", images, "N H W")
    n, height, width = images.shape
    rows = -(-n // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for number, image in enumerate(images):
        top, left = (number // columns) * (height + 1), number % columns * (width + 1)
        sheet[top : top + height, left : left + width] = image
    return sheet


class Matrix:
    """A square table of counts, shaded by the share of each row: SVG in pieces.

    Parameters
    ----------
    title : str
    names : sequence of str
        Of the rows and columns.
    """

    def __init__(self, title, names):
        self.names, size = names, CELL_LABELS + CELL * len(names)
        marks = []
        for number, name in enumerate(map(html.escape, names)):
            at, edge = CELL_LABELS + CELL * (number + 0.5) + 4, size - CELL_LABELS
            marks.append(
                f'<text class="end" x="{CELL_LABELS - 6}" y="{at - CELL_LABELS:g}">'
                f'{name}</text><text class="end" '
                f'transform="translate({at:g} {edge + 6}) rotate(-90)">{name}</text>'
            )
        marks.append(
            f'<path class="axis" d="M{CELL_LABELS} 0H{size}V{edge}H{CELL_LABELS}z"/>'
        )
        label = html.escape(title)
        look = f'viewBox="0 0 {size} {size}" role="img" aria-label="{label}"'
        self.head, self.foot = panel(title, f"<svg {look}>", *marks), "</svg></div>"

    def cells(self, counts):
        """The cells that are not zero."""
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        parts = []
        for level in range(1, 6):  # shades; the rest is one path each
            rows, columns = np.nonzero(np.ceil(share * 5) == level)
            starts = zip(columns * CELL + CELL_LABELS, (rows + 0.5) * CELL, strict=True)
            if path := "".join(f"M{x} {y:g}h{CELL}" for x, y in starts):
                parts.append(
                    f'<path class="shade" opacity="{level * 0.18:.2g}" d="{path}"/>'
                )
        parts.append(f'<g class="mid" transform="translate({CELL_LABELS} 15)">')
        for row, column in np.argwhere(counts):
            place = f'x="{(column + 0.5) * CELL:g}" y="{row * CELL}"'
            parts.append(f"<text {place}>{counts[row, column]}</text>")
        return "".join([*parts, "</g>"])
