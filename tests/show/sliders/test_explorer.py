"""The generic explorer, without a browser."""

import html
import itertools
import json
import re
import xml.etree.ElementTree as ET

import pytest

from ch335_helpers.show.sliders.explorer import Explorer, style

SLIDERS = {"letter": ["a", "b", "cde"], "number": [1, 2]}
STOPS = list(itertools.product(range(3), range(2)))


def render(i, j):
    return f"{'abc'[i]} & {j + 1}", [f"<b>\n{i}\n</b>", f"<i>{j}</i>"]


@pytest.fixture
def explorer():
    return Explorer(SLIDERS, render, start=(1, 0))


def data_of(page):
    """What the script on a page gets to read."""
    found = re.search(r'<script type="application/json">(.*?)</script>', page, re.S)
    return json.loads(found[1])


def seen(page):
    """The page's elements as a tree, without its style sheet and scripts."""
    return ET.fromstring(re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.S))


def test_a_state_is_what_was_rendered_for_it(explorer):
    for stop in STOPS:
        sentence, picture = render(*stop)
        assert explorer.sentence(*stop) == sentence
        assert explorer.picture(*stop) == "\n".join(picture)


def test_each_state_is_rendered_once():
    calls = []
    explorer = Explorer(SLIDERS, lambda *at: calls.append(at) or render(*at))
    explorer.html()
    explorer.box.children[1].value = 2
    assert calls == STOPS


def test_the_page_counts_states_with_the_last_slider_fastest(explorer):
    data = data_of(explorer.html())
    assert data["sliders"] == [["a", "b", "cde"], ["1", "2"]]
    for (i, j), numbers in zip(STOPS, data["states"], strict=True):
        sentence, *lines = (data["fragments"][number] for number in numbers)
        assert sentence == explorer.sentence(i, j)
        assert "\n".join(lines) == explorer.picture(i, j)


def test_a_line_that_states_share_is_stored_once(explorer):
    # 6 sentences, an opening and a closing, 3 first lines and 2 last ones
    assert len(explorer.fragments) == len(set(explorer.fragments)) == 6 + 2 + 3 + 2


def test_the_page_starts_with_a_state_that_needs_no_script(explorer):
    page = explorer.html()
    root = seen(page)
    assert (root.tag, root.get("class")) == ("div", "ch335-explorer")
    *sliders, sentence, picture = root
    assert [slider.tag for slider in sliders] == ["label", "label"]
    assert (sentence.tag, sentence.text) == ("p", explorer.sentence(1, 0))
    assert sentence.attrib == {"class": "ch335-sentence", "role": "status"}
    assert (picture.tag, picture.attrib) == ("div", {"class": "ch335-picture"})
    assert explorer.picture(1, 0) in page
    assert explorer.picture(0, 0) not in page
    assert style() in page


def test_a_slider_of_the_page_has_its_name_its_stops_and_its_place(explorer):
    label, _ = seen(explorer.html()).findall("label")
    assert label.attrib == {"hidden": ""}  # until the script has run
    name, slider, value = label
    assert (name.tag, name.text) == ("span", "letter")
    assert slider.tag == "input" and slider.attrib == {
        "type": "range", "min": "0", "max": "2", "step": "1", "value": "1",
        "autocomplete": "off", "aria-label": "letter", "aria-valuetext": "b",
    }  # fmt: skip
    # as wide as the longest stop, so that the slider keeps its length
    assert (value.tag, value.text, value.attrib) == (
        "output", "b", {"style": "min-width:3ch"},
    )  # fmt: skip


def test_without_a_start_each_slider_begins_at_its_left_end():
    assert Explorer(SLIDERS, render).start == (0, 0)


def test_the_script_comes_after_what_it_reads(explorer):
    page = explorer.html()
    assert page.endswith("</script></div>")
    assert page.index("application/json") < page.index("<script>")
    script = page[page.index("<script>") :]
    assert 'parts.join("\\n")' in script  # as `picture` does it


def test_no_text_can_end_the_script_or_name_an_attribute():
    bad = '</script><script>alert("1")</script>"><!--</SCRIPT ><SCRIPT>'
    explorer = Explorer({bad: [bad, "b"]}, lambda i: (bad, [f"<b>{i}</b>"]))
    page = explorer.html()
    assert len(re.findall("<script", page, re.IGNORECASE)) == 2
    assert len(re.findall("</script", page, re.IGNORECASE)) == 2
    assert "<!--" not in page
    data = data_of(page)
    assert (data["sliders"], data["fragments"][0]) == ([[bad, "b"]], bad)
    assert html.escape(bad) in page
    assert seen(page)[0][1].get("aria-label") == bad


def test_a_page_asks_no_other_machine(explorer):
    assert "http" not in explorer.html()
    assert "@import" not in style() and "url(" not in style()


def test_the_live_face_shows_the_same_strings(explorer):
    look, letter, number, shown = explorer.box.children
    assert look.value == style() and style().startswith("<style>")
    assert (letter.description, number.description) == ("letter", "number")
    assert letter.options == (("a", 0), ("b", 1), ("cde", 2))
    assert (letter.value, number.value) == (1, 0)

    def parts():
        root = ET.fromstring(shown.value)
        assert (root.tag, root.get("class")) == ("div", "ch335-explorer")
        sentence, picture = root
        return sentence.text, ET.tostring(picture, encoding="unicode")

    assert parts()[0] == explorer.sentence(1, 0)
    letter.value, number.value = 2, 1
    assert parts()[0] == explorer.sentence(2, 1)
    assert explorer.picture(2, 1) in parts()[1]
    assert explorer.box is explorer.box


def test_a_live_slider_is_as_wide_as_its_place_allows(explorer):
    for slider in explorer.box.children[1:3]:
        assert slider.layout.width == "min(100%, 32em)"
        assert slider.style.description_width == "8em"


def test_one_object_has_two_faces(explorer):
    bundle = explorer._repr_mimebundle_()
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == explorer.box.model_id
    assert bundle["text/html"] == explorer.html()
    assert bundle["text/plain"] == "Explorer(letter: 3, number: 2; 6 states)"


@pytest.mark.parametrize("sliders", [{}, {"one": ["a"]}, {"x": ["a", "b"], "y": []}])
def test_a_slider_with_nowhere_to_go_is_refused(sliders):
    sizes = re.escape(str([len(stops) for stops in sliders.values()]))
    message = f"sliders must have two stops or more each, got {sizes}"
    with pytest.raises(ValueError, match=message):
        Explorer(sliders, render)


@pytest.mark.parametrize("start", [(3, 0), (0, -1), (0,), [0, 2]])
def test_a_start_that_is_no_stop_is_refused(start):
    got = re.escape(str(tuple(start)))
    with pytest.raises(ValueError, match=rf"start .* sizes \[3, 2\], got {got}"):
        Explorer(SLIDERS, render, start=start)
