"""Figures made of pictures: images, filters, and what a network makes of them."""

import itertools
import textwrap
from functools import partial

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from ...checks import check_axes
from . import looks
from .themed import COLUMN_WIDTH, PAGE_WIDTH, ThemedFigure

LETTERS = 14  # of the smallest text, in an inch
BREAKS = {"antidiagonal": "anti- diagonal"}  # where a long word may be broken


@looks.styled
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
    cells += [("", looks.bare)] * (rows * columns - len(cells))
    starts = range(0, len(cells), columns)
    return picture_rows([cells[i : i + columns] for i in starts], row_titles)


@looks.styled
def activation_rows(images, maps, names):
    """One row per image: the image, then each activation map's strongest channel.

    The strongest channel is the one with the largest mean, which is all that global
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
            head = "" if i else layer.replace(".", "\n") + "\n"
            title = f"{head}channel {strongest}"
            row.append(picture(values[i, strongest], title, cmap="viridis"))
        rows.append(row)
    names = [name.replace(" ", "\n") for name in names]
    return picture_rows(rows, names, largest=0.75)


@looks.styled
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
    upper = [("", partial(_draw_scale, "answer", **look))]
    for kernel, title in zip(kernels, titles, strict=True):
        upper.append((title, partial(_draw_weights, kernel)))
    lower = [picture(image, "image", cmap="gray")]
    lower += [picture(answer, **look) for answer in answers]
    return picture_rows([upper, lower])


@looks.styled
def filters(w, title="First-layer filters"):
    """Filters w, shape (F, 1, kH, kW), of a convolution with one input channel.

    Parameters
    ----------
    w : ndarray, shape (F, 1, kH, kW)
        Positive weights are red, negative ones blue.
    title : str
        Above them.

    Examples
    --------
    >>> filters(np.random.default_rng(0).standard_normal((16, 1, 5, 5)))
    <ThemedFigure size ... with 17 Axes>
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 1.7))
    draw_filters(w, title, fig)
    return fig


@looks.styled
def filters_compared(groups):
    """Filters of several networks below one another, each with its own colour scale.

    Parameters
    ----------
    groups : dict of str to ndarray, shape (F, 1, kH, kW)
        Filters by title, drawn as by `filters`.

    Examples
    --------
    >>> w = np.random.default_rng(0).standard_normal((16, 1, 5, 5))
    >>> filters_compared({"before": w, "after": 2 * w})
    <ThemedFigure size ... with 34 Axes>
    """
    fig = ThemedFigure(figsize=(COLUMN_WIDTH, 1.7 * len(groups)))
    parts = fig.subfigures(len(groups), 1, squeeze=False).flat
    for part, (title, w) in zip(parts, groups.items(), strict=True):
        draw_filters(w, title, part)
    return fig


def draw_filters(w, title, fig):
    """Draw filters in two rows with one colour scale."""
    w = check_axes("w", w, "F 1 kH kW")
    axes = fig.subplots(2, -(-len(w) // 2), squeeze=False)
    for ax in axes.flat:
        looks.bare(ax)
    for ax, kernel in zip(axes.flat, w[:, 0], strict=False):
        drawn = ax.imshow(kernel, **red_and_blue(w))
    fig.colorbar(drawn, ax=axes, shrink=0.8, label="weight")
    fig.suptitle(title, fontsize=10)


def red_and_blue(values):
    """How to show values with signs: 0 white, negative ones blue, positive ones red."""
    limit = np.abs(values).max() or 1
    return {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}


def picture(values, title="", **look):
    """A cell of `picture_rows`: its title, and what draws it."""
    return title, lambda ax: ax.imshow(values, **look)


def _draw_weights(kernel, ax):
    """A kernel with its weights written out, on pale colours."""
    ax.imshow(kernel, **red_and_blue(2 * kernel))
    ink = {"color": "#111111", "fontsize": looks.SMALL, "ha": "center", "va": "center"}
    for (i, j), weight in np.ndenumerate(kernel):
        ax.text(j, i, f"{weight}".replace("-", "−"), **ink)


def _draw_scale(label, ax, cmap, vmin, vmax):
    """A colour scale in place of a picture."""
    colors = ScalarMappable(Normalize(vmin, vmax), cmap)
    bar = ax.inset_axes((0, 0.45, 1, 0.12))
    ax.figure.colorbar(colors, cax=bar, orientation="horizontal", label=label)


def picture_rows(rows, row_titles=None, largest=1.5):
    """Pictures in rows; if they are too small on a phone, a page shows two halves.

    The columns on the right are then a figure of their own, which a phone shows below
    those on the left. Pictures are as large as there is room for.

    Parameters
    ----------
    rows : sequence of sequence of (str, callable)
        For each picture its title, and ``draw(axes)``.
    row_titles : sequence of str, optional
        What stands on the left of each row.
    largest : float
        Inches that a picture is wide at most; 0.8 of it is large enough for a phone.
    """
    columns = len(rows[0])
    row_titles = row_titles or [""] * len(rows)
    letters = max(len(line) for title in row_titles for line in title.split("\n"))
    beside = letters / LETTERS + 0.1 * (letters > 0)  # inches for the titles of rows
    figure = partial(_picture_figure, rows, row_titles, beside)
    on_a_phone = (COLUMN_WIDTH - beside) / columns
    if on_a_phone > 0.8 * largest:
        return figure(min(on_a_phone, largest))
    size = min(largest, (PAGE_WIDTH - beside) / columns)
    fig, middle = figure(size), -(-columns // 2)
    half_on_a_phone = (COLUMN_WIDTH - beside) / middle
    both_on_a_page = (PAGE_WIDTH - 2 * beside) / columns
    size = min(size, half_on_a_phone, both_on_a_page)
    fig.panels = [figure(size, slice(middle)), figure(size, slice(middle, columns))]
    return fig


def _picture_figure(rows, row_titles, beside, size, shown=slice(None)):
    """The shown columns, in pictures of that size, with room beside them for titles."""
    # titles are level over all columns, so that those of two halves are
    rows = [_level_titles(row, size)[shown] for row in rows]
    firsts = [row[0][0] for row in rows]
    n_lines = sum(title.count("\n") + bool(title) for title in firsts)
    columns, height = len(rows[0]), len(rows) * (size + 0.05) + 0.16 * n_lines
    fig = ThemedFigure(figsize=(beside + columns * size, height))
    axes = fig.subplots(len(rows), columns, squeeze=False)
    look = {"rotation": 0, "ha": "right", "va": "center", "fontsize": looks.SMALL}
    for line, row, row_title in zip(axes, rows, row_titles, strict=True):
        line[0].set_ylabel(row_title, **look)
        for ax, (title, draw) in zip(line, row, strict=True):
            looks.bare(ax, title)
            ax.set_anchor("N")  # or the halves of a figure would not be level
            draw(ax)
    return fig


def _level_titles(row, size):
    """A row with titles of one height that fit over pictures of that size."""
    titles = [_lines(title, int(LETTERS * size)) for title, _ in row]
    most = max(map(len, titles))
    titles = ["\n".join([" "] * (most - len(t)) + t) for t in titles]
    return [(title, draw) for title, (_, draw) in zip(titles, row, strict=True)]


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
