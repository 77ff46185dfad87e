"""What holds for every figure of the chapter, and that all are found in one place."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from drawn import IMAGES, RUN, WEIGHTS, pixels
from matplotlib.figure import Figure

from ch335_helpers.show.figures import (
    answers,
    charts,
    comparisons,
    lines,
    pictures,
    plots,
)
from ch335_helpers.show.figures.looks import STYLE
from ch335_helpers.show.figures.themed import COLUMN_WIDTH, PAGE_WIDTH

MAPS = {"block1.relu2": np.random.default_rng(2).standard_normal((2, 4, 6, 6))}
COUNTS = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
EXACT, RIGHT = np.array([3.0, 20, -1]), np.array([True, True, False])
SQUARE, MASK = np.eye(6), np.eye(6) > 0
SHARES = {"a": np.array([[0.1, 0.05, 0.2]] * 2), "b": np.array([[0, 0, 0.1]] * 2)}
OBSERVED = IMAGES[:2, 0], IMAGES[:2, 0], [0, 1], dict.fromkeys("ab", np.eye(3)[:2])
KERNELS, ANSWERS = np.ones((4, 3, 3), int), np.ones((4, 6, 6))

LINE = {"x": [10, 100], "y": [0.5, 0.9], "low": [0.4, 0.8], "high": [0.6, 1]}

FIGURES = {
    "image_grid": lambda: plots.image_grid(IMAGES, columns=3),
    "image_grid signed": lambda: plots.image_grid(IMAGES, columns=2, signed=True),
    "image_grid wide": lambda: plots.image_grid(IMAGES, ["a"] * 5, 5, ["row"]),
    "bars": lambda: plots.bars(["a", "b"], [0.2, 0.9], "accuracy"),
    "learning_curves": lambda: plots.learning_curves(RUN, 0.75),
    "filters": lambda: plots.filters(WEIGHTS),
    "filters_compared": lambda: plots.filters_compared({"a": WEIGHTS, "b": WEIGHTS}),
    "filter_answers": lambda: plots.filter_answers(
        IMAGES[0, 0], KERNELS, ANSWERS, "abcd"
    ),
    "results": lambda: plots.results(RUN, 0.75, WEIGHTS),
    "confusion": lambda: plots.confusion(COUNTS, ["a", "b", "c"]),
    "activation_rows": lambda: plots.activation_rows(
        IMAGES[:2], {f"block{i}.relu": MAPS["block1.relu2"] for i in range(6)}, "ab"
    ),
    "curves": lambda: plots.curves([1, 2], {"one": [3, 4]}, "size", "error"),
    "connections": lambda: plots.connections(6, 3, [(1, 1), (2, 1)], pixel=3),
    "step_errors": lambda: plots.step_errors([1e-4, 1], {"a": [1e-6, 0]}, (2, -1)),
    "reliability": lambda: plots.reliability({"network": ([0.5, 1], [0.4, 0.9])}),
    "reliability counted": lambda: plots.reliability(
        {"network": ([0.5, 1], [0.4, 0.9], [10, 20])}
    ),
    "forest": lambda: plots.forest(
        {"parts": None, "no shortcut": (-1, -2, 1), "wide": (9, 7, 11)},
        "points",
        limit=3,
    ),
    "accuracy_panels": lambda: plots.accuracy_panels(
        {scale: {"a": LINE, "b": LINE} for scale in ("images", "noise", "seconds")}
    ),
    "log_odds": lambda: plots.log_odds({"noise": (EXACT, EXACT / 2, RIGHT)}),
    "log_odds twice": lambda: plots.log_odds(
        dict.fromkeys(("noise 0.7", "noise 0.9"), (EXACT, EXACT / 2, RIGHT))
    ),
    "posteriors": lambda: plots.posteriors(
        dict.fromkeys(("careless", "hard"), OBSERVED), ["ring", "square", "triangle"]
    ),
    "shares": lambda: plots.shares(
        dict.fromkeys(("radius", "distance"), (["6", "7"], SHARES)), "missed"
    ),
    "fields_on_image": lambda: plots.fields_on_image(
        SQUARE,
        {f"block{i}.relu": (i, -1, 4) for i in range(4)},
        {f"block{i}.relu": (SQUARE, 3) for i in range(4)},
    ),
    "attribution_rows": lambda: plots.attribution_rows(
        {"random weights": (SQUARE, MASK, dict.fromkeys(("saliency", "b"), SQUARE))}
    ),
    "log_shares": lambda: plots.log_shares({"one": 0.1, "two": 1}, "share"),
}
each_figure = pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES.keys())


def test_every_figure_is_called_from_here():
    assert {name.split()[0] for name in FIGURES} == set(plots.__all__)
    for name in plots.__all__:
        assert getattr(plots, name).__module__ in (
            answers.__name__, charts.__name__, comparisons.__name__, lines.__name__,
            pictures.__name__,
        )  # fmt: skip


@each_figure
def test_a_function_returns_a_figure_that_pyplot_does_not_keep(make):
    assert isinstance(make(), Figure)
    assert plt.get_fignums() == []


@each_figure
def test_a_figure_can_be_drawn_on_white(make):
    drawn = pixels(make())
    assert drawn[0, 0].tolist() == [255] * 4
    assert (drawn != 255).any(axis=(0, 2)).mean() > 0.1  # ink in many columns


@each_figure
def test_the_readers_own_settings_stay(make):
    with mpl.rc_context({"font.size": 17, "axes.grid": True}):
        before = dict(mpl.rcParams)
        fig = make()
        assert dict(mpl.rcParams) == before
        for ax in fig.axes:
            assert ax.xaxis.label.get_size() < 17


@each_figure
def test_all_text_lies_inside_the_figure(make):
    fig = make()
    for part in (fig, *fig.panels):
        pixels(part)
        frame = part.bbox.padded(2)
        for ax in part.axes:
            box = ax.get_tightbbox()
            assert frame.x0 <= box.x0 <= box.x1 <= frame.x1
            assert frame.y0 <= box.y0 <= box.y1 <= frame.y1


@each_figure
def test_a_figure_is_no_wider_than_the_page_and_a_phones_part_no_wider_than_a_phone(
    make,
):
    fig = make()
    assert fig.get_figwidth() <= PAGE_WIDTH
    parts = fig.panels or [fig]
    assert max(part.get_figwidth() for part in parts) <= COLUMN_WIDTH + 1e-9
    # side by side, they fill a page
    assert len(parts) == 1 or sum(p.get_figwidth() for p in parts[:2]) < 7.61


@each_figure
def test_no_text_is_smaller_than_nine_points(make):
    fig = make()
    for part in (fig, *fig.panels):
        pixels(part)
        for text in part.findobj(mpl.text.Text):
            assert text.get_size() >= 9 or not text.get_text(), text


@each_figure
def test_every_figure_is_in_the_chapters_style(make):
    fig = make()
    assert fig.dpi == STYLE["savefig.dpi"] == 130
    assert fig.get_facecolor() == (1, 1, 1, 1)
    assert STYLE["savefig.facecolor"] == "white"
    assert fig.get_layout_engine() is not None
    for ax in fig.axes:
        assert ax.title.get_size() in (9, 10)  # small over a small picture
        assert ax.xaxis.label.get_size() == 10
        assert not any(line.get_visible() for line in ax.get_xgridlines())
        if ax.get_label() != "<colorbar>":
            assert not ax.spines["top"].get_visible()
            assert not ax.spines["right"].get_visible()
        if ax.get_legend():
            assert not ax.get_legend().get_frame_on()


@each_figure
def test_axes_with_lines_or_bars_say_what_they_show(make):
    for ax in make().axes:
        if (ax.lines or ax.patches) and not ax.images:
            below = ax.get_shared_x_axes().get_siblings(ax)
            assert any(other.get_xlabel() for other in below)
            assert ax.get_ylabel() or len(ax.get_yticklabels()) > 1


NAMES = ["<script>alert(1)</script>", "$x^2$", "a|b & $", "[x](javascript:1)"]
NAMED = {
    "image_grid": lambda: plots.image_grid(IMAGES[:4], NAMES, 2, NAMES[:2]),
    "bars": lambda: plots.bars(NAMES, [0.2, 0.9, 0.3, 0.4], NAMES[1]),
    "confusion": lambda: plots.confusion(np.eye(4, dtype=int), NAMES),
    "curves": lambda: plots.curves([1, 2], {n: [3, 4] for n in NAMES}, *NAMES[:2]),
    "reliability": lambda: plots.reliability({n: ([0.5], [0.4]) for n in NAMES}),
    "forest": lambda: plots.forest(dict.fromkeys(NAMES, (1, 0, 2)), NAMES[1]),
    "accuracy_panels": lambda: plots.accuracy_panels(
        {x: dict.fromkeys(NAMES, LINE) for x in NAMES}
    ),
    "log_odds": lambda: plots.log_odds(dict.fromkeys(NAMES[:2], (EXACT, EXACT, RIGHT))),
    "log_shares": lambda: plots.log_shares(dict.fromkeys(NAMES, 0.1), NAMES[1]),
    "step_errors": lambda: plots.step_errors(
        [1e-4, 1], {name: [1e-6, 1e-5] for name in NAMES}
    ),
    "filters_compared": lambda: plots.filters_compared(dict.fromkeys(NAMES, WEIGHTS)),
}


@pytest.mark.parametrize("make", NAMED.values(), ids=NAMED.keys())
def test_names_are_shown_letter_for_letter(make):
    drawing = make()._repr_html_()
    assert "<script" not in drawing and "&lt;script&gt;" in drawing
    assert "$x^2$" in drawing


@each_figure
def test_no_figure_shows_tex(make):
    drawing = make()._repr_html_()
    assert "$" not in drawing and "mathdefault" not in drawing
