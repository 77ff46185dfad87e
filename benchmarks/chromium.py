"""A real Chromium on a built book: what the benchmarks and the browser tests share."""

import functools
import http.server
import shutil
import threading
from contextlib import contextmanager

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """A file server that logs nothing."""

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    """A server with room for all requests of a page at once.

    With the usual five, the system drops the others, and Chromium asks again only
    after seconds.
    """

    request_queue_size = 128


def executable():
    """Path of an installed Chromium or Chrome; None if there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def served(folder):
    """Serve the files of a folder on this machine alone; gives the address."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
