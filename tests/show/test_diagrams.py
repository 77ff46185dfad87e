"""The schematic drawings, read back by an XML parser."""

import itertools
import re
import xml.etree.ElementTree as ET

import pytest

from ch335_helpers import Chain, ReLU, Residual, ResidualCNN, SimpleCNN, residual_block
from ch335_helpers.show import diagrams

DRAWINGS = {
    "architecture": lambda: diagrams.architecture(ResidualCNN()),
    "filters_over_channels": diagrams.filters_over_channels,
    "averaged_axes": diagrams.averaged_axes,
}


def picture(drawing):
    """The svg element of a drawing."""
    return ET.fromstring(drawing.html).find("svg")


def texts(drawing):
    return [text.text for text in picture(drawing).iter("text")]


def boxes(drawing):
    """Left and upper edge of each box of an architecture, by its title."""
    marks = list(picture(drawing))
    return {
        text.text: (float(box.get("x")), float(box.get("y")))
        for box, text in itertools.pairwise(marks)
        if box.tag == "rect"
    }


def ends(drawing):
    """First and last point of every line, as (x, y) pairs."""
    found = []
    for path in picture(drawing).iter("path"):
        steps = re.findall(r"([MHV])([-\d.]+)(?: ([-\d.]+))?", path.get("d"))
        x, y = map(float, steps[0][1:])
        start = x, y
        for command, value, _ in steps[1:]:
            x, y = (float(value), y) if command == "H" else (x, float(value))
        found.append((start, (x, y)))
    return found


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_says_what_it_is(name):
    drawing = DRAWINGS[name]()
    bundle = drawing._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == f"<Figure: {drawing.label}>"
    svg = picture(drawing)
    assert (svg.get("role"), svg.get("aria-label")) == ("img", drawing.label)
    assert len(drawing.label) >= 30


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_moved_under_a_narrow_page_and_not_shrunk(name):
    drawing = DRAWINGS[name]()
    width = float(picture(drawing).get("viewBox").split()[2])
    assert ET.fromstring(drawing.html).get("style") == "overflow-x:auto"
    assert picture(drawing).get("style").startswith(f"min-width:{0.84 * width:g}px;")


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_has_no_colour_but_those_of_the_page(name):
    for mark in picture(DRAWINGS[name]()).iter():
        for paint in (mark.get("fill"), mark.get("stroke")):
            assert paint in (None, "none", "currentColor") or "var(--ch335-" in paint


@pytest.mark.parametrize("name", DRAWINGS)
def test_all_of_a_drawing_is_inside_its_frame(name):
    svg = picture(DRAWINGS[name]())
    _, _, width, height = map(float, svg.get("viewBox").split())
    for mark in svg.iter("rect"):
        x, y, w, h = (float(mark.get(key)) for key in ("x", "y", "width", "height"))
        assert x >= 0 and x + w <= width
        assert y >= 0 and y + h <= height
    for text in svg.iter("text"):
        x, y, room = float(text.get("x")), float(text.get("y")), 6.2 * len(text.text)
        left = x - room * {"mid": 0.5, "end": 1, None: 0}[text.get("class")]
        assert left >= -6 and left + room <= width + 6, text.text
        assert 0 <= y <= height


def test_an_architecture_lists_the_steps_from_top_to_bottom():
    found = boxes(diagrams.architecture(SimpleCNN(4), (1, 16, 16)))
    assert list(found) == [
        "input", "conv1: 3 × 3", "relu1", "pool1: 2 × 2, stride 2", "conv2: 3 × 3",
        "relu2", "pool2: 2 × 2, stride 2", "global average pool", "linear",
    ]  # fmt: skip
    tops = [y for _, y in found.values()]
    assert tops == [1 + diagrams.ROW * row for row in range(9)]
    assert {x for x, _ in found.values()} == {diagrams.MAIN[0]}


def test_an_architecture_has_the_shape_beside_each_step_of_the_main_path():
    written = texts(diagrams.architecture(SimpleCNN(4), (1, 16, 16)))
    shapes = [text for text in written if re.fullmatch(r"[\d ×]+", text)]
    assert shapes[:4] == ["1 × 16 × 16", "8 × 16 × 16", "8 × 16 × 16", "8 × 8 × 8"]
    assert shapes[-2:] == ["16", "4"]


def test_a_projection_stands_beside_the_end_of_the_main_path():
    found = boxes(diagrams.architecture(residual_block("b", 2, 4), (2, 8, 8)))
    total, project, norm = (
        found[name] for name in ("b: sum", "b.project: 1 × 1", "b.project_bn")
    )
    assert project[0] == norm[0] == diagrams.SIDE[0]
    assert [total[1] - y for _, y in (project, norm)] == [
        2 * diagrams.ROW, diagrams.ROW
    ]  # fmt: skip


def test_a_shortcut_without_layers_is_a_line_from_the_input_to_the_sum():
    drawing = diagrams.architecture(residual_block("b", 2, 2), (2, 8, 8))
    found, middle = boxes(drawing), diagrams.BOX / 2
    right = diagrams.MAIN[0] + diagrams.MAIN[1]
    line = (right, found["input"][1] + middle), (right, found["b: sum"][1] + middle)
    assert line in ends(drawing)
    assert "1 shortcut at the side" in drawing.label


def test_each_step_but_the_sums_has_one_line_to_it():
    model = ResidualCNN()
    drawing = diagrams.architecture(model)
    assert len(ends(drawing)) == len(model.leaves()) + 2 * 2
    assert "2 shortcuts" in drawing.label


def test_a_long_shortcut_makes_room_for_itself():
    model = Residual(ReLU("one"), Chain(ReLU("two"), ReLU("three")), name="sum")
    found = boxes(diagrams.architecture(model, (1, 4, 4)))
    rows = {name: (y - 1) / diagrams.ROW for name, (_, y) in found.items()}
    assert rows == {"input": 0, "one": 1, "two": 1, "three": 2, "sum: sum": 3}


def test_a_shortcut_inside_a_shortcut_stands_at_the_side_too():
    inner = Residual(ReLU("one"), ReLU("two"), name="inner")
    found = boxes(diagrams.architecture(Residual(ReLU("main"), inner), (1, 4, 4)))
    at_the_side = [name for name, (x, _) in found.items() if x == diagrams.SIDE[0]]
    assert at_the_side == ["one", "two", "inner: sum"]
    rows = [(found[name][1] - 1) / diagrams.ROW for name in (*at_the_side, "sum")]
    assert rows == [1, 2, 3, 4]


@pytest.mark.parametrize(("C", "F"), [(1, 1), (3, 2), (2, 4)])
def test_filters_have_a_kernel_for_each_channel_and_a_bias(C, F):
    drawing = diagrams.filters_over_channels(C, F)
    # an image for each channel, C kernels and an output for each filter
    assert len(picture(drawing).findall("rect")) == C + F * C + F
    written = texts(drawing)
    assert [text for text in written if "b[" in text] == [
        f"+ b[{f}] =" for f in range(F)
    ]
    assert written.count("+") == F * (C - 1)


def test_one_channel_of_every_image_is_tinted():
    drawing = diagrams.averaged_axes(n_images=2, n_channels=3, marked=2)
    tints = [mark.get("opacity") for mark in picture(drawing).iter("rect")]
    assert tints == ["0", "0", "0.5"] * 2
    assert "one μ[2], one σ²[2]" in texts(drawing)


@pytest.mark.parametrize("numbers", [(0, 2), (2, 0), (2, 2, 2), (2, 2, -1)])
def test_a_drawing_of_nothing_is_refused(numbers):
    with pytest.raises(ValueError, match="must be a whole number"):
        diagrams.averaged_axes(*numbers)


@pytest.mark.parametrize("numbers", [(0, 2), (2, 0), (1.5, 2)])
def test_filters_are_counted_in_whole_numbers(numbers):
    with pytest.raises(ValueError, match="must be a whole number"):
        diagrams.filters_over_channels(*numbers)
