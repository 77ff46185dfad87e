"""Figures made of pictures: images, filters, and what a network makes of them."""

import itertools
import textwrap

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from ...checks import check_axes
from .looks import COLUMN_WIDTH, PAGE_WIDTH, SMALL, bare, styled
from .themed import ThemedFigure

LETTERS = 14  # of the smallest text, in an inch
BREAKS = {"antidiagonal": "anti- diagonal"}  # where a long word may be broken


@styled
def image_grid(images, titles=None, columns=10, row_titles=None, signed=False):
    """Grey-scale images in rows, all with one range of grey values.

    Parameters
    ----------
    images : ndarray, shape (N, 1, H, W) or (N, H, W)
        Drawn row by row.
    titles : sequence of str, optional
        One for each image, or for each column if there are fewer.
    columns : int
        At most; fewer if there are fewer images.
    row_titles : sequence of str, optional
        One for each row.
    signed : bool
        Show 0 as white, negative values blue and positive ones red.

    Examples
    --------
    >>> image_grid(np.eye(8)[None].repeat(3, axis=0), ["a", "b", "c"])
    <ThemedFigure size ... with 3 Axes>
    """
    images = np.asarray(images)
    if images.ndim == 4:
        images = check_axes("images", images, "N 1 H W")[:, 0]
    images = check_axes("images", images, "N H W")
    rows = -(-len(images) // columns)
    if row_titles and len(row_titles) != rows:
        expected = f"row_titles must hold one title for each of the {rows} rows"
        raise ValueError(f"{expected}, got {len(row_titles)}: {row_titles}")
    look = {"cmap": "gray", "vmin": images.min(), "vmax": images.max()}
    if signed:
        look = red_and_blue(images)
    columns = min(columns, len(images))
    titles = itertools.chain(titles or [], itertools.repeat(""))
    cells = [picture(image, next(titles), **look) for image in images]
    cells += [("", bare)] * (rows * columns - len(cells))
    return grid(
        [cells[i * columns : (i + 1) * columns] for i in range(rows)], row_titles
    )


@styled
def activation_rows(images, maps, names):
    """One row an image: the image, then each activation map's strongest channel.

    The strongest channel is the one with the largest mean, since that is what global
    average pooling keeps of a channel. Its number, from 0, stands above its map.

    Parameters
    ----------
    images : ndarray, shape (N, 1, H, W)
        One for each row.
    maps : dict of str to ndarray, shape (N, C, H', W')
        As `activation_maps` returns them.
    names : sequence of str
        A title for each row.

    Examples
    --------
    >>> maps = {"relu": np.ones((2, 4, 8, 8))}
    >>> activation_rows(np.ones((2, 1, 8, 8)), maps, ["ring", "disc"])
    <ThemedFigure size ... with 4 Axes>
    """
    rows = []
    for i, image in enumerate(images):
        row = [picture(image[0], "" if i else "image", cmap="gray")]
        for layer, values in maps.items():
            strongest = values[i].mean(axis=(1, 2)).argmax()
            title = f"channel {strongest}"
            if i == 0:
                title = layer.replace(".", "\n") + f"\n{title}"
            row.append(picture(values[i, strongest], title, cmap="viridis"))
        rows.append(row)
    names = [name.replace(" ", "\n") for name in names]
    return grid(rows, names, largest=0.75)


@styled
def filter_answers(image, kernels, answers, titles):
    """An image, and for each kernel its weights and its answer to the image.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        What the kernels are laid on.
    kernels : ndarray of int, shape (F, kH, kW)
        Their weights are written out.
    answers : ndarray, shape (F, H', W')
        All with one colour scale: 0 is white, negative values blue, positive ones red.
    titles : sequence of str
        One for each kernel.

    Examples
    --------
    >>> image, kernels = np.eye(8), np.array([[[-1, 1]]])
    >>> answers = image[None, :, 1:] - image[None, :, :-1]
    >>> filter_answers(image, kernels, answers, ["edge"])
    <ThemedFigure size ... with 4 Axes>
    """
    image = check_axes("image", image, "H W")
    kernels = check_axes("kernels", kernels, "F kH kW")
    answers = check_axes("answers", answers, f"{len(kernels)} H W")
    look = red_and_blue(answers)
    upper = [("", lambda ax: _scale(ax, "answer", **look))]
    for kernel, title in zip(kernels, titles, strict=True):
        upper.append((title, lambda ax, kernel=kernel: _weights(ax, kernel)))
    lower = [picture(image, "image", cmap="gray")]
    lower += [picture(answer, **look) for answer in answers]
    return grid([upper, lower])


@styled
def filters(w, title="First-layer filters"):
    """Filters w, shape (F, 1, kH, kW), of a convolution with one input channel.

    Red adds, blue takes away.

    Parameters
    ----------
    w : ndarray, shape (F, 1, kH, kW)
        Of a convolution with one input channel.
    title : str
        Above them.

    Examples
    --------
    >>> filters(np.random.default_rng(0).standard_normal((16, 1, 5, 5)))
    <ThemedFigure size ... with 17 Axes>
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 1.7))
    filter_panel(w, title)(fig)
    return fig


@styled
def filters_compared(groups):
    """Filters of several networks below each other, each with its own colour scale.

    Parameters
    ----------
    groups : dict of str to ndarray, shape (F, 1, kH, kW)
        Filters by title. Red adds, blue takes away.

    Examples
    --------
    >>> w = np.random.default_rng(0).standard_normal((16, 1, 5, 5))
    >>> filters_compared({"before": w, "after": 2 * w})
    <ThemedFigure size ... with 34 Axes>
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 1.7 * len(groups)))
    parts = fig.subfigures(len(groups), 1, squeeze=False).flat
    for part, (title, w) in zip(parts, groups.items(), strict=True):
        filter_panel(w, title)(part)
    return fig


def filter_panel(w, title):
    """A function that draws filters, two rows with one colour scale, into a figure."""
    w = check_axes("w", w, "F 1 kH kW")

    def draw(fig):
        axes = fig.subplots(2, -(-len(w) // 2), squeeze=False)
        for ax in axes.flat:
            bare(ax)
        for ax, kernel in zip(axes.flat, w[:, 0], strict=False):
            drawn = ax.imshow(kernel, **red_and_blue(w))
        fig.colorbar(drawn, ax=axes, shrink=0.8, label="weight")
        fig.suptitle(title, fontsize=10)

    return draw


def red_and_blue(values):
    """How to show values with signs: 0 white, negative ones blue, positive ones red."""
    limit = np.abs(values).max() or 1
    return {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}


def picture(values, title="", **look):
    """A cell of a grid: its title, and what draws it."""
    return title, lambda ax: ax.imshow(values, **look)


def _weights(ax, kernel):
    """A kernel with its weights written out, on pale colours."""
    look = red_and_blue(2 * kernel)
    ax.imshow(kernel, **look)
    for (i, j), weight in np.ndenumerate(kernel):
        ink = {"color": "#111111", "fontsize": SMALL, "ha": "center", "va": "center"}
        ax.text(j, i, f"{weight}".replace("-", "−"), **ink)


def _scale(ax, label, cmap, vmin, vmax):
    """A colour scale in place of a picture."""
    colors = ScalarMappable(Normalize(vmin, vmax), cmap)
    bar = ax.inset_axes((0, 0.45, 1, 0.12))
    ax.figure.colorbar(colors, cax=bar, orientation="horizontal", label=label)


def grid(rows, row_titles=None, largest=1.5):
    """Pictures in rows; on a narrow page, the right half stands below the left one.

    `rows` hold a title and a function draw(ax) for each picture, which is up to
    `largest` inches wide.
    """
    row_titles = row_titles or [""] * len(rows)
    columns = len(rows[0])
    letters = max(len(line) for title in row_titles for line in title.split("\n"))
    beside = letters / LETTERS + 0.1 * (letters > 0)
    size = (COLUMN_WIDTH - beside) / columns
    if size > 0.8 * largest:
        size = min(size, largest)
        return _rows(_titled(rows, size), row_titles, size, beside)
    size = min(largest, (PAGE_WIDTH - beside) / columns)
    fig = _rows(_titled(rows, size), row_titles, size, beside)
    middle = -(-columns // 2)
    size = min(size, (COLUMN_WIDTH - beside) / middle)
    size = min(size, (PAGE_WIDTH - 2 * beside) / columns)
    rows = _titled(rows, size)
    for half in slice(middle), slice(middle, columns):
        part = [row[half] for row in rows]
        fig.panels.append(_rows(part, row_titles, size, beside))
    return fig


def _rows(rows, row_titles, size, beside):
    """A figure of pictures of that size, with that room for the titles of rows."""
    columns, firsts = len(rows[0]), [row[0][0] for row in rows]
    n_lines = sum(title.count("\n") + bool(title) for title in firsts)
    height = len(rows) * (size + 0.05) + 0.16 * n_lines
    fig = ThemedFigure(figsize=(beside + columns * size, height))
    axes = fig.subplots(len(rows), columns, squeeze=False)
    for line, row, row_title in zip(axes, rows, row_titles, strict=True):
        look = {"rotation": 0, "ha": "right", "va": "center", "fontsize": SMALL}
        line[0].set_ylabel(row_title, **look)
        for ax, (title, draw) in zip(line, row, strict=True):
            bare(ax, title)
            ax.set_anchor("N")  # or the halves of a figure would not be level
            draw(ax)
    return fig


def _titled(rows, size):
    """The rows, each with titles of one height that fit over pictures of that size."""
    titled = []
    for row in rows:
        titles = [_lines(title, int(LETTERS * size)) for title, _ in row]
        most = max(map(len, titles))
        titles = ["\n".join([" "] * (most - len(t)) + t) for t in titles]
        draws = [draw for _, draw in row]
        titled.append(list(zip(titles, draws, strict=True)))
    return titled


def _lines(title, most):
    """The lines of a title, of at most that many letters if no word is longer."""
    lines = []
    for line in title.split("\n"):
        words = [BREAKS.get(w, w) if len(w) > most else w for w in line.split()]
        # from the end, so that "network: ring 90%" keeps its number beside its class
        backwards = " ".join(" ".join(words).split()[::-1])
        look = {"break_long_words": False, "break_on_hyphens": False}
        parts = textwrap.wrap(backwards, most, **look)
        lines += [" ".join(part.split()[::-1]) for part in parts[::-1]]
    return lines
