"""A sink that appends JSON lines to files, rotated by size."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any

from contexta.capture.results import PayloadFamily
from contexta.capture.sinks._base import BaseSink, SinkCaptureReceipt
from contexta.common.results import enum_member
from contexta.contract.errors import DispatchError
from contexta.contract.time import iso_utc_now
from contexta.store.fs import ensure_private_dir, open_private


class LocalJsonlSink(BaseSink):
    """Append one strict JSON line per payload to `<root>/<family>.jsonl`.

    A line is one `write`, so several threads and processes may share a file.
    A file that reached `max_bytes` is renamed to `<family>.<n>.jsonl`, n
    counting up from 1; nothing is ever deleted. Lines are not synced to disk.

    Args:
        storage_root: folder of the files; created with the first line.
        name: shown in deliveries and logs.
        supported_families: members or names; None means all.
        max_bytes: size after which a file is rotated; default 64 MiB.
    """

    def __init__(
        self,
        storage_root: str | os.PathLike[str],
        *,
        name: str = "local-jsonl",
        supported_families: Iterable[PayloadFamily | str] | None = None,
        max_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        super().__init__(name=name, supported_families=supported_families)
        if max_bytes < 1:
            raise ValueError(f"max_bytes must be positive, got {max_bytes!r}")
        self.storage_root = Path(storage_root).expanduser().absolute()
        self.max_bytes = max_bytes
        self._lock = Lock()

    def file_path_for(self, family: PayloadFamily | str) -> Path:
        """Return the file that lines of `family` go to."""
        return self.storage_root / f"{enum_member(PayloadFamily, family).value.lower()}.jsonl"

    def capture(self, *, family: PayloadFamily | str, payload: Any) -> SinkCaptureReceipt:
        """Append one line.

        Raises:
            DispatchError: the line could not be written; retryable.
        """
        request = self.make_request(family=family, payload=payload)
        line = {
            "captured_at": iso_utc_now(),
            "family": request.family.value,
            "payload": request.serialized_payload,
            "payload_ref": request.payload_ref,
            "payload_type": request.payload_type,
            "sink_name": self.name,
        }
        text = json.dumps(
            line, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        )
        path = self.file_path_for(request.family)
        try:
            self._append(path, text.encode("utf-8", "surrogatepass") + b"\n")
        except OSError as error:
            raise DispatchError(
                f"sink {self.name!r} could not write {path}: {error}; free space or fix the folder",
                code="local_jsonl_sink_write_failed",
                details={
                    "sink_name": self.name,
                    "path": str(path),
                    "family": request.family.value,
                },
                retryable=True,
                cause=error,
            ) from error
        return SinkCaptureReceipt.success(
            metadata={
                "path": str(path),
                "payload_ref": request.payload_ref,
                "payload_type": request.payload_type,
            }
        )

    def _append(self, path: Path, line: bytes) -> None:
        with self._lock:
            ensure_private_dir(self.storage_root)
            handle = open_private(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                if os.fstat(handle).st_size >= self.max_bytes:
                    os.close(handle)
                    self._rotate(path)
                    handle = open_private(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                written = os.write(handle, line)
                if written != len(line):
                    raise OSError(f"short write: {written} of {len(line)} bytes")
            finally:
                os.close(handle)

    def _rotate(self, path: Path) -> None:
        number = 1
        while True:
            target = path.with_name(f"{path.stem}.{number}{path.suffix}")
            try:
                # link + unlink never overwrites a file that another process rotated first.
                os.link(path, target)
            except FileExistsError:
                number += 1
                continue
            path.unlink()
            return
