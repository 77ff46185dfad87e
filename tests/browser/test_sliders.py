"""The explorer on the built page: no server, no network, mouse, keyboard and finger."""

import pytest

MOST_BYTES = 400_000  # that the explorer may add to its page
SENTENCE, PICTURE = ".ch335-sentence", ".ch335-picture"


@pytest.fixture(params=["light", "dark", "phone"])
def explorer(request, turn_to):
    """The explorer of notebook 3 in each look."""
    width, scheme = {"phone": (375, "light")}.get(request.param, (1280, request.param))
    page = turn_to("3_training", width=width, scheme=scheme)
    explorer = page.locator(".ch335-explorer", has=page.locator("input")).first
    explorer.scroll_into_view_if_needed()
    return explorer


def shown(explorer):
    """The sentence and the picture."""
    return (
        explorer.locator(SENTENCE).inner_text(),
        explorer.locator(PICTURE).inner_html(),
    )


@pytest.mark.parametrize("name", ["learning rate", "epochs"])
def test_each_slider_changes_picture_and_sentence_by_keyboard(explorer, name):
    slider = explorer.get_by_label(name, exact=True)
    slider.focus()
    last = int(slider.get_attribute("max"))
    assert last >= 6
    slider.press("Home")
    seen, values = [shown(explorer)], [explorer.locator("output").all_inner_texts()]
    for _ in range(last):
        slider.press("ArrowRight")
        seen.append(shown(explorer))
        values.append(explorer.locator("output").all_inner_texts())
        assert slider.get_attribute("aria-valuetext") in values[-1]
    assert slider.input_value() == str(last)
    for sentence, picture in zip(*map(tuple, zip(*seen, strict=True)), strict=True):
        assert sentence.startswith("Learning rate ") and picture.count("<svg") == 3
    assert len(set(seen)) == len(seen) == last + 1
    assert len({tuple(value) for value in values}) == last + 1
    slider.press("Home")
    assert shown(explorer) == seen[0]
    slider.press("End")
    assert shown(explorer) == seen[-1]


def test_a_slider_follows_the_mouse(explorer):
    slider = explorer.get_by_label("learning rate", exact=True)
    before, box = shown(explorer), slider.bounding_box()
    slider.click(position={"x": box["width"] - 3, "y": box["height"] / 2})
    assert shown(explorer) != before
    assert "diverged in epoch 1" in shown(explorer)[0]
    slider.click(position={"x": 3, "y": box["height"] / 2})
    assert "has not started to learn" in shown(explorer)[0]


def test_a_slider_follows_a_finger(browser, address):
    phone = browser.new_context(
        viewport={"width": 375, "height": 812}, has_touch=True, is_mobile=True
    )
    page = phone.new_page()
    page.goto(f"{address}/book/3_training.html")
    explorer = page.locator(".ch335-explorer", has=page.locator("input")).first
    slider = explorer.get_by_label("learning rate", exact=True)
    slider.scroll_into_view_if_needed()
    before, box = shown(explorer), slider.bounding_box()
    slider.tap(position={"x": box["width"] - 3, "y": box["height"] / 2})
    assert shown(explorer) != before
    assert slider.input_value() == slider.get_attribute("max")
    phone.close()


def test_without_scripts_there_is_a_picture_and_no_dead_slider(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/book/3_training.html")
    explorer = page.locator(".ch335-explorer", has=page.locator("input")).first
    assert explorer.locator(SENTENCE).inner_text().startswith("Learning rate ")
    assert explorer.locator(f"{PICTURE} svg").count() == 3
    assert not explorer.locator("input").first.is_visible()
    context.close()


def test_the_text_stands_out_from_its_ground(explorer):
    """Sentence and labels have the theme's text colour, on the page's own ground."""
    page = explorer.page
    body = page.locator("article p").first.evaluate("e => getComputedStyle(e).color")
    for place in (SENTENCE, f"{PICTURE} text"):
        element = explorer.locator(place).first
        painted = element.evaluate(
            "e => getComputedStyle(e)[e instanceof SVGElement ? 'fill' : 'color']"
        )
        assert painted == body
    grounds = explorer.evaluate(
        "e => { const seen = []; for (; !e.matches('article'); e = e.parentElement)"
        " seen.push(getComputedStyle(e).backgroundColor); return seen; }"
    )
    assert set(grounds) == {"rgba(0, 0, 0, 0)"}


def test_the_explorer_fits_its_column(explorer):
    inside = explorer.evaluate(
        "e => { const edge = e.parentElement.getBoundingClientRect().right + 1;"
        "return [...e.querySelectorAll('svg, img, label, output, p')]"
        ".every((part) => part.getBoundingClientRect().right <= edge); }"
    )
    assert inside


def test_the_explorer_is_light(built):
    page = (built / "book" / "3_training.html").read_text(encoding="utf-8")
    start = page.index('<div class="ch335-explorer">')
    end = page.index("</script></div>", start)
    state = page.find("application/vnd.jupyter.widget-state+json")
    state_size = page.index("</script>", state) - state if state >= 0 else 0
    assert 50_000 < end - start + state_size <= MOST_BYTES
