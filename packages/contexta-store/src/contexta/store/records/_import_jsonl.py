"""Import of JSON lines, every line of which is untrusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from contexta.contract.errors import ContextaError, SerializationError, ValidationError
from contexta.contract.wire import load_json
from contexta.store.records._encoding import record_classes
from contexta.store.records._export_jsonl import STORE_MEMBER
from contexta.store.records._import_state import Account, ImportOptions, source_invalid
from contexta.store.records._receipts import ImportReport

if TYPE_CHECKING:
    from contexta.store.records._models import AnyRecord
    from contexta.store.records._store_writing import StoreWriting

_CHUNK_RECORDS = 2000
_CHUNK_BYTES = 4 << 20
# Escaped text takes six bytes for one; a longer line cannot hold a record that would be taken.
_LINE_FACTOR = 6
_ENVELOPE_REFS = (
    "record_ref",
    "run_ref",
    "stage_execution_ref",
    "batch_execution_ref",
    "sample_observation_ref",
    "operation_context_ref",
)


class _Line(NamedTuple):
    number: int
    record: AnyRecord


class JsonlImport:
    """One import of one file."""

    def __init__(self, store: StoreWriting, options: ImportOptions, max_bytes: int) -> None:
        self._store = store
        self._options = options
        self._max_line = _LINE_FACTOR * max_bytes + 4096

    def run(self, source: Path) -> ImportReport:
        """Read the file to its end; see `RecordStore.import_jsonl`."""
        self._source = str(source)
        self._account = Account(self._source)
        chunk: list[_Line] = []
        size = 0
        try:
            with source.open("rb") as file:
                for number, raw in self._lines(file):
                    record = self._record(number, raw)
                    if record is None:
                        continue
                    chunk.append(_Line(number, record))
                    size += len(raw)
                    if len(chunk) >= _CHUNK_RECORDS or size >= _CHUNK_BYTES:
                        self._append(chunk)
                        chunk, size = [], 0
        except OSError as error:
            if isinstance(error, ContextaError):
                raise
            raise source_invalid(source, str(error), error) from error
        self._append(chunk)
        return self._account.report()

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        number = 0
        while raw := file.readline(self._max_line + 1):
            number += 1
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if len(raw) > self._max_line:
                self._account.read += 1
                self._reject(number, "record_too_large", f"has more than {self._max_line} bytes")
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(1 << 20)
                continue
            if raw.strip():
                self._account.read += 1
                yield number, raw

    def _record(self, number: int, raw: bytes) -> AnyRecord | None:
        document: Any = None
        try:
            document = load_json(raw.decode("utf-8"), f"line {number}")
            return self._read(document)
        except UnicodeDecodeError as error:
            self._reject(number, "record_scan_invalid_encoding", str(error))
        except ContextaError as error:
            self._reject(number, error.code, error.message, _ref_of(document))
        except (RecursionError, TypeError, ValueError, AttributeError) as error:
            self._reject(number, "serialization_error", f"{type(error).__name__}: {error}")
        return None

    def _read(self, document: Any) -> AnyRecord:
        if not isinstance(document, dict) or not isinstance(document.get("envelope"), dict):
            raise SerializationError(
                "The line is no record: it has no envelope.",
                code="record_scan_invalid_record_envelope",
            )
        store_fields = document.pop(STORE_MEMBER, None)
        record_class = record_classes().get(str(document["envelope"].get("record_type")))
        if record_class is None:
            raise ValidationError(
                f"{document['envelope'].get('record_type')!r:.100} is not a record type.",
                code="record_store_invalid_record_type",
            )
        old_run = str(document["envelope"].get("run_ref"))
        self._rename(document)
        payload = document.get("payload")
        has_origin = document["envelope"]["record_type"] in ("event", "degraded")
        if self._options.mark_imported and has_origin and isinstance(payload, dict):
            payload["origin_marker"] = "imported"
        record: AnyRecord = record_class.model_validate(document)
        if isinstance(store_fields, dict):
            self._account.lost.update(str(name)[:100] for name in list(store_fields)[:100])
        if old_run != str(record.envelope.run_ref):
            self._account.renamed[old_run] += 1
        return record

    def _rename(self, document: dict[str, Any]) -> None:
        if not self._options.runs:
            return
        envelope, payload = document["envelope"], document.get("payload")
        for name in _ENVELOPE_REFS:
            if isinstance(envelope.get(name), str):
                envelope[name] = self._options.ref(envelope[name])
        if not isinstance(payload, dict):
            return
        if isinstance(payload.get("subject_ref"), str):
            payload["subject_ref"] = self._options.ref(payload["subject_ref"])
        if isinstance(payload.get("linked_refs"), list):
            payload["linked_refs"] = [
                self._options.ref(ref) if isinstance(ref, str) else ref
                for ref in payload["linked_refs"]
            ]

    def _append(self, chunk: list[_Line]) -> None:
        if not chunk:
            return
        result = self._store.append_many(
            [line.record for line in chunk], skip_existing=self._options.skip_existing
        )
        self._account.imported.update(receipt.record_type for receipt in result.accepted)
        self._account.skipped.update(skip.record_type for skip in result.skipped)
        for lost in result.rejected:
            self._reject(chunk[lost.index].number, lost.code, lost.message, lost.record_ref)

    def _reject(self, number: int, code: str, message: str, ref: str | None = None) -> None:
        self._account.reject(self._source, number, code, message, ref)


def _ref_of(document: object) -> str | None:
    envelope = document.get("envelope") if isinstance(document, dict) else None
    ref = envelope.get("record_ref") if isinstance(envelope, dict) else None
    return ref[:255] if isinstance(ref, str) else None
