"""A child that is forked while the parent seals in the background can do everything."""

import subprocess
import sys

PROCESS = """
import faulthandler, os, sys, time, warnings
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

warnings.simplefilter("ignore", DeprecationWarning)
config = RecordStoreConfig(sys.argv[1], durability_mode="flush", max_segment_bytes=2000)
store = RecordStore(config)
writer = store.writer()
series = writer.define_series(SeriesContext("run:demo.run-1", "demo"), "loss")
for number in range(100):
    writer.append_point(series, number, number)
while "pyarrow" not in sys.modules:  # the sealing thread is about to import it
    time.sleep(0.001)
pid = os.fork()
if pid == 0:
    faulthandler.dump_traceback_later(300, exit=True)
    writer.append_point(series, 100, 100)
    store.close()
    os._exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
writer.append_point(series, 101, 101)
store.close()
sys.exit(code)
"""


def test_a_child_forked_while_pyarrow_is_imported_in_the_background_does_not_hang(root, open_store):
    """The fork waits for the import; the child seals what it wrote."""
    command = [sys.executable, "-c", PROCESS, str(root)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    store = open_store()
    values = sorted(stored.record.payload.value for stored in store.scan())

    assert (finished.returncode, finished.stderr) == (0, "")
    assert values == list(range(102))
    assert store.check_integrity().issues == ()
