"""Exercises are answered in the published page, by the same `check`."""

import re

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
SOON = 60_000  # milliseconds that Python may take to load on a busy machine
WRONG = 'answer = (16, 24 * 3 * 7 * 7)\ncheck("2.1", answer)'
RIGHT = 'answer = (16, 24 * 3 * 7 * 7 + 24)\ncheck("2.1", answer)'


@pytest.fixture
def bench(turn_to):
    """The editor of exercise 2.1, with a Python that several tests share."""
    bench = bench_of(turn_to("2_model"))
    bench.get_by_role("button", name="Reset").click()
    return bench


def bench_of(page):
    return page.locator(".ch335-bench").first


def check(bench, pattern, text=None):
    """Type an answer, press Check, wait for what is said to it."""
    if text is not None:
        bench.locator("textarea").fill(text)
    bench.get_by_role("button", name="Check").click()
    said = bench.locator(".ch335-sentence")
    sync_api.expect(said).to_have_text(re.compile(pattern), timeout=SOON)
    sync_api.expect(bench.get_by_role("button", name="Check")).to_be_enabled()


def test_a_wrong_answer_gets_its_hint_and_a_right_one_is_right(bench):
    check(bench, "Exercise 2.1: not yet. Put your answer in place of the three dots")
    check(bench, "not yet. The rows are right. Don't forget the biases", WRONG)
    check(bench, "Exercise 2.1: right", RIGHT)


def test_errors_are_told_with_their_line_and_prints_are_shown(bench):
    check(bench, r"ZeroDivisionError \(line 2\)", "print('so far')\n1 / 0")
    assert bench.locator("pre").inner_text().strip() == "so far"
    check(bench, r"SyntaxError \(line 1\)", "def f(:")
    check(bench, r"\[0 1 2\]", "np.arange(3)")


def test_work_is_kept_until_reset_brings_the_stub_back(open_page):
    page = open_page("2_model")
    editor = bench_of(page).locator("textarea")
    stub = editor.input_value()
    editor.fill(RIGHT)
    page.reload()
    assert editor.input_value() == RIGHT
    bench_of(page).get_by_role("button", name="Reset").click()
    assert editor.input_value() == stub
    page.reload()
    assert editor.input_value() == stub


def test_an_answer_that_never_ends_can_be_stopped(open_page):
    bench = bench_of(open_page("2_model"))
    bench.locator("textarea").fill("while True:\n    pass")
    bench.get_by_role("button", name="Check").click()
    said = bench.locator(".ch335-sentence")
    sync_api.expect(said).to_have_text(re.compile("Checking"), timeout=SOON)
    bench.get_by_role("button", name="Stop").click()
    sync_api.expect(said).to_have_text(re.compile("Stopped"))
    check(bench, "Exercise 2.1: right", RIGHT)


def test_enter_keeps_the_indentation(bench):
    editor = bench.locator("textarea")
    editor.fill("")
    editor.press_sequentially("def f(x):\nreturn x")
    assert editor.input_value() == "def f(x):\n    return x"


@pytest.mark.parametrize("name", [f"{n}" for n in range(1, 10)])
def test_every_exercise_of_a_page_has_an_editor_that_runs_its_stub(turn_to, name):
    pages = "1_data 2_model 3_training 4_evaluation 5_extensions"
    pages += " 6_gradients 7_speed 8_inside 9_experiments"
    page = turn_to(pages.split()[int(name) - 1])
    bench_of(page).get_by_role("button", name="Reset").click()  # others were here
    benches = page.locator(".ch335-bench")
    assert benches.count() == page.locator(".exercise").count() >= 3
    for number, bench in enumerate(benches.all(), start=1):
        check(bench, rf"Exercise {name}\.{number}: not yet")
    shown = page.locator(".exercise .caption-number").all_inner_texts()
    wanted = [f"Exercise {name}.{n}" for n in range(1, benches.count() + 1)]
    assert [text.strip() for text in shown] == wanted


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_editor_fits_a_phone_and_has_a_name(turn_to, scheme):
    page = turn_to("2_model", width=375, scheme=scheme)
    bench = bench_of(page)
    box = bench.locator("textarea").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 375
    assert bench.get_by_label("Your answer to exercise 2.1").count() == 1
