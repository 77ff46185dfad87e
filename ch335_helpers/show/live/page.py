"""What Python does for a published page, when it runs in the reader's own browser.

The page and Python exchange texts in JSON, so both sides can be tested alone. Nothing
here needs matplotlib, ipywidgets or IPython.
"""

import json
from functools import partial

from ...checks import check_one_of
from .calls import call, failure
from .judge import Judge
from .trainer import Trainer
from .workbench import Workbench

KINDS = {"drawing": Judge, "trainer": Trainer, "workbench": Workbench}


class Page:
    """The Python objects behind the things on one page.

    Parameters
    ----------
    send : callable
        Called with a text in JSON: an object whose ``to`` names the thing on the page,
        and whose other entries are what that thing is to show.
    """

    def __init__(self, send):
        self.send = send
        self.things = {}

    def receive(self, text):
        """Do what the page asks for.

        Parameters
        ----------
        text : str
            A JSON object. With ``to``, ``kind`` and ``options`` it makes an object;
            with ``to``, ``call`` and ``arguments`` it calls one of its methods, if they
            are among its ``CALLS``.
        """
        message = json.loads(text)
        to = message["to"]
        tell = partial(self._send, to)
        try:
            if "kind" in message:
                kind = check_one_of("kind", message["kind"], KINDS)
                self.things[to] = KINDS[kind](tell, **message.get("options", {}))
            elif to in self.things:
                arguments = message.get("arguments", {})
                call(self.things[to], message.get("call"), arguments)
            else:
                raise ValueError(f"to must name a thing that was made, got {to!r}")
        except Exception as error:
            tell(message=failure(error))

    def _send(self, to, **changes):
        self.send(json.dumps({"to": to, **changes}))
