"""A real Chromium on the built book, with every request to another machine refused."""

import os
from contextlib import contextmanager
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
# whether the theme has taken a colour scheme, and no colour is on its way to another
SETTLED = """scheme => document.documentElement.dataset.theme === scheme
    && document.getAnimations().every(a => a.playState !== "running")"""
# all sliders, boxes and lists as they are when a page is opened
AS_OPENED = """() => document.querySelectorAll("article :is(input, select)").forEach(
    control => {
        const [first] = [...control.options ?? []]
            .sort((a, b) => b.defaultSelected - a.defaultSelected);
        const value = first ? first.value : control.defaultValue;
        if (control.value === value && control.checked === control.defaultChecked)
            return;
        Object.assign(control, { value, checked: control.defaultChecked });
        for (const kind of ["input", "change"])
            control.dispatchEvent(new Event(kind, { bubbles: true }));
    })"""
HEIGHT = 900


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


@contextmanager
def watched(browser, address):
    """Open pages of the book; at the end, nothing may have gone wrong on any."""
    opened, foreign, errors = [], [], []

    def gate(route):
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            foreign.append(route.request.url)
            route.abort()

    def log(name, text):
        if not any(known in text for known in THEME_ERRORS):
            errors.append(f"{name}: {text}")

    def open_it(name, width=1280, scheme="light"):
        page = browser.new_page(
            viewport={"width": width, "height": HEIGHT}, color_scheme=scheme
        )
        page.route("**/*", gate)
        page.on("console", lambda m: log(name, m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: log(name, str(error)))
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


@pytest.fixture
def open_page(browser, address):
    """Open a page of the book as it is for a new reader."""
    with watched(browser, address) as open_it:
        yield open_it


@pytest.fixture(scope="module")
def turn_to(browser, address):
    """Show a page at a width and in a scheme; one that is open is not loaded again.

    Its controls are as a new reader finds them; what Python has done there stays.
    """
    with watched(browser, address) as open_it:
        kept = {}

        def turn(name, width=1280, scheme="light"):
            if name not in kept:
                for page in kept.values():
                    page.close()
                kept.clear()
                kept[name] = open_it(name)
            page = kept[name]
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(media="screen", color_scheme=scheme)
            page.wait_for_function(SETTLED, arg=scheme)
            page.evaluate(AS_OPENED)
            return page

        yield turn
