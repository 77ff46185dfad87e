"""Python for the reader's browser: Pyodide, the helper's wheel, and three scripts.

`_browser/files.json` lists every file that comes from elsewhere, with its address, size
and SHA-256, and a package of the Python index that has it too, for a machine that can
reach nothing else. Pages load the files for "pages"; those for "notebooks" are what
JupyterLite (`lite.py`) needs on top. The checksums of packages are those of Pyodide's
own lock file, of which `_browser/pyodide-lock.json` keeps what is needed here. A file
that differs stops the build; one out of reach is loaded from its address by the reader.
"""

import ast
import hashlib
import http.client
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from functools import cache
from pathlib import Path

from sphinx.errors import ExtensionError
from sphinx.util import logging

from ch335_helpers import SHOWN_BY
from ch335_helpers.show.assets import asset, style

SOURCE = Path(__file__).parents[1] / "_browser"
NETWORK = "book/ch335_network.npz"
SCRIPTS = ("runtime.js", "worker.js", "exercises.js")
SECONDS = 30  # to wait for an address
OUT_OF_REACH = (OSError, http.client.HTTPException)  # the latter if one breaks off
# all times in a wheel, so that it changes only when the helper does
WHEEL_TIME = {"SOURCE_DATE_EPOCH": "315532800"}  # 1980, where those of ZIP begin
logger = logging.getLogger(__name__)


def listed(name):
    """What a JSON file of the folder holds."""
    return json.loads((SOURCE / name).read_text(encoding="utf-8"))


def collect(folder):
    """Bring the listed files into a folder; return the names of those out of reach."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for name, file in listed("files.json").items():
        path = folder / name
        if path.exists() and _sha256(path.read_bytes()) == file["sha256"]:
            continue
        content = _from_address(file["url"]) or _from_index(name, file["index"])
        if content is None:
            logger.info(f"{name} is out of reach: pages load it from {file['url']}")
            missing.append(name)
            continue
        found = _sha256(content)
        if found != file["sha256"]:
            expected = f"{name} must have the SHA-256 {file['sha256']}"
            raise ExtensionError(f"{expected}, got {found}")
        path.write_bytes(content)
    return missing


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


def _from_address(url):
    host = url.split("/")[2]
    if not _reachable(host):
        return None
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return answer.read()
    except OUT_OF_REACH:
        return None


@cache  # a host that does not answer is waited for once
def _reachable(host):
    try:
        urllib.request.urlopen(f"https://{host}/", timeout=SECONDS).close()
    except urllib.error.HTTPError:
        return True
    except OUT_OF_REACH:
        return False
    return True


def _from_index(name, requirement):
    """A package's wheel, or the file of that name inside it."""
    found = _downloaded(requirement)
    if found is None:
        return None
    wheel, content = found
    if name == wheel:
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = [path for path in archive.namelist() if path.endswith(f"/{name}")]
        return archive.read(inside[0]) if inside else None


@cache
def _downloaded(requirement):
    """Name and content of a package's wheel from the Python index, or None."""
    return _wheel("download", requirement, "--dest")


def helper_wheel(root):
    """Build the helper's wheel; return its name and its content."""
    with tempfile.TemporaryDirectory() as folder:  # pip leaves things where it builds
        source = Path(folder) / "source"
        shutil.copytree(root / "ch335_helpers", source / "ch335_helpers")
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(root / name, source)
        wheel = _wheel("wheel", source, "--no-build-isolation", "--wheel-dir")
    if wheel is None:
        raise ExtensionError("the helper's wheel could not be built, see above")
    return wheel


def _wheel(command, requirement, *options):
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", command]
        words = [*pip, "-q", "--no-deps", requirement, *options, folder]
        env = os.environ | WHEEL_TIME
        done = subprocess.run(words, capture_output=True, text=True, env=env)
        if done.returncode:
            logger.info(f"pip {command} {requirement} failed: {done.stderr}")
            return None
        (path,) = Path(folder).glob("*.whl")
        return path.name, path.read_bytes()


def lock_file(wheel_name, wheel, missing):
    """Pyodide's lock file with the helper in it; what is missing gets its address."""
    lock, files, core = listed("pyodide-lock.json"), listed("files.json"), []
    for name, package in lock["packages"].items():
        file = files[package["file_name"]]
        if file["for"] == "pages":
            core.append(name)
        if package["file_name"] in missing:
            package["file_name"] = file["url"]
    lock["packages"]["ch335-helpers"] = {
        "name": "ch335-helpers",
        "version": wheel_name.split("-")[1],
        "file_name": wheel_name,
        "sha256": _sha256(wheel),
        "depends": core,
        "imports": ["ch335_helpers"],
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }
    return lock


def prelude(notebook):
    """What the exercises of a page build on: its imports and its functions."""
    lines = ["from ch335_helpers import check"]
    for cell in notebook["cells"]:
        tags = {"exercise", "solution"} & set(cell["metadata"].get("tags", []))
        if cell["cell_type"] == "code" and not tags:
            for node in ast.parse("".join(cell["source"])).body:
                lines.append(_carried_over(node))
    return "\n".join(filter(None, lines))


def _carried_over(node):
    """An import or a function as text, without names that only `show` offers."""
    if isinstance(node, ast.ImportFrom) and node.module == "ch335_helpers":
        node.names = [alias for alias in node.names if alias.name not in SHOWN_BY]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return ast.unparse(node) if node.names else None
    if isinstance(node, ast.FunctionDef) and _stands_alone(node):
        return ast.unparse(node)
    return None


def _stands_alone(function):
    """Whether its defaults and decorators need nothing that the page has computed."""
    arguments = function.args
    at_once = [*arguments.defaults, *arguments.kw_defaults, *function.decorator_list]
    parts = [part for part in at_once if part is not None]
    return not any(isinstance(n, ast.Name) for part in parts for n in ast.walk(part))


def add_to_page(app, pagename, templatename, context, doctree):
    """Give a page the style of what is alive on it, and exercises their editors."""
    if app.builder.format != "html" or "body" not in context:
        return
    if "ch335-board" in context["body"]:
        context["body"] += style() + (SOURCE / "board.html").read_text(encoding="utf-8")
    source = Path(app.srcdir) / f"{pagename}.ipynb"
    if not source.exists():
        return
    notebook = json.loads(source.read_text(encoding="utf-8"))
    code = json.dumps(prelude(notebook)).replace("</", r"<\/")
    root = context["pathto"]("_browser/exercises.js", 1)
    context["body"] += (
        f"{style()}"
        f'<script type="application/json" id="ch335-prelude">{code}</script>'
        f'<script type="module" src="{root}"></script>'
    )


def install(app, exception):
    """Put everything into the finished book."""
    if exception or app.builder.format != "html":
        return
    store = Path(app.outdir).parent / "pyodide"
    missing = collect(store)
    name, wheel = helper_wheel(Path(app.srcdir))
    target = Path(app.outdir) / "_browser"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for script in SCRIPTS:
        shutil.copy(SOURCE / script, target)
    (target / "drawing.js").write_bytes(asset("drawing.js").encode())
    network = Path(app.srcdir) / NETWORK  # made by page 4
    if network.exists():
        shutil.copy(network, target / "network.npz")
    (target / name).write_bytes(wheel)
    lock = json.dumps(lock_file(name, wheel, missing)).encode()
    (target / "pyodide-lock.json").write_bytes(lock)
    for file_name in listed("files.json").keys() - set(missing):
        shutil.copy(store / file_name, target)
    made_here = {name: wheel, "pyodide-lock.json": lock}
    listing = json.dumps(contents(made_here, missing))
    (target / "contents.json").write_text(listing, encoding="utf-8")


def contents(made_here, missing):
    """What a page loads before it starts Python: name to address, size and SHA-256."""
    found = {
        name: {"url": name, "bytes": len(content), "sha256": _sha256(content)}
        for name, content in made_here.items()
    }
    for name, file in listed("files.json").items():
        if file["for"] == "pages":
            url = file["url"] if name in missing else name
            found[name] = {"url": url, "bytes": file["bytes"], "sha256": file["sha256"]}
    return found


def setup(app):
    app.connect("html-page-context", add_to_page)
    app.connect("build-finished", install)
    return {"parallel_read_safe": True}
