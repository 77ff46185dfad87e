"""The drawing board in a live notebook: what its canvas asks for, and its answers."""

import numpy as np
import pytest

from ch335_helpers.model.models import ResidualCNN
from ch335_helpers.show.live.board import DrawingBoard
from ch335_helpers.show.live.judge import Judge


@pytest.fixture
def board(monkeypatch):
    """A board of an untrained network, and what it sends to its canvas."""
    board, sent = DrawingBoard(ResidualCNN().init(np.random.default_rng(0))), []
    monkeypatch.setattr(board, "send", sent.append)
    return board, sent


def test_a_call_from_the_canvas_reaches_the_drawing(board):
    board, sent = board
    assert set(Judge.CALLS) >= {"judge", "example"}
    board._received(board, {"call": "example", "arguments": {"name": "ring"}}, [])
    assert sent and not any("did not work" in str(changes) for changes in sent)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"call": "__init__", "arguments": {}}, "ValueError: call must be one of"),
        ({"call": "send", "arguments": {}}, "ValueError: call must be one of"),
        ({"arguments": {}}, "KeyError: 'call'"),
        ({"call": "example"}, "KeyError: 'arguments'"),
        ({"call": "example", "arguments": {"odd": 1}}, "TypeError"),
    ],
)
def test_what_is_no_call_is_told_in_words(board, message, words):
    board, sent = board
    board._received(board, message, [])
    (told,) = sent
    assert told["message"].startswith(f"This did not work. {words}")


def test_a_page_takes_the_html_and_a_kernel_the_widget(board):
    board, _ = board
    bundle = board._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/html"] == '<div class="ch335-explorer ch335-board"></div>'
    assert data["text/plain"] == repr(board) == "DrawingBoard()"
    assert "application/vnd.jupyter.widget-view+json" in data
