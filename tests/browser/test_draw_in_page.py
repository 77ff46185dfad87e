"""The drawing board on the built pages: mouse, finger and keyboard."""

import re

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
SOON = 60_000  # milliseconds that Python may take to load on a busy machine


@pytest.fixture
def start(turn_to):
    """Start the board of a page, unless another test has; several share its Python."""

    def started(name):
        board = turn_to(name).locator(".ch335-board")
        board.scroll_into_view_if_needed()
        button = board.get_by_role("button", name="Start")
        if button.is_enabled():
            button.click()
        hear(board, "The network says")
        return board

    return started


def hear(board, pattern):
    said = board.locator(".ch335-sentence")
    sync_api.expect(said).to_have_text(re.compile(pattern), timeout=SOON)
    return said.inner_text()


def white_pixels(board):
    return board.locator(".ch335-canvas").evaluate(
        """canvas => canvas.getContext("2d").getImageData(0, 0, 32, 32).data
            .filter((value, i) => i % 4 === 0 && value === 255).length"""
    )


def test_the_noise_slider_changes_what_is_seen(start):
    board = start("index")
    board.get_by_label("a shape").select_option("disc")
    hear(board, "agrees: disc")
    slider = board.get_by_label("noise", exact=True)
    before = board.locator(".ch335-picture").first.inner_html()
    slider.focus()
    slider.press("End")
    assert slider.get_attribute("aria-valuetext") == "1.5"
    board.page.wait_for_function(
        "([picture, before]) => picture.innerHTML !== before",
        arg=[board.locator(".ch335-picture").first.element_handle(), before],
    )


@pytest.mark.parametrize("name", ["index", "4_evaluation"])
def test_a_drawing_changes_both_answers(start, name):
    board = start(name)
    board.get_by_label("a shape").select_option("ring")
    assert "ideal observer agrees: ring (100%)" in hear(board, "says: ring")
    board.get_by_role("button", name="Clear").click()
    canvas = board.locator(".ch335-canvas")
    box = canvas.bounding_box()
    mouse, y = board.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + 0.22 * box["width"], y)
    mouse.down()
    mouse.move(box["x"] + 0.75 * box["width"], y, steps=9)
    mouse.up()
    assert 3 * 15 <= white_pixels(board) <= 3 * 22
    hear(board, "says: horizontal bar .* agrees: horizontal bar")
    assert board.locator(".ch335-picture svg").count() == 2
    assert board.locator(".ch335-maps canvas").count() == 4


def test_the_keyboard_draws_and_erases(open_page):
    board = open_page("index").locator(".ch335-board")
    canvas = board.locator(".ch335-canvas")
    canvas.focus()
    canvas.press("ArrowDown")
    canvas.press(" ")
    assert board.locator(".ch335-where").inner_text() == "Row 16, column 15: white."
    canvas.blur()
    assert white_pixels(board) == 9
    board.get_by_role("checkbox", name="erase").check()
    canvas.focus()
    canvas.press(" ")
    canvas.blur()
    assert white_pixels(board) == 0


def test_a_finger_draws_without_scrolling_the_page(browser, address):
    look = {"viewport": {"width": 375, "height": 800}, "has_touch": True}
    with browser.new_context(**look) as context:
        page = context.new_page()
        page.goto(f"{address}/book/index.html")
        board = page.locator(".ch335-board")
        canvas = board.locator(".ch335-canvas")
        canvas.scroll_into_view_if_needed()
        canvas.tap()
        assert white_pixels(board) == 9
        assert canvas.evaluate("c => getComputedStyle(c).touchAction") == "none"
        right = canvas.evaluate("c => c.getBoundingClientRect().right")
        assert right <= 375
