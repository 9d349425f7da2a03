"""A PostgreSQL server that lives as long as the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import DependencyError, StoreAccessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEBIAN = Path("/usr/lib/postgresql")
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


def find_postgres_programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`, the newest of several; None without any."""
    folders = sorted(
        (entry / "bin" for entry in _DEBIAN.glob("[0-9]*") if entry.name.isdigit()),
        key=lambda folder: int(folder.parent.name),
        reverse=True,
    )
    on_path = shutil.which("initdb")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    return None


class ThrowawayPostgres:
    """A running server on the loopback address; see `throwaway_postgres`.

    Attributes:
        url: Of its database `postgres`, password included.
    """

    def __init__(self, programs: Path, folder: Path, settings: Mapping[str, str]) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._log = folder / "log"
        self._settings = dict(settings)
        self._password = secrets.token_hex(16)
        self._as_user = _unprivileged(folder)
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._init(folder)
        self.url = f"postgresql://contexta:{self._password}@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "100",
            **self._settings,
        }
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 (a program of the system)
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **self._as_user
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StoreAccessError(
                    f"PostgreSQL did not start: {self._log.read_text(errors='replace')[-2_000:]}",
                    code="testing_postgres_failed",
                )
            time.sleep(0.05)

    def stop(self, *, crash: bool = False) -> None:
        """Stop the server, at once; `crash` leaves it to recover from its log at the start."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _init(self, folder: Path) -> None:
        secret = folder / "password"
        secret.write_text(self._password)
        if "user" in self._as_user:
            shutil.chown(secret, self._as_user["user"], self._as_user["group"])
        command = [
            *[str(self._programs / "initdb"), "-D", str(self._data), "-U", "contexta"],
            *["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8"],
            *["--locale=C.UTF-8", "--no-sync"],
        ]
        done = subprocess.run(  # noqa: S603 (a program of the system)
            command, capture_output=True, check=False, text=True, **self._as_user
        )
        secret.unlink()
        if done.returncode:
            raise StoreAccessError(
                f"initdb failed: {done.stderr[-2_000:]}", code="testing_postgres_failed"
            )

    def _answers(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1"]
        command += ["-p", str(self._port)]
        return not subprocess.run(command, check=False, timeout=20).returncode  # noqa: S603 (as above)


@contextmanager
def throwaway_postgres(settings: Mapping[str, str] | None = None) -> Iterator[ThrowawayPostgres]:
    """Run a PostgreSQL server in a temporary folder; both are gone afterwards.

    It listens on a free port of the loopback address and asks for a random password. Started by
    root, it runs as the user `postgres`, or else `nobody`. `fsync` is off: not for data you keep.

    Args:
        settings: Server settings laid over these, such as `{"fsync": "on"}`.

    Raises:
        DependencyError: `testing_postgres_missing` without the programs of a server.
        StoreAccessError: `testing_postgres_failed` with the end of its log.
    """
    programs = find_postgres_programs()
    if programs is None:
        raise DependencyError(
            "There is no PostgreSQL server here: apt-get install postgresql, or set "
            "TEST_POSTGRES_URL to one that is running.",
            code="testing_postgres_missing",
        )
    folder = Path(tempfile.mkdtemp(prefix="contexta-postgres-"))
    try:
        server = ThrowawayPostgres(programs, folder, settings or {})
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Return how to start a program that refuses root, and give it the folder."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            os.chown(folder, account.pw_uid, account.pw_gid)
            return {
                "user": account.pw_uid,
                "group": account.pw_gid,
                "extra_groups": [],
                "cwd": folder,
            }
    raise StoreAccessError(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody.",
        code="testing_postgres_failed",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
