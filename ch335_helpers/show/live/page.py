"""What Python does for a published page, when it runs in the reader's own browser.

The page and Python exchange texts in JSON, so both sides can be tested alone. Nothing
here needs matplotlib, ipywidgets or IPython.
"""

import json

from .drawing import Drawing
from .trainer import Trainer
from .workbench import Workbench

KINDS = {"drawing": Drawing, "trainer": Trainer, "workbench": Workbench}


class Page:
    """The objects that the things on one page have in Python.

    Parameters
    ----------
    send : callable
        Called with a text in JSON: an object whose ``to`` names the thing on the page,
        and whose other entries are what that thing shall show.
    """

    def __init__(self, send):
        self.send = send
        self.things = {}

    def receive(self, text):
        """Do what a page asks for.

        Parameters
        ----------
        text : str
            A JSON object. With ``to``, ``kind`` and ``options`` it makes an object;
            with ``to``, ``call`` and ``arguments`` it calls one of its methods, if they
            are among its ``CALLS``.
        """
        message = json.loads(text)
        to = message["to"]
        try:
            if "kind" in message:
                self._make(to, message["kind"], message.get("options", {}))
            else:
                self._call(to, message.get("call"), message.get("arguments", {}))
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            self._send(to, message=f"This did not work. {what}")

    def _make(self, to, kind, options):
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")

        def tell(**changes):
            self._send(to, **changes)

        self.things[to] = KINDS[kind](tell, **options)

    def _call(self, to, name, arguments):
        if to not in self.things:
            raise ValueError(f"to must name a thing that was made, got {to!r}")
        thing = self.things[to]
        if name not in thing.CALLS:
            calls = ", ".join(thing.CALLS)
            raise ValueError(f"call must be one of {calls}, got {name!r}")
        getattr(thing, name)(**arguments)

    def _send(self, to, **changes):
        self.send(json.dumps({"to": to, **changes}))
