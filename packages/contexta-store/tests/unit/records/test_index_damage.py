"""A damaged index never changes an answer, and never raises."""

import os
import random
import shutil
import sqlite3

import pytest

from contexta.store.records import RecordStore, RecordStoreConfig
from contexta.store.records._index import INDEX_NAME

RUNS = [f"run:demo.run-{number}" for number in range(40)]


def flip(path, chance):
    """Flip one bit."""
    content = bytearray(path.read_bytes())
    position = chance.randrange(len(content))
    content[position] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path, chance):
    """Cut the file."""
    os.truncate(path, chance.randrange(path.stat().st_size))


def zero(path, chance):
    """Zero a block."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(chance.randrange(0, size, 512))
        file.write(bytes(chance.choice([512, 4096, 16384])))


def mix(path, chance):
    """Put a block of one place into another."""
    content = bytearray(path.read_bytes())
    pages = len(content) // 4096
    source, target = chance.randrange(pages), chance.randrange(pages)
    content[target * 4096 : (target + 1) * 4096] = content[source * 4096 : (source + 1) * 4096]
    path.write_bytes(content)


def lose_rows(path, chance):
    """Delete rows as only SQLite can, so that nothing but our own checks can tell."""
    connection = sqlite3.connect(path)
    connection.execute(f"DELETE FROM chunk WHERE id % 7 = {chance.randrange(7)}")
    connection.commit()
    connection.close()


def exchange_rows(path, chance):
    """Give chunks the content of others."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE chunk SET body = (SELECT body FROM chunk ORDER BY random() LIMIT 1)")
    connection.commit()
    connection.close()


def leave_journal(path, chance):
    """Leave a journal of something else beside the file."""
    path.with_name(path.name + "-journal").write_bytes(chance.randbytes(2000))


def delete(path, _):
    """Delete the file."""
    path.unlink()


DAMAGES = [flip, flip, flip, cut, zero, mix, lose_rows, exchange_rows, leave_journal, delete]


def asked(store):
    """Return what the index answers, rounded: merged means may differ in the last digits."""
    summaries = [
        (s.run_ref, s.metric_key, s.count, s.first, s.last, s.max, s.last_record_ref)
        for s in store.metric_summaries()
    ]
    one = store.metric_summaries(RUNS[3:4])
    series = [store.series(run, "loss").to_pylist() for run in RUNS[::9]]
    return repr(
        [
            summaries,
            [(s.count, s.last) for s in one],
            series,
            store.last_values("loss").to_pylist(),
            [store.record_counts(run) for run in RUNS[::13]],
            store.run_refs(),
            store.metric_keys(),
            store.arrow("metric", run_refs=RUNS[5:6], columns=["sequence"]).to_pylist(),
        ]
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A sealed store in several parts, with its index, and the answers without it."""
    root = tmp_path_factory.mktemp("template") / "records"
    with RecordStore(RecordStoreConfig(root, durability_mode="flush")) as store:
        for number, run in enumerate(RUNS):
            store.append_metrics(run, "loss", [step / 8 for step in range(10)])
            store.append_metrics(run, "accuracy", [step / 8 for step in range(1 + number)])
            if number % 10 == 9:
                store.seal()
        asked(store)
    with RecordStore(RecordStoreConfig(root, enable_indexes=False)) as plain:
        return root, asked(plain)


@pytest.fixture
def built(template, root):
    """A copy of that store to damage, and the answers."""
    source, answers = template
    shutil.copytree(source, root)
    return answers


ROUNDS = int(os.environ.get("INDEX_DAMAGE_ROUNDS", "2"))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_damaged_index_never_changes_an_answer(built, root, tmp_path, damage, read_only):
    """Bits, cuts, zeroed and mixed blocks, lost and exchanged rows: the answers stay equal."""
    index = root / INDEX_NAME
    shutil.copy(index, tmp_path / "intact")
    chance = random.Random(f"{damage.__name__}-{read_only}")
    found = set()
    for _ in range(ROUNDS):
        shutil.copy(tmp_path / "intact", index)
        damage(index, chance)
        with RecordStore(RecordStoreConfig(root, read_only=read_only)) as store:
            found.update([asked(store), asked(store)])

    assert found == {built}


def test_damage_under_an_open_handle_never_changes_an_answer(built, root):
    """A handle that has read the file meets damage in its next answer."""
    chance = random.Random(7)
    found = set()
    with RecordStore(RecordStoreConfig(root)) as store:
        for damage in (flip, zero, delete, cut):
            found.add(asked(store))
            store._index.segments.clear()
            damage(root / INDEX_NAME, chance)
        found.add(asked(store))

    assert found == {built}


def test_a_damaged_index_is_mended_by_the_next_writable_reader(built, root):
    """Lost rows are written again; afterwards nothing is missing."""
    lose_rows(root / INDEX_NAME, random.Random(3))
    with RecordStore(RecordStoreConfig(root)) as store:
        asked(store)
        state = store._index.state()
        for segment in state.segments:
            for family in (1, 2, 3, 4):
                store._index.segments.rows(segment, family)

    assert sum(segment.parts for segment in state.segments) == 4
