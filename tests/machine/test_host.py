"""Where this Python runs, and what follows from it."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ch335_helpers import smaller_in_browser
from ch335_helpers.machine import host


@pytest.fixture
def shell(monkeypatch):
    """What runs a notebook's cells, in a browser."""
    shell = InteractiveShell()
    monkeypatch.setattr(host, "IN_BROWSER", True)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    return shell


def test_on_a_machine_of_ones_own_the_usual_setting_is_taken(capsys):
    assert smaller_in_browser((16, 12), (8, 6)) == (16, 12)
    assert capsys.readouterr().out == ""


def test_in_a_browser_the_smaller_one_is_taken_and_told(shell, capsys):
    assert smaller_in_browser((16, 12), (8, 6)) == (8, 6)
    told = capsys.readouterr().out
    assert "With (16, 12)" in told and "takes (8, 6)" in told


def test_a_failed_assertion_stops_a_notebook(shell):
    assert not shell.run_cell("assert 1 > 2").success


def test_with_a_smaller_setting_it_is_told_and_does_not_stop(shell, capsys):
    for _ in range(2):  # twice in a notebook is told once
        smaller_in_browser(12, 6)
    capsys.readouterr()
    assert shell.run_cell("assert 1 < 2\nassert 1 > 2, 'why'\nprint('on')").success
    told = capsys.readouterr().out
    assert told == "Not so with the smaller setting: 1 > 2\non\n"
    assert not shell.run_cell("raise AssertionError").success


def test_without_a_notebook_nothing_is_changed(monkeypatch):
    monkeypatch.setattr(host, "IN_BROWSER", True)
    assert smaller_in_browser(12, 6) == 6
    with pytest.raises(AssertionError):
        exec("assert 1 > 2")
