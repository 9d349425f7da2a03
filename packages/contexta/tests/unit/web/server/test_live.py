"""Pages that follow a run while it is open."""

import asyncio
import http.client
import json
import threading

import pytest

from contexta.contract.errors import StoreError
from contexta.web import Limits
from contexta.web.live import Live


@pytest.fixture
def open_run(tmp_path):
    """An open run, and the workspace it is in, open for reading."""
    from contexta import Contexta

    config = {"capture": {"capture_installed_packages": False, "capture_code_revision": False}}
    with (
        Contexta(workspace=tmp_path / "ws", config=config) as writer,
        writer.run("train", run_id="one") as run,
        Contexta(workspace=tmp_path / "ws", read_only=True) as ctx,
    ):
        run.metric("loss", 1.0, step=0)
        yield run, ctx


class Follower:
    """Reads a stream of events."""

    def __init__(self, client, path):
        self.connection = http.client.HTTPConnection(client.host, client.port, timeout=20)
        self.connection.request("GET", path, headers={"Accept": "text/event-stream"})
        self.answer = self.connection.getresponse()

    def next(self):
        """Return the next event: its name and data; nothing at the end of the stream."""
        name = None
        for line in iter(self.answer.readline, b""):
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                return name, json.loads(line[6:], parse_constant=pytest.fail)
        return None

    def close(self):
        self.answer.close()
        self.connection.close()


FAST = Limits(live_seconds=0.05)


def test_a_new_point_is_heard(open_run, serve):
    """A page that follows a run hears of a point that was logged after it opened."""
    run, ctx = open_run
    with serve(ctx, limits=FAST) as client:
        follower = Follower(client, "/live/runs/one")
        first = follower.next()
        run.metric("loss", 0.5, step=1)
        change = follower.next()
        follower.close()

    assert (("state", 1, 1.0), ("change", 2, 0.5)) == tuple(
        (name, state["metrics"][0]["count"], state["metrics"][0]["last"])
        for name, state in (first, change)
    )


def test_the_stream_ends_with_the_run(open_run, serve):
    """The end of a run is the last event of its stream."""
    run, ctx = open_run
    with serve(ctx, limits=FAST) as client:
        follower = Follower(client, "/live/runs/one")
        follower.next()
        run.close()
        names = []
        while (event := follower.next()) is not None:
            names.append((event[0], event[1]["status"]))
        follower.close()

    assert [("end", "completed")] == names[-1:]


def test_a_run_that_has_ended_ends_at_once(client):
    """Following a finished run tells its state and its end."""
    follower = Follower(client, "/live/runs/night-1")
    names = [follower.next()[0], follower.next()[0], follower.next()]
    follower.close()

    assert ["state", "end", None] == names


def test_a_new_run_is_heard(open_run, serve):
    """A page with the list hears of a run that starts."""
    _, ctx = open_run
    from contexta import Contexta

    with serve(ctx, limits=FAST) as client:
        follower = Follower(client, "/live/runs")
        first = follower.next()
        with Contexta(workspace=ctx.workspace) as writer, writer.run("two"):
            change = follower.next()
        follower.close()

    assert ("state", 1, "change", 2) == (first[0], first[1]["total"], change[0], change[1]["total"])


def test_new_points_of_an_open_run_are_heard_by_the_list(open_run, serve):
    """A list has columns of metrics, so a page with it hears that an open run goes on."""
    run, ctx = open_run
    with serve(ctx, limits=FAST) as client:
        follower = Follower(client, "/live/runs")
        first = follower.next()
        run.metric("loss", 0.5, step=1)
        change = follower.next()
        follower.close()

    assert ("state", "change") == (first[0], change[0])
    assert first[1]["runs"] == change[1]["runs"]
    assert first[1]["open_records"] < change[1]["open_records"]


def test_followers_share_one_reader(open_run, serve):
    """Ten pages of one run ask the workspace as often as one."""
    _, ctx = open_run
    asked = threading.Semaphore(0)
    counts = []

    class Counting:
        def __init__(self, service):
            self._service = service

        def get_run_facts(self, run_id):
            counts.append(run_id)
            asked.release()
            return self._service.get_run_facts(run_id)

        def __getattr__(self, name):
            return getattr(self._service, name)

    class Watched:
        query_service = Counting(ctx.query_service)

    with serve(Watched(), limits=FAST) as client:
        followers = [Follower(client, "/live/runs/one") for _ in range(10)]
        for follower in followers:
            follower.next()
        before = len(counts)
        for _ in range(before + 5):
            asked.acquire(timeout=20)
        rounds = len(counts) - before
        for follower in followers:
            follower.close()

    assert rounds < 20


def test_too_many_followers_are_told(open_run, serve):
    """Beyond the limit a page is told to reload by hand."""
    _, ctx = open_run
    with serve(ctx, limits=Limits(live_clients=1)) as client:
        follower = Follower(client, "/live/runs/one")
        follower.next()
        status, body = client.json("/live/runs/one")
        follower.close()

    assert (503, "http_busy") == (status, body["error"]["code"])


def test_a_workspace_that_fails_is_said_once(open_run, serve):
    """When the workspace cannot be read any more, the stream says why and ends."""
    from contexta.contract.errors import StoreAccessError

    _, ctx = open_run
    broken = threading.Event()

    class Breaking:
        class query_service:
            @staticmethod
            def get_run_facts(run_id):
                if broken.is_set():
                    raise StoreAccessError("gone", code="store_io_failed")
                return ctx.query_service.get_run_facts(run_id)

    with serve(Breaking(), limits=FAST) as client:
        follower = Follower(client, "/live/runs/one")
        follower.next()
        broken.set()
        failed, end = follower.next(), follower.next()
        follower.close()

    assert ("failed", "store_io_failed", None) == (failed[0], failed[1]["code"], end)


def test_a_stop_of_the_server_ends_the_streams(open_run, serve):
    """Followers do not keep a server from stopping."""
    _, ctx = open_run
    with serve(ctx) as client:
        follower = Follower(client, "/live/runs/one")
        follower.next()
    rest = follower.next()
    follower.close()

    assert rest is None


def test_a_page_that_comes_after_a_failure_is_kept_up_to_date():
    """Whoever follows while others still hear that reading failed gets a reader again."""
    answers = iter([{"total": 1}, None, {"total": 2}])

    async def read(_ask):
        found = next(answers, {"total": 2})
        if found is None:
            raise StoreError("the workspace is away")
        return found

    async def follow():
        live = Live(None, read, interval=0.01)
        first = await live.follow(("runs",), {})
        heard = [await anext(first), await anext(first)]  # its state, then the failure
        second = await live.follow(("runs",), {})
        heard += [await anext(second), await asyncio.wait_for(anext(second), 5)]
        await first.aclose()
        await second.aclose()
        return [part.split(b"event: ")[-1].split(b"\n")[0] for part in heard]

    assert [b"state", b"failed", b"state", b"change"] == asyncio.run(follow())


def test_a_bug_behind_a_followed_page_is_told_and_logged(caplog):
    """A page does not stay silent for good: it hears that reading failed, without the details."""
    answers = iter([{"total": 1}])

    async def read(_ask):
        try:
            return next(answers)
        except StopIteration as error:
            raise ZeroDivisionError("secret") from error

    async def follow():
        stream = await Live(None, read, interval=0.01).follow(("runs",), {})
        return [part async for part in stream][-1]

    last = asyncio.run(follow())

    assert last.startswith(b"event: failed")
    assert b"secret" not in last
    assert "following a page failed" in caplog.text
