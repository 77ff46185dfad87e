"""The small drawings, read back by an XML parser."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from ch335_helpers.show.svg import (
    PERCENT_TICKS,
    Chart,
    accuracy_chart,
    element,
    loss_chart,
    matrix,
    number_grid,
    panel,
    probability_bars,
    svg,
    words,
)

UGLY = """</div><script>"'&"""


def texts(picture):
    """The words of a drawing as (words, x, y, class)."""
    return [
        (e.text, float(e.get("x")), float(e.get("y")), e.get("class"))
        for e in ET.fromstring(picture).iter("text")
        if not e.get("transform")
    ]


def drawing(picture, title):
    """The svg element of a titled picture, after a look at what is around it."""
    outer = ET.fromstring(picture)
    assert (outer.tag, outer.attrib) == ("div", {"class": "ch335-panel"})
    head, inner = outer
    assert (head.tag, head.text, head.get("class")) == ("div", title, "ch335-title")
    assert (inner.tag, inner.get("role"), inner.get("aria-label")) == (
        "svg", "img", title,
    )  # fmt: skip
    for mark in inner.iter():  # no words but those of text elements
        own = "" if mark.tag == "text" else mark.text or ""
        assert not (own + (mark.tail or "")).strip()
    return inner


# ------------------------------------------------------------------- elements and frame


def test_an_element_is_closed_and_has_its_content_on_lines_of_their_own():
    assert element("g", "<path/>", "<rect/>") == "<g>\n<path/>\n<rect/></g>"
    # HTML would take <span/> for a beginning, and <img></img> for a mistake
    assert element("span") == "<span></span>"
    for tag in ("circle", "img", "input", "path", "polyline", "rect"):
        assert element(tag, x=1) == f'<{tag} x="1"/>'


def test_what_an_element_is_told_comes_out_as_text():
    parsed = ET.fromstring(element("p", text=UGLY, aria_label=UGLY))
    assert (parsed.text, parsed.attrib) == (UGLY, {"aria-label": UGLY})


def test_attributes_are_spelled_for_python_and_written_short():
    marks = {"class_": "a", "stroke_width": 2.0, "x": 0.1 + 0.2, "y": np.int64(3)}
    assert ET.fromstring(element("rect", **marks, width=None, height=0)).attrib == {
        "class": "a", "stroke-width": "2", "x": "0.3", "y": "3", "height": "0",
    }  # fmt: skip


def test_a_panel_is_a_title_over_its_content():
    picture = ET.fromstring(panel(UGLY, "<i/>", "<b/>"))
    assert picture.get("class") == "ch335-panel"
    assert [part.tag for part in picture] == ["div", "i", "b"]
    assert (picture[0].text, picture[0].get("class")) == (UGLY, "ch335-title")


def test_a_drawing_has_a_size_a_role_and_a_label():
    plain = ET.fromstring(svg(30, 20, UGLY, "<path/>", "<rect/>"))
    expected = {"viewBox": "0 0 30 20", "role": "img", "aria-label": UGLY}
    assert (plain.tag, plain.attrib) == ("svg", expected)
    assert [mark.tag for mark in plain] == ["path", "rect"]
    framed = ET.fromstring(svg(30, 20, "a", margin=2, max_width=4.5))
    assert framed.get("viewBox") == "-2 -2 34 24"
    assert framed.get("style") == "max-width:4.5rem"


def test_words_are_text_at_a_place():
    assert texts(words(UGLY, 1.5, 2)) == [(UGLY, 1.5, 2, None)]
    assert texts(words(7, 0, 0, "mid")) == [("7", 0, 0, "mid")]


# ------------------------------------------------------------------------------- charts


@pytest.fixture
def chart():
    return Chart("a < b", "time", (0, 10), (0, 1), {0: "no", 10: 10}, {1: "all"})


def test_a_chart_has_axes_with_labels_and_then_its_lines(chart):
    marks = drawing(chart("<line/>", "<circle/>"), "a < b")
    assert marks.get("viewBox") == "0 0 340 190"
    assert [mark.tag for mark in marks] == [
        "path", "text", "text", "text", "text", "line", "circle",
    ]  # fmt: skip
    assert (marks[0].get("d"), marks[0].get("class")) == ("M40 8V154H332", "axis")
    assert texts(chart()) == [
        ("no", 40, 169, "mid"), ("10", 332, 169, "mid"), ("all", 35, 12, "end"),
        ("time", 186, 185, "mid"),
    ]  # fmt: skip


def test_what_changes_in_a_chart_has_a_line_of_its_own(chart):
    one, other = chart("<i/>", "<b/>").split("\n"), chart("<u/>", "<b/>").split("\n")
    assert [set(pair) for pair in zip(one, other, strict=True) if len({*pair}) > 1] == [
        {"<i/>", "<u/>"}
    ]


def test_a_chart_has_its_corners_at_its_limits(chart):
    assert chart.place(0, 0) == (40, 154)
    assert chart.place(10, 1) == (332, 8)
    assert chart.place(5, 0.25) == (186, 117.5)
    moved = Chart("", "", (1, 5), (2, 4), {}, {})
    assert moved.place(2, 3) == (113, 81)


def test_places_are_rounded_to_half_a_pixel(chart):
    # 29.2 pixels a unit: 41.168 and 41.46
    assert [chart.place(x, 0)[0] for x in (0.04, 0.05)] == [41, 41.5]
    # 146 pixels a unit: 152.832 and 152.54
    assert [chart.place(0, y)[1] for y in (0.008, 0.01)] == [153, 152.5]


def test_a_logarithmic_axis_gives_each_power_the_same_room():
    chart = Chart("", "", (0, 1), (0.1, 1000), {}, {}, logy=True)
    heights = [chart.place(0, 10.0**power)[1] for power in range(-1, 4)]
    assert heights == [154, 117.5, 81, 44.5, 8]


def test_what_is_outside_the_axes_is_drawn_at_their_edge(chart):
    assert chart.place(5, 7) == chart.place(5, 1)
    assert chart.place(5, -7) == chart.place(5, 0)


def test_a_line_leaves_out_what_is_not_finite_and_ends_in_a_dot(chart):
    values = [0, 1, np.inf, 0.5, np.nan]
    line = chart.line([0, 5, 7, 10, 10], values, color=2, dash="7 4")
    path, dot = ET.fromstring(f"<g>{line}</g>")
    assert path.tag == "polyline" and path.attrib == {
        "class": "line", "stroke": "var(--ch335-2)", "stroke-dasharray": "7 4",
        "points": "40,154 186,8 332,81",
    }  # fmt: skip
    assert dot.tag == "circle" and dot.attrib == {
        "cx": "332", "cy": "81", "r": "4", "fill": "var(--ch335-2)",
    }  # fmt: skip
    assert "dash" not in chart.line([0, 5], [0, 1], color=0)


def test_a_line_without_a_colour_is_faint_and_has_no_dot(chart):
    for look, arguments in {"faint": (), "guess": ("guess",)}.items():
        line = ET.fromstring(chart.line([0, 5], [0, 1], *arguments))
        assert line.tag == "polyline"
        assert line.attrib == {"class": look, "points": "40,154 186,8"}


def test_no_points_are_no_line_and_every_point_needs_both_numbers(chart):
    assert chart.line([], []) == chart.line([0], [np.nan], color=1) == ""
    with pytest.raises(ValueError, match="zip"):
        chart.line([0, 1], [0])


def ticks(chart):
    """Labels along the x axis and along the y axis of a drawn chart."""
    found = texts(chart())
    return [t[0] for t in found if t[2] == 169], [t[0] for t in found if t[3] == "end"]


def test_the_axis_of_the_loss_ends_at_powers_of_ten():
    chart = loss_chart((0, 3), (0.02, 30))
    drawing(chart(), "Training loss (nats)")
    assert (chart.xlim, chart.ylim) == ((0, 3), (0.01, 100))
    assert ticks(chart) == ([*"0123"], ["0.01", "0.1", "1", "10", "100"])
    assert chart.place(0, 1)[1] == (8 + 154) / 2
    heights = [text[2] for text in texts(chart()) if text[3] == "end"]
    assert heights == [158, 121.5, 85, 48.5, 12]
    # limits that are powers already, and limits that are the same one
    assert loss_chart((0, 3), (1e-3, 10)).ylim == (1e-3, 10)
    assert loss_chart((0, 3), (1, 1)).ylim == (1, 10)


def test_a_long_axis_of_the_loss_leaves_powers_out():
    assert ticks(loss_chart((0, 2), (1e-2, 1e3)))[1] == [
        "0.01", "0.1", "1", "10", "100", "1000",
    ]  # fmt: skip
    wide = ticks(loss_chart((0, 2), (1e-3, 1e3)))[1]
    assert wide == ["0.001", "0.1", "10", "1000"]


@pytest.mark.parametrize(
    ("epochs", "xlim", "labels"),
    [
        ((1, 10), (1, 10), "1 2 3 4 5 6 7 8 9 10"),
        ((0, 15), (0, 15), "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"),
        ((0, 40), (0, 40), "0 5 10 15 20 25 30 35 40"),
        ((0, 1), (0, 2), "0 1 2"),  # one epoch alone would be no axis
    ],
)
def test_epochs_are_counted_along_the_axis(epochs, xlim, labels):
    for chart in (loss_chart(epochs, (1, 2)), accuracy_chart(epochs)):
        assert chart.xlim == xlim
        assert ticks(chart)[0] == labels.split()
        assert texts(chart())[-1][0] == "epoch"


def test_the_axis_of_the_accuracy_goes_from_none_to_all():
    chart = accuracy_chart((0, 2))
    drawing(chart(), "Validation accuracy")
    labels = ["0 %", "25 %", "50 %", "75 %", "100 %"]
    heights = [158, 121.5, 85, 48.5, 12]
    found = [(text, y) for text, _, y, look in texts(chart()) if look == "end"]
    assert found == list(zip(labels, heights, strict=True))
    assert list(PERCENT_TICKS) == [0, 0.25, 0.5, 0.75, 1]


# ------------------------------------------------------------------- matrix, grid, bars


def test_a_matrix_writes_each_count_that_is_not_0_in_its_cell():
    counts = np.array([[4, 0], [1, 9]])
    marks = drawing(matrix("mistakes", ["cat", "<dog"], counts), "mistakes")
    assert marks.get("viewBox") == "0 0 134 134"  # 90 for names, 22 a cell
    (numbers,) = marks.iter("g")
    assert numbers.attrib == {"class": "mid", "transform": "translate(90 15)"}
    found = {(float(t.get("x")), float(t.get("y"))): t.text for t in numbers}
    assert found == {(11, 0): "4", (11, 22): "1", (33, 22): "9"}


def test_a_matrix_names_its_rows_and_columns():
    picture = matrix("mistakes", ["cat", "<dog"], np.eye(2, dtype=int))
    assert texts(picture)[:2] == [("cat", 84, 15, "end"), ("<dog", 84, 37, "end")]
    turned = [
        (text.text, text.get("transform"), text.get("class"))
        for text in ET.fromstring(picture).iter("text")
        if "rotate" in text.get("transform", "")
    ]
    assert turned == [
        ("cat", "translate(105 50) rotate(-90)", "end"),
        ("<dog", "translate(127 50) rotate(-90)", "end"),
    ]
    (frame,) = (p for p in ET.fromstring(picture).iter("path") if p.get("d")[-1] == "z")
    assert frame.attrib == {"class": "axis", "d": "M90 0H134V44H90z"}


def test_a_matrix_is_shaded_by_the_share_of_each_row():
    counts = np.zeros((5, 5), int)
    counts[0], counts[2] = [1, 2, 3, 4, 0], [0, 0, 0, 39, 61]
    counts[3], counts[4] = [19, 0, 0, 0, 81], [0, 1, 0, 0, 0]
    drawn = ET.fromstring(matrix("", "abcde", counts))
    paths = drawn.findall(".//path[@class='shade']")
    found = {float(p.get("opacity")): p.get("d").split("M")[1:] for p in paths}
    cells = {0.18: [(0, 0), (0, 1), (3, 0)], 0.36: [(0, 2), (0, 3), (2, 3)]}
    cells |= {0.72: [(2, 4)], 0.9: [(3, 4), (4, 1)]}
    assert found == {
        opacity: [f"{90 + 22 * j} {11 + 22 * i}h22" for i, j in places]
        for opacity, places in cells.items()
    }


def test_an_empty_matrix_has_names_alone():
    picture = matrix("", ["a"], np.zeros((1, 1), int))
    assert "shade" not in picture
    assert [text[0] for text in texts(picture)] == ["a"]


def test_a_matrix_needs_a_row_and_a_column_for_each_name():
    with pytest.raises(ValueError, match=r"counts .*\(2, 2\), got \(2, 3\)"):
        matrix("", ["a", "b"], np.ones((2, 3), int))


def test_a_grid_shades_the_marked_cells_and_writes_the_numbers():
    values = np.array([[1, -2, 3, 0], [5, 6, 7, 8], [9, 10, 11, 12]])
    picture = number_grid("pixels", values, np.s_[1:3, 2:3])
    marks = drawing(picture, "pixels")
    assert marks.get("viewBox") == "-1 -1 106 80"  # 26 a cell and 1 around
    assert marks.get("style") == "max-width:8rem"
    shade, lines, *_ = marks
    assert shade.tag == "rect" and shade.attrib == {
        "x": "52", "y": "26", "width": "26", "height": "52",
        "fill": "var(--ch335-shade)", "opacity": "0.5",
    }  # fmt: skip
    assert (lines.tag, lines.get("class")) == ("path", "axis")
    assert lines.get("d") == (
        "M0 0H104M0 26H104M0 52H104M0 78H104"
        "M0 0V78M26 0V78M52 0V78M78 0V78M104 0V78"
    )  # fmt: skip
    assert texts(picture) == [
        (f"{values[i, j]}".replace("-", "−"), 13 + 26 * j, 17 + 26 * i, "mid")
        for i, j in np.ndindex(3, 4)
    ]


def test_bars_are_as_long_as_their_shares():
    picture = probability_bars("beliefs", ["cat", "<dog"], [0.25, 1.0])
    marks = drawing(picture, "beliefs")
    assert marks.get("viewBox") == "0 0 340 44"
    look = {"x": "100", "height": "12", "fill": "var(--ch335-0)"}
    assert [bar.attrib for bar in marks.iter("rect")] == [
        look | {"y": "4", "width": "50"},
        look | {"y": "24", "width": "200"},
    ]
    assert texts(picture) == [
        ("cat", 94, 14, "end"), ("<dog", 94, 34, "end"),
        ("25%", 154, 14, None), ("100%", 304, 34, None),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="zip"):
        probability_bars("", ["one"], [0.5, 0.5])


def test_what_changes_in_a_picture_is_apart_from_what_stays():
    """Two pictures of a kind share their frame and names, line by line."""
    one, two = np.array([[1, 0], [0, 2]]), np.array([[0, 3], [1, 0]])
    pairs = [
        (matrix("t", "ab", one), matrix("t", "ab", two), 2),  # shades and counts
        (
            number_grid("t", one, np.s_[0:1, 0:1]),
            number_grid("t", one, np.s_[0:1, 1:2]),
            1,
        ),
        (
            probability_bars("t", "ab", [0.1, 0.9]),
            probability_bars("t", "ab", [0.8, 0.2]),
            1,
        ),
    ]
    for first, second, changing in pairs:
        lines, others = first.split("\n"), second.split("\n")
        assert len(lines) == len(others)
        assert sum(a != b for a, b in zip(lines, others, strict=True)) == changing
