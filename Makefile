# make book    build the book into _build/html; executes the notebooks whose code changed, or something that it calls
# make check   lint and the unit tests, without the book: the first thing to call after a change
# make test    lint, the book with warnings as errors, its outputs against the committed ones, unit tests, a browser on its pages
# make test-all    the unit tests on every Python that is there, on the oldest versions and on the newest
# make test-lite   every notebook to its end in JupyterLite, with the time of each
# make lab     JupyterLab on the notebooks
# make serve   the built book on http://127.0.0.1:8335
# make bench   measure speed and memory against PyTorch and in a browser, into benchmarks/results.md
# make pytorch     install PyTorch, so that make test also compares with it
# make notebooks   give the notebooks the outputs that the book shows
# make lint    ruff on code and on notebook cells
# make mutants     see which random changes of the code its tests do not notice (FILES="..." for some files)

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check -q install -c constraints.txt

BOOK_SOURCES := _config.yml _toc.yml $(wildcard book/*.md book/*.ipynb book/*.bib \
	book/_static/* book/_browser/* book/_ext/*.py \
	ch335_helpers/*.py ch335_helpers/*/*.py ch335_helpers/*/*/*.py \
	ch335_helpers/show/*.css ch335_helpers/show/*.js)
# made when all pages have been
WHOLE := _build/whole

.PHONY: book check test test-all test-lite bench pytorch lab serve notebooks lint mutants clean

book: $(WHOLE)
	@echo "The book is at file://$(abspath _build/html/index.html)"

$(VENV)/reader: requirements.txt constraints.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	touch $@

$(VENV)/developer: $(VENV)/reader
	$(PIP) -e .[dev]
	touch $@

# On Linux, the usual PyTorch brings gigabytes for graphics cards. To be spared them,
# install its build for processors into the environment first, as PyTorch's site says.
$(VENV)/pytorch: benchmarks/requirements.txt $(VENV)/developer
	$(PIP) -r $<
	touch $@

$(WHOLE): $(VENV)/reader $(BOOK_SOURCES)
	TQDM_DISABLE=1 $(BIN)/jupyter-book build . -W --keep-going --all
	touch $@

lint: $(VENV)/developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

UNIT_TESTS := $(BIN)/pytest tests --ignore=tests/browser --numprocesses auto --dist worksteal

check: lint
	$(UNIT_TESTS)

test: lint $(WHOLE)
	$(UNIT_TESTS)
	$(BIN)/pytest tests/browser --numprocesses 2 --dist worksteal

test-all: $(VENV)/developer
	$(BIN)/tox run

# or begins_to_train
LITE ?= whole_notebook
test-lite: $(VENV)/developer $(WHOLE)
	$(BIN)/pytest tests/browser/test_lite.py -m lite -k "$(LITE)" --durations=0 -v

FILES ?= $(filter-out %/__init__.py, $(wildcard $(addprefix ch335_helpers/, *.py */*.py */*/*.py)))
mutants: $(VENV)/developer
	$(BIN)/python tests/tools/mutants.py $(FILES)

pytorch: $(VENV)/pytorch

bench: $(VENV)/pytorch $(WHOLE)
	$(BIN)/python -m benchmarks.run --output benchmarks/results.md

lab: $(VENV)/reader
	$(BIN)/jupyter lab book

serve: book
	$(BIN)/python -m http.server 8335 --bind 127.0.0.1 --directory _build/html

notebooks: $(VENV)/developer $(WHOLE)
	$(BIN)/python tests/tools/canonical.py
	cp book/ch335_results.png .github/results.png

clean:
	rm -rf _build $(VENV)
