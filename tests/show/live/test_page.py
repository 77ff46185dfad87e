"""A published page's Python, spoken to in texts of JSON, as the page does."""

import asyncio
import json
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest
from kernel import in_a_kernel

from ch335_helpers.show.live.page import KINDS, Page
from ch335_helpers.show.live.trainer import CONTROLS, Trainer

OPTIONS = {"n_classes": 3, "img_size": 8, "seed": 0}
SMALL = {"model": "SimpleCNN", "n_images": 100, "epochs": 2, "batch_size": 32}
PICTURES = {"matplotlib", "ipywidgets", "IPython", "PIL"}


class Talk:
    """The page's side: sends texts, and keeps what comes back for each thing."""

    def __init__(self):
        self.page, self.texts = Page(self._hear), []

    def _hear(self, text):
        assert isinstance(text, str)
        self.texts.append(text)

    def send(self, to, **message):
        self.page.receive(json.dumps({"to": to, **message}))

    def call(self, to, name, **arguments):
        self.send(to, call=name, arguments=arguments)

    def make(self, to, **options):
        self.send(to, kind="trainer", options=OPTIONS | options)

    def heard(self, to):
        """What has come for one thing, without its name."""
        messages = [json.loads(text, parse_constant=refuse) for text in self.texts]
        return [
            {name: value for name, value in message.items() if name != "to"}
            for message in messages
            if message["to"] == to
        ]

    def last(self, to, name):
        return [changes[name] for changes in self.heard(to) if name in changes][-1]

    async def train(self, *names):
        """Start a run of each thing; wait until all have told that theirs is over."""
        for name in names:
            self.call(name, "train")
        while any(self.last(name, "training") for name in names):
            await asyncio.sleep(0)


def refuse(constant):
    raise AssertionError(f"a browser cannot read {constant}")


@pytest.fixture
def talk():
    """A page with one trainer, "a", that is asked for a small, quick run."""
    talk = Talk()
    talk.make("a")
    talk.call("a", "choose", **SMALL)
    return talk


def still_works(talk):
    """Whether the trainer goes on as if nothing had happened, with its settings."""
    in_a_kernel(lambda: talk.train("a"))
    return (
        talk.last("a", "message").startswith("Run 1: done")
        and talk.last("a", "table").count("<tr>") == 2
        and ">2 of 2</td>" in talk.last("a", "table")
    )


def test_it_is_loaded_without_what_draws_pictures():
    code = "import sys, ch335_helpers.show.live.page; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {module.split(".")[0] for module in done.stdout.split()}
    assert "ch335_helpers" in loaded
    assert not PICTURES & loaded


def test_to_make_a_thing_tells_nothing(talk):
    talk.make("b")
    assert talk.heard("b") == []


def test_a_choice_is_answered_with_an_estimate(talk):
    idle, estimate = talk.heard("a")
    assert idle == {"idle": ["batch_norm", "residual"]}
    assert estimate["message"].startswith("This will take about ")


def test_a_run_is_told_in_texts_that_a_browser_can_read(talk):
    in_a_kernel(lambda: talk.train("a"))
    changes = talk.heard("a")[2:]
    assert changes[0]["training"] is True
    assert changes[-1] == {"training": False}
    assert talk.last("a", "progress") == 1
    assert talk.last("a", "charts").count("<polyline") == 2
    assert talk.last("a", "message").startswith("Run 1: done, best accuracy ")


def test_a_run_that_diverges_is_told_too(talk):
    talk.call("a", "choose", model="small ResidualCNN", lr=10, batch_norm=False)
    in_a_kernel(lambda: talk.train("a"))
    talk.call("a", "beside", n_epochs=5, limits=[0.1, 3])
    assert talk.last("a", "message").startswith("Run 1: ")
    assert len(talk.last("a", "beside")) == 2


def test_stop_ends_a_run(talk):
    talk.call("a", "choose", epochs=40)

    async def start_and_stop():
        talk.call("a", "train")
        await asyncio.sleep(0)
        talk.call("a", "stop")
        while talk.last("a", "training"):
            await asyncio.sleep(0)

    in_a_kernel(start_and_stop)
    assert talk.last("a", "message") == "Run 1: stopped in epoch 1."


def test_what_a_call_needs_may_be_left_out(talk):
    talk.send("plain", kind="trainer")
    assert talk.heard("plain") == []
    talk.send("a", call="stop")
    assert len(talk.heard("a")) == 2


# ------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize(
    ("call", "kind_of_error", "words"),
    [
        ("fly", "ValueError", "call must be one of choose, train, "),
        ("_work", "ValueError", "got '_work'"),
        ("__class__", "ValueError", "got '__class__'"),
        ("__init__", "ValueError", "got '__init__'"),
        ("tell", "ValueError", "got 'tell'"),
        ("estimate", "ValueError", "got 'estimate'"),  # a method, but not for pages
        (None, "ValueError", "got None"),
        (["train"], "ValueError", "got ['train']"),
    ],
)
def test_a_page_can_call_nothing_but_what_is_offered(talk, call, kind_of_error, words):
    told = len(talk.texts)
    talk.call("a", call)
    (answer,) = talk.heard("a")[told:]
    assert list(answer) == ["message"]
    assert answer["message"].startswith(f"This did not work. {kind_of_error}: ")
    assert words in answer["message"]
    assert still_works(talk)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_offers_are_its_public_methods(kind):
    for name in KINDS[kind].CALLS:
        assert not name.startswith("_")
        assert callable(getattr(KINDS[kind], name))


def test_a_message_that_asks_for_nothing_is_answered_in_words(talk):
    talk.send("a")
    assert "call must be one of choose, train, " in talk.last("a", "message")
    assert still_works(talk)


@pytest.mark.parametrize("kind", ["panel", "Trainer", "", None, 3, ["trainer"]])
def test_an_unknown_kind_is_told_in_words_and_makes_nothing(talk, kind):
    talk.send("b", kind=kind, options={})
    (answer,) = talk.heard("b")
    assert answer["message"].startswith("This did not work. ")
    assert "Error: " in answer["message"]
    talk.call("b", "train")
    assert "to must name a thing that was made, got 'b'" in talk.last("b", "message")
    assert "training" not in {name for changes in talk.heard("b") for name in changes}
    assert still_works(talk)


def test_an_unknown_kind_is_told_which_there_are(talk):
    talk.send("b", kind="panel", options={})
    kinds = ", ".join(KINDS)
    words = f"ValueError: kind must be one of {kinds}, got 'panel'"
    assert talk.last("b", "message") == f"This did not work. {words}"


@pytest.mark.parametrize("options", [{"size": 3}, {"tell": 1}, 5, ["seed"], None])
def test_wrong_options_make_nothing(talk, options):
    talk.send("b", kind="trainer", options=options)
    (answer,) = talk.heard("b")
    assert answer["message"].startswith("This did not work. TypeError: ")
    talk.send("a", kind="trainer", options=options)  # and replace nothing
    assert talk.last("a", "message").startswith("This did not work. TypeError: ")
    assert still_works(talk)


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("train", {"epochs": 3}),
        ("stop", {"now": True}),
        ("beside", {}),
        ("beside", {"n_epochs": 5, "limits": 3}),
        ("beside", {"n_epochs": "5", "limits": [0.1, 1]}),
        ("beside", {"n_epochs": 5, "limits": [0, 1]}),
        ("choose", ["lr"]),
        ("choose", None),
    ],
)
def test_wrong_arguments_are_told_in_words_and_start_nothing(talk, call, arguments):
    told = len(talk.texts)
    talk.send("a", call=call, arguments=arguments)
    (answer,) = talk.heard("a")[told:]
    assert answer["message"].startswith("This did not work. ")
    assert still_works(talk)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epochs": 0}, "epochs must be one of 1, 2, 3, "),
        ({"lr": "fast"}, "got 'fast'"),
        ({"lr": None}, "got None"),
        ({"batch_size": [32]}, "got [32]"),
        ({"noise": {}}, "got {}"),
        ({"model": "AlexNet"}, "model must be one of small ResidualCNN, ResidualCNN, "),
        ({"epochs": 5, "optimiser": "SGD"}, "a setting must be one of model, "),
        ({"epochs": 5, "self": 1}, "TypeError"),
    ],
)
def test_broken_settings_change_nothing(talk, settings, words):
    told = len(talk.texts)
    talk.send("a", call="choose", arguments=settings)
    (answer,) = talk.heard("a")[told:]
    assert list(answer) == ["message"]
    assert answer["message"].startswith("This did not work. ")
    assert words in answer["message"]
    assert still_works(talk)


def test_options_that_no_network_can_train_on_are_told_in_words(talk):
    talk.make("b", img_size=2, n_classes=1000)
    talk.call("b", "choose", **SMALL)
    talk.call("b", "choose", epochs=1)
    assert talk.last("b", "message").startswith("This did not work. ")
    in_a_kernel(lambda: talk.train("b"))
    assert talk.last("b", "message").startswith("This did not work. ")
    assert talk.last("b", "training") is False
    assert still_works(talk)


# -------------------------------------------------------------- two things on a page


def test_two_things_on_a_page_do_not_mix(talk):
    talk.make("b", n_classes=4)
    assert talk.heard("b") == []
    told = len(talk.heard("a"))
    talk.call("b", "choose", **SMALL | {"model": "ResidualCNN", "epochs": 1})
    assert talk.last("b", "idle") == []
    in_a_kernel(lambda: talk.train("b"))
    assert len(talk.heard("a")) == told
    assert ">1 of 1</td>" in talk.last("b", "table")
    told = len(talk.heard("b"))
    assert still_works(talk)  # with its own network, for its own two epochs
    assert len(talk.heard("b")) == told


def test_two_things_train_at_the_same_time(talk):
    talk.make("b")
    talk.call("b", "choose", **SMALL | {"epochs": 3})
    in_a_kernel(lambda: talk.train("a", "b"))
    for name, n_epochs in (("a", 2), ("b", 3)):
        assert talk.last(name, "message").startswith("Run 1: done")
        assert f">{n_epochs} of {n_epochs}</td>" in talk.last(name, "table")


def test_two_pages_have_nothing_in_common(talk):
    other = Talk()
    other.call("a", "train")
    assert "to must name a thing" in other.last("a", "message")
    assert len(talk.texts) == 2


# ----------------------------------------------------------------------------- floats


def in_javascript(value):
    """A number as JavaScript writes it: 10.0 as 10, 1e-05 as 0.00001."""
    text = f"{Decimal(repr(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@pytest.mark.parametrize("name", ["lr", "noise"])
def test_every_stop_comes_back_exactly_as_it_was_sent(talk, name):
    for stop in CONTROLS[name].stops:
        there = json.dumps(stop)
        back = in_javascript(json.loads(there))
        told = len(talk.texts)
        text = f'{{"to":"a","call":"choose","arguments":{{"{name}":{back}}}}}'
        talk.page.receive(text)
        idle, estimate = talk.heard("a")[told:]
        assert idle and "Press Train." in estimate["message"]
    assert in_javascript(1e-05) == "0.00001" and in_javascript(10.0) == "10"


def test_a_number_beside_a_stop_is_another_number(talk):
    talk.call("a", "choose", lr=np.nextafter(0.01, 1).item())
    assert "lr must be one of" in talk.last("a", "message")


def test_progress_arrives_exactly(talk, monkeypatch):
    monkeypatch.setattr("ch335_helpers.show.live.trainer.SECONDS_BETWEEN_PICTURES", 0)
    talk.call("a", "choose", epochs=3)  # of four steps each
    in_a_kernel(lambda: talk.train("a"))
    arrived = [c["progress"] for c in talk.heard("a") if "progress" in c]
    assert arrived == [0, *(step / 12 for step in range(1, 13)), 1]


def test_the_axes_of_an_explorer_arrive_exactly(talk):
    limits = [0.1 + 0.2, 2 / 3]
    told = []
    trainer = Trainer(lambda **changes: told.append(changes), **OPTIONS)
    trainer.choose(**SMALL)

    async def train_both():
        trainer.train()
        await trainer.task
        await talk.train("a")

    in_a_kernel(train_both)
    trainer.beside(2, limits)
    talk.call("a", "beside", n_epochs=2, limits=limits)
    assert talk.last("a", "beside") == told[-1]["beside"]
    assert all(lines.startswith("<polyline") for lines in talk.last("a", "beside"))
