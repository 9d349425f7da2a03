"""A workspace with everything that pages show, hostile names among it."""

import asyncio
import math
import re
from html.parser import HTMLParser

import pytest

SCRIPT = '<script>alert("x")</script>'
AMPERSAND = "A&B <x> 50%"
LONG = "k" * 250
SETTINGS = {
    "project_name": "p",
    "capture": {"capture_installed_packages": False, "capture_code_revision": False},
}


class Document(HTMLParser):
    """What a test asks of a page: its elements with attributes, in order, and its text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.texts = []
        self._skip = 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.texts))

    def all(self, tag, **attributes):
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
        return [
            found
            for name, found in self.elements
            if name == tag and all(found.get(key) == value for key, value in wanted.items())
        ]

    @property
    def sections(self):
        return [found["id"] for found in self.all("section") if "id" in found]

    @property
    def hrefs(self):
        return [found["href"] for found in self.all("a") if "href" in found]


@pytest.fixture
def document():
    return Document


def _fail(ctx):
    with ctx.run("train", run_id="r2", params={"lr": 0.2}) as run:
        for step, value in enumerate([1.0, math.nan, math.inf, 0.5]):
            run.metric("loss", value, step=step)
        run.event("careful", message="hot", level="warning")
        raise RuntimeError("out of memory")


@pytest.fixture(scope="session")
def full(tmp_path_factory):
    """A workspace of three runs: a good one, a failed one with NaN, one with hostile names.

    Tests only read it.
    """
    from contexta import Contexta

    ctx = Contexta(workspace=tmp_path_factory.mktemp("full") / "ws", config=SETTINGS)
    with ctx.run("train", run_id="r1", params={"lr": 0.1, "seed": 1014}, tags={"team": "a"}) as run:
        with run.stage("fit") as stage:
            for step in range(20):
                stage.metric("loss", 1 / (step + 1), step=step)
        run.metric("accuracy", 0.9)
        run.event("saved", message="kept the model", level="info")
    with pytest.raises(RuntimeError):
        _fail(ctx)
    with ctx.run(
        SCRIPT,
        run_id="hostile",
        project=AMPERSAND,
        params={SCRIPT: SCRIPT, "long": "z" * 10_000},
        tags={SCRIPT: "\u202eabc"},
    ) as run:
        run.metric(AMPERSAND, 1.0, step=0)
        run.metric(AMPERSAND, 2.0, step=1)
        run.metric(LONG, 3.0)
        run.event("e", message=SCRIPT, attributes={SCRIPT: SCRIPT})
    ctx.flush()
    yield ctx
    ctx.close()


@pytest.fixture
def get():
    """Ask the application of a workspace for an address, as a browser on this machine does."""
    from contexta.web.app import build_app

    apps = {}

    def ask(ctx, address):
        app = apps.setdefault(id(ctx), build_app(ctx))
        return asyncio.run(_ask(app, address))

    yield ask
    for app in apps.values():
        app.state.close()


async def _ask(app, address):
    path, _, query = address.partition("#")[0].partition("?")
    body, status = [], []
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "http_version": "1.1",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1:8080"), (b"accept", b"text/html")],
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 5000),
        "root_path": "",
    }

    asked = []

    async def receive():
        if asked:  # nothing follows a request; the asker waits for the whole answer
            await asyncio.Event().wait()
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            status.append(message["status"])
        else:
            body.append(message.get("body", b""))

    await app(scope, receive, send)
    return status[0], b"".join(body).decode("utf-8", "replace")


@pytest.fixture(scope="session")
def ask_app():
    """Ask an application for an address: coroutine of its status and text."""
    return _ask


@pytest.fixture
def page():
    """Draw one page without a server: module, function, query, ids."""
    from importlib import import_module

    from contexta.web._params import Params
    from contexta.web.pages._render import render

    def draw(ctx, address, query=None, /, **ids):
        module, _, function = address.partition(":")
        found = getattr(import_module(f"contexta.web.pages.{module}"), function)
        data = found(ctx, Params(query or {}, ids))
        return data, render(data.template, data)

    return draw
