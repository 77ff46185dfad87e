"""The small explorers: every slider works, and none disturbs another."""

import pytest

SENTENCE, PICTURE = ".ch335-sentence", ".ch335-picture"
SLIDERS = {
    "1_data": [["noise", "example"]],
    "2_model": [["row", "column"], ["kernel", "stride", "padding"]],
    "4_evaluation": [["temperature"], ["image", "after"]],
}


@pytest.fixture(scope="module", params=SLIDERS)
def name(request):
    return request.param


def explorers(page):
    found = page.locator(".ch335-explorer:not(.ch335-board)", has=page.locator("input"))
    return [found.nth(i) for i in range(found.count())]


def shown(explorer):
    return (
        explorer.locator(SENTENCE).inner_text(),
        explorer.locator(PICTURE).inner_html(),
    )


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (375, "light")]
)
def test_each_slider_changes_sentence_and_picture(turn_to, name, width, scheme):
    page = turn_to(name, width=width, scheme=scheme)
    found = explorers(page)
    labels = [explorer.locator("label span").all_inner_texts() for explorer in found]
    assert labels == SLIDERS[name]
    for explorer in found:
        others = [shown(other) for other in found if other is not explorer]
        for slider in explorer.locator("input").all():
            last = int(slider.get_attribute("max"))
            slider.focus()
            slider.press("Home")
            seen = [shown(explorer)]
            for _ in range(last):
                slider.press("ArrowRight")
                seen.append(shown(explorer))
            # next to each other, two pictures may be alike, as where no noise shows
            assert seen[0][0] != seen[-1][0] and seen[0][1] != seen[-1][1]
            assert len(set(seen)) > last / 2
            slider.press("Home")
            assert shown(explorer) == seen[0]
            slider.press("End")
            assert shown(explorer) == seen[-1]
        assert others == [shown(other) for other in found if other is not explorer]


def test_they_fit_on_a_phone(turn_to, name):
    page = turn_to(name, width=375)
    for explorer in explorers(page):
        inside = explorer.evaluate(
            "e => { const edge = e.parentElement.getBoundingClientRect().right + 1;"
            "return [...e.querySelectorAll('svg, img, label, output, p')]"
            ".every((part) => part.getBoundingClientRect().right <= edge); }"
        )
        assert inside


def test_without_scripts_each_shows_its_first_state(browser, address, name):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/book/{name}.html")
    assert len(explorers(page)) == len(SLIDERS[name])
    for explorer in explorers(page):
        assert len(explorer.locator(SENTENCE).inner_text()) > 20
        assert not explorer.locator("input").first.is_visible()
    context.close()
