"""What the tests of figures share: a run to draw, and how to read a figure back."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from tasks import made_run

from ch335_helpers.show.figures.themed import COLORS

RUN = made_run(
    epochs=3,
    steps_per_epoch=2,
    train_loss=[2.0, 1.0, 0.5],
    val_loss=[2.1, 1.2, 0.9],
    val_accuracy=[0.3, 0.6, 0.8],
    seconds=[1.0, 1.0, 1.0],
    batch_loss=[2.0] * 6,
)
IMAGES = np.random.default_rng(0).standard_normal((5, 1, 6, 6))
WEIGHTS = np.random.default_rng(1).standard_normal((5, 1, 3, 3))


def pictures(fig):
    """The images that a figure shows, in order, without its colour bars."""
    return [ax.images[0] for ax in fig.axes if ax.images]


def arrays(fig):
    """The values behind a figure's images."""
    return [picture.get_array() for picture in pictures(fig)]


def titles(fig):
    """The titles of a figure's axes, without the empty lines that level them."""
    return [ax.get_title().strip() for ax in fig.axes]


def pixels(fig):
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def legend(fig_or_ax):
    """The labels of the one key of an axes, or of a figure below its axes."""
    key = fig_or_ax.legends[0] if hasattr(fig_or_ax, "legends") else None
    return [text.get_text() for text in (key or fig_or_ax.get_legend()).get_texts()]


def looks(lines):
    """Colour, dashes, marker and its size, and width of each line."""
    return [
        (
            line.get_color(), line.get_linestyle(), line.get_marker(),
            line.get_markersize(), line.get_linewidth(),
        )
        for line in lines
    ]  # fmt: skip


def solid(color, dashes="-", marker="None", size=6.0, width=1.5):
    """What `looks` says of a line in the palette's colour of that number."""
    return COLORS[color], dashes, marker, size, width


def placed(text):
    """How a label lies: its size, angle and alignment."""
    return (
        text.get_size(), text.get_rotation(), text.get_ha(), text.get_va(),
    )  # fmt: skip


def key_is_at_the_lower_right(ax):
    """Whether the legend ends near that corner, once the figure is drawn."""
    pixels(ax.figure.canvas.figure)
    frame = ax.get_legend().get_window_extent()
    right, bottom = ax.transAxes.inverted().transform((frame.x1, frame.y0))
    return 0.9 < right <= 1 and 0 <= bottom < 0.1


def key_is_below(fig):
    """Whether the key stands inside the figure and under all that its axes show."""
    pixels(fig)
    (key,) = fig.legends
    frame = key.get_window_extent()
    tops = [ax.get_tightbbox().y0 for ax in fig.axes]
    inside = fig.bbox.x0 <= frame.x0 <= frame.x1 <= fig.bbox.x1 and frame.y0 >= -1
    return inside and frame.y1 <= min(tops) + 1


def as_percent(axis):
    return axis.get_major_formatter()(0.25) == "25%"


def counts_whole(axis):
    """Whether an axis has no ticks between whole numbers, however short it is."""
    return set(np.mod(axis.get_major_locator().tick_values(1, 3), 1)) == {0}
