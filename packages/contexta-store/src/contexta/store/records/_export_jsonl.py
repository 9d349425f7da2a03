"""Records as canonical JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

from contexta.store.records._export_file import new_file
from contexta.store.records._models import ReplayResult, StoredRecord
from contexta.store.records._replay import Replay

_BUFFER_BYTES = 1 << 20
STORE_MEMBER = "store"


def export_records(
    replay: Replay, destination: Path, *, include_store_fields: bool = False
) -> ReplayResult:
    """Write one JSON line per record; the file appears whole or not at all.

    Args:
        replay: Where the records come from.
        destination: File to write; an existing one is replaced.
        include_store_fields: Whether each line has a member `store` with `sequence`,
            `appended_at` and `writer_id`, so that nothing is lost.

    Raises:
        ReplayError: In strict mode, when damage is met; the destination is untouched.
        RecordError: `record_export_destination_invalid`, when it is a folder.
        StoreAccessError: When it cannot be written.
    """
    count = 0
    with new_file(destination) as fd, open(fd, "wb", buffering=_BUFFER_BYTES, closefd=False) as out:
        for stored in replay.records():
            line = _with_store(stored) if include_store_fields else stored.record.to_json()
            out.write(line.encode("utf-8") + b"\n")
            count += 1
    return replay.result((), count)


def _with_store(stored: StoredRecord) -> str:
    document = json.loads(stored.record.to_json())
    document[STORE_MEMBER] = {
        "appended_at": stored.appended_at,
        "sequence": stored.sequence,
        **({} if stored.writer_id is None else {"writer_id": stored.writer_id}),
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
