"""The local server at many runs: milliseconds of a page and of a list for 32 clients at once."""

from __future__ import annotations

import http.client
import json
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import _stores
from _harness import Options, clean_environment, main, row

CLIENTS = 32
#: What is asked for; the parameter is a place in the list of runs, another for each client.
ADDRESSES: dict[str, Callable[[int], str]] = {
    "/ui/runs, all the same": lambda _place: "/ui/runs",
    "/ui/runs, each another page": lambda place: f"/ui/runs?offset={place}",
    "/runs?limit=100, all the same": lambda _place: "/runs?limit=100",
    "/runs?limit=100, each another page": lambda place: f"/runs?limit=100&offset={place}",
    "/runs/{id}, each another run": lambda place: f"/runs/run-{place}",
}


@dataclass
class Heard:
    """What the clients heard."""

    milliseconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def measure(options: Options) -> list[dict]:
    """Ask each address alone, then with all clients at once."""
    rows: list[dict] = []
    for runs in options.pick([100], [1_000, 10_000]):
        with served(_stores.workspace(options.folder, runs)) as port:
            for name, address in ADDRESSES.items():
                rows += asked(port, name, address, runs, options)
    return rows


def asked(
    port: int, name: str, address: Callable[[int], str], runs: int, options: Options
) -> list[dict]:
    """Return the rows of one address."""
    count = options.pick(3, 20)
    paths = [address(client * runs // CLIENTS) for client in range(CLIENTS)]
    clients(port, paths[:1], 3)  # templates and connections of a first request are not asked for
    alone = clients(port, paths[:1], count)
    crowd = clients(port, paths, count)
    errors = [*alone.errors, *crowd.errors]
    note = f"{len(crowd.milliseconds)} requests, {len(errors)} errors"
    if errors:
        note += f", such as {errors[0]}"
    cuts = statistics.quantiles(crowd.milliseconds, n=100)
    size = statistics.median(crowd.sizes)
    return [
        row(f"{name}: one client, p50", runs, "ms", statistics.median(alone.milliseconds)),
        row(f"{name}: {CLIENTS} clients, p50", runs, "ms", cuts[49], note=note),
        row(f"{name}: {CLIENTS} clients, p99", runs, "ms", cuts[98]),
        row(f"{name}: bytes, compressed", runs, "bytes", size),
    ]


def clients(port: int, paths: list[str], count: int) -> Heard:
    """Let a client per path ask for it so often, all beginning at once, on a connection each."""
    heard = Heard()
    gate = threading.Barrier(len(paths))

    def one(path: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        gate.wait()
        for _ in range(count):
            started = time.perf_counter()
            connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            body = answer.read()
            heard.milliseconds.append((time.perf_counter() - started) * 1e3)
            heard.sizes.append(len(body))
            if answer.status != 200:
                heard.errors.append(f"{answer.status} {body[:80]!r}")
        connection.close()

    threads = [threading.Thread(target=one, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return heard


@contextmanager
def served(workspace: Path) -> Iterator[int]:
    """Yield the port of a server in a process of its own."""
    command = [sys.executable, "-m", "contexta", "serve", "http", "--workspace", str(workspace)]
    with subprocess.Popen(
        [*command, "--port", "0", "--format", "json"],
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    ) as process:
        try:
            yield _port(process)
        finally:
            process.send_signal(signal.SIGINT)


def _port(process: subprocess.Popen[str]) -> int:
    text = ""
    for line in process.stdout or ():
        text += line
        if line.startswith("}"):
            return int(json.loads(text)["port"])
    sys.exit("the server did not start, see above")


if __name__ == "__main__":
    main(measure)
