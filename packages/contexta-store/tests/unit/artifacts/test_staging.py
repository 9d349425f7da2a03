"""Streams and staged ingests."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contexta.contract.errors import ArtifactError, ConflictError, ValidationError
from contexta.store import artifacts
from contexta.store.artifacts import IngestSession

REF = "artifact:p.r.m"


def staged(root):
    return sorted(p.name for p in (root / "staging").iterdir())


def test_chunks_become_an_artifact(store, manifest, root):
    """bytes, bytearray and memoryview are taken; the session is gone afterwards."""
    session = artifacts.begin_staged_ingest(store, " model.bin ")
    chunks = (b"ab", bytearray(b"cd"), memoryview(b"ef"), memoryview(b"g..h")[::3])
    sizes = [artifacts.write_chunk(store, session, chunk) for chunk in chunks]
    receipt = artifacts.commit_staged_ingest(store, manifest(), session)
    artifacts.abort_staged_ingest(store, session)

    assert sizes == [2, 2, 2, 2]
    assert store.read_artifact_bytes(REF) == b"abcdefgh"
    assert (receipt.binding.source_name, receipt.binding.ingest_mode) == ("model.bin", "adopt")
    assert staged(root) == []


def test_stream_is_stored_and_failures_leave_nothing(store, manifest, root):
    """A stream that breaks, or gives text, leaves no session behind."""

    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise OSError("unplugged")

    store.put_artifact_from_stream(manifest(), io.BytesIO(b"x" * 3_000_000), source_name="s")
    with pytest.raises(OSError, match="unplugged"):
        store.put_artifact_from_stream(manifest("n"), Broken(), source_name="s")
    with pytest.raises(ValidationError) as text:
        store.put_artifact_from_stream(manifest("n"), io.StringIO("text"), source_name="s")

    assert len(store.read_artifact_bytes(REF)) == 3_000_000
    assert text.value.code == "artifact_store_invalid_chunk"
    assert (staged(root), store.list_refs()) == ([], [REF])


def test_a_refused_commit_keeps_the_session_open(store, manifest, source):
    """After a conflict the same session can be committed under another ref."""
    store.put_artifact(manifest(), source)
    session = store.begin_staged_ingest("x")
    store.write_chunk(session, b"other")
    with pytest.raises(ConflictError):
        store.commit_staged_ingest(manifest(), session)
    store.commit_staged_ingest(manifest("n"), session)

    assert store.read_artifact_bytes("artifact:p.r.n") == b"other"


def test_sessions_are_known_by_id_only(store, opened, manifest, tmp_path, source):
    """A session made by hand, or of another store, writes and deletes nothing."""
    forged = IngestSession("x" * 32, source, "x")
    foreign = opened().begin_staged_ingest("x")
    stolen = IngestSession(foreign.session_id, source, "x")
    before = source.read_bytes()
    for session in (forged, stolen, IngestSession("../../..", tmp_path, "x")):
        with pytest.raises(ArtifactError) as caught:
            store.write_chunk(session, b"!")
        assert caught.value.code == "artifact_store_missing_session"
        store.abort_staged_ingest(session)

    assert source.read_bytes() == before
    assert foreign.staging_path.exists()


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda s: s.begin_staged_ingest("  "), "artifact_store_invalid_source_name"),
        (lambda s: s.write_chunk("x", b""), "artifact_store_invalid_session"),
        (lambda s: s.write_chunk(s.begin_staged_ingest("x"), "t"), "artifact_store_invalid_chunk"),
    ],
)
def test_bad_arguments_are_refused(store, call, code):
    """Blank names, no session, no bytes."""
    with pytest.raises(ValidationError) as caught:
        call(store)

    assert caught.value.code == code


def test_a_lost_staging_file_is_named(store):
    """Writing after the file was removed raises `artifact_store_missing_staging_file`."""
    session = store.begin_staged_ingest("x")
    session.staging_path.unlink()
    with pytest.raises(ArtifactError) as caught:
        store.write_chunk(session, b"x")

    assert caught.value.code == "artifact_store_missing_staging_file"


def test_adopt_consumes_a_path_that_the_store_gave_out(store, manifest, source, root):
    """A file at a staging path is taken over; any other source is refused and stays."""
    path = store.create_staging_path("weights.bin")
    absent = path.exists()
    path.write_bytes(b"mine")
    store.put_artifact(manifest(), path, mode="adopt")
    with pytest.raises(ValidationError) as caught:
        store.put_artifact(manifest("n"), source, mode="adopt")

    assert (absent, path.exists(), staged(root)) == (False, False, [])
    assert store.read_artifact_bytes(REF) == b"mine"
    assert caught.value.code == "artifact_store_invalid_adopt_source"
    assert source.exists()


def test_links_cannot_be_adopted(store, manifest, source):
    """A link at a staging path would consume a file elsewhere."""
    path = store.create_staging_path("x")
    path.symlink_to(source)
    with pytest.raises(ValidationError):
        store.put_artifact(manifest(), path, mode="adopt")

    assert source.exists()


def test_clean_up_spares_what_is_being_written(store, opened, root):
    """Sessions and staging paths of living stores stay, also when another store sweeps."""
    session = store.begin_staged_ingest("x")
    path = store.create_staging_path("y")
    other = opened()
    removed = other.remove_abandoned_staging() + artifacts.remove_abandoned_staging(store)

    assert removed == []
    assert store.write_chunk(session, b"x") == 1
    assert path.parent.exists()


def test_what_a_killed_writer_left_is_removed_at_the_next_open(root, opened):
    """A session of a dead process is swept; its folder is gone."""
    code = (
        "import os, sys\nfrom contexta.store.artifacts import ArtifactStore, VaultConfig\n"
        "s = ArtifactStore(VaultConfig(root_path=sys.argv[1]))\n"
        "s.write_chunk(s.begin_staged_ingest('x'), b'half')\nos.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(root)], check=False)
    left = staged(root)
    opened()

    assert (len(left), staged(root)) == (1, [])


def test_a_forked_child_leaves_its_parents_sessions_alone(store, fork):
    """Closing the store in a child does not remove what the parent is writing."""
    session = store.begin_staged_ingest("x")
    child = fork()
    if child == 0:
        store.close()
        os._exit(0)
    os.waitpid(child, 0)

    assert store.write_chunk(session, b"x") == 1


def test_closing_gives_up_open_sessions(opened, root):
    """`close` removes what was not committed."""
    with opened() as store:
        path = store.begin_staged_ingest("x").staging_path

    assert not Path(path).exists()
    assert staged(root) == []
