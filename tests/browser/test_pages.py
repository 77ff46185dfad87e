"""Every page reads well with no network: light, dark and on a phone."""

import pytest

PAGES = (
    *("index", "1_data", "2_model", "3_training", "4_evaluation", "5_extensions"),
    *("6_gradients", "7_speed", "8_inside", "9_experiments"),
    *("glossary", "bibliography", "reference"),
)
WITHOUT_PICTURES = ("glossary", "bibliography", "reference")
SMALLEST_TEXT = 9  # pixels, as shown on a phone
# what the theme itself does on every page
THEME_RULES = ("label-content-name-mismatch", "region")
# what docutils writes around a list of citations
CITATION_RULES = (
    *("aria-allowed-role", "aria-deprecated-role", "aria-required-children"),
)
TEXT_SIZES = """svg => [...svg.querySelectorAll("text")].map(text =>
    parseFloat(getComputedStyle(text).fontSize)
    * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)"""
# for axe: the pages bring no style sheet from elsewhere, and what passes is not listed
AXE = {"preload": False, "resultTypes": ["violations"]}
# dark and light pages differ in their colours only
AXE_RULES = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}


@pytest.fixture(scope="module", params=PAGES)
def name(request):
    """A page; all tests of one page come one after another, so it is loaded once."""
    return request.param


def test_formulas_are_set_without_a_network(turn_to, name):
    page = turn_to(name)
    n_formulas = page.locator("article .math").count()
    if n_formulas:
        page.wait_for_selector("mjx-container")
    assert page.locator("article mjx-container").count() == n_formulas
    assert page.locator("mjx-merror").count() == 0


def test_each_page_offers_its_notebook(turn_to, built, name):
    notebook = name if name[0].isdigit() else "1_data"
    button = turn_to(name).locator(".article-header-buttons .btn-run-in-browser")
    assert button.is_visible()
    address = button.get_attribute("href")
    assert address == f"../lite/notebooks/index.html?path={notebook}.ipynb"
    assert (built / "lite" / "files" / f"{notebook}.ipynb").exists()


def unfold(page):
    """Show what a reader is to predict before it is shown."""
    page.evaluate(
        "document.querySelectorAll('.below-input').forEach(d => { d.open = true })"
    )


def test_every_picture_is_shown_and_described(turn_to, name):
    page = turn_to(name)
    unfold(page)
    drawings = page.locator(".ch335-figure svg:not([aria-hidden])")
    for drawing in drawings.all():
        assert len(drawing.get_attribute("aria-label")) >= 40
        assert drawing.bounding_box()["width"] > 100
    pictures = page.locator("article img")
    assert drawings.count() + pictures.count() > 0 or name in WITHOUT_PICTURES
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        page.wait_for_function("i => i.complete", arg=picture.element_handle())
        assert picture.evaluate("i => i.naturalWidth") > 0
        alt = picture.get_attribute("alt")
        assert alt and "_images/" not in alt and len(alt) >= 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_scrolls_in_one_direction_only(turn_to, name, scheme):
    page = turn_to(name, width=375, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_text_in_drawings_is_legible_on_a_phone(turn_to, name):
    page = turn_to(name, width=375)
    unfold(page)
    for svg in page.locator("article svg[role=img], .ch335-figure svg").all():
        sizes = svg.evaluate(TEXT_SIZES)
        assert all(size >= SMALLEST_TEXT - 0.05 for size in sizes), min(sizes)


@pytest.mark.parametrize("scheme", AXE_RULES)
def test_axe_finds_nothing_but_the_themes_own_two_rules(turn_to, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = turn_to(name, scheme=scheme)
    options = AXE | AXE_RULES[scheme]
    found = axe.Axe().run(page, options=options).response["violations"]
    known = THEME_RULES + (CITATION_RULES if name == "bibliography" else ())
    others = [rule for rule in found if rule["id"] not in known]
    where = [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in others]
    assert where == []


def test_the_training_panel_tells_what_it_will_load(open_page):
    page = open_page("3_training")
    assert page.get_by_text("The first Train loads Python into this page").is_visible()
    assert page.locator(".jupyter-widgets").count() == 0


def test_solutions_are_folded_until_they_are_asked_for(open_page):
    page = open_page("1_data")
    solution = page.locator(".solution.dropdown").first
    text = solution.locator("p").nth(1)
    assert not text.is_visible()
    solution.locator("button").first.click()
    assert text.is_visible()


def test_on_paper_nothing_is_cut_off_or_waits_to_be_pressed(turn_to, name):
    page = turn_to(name, width=700)  # about what a sheet of A4 leaves for the text
    page.emulate_media(media="print")
    code = page.locator("article pre")
    assert not any(
        code.evaluate_all("all => all.map(p => p.scrollWidth > p.clientWidth)")
    )
    buttons = page.locator("article :is(button, input, select, textarea, canvas)")
    shown = buttons.evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => one.outerHTML)"
    )
    assert shown == []
    assert page.pdf(format="A4").startswith(b"%PDF")
