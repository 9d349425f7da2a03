"""A server for a page to ask, and a page that notes what goes wrong in it."""

import threading
from contextlib import contextmanager

from contexta.surfaces.http.server import make_server
from contexta.web import Limits

#: A busy machine may take its time: what a page shows is tested here, not how fast it comes.
PATIENT = Limits(seconds=120.0, waiting_seconds=120.0)


@contextmanager
def serving(ctx):
    """Serve a workspace on a free port; gives its address."""
    server = make_server(ctx, "127.0.0.1", 0, limits=PATIENT)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "http://{}:{}".format(*server.server_address)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Watched:
    """A page with what its console said and what it asked for."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.said, self.asked = [], []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _console(self, message):
        if message.type in {"error", "warning"}:
            self.said.append(message.text)

    def open(self, path):
        """Go to a path of the server, and wait until it is loaded."""
        return self.page.goto(f"{self.address}{path}", wait_until="load")

    def strangers(self):
        """What was asked of anybody but the server itself."""
        inside = (f"{self.address}/", "data:", "blob:")
        return [url for url in self.asked if not url.startswith(inside)]
