"""The generic explorer and its small pictures, without a browser."""

import base64
import html
import io
import itertools
import json
import re

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from ch335_helpers.explorer import Chart, Explorer, Matrix, pixels, tiles

SLIDERS = {"letter": ["a", "b", "c"], "number": [1, 2]}


def render(i, j):
    return f"{'abc'[i]} & {j + 1}", ["<b>", f"{i}", "</b>", f"<i>{j}</i>"]


@pytest.fixture
def explorer():
    return Explorer(SLIDERS, render, start=(1, 0))


def data_of(page):
    """What the script on a page gets to read."""
    found = re.search(r'<script type="application/json">(.*?)</script>', page, re.S)
    return json.loads(found[1])


def test_a_state_is_what_was_rendered_for_it(explorer):
    for i, j in itertools.product(range(3), range(2)):
        sentence, picture = render(i, j)
        assert explorer.sentence(i, j) == sentence
        assert explorer.picture(i, j) == "".join(picture)


def test_each_state_is_rendered_once():
    calls = []
    explorer = Explorer(SLIDERS, lambda *at: calls.append(at) or render(*at))
    explorer.html()
    explorer.box.children[1].value = 2
    assert sorted(calls) == list(itertools.product(range(3), range(2)))


def test_the_page_counts_states_with_the_last_slider_fastest(explorer):
    data = data_of(explorer.html())
    assert data["sliders"] == [["a", "b", "c"], ["1", "2"]]
    for i, j in itertools.product(range(3), range(2)):
        parts = [data["fragments"][number] for number in data["states"][i * 2 + j]]
        assert parts == [explorer.sentence(i, j), *render(i, j)[1]]


def test_what_states_share_is_stored_once(explorer):
    # 6 sentences, 3 letters, 2 numbers, an opening and a closing
    assert len(explorer.fragments) == len(set(explorer.fragments)) == 13


def test_the_page_starts_with_a_state_that_needs_no_script(explorer):
    page = explorer.html()
    assert "<b>1</b><i>0</i>" in page
    assert "b &amp; 1</p>" in page
    assert page.count("<label hidden>") == page.count('type="range"') == 2
    assert 'max="2" value="1"' in page
    assert 'aria-label="letter" aria-valuetext="b"' in page


def test_no_text_can_end_the_script_or_name_an_attribute():
    bad = '</script><script>alert("1")</script>"><!--'
    explorer = Explorer({bad: [bad, "b"]}, lambda i: (bad, [f"<b>{i}</b>"]))
    page = explorer.html()
    assert page.count("<script") == page.count("</script") == 2
    assert "<!--" not in page
    assert data_of(page)["sliders"] == [[bad, "b"]]
    assert html.escape(bad) in page


def test_a_page_asks_no_other_machine(explorer):
    assert "http" not in explorer.html().replace("http://www.w3.org", "")


def test_the_live_face_shows_the_same_strings(explorer):
    _, letter, number, shown = explorer.box.children
    assert (letter.description, number.description) == ("letter", "number")
    assert "b &amp; 1</p>" in shown.value
    letter.value, number.value = 2, 1
    assert "c &amp; 2</p>" in shown.value
    assert explorer.picture(2, 1) in shown.value
    assert explorer.box is explorer.box


def test_one_object_has_two_faces(explorer):
    bundle = explorer._repr_mimebundle_()
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == explorer.box.model_id
    assert bundle["text/html"] == explorer.html()
    assert bundle["text/plain"] == "Explorer(letter: 3, number: 2; 6 states)"


@pytest.mark.parametrize("sliders", [{}, {"one": ["a"]}, {"x": ["a", "b"], "y": []}])
def test_a_slider_with_nowhere_to_go_is_refused(sliders):
    with pytest.raises(ValueError, match="sliders must have two stops or more each"):
        Explorer(sliders, render)


@pytest.mark.parametrize("start", [(3, 0), (0, -1), (0,)])
def test_a_start_that_is_no_stop_is_refused(start):
    with pytest.raises(ValueError, match=r"start must be a stop of sizes \[3, 2\]"):
        Explorer(SLIDERS, render, start=start)


# ------------------------------------------------------------------- the small pictures


@pytest.fixture
def chart():
    return Chart("a < b", "x", (0, 10), (0, 1), {0: "0", 10: "10"}, {1: "1"})


def test_a_chart_has_its_corners_at_its_limits(chart):
    assert chart.place(0, 0) == (40, 154)
    assert chart.place(10, 1) == (332, 8)
    assert chart.place(5, 0.5) == (186, 81)


def test_a_logarithmic_axis_gives_each_power_the_same_room():
    chart = Chart("", "", (0, 1), (0.1, 1000), {}, {}, logy=True)
    heights = [chart.place(0, 10.0**power)[1] for power in range(-1, 4)]
    assert np.diff(heights) == pytest.approx(-146 / 4, abs=0.5)


def test_what_is_outside_the_axes_is_drawn_at_their_edge(chart):
    assert chart.place(5, 7) == chart.place(5, 1)
    assert chart.place(5, -7) == chart.place(5, 0)


def test_a_line_leaves_out_what_is_not_finite_and_ends_in_a_dot(chart):
    line = chart.line([0, 5, 10], [0, 1, np.inf], color=2)
    assert 'points="40,154 186,8"' in line
    assert '<circle cx="186" cy="8"' in line
    assert line.count("var(--ch335-2)") == 2


def test_a_faint_line_has_no_dot_and_no_line_no_text(chart):
    assert "circle" not in chart.line([0, 5], [0, 1])
    assert chart.line([0], [np.nan]) == ""


def test_titles_are_text(chart):
    assert "a &lt; b" in chart.head and "a < b" not in chart.head


def opened(element):
    code = re.search(r'src="data:image/png;base64,(.*?)"', element)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(code))).convert("RGBA"))


def test_pixels_carry_the_colours_of_the_map(rng):
    values = rng.uniform(-2, 2, (4, 7))
    shown = opened(pixels(values, "noise", "RdBu_r", -2, 2)).astype(int)
    expected = mpl.colormaps["RdBu_r"]((values + 2) / 4, bytes=True).astype(int)
    assert shown.shape == (4, 7, 4)
    assert np.abs(shown - expected).max() <= 8  # 63 levels


def test_pixels_take_their_range_from_the_values():
    shown = opened(pixels([[5.0, 7.0, 6.0]], "three greys"))
    assert shown[0, :, 0] == pytest.approx([0, 255, 128], abs=3)
    assert opened(pixels(np.ones((2, 2)), "one grey")).shape == (2, 2, 4)


def test_what_is_no_number_is_transparent():
    shown = opened(pixels([[0, np.nan, 1]], "a hole"))
    assert list(shown[0, :, 3]) == [255, 0, 255]


def test_pixels_describe_themselves():
    assert 'alt="a &lt; b"' in pixels(np.eye(2), "a < b")


def test_tiles_lie_in_rows_with_a_line_between():
    sheet = tiles(np.arange(3 * 4).reshape(3, 2, 2), columns=2)
    nan = np.nan
    expected = [
        [0, 1, nan, 4, 5],
        [2, 3, nan, 6, 7],
        [nan] * 5,
        [8, 9, nan, nan, nan],
        [10, 11, nan, nan, nan],
    ]
    np.testing.assert_array_equal(sheet, expected)


def test_a_matrix_writes_its_counts_and_shades_their_share():
    matrix = Matrix("mistakes", ["cat", "d<g"])
    cells = matrix.cells(np.array([[4, 0], [1, 9]]))
    assert re.findall(r">(\d+)</text>", cells) == ["4", "1", "9"]
    assert re.findall(r'opacity="([\d.]+)"', cells) == ["0.18", "0.9"]
    assert cells.count("h22") == 3
    assert "d&lt;g" in matrix.head


def test_an_empty_row_of_a_matrix_stays_empty():
    assert Matrix("", ["a"]).cells(np.zeros((1, 1), int)).count("<text") == 0
