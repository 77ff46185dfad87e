"""Say whether a built book may be published: nothing that it asks for is missing.

    python tests/tools/complete.py [FOLDER]

It looks for the page of every entry of `_toc.yml`, for what pages load and link to in
the book itself, for the files with which Python runs in a browser and their checksums,
and for JupyterLite with its extensions and every notebook. What is missing is printed
with what asks for it.
"""

import argparse
import hashlib
import json
import posixpath
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
TOC, FILES = "_toc.yml", "book/_browser/files.json"
CONTENTS, LOCK = "_browser/contents.json", "_browser/pyodide-lock.json"
LITE, LISTING = "lite/jupyter-lite.json", "lite/api/contents/all.json"
# what scripts load, which no page says: with all of `book/_browser/*.js`
LOADED = ("drawing.js", "network.npz", "contents.json", "pyodide-lock.json")


class Links(HTMLParser):
    """The addresses of a page that lead to another file of the book."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href") and value:
                address = urlsplit(value.strip())
                if address.path and not address.scheme and not address.netloc:
                    self.found.append(unquote(address.path))


def asked_for(book, root):
    """Who asks for which file of the book, and its SHA-256 or None."""
    for name in _named(yaml.safe_load((root / TOC).read_text(encoding="utf-8"))):
        yield TOC, f"{name}.html", None
    for path in sorted(book.rglob("*.html")):
        page = path.relative_to(book).as_posix()
        if page.startswith("_static/"):  # templates of the theme, which nobody opens
            continue
        for link in Links(path.read_text(encoding="utf-8")).found:
            target = posixpath.join(posixpath.dirname(page), link)
            yield page, posixpath.normpath(target), None
    for name, file in _json(root / FILES).items():
        yield FILES, f"_browser/{name}", file["sha256"]
    scripts = sorted(path.name for path in (root / "book" / "_browser").glob("*.js"))
    for name in (*scripts, *LOADED):
        yield "a page with Python", f"_browser/{name}", None
    for file in _json(book / CONTENTS).values():
        if not urlsplit(file["url"]).scheme:
            yield CONTENTS, f"_browser/{file['url']}", file["sha256"]
    for package in _json(book / LOCK).get("packages", {}).values():
        if not urlsplit(package["file_name"]).scheme:
            yield LOCK, f"_browser/{package['file_name']}", package["sha256"]
    for name in (LITE, LISTING):
        yield "JupyterLite", name, None
    settings = _json(book / LITE).get("jupyter-config-data", {})
    for extension in settings.get("federated_extensions", []):
        script = posixpath.join("lite/extensions", extension["name"], extension["load"])
        yield LITE, posixpath.normpath(script), None
    for path in sorted((root / "book").glob("*.ipynb")):
        yield "JupyterLite", f"lite/files/{path.name}", None


def _named(toc):
    """The names of all pages, in order, however deep they stand."""
    for key, value in toc.items():
        if key in ("root", "file"):
            yield value
        elif isinstance(value, list):
            for part in value:
                yield from _named(part)


def _json(path):
    """What a JSON file holds; nothing if it is missing, which is told elsewhere."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def complaint(book, target, sha256):
    """What is wrong with a file of the book, or None."""
    if target.startswith(("/", "../")) or target == "..":
        return "leads out of the book"
    path = book / target
    if path.is_dir():
        path = path / "index.html"
    if not path.is_file():
        return "is missing"
    if sha256 and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        return "has another SHA-256"
    return None


def look(book, root=ROOT):
    """Look at a built book.

    Returns
    -------
    n_pages, n_files : int
        How many pages `_toc.yml` has, and how many files were asked for.
    complaints : list of str
        One line for each file that is not as it should be and each that asks for it.
    """
    asked = dict.fromkeys(asked_for(book, root))
    wrong = {pair: complaint(book, *pair) for pair in {(t, s) for _, t, s in asked}}
    complaints = [
        f"{target} {wrong[target, sha256]}: {who} asks for it"
        for who, target, sha256 in asked
        if wrong[target, sha256]
    ]
    listed = {entry["name"] for entry in _json(book / LISTING).get("content", [])}
    complaints += [
        f"{path.name} is not in the list of JupyterLite, {LISTING}"
        for path in sorted((root / "book").glob("*.ipynb"))
        if path.name not in listed
    ]
    n_pages = sum(who == TOC for who, _, _ in asked)
    return n_pages, len({target for _, target, _ in asked}), complaints


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("book", nargs="?", type=Path, default=ROOT / "_build" / "html")
    book = parser.parse_args(arguments).book
    n_pages, n_files, complaints = look(book)
    if complaints:
        print(*complaints, sep="\n")
        return f"{book} must not be published: {len(complaints)} things are wrong"
    print(f"{book} is whole: {n_pages} pages and {n_files} files were looked at")
    return 0


if __name__ == "__main__":
    sys.exit(main())
