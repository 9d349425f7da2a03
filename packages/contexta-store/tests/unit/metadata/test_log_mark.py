"""A write-ahead log that rotted after its writers were killed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from contexta.contract.errors import IntegrityError, NotFoundError
from contexta.store.metadata import (
    MetadataStore,
    MetadataStoreConfig,
    accept_damaged_log,
)

_WRITING = """
import os, signal, sys, threading
from contexta.contract import Project, Run
from contexta.store.metadata import MetadataStore, MetadataStoreConfig

T = "2026-01-01T00:00:00Z"
path, name, after = sys.argv[1], sys.argv[2], float(sys.argv[3])
store = MetadataStore(MetadataStoreConfig(database_path=path))
store.projects.put_project(Project(project_ref="project:p", name="p", created_at=T))

def run(number):
    own = f"{name}-{number}"
    return Run(run_ref=f"run:p.{own}", project_ref="project:p", name=own, status="open",
               started_at=T, description="d" * 3000)

threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL)).start()
number = 0
while True:
    store.runs.put_many([run(number), run(number + 1)])
    number += 2
    os.write(1, b"%d\\n" % number)
    try:
        with store.transaction():
            store.runs.put_many([run(10**6 + n) for n in range(20)])
            raise KeyError
    except KeyError:
        pass
"""


def put_and_die(path, make, **settings):
    store = MetadataStore(MetadataStoreConfig(database_path=path, **settings))
    store.projects.put_project(make.project())
    for number in range(5):
        store.runs.put_run(make.run(f"r-{number}", description="d" * 3000))
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def start_killed(fork, make):
    """Start the only writer of a ledger, which is killed behind five confirmed runs."""

    def start(path, **settings):
        child = fork()
        if child == 0:
            try:
                put_and_die(path, make, **settings)
            finally:
                os._exit(1)
        return child

    return start


@pytest.fixture
def killed(start_killed):
    """The same, and wait for its end."""

    def left(path, **settings):
        child = start_killed(path, **settings)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    return left


def log_of(path):
    return path.with_name(path.name + "-wal")


def flip(path, at):
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 4]))


@pytest.mark.parametrize("place", [0, 17, 40, -2000])
def test_a_flipped_bit_in_the_log_is_an_error_at_open(killed, path, place):
    """Wherever it is: SQLite itself would drop confirmed puts without a word."""
    killed(path)
    log = log_of(path)
    size = log.stat().st_size
    flip(log, min(place % size, size - 5000) if place > 0 else place % size)
    before = log.read_bytes()
    with pytest.raises(IntegrityError) as caught:
        MetadataStore(MetadataStoreConfig(database_path=path))

    assert caught.value.code == "metadata_log_damaged"
    assert caught.value.details["lost_frames"] > 0
    assert log.read_bytes() == before


def test_a_cut_log_is_an_error_at_open(killed, path):
    """Confirmed puts were in the part that is gone."""
    killed(path)
    log = log_of(path)
    os.truncate(log, log.stat().st_size - 4096)
    with pytest.raises(IntegrityError) as caught:
        MetadataStore(MetadataStoreConfig(database_path=path))

    assert caught.value.code == "metadata_log_damaged"


def test_one_can_go_on_without_what_a_damaged_log_lost(killed, path):
    """A read-only check names it; after accepting, the rest is served, and the log is kept."""
    killed(path)
    config = MetadataStoreConfig(database_path=path)
    log = log_of(path)
    flip(log, log.stat().st_size - 3000)
    with MetadataStore(config.model_copy(update={"read_only": True})) as store:
        codes = [issue.code for issue in store.check_integrity().issues]
    damaged = log.read_bytes()
    copy = accept_damaged_log(config)
    with MetadataStore(config) as store:
        names = [run.name for run in store.runs.list_runs(order_by="name")]
        after = store.check_integrity().issues
    with pytest.raises(NotFoundError):
        accept_damaged_log(config)

    assert codes == ["metadata_log_damaged"]
    assert (copy.parent, copy.read_bytes()) == (path.parent / "backups", damaged)
    assert names == ["r-0", "r-1", "r-2", "r-3"]
    assert after == ()


def test_killed_writers_raise_no_false_alarm(path):
    """Two writers at a time, killed at any moment, with undone transactions in between."""
    dice = random.Random(5)
    confirmed = 0
    for turn in range(2):
        commands = [
            [sys.executable, "-c", _WRITING, path, f"w{turn}{n}", str(dice.random() + 0.1)]
            for n in range(2)
        ]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE) for command in commands]
        for child in children:
            lines = child.communicate()[0].splitlines()
            confirmed += int(lines[-1]) if lines else 0
        with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
            issues = store.check_integrity().issues
            found = len(store.runs.list_runs())

        assert issues == ()
        assert confirmed <= found


def test_a_copy_of_the_folder_is_not_measured_by_the_mark(killed, path, tmp_path):
    """A copy that caught the log earlier than the mark opens with what it has."""
    killed(path)
    copy = tmp_path / "copy" / path.name
    shutil.copytree(path.parent, copy.parent)
    os.truncate(log_of(copy), log_of(copy).stat().st_size - 4096)
    with MetadataStore(MetadataStoreConfig(database_path=copy)) as store:
        names = [run.name for run in store.runs.list_runs(order_by="name")]

    assert names == ["r-0", "r-1", "r-2", "r-3"]


def test_a_damaged_mark_is_no_mark(killed, path):
    """The log is then believed as SQLite believes it."""
    killed(path)
    lock = Path(f"{path}-lock")
    flip(lock, 9)
    with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
        found = len(store.runs.list_runs())

    assert found == 5


def test_without_full_synchronization_nothing_is_marked(killed, path):
    """A mark could outlive, in a power cut, the frames that it speaks of."""
    killed(path, synchronous="normal")

    assert Path(f"{path}-lock").read_bytes() == b""


_SAME_NUMBER = """
import os, sys
from pathlib import Path
from contexta.contract import Project
from contexta.contract.errors import IntegrityError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig

path, again = sys.argv[1], sys.argv[2]
if again == "no":
    store = MetadataStore(MetadataStoreConfig(database_path=path))
    for name in ("p", "q"):
        store.projects.put_project(
            Project(project_ref="project:" + name, name=name, created_at="2026-01-01T00:00:00Z"))
    os.execv(sys.executable, [sys.executable, "-c", sys.argv[3], path, "yes"])
log = Path(path + "-wal")
content = bytearray(log.read_bytes())
content[-2000] ^= 4
log.write_bytes(content)
try:
    MetadataStore(MetadataStoreConfig(database_path=path))
except IntegrityError as error:
    print(error.code)
"""


def test_a_damaged_log_is_seen_by_a_process_with_the_number_of_the_dead_writer(tmp_path):
    """A container gives the same process id at each start; it says nothing about who lives."""
    command = [sys.executable, "-c", _SAME_NUMBER, str(tmp_path / "l"), "no", _SAME_NUMBER]
    found = subprocess.run(command, check=True, capture_output=True, text=True)

    assert found.stdout.split() == ["metadata_log_damaged"]


def test_a_damaged_log_is_seen_although_an_unrelated_process_has_the_number(killed, path):
    """A number that was given again is told by the start of the process that has it."""
    killed(path)
    lock = path.with_name(path.name + "-lock")
    mark = lock.read_bytes()[:36]
    dead = int.from_bytes(mark[28:], "little")
    alive = (dead >> 32 << 32) | os.getppid()
    mark = mark[:28] + alive.to_bytes(8, "little")
    lock.write_bytes(mark + zlib.crc32(mark).to_bytes(4, "little"))
    flip(log_of(path), -2000 % log_of(path).stat().st_size)
    with pytest.raises(IntegrityError) as caught:
        MetadataStore(MetadataStoreConfig(database_path=path))

    assert caught.value.code == "metadata_log_damaged"


def test_a_damaged_log_is_seen_before_the_dead_writer_was_waited_for(start_killed, path):
    """A killed process keeps its number until its parent asks for it."""
    child = start_killed(path)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    flip(log_of(path), -2000 % log_of(path).stat().st_size)
    with pytest.raises(IntegrityError) as caught:
        MetadataStore(MetadataStoreConfig(database_path=path))
    os.waitpid(child, 0)

    assert caught.value.code == "metadata_log_damaged"
