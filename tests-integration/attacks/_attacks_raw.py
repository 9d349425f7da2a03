"""Bytes to a server and back, and what each answer must carry."""

import re
import socket
from typing import NamedTuple

#: What an answer must never tell: the inside of the program, or of the machine.
_INSIDE = re.compile(
    rb"Traceback|File \"|\.py\b|site-packages|sqlalchemy|sqlite3?\.|starlette|uvicorn|\bh11\b"
    rb"|<module|object at 0x|root:x:0|/home/|/usr/lib"
)
_SEALS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Answer(NamedTuple):
    """One answer: its status, its headers in order, and its body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name):
        """The one value of a header, or None."""
        found = [value for key, value in self.headers if key == name]
        return found[0] if len(found) == 1 else None


def raw(address, data, *, timeout=30.0):
    """Send bytes, and return all that comes until the other side closes."""
    sent = data.replace(b"PORT", str(address[1]).encode())
    got = bytearray()
    with socket.create_connection(address[:2], timeout=timeout) as sock:
        try:
            sock.sendall(sent)
            while piece := sock.recv(1 << 16):
                got += piece
        except (ConnectionError, BrokenPipeError):
            pass  # the server may close in the middle of what it does not want
    return bytes(got)


def answers_in(got):
    """The answers in the bytes of one connection."""
    found = []
    while got:
        head, _, rest = got.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [(k.lower(), v.strip()) for k, _, v in (line.partition(":") for line in lines)]
        answer = Answer(int(first.split()[1]), headers, b"")
        size = answer.header("content-length")
        if answer.status == 304 or answer.header("transfer-encoding") or size is None:
            return [*found, answer._replace(body=rest)]
        found.append(answer._replace(body=rest[: int(size)]))
        got = rest[int(size) :]
    return found


def ask(address, data):
    """Send one request, and return its answers; every one must be sealed."""
    return answers_in(raw(address, data))


def unsealed(answer):
    """What an answer lacks, or tells; empty for a good one."""
    wrong = [name for name, value in _SEALS.items() if answer.header(name) != value]
    policy = answer.header("content-security-policy") or ""
    if "default-src 'none'" not in policy or "unsafe" in policy or "*" in policy:
        wrong.append(f"policy {policy!r}")
    names = {name for name, _ in answer.headers}
    wrong += sorted(names & {"server", "x-powered-by", "access-control-allow-origin"})
    if answer.header("cache-control") is None:
        wrong.append("no cache-control")
    if "public" in (answer.header("cache-control") or ""):
        wrong.append("public")
    head = "\n".join(f"{name}: {value}" for name, value in answer.headers).encode("latin-1")
    if answer.status >= 400:
        # A good answer may name files and packages: people recorded them.
        wrong += [f"tells {found!r}" for found in _INSIDE.findall(head + answer.body)]
    if answer.status >= 500:
        wrong.append(f"status {answer.status}")
    return wrong
