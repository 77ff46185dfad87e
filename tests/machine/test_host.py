"""Where this Python runs, and what follows from it."""

import ctypes
import sys

import pytest

from ch335_helpers import keep_freed_memory, smaller_in_browser
from ch335_helpers.machine import host


def test_on_a_machine_of_ones_own_the_usual_setting_is_taken(capsys):
    assert smaller_in_browser((16, 12), (8, 6)) == (16, 12)
    assert capsys.readouterr().out == ""


def test_in_a_browser_the_smaller_one_is_taken_and_printed(monkeypatch, capsys):
    monkeypatch.setattr(host, "IN_BROWSER", True)
    assert smaller_in_browser((16, 12), (8, 6)) == (8, 6)
    printed = capsys.readouterr().out
    assert "With (16, 12)" in printed and "takes (8, 6)" in printed


# ------------------------------------------------- memory, with a C library that notes


@pytest.fixture
def asked(monkeypatch):
    """The settings that a noting C library has been asked for."""
    settings = {}

    class Library:
        mallopt = settings.__setitem__

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Library)
    monkeypatch.setattr(sys, "platform", "linux")
    return settings


def test_arrays_of_up_to_32_mb_are_kept(asked):
    keep_freed_memory()
    # by glibc's malloc.h: -3 is the mmap threshold, -1 the trim threshold, -2 the pad
    assert asked == {-3: 32 << 20, -1: 512 << 20, -2: 16 << 20}


def test_elsewhere_nothing_is_asked(asked, monkeypatch):
    for platform in ("darwin", "win32", "emscripten"):
        monkeypatch.setattr(sys, "platform", platform)
        keep_freed_memory()
    assert asked == {}


def test_a_c_library_without_these_settings_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert keep_freed_memory() is None
