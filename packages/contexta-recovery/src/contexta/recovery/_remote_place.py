"""One folder or bucket elsewhere: list, read, write and remove files in it.

Whatever a store or its library raises becomes a `BackupError` that names the URL, without what
is secret in it, and the kind of the failure. Messages of other libraries are never passed on:
they quote requests, and those hold signatures and keys.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from contexta.contract.errors import ContextaError
from contexta.recovery._errors import BackupError
from contexta.recovery._remote_url import reach
from contexta.store.fs import ensure_private_dir, fsync_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

T = TypeVar("T")
_CHUNK_BYTES = 1 << 20
#: Their objects appear whole, when an upload is completed, and never half.
_PUTS_WHOLE = frozenset({"s3", "s3a", "gs", "gcs"})
_MOST_PARTS = 10_000  # of one object; the usual part of 50 MB then makes 500 GB
_USUAL_PART_BYTES = 50 << 20
_PARTIAL = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}\.partial", re.DOTALL)
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NO_RIGHTS = re.compile(r"(?i)credential|forbidden|unauthori[sz]ed|authentication|accessdenied")


class RemotePlace:
    """A folder that fsspec reaches.

    Args:
        url: Of the folder, `<scheme>://...`.
        storage_options: Passed to the filesystem; never shown.

    Attributes:
        url: As it may be shown.
    """

    def __init__(self, url: object, storage_options: Mapping[str, Any] | None = None) -> None:
        self._fs, self._root, self.url = reach(url, storage_options)
        protocols = self._fs.protocol
        names = {protocols} if isinstance(protocols, str) else set(protocols)
        self._puts_whole = bool(names & _PUTS_WHOLE)
        self.local_root = self._local_root()

    def __repr__(self) -> str:
        return f"RemotePlace({self.url!r})"

    def _local_root(self) -> Path | None:
        from fsspec.implementations.local import LocalFileSystem

        return Path(self._root) if isinstance(self._fs, LocalFileSystem) else None

    def sizes(self) -> dict[str, int]:
        """Return the plain files right in the folder and what the store says of their sizes.

        Raises:
            BackupError: `recovery_remote_not_found` when there is nothing.
        """
        self._fs.invalidate_cache()
        entries: list[Any] = self._ask("list", self._fs.ls, self._root, detail=True)
        found: dict[str, int] = {}
        for entry in entries:
            name, size = self._ask("list", self._file_of, entry)
            if name:
                found[name] = size
        return found

    def _file_of(self, entry: Mapping[str, Any]) -> tuple[str, int]:
        """Return name and size of an entry; no name for what is no file right in the folder."""
        head, _, name = str(entry["name"]).rpartition("/")
        inside = head.strip("/") == self._root.strip("/")
        if entry.get("type") != "file" or entry.get("islink") or not inside:
            return "", 0
        size = entry.get("size")
        return name, size if isinstance(size, int) else -1

    def size_of(self, name: str) -> int | None:
        """Return the size of a plain file, -1 when the store does not say it, None without one."""
        self._fs.invalidate_cache()
        entry = self._ask("look into", self._info, name)
        if entry is None or entry.get("type") != "file" or entry.get("islink"):
            return None
        size = entry.get("size")
        return size if isinstance(size, int) else -1

    def _info(self, name: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._fs.info(self._path(name))
        except FileNotFoundError:
            return None
        return found

    def read(self, name: str, limit: int) -> Iterator[bytes]:
        """Yield the content of a file, at most `limit` bytes of it and one more."""
        handle = self._ask("read from", self._fs.open, self._path(name), "rb")
        left = limit + 1
        try:
            while left > 0:
                chunk = self._ask("read from", handle.read, min(_CHUNK_BYTES, left))
                if not chunk:
                    return
                left -= len(chunk)
                yield chunk
        finally:
            with suppress(Exception):  # nothing is lost by a reader that does not close
                handle.close()

    def read_small(self, names: Sequence[str], limit: int) -> list[bytes | None]:
        """Return the first `limit + 1` bytes of each file; None for what cannot be read."""
        if not names:
            return []
        paths = [self._path(name) for name in names]
        found = self._ask("read from", self._fs.cat_ranges, paths, 0, limit + 1, on_error="return")
        return [bytes(one) if isinstance(one, bytes | bytearray) else None for one in found]

    def prepare(self) -> None:
        """Make the folder, unless the store has none; a bucket is never made."""
        if self.local_root is not None:
            self._ask("make", ensure_private_dir, self.local_root)
        elif not self._puts_whole:
            self._ask("make", self._fs.makedirs, self._root, exist_ok=True)

    def write(self, name: str, chunks: Iterable[bytes], size: int) -> str:
        """Write a file that nobody takes for a finished one yet.

        Returns:
            The name it has until `settle` gives it the final one: the final one already where
            objects appear whole.
        """
        if self._puts_whole:
            self._put(name, chunks, size)
            return name
        partial = f".{name}.{secrets.token_hex(8)}.partial"
        try:
            self._fill(partial, chunks)
        except BaseException:
            self.remove_quietly(partial)
            raise
        return partial

    def settle(self, written: str, name: str) -> None:
        """Give what was written its final name."""
        if written == name:
            return
        # Where a rename fails, the `mv` of local files copies: a kill leaves half a file then.
        move = self._fs.mv if self.local_root is None else os.rename
        self._ask("write to", move, self._path(written), self._path(name))
        self.keep_names()

    def keep_names(self) -> None:
        """Bring the names on a disk through a power cut, also those of a push that was killed."""
        if self.local_root is not None:
            self._ask("write to", fsync_dir, self.local_root)

    def partials(self, names: Iterable[str]) -> dict[str, str]:
        """Return what unfinished writes left, and the name that each was for."""
        found = ((name, _PARTIAL.fullmatch(name)) for name in names)
        return {name: match["name"] for name, match in found if match}

    def remove_quietly(self, name: str) -> bool:
        """Remove a file of ours; False when the store does not let us, or it is gone."""
        try:
            self._fs.rm_file(self._path(name))
        except Exception:  # whoever calls says that it stays
            return False
        return True

    def drop_uploads(self, names: Iterable[str]) -> bool:
        """End uploads of these names that nobody finished, where a bucket keeps and bills them.

        Returns:
            False when the store does not let us look.
        """
        listed = getattr(self._fs, "list_multipart_uploads", None)
        abort = getattr(self._fs, "abort_mpu", None)
        if listed is None or abort is None:  # the store has none, or ends them by itself
            return True
        try:
            keys = {self._fs.split_path(self._path(name))[1] for name in names}
            bucket = self._fs.split_path(self._root)[0]
            for one in listed(bucket):
                if one["Key"] in keys:
                    abort(bucket, one["Key"], one["UploadId"])
        except Exception:  # whoever calls says so
            return False
        return True

    def _put(self, name: str, chunks: Iterable[bytes], size: int) -> None:
        # Committed by hand: an fsspec file that is closed, by an error too, publishes what it has.
        options: dict[str, Any] = {"autocommit": False}
        if size > _USUAL_PART_BYTES * _MOST_PARTS // 2:
            options["block_size"] = (size // (_MOST_PARTS // 2) // _CHUNK_BYTES + 1) * _CHUNK_BYTES
        handle = self._ask("write to", self._fs.open, self._path(name), "wb", **options)
        try:
            for chunk in chunks:
                self._ask("write to", handle.write, chunk)
            self._ask("write to", handle.close)
            self._ask("write to", handle.commit)
        except BaseException:
            with suppress(Exception):  # what went wrong first is what is told
                handle.discard()
            with suppress(AttributeError):  # else its finalizer would send the rest
                handle.closed = True
            raise

    def _fill(self, partial: str, chunks: Iterable[bytes]) -> None:
        handle = self._ask("write to", self._fs.open, self._path(partial), "wb")
        try:
            if self.local_root is not None:
                self._ask("write to", os.fchmod, handle.fileno(), 0o600)
            for chunk in chunks:
                self._ask("write to", handle.write, chunk)
            if self.local_root is not None:
                self._ask("write to", handle.flush)
                self._ask("write to", os.fsync, handle.fileno())
        except BaseException:
            with suppress(Exception):  # what went wrong first is what is told
                handle.close()
            raise
        self._ask("write to", handle.close)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _ask(self, action: str, function: Callable[..., T], *args: Any, **options: Any) -> T:
        try:
            return function(*args, **options)
        except ContextaError as error:
            failure: BackupError = self._failure(action, error.__cause__ or error)
        except Exception as error:
            failure = self._failure(action, error)
        raise failure  # here, so that the error of the library does not hang on it

    def _failure(self, action: str, error: BaseException) -> BackupError:
        kind = _kind_of(error)
        if isinstance(error, FileNotFoundError):
            return BackupError(
                f"Cannot {action} {self.url!r}: there is nothing ({kind}). Check the URL; a "
                "bucket must exist, and a first push makes the folder.",
                code="recovery_remote_not_found",
                details={"url": self.url, "error": kind},
            )
        if isinstance(error, PermissionError) or _NO_RIGHTS.search(kind):
            return BackupError(
                f"Cannot {action} {self.url!r}: the store does not let us ({kind}). Check the "
                "credentials that its library finds, and their rights.",
                code="recovery_remote_denied",
                details={"url": self.url, "error": kind},
            )
        return BackupError(
            f"Cannot {action} {self.url!r}: the store answered {kind}. Nothing that was there "
            "has changed; call again.",
            code="recovery_remote_failed",
            details={"url": self.url, "error": kind},
            retryable=True,
        )


def _kind_of(error: BaseException) -> str:
    """Return the class of an error, and the code in it, of which neither can hold a secret."""
    codes: list[str] = []
    current: BaseException | None = error
    for _ in range(8):
        if current is None:
            break
        number = getattr(current, "errno", None)
        if isinstance(number, int) and number in errno.errorcode:
            codes.append(errno.errorcode[number])
        response = getattr(current, "response", None)
        if isinstance(response, dict) and isinstance(response.get("Error"), dict):
            codes.append(str(response["Error"].get("Code")))
        current = current.__cause__
    named = [code for code in dict.fromkeys(codes) if _CODE.fullmatch(code)]
    return " ".join([type(error).__name__, *named])
