"""The drawing board in a live notebook: a `Judge` behind a canvas."""

import anywidget

from ..assets import asset
from ..svg import element
from .calls import call, failure
from .judge import Judge

# on a page, its script fills it
BOARD = element("div", class_="ch335-explorer ch335-board")


class DrawingBoard(anywidget.AnyWidget):
    """A canvas of 32 x 32 pixels; a network and the ideal observer judge what is drawn.

    On a published page this is an empty element that a script fills: there Python runs
    in the reader's browser, with the network that the build has saved.

    Parameters
    ----------
    params : dict of str to ndarray
        Of a `ResidualCNN` for ten classes.

    Notes
    -----
    Taught in notebook 4.

    Examples
    --------
    With an untrained network, whose answers are guesses:

    >>> import numpy as np
    >>> from ch335_helpers import ResidualCNN
    >>> board = DrawingBoard(ResidualCNN().init(np.random.default_rng(0)))
    >>> board
    DrawingBoard()
    """

    _esm = asset("drawing.js")
    _css = asset("palette.css") + asset("explorer.css")

    def __init__(self, params):
        super().__init__()
        self.judge = Judge(lambda **changes: self.send(changes), params)
        self.on_msg(self._received)

    def _received(self, widget, message, buffers):
        try:
            call(self.judge, message["call"], message["arguments"])
        except Exception as error:
            self.send({"message": failure(error)})

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/plain": repr(self), "text/html": BOARD}, metadata

    def __repr__(self):
        return "DrawingBoard()"
