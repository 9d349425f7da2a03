"""A process that appends until it is killed, and says after each append what was confirmed.

Run as `python crash_child.py <root> <folder> <max_segment_bytes>`. For each name on standard
input it forks a process that writes to the run of that name, and prints its process id. Each
process notes `sequence value` in `<folder>/<name>` after every append that returned.
"""

import os
import signal
import sys

import pyarrow.parquet  # noqa: F401 - loaded once, so that forked processes start at once

from contexta.contract.testing import builders
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext


def main(root, confirmed_path, name, max_segment_bytes):
    """Append points and records in turn, without end."""
    confirmed = os.open(confirmed_path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    config = RecordStoreConfig(root, durability_mode="flush", max_segment_bytes=max_segment_bytes)
    store = RecordStore(config)
    store.recover_dead_writers()
    writer = store.writer()
    context = SeriesContext(f"run:demo.{name}", "demo")
    number = 0
    while True:
        number += 1
        if number % 7 == 0:
            envelope = builders.record_envelope(
                run_ref=f"run:demo.{name}",
                record_ref=f"record:demo.{name}.r{number}",
                stage_execution_ref=None,
            )
            payload = builders.metric_payload(value=number)
            record = builders.metric_record(envelope=envelope, payload=payload)
            sequence = writer.append_record(record)
        else:
            series = writer.define_series(context, f"key-{number % 3}")
            sequence = writer.append_point(series, number, number)
        os.write(confirmed, b"%d %d\n" % (sequence, number))


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    root, folder, max_segment_bytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    for line in sys.stdin:
        name = line.strip()
        pid = os.fork()
        if pid == 0:
            main(root, os.path.join(folder, name), name, max_segment_bytes)
        print(pid, flush=True)
