"""Figures of notebook 8: a network against the truth, and what its answers rest on."""

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from ...checks import check_axes
from .looks import (
    COLUMN_WIDTH,
    PAGE_WIDTH,
    SMALL,
    bare,
    key_below,
    key_height,
    styled,
)
from .pictures import grid, picture, red_and_blue
from .themed import COLORS, side_by_side

DARK = "#111111"  # on a picture, which stays light on a dark page
MARKS = ("o", "s", "^", "D")


@styled
def log_odds(panels):
    """The network's log-odds of each image's true class over the exact ones.

    On the dashed line they are equal. Above 0, the true class is more probable than all
    the others together.

    Parameters
    ----------
    panels : dict of str to (ndarray, ndarray, ndarray of bool)
        By title the exact log-odds, those of the network, and whether its answer is
        right, each of shape (N,). What is infinite stands a little beyond the rest.

    Examples
    --------
    >>> exact, network = np.array([5.0, 9.0]), np.array([-1.0, 6.0])
    >>> log_odds({"noise 0.9": (exact, network, network > 0)})
    <ThemedFigure size ... with 1 Axes>
    """
    draws = [_log_odds_panel(title, *values) for title, values in panels.items()]
    width = min(COLUMN_WIDTH, PAGE_WIDTH / len(draws))
    return side_by_side(draws, widths=[width] * len(draws), height=3.5)


def _log_odds_panel(title, exact, network, right):
    def draw(fig):
        ax = fig.subplots()
        for label, shown, mark, color in (
            ("network right", right, ".", COLORS[0]),
            ("network wrong", ~right, "x", COLORS[1]),
        ):
            look = {"markersize": 4, "linestyle": "none", "alpha": 0.6}
            x, y = _within(exact)[shown], _within(network)[shown]
            ax.plot(x, y, mark, color=color, label=label, **look)
        for line in (ax.axhline, ax.axvline):
            line(0, color="0.5", linewidth=0.8)
        low, high = _range(network)
        ax.plot((low, high), (low, high), "--", color=COLORS[-1], linewidth=1)
        ax.set(xlabel="exact log-odds", ylabel="network's log-odds", title=title)
        key_below(fig, ax)

    return draw


def _range(values):
    """The lowest and the highest of the finite values."""
    finite = values[np.isfinite(values)]
    return (finite.min(), finite.max()) if finite.size else (-1, 1)


def _within(values):
    """The values, with those that are infinite a little beyond the others."""
    low, high = _range(values)
    beyond = 0.1 * (high - low) or 1
    return np.clip(values, low - beyond, high + beyond)


@styled
def posteriors(panels, names):
    """Images, what was drawn, and the probabilities that two observers give each class.

    Parameters
    ----------
    panels : dict of str to tuple
        By title the images (N, H, W), the clean images (N, H, W), the true classes (N,)
        and a dict that holds two observers' probabilities (N, K) under their names.
    names : sequence of str
        Of the K classes.

    Examples
    --------
    >>> image, p = np.eye(8)[None], np.array([[0.2, 0.8]])
    >>> panel = image, image, [1], {"network": p, "ideal observer": 1 - p}
    >>> posteriors({"careless": panel}, ["ring", "disc"])
    <ThemedFigure size ... with 3 Axes>
    """
    draws = [_posteriors_panel(title, *of, names) for title, of in panels.items()]
    rows = max(len(images) for images, *_ in panels.values())
    width = min(COLUMN_WIDTH, PAGE_WIDTH / len(draws))
    return side_by_side(draws, [width] * len(draws), height=1.2 * rows + 1.8)


def _posteriors_panel(title, images, clean, true, observers, names):
    places = np.arange(len(names))

    def draw(fig):
        shape = {"width_ratios": (1, 1, 1.9), "squeeze": False, "sharex": "col"}
        axes = fig.subplots(len(images), 3, **shape)
        for row, (seen, drawn, bars) in enumerate(axes):
            seen.imshow(images[row], cmap="gray", vmin=-1, vmax=2)
            drawn.imshow(clean[row], cmap="gray", vmin=-1, vmax=2)
            bare(seen)
            bare(drawn, names[true[row]])
            for number, (label, p) in enumerate(observers.items()):
                left = places + 0.4 * number - 0.2
                look = {"color": COLORS[number], "hatch": (None, "////")[number]}
                bars.bar(left, p[row], 0.4, label=label, **look)
            bars.set(ylim=(0, 1), yticks=(0, 0.5, 1))
            bars.set_ylabel("probability")
            bars.yaxis.set_major_formatter(PercentFormatter(1))
            bars.tick_params(labelsize=SMALL)
        axes[-1, 2].set_xticks(places, names, rotation=90)
        axes[-1, 2].set_xlabel("class")
        fig.suptitle(title, fontsize=10)
        key_below(fig, axes[0, 2])

    return draw


@styled
def shares(panels, ylabel):
    """Shares with their intervals, over groups, for several classifiers.

    Parameters
    ----------
    panels : dict of str to (sequence of str, dict)
        By what the groups are (below the axis) their names, and under each classifier's
        name an array (groups, 3) of share, low and high end, from 0 to 1.
    ylabel : str
        What the shares mean.

    Examples
    --------
    >>> by_radius = {"network": np.array([[0.1, 0.05, 0.2], [0.02, 0.01, 0.05]])}
    >>> shares({"radius": (["6", "7"], by_radius)}, "missed")
    <ThemedFigure size ... with 1 Axes>
    """
    every = [values for _, lines in panels.values() for values in lines.values()]
    top = 1.05 * max(np.max(values) for values in every)
    draws = [_shares_panel(x, *of, ylabel, top) for x, of in panels.items()]
    width = min(COLUMN_WIDTH, PAGE_WIDTH / len(draws))
    n_lines = max(len(lines) for _, lines in panels.values())
    height = 3 + max(0, key_height(n_lines) - key_height(4))
    return side_by_side(draws, widths=[width] * len(draws), height=height)


def _shares_panel(xlabel, groups, lines, ylabel, top):
    def draw(fig):
        ax = fig.subplots()
        for number, (label, values) in enumerate(lines.items()):
            share, low, high = np.transpose(values)
            # a group's marks take no more than 0.8 of its room
            apart = min(0.12, 0.8 / len(lines)) * (number - (len(lines) - 1) / 2)
            ax.errorbar(
                np.arange(len(groups)) + apart, share,
                np.maximum(0, (share - low, high - share)), label=label,
                color=COLORS[number % len(COLORS)], marker=MARKS[number % len(MARKS)],
                linestyle="none", capsize=3,
            )  # fmt: skip
        ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, top))
        ax.set_xticks(range(len(groups)), groups)
        ax.set_xlim(-0.5, len(groups) - 0.5)
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        key_below(fig, ax)

    return draw


@styled
def fields_on_image(image, squares, maps):
    """An image with the receptive fields of one value a layer, and each value's map.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        What the network was given.
    squares : dict of str to (int, int, int)
        By layer the top row, the left column and the side of a field, in pixels.
    maps : dict of str to (ndarray, int)
        By layer an activation map (H', W') and its channel. The largest value is
        marked; each map has its own colours, from 0 or its lowest value to that one.

    Examples
    --------
    >>> maps = {"relu": (np.eye(4), 2)}
    >>> fields_on_image(np.eye(8), {"relu": (1, 1, 3)}, maps)
    <ThemedFigure size ... with 2 Axes>
    """
    image = check_axes("image", image, "H W")

    def draw_image(ax):
        ax.imshow(image, cmap="gray")
        for number, (top, left, side) in enumerate(squares.values()):
            look = {"color": _on_picture(number), "linewidth": 2, "fill": False}
            ax.add_patch(Rectangle((left - 0.5, top - 0.5), side, side, **look))
        ax.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))

    def draw_map(values, number):
        row, column = np.unravel_index(values.argmax(), values.shape)

        def draw(ax):
            ax.imshow(values, cmap="viridis", vmin=min(0, values.min()))
            color = _on_picture(number)
            look = {"color": color, "markersize": 9, "markeredgewidth": 2}
            ax.plot(column, row, "s", fillstyle="none", **look)

        return draw

    row = [("image", draw_image)]
    for number, (layer, (values, channel)) in enumerate(maps.items()):
        low = min(0, values.min())
        title = f"{layer}\nchannel {channel}\n{low:.2g} to {values.max():.1f}"
        row.append((title, draw_map(values, number)))
    return grid([row])


def _on_picture(number):
    """A layer's colour; the palette's last one, black, would not be seen there."""
    return COLORS[number % (len(COLORS) - 1)]


@styled
def attribution_rows(rows):
    """Attributions as pictures, with an outline around what was drawn.

    Each map has its own scale: 0 is white, what speaks for the class red, what speaks
    against it blue.

    Parameters
    ----------
    rows : dict of str to (ndarray, ndarray of bool, dict of str to ndarray)
        By title the image (H, W), the drawn pixels (H, W), and maps (H, W) by method.

    Examples
    --------
    >>> image, mask = np.eye(8), np.eye(8) > 0
    >>> attribution_rows({"diagonal": (image, mask, {"saliency": image})})
    <ThemedFigure size ... with 2 Axes>
    """
    cells = []
    methods = list(next(iter(rows.values()))[2])
    for title, (image, mask, maps) in rows.items():
        if maps.keys() != set(methods):
            expected = f"rows must have the methods {methods} each"
            raise ValueError(f"{expected}, got {list(maps)} in {title!r}")
        first = not cells
        row = [picture(image, "image" if first else "", cmap="gray")]
        for method in methods:
            row.append((method if first else "", _outlined(maps[method], mask)))
        cells.append(row)
    return grid(cells, [title.replace(" ", "\n") for title in rows])


def _outlined(values, mask):
    def draw(ax):
        ax.imshow(values, **red_and_blue(values))
        # between two pixels of which one is drawn
        padded = np.pad(mask, 1)
        look = {"color": DARK, "linewidth": 0.8}
        for i, j in np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1]):
            ax.plot((j - 0.5, j + 0.5), (i - 0.5, i - 0.5), **look)
        for i, j in np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1]):
            ax.plot((j - 0.5, j - 0.5), (i - 0.5, i + 0.5), **look)
        ax.set(xlim=(-0.5, mask.shape[1] - 0.5), ylim=(mask.shape[0] - 0.5, -0.5))

    return draw
