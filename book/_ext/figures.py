"""Give each drawing on a page the alternative text that its cell's metadata holds.

myst-nb does so for pictures; a drawing is HTML, which it passes on as it is.
"""

import html

from docutils import nodes

LABEL = 'role="img" aria-label=""'


def describe(app, doctree):
    for cell in doctree.findall(nodes.container):
        settings = cell.get("cell_metadata", {}).get("mystnb", {})
        text = settings.get("image", {}).get("alt")
        if not text:
            continue
        label = f'role="img" aria-label="{html.escape(text)}"'
        for raw in cell.findall(nodes.raw):
            # panels are one picture: the first one is described, the others are parts
            described = raw.astext().replace(LABEL, label, 1)
            raw.children[:] = [
                nodes.Text(described.replace(LABEL, 'aria-hidden="true"'))
            ]


def setup(app):
    app.connect("doctree-read", describe)
    return {"parallel_read_safe": True}
