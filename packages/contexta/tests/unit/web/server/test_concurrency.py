"""Many clients at once: the answers of one."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from contexta.web._reads import Reads

RUN, OTHER = "run:vision.night-1", "run:vision.night-0"
ROUTES = (
    "/runs",
    f"/runs/{RUN}",
    f"/compare?left={OTHER}&right={RUN}",
    "/metrics/trend?metric=loss",
    "/ui/runs",
)


def test_twelve_clients_get_the_answers_of_one(client):
    """Five routes asked by twelve clients at once answer what they answer alone."""
    alone = {path: client.get(path).body for path in ROUTES}
    gate = threading.Barrier(12)

    def ask(number):
        gate.wait()
        turned = ROUTES[number % 5 :] + ROUTES[: number % 5]
        return [
            (path, answer.status, answer.body) for path in turned for answer in [client.get(path)]
        ]

    with ThreadPoolExecutor(12) as pool:
        heard = [answer for answers in pool.map(ask, range(12)) for answer in answers]
    wrong = Counter(path for path, status, body in heard if (status, body) != (200, alone[path]))

    assert (60, Counter()) == (len(heard), wrong)


def test_the_workspace_stays_open_to_writers(workspace, client, tmp_path):
    """A run that starts while the server reads is in its next answer."""
    import shutil

    from contexta import Contexta

    own = tmp_path / "ws"
    shutil.copytree(workspace, own)
    from contexta.web import make_server

    with Contexta(workspace=own, read_only=True) as ctx, make_server(ctx, port=0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        follower = type(client)(server)
        before = follower.json("/runs")[1]["total"]
        with Contexta(workspace=own) as writer, writer.run("late", run_id="late") as run:
            run.metric("loss", 0.25)
            during = follower.json("/runs/late")[1]
            metric = follower.json("/runs/late/metrics")[1]["metrics"][0]["last"]
        after = follower.json("/runs")[1]["total"]
        server.shutdown()
        thread.join()

    assert (1, "open", 0.25) == (after - before, during["status"], metric)


def asked_together(count, hold):
    """Ask one question ``count`` times while an equal one runs; return answers and calls."""
    import asyncio

    calls = []

    async def scene():
        reads = Reads(workers=4, seconds=20, waiting_seconds=20)
        begun, gate = threading.Event(), threading.Event()

        def first():
            begun.set()
            gate.wait(20)
            return "old"

        def next_one():
            calls.append(1)
            return "new"

        running = asyncio.create_task(reads.ask(first, key=hold))
        await asyncio.to_thread(begun.wait)
        waiting = [asyncio.create_task(reads.ask(next_one, key="q")) for _ in range(count)]
        await asyncio.sleep(0.01)
        gate.set()
        answers = [await running, *[await one for one in waiting]]
        reads.close()
        return answers

    return asyncio.run(scene()), len(calls)


def test_equal_questions_that_wait_are_asked_once():
    """Those who ask what is running wait for a new answer, and share it."""
    assert (["old", *["new"] * 5], 1) == asked_together(5, hold="q")


def test_a_question_that_began_is_not_shared():
    """An answer that began before a request came is not given to it."""
    answers, calls = asked_together(1, hold="q")

    assert (["old", "new"], 1) == (answers, calls)


def test_a_question_that_does_not_begin_in_time_is_a_503(read_ctx, serve):
    """Who waits behind too many others is told to come back, and the server goes on."""
    from contexta.web import Limits

    gate, entered = threading.Event(), threading.Event()

    class Held:
        def list_projects(self):
            entered.set()
            gate.wait(20)
            return ()

        def __getattr__(self, name):
            return getattr(read_ctx, name)

    limits = Limits(workers=1, waiting_seconds=0.2)
    with serve(Held(), limits=limits) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.get, "/projects")
        entered.wait(20)
        status, body = client.json("/version")
        gate.set()
        later = client.get("/version").status

    assert (503, "http_busy", 200, 200) == (
        status,
        body["error"]["code"],
        first.result().status,
        later,
    )
