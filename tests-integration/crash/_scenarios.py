"""What a program does when it is killed, or its disk fails, by name.

Each kind of work has three methods: `prepare` makes the folder once, `work` changes it and says
what was confirmed, `problems` looks at what is left and lists what must not be.
"""

from __future__ import annotations

import _work_artifacts as artifacts
import _work_capture as capture
import _work_ledger as ledger
import _work_records as records

SCENARIOS = {
    "append": records.Records,
    "append-flushed": records.Flushed,
    "append-long": records.LongFlushed,
    "append-first": records.FirstUse,
    "bulk": records.Bulk,
    "seal": records.Seal,
    "compact": records.Compact,
    "rebuild-index": records.RebuildIndex,
    "erase": records.Erase,
    "put": ledger.Metadata,
    "put-first": ledger.FirstLedger,
    "migrate": ledger.Migrate,
    "artifact": artifacts.Artifacts,
    "capture": capture.Capture,
}
#: These confirm before the disk has it: a power cut may take the last moments.
UNSYNCED = ("append-flushed", "append-long", "capture")
