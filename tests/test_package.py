"""The package: what is loaded when, and which file may import which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ch335_helpers

PACKAGE = Path(ch335_helpers.__file__).parent
CORE = {path.stem: path for path in PACKAGE.glob("[a-z]*.py")}
PICTURES = ("matplotlib", "ipywidgets", "IPython", "PIL")


def run(code):
    """What a new Python prints when it runs this."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def imported(path):
    """Modules that a file imports: those of the package as ".name", others by name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names = [alias.name for alias in node.names]
            yield from [f".{name}" for name in names] if module == "." else [module]


def test_the_core_is_loaded_without_what_draws_pictures():
    code = "import sys, ch335_helpers; print(*sys.modules)"
    assert not set(PICTURES) & set(run(code))


def test_the_core_is_loaded_where_there_are_no_processes():
    """As in a browser, whose Python has no `_multiprocessing`."""
    code = "import sys; sys.modules['_multiprocessing'] = None; import ch335_helpers"
    assert run(f"{code}; print('loaded')") == ["loaded"]


@pytest.mark.parametrize("name", ch335_helpers.SHOWN_BY)
def test_what_draws_pictures_is_loaded_when_its_name_is_used(name):
    module = f"ch335_helpers.show.{ch335_helpers.SHOWN_BY[name]}"
    loaded = run(f"from ch335_helpers import {name}; import sys; print(*sys.modules)")
    assert module in loaded
    assert name in dir(ch335_helpers)
    assert getattr(ch335_helpers, name).__name__.split(".")[-1] in (name, "plots")


def test_a_name_that_nobody_has_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'shapes'"):
        ch335_helpers.shapes  # noqa: B018


@pytest.mark.parametrize(
    "path",
    [*CORE.values(), *PACKAGE.glob("exercises/*.py")],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_the_core_imports_numpy_and_little_else(path):
    for module in imported(path):
        assert ".show" not in module, module
        known = module.split(".")[0] in {*sys.stdlib_module_names, "", "numpy"}
        assert known or module in ("threadpoolctl", "tqdm"), module


def test_operations_import_numpy_the_checks_the_cores_and_the_products_alone():
    others = {module.split(".")[0] for module in imported(CORE["ops"])} - {""}
    assert others == {"numpy"}
    own = {module for module in imported(CORE["ops"]) if module.startswith(".")}
    assert own == {".products", ".checks", ".cores"}


def test_imports_run_one_way():
    needs = {
        name: {module[1:] for module in imported(path) if module.startswith(".")}
        for name, path in CORE.items()
    }
    while needs:  # take away what needs nothing that is left
        free = {name for name, wanted in needs.items() if not wanted & needs.keys()}
        assert free, f"a circle among {sorted(needs)}"
        needs = {name: wanted for name, wanted in needs.items() if name not in free}


def test_no_module_has_the_name_of_a_public_function():
    """Otherwise it depends on the order of imports which of the two one gets."""
    for name in CORE:
        found = getattr(ch335_helpers, name, None)
        assert found is None or getattr(found, "__file__", "") == str(CORE[name]), name
