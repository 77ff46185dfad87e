"""Names that look like code: no element, attribute or address ever comes from one.

Whatever is shown is built twice, with plain names and with hostile ones. Read by a
parser, both have the same elements with the same attributes, and the hostile names
stand in texts and labels letter for letter.
"""

import json
import xml.etree.ElementTree as ET
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest
from tasks import made_run
from test_plots import EXACT, IMAGES, LINE, RIGHT, SHARES, SQUARE, WEIGHTS

from ch335_helpers import (
    Chain,
    Conv,
    Flatten,
    Linear,
    MaxPool,
    ReLU,
    Residual,
    ResidualCNN,
    Run,
    Trace,
)
from ch335_helpers.show import svg
from ch335_helpers.show.diagrams import architecture
from ch335_helpers.show.figures import plots
from ch335_helpers.show.live.board import DrawingBoard
from ch335_helpers.show.live.judge import Judge
from ch335_helpers.show.live.page import Page
from ch335_helpers.show.live.panel import TrainingPanel
from ch335_helpers.show.live.runs import PanelRun, run_charts, run_table
from ch335_helpers.show.live.trainer import CONTROLS, Control
from ch335_helpers.show.live.workbench import Workbench
from ch335_helpers.show.pixels import pixels
from ch335_helpers.show.sliders.explorer import Explorer
from ch335_helpers.show.sliders.explorers import activation_explorer
from ch335_helpers.show.sliders.sweep_explorer import training_explorer

HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "]]>", "&lt;", "$x$",
    "\\", "</svg>", "a\nb", "' onload='alert(1)", "<!-- a --", "{0}", "</style>",
]  # fmt: skip
# what the colours and the fonts of a drawing look like, and its addresses
LIKE_A_DRAWING = ["#0072B2", "#000000", ' id="a"', "font-family: a", "url(#a)"]
each_name = pytest.mark.parametrize("name", HOSTILE)
WORDS = {"aria-label", "aria-valuetext", "alt", "data-names"}  # attributes of words
VOID = {"img", "input", "br"}


class Reader(HTMLParser):
    """What a browser finds in a page: its elements, and what is written there."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.words, self.data = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == [], "elements that are not closed"

    def handle_starttag(self, tag, attributes):
        self.open += [] if tag in VOID else [tag]
        kept = [(key, None if key in WORDS else value) for key, value in attributes]
        self.elements.append((tag, kept))
        self.words += [value for key, value in attributes if key in WORDS]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open[:] = self.open if tag in VOID else self.open[:-1]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        is_data = self.open and self.open[-1] == "script"
        (self.data if is_data else self.words).append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def read(pages):
    """Elements and words of pages, with those in the data of their scripts."""
    elements, words = [], []
    for page in pages:
        reader = Reader(page)
        elements += reader.elements
        words += reader.words
        for data in reader.data:
            if data.startswith("{"):
                words.append(repr(json.loads(data)))
    return elements, "\n".join(words)


def without_sizes(elements):
    """Elements but for what the length of a text decides: the room for it."""
    return [
        (tag, [(k, None if k == "style" else value) for k, value in attributes])
        for tag, attributes in elements
    ]


def explorer_pages(explorer):
    explorer.box  # noqa: B018 - the live one, which shows the same in widgets
    yield explorer.html()
    yield explorer.shown.value
    yield from map(explorer.picture, *zip(*explorer.states, strict=True))


def of_explorer(name):
    drawn = svg.panel(name, svg.svg(9, 9, name, svg.words(name, 1, 2)))
    sliders = {name: [name, "b"]}
    return explorer_pages(Explorer(sliders, lambda i: (name, [drawn])))


def of_drawings(name):
    chart = svg.Chart(name, name, (0, 1), (0, 1), {0: name}, {1: name})
    yield chart(chart.line([0, 1], [0, 1]))
    yield svg.matrix(name, [name, name], np.eye(2, dtype=int))
    yield svg.number_grid(name, np.eye(2, dtype=int), np.s_[0:1, 0:1])
    yield svg.probability_bars(name, [name, name], [0.1, 0.9])
    yield svg.element("p", text=name, aria_label=name)
    yield svg.data_script({name: name})
    yield pixels(np.eye(3), name)


def network(name):
    block = Residual(Chain(ReLU(name)), Chain(Conv(name + "1", 1, 1)), name=name)
    last = MaxPool(name=name), Flatten(), Linear(name + "2", 16, 3)
    return Chain(Conv(name, 1, 1), block, ReLU(name), *last, name=name)


def of_layers(name):
    model = network(name)
    params = model.init(np.random.default_rng(0))
    images = np.zeros((2, 1, 8, 8))
    yield architecture(model, (1, 8, 8)).html
    yield from explorer_pages(activation_explorer(model, params, images, [name] * 2))


def of_a_sweep(name):
    run = made_run(2, train_loss=[1.0, 0.5])
    filters = [np.ones((2, 1, 3, 3))] * 2
    stopped = made_run(2, train_loss=[1.0], stopped=name)
    confusion = [np.eye(2, dtype=int)] * 2
    traces = [Trace(0.1, run, filters, confusion)]
    traces.append(Trace(0.2, stopped, filters[:1], confusion[:1]))
    return explorer_pages(training_explorer(traces, [name, name]))


def of_runs(name):
    settings = {key: control.start for key, control in CONTROLS.items()}
    run = Run({}, 1, 1, batch_loss=[1.0], stopped=name)
    yield run_table([PanelRun(settings | {"model": name}, run)])
    yield from run_charts([run])


def of_a_panel(name):
    with pytest.MonkeyPatch.context() as patch:
        controls = {
            "model": Control("menu", name, [name, "b"], name),
            "residual": Control("switch", name, [False, True], True),
            "lr": Control("slider", name, [name, "b"], name, words="{}"),
        }
        patch.setattr("ch335_helpers.show.live.panel.CONTROLS", controls)
        panel = TrainingPanel()
        panel.options["img_size"] = name
        panel._tell(message=name)
        yield panel.html()
        yield panel.message.value


def of_a_drawing(name):
    said = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ch335_helpers.show.live.judge.CLASS_NAMES", [name] * 10)
        params = ResidualCNN(width=2).init(np.random.default_rng(0))
        Judge(lambda **changes: said.update(changes), params).judge([0] * 1024, 0.5)
    yield from (said["network"], said["observer"])


PAGES = {
    "explorer": of_explorer, "drawings": of_drawings, "layers": of_layers,
    "sweep": of_a_sweep, "runs": of_runs, "panel": of_a_panel, "board": of_a_drawing,
}  # fmt: skip


@pytest.mark.parametrize("make", PAGES.values(), ids=PAGES.keys())
@each_name
def test_a_page_has_no_element_from_a_name(make, name):
    elements, words = read(make(name))
    plain, _ = read(make("plain"))
    assert without_sizes(elements) == without_sizes(plain)
    assert name in words


@each_name
def test_the_board_tells_in_words_that_there_is_no_such_shape(name):
    board = DrawingBoard(ResidualCNN(width=2).init(np.random.default_rng(0)))
    sent = []
    board.send = sent.append
    asked = {"call": "example", "arguments": {"name": name}}
    board._received(board, asked, [])
    assert [message.keys() for message in sent] == [{"message"}]
    assert repr(name) in sent[0]["message"]


@each_name
def test_live_sliders_show_their_names_as_text(name):
    explorer = Explorer({name: [name, "b"]}, lambda i: (name, []))
    assert explorer.box and explorer.inputs[0].description == name
    assert not explorer.inputs[0].description_allow_html


@each_name
def test_what_went_wrong_is_told_in_words(name):
    sent = []
    page = Page(lambda text: sent.append(json.loads(text)))
    page.receive(json.dumps({"to": name, "kind": name}))
    page.receive(json.dumps({"to": name, "kind": "trainer"}))
    page.receive(json.dumps({"to": name, "call": name}))
    choice = {"model": name}
    page.receive(json.dumps({"to": name, "call": "choose", "arguments": choice}))
    # the scripts of a page write a message as text
    assert all(message.keys() == {"to", "message"} for message in sent)
    assert len(sent) == 3 and all(repr(name) in m["message"] for m in sent)
    told = []
    Workbench(lambda **changes: told.append(changes)).run(f"print({name!r}); {name!r}")
    assert told[0]["printed"] == name + "\n" and told[0]["message"] == name


LISTS = {
    "image_grid": lambda names: plots.image_grid(IMAGES[:4], names, 2, names[:2]),
    "activation_rows": lambda names: plots.activation_rows(
        IMAGES[:2], dict.fromkeys(names, IMAGES[:2]), names[:2]
    ),
    "filter_answers": lambda names: plots.filter_answers(
        SQUARE, np.ones((4, 3, 3), int), np.ones((4, 6, 6)), names
    ),
    "filters": lambda names: plots.filters(WEIGHTS, names[0]),
    "filters_compared": lambda names: plots.filters_compared(
        dict.fromkeys(names, WEIGHTS)
    ),
    "bars": lambda names: plots.bars(
        names, [0.2, 0.9, 0.3, 0.4], names[1], reference=(names[0], 0.5)
    ),
    "log_shares": lambda names: plots.log_shares(dict.fromkeys(names, 0.1), names[1]),
    "confusion": lambda names: plots.confusion(np.eye(4, dtype=int), names),
    "curves": lambda names: plots.curves(
        [1, 2], {name: [3, 4] for name in names}, *names[:2]
    ),
    "step_errors": lambda names: plots.step_errors(
        [1e-4, 1], {name: [1e-6, 1e-5] for name in names}
    ),
    "reliability": lambda names: plots.reliability(
        {n: ([0.5], [0.4], [9]) for n in names}
    ),
    "forest": lambda names: plots.forest(dict.fromkeys(names, (1, 0, 2)), names[1]),
    "accuracy_panels": lambda names: plots.accuracy_panels(
        {x: dict.fromkeys(names, LINE) for x in names}
    ),
    "log_odds": lambda names: plots.log_odds(
        dict.fromkeys(names, (EXACT, EXACT, RIGHT))
    ),
    "posteriors": lambda names: plots.posteriors(
        {names[0]: (IMAGES[0], IMAGES[0], [0], dict.fromkeys(names[:2], np.eye(4)))},
        names,
    ),
    "shares": lambda names: plots.shares(
        {names[0]: (names[:2], dict.fromkeys(names, SHARES["a"]))}, names[1]
    ),
    "fields_on_image": lambda names: plots.fields_on_image(
        SQUARE, dict.fromkeys(names, (0, 0, 3)), dict.fromkeys(names, (SQUARE, 3))
    ),
    "attribution_rows": lambda names: plots.attribution_rows(
        {n: (SQUARE, SQUARE > 0, dict.fromkeys(names, SQUARE)) for n in names}
    ),
}  # fmt: skip
PLAIN = ["first", "second", "third", "fourth"]


def attributes(reader):
    return {(tag, key) for tag, found in reader.elements for key, _ in found}


def compact(text):
    return "".join(text.split())


@cache
def with_plain_names(figure):
    return Reader(LISTS[figure](PLAIN)._repr_html_())


@pytest.mark.parametrize("figure", LISTS)
@pytest.mark.parametrize("first", range(0, len(HOSTILE + LIKE_A_DRAWING), 4))
@pytest.mark.filterwarnings("ignore:constrained_layout not applied")
def test_a_figure_has_no_element_from_a_name(figure, first):
    names = [*HOSTILE, *LIKE_A_DRAWING, *PLAIN][first : first + 4]
    page = LISTS[figure](names)._repr_html_()
    ET.fromstring(page)  # it is well formed
    drawn, plain = Reader(page), with_plain_names(figure)
    assert {tag for tag, _ in drawn.elements} <= {tag for tag, _ in plain.elements}
    assert attributes(drawn) <= attributes(plain)
    shown = compact("".join(drawn.words))
    used = [name for name, word in zip(names, PLAIN, strict=True)
            if word in compact("".join(plain.words))]  # fmt: skip
    assert used and [name for name in used if compact(name) not in shown] == []
