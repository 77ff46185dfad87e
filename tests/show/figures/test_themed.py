"""Figures in the colours of the page."""

import io
import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from ch335_helpers.show.figures.themed import COLORS, ThemedFigure, panels_in_a_row

SVG = "{http://www.w3.org/2000/svg}"


def drawn(size=(4, 3)):
    fig = ThemedFigure(figsize=size)
    ax = fig.subplots()
    for number, color in enumerate(COLORS):
        ax.plot([0, 1], [number, 0], color=color, label=f"line {number}", marker="o")
    ax.set(xlabel="a & b", title="x")
    ax.legend(frameon=False)
    return fig


def svgs(fig):
    """The drawings of a figure's HTML, parsed."""
    html = fig._repr_html_()
    found = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    return [ElementTree.fromstring(text.replace("<svg", "<svg", 1)) for text in found]


def test_lines_have_the_palettes_colours_and_text_that_of_the_page():
    html = drawn()._repr_html_()
    for number, color in enumerate(COLORS[:-1]):
        assert f"stroke: var(--ch335-{number}, {color})" in html
    (svg,) = svgs(drawn())
    texts = [element for element in svg.iter() if element.tag.endswith("text")]
    assert {"a & b", "x", "line 3"} <= {text.text for text in texts}
    assert "#000000" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    assert all("DejaVu" not in text.get("style") for text in texts)


def test_the_drawing_brings_its_palette_and_no_sheet_of_its_own():
    html = drawn()._repr_html_()
    assert html.count("<style") == 1
    assert html.startswith('<div class="ch335-figure"><style>')
    assert "--ch335-0: #" in html and "stroke-linejoin" in html


def test_a_point_of_text_is_at_least_a_pixel_and_at_most_what_was_asked_for():
    (svg,) = svgs(drawn(size=(5, 3)))
    room = "min-width:360px;max-width:min(5.00in,100%);width:100%;flex-grow:360"
    assert svg.get("style") == room
    assert svg.get("viewBox") == "0 0 360 216"
    assert (svg.get("role"), svg.get("aria-label")) == ("img", "")


def test_the_same_figure_gives_the_same_drawing_and_no_date():
    assert drawn()._repr_html_() == drawn()._repr_html_()
    assert "metadata" not in drawn()._repr_html_()


def test_only_what_is_referred_to_has_a_name():
    html = drawn()._repr_html_()
    names = re.findall(r' id="([^"]+)"', html)
    assert names and len(set(names)) == len(names)
    for name in names:
        assert f"#{name}" in html


def test_no_background_hides_the_page():
    (svg,) = svgs(drawn())
    assert "fill: #ffffff" not in ElementTree.tostring(svg, encoding="unicode")


def test_pixels_of_an_image_stay_pixels():
    with mpl.rc_context({"image.interpolation": "none"}):
        fig = ThemedFigure(figsize=(2, 2))
        fig.subplots().imshow(np.arange(12.0).reshape(3, 4))
        (svg,) = svgs(fig)
    (image,) = [element for element in svg.iter() if element.tag.endswith("image")]
    assert "pixelated" in image.get("style")


def test_a_file_is_an_ordinary_picture():
    file = io.BytesIO()
    drawn().savefig(file, dpi=50, facecolor="white")
    assert Image.open(file).size == (200, 150)


def bar(height):
    return lambda fig: fig.subplots().bar([0], [height])


def test_panels_are_one_figure_in_a_file_and_several_on_a_page():
    fig = panels_in_a_row([bar(1), bar(2)], widths=(3, 2), height=2)
    assert fig.get_size_inches() == pytest.approx((5, 2))
    assert [ax.patches[0].get_height() for ax in fig.axes] == [1, 2]
    sizes = [tuple(panel.get_size_inches()) for panel in fig.panels]
    assert sizes == [(3, 2), (2, 2)]
    assert [panel.axes[0].patches[0].get_height() for panel in fig.panels] == [1, 2]
    assert [svg.get("viewBox") for svg in svgs(fig)] == ["0 0 216 144", "0 0 144 144"]
    assert fig._repr_html_().count("<style") == 1


def test_panels_share_a_page_and_a_phone_in_one_scale():
    fig = panels_in_a_row([bar(1), bar(2)], widths=(4, 3), height=2)
    assert [svg.get("style") for svg in svgs(fig)] == [
        "min-width:288px;max-width:min(4.00in,100%);width:100%;flex-grow:288",
        "min-width:216px;max-width:min(3.00in,75%);width:100%;flex-grow:216",
    ]


def test_a_figure_has_no_panels_of_another_one():
    first, second = ThemedFigure(), ThemedFigure()
    first.panels.append(second)
    assert second.panels == []


def test_the_palette_has_no_colour_twice():
    assert len(set(COLORS)) == len(COLORS) == 7
