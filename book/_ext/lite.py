"""JupyterLite beside the book: every notebook, run whole in the reader's browser.

It shares Pyodide with the pages (see `browser.py`). A button in the header of each page
opens the page's notebook; other pages open the first one.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from browser import SOURCE, listed
from plain import citations_of, numbers_of, plain
from sphinx.errors import ExtensionError

SETTINGS = "jupyter-lite.json"
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
CORE = ("pyodide.", "python_stdlib")  # how the names of Pyodide's own files begin
APPS = ("tree", "notebooks", "edit")  # the list of files, and what it opens
OPTIONS = (
    *(f"--apps={app}" for app in APPS),
    *("--no-sourcemaps", "--no-unused-shared-packages"),
)
FIRST = "book/1_data"
SOLUTION = "# A solution. Click here to see it."


def add_button(app, pagename, templatename, context, doctree):
    """Put "Run in your browser" before the buttons of the theme."""
    if app.builder.format != "html" or "header_buttons" not in context:
        return
    page = pagename if (Path(app.srcdir) / f"{pagename}.ipynb").exists() else FIRST
    site = context["pathto"]("lite/notebooks/index.html", 1)
    context["header_buttons"].insert(
        0,
        {
            "type": "link",
            "url": f"{site}?path={Path(page).name}.ipynb",
            "text": "Run in your browser",
            "tooltip": "Open the notebook in this browser: edit and run every cell",
            "icon": "fas fa-play",
            "label": "run-in-browser",
        },
    )


def settings(pages):
    """JupyterLite's settings; Pyodide from its address, if not whole in `pages`."""
    found = json.loads((SOURCE / SETTINGS).read_text(encoding="utf-8"))
    core = [name for name in listed("files.json") if name.startswith(CORE)]
    if not all((pages / name).exists() for name in core):
        kernel = found["jupyter-config-data"]["litePluginSettings"][KERNEL]
        kernel["pyodideUrl"] = listed("files.json")["pyodide.js"]["url"]
    return found


def as_begun(path, numbers, citations):
    """A notebook as a reader begins it: nothing has run, solutions are folded up."""
    notebook = nbformat.read(path, as_version=4)
    # with smaller settings, what the guards assert of the results need not hold
    if any("= smaller_in_browser(" in cell.source for cell in notebook.cells):
        kept = [c for c in notebook.cells if "guard" not in c.metadata.get("tags", [])]
        notebook.cells = kept
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = plain(cell.source, numbers, citations)
            continue
        cell.outputs, cell.execution_count = [], None
        if "solution" in cell.metadata.get("tags", []):
            # of a folded cell, the first line is shown
            cell.source = f"{SOLUTION}\n{cell.source}"
            cell.metadata.jupyter = {"source_hidden": True, "outputs_hidden": True}
    return nbformat.writes(notebook)


def build(app, exception):
    """Put JupyterLite with all notebooks into the finished book."""
    if exception or app.builder.format != "html":
        return
    target = Path(app.outdir) / "lite"
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        text = json.dumps(settings(Path(app.outdir) / "_browser"))
        (root / SETTINGS).write_text(text, encoding="utf-8")
        notebooks = root / "notebooks"
        notebooks.mkdir()
        names = numbers_of(app.env), citations_of(app.env)
        for path in sorted((Path(app.srcdir) / "book").glob("*.ipynb")):
            text = as_begun(path, *names)
            (notebooks / path.name).write_text(text, encoding="utf-8", newline="\n")
        folders = (f"--contents={notebooks}", f"--output-dir={target}")
        command = [sys.executable, "-m", "jupyterlite_core", "build", *folders]
        done = subprocess.run(
            [*command, *OPTIONS], cwd=root, capture_output=True, text=True
        )
        if done.returncode:
            raise ExtensionError(f"JupyterLite could not be built: {done.stderr}")
    shutil.rmtree(target / "doc")  # leads to JupyterLab, which is not built


def setup(app):
    app.connect("html-page-context", add_button, priority=502)  # after the theme's own
    app.connect("build-finished", build, priority=501)  # after that of `browser`
    return {"parallel_read_safe": True}
