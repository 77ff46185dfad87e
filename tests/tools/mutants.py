"""Change the code at random places, one at a time, and see if the tests notice.

    python tests/tools/mutants.py FILE ... [--sample 40] [--seed 0] [--jobs 2]

`ch335_helpers/model/ops.py` is judged by `tests/model/test_ops.py` alone. A change that
no test notices is shown; a file needs 85 % noticed. All happens in copies of the
project.
"""

import argparse
import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from queue import SimpleQueue

import libcst as cst
from libcst import matchers as m
from mutmut.mutation import mutators
from tqdm import tqdm
from tqdm.contrib.concurrent import thread_map

ROOT = Path(__file__).resolve().parents[2]
PYTEST = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-o", "addopts="]
KILLED = (1, 2, "time-out")  # pytest's exit codes: a test failed, an import failed
ENOUGH = 0.85
MEMORY = 8 << 30  # bytes a process may take, for mutants that would take all
ENVIRONMENT = {
    **os.environ,
    "PYTHONDONTWRITEBYTECODE": "1",  # two mutants can be of one size and second
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # nbval alone takes a second to start
}


def one_less(node):
    """Mutate 3 to 2; mutmut makes it 4."""
    if not isinstance(node, cst.Imaginary):
        yield cst.parse_expression(f"({node.evaluated_value - 1!r})")


def negated(node):
    """Mutate `if a:` to `if not (a):`."""
    inner = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(test=cst.UnaryOperation(cst.Not(), inner))


def removed(node):
    """Mutate a statement, unless it is a docstring, to `pass`."""
    if not m.matches(node, m.Expr(m.SimpleString() | m.ConcatenatedString())):
        yield cst.Pass()


# Without mutmut's on texts, and its `a = None`, which fails as soon as `a` is used.
LEFT_OUT = (mutators.operator_string, mutators.operator_assignment)
OPERATORS = [
    *(pair for pair in mutators.mutation_operators if pair[1] not in LEFT_OUT),
    (cst.BaseNumber, one_less),
    (cst.If | cst.While | cst.CompIf | cst.Assert, negated),
    (cst.Expr | cst.AugAssign | cst.Raise, removed),
]
TEXTS = m.Annotation() | m.Raise() | m.FunctionDef(name=m.Name("__repr__"))


def draw(code, size, rng):
    """Draw mutants, about as many of each operator; return each code's operator."""
    module, changes, mutants = cst.parse_module(code), [], {}
    nodes = list(_descendants(module))
    for kind, operator in OPERATORS:
        own = [(n, new) for n in nodes if isinstance(n, kind) for new in operator(n)]
        rng.shuffle(own)
        changes += [(i, rng.random(), operator, *pair) for i, pair in enumerate(own)]
    for _, _, operator, node, new in sorted(changes, key=lambda change: change[:2]):
        with contextlib.suppress(SyntaxError):
            mutant = module.deep_replace(node, new).code
            compile(mutant, "mutant", "exec")
            mutants[mutant] = operator.__name__.removeprefix("operator_")
        if len(mutants) == size:
            break
    return mutants


def _descendants(node):
    for child in node.children:
        yield child
        if not m.matches(child, TEXTS):
            yield from _descendants(child)


def run(folder, arguments, limit=None):
    """Run Python in a copy; return its exit code. With a limit, show no output."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=ENVIRONMENT | {"PYTHONPATH": folder},
        stdout=limit and subprocess.DEVNULL,
        stderr=limit and subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return "time-out"
    finally:
        with contextlib.suppress(ProcessLookupError):  # it left no process behind
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def copy_project(folder):
    """Copy the files that git knows or would add; make sure that they are imported."""
    git = ["git", "ls-files", "-coz", "--exclude-standard"]
    for name in subprocess.check_output(git, cwd=ROOT, text=True).split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    check = f"import ch335_helpers as c; assert {str(folder)!r} in c.__file__, c"
    if run(folder, ["-c", check]) != 0:
        sys.exit(f"ch335_helpers is not imported from the copy {folder}")
    return folder


def judge(file, test, folders, args):
    """Try mutants of one file; return whether enough of them were killed."""
    folder, start = folders.get(), time.perf_counter()
    code, outcome = (folder / file).read_text("utf-8"), run(folder, [*PYTEST, test])
    limit = 3 * (time.perf_counter() - start) + 10
    folders.put(folder)
    if outcome != 0:
        print(f"{file.stem}: {test} fails without any change")
        return False

    def is_killed(mutant):
        folder = folders.get()
        try:
            (folder / file).write_text(mutant, "utf-8")
            outcome = run(folder, [*PYTEST, test], limit)
        finally:
            (folder / file).write_text(code, "utf-8")
            folders.put(folder)
        if outcome not in KILLED:
            lines = zip(code.splitlines(), mutant.splitlines(), strict=False)
            line, (old, new) = next(x for x in enumerate(lines, 1) if len({*x[1]}) == 2)
            odd = f" (pytest's exit code {outcome})" if outcome else ""
            change = f"{mutants[mutant]}{odd}: {old.strip()} -> {new.strip()}"
            tqdm.write(f"{file}:{line}: {change}")
        return outcome in KILLED

    mutants = draw(code, args.sample, random.Random(args.seed))
    bar = {"desc": file.stem, "leave": False, "disable": None}
    killed = sum(thread_map(is_killed, mutants, max_workers=args.jobs, **bar))
    share = killed / len(mutants) if mutants else 1
    print(f"{file.stem}: {killed} of {len(mutants)} killed ({100 * share:.0f} %)")
    return share >= ENOUGH


def main():
    """Copy the project, once a job, and judge each file of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--sample", type=int, default=40, help="mutants a file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="tests at a time")
    args = parser.parse_args()
    files = [file.resolve().relative_to(ROOT) for file in args.files]
    tests = [Path("tests", *f.parts[1:-1], f"test_{f.name}") for f in files]
    for file, test in zip(files, tests, strict=True):
        if not (ROOT / test).is_file():
            parser.error(f"there is no {test} for {file}")
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as top:
        folders = SimpleQueue()
        for job in range(args.jobs):
            folders.put(copy_project(Path(top).resolve() / str(job)))
        good = [judge(*pair, folders, args) for pair in zip(files, tests, strict=True)]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
