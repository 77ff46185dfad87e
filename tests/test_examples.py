"""Every example in a docstring is run, and prints what it says."""

import doctest
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import ch335_helpers

MODULES = [
    name
    for _, name, is_package in pkgutil.walk_packages(
        ch335_helpers.__path__, "ch335_helpers."
    )
    if not is_package
]

PLUMBING = "keep_freed_memory", "import_module"


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_right(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs={"np": np})
    assert failed == 0


PUBLIC = {name: getattr(ch335_helpers, name) for name in dir(ch335_helpers)}
CALLED = [  # functions and classes that a reader imports
    name
    for name, thing in PUBLIC.items()
    if (inspect.isclass(thing) or inspect.isfunction(thing)) and name[0] != "_"
]


@pytest.mark.parametrize("name", sorted({*CALLED} - {*PLUMBING}))
def test_what_a_reader_calls_has_an_example(name):
    assert "\n>>> " in inspect.getdoc(PUBLIC[name])
