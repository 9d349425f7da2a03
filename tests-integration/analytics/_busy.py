"""A process that keeps a store busy: one writes and seals, another one compacts."""

import sys
import time
from pathlib import Path

from contexta.contract.testing import builders as build
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

RUN = "run:demo.run-1"
ROWS_PER_SEAL = 500


def write(root: Path, stop: Path, sealed: Path) -> None:
    """Append points whose value is half their number; say how many are in Parquet."""
    context = SeriesContext(RUN, "demo", *[None] * 5, "sdk.python.local", "1.0.0", None, None)
    with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
        writer = store.writer()
        series = writer.define_series(context, "loss")
        store.append(build.structured_event_record())
        number = 1
        while not stop.exists():
            for _ in range(ROWS_PER_SEAL):
                number = writer.append_point(
                    series, 1_700_000_000_000_000 + number, (number + 1) / 2
                )
            store.seal()
            sealed.with_suffix(".new").write_text(str(number))
            sealed.with_suffix(".new").replace(sealed)
            time.sleep(0.02)


def compact(root: Path, stop: Path, pause: Path) -> None:
    """Merge parts again and again, every other time all of them."""
    number = 0
    with RecordStore(RecordStoreConfig(root)) as store:
        while not stop.exists():
            store.compact(full=number % 2 == 0)
            number += 1
            time.sleep(float(pause.name))


if __name__ == "__main__":
    {"write": write, "compact": compact}[sys.argv[1]](*map(Path, sys.argv[2:]))
