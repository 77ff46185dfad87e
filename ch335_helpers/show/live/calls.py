"""Calls that come from a page: which are admitted, and what is said if one fails."""

from ...checks import check_one_of


def call(thing, name, arguments):
    """Call the method of that name if it is among the thing's ``CALLS``."""
    getattr(thing, check_one_of("call", name, thing.CALLS))(**arguments)


def failure(error):
    """What a reader sees of an error, who looks at the page and not at a log."""
    return f"This did not work. {type(error).__name__}: {error}"
