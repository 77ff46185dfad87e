"""The files that pages need for Python in the browser, collected without a network."""

import hashlib
import http.client
import importlib
import io
import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError, URLError

import pytest
from sphinx.errors import ExtensionError

import ch335_helpers
from ch335_helpers.show.live.panel import ASLEEP

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "book" / "_ext"))
browser = importlib.import_module("browser")

NOTEBOOKS = sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))
PACKAGE = Path(ch335_helpers.__file__).parent
LARGEST = 18e6  # bytes that a page may load to run Python
FOR_NOTEBOOKS = {"comm.whl": b"a comm"}
FOR_PAGES = {"pyodide.js": b"a script", "numpy.whl": b"an archive", "tqdm.whl": b"bar"}
CONTENTS = FOR_PAGES | FOR_NOTEBOOKS


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def wheel():
    """The helper's wheel: its name and its content."""
    return browser.helper_wheel(ROOT)


@pytest.fixture
def no_network(monkeypatch):
    """Nothing can be reached; returns the addresses and packages that are asked for."""
    asked = []
    monkeypatch.setattr(browser, "_from_address", asked.append)
    monkeypatch.setattr(browser, "_from_index", lambda *at: asked.append(at))
    return asked


class Source:
    """A list of four small files, and where they come from."""

    def __init__(self, folder):
        self.folder, self.asked = folder, []
        self.at_address, self.at_index = dict(CONTENTS), dict(CONTENTS)
        self.files = {
            name: {
                "url": f"https://official/{name}", "index": f"package of {name}",
                "bytes": len(content), "sha256": sha256(content),
                "for": "pages" if name in FOR_PAGES else "notebooks",
            }
            for name, content in CONTENTS.items()
        }  # fmt: skip
        packages = {
            name: {
                "file_name": f"{name}.whl",
                "sha256": sha256(CONTENTS[f"{name}.whl"]),
            }
            for name in ("comm", "numpy", "tqdm")
        }
        self.write("files.json", self.files)
        self.write("pyodide-lock.json", {"info": {"abi": 1}, "packages": packages})
        for script in browser.SCRIPTS:
            (folder / script).write_text(f"// {script}")

    def write(self, name, content):
        (self.folder / name).write_text(json.dumps(content))

    def from_address(self, url):
        self.asked.append(url)
        return self.at_address[url.removeprefix("https://official/")]

    def from_index(self, name, requirement):
        assert requirement == self.files[name]["index"]
        self.asked.append(requirement)
        return self.at_index[name]

    def out_of_reach(self, name):
        self.at_address[name] = self.at_index[name] = None


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Four small files in place of the listed ones."""
    folder = tmp_path / "source"
    folder.mkdir()
    source = Source(folder)
    monkeypatch.setattr(browser, "SOURCE", folder)
    monkeypatch.setattr(browser, "_from_address", source.from_address)
    monkeypatch.setattr(browser, "_from_index", source.from_index)
    return source


@pytest.fixture
def install(tmp_path, wheel, monkeypatch):
    """Finish a book; return its folder `_browser` and what its contents.json says."""
    monkeypatch.setattr(browser, "helper_wheel", lambda root: wheel)
    out = tmp_path / "build" / "html"
    out.mkdir(parents=True)
    (out / "_browser").mkdir()
    (out / "_browser" / "left over").touch()

    def install(exception=None, output="html"):
        builder = SimpleNamespace(format=output)
        app = SimpleNamespace(builder=builder, outdir=str(out), srcdir=str(ROOT))
        browser.install(app, exception)
        text = (out / "_browser" / "contents.json").read_text()
        return out / "_browser", json.loads(text)

    return install


# ------------------------------------------------------------------------- the lists


def test_every_package_of_the_lock_is_listed_with_the_same_checksum():
    files = browser.listed("files.json")
    packages = browser.listed("pyodide-lock.json")["packages"]
    assert {"numpy", "threadpoolctl", "tqdm"} <= packages.keys()
    for name, package in packages.items():
        assert files[package["file_name"]]["sha256"] == package["sha256"]
        assert package["name"].lower().replace("_", "-") == name
        assert package["version"] in package["file_name"]
        assert set(package["depends"]) <= packages.keys()


def test_every_listed_file_can_be_found_and_checked():
    for name, file in browser.listed("files.json").items():
        assert file["url"].startswith("https://") and file["url"].endswith(f"/{name}")
        package, version = file["index"].split("==")
        assert package and version
        assert int(file["sha256"], 16) and len(file["sha256"]) == 64
        assert file["bytes"] > 0
        assert file["for"] in ("pages", "notebooks")


def test_pyodide_itself_is_listed_in_the_version_of_the_lock():
    files = browser.listed("files.json")
    version = browser.listed("pyodide-lock.json")["info"]["version"]
    for name in ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm"):
        assert f"/v{version}/" in files[name]["url"]
    assert f"/v{version}/" in files["python_stdlib.zip"]["url"]


def test_the_scripts_are_there():
    for script in browser.SCRIPTS:
        assert (browser.SOURCE / script).read_text(encoding="utf-8")


# ------------------------------------------------------------------------- collecting


def test_what_is_collected_is_what_is_listed(source, tmp_path):
    store = tmp_path / "deep" / "store"
    assert browser.collect(store) == []
    assert {p.name: p.read_bytes() for p in store.iterdir()} == CONTENTS
    assert source.asked == [file["url"] for file in source.files.values()]


def test_the_index_is_asked_for_what_has_no_answer_at_its_address(source, tmp_path):
    source.at_address["numpy.whl"] = None
    assert browser.collect(tmp_path) == []
    assert (tmp_path / "numpy.whl").read_bytes() == CONTENTS["numpy.whl"]
    assert source.asked[1:3] == ["https://official/numpy.whl", "package of numpy.whl"]
    assert "package of tqdm.whl" not in source.asked


def test_a_file_in_the_store_is_not_fetched_again(source, tmp_path):
    browser.collect(tmp_path)
    source.asked.clear()
    assert browser.collect(tmp_path) == []
    assert source.asked == []


@pytest.mark.parametrize("damaged", [b"an archiv", b"another", b""])
def test_a_damaged_file_in_the_store_is_fetched_again(source, tmp_path, damaged):
    browser.collect(tmp_path)
    source.asked.clear()
    (tmp_path / "numpy.whl").write_bytes(damaged)
    assert browser.collect(tmp_path) == []
    assert source.asked == ["https://official/numpy.whl"]
    assert (tmp_path / "numpy.whl").read_bytes() == CONTENTS["numpy.whl"]


@pytest.mark.parametrize("where", ["at_address", "at_index"])
def test_a_file_that_differs_stops_the_build(source, tmp_path, where):
    source.out_of_reach("numpy.whl")
    getattr(source, where)["numpy.whl"] = b"something else"
    expected, found = sha256(CONTENTS["numpy.whl"]), sha256(b"something else")
    words = f"numpy.whl must have the SHA-256 {expected}, got {found}"
    with pytest.raises(ExtensionError, match=words):
        browser.collect(tmp_path)
    assert not (tmp_path / "numpy.whl").exists()


def test_a_file_that_differs_stops_the_whole_build(source, install):
    source.at_address["tqdm.whl"] = b"something else"
    with pytest.raises(ExtensionError, match=r"tqdm\.whl must have the SHA-256"):
        install()


def test_a_file_out_of_reach_is_named_and_the_others_are_collected(source, tmp_path):
    source.out_of_reach("numpy.whl")
    assert browser.collect(tmp_path) == ["numpy.whl"]
    collected = {path.name for path in tmp_path.glob("*.*")}
    assert collected == CONTENTS.keys() - {"numpy.whl"}


# ---------------------------------------------------------------- address and index


@pytest.fixture
def opened(monkeypatch):
    """Answers by address, in place of a network: bytes, or what is raised."""
    answers, opened = {}, []

    def urlopen(url, timeout):
        assert timeout == browser.SECONDS
        opened.append(url)
        answer = answers.get(url, URLError("nobody there"))
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer) if isinstance(answer, bytes) else answer

    browser._reachable.cache_clear()
    monkeypatch.setattr(browser.urllib.request, "urlopen", urlopen)
    yield SimpleNamespace(answers=answers, asked=opened)
    browser._reachable.cache_clear()


class BreaksOff(io.BytesIO):
    def read(self, *args):
        raise http.client.IncompleteRead(b"half")


def not_found(url):
    return HTTPError(url, 404, "not found", {}, None)


@pytest.mark.parametrize("front", [b"welcome", not_found("https://host/")])
def test_a_file_is_read_from_its_address(opened, front):
    opened.answers |= {"https://host/": front, "https://host/a/b.js": b"content"}
    assert browser._from_address("https://host/a/b.js") == b"content"


def test_a_host_that_does_not_answer_is_waited_for_once(opened):
    for name in ("a", "b", "c"):
        assert browser._from_address(f"https://host/{name}") is None
    assert opened.asked == ["https://host/"]


@pytest.mark.parametrize(
    "answer", [not_found("https://host/a"), TimeoutError(), BreaksOff()]
)
def test_an_address_without_a_whole_answer_gives_nothing(opened, answer):
    opened.answers |= {"https://host/": b"", "https://host/a": answer}
    assert browser._from_address("https://host/a") is None
    assert opened.asked == ["https://host/", "https://host/a"]


@pytest.fixture
def index(monkeypatch):
    """A Python index with one package, "made==1"; returns what pip was asked to do."""
    archive, done = io.BytesIO(), []
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("made/static/pyodide.js", b"a script")
    found = "made-1-py3-none-any.whl", archive.getvalue()

    def pip(command, requirement, *options):
        done.append((command, requirement))
        return found if requirement == "made==1" else None

    browser._downloaded.cache_clear()
    monkeypatch.setattr(browser, "_wheel", pip)
    yield SimpleNamespace(found=found, done=done)
    browser._downloaded.cache_clear()


def test_the_index_has_a_wheel_or_a_file_inside_it(index):
    name, content = index.found
    assert browser._from_index(name, "made==1") == content
    assert browser._from_index("pyodide.js", "made==1") == b"a script"
    assert browser._from_index("numpy.whl", "made==1") is None
    assert index.done == [("download", "made==1")]  # once


def test_an_index_without_the_package_gives_nothing(index):
    assert browser._from_index("pyodide.js", "unmade==1") is None


def test_where_pip_fails_there_is_no_wheel(tmp_path):
    assert browser._wheel("wheel", str(tmp_path / "nothing"), "--wheel-dir") is None


# -------------------------------------------------------------------------- the wheel


def test_the_wheel_holds_the_whole_helper(wheel):
    name, content = wheel
    assert name.startswith("ch335_helpers-") and name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = {name for name in archive.namelist() if ".dist-info" not in name}
        for file in inside:
            assert archive.read(file) == (PACKAGE.parent / file).read_bytes()
    files = {path for path in PACKAGE.rglob("*.*") if path.suffix != ".pyc"}
    assert {".py", ".css", ".js"} <= {path.suffix for path in files}
    assert inside == {path.relative_to(PACKAGE.parent).as_posix() for path in files}


def test_the_wheel_changes_only_when_the_helper_does(wheel):
    """A reader's browser keeps Python as long as its checksums stay."""
    with zipfile.ZipFile(io.BytesIO(wheel[1])) as archive:
        times = {file.date_time for file in archive.infolist()}
    assert times == {(1980, 1, 1, 0, 0, 0)}


def test_a_helper_that_cannot_be_built_stops_the_build(monkeypatch):
    monkeypatch.setattr(browser, "_wheel", lambda *words: None)
    with pytest.raises(ExtensionError, match="the helper's wheel could not be built"):
        browser.helper_wheel(ROOT)


# --------------------------------------------------------------- in the finished book


def test_a_book_holds_everything(source, install, wheel):
    name, content = wheel
    folder, contents = install()
    assert not (folder / "left over").exists()
    for script in browser.SCRIPTS:
        assert (folder / script).read_text() == f"// {script}"
    for file, expected in {**CONTENTS, name: content}.items():
        assert (folder / file).read_bytes() == expected
    assert contents.keys() == {*FOR_PAGES, name, "pyodide-lock.json"}
    for file, found in contents.items():
        content = (folder / found["url"]).read_bytes()
        assert found["url"] == file
        assert (found["bytes"], found["sha256"]) == (len(content), sha256(content))


def test_the_lock_of_the_book_names_the_helper_and_what_it_needs(
    source, install, wheel
):
    folder, _ = install()
    lock = json.loads((folder / "pyodide-lock.json").read_text())
    helper = lock["packages"].pop("ch335-helpers")
    assert lock == browser.listed("pyodide-lock.json")
    assert (helper["file_name"], helper["sha256"]) == (wheel[0], sha256(wheel[1]))
    assert helper["version"] == wheel[0].split("-")[1]
    assert helper["depends"] == ["numpy", "tqdm"]
    assert helper["imports"] == ["ch335_helpers"]


def test_what_is_out_of_reach_is_loaded_from_its_address(source, install):
    for name in ("numpy.whl", "pyodide.js"):
        source.out_of_reach(name)
    folder, contents = install()
    for name in ("numpy.whl", "pyodide.js"):
        assert contents[name]["url"] == f"https://official/{name}"
        assert contents[name]["bytes"] == len(CONTENTS[name])
        assert not (folder / name).exists()
    packages = json.loads((folder / "pyodide-lock.json").read_text())["packages"]
    assert packages["numpy"]["file_name"] == "https://official/numpy.whl"
    assert packages["numpy"]["sha256"] == sha256(CONTENTS["numpy.whl"])
    assert packages["tqdm"]["file_name"] == "tqdm.whl"
    assert contents["tqdm.whl"]["url"] == "tqdm.whl"


def test_without_a_network_the_build_goes_on(no_network, install, wheel):
    folder, contents = install()
    files = browser.listed("files.json")
    asked = [file["url"] for file in files.values()]
    assert [at for at in no_network if isinstance(at, str)] == asked
    own = {wheel[0], "pyodide-lock.json"}
    loaded = {name: file["url"] for name, file in contents.items() if name not in own}
    for_pages = {name: file for name, file in files.items() if file["for"] == "pages"}
    assert loaded == {name: file["url"] for name, file in for_pages.items()}
    packages = json.loads((folder / "pyodide-lock.json").read_text())["packages"]
    addresses = {package["file_name"] for package in packages.values()} - own
    assert addresses <= set(asked)
    assert len(addresses) == len(packages) - 1


def test_a_page_loads_no_more_than_it_says(no_network, install):
    _, contents = install()
    total = sum(file["bytes"] for file in contents.values())
    assert total <= LARGEST
    assert f"about {total / 1e6:.0f} MB" in ASLEEP


def test_only_a_file_that_changed_is_another_one(source, install, wheel, monkeypatch):
    before, again = install()[1], install()[1]
    assert before == again
    other = wheel[0], wheel[1] + b"more"
    monkeypatch.setattr(browser, "helper_wheel", lambda root: other)
    after = install()[1]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {wheel[0], "pyodide-lock.json"}


@pytest.mark.parametrize("how", [{"output": "latex"}, {"exception": ValueError()}])
def test_a_build_without_pages_collects_nothing(source, install, how):
    with pytest.raises(FileNotFoundError):
        install(**how)
    assert source.asked == []


def test_sphinx_installs_when_the_build_is_finished():
    connected = []
    app = SimpleNamespace(connect=lambda *event: connected.append(event))
    assert browser.setup(app)["parallel_read_safe"] is True
    assert ("build-finished", browser.install) in connected


# ------------------------------------------------ what exercises on a page build on


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_the_exercises_of_a_page_build_on_runs_by_itself(name):
    notebook = json.loads((ROOT / "book" / f"{name}.ipynb").read_text(encoding="utf-8"))
    names = {}
    exec(browser.prelude(notebook), names)
    assert callable(names["check"])


def test_a_function_is_carried_over_if_nothing_must_be_computed_before():
    source = (
        "import numpy as np\nsize = 3\n"
        "def plain(x, n=2, *, k=None): return size * x\n"
        "def late(x, n=size): return n\n"
        "@cached\ndef decorated(x): return x\n"
        "plain(1)\n"
    )
    cell = {"cell_type": "code", "source": [source], "metadata": {}}
    code = browser.prelude({"cells": [cell]})
    assert "import numpy as np" in code and "def plain(x, n=2, *, k=None)" in code
    assert "late" not in code and "decorated" not in code and "size = 3" not in code
