"""Turn "Taught in notebook 2" in a docstring into a link to that notebook."""

import re
from pathlib import Path

NOTEBOOKS = {
    path.stem.split("_")[0]: path.stem
    for path in Path(__file__).parents[1].glob("[1-9]_*.ipynb")
}


def link(text):
    """Replace each "notebook N" by a reference, where there is such a notebook."""

    def reference(found):
        page = NOTEBOOKS.get(found[1])
        return f":doc:`notebook {found[1]} </book/{page}>`" if page else found[0]

    return re.sub(r"\bnotebook (\d)\b", reference, text)


def process(app, what, name, obj, options, lines):
    lines[:] = map(link, lines)


def setup(app):
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True}
