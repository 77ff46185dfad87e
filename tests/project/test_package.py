"""The package: what is loaded when, and which file may import which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ch335_helpers

PACKAGE = Path(ch335_helpers.__file__).parent
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)
FILES += [PACKAGE / "checks.py", PACKAGE / "display.py"]  # all but the root's own
CORE = [path for path in FILES if "show" not in path.relative_to(PACKAGE).parts]
# Each folder may import from its own files and from the floors before its own.
FLOORS = (
    ("checks",),
    ("display", "machine"),
    ("data", "model"),
    ("evaluation", "gradients"),
    ("training", "inside"),
    ("experiments", "exercises"),
    ("show",),
)
FLOOR_OF = {folder: n for n, folders in enumerate(FLOORS) for folder in folders}
PICTURES = ("matplotlib", "ipywidgets", "IPython", "PIL")


def run(code):
    """What a new Python prints when it runs this."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def imported(path):
    """Modules that a file imports, under their whole names."""
    package = path.relative_to(PACKAGE.parent).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*start, *filter(None, [node.module])])
            names = [alias.name for alias in node.names]
            is_package = (PACKAGE.parent / module.replace(".", "/")).is_dir()
            inside = is_package and module.startswith("ch335_helpers")
            yield from [f"{module}.{name}" for name in names] if inside else [module]


def own(path):
    """The modules of the package that a file imports, and the file's own name."""
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return name, {m for m in imported(path) if m.startswith("ch335_helpers.")}


def relative(path):
    return str(path.relative_to(PACKAGE))


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


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_the_core_imports_numpy_and_little_else(path):
    for module in imported(path):
        assert not module.startswith("ch335_helpers.show"), module
        known = {*sys.stdlib_module_names, "ch335_helpers", "numpy"}
        assert module.split(".")[0] in known or module in ("threadpoolctl", "tqdm")


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_arrows_between_folders_run_one_way(path):
    name, needed = own(path)
    here = name.split(".")[1]
    for module in needed:
        there = module.split(".")[1]
        assert there == here or FLOOR_OF[there] < FLOOR_OF[here], module


def test_every_folder_has_its_floor():
    there = {name.split(".")[1] for name, _ in map(own, FILES)}
    assert there == FLOOR_OF.keys()


def test_files_do_not_need_one_another_in_a_circle():
    needs = dict(map(own, FILES))
    # what is imported from a package may be one of its files or a name of its own
    needs = {
        name: {m if m in needs else m.rpartition(".")[0] for m in needed}
        for name, needed in needs.items()
        if not name.startswith("ch335_helpers.exercises.")  # they register themselves
    }
    while needs:  # take away what needs nothing that is left
        free = {name for name, wanted in needs.items() if not wanted & needs.keys()}
        assert free, f"a circle among {sorted(needs)}"
        needs = {name: wanted for name, wanted in needs.items() if name not in free}


def test_operations_import_numpy_the_checks_the_cores_and_the_products_alone():
    path = PACKAGE / "model" / "ops.py"
    assert own(path)[1] == {
        "ch335_helpers.checks",
        "ch335_helpers.machine.cores",
        "ch335_helpers.machine.products",
    }
    assert {module.split(".")[0] for module in imported(path)} == {
        "ch335_helpers",
        "numpy",
    }


def test_all_that_is_public_is_the_chapters():
    for name in ch335_helpers.__all__:
        thing = getattr(ch335_helpers, name)
        home = getattr(thing, "__module__", "ch335_helpers.data.shapes")
        assert home.startswith("ch335_helpers."), name
        assert not hasattr(thing, "__path__"), f"{name} is a folder"
