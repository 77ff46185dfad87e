"""The training panel: its widgets, and the same controls on a page."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from kernel import after_turns, in_a_kernel, in_a_thread

from ch335_helpers.show.assets import asset, style
from ch335_helpers.show.live import trainer as module
from ch335_helpers.show.live.panel import ASLEEP, TrainingPanel
from ch335_helpers.show.live.trainer import CONTROLS

SLIDERS = [name for name, control in CONTROLS.items() if control.kind == "slider"]
SWITCHES = [name for name, control in CONTROLS.items() if control.kind == "switch"]


@pytest.fixture
def panel():
    """A panel that is asked for a small, quick run."""
    panel = TrainingPanel(n_classes=3, img_size=8)
    choose(panel, model="SimpleCNN", n_images=100, epochs=2, batch_size=32)
    return panel


def choose(panel, **settings):
    for name, value in settings.items():
        panel.controls[name].value = value


def train(panel):
    """Press Train and wait for the end."""

    async def press_and_wait():
        panel.train_button.click()
        await panel.trainer.task

    in_a_kernel(press_and_wait)


def buttons(panel):
    return panel.train_button.disabled, panel.stop_button.disabled


def page_of(panel):
    """What a page shows, as a tree; its data and its script, as texts."""
    page = panel.html()
    scripts = re.findall(r"<script\b[^>]*>(.*?)</script>", page, flags=re.S)
    seen = re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.S)
    return ET.fromstring(f"<body>{seen}</body>"), *scripts


def inputs(panel):
    """The controls of the page, by name."""
    tree, _, _ = page_of(panel)
    return {control.get("name"): control for control in tree.findall(".//*[@name]")}


def label_of(panel, name):
    """The label of the page that holds a control."""
    tree, _, _ = page_of(panel)
    return tree.find(f".//label/*[@name='{name}']/..")


# --------------------------------------------------------------- one panel, two faces


def test_one_object_has_two_faces(panel):
    bundle = panel._repr_mimebundle_()
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == panel.box.model_id
    assert bundle["text/html"] == panel.html()
    assert bundle["text/plain"] == repr(panel) == "TrainingPanel(0 runs)"


def test_every_control_is_in_the_box(panel):
    def inside(box):
        for child in box.children:
            yield child
            yield from inside(child) if hasattr(child, "children") else ()

    controls = [*panel.controls.values(), panel.train_button, panel.stop_button]
    shown = [panel.progress, panel.message, panel.charts, panel.table]
    parts = list(inside(panel.box))
    assert {id(part) for part in controls + shown} <= {id(part) for part in parts}
    assert list(panel.controls) == list(CONTROLS)
    assert style() in [getattr(part, "value", None) for part in parts]


def test_every_control_is_on_the_page(panel):
    assert list(inputs(panel)) == list(CONTROLS)
    tree, _, _ = page_of(panel)
    assert [button.text for button in tree.iter("button")] == ["Train", "Stop"]
    assert style() in panel.html()
    for name in ("sentence", "charts", "table"):  # where the script puts things
        assert len(tree.findall(f".//*[@class='ch335-{name}']")) == 1
    assert len(tree.findall(".//progress")) == 1


def stops_of_widget(widget):
    """Name and value of each stop."""
    if not hasattr(widget, "options"):
        return {"False": False, "True": True}
    return dict(widget.options)


def names_on_page(control):
    if control.tag == "select":
        assert [o.get("value") for o in control] == [
            f"{i}" for i in range(len(control))
        ]
        return [option.text for option in control]
    if control.get("type") == "checkbox":
        return ["False", "True"]
    names = json.loads(control.get("data-names"))
    ends = control.get("min"), control.get("step"), control.get("max")
    assert ends == ("0", "1", f"{len(names) - 1}")
    return names


@pytest.mark.parametrize("name", CONTROLS)
def test_both_faces_have_the_same_stops_under_the_same_names(panel, name):
    stops = stops_of_widget(panel.controls[name])
    assert list(stops.values()) == CONTROLS[name].stops
    assert list(stops) == names_on_page(inputs(panel)[name])
    _, data, _ = page_of(panel)
    assert json.loads(data)["stops"][name] == CONTROLS[name].stops


@pytest.mark.parametrize("name", CONTROLS)
def test_both_faces_have_the_same_label(panel, name):
    label = CONTROLS[name].label
    assert panel.controls[name].description == label
    assert label_of(panel, name).find("span").text == label


@pytest.mark.parametrize("name", CONTROLS)
def test_both_faces_stand_at_the_same_stop_at_first(name):
    panel = TrainingPanel()
    control, start = inputs(panel)[name], CONTROLS[name].start
    assert panel.controls[name].value == start
    if control.tag == "select":
        (at,) = (i for i, option in enumerate(control) if "selected" in option.attrib)
    elif control.get("type") == "checkbox":
        at = int("checked" in control.attrib)
    else:
        at = int(control.get("value"))
    assert CONTROLS[name].stops[at] == start


@pytest.mark.parametrize("options", [{}, {"n_classes": 3, "img_size": 8, "seed": 5}])
def test_both_faces_train_on_the_same_images(options):
    panel = TrainingPanel(**options)
    _, data, _ = page_of(panel)
    expected = {"n_classes": 10, "img_size": 32, "seed": 0} | options
    assert json.loads(data)["options"] == expected
    assert expected.items() <= vars(panel.trainer).items()


def test_the_faces_have_controls_of_the_same_kind(panel):
    tags = {n: (c.tag, c.get("type")) for n, c in inputs(panel).items()}
    kinds = {"Dropdown": ("select", None), "Checkbox": ("input", "checkbox")}
    for name, widget in panel.controls.items():
        kind = kinds.get(type(widget).__name__, ("input", "range"))
        assert tags[name] == kind


# ------------------------------------------------------------------------- the page


def test_a_page_says_what_train_will_do_and_how_to_go_without_scripts(panel):
    tree, _, _ = page_of(panel)
    root, without = tree
    sentence = root.find("p")
    assert sentence.attrib == {"class": "ch335-sentence", "role": "status"}
    assert sentence.text == ASLEEP
    assert "hidden" in root.attrib  # until the script has run
    assert without.tag == "noscript" and "hidden" not in without.attrib
    assert "JavaScript" in without[0].text and "make lab" in without[0].text


def test_nothing_but_the_box_and_the_sentence_is_on_the_page(panel):
    root, without = page_of(panel)[0]
    assert root.get("class") == "ch335-explorer ch335-trainer"
    tags = [child.tag for child in root]
    assert tags == ["div", *["label"] * len(SLIDERS), "div", "p", "div", "div"]
    assert root[0].get("class") == root.findall("div")[1].get("class") == "ch335-row"
    assert [part.get("class") for part in root[-2:]] == ["ch335-charts", "ch335-table"]
    assert not any(part.text or len(part) for part in root[-2:])
    assert [part.tag for part in without] == ["p"]


@pytest.mark.parametrize("name", SLIDERS)
def test_a_slider_of_the_page_says_in_words_where_it_stands(panel, name):
    control, (_, slider, value) = CONTROLS[name], label_of(panel, name)
    names = control.names()
    start = names[control.stops.index(control.start)]
    assert slider.get("aria-label") == control.label
    assert slider.get("aria-valuetext") == start
    assert slider.get("autocomplete") == "off"
    assert (value.tag, value.text) == ("output", start)
    # as wide as the longest stop, so that the slider keeps its length
    room = max(len(name) for name in names)
    assert value.attrib == {"style": f"min-width:{room}ch"}


def test_at_first_a_page_can_train_and_not_stop(panel):
    tree, _, _ = page_of(panel)
    go, stop = tree.iter("button")
    assert "disabled" not in go.attrib and "disabled" in stop.attrib
    assert go.get("class") == "ch335-go"
    assert go.get("type") == stop.get("type") == "button"
    assert not any("disabled" in control.attrib for control in inputs(panel).values())
    assert all(inputs(panel)[name].get("autocomplete") == "off" for name in SWITCHES)
    bar = tree.find(".//progress")
    assert bar.attrib == {"max": "1", "value": "0", "aria-label": "progress"}


def test_the_page_starts_anew_whatever_was_done_in_the_notebook(panel):
    assert panel.html() == TrainingPanel(n_classes=3, img_size=8).html()


def test_the_script_comes_after_what_it_reads(panel):
    _, data, script = page_of(panel)
    assert data and script == asset("panel.js")
    page = panel.html()
    assert page.index("application/json") < page.index("<script>")
    assert page.index("</progress>") < page.index("<script>")


def test_a_page_asks_no_other_machine(panel):
    assert "http" not in panel.html()


def test_the_script_knows_everything_that_a_trainer_tells(panel, monkeypatch):
    told = set()
    monkeypatch.setattr(panel.trainer, "tell", lambda **changes: told.update(changes))
    monkeypatch.setattr(module, "SECONDS_BETWEEN_PICTURES", 0)
    train(panel)
    panel.trainer.choose()
    panel.trainer.beside(3, (0.1, 1.0))
    known = set(re.findall(r"^ {6}(\w+): \(", asset("panel.js"), flags=re.M))
    assert told == known


# ----------------------------------------------------------------------- the widgets


def test_train_makes_the_run_that_the_widgets_ask_for(panel):
    choose(panel, lr=0.02, noise=0.5, batch_size=16)
    choose(panel, model="ResidualCNN", residual=False, epochs=1)
    train(panel)
    ((settings, run),) = panel.runs
    assert settings == {
        "model": "ResidualCNN", "batch_norm": True, "residual": False, "lr": 0.02,
        "epochs": 1, "batch_size": 16, "noise": 0.5, "n_images": 100,
    }  # fmt: skip
    assert panel.runs[0].params is run.params
    assert panel.runs is panel.trainer.runs
    assert repr(panel) == "TrainingPanel(1 runs)"


def test_a_finished_run_shows_its_result(panel):
    train(panel)
    _, run = panel.runs[0]
    assert panel.progress.value == 1
    assert f"{max(run.val_accuracy):.1%}" in panel.message.value
    assert panel.charts.value.count("<polyline") == 2
    assert panel.table.value.count("<tr>") == 2
    assert buttons(panel) == (False, True)


def test_stop_ends_a_run_and_keeps_it(panel):
    async def press_stop():
        panel.train_button.click()
        await after_turns(3)
        assert buttons(panel) == (True, False)
        panel.stop_button.click()
        await panel.trainer.task

    in_a_kernel(press_stop)
    ((_, run),) = panel.runs
    assert run.stopped == "stopped in epoch 1"
    assert "stopped in epoch 1" in panel.message.value
    assert "stopped in epoch 1" in panel.table.value
    assert buttons(panel) == (False, True)


def test_outside_a_kernel_train_returns_when_the_run_is_over(panel):
    in_a_thread(panel.train_button.click)
    assert len(panel.runs[0].run.seconds) == 2
    assert buttons(panel) == (False, True)


def test_the_bar_grows_while_it_trains(panel, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_PICTURES", 0)
    shown = []
    panel.progress.observe(lambda change: shown.append(change["new"]), names="value")
    train(panel)
    assert shown == [step / 8 for step in range(1, 9)]
    train(panel)
    assert shown[8] == 0
    assert (panel.progress.min, panel.progress.max) == (0, 1)


def test_to_show_the_panel_and_to_move_its_sliders_trains_nothing(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("nobody pressed Train")

    monkeypatch.setattr(module, "Training", refuse)
    monkeypatch.setattr(module, "side_by_side", refuse)
    panel = TrainingPanel(n_classes=3, img_size=8)
    panel._repr_mimebundle_()
    for name, value in {"lr": 1.0, "epochs": 3, "batch_size": 8, "noise": 1.0}.items():
        choose(panel, **{name: value})
    choose(panel, n_images=100, model="SimpleCNN", batch_norm=False)
    assert (panel.runs, panel.trainer.task) == ([], None)
    assert buttons(panel) == (False, True)


def test_an_estimate_stands_there_before_train_is_pressed(panel):
    text = r"This will take about .*(s|second|min)\. Press Train\."
    assert re.search(text, TrainingPanel(n_classes=3, img_size=8).message.value)
    panel.message.value = ""
    choose(panel, epochs=40)
    assert re.search(text, panel.message.value)


def test_switches_that_change_nothing_cannot_be_moved(panel):
    def idle():
        return [name for name, widget in panel.controls.items() if widget.disabled]

    assert idle() == ["batch_norm", "residual"]
    choose(panel, model="ResidualCNN")
    assert idle() == []


def test_the_message_is_text_and_a_screen_reader_hears_it(panel, monkeypatch):
    def refuse(*args, **kwargs):
        raise ValueError("<b>no such model</b>")

    monkeypatch.setattr(module, "Training", refuse)
    train(panel)
    assert panel.runs == []
    assert "ValueError: &lt;b&gt;no such model&lt;/b&gt;" in panel.message.value
    message = ET.fromstring(panel.message.value)
    assert message.attrib == {"class": "ch335-sentence", "role": "status"}
    assert message.text.endswith("ValueError: <b>no such model</b>")
    assert buttons(panel) == (False, True)


def test_a_slider_counts_only_where_it_is_let_go(panel):
    widgets = [panel.controls[name] for name in SLIDERS]
    assert not any(widget.continuous_update for widget in widgets)


def test_a_widget_is_no_wider_than_its_place(panel):
    widgets = [panel.controls[name] for name in ("model", *SLIDERS)]
    assert {widget.layout.width for widget in widgets} == {"min(100%, 30em)"}
    assert {widget.style.description_width for widget in widgets} == {"9em"}
    assert panel.progress.layout.width == "min(100%, 20em)"
    assert not any(panel.controls[name].indent for name in SWITCHES)
