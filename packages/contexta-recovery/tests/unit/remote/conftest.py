"""A place elsewhere that fails, lies and flips bits: a folder behind a filesystem of its own."""

from __future__ import annotations

from typing import Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileOpener, LocalFileSystem

from contexta.recovery import create_workspace_backup, plan_workspace_backup


class Faults:
    """What goes wrong, set by a test.

    Attributes:
        at: The call that fails, counted from 1; 0 for none.
        error: What it raises.
        spoil: Changes what is written.
        lie: Changes what is said of a file: name and size.
        answer: Changes what is read, given what was read and how many calls came before.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.at = 0
        self.calls: list[str] = []
        self.error: Exception = OSError(5, "secret-of-the-store")
        self.spoil: Any = None
        self.lie: Any = None
        self.answer: Any = None

    def call(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) == self.at:
            raise self.error


FAULTS = Faults()


class FaultyOpener(LocalFileOpener):
    def read(self, *args: Any) -> Any:
        FAULTS.call("read")
        data = super().read(*args)
        return data if FAULTS.answer is None else FAULTS.answer(self.path, data)

    def write(self, data: bytes) -> Any:
        FAULTS.call("write")
        return super().write(data if FAULTS.spoil is None else FAULTS.spoil(self.path, data))

    def close(self) -> None:
        if not self.closed and "w" in self.mode:
            FAULTS.call("close")
        super().close()

    def commit(self) -> None:
        FAULTS.call("commit")
        super().commit()


class FaultyFileSystem(LocalFileSystem):
    protocol = "faulty"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        text = str(path)
        for name in ("faulty", "bucket"):
            text = text.removeprefix(f"{name}://")
        return super()._strip_protocol(text)

    def _open(self, path: str, mode: str = "rb", block_size: Any = None, **kwargs: Any) -> Any:
        FAULTS.call("open")
        return FaultyOpener(path, mode, fs=self, **kwargs)

    def info(self, path: Any, **kwargs: Any) -> Any:
        FAULTS.call("info")
        found = super().info(path, **kwargs)
        return found if FAULTS.lie is None else FAULTS.lie(found)

    def ls(self, path: str, detail: bool = False, **kwargs: Any) -> Any:
        FAULTS.call("ls")
        return super().ls(path, detail=detail, **kwargs)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        FAULTS.call("makedirs")
        super().makedirs(path, exist_ok=exist_ok)

    def mv(self, path1: str, path2: str, **kwargs: Any) -> None:
        FAULTS.call("mv")
        super().mv(path1, path2, **kwargs)

    def rm_file(self, path: str) -> None:
        FAULTS.call("rm")
        super().rm_file(path)


class FaultyBucket(FaultyFileSystem):
    """Objects appear whole when they are committed, as in S3."""

    protocol = ("bucket", "s3")


@pytest.fixture(scope="session", autouse=True)
def registered() -> None:
    fsspec.register_implementation("faulty", FaultyFileSystem, clobber=True)
    fsspec.register_implementation("bucket", FaultyBucket, clobber=True)


@pytest.fixture
def faults() -> Any:
    FAULTS.reset()
    yield FAULTS
    FAULTS.reset()


@pytest.fixture
def folder(tmp_path: Any) -> Any:
    """Where the files of the place lie."""
    return tmp_path / "elsewhere" / "deep"


@pytest.fixture
def url(folder: Any) -> str:
    return f"file://{folder}"


@pytest.fixture(params=["faulty", "bucket"])
def faulty_url(request: Any, folder: Any, faults: Any) -> str:
    """A place that fails as `faults` says: one with renames, one with whole puts."""
    folder.mkdir(parents=True)
    return f"{request.param}://{folder}"


@pytest.fixture
def other(tmp_path: Any, config_at: Any) -> Any:
    """The configuration of another machine, where there is no workspace yet."""
    return config_at(tmp_path / "new" / ".contexta")


def back_up(config: Any, *, key_file: Any = None, **options: Any) -> Any:
    plan = plan_workspace_backup(config, **options)
    return create_workspace_backup(config, plan, key_file=key_file)


@pytest.fixture(name="back_up", scope="session")
def back_up_fixture() -> Any:
    """The function `back_up`."""
    return back_up
