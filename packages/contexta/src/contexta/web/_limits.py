"""What one request, one client and the whole server may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep one page from taking the server, or the machine.

    Attributes:
        target_bytes: longest request line, path and query together.
        header_bytes: longest header block.
        page_size: longest list in one answer.
        seconds: longest time for one answer, except downloads and live pages.
        waiting_seconds: longest time until a question to the workspace begins.
        download_seconds: longest time until a download begins; every byte is verified before.
        idle_seconds: how long a socket may stay silent before, within and between requests.
        requests: requests that are answered at the same time; more are told to come back.
        connections: open sockets.
        workers: threads that read the workspace.
        download_workers: threads that verify what is downloaded, apart from the others.
        live_seconds: time between two looks at what such pages show.
        live_clients: pages that are kept up to date at the same time.
    """

    target_bytes: int = 16384
    header_bytes: int = 32768
    page_size: int = 1000
    seconds: float = 10.0
    waiting_seconds: float = 30.0
    download_seconds: float = 600.0
    idle_seconds: float = 10.0
    requests: int = 128
    connections: int = 512
    workers: int = 4
    download_workers: int = 2
    live_seconds: float = 1.0
    live_clients: int = 64
