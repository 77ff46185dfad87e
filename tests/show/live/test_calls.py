"""Calls that come from a page."""

import pytest

from ch335_helpers.show.live.calls import call, failure


class Thing:
    CALLS = ("double",)

    def double(self, number):
        self.result = 2 * number

    def hidden(self):
        raise AssertionError("no page may call this")


def test_a_call_reaches_the_method_of_its_name():
    thing = Thing()
    call(thing, "double", {"number": 3})
    assert thing.result == 6


@pytest.mark.parametrize("name", ["hidden", "__init__", None, ["double"]])
def test_what_is_not_offered_cannot_be_called(name):
    with pytest.raises(ValueError, match="call must be one of double, got "):
        call(Thing(), name, {})


def test_a_failure_is_said_with_the_kind_of_the_error():
    assert failure(ValueError("too small")) == (
        "This did not work. ValueError: too small"
    )
