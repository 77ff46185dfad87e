"""Small drawings as strings of HTML with inline SVG, to put behind sliders.

Every function returns whole elements, which follow the theme of the page. What changes
from picture to picture stands on a line of its own, so that an `Explorer`, which stores
a line once, stays light.
"""

import html
import json
import math
import re

import numpy as np

from ..checks import check_axes

EMPTY = {"circle", "img", "input", "path", "polyline", "rect"}  # tags without content
WIDTH, HEIGHT = 340, 190  # of a chart, in SVG units: pixels on a phone
LEFT, RIGHT, TOP, BOTTOM = 40, 332, 8, 154  # where a chart's axes end
PERCENT_TICKS = {share / 4: f"{25 * share} %" for share in range(5)}
GRID_CELL, MATRIX_CELL = 26, 22  # the latter is the style sheet's width of a shade
MATRIX_LABELS = 90


def element(tag, *content, text="", **attributes):
    """One element of HTML or SVG. All text is escaped here and nowhere else.

    Parameters
    ----------
    tag : str
    *content : str
        Elements inside it, each on a line of its own.
    text : str
        Words inside it, before the elements.
    **attributes
        In Python's spelling, as ``class_`` or ``aria_label``. None leaves one out.
    """
    start = f"<{tag}"
    for name, value in attributes.items():
        if value is not None:
            value = f"{value:g}" if isinstance(value, float) else f"{value}"
            name = name.rstrip("_").replace("_", "-")
            start += f' {name}="{html.escape(value)}"'
    if tag in EMPTY:
        return f"{start}/>"
    return "\n".join([f"{start}>{html.escape(f'{text}')}", *content]) + f"</{tag}>"


def data_script(data):
    """A script element with data for the scripts of the page, as JSON."""
    # no text may end this script element or begin another
    text = json.dumps(data, separators=(",", ":")).replace("</", r"<\/")
    text = re.sub("<(?=!--|script)", r"\\u003c", text, flags=re.IGNORECASE)
    return f'<script type="application/json">{text}</script>'


def panel(title, *content):
    """A titled picture."""
    title = element("div", text=title, class_="ch335-title")
    return element("div", title, *content, class_="ch335-panel")


def sentence(text):
    """What is said beside a picture; a screen reader reads it out when it changes."""
    return element("p", text=text, class_="ch335-sentence", role="status")


def svg(width, height, label, *marks, margin=0, max_width=None):
    """A drawing that says what it is; `max_width`, in rem, keeps it from growing."""
    style = max_width and f"max-width:{max_width:g}rem"
    box = f"{-margin} {-margin} {width + 2 * margin} {height + 2 * margin}"
    look = {"style": style, "viewBox": box, "role": "img"}
    return element("svg", *marks, **look, aria_label=label)


def words(text, x, y, look=None):
    """Words that start at x; with the `look` "mid" or "end", that is at x."""
    return element("text", text=text, class_=look, x=x, y=y)


def lattice(x, y, columns, rows, cell):
    """The lines between cells, from the corner at (x, y) on."""
    right, bottom = x + columns * cell, y + rows * cell
    lines = [f"M{x:g} {y + i * cell:g}H{right:g}" for i in range(rows + 1)]
    lines += [f"M{x + j * cell:g} {y:g}V{bottom:g}" for j in range(columns + 1)]
    return element("path", class_="axis", d="".join(lines))


def paint(color):
    """A colour of the palette by its number; each theme has its own."""
    return f"var(--ch335-{color})"


class Chart:
    """Axes; called with lines, it returns the titled picture.

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
        self.title, self.xlim, self.ylim, self.logy = title, xlim, ylim, logy
        marks = [element("path", class_="axis", d=f"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}")]
        for value, label in xticks.items():
            x, _ = self.place(value, ylim[0])
            marks.append(words(label, x, BOTTOM + 15, "mid"))
        for value, label in yticks.items():
            _, y = self.place(xlim[0], value)
            marks.append(words(label, LEFT - 5, y + 4, "end"))
        marks.append(words(xlabel, (LEFT + RIGHT) / 2, HEIGHT - 5, "mid"))
        self.axes = "".join(marks)

    def __call__(self, *lines):
        """The titled picture with these lines, the last one in front."""
        return panel(self.title, svg(WIDTH, HEIGHT, self.title, self.axes, *lines))

    def place(self, x, y):
        """Where the point (x, y) is in the SVG, rounded to half a pixel."""
        (left, right), (low, high) = self.xlim, self.ylim
        y = min(max(y, low), high)
        if self.logy:
            y, low, high = map(math.log, (y, low, high))
        x = LEFT + (x - left) / (right - left) * (RIGHT - LEFT)
        y = BOTTOM - (y - low) / (high - low) * (BOTTOM - TOP)
        return round(2 * x) / 2, round(2 * y) / 2

    def line(self, x, y, look="faint", color=None, dash=None):
        """A line through points; with a colour (its number), it ends in a dot."""
        shown = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(b)]
        if not shown:
            return ""
        points = [self.place(a, b) for a, b in shown]
        path = " ".join(f"{a:g},{b:g}" for a, b in points)
        if color is None:
            return element("polyline", class_=look, points=path)
        stroke = {"stroke": paint(color), "stroke_dasharray": dash}
        line = element("polyline", class_="line", **stroke, points=path)
        a, b = points[-1]
        return line + element("circle", cx=a, cy=b, r=4, fill=paint(color))

    def epochs(self, values, **look):
        """A `line` through the values after each epoch."""
        return self.line(range(1, len(values) + 1), values, **look)


def loss_chart(epochs, limits):
    """A `Chart` of the training loss.

    Parameters
    ----------
    epochs : (int, int)
        The first and the last on the axis, which goes to epoch 2 at least.
    limits : (float, float)
        Losses above 0, in nats. The axis ends at the powers of ten around them.
    """
    low, high = math.floor(math.log10(limits[0])), math.ceil(math.log10(limits[1]))
    high = max(high, low + 1)
    powers = range(low, high + 1, math.ceil((high - low) / 5))
    ticks = {10.0**power: f"{10.0**power:g}" for power in powers}
    ylim = 10.0**low, 10.0**high
    return _epoch_chart("Training loss (nats)", epochs, ylim, ticks, logy=True)


def accuracy_chart(epochs):
    """A `Chart` of the validation accuracy; `epochs` as for `loss_chart`."""
    return _epoch_chart("Validation accuracy", epochs, (0, 1), PERCENT_TICKS)


def _epoch_chart(title, epochs, ylim, yticks, logy=False):
    first, last = epochs[0], max(2, epochs[1])
    ticks = {n: n for n in range(first, last + 1, max(1, last // 8))}
    return Chart(title, "epoch", (first, last), ylim, ticks, yticks, logy)


def matrix(title, names, counts):
    """A square table of counts, shaded by the share of each row, titled.

    Parameters
    ----------
    title : str
    names : sequence of str
        Of the K rows and columns.
    counts : ndarray of int, shape (K, K)
        Zeros are left blank.
    """
    counts = check_axes("counts", counts, f"{len(names)} {len(names)}")
    left, cell, edge = MATRIX_LABELS, MATRIX_CELL, MATRIX_CELL * len(names)
    size, frame = left + edge, []
    for number, name in enumerate(names):
        at = cell * (number + 0.5) + 4
        frame.append(words(name, left - 6, at, "end"))
        turned = f"translate({left + at:g} {edge + 6}) rotate(-90)"
        frame.append(element("text", text=name, class_="end", transform=turned))
    box = f"M{left} 0H{size}V{edge}H{left}z"
    frame.append(element("path", class_="axis", d=box))
    places = np.argwhere(counts)
    numbers = [words(counts[i, j], (j + 0.5) * cell, i * cell) for i, j in places]
    look = {"class_": "mid", "transform": f"translate({left} 15)"}
    numbers = element("g", "".join(numbers), **look)
    marks = "".join(frame), _shades(counts), numbers
    return panel(title, svg(size, size, title, *marks))


def _shades(counts):
    """The shades behind the counts of a matrix: one path for each of five."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    left, cell, paths = MATRIX_LABELS, MATRIX_CELL, []
    for level in range(1, 6):
        cells = np.argwhere(np.ceil(share * 5) == level)
        if len(cells):
            starts = cells[:, ::-1] * cell + (left, cell // 2)
            d = "".join(f"M{x} {y}h{cell}" for x, y in starts)
            paths.append(element("path", class_="shade", opacity=level * 0.18, d=d))
    return "".join(paths)


def number_grid(title, values, marked):
    """Whole numbers in cells, titled.

    Parameters
    ----------
    title : str
    values : ndarray of int, shape (H, W)
    marked : (slice, slice)
        Rows and columns of the cells that are shaded; both slices with start and stop.
    """
    rows, columns = values.shape
    (top, bottom), (left, right) = ((s.start, s.stop) for s in marked)
    place = {"x": left * GRID_CELL, "y": top * GRID_CELL}
    place |= {"width": (right - left) * GRID_CELL, "height": (bottom - top) * GRID_CELL}
    shade = element("rect", **place, fill=paint("shade"), opacity=0.5)
    width, height = columns * GRID_CELL, rows * GRID_CELL
    cells = [lattice(0, 0, columns, rows, GRID_CELL)]
    for (i, j), value in np.ndenumerate(values):
        x, y = (j + 0.5) * GRID_CELL, (i + 0.5) * GRID_CELL + 4
        cells.append(words(f"{value}".replace("-", "−"), x, y, "mid"))
    look = {"margin": 1, "max_width": 2 * columns}
    return panel(title, svg(width, height, title, shade, "".join(cells), **look))


def probability_bars(title, names, shares):
    """One horizontal bar for each name, of a length from 0 to 1, titled."""
    labels, drawn = [], []
    for i, (name, share) in enumerate(zip(names, shares, strict=True)):
        y, width = 20 * i + 14, round(200 * float(share))
        labels.append(words(name, 94, y, "end"))
        look = {"width": width, "height": 12, "fill": paint(0)}
        drawn.append(element("rect", x=100, y=y - 10, **look))
        drawn.append(words(f"{share:.0%}", width + 104, y))
    height = 20 * len(names) + 4
    return panel(title, svg(WIDTH, height, title, "".join(labels), "".join(drawn)))
