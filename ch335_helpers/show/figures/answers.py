"""Figures of notebook 8: a network against the truth, and what its answers rest on."""

from functools import partial

import numpy as np
from matplotlib.patches import Rectangle

from ...checks import check_axes
from . import looks
from .pictures import picture, picture_rows, red_and_blue
from .themed import COLORS, panels_in_a_row

DARK = "#111111"  # on a picture, which stays light on a dark page
MARKS = ("o", "s", "^", "D")


@looks.styled
def log_odds(panels):
    """The network's log-odds of each image's true class over the exact ones.

    On the dashed line they are equal. Above 0, the true class is more probable than all
    the others together.

    Parameters
    ----------
    panels : dict of str to (ndarray, ndarray, ndarray of bool)
        By title the exact log-odds, those of the network, and whether its answer is
        right, each of shape (N,). Infinite values are drawn a little beyond the rest.

    Examples
    --------
    >>> exact, network = np.array([5.0, 9.0]), np.array([-1.0, 6.0])
    >>> log_odds({"noise 0.9": (exact, network, network > 0)})
    <ThemedFigure size ... with 1 Axes>
    """
    draws = [partial(_draw_log_odds, title, *of) for title, of in panels.items()]
    return panels_in_a_row(draws, height=3.5)


def _draw_log_odds(title, exact, network, right, fig):
    ax = fig.subplots()
    x, y = _within(exact), _within(network)
    for label, shown, mark, color in (
        ("network right", right, ".", COLORS[0]),
        ("network wrong", ~right, "x", COLORS[1]),
    ):
        look = {"markersize": 4, "linestyle": "none", "alpha": 0.6}
        ax.plot(x[shown], y[shown], mark, color=color, label=label, **look)
    ax.axhline(0, color="0.5", linewidth=0.8)
    ax.axvline(0, color="0.5", linewidth=0.8)
    ends = _range(network)
    ax.plot(ends, ends, "--", color=COLORS[-1], linewidth=1)
    ax.set(xlabel="exact log-odds", ylabel="network's log-odds", title=title)
    looks.key_below(fig, ax)


def _range(values):
    """The lowest and the highest of the finite values."""
    finite = values[np.isfinite(values)]
    return (finite.min(), finite.max()) if finite.size else (-1, 1)


def _within(values):
    """The values, with those that are infinite a little beyond the others."""
    low, high = _range(values)
    beyond = 0.1 * (high - low) or 1
    return np.clip(values, low - beyond, high + beyond)


@looks.styled
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
    draws = [partial(_posteriors, names, title, *of) for title, of in panels.items()]
    rows = max(len(images) for images, *_ in panels.values())
    return panels_in_a_row(draws, height=1.2 * rows + 1.8)


def _posteriors(names, title, images, clean, true, observers, fig):
    places, hatches = np.arange(len(names)), (None, "////")
    shape = {"width_ratios": (1, 1, 1.9), "squeeze": False, "sharex": "col"}
    axes = fig.subplots(len(images), 3, **shape)
    for row, (seen, drawn, bars) in enumerate(axes):
        seen.imshow(images[row], cmap="gray", vmin=-1, vmax=2)
        drawn.imshow(clean[row], cmap="gray", vmin=-1, vmax=2)
        looks.bare(seen)
        looks.bare(drawn, names[true[row]])
        for number, (label, p) in enumerate(observers.items()):
            left = places + 0.4 * number - 0.2
            look = {"color": COLORS[number], "hatch": hatches[number]}
            bars.bar(left, p[row], 0.4, label=label, **look)
        bars.set(ylim=(0, 1), yticks=(0, 0.5, 1), ylabel="probability")
        looks.percent_scale(bars.yaxis)
        bars.tick_params(labelsize=looks.SMALL)
    axes[-1, 2].set_xticks(places, names, rotation=90)
    axes[-1, 2].set_xlabel("class")
    fig.suptitle(title, fontsize=10)
    looks.key_below(fig, axes[0, 2])


@looks.styled
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
    draws = [partial(_draw_shares, ylabel, top, x, *of) for x, of in panels.items()]
    n_lines = max(len(lines) for _, lines in panels.values())
    height = 3 + max(0, looks.key_height(n_lines) - looks.key_height(4))
    return panels_in_a_row(draws, height)


def _draw_shares(ylabel, top, xlabel, groups, lines, fig):
    ax = fig.subplots()
    for number, (label, values) in enumerate(lines.items()):
        share, low, high = np.transpose(values)
        # a group's marks take no more than 0.8 of its room
        apart = min(0.12, 0.8 / len(lines)) * (number - (len(lines) - 1) / 2)
        ax.errorbar(
            np.arange(len(groups)) + apart, share, looks.error_bars(share, low, high),
            label=label, color=COLORS[number % len(COLORS)],
            marker=MARKS[number % len(MARKS)], linestyle="none", capsize=3,
        )  # fmt: skip
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, top))
    ax.set_xticks(range(len(groups)), groups)
    ax.set_xlim(-0.5, len(groups) - 0.5)
    looks.percent_scale(ax.yaxis)
    looks.key_below(fig, ax)


@looks.styled
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
        marked. The colours of each map run from 0, or its lowest value, to that one.

    Examples
    --------
    >>> maps = {"relu": (np.eye(4), 2)}
    >>> fields_on_image(np.eye(8), {"relu": (1, 1, 3)}, maps)
    <ThemedFigure size ... with 2 Axes>
    """
    image = check_axes("image", image, "H W")
    row = [("image", partial(_draw_fields, image, squares.values()))]
    for number, (layer, (values, channel)) in enumerate(maps.items()):
        low = min(0, values.min())
        title = f"{layer}\nchannel {channel}\n{low:.2g} to {values.max():.1f}"
        row.append((title, partial(_draw_map, values, low, _on_picture(number))))
    return picture_rows([row])


def _draw_fields(image, squares, ax):
    ax.imshow(image, cmap="gray")
    ax.autoscale(False)
    for number, (top, left, side) in enumerate(squares):
        look = {"color": _on_picture(number), "linewidth": 2, "fill": False}
        ax.add_patch(Rectangle((left - 0.5, top - 0.5), side, side, **look))


def _draw_map(values, low, color, ax):
    """An activation map, with a square around its largest value."""
    ax.imshow(values, cmap="viridis", vmin=low)
    row, column = np.unravel_index(values.argmax(), values.shape)
    look = {"fillstyle": "none", "markersize": 9, "markeredgewidth": 2}
    ax.plot(column, row, "s", color=color, **look)


def _on_picture(number):
    """A layer's colour: any but the palette's last one, black."""
    return COLORS[number % (len(COLORS) - 1)]


@looks.styled
def attribution_rows(rows):
    """Attributions as pictures, with an outline around what was drawn.

    Each map has its own scale: 0 is white, evidence for the class red, evidence
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
        row = [picture(image, "" if cells else "image", cmap="gray")]
        for method in methods:
            head = "" if cells else method
            row.append((head, partial(_draw_outlined, maps[method], mask)))
        cells.append(row)
    return picture_rows(cells, [title.replace(" ", "\n") for title in rows])


def _draw_outlined(values, mask, ax):
    """A map with lines between any two pixels of which one is in the mask."""
    ax.imshow(values, **red_and_blue(values))
    ax.autoscale(False)
    look, around = {"color": DARK, "linewidth": 0.8}, {"prepend": 0, "append": 0}
    for i, j in np.argwhere(np.diff(mask, axis=0, **around)) - 0.5:
        ax.plot((j, j + 1), (i, i), **look)
    for i, j in np.argwhere(np.diff(mask, axis=1, **around)) - 0.5:
        ax.plot((j, j), (i, i + 1), **look)
