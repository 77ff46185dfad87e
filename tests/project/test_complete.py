"""A built book is whole, or what is missing is named: on a tiny one that is made up."""

import hashlib
import json
from functools import partial

import complete
import pytest

SCRIPT = b"a script"
TOC = """
root: book/index
parts:
  - caption: The chapter
    chapters:
      - file: book/1_data
        sections: [{file: book/deep}]
"""
PAGE = """
<link rel="stylesheet" href="../_static/a%20style.css?digest=3">
<script src="../_browser/own.js"></script>
<script>const text = '<img src="not-a-link.png">'</script>
<a href="#here">a</a> <a href="1_data.html#there">b</a> <a href="../">c</a>
<a href>d</a>
<a href="https://elsewhere/x.html">e</a> <a href="//elsewhere/x">f</a>
<a href="mailto:someone@elsewhere">g</a> <img src="data:image/png;base64,AAAA"/>
"""


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = content if isinstance(content, bytes | str) else json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def root(tmp_path):
    """A project of three pages and one notebook, and its book in the folder `html`."""
    checksum = {"sha256": hashlib.sha256(SCRIPT).hexdigest()}
    far = {"url": "https://elsewhere/far.whl", "sha256": "0"}
    files = {
        "_toc.yml": TOC,
        "book/1_data.ipynb": "{}",
        "book/_browser/files.json": {"pyodide.js": checksum},
        "book/_browser/worker.js": "",
        "html/index.html": "<a href='book/index.html'>the book</a>",
        "html/book/index.html": PAGE,
        "html/book/1_data.html": PAGE,
        "html/book/deep.html": "",
        "html/_static/a style.css": "",
        "html/_static/macros.html": "<script src='{{ a template }}'></script>",
        "html/_browser/own.js": "",
        "html/_browser/worker.js": "",
        "html/_browser/drawing.js": "",
        "html/_browser/network.npz": "",
        "html/_browser/pyodide.js": SCRIPT,
        "html/_browser/own.whl": SCRIPT,
        "html/_browser/contents.json": {
            "own.whl": {"url": "own.whl", **checksum}, "far.whl": far,
        },
        "html/_browser/pyodide-lock.json": {
            "packages": {
                "own": {"file_name": "own.whl", **checksum},
                "far": {"file_name": far["url"], "sha256": "0"},
            }
        },
        "html/lite/jupyter-lite.json": {
            "jupyter-config-data": {
                "federated_extensions": [{"name": "@a/kernel", "load": "./static/x.js"}]
            }
        },
        "html/lite/extensions/@a/kernel/static/x.js": "",
        "html/lite/files/1_data.ipynb": "{}",
        "html/lite/api/contents/all.json": {"content": [{"name": "1_data.ipynb"}]},
    }  # fmt: skip
    for name, content in files.items():
        write(tmp_path / name, content)
    return tmp_path


def complaints(root):
    return complete.look(root / "html", root)[2]


def test_a_whole_book_is_whole(root):
    # three pages, the opening one, a style, eight of _browser, four of lite
    assert complete.look(root / "html", root) == (3, 17, [])


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("book/deep.html", ["_toc.yml"]),
        ("book/1_data.html", ["_toc.yml", "book/index.html"]),
        ("_static/a style.css", ["book/1_data.html", "book/index.html"]),
        ("_browser/own.js", ["book/1_data.html", "book/index.html"]),
        ("_browser/pyodide.js", ["book/_browser/files.json"]),
        ("_browser/own.whl", ["_browser/contents.json", "_browser/pyodide-lock.json"]),
        ("_browser/worker.js", ["a page with Python"]),
        ("_browser/network.npz", ["a page with Python"]),
        ("_browser/pyodide-lock.json", ["a page with Python"]),
        ("lite/extensions/@a/kernel/static/x.js", ["lite/jupyter-lite.json"]),
        ("_browser/contents.json", ["a page with Python"]),
        ("lite/files/1_data.ipynb", ["JupyterLite"]),
    ],
)
def test_what_is_missing_is_told_with_what_asks_for_it(root, name, who):
    (root / "html" / name).unlink()
    told = [f"{name} is missing: {each} asks for it" for each in who]
    assert complaints(root) == told


def test_a_folder_needs_a_page(root):
    (root / "html" / "index.html").unlink()
    assert len(complaints(root)) == 2
    assert complaints(root)[0].startswith(". is missing: book/1_data.html")


def test_a_file_that_was_changed_is_told(root):
    write(root / "html" / "_browser" / "pyodide.js", b"another script")
    (told,) = complaints(root)
    assert told.startswith("_browser/pyodide.js has another SHA-256: ")


@pytest.mark.parametrize("link", ["/_static/x.css", "../../secret.html", "../.."])
def test_what_leads_out_of_the_book_is_told(root, link):
    write(root / "secret.html", "")
    write(root / "html" / "book" / "deep.html", f"<a href='{link}'>out</a>")
    (told,) = complaints(root)
    assert told.endswith("leads out of the book: book/deep.html asks for it")


def test_a_notebook_that_jupyterlite_does_not_list_is_told(root):
    write(root / "html" / complete.LISTING, {"content": []})
    (told,) = complaints(root)
    assert told.startswith("1_data.ipynb is not in the list")


def test_the_end_of_the_script_says_it_too(root, monkeypatch, capsys):
    monkeypatch.setattr(complete, "look", partial(complete.look, root=root))
    assert complete.main([str(root / "html")]) == 0
    assert "is whole: 3 pages and 17 files" in capsys.readouterr().out
    (root / "html" / "_browser" / "own.js").unlink()
    assert "must not be published: 2 things" in complete.main([str(root / "html")])
    assert "own.js is missing" in capsys.readouterr().out
