"""A real Chromium on the built book, with every request to another machine refused."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks import chromium

# BOOK_HTML names another built book, for instance one of a single page
HTML = Path(
    os.environ.get("BOOK_HTML") or Path(__file__).parents[2] / "_build" / "html"
)
# what the theme itself logs on every page
THEME_ERRORS = ("THEBE_JS_URL", "Got invalid theme mode")
# waits for the formulas and the fonts, which come after the page itself
TYPESET = """async () => {
    await window.MathJax?.startup.promise;  // not there on a page without formulas
    await document.fonts.ready;
}"""


@pytest.fixture(scope="session")
def built():
    """The folder of the built book."""
    if not (HTML / "book" / "index.html").exists():
        pytest.fail(f"there is no built book in {HTML}: call `make book` first")
    return HTML


@pytest.fixture(scope="session")
def address(built):
    with chromium.served(built) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    path = chromium.executable()
    if path is None and os.environ.get("REQUIRE_BROWSER"):
        pytest.fail("REQUIRE_BROWSER is set, but no Chromium was found")
    if path is None:
        pytest.skip("no Chromium found: install it to test the pages in a browser")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        yield play.chromium.launch(executable_path=path, args=chromium.FLAGS)


@pytest.fixture
def open_page(browser, address):
    """Open a page of the book; at the end, nothing may have gone wrong on it."""
    opened, foreign, errors = [], [], []

    def gate(route):
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            foreign.append(route.request.url)
            route.abort()

    def log(text):
        if not any(known in text for known in THEME_ERRORS):
            errors.append(text)

    def open_it(name, width=1280, scheme="light"):
        page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        page.route("**/*", gate)
        page.on("console", lambda m: log(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: log(str(error)))
        page.goto(f"{address}/book/{name}.html")
        # not Playwright's "networkidle": it now and then never comes on a busy machine
        page.evaluate(TYPESET)
        opened.append(page)
        return page

    yield open_it
    for page in opened:
        page.close()
    assert not foreign, "the page asked another machine"
    assert not errors
