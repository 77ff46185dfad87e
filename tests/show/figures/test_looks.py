"""What figures share: their style, bare axes, and keys below all lines."""

import matplotlib as mpl
import pytest
from drawn import key_is_below, legend, pixels
from matplotlib.figure import Figure

from ch335_helpers.show.figures.looks import (
    LINES,
    SMALL,
    STYLE,
    bare,
    key_below,
    key_height,
    log_scale,
    styled,
)
from ch335_helpers.show.figures.themed import COLUMN_WIDTH, PAGE_WIDTH, ThemedFigure


@styled
def figure_of(n_lines, columns=2):
    """Some lines with a key below them."""
    fig = Figure(figsize=(COLUMN_WIDTH, 2 + key_height(n_lines, columns)))
    ax = fig.subplots()
    for n in range(n_lines):
        ax.plot([n, 1], label=f"line {n}", linestyle=LINES[n % len(LINES)])
    ax.plot([0, 1])  # without a label
    key_below(fig, ax, columns)
    return fig


def test_sizes_are_those_of_a_page_and_a_phone():
    assert (PAGE_WIDTH, COLUMN_WIDTH, SMALL) == (7.6, 4.5, 9)
    assert len(set(LINES)) == len(LINES) == 4


def test_a_figure_is_drawn_in_the_style_and_the_readers_settings_stay():
    with mpl.rc_context({"font.size": 17, "axes.grid": True}):
        before = dict(mpl.rcParams)
        fig = figure_of(1)
        assert dict(mpl.rcParams) == before
    (ax,) = fig.axes
    assert fig.dpi == STYLE["savefig.dpi"] == 130
    assert fig.get_facecolor() == (1, 1, 1, 1)
    assert STYLE["savefig.facecolor"] == "white"
    assert STYLE["image.interpolation"] == "none"
    assert fig.get_layout_engine() is not None
    assert (ax.title.get_size(), ax.xaxis.label.get_size()) == (10, 10)
    assert not any(line.get_visible() for line in ax.get_xgridlines())
    shown = {side for side, spine in ax.spines.items() if spine.get_visible()}
    assert shown == {"left", "bottom"}
    assert not fig.legends[0].get_frame_on()


def test_a_styled_function_keeps_its_name_and_its_error():
    @styled
    def fails(value, *, why):
        """Say why."""
        raise ValueError(f"{value}: {why}")

    assert (fails.__name__, fails.__doc__) == ("fails", "Say why.")
    with pytest.raises(ValueError, match="3: no"):
        fails(3, why="no")


def test_a_bare_axes_has_a_small_title_and_nothing_else():
    ax = Figure().subplots()
    bare(ax, "three")
    assert (ax.get_title(), ax.title.get_size()) == ("three", 9)
    assert [*ax.get_xticks(), *ax.get_yticks()] == []
    assert not any(spine.get_visible() for spine in ax.spines.values())
    pixels(ax.figure)
    _, y = ax.title.get_transform().transform(ax.title.get_position())
    gap = y - ax.get_window_extent().y1
    assert gap * 72 / ax.figure.dpi == pytest.approx(3)
    bare(ax)
    assert ax.get_title() == ""


@pytest.mark.parametrize(("n_lines", "columns"), [(1, 2), (2, 2), (5, 2), (3, 3)])
def test_a_key_names_every_labelled_line_below_the_axes(n_lines, columns):
    fig = figure_of(n_lines, columns)
    assert legend(fig) == [f"line {n}" for n in range(n_lines)]
    assert key_is_below(fig)
    texts = fig.legends[0].get_texts()
    assert {text.get_size() for text in texts} == {9}
    places = [text.get_window_extent() for text in texts]
    rows = len({round(place.y0) for place in places})
    assert rows == -(-n_lines // columns)
    assert len({round(place.x0) for place in places}) == min(n_lines, columns)


def test_the_height_of_a_key_leaves_the_axes_as_high_as_they_were():
    assert [key_height(n) for n in (1, 2, 3, 6)] == pytest.approx([0.2, 0.2, 0.4, 0.6])
    assert key_height(3, columns=3) == pytest.approx(0.2)
    heights = []
    for n_lines in (2, 8):
        fig = figure_of(n_lines)
        pixels(fig)
        heights.append(fig.axes[0].get_position().height * fig.get_figheight())
    assert heights[1] == pytest.approx(heights[0], abs=0.15)


def test_dashes_in_a_key_are_long_enough_to_be_told_apart():
    fig = figure_of(4)
    pixels(fig)
    (key,) = fig.legends
    for line in key.get_lines():
        assert line.get_xdata()[-1] == pytest.approx(2.8 * 9)  # points


def test_powers_of_ten_are_written_in_letters():
    fig = ThemedFigure()
    ax = fig.subplots()
    log_scale(ax.yaxis)
    ax.set(ylim=(1e-5, 2e3))
    fig.canvas.draw()
    shown = [label.get_text() for label in ax.yaxis.get_majorticklabels()]
    assert {"10⁻⁴", "10⁻²", "10⁰", "10²"} < set(shown)
    assert ax.get_yscale() == "log" and ax.get_xscale() == "linear"
    ax.set(ylim=(150, 450))  # less than a decade: the ticks between are labelled
    fig.canvas.draw()
    shown = [label.get_text() for label in ax.yaxis.get_minorticklabels()]
    assert {"2 · 10²", "4 · 10²"} < set(shown)
