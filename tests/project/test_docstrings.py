"""Docstrings: every example prints what it says, every parameter is described."""

import dataclasses
import doctest
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest

import ch335_helpers
from ch335_helpers import diagrams, plots

MODULES = [
    name
    for _, name, is_package in pkgutil.walk_packages(
        ch335_helpers.__path__, "ch335_helpers."
    )
    if not is_package
]

PLUMBING = "keep_freed_memory", "import_module", "diagrams.Drawing"


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_right(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(
        module, extraglobs={"np": np}, optionflags=doctest.ELLIPSIS
    )
    assert failed == 0


PUBLIC = {name: getattr(ch335_helpers, name) for name in dir(ch335_helpers)}
PUBLIC |= {f"plots.{name}": getattr(plots, name) for name in plots.__all__}
PUBLIC |= {
    f"diagrams.{name}": thing
    for name, thing in vars(diagrams).items()
    if getattr(thing, "__module__", "") == diagrams.__name__ and name[0] != "_"
}
CALLED = [  # functions and classes that a reader imports
    name
    for name, thing in PUBLIC.items()
    if (inspect.isclass(thing) or inspect.isfunction(thing)) and name[0] != "_"
]


@pytest.mark.parametrize("name", sorted({*CALLED} - {*PLUMBING}))
def test_what_a_reader_calls_has_an_example(name):
    assert "\n>>> " in inspect.getdoc(PUBLIC[name])


def describes_attributes(thing):
    return dataclasses.is_dataclass(thing) or hasattr(thing, "_fields")


WITH_PARAMETERS = [
    name
    for name in sorted({*CALLED} - {*PLUMBING})
    if not describes_attributes(PUBLIC[name])
]


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_each_parameter_has_a_description_of_its_own(name):
    thing = PUBLIC[name]
    described = re.findall(r"^\*{0,2}(\w+)\b.*\n    \S", inspect.getdoc(thing), re.M)
    parameters = inspect.signature(thing).parameters.values()
    named = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
    assert [parameter for parameter in named if parameter not in described] == []
