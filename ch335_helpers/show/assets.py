"""The style sheets and scripts that pictures bring to a page."""

from functools import cache
from importlib import resources


@cache
def asset(name):
    """The text of a file of this folder."""
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def style(*names):
    """Style sheets as an HTML element, by default those of an explorer."""
    sheets = map(asset, names or ("palette.css", "explorer.css"))
    return f"<style>{''.join(sheets)}</style>"
