"""What scripts of the first version rely on in the artifact plane, beyond names."""

import hashlib
import io
import json

import pytest

from contexta.contract.errors import (
    ArtifactError,
    ConflictError,
    ContextaError,
    NotFoundError,
    ReadOnlyStoreError,
    SerializationError,
    ValidationError,
)
from contexta.contract.testing import builders as b
from contexta.store import artifacts as a

OF_1_0 = """
    package_format_version artifact_ref artifact_kind exported_at body_file binding_file
    manifest_file source_layout_version
    """


def manifest(name="m", **more):
    return b.artifact_manifest(
        artifact_ref=f"artifact:demo.run-1.{name}",
        artifact_kind="checkpoint",
        location_ref="w.bin",
        **{"hash_value": None, "size_bytes": None, **more},
    )


def ref(name="m"):
    return f"artifact:demo.run-1.{name}"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def spoil(path, data):
    path.chmod(0o600)
    path.write_bytes(data)


@pytest.fixture
def opened(tmp_path):
    stores = []

    def open_store(folder="store", **settings):
        stores.append(a.ArtifactStore(a.VaultConfig(tmp_path / folder, **settings)))
        return stores[-1]

    yield open_store
    for each in stores:
        each.close()


@pytest.fixture
def store(opened):
    return opened()


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "w.bin"
    path.write_bytes(b"weights")
    return path


def test_a_receipt_says_what_was_stored(store, source):
    """The binding is made now, by this store; the path can be read directly."""
    receipt = store.put_artifact(manifest(), str(source))
    binding = receipt.binding

    assert (7, 7, "sha256", sha256(b"weights"), "copy", "w.bin", "v1") == (
        *(receipt.bytes_written, binding.size_bytes, binding.hash_algorithm),
        *(binding.hash_value, binding.ingest_mode, binding.source_name, binding.layout_version),
    )
    assert binding.binding_id.startswith("binding-")
    assert len("binding-") + 32 == len(binding.binding_id)
    assert binding.created_at > manifest().created_at
    assert b"weights" == receipt.path.read_bytes() == source.read_bytes()
    assert binding.manifest_snapshot == manifest()


def test_putting_again_writes_nothing_and_leaves_the_source(store, source):
    """In every mode; other bytes are a conflict."""
    first = store.put_artifact(manifest(), source)
    again = store.put_artifact(manifest(), source, mode="MOVE")
    source.write_bytes(b"other")
    with pytest.raises(ConflictError) as caught:
        store.put_artifact(manifest(), source)

    assert (0, first.binding) == (again.bytes_written, again.binding)
    assert ("artifact_binding_conflict", ref()) == (
        *(caught.value.code,),
        caught.value.details["artifact_ref"],
    )


def test_a_manifest_may_be_a_mapping(store, source):
    """One that is no manifest is a SerializationError."""
    store.put_artifact(manifest().to_dict(), source)
    with pytest.raises(SerializationError):
        store.put_artifact({"artifact_ref": ref()}, source)

    assert manifest() == store.get_artifact(ref()).binding.manifest_snapshot


def test_claims_count_as_the_mode_says(opened, source):
    """Nothing is bound when they are wrong, and a moved source stays."""
    codes = []
    for mode, claims in (
        ("none", {"size_bytes": 1}),
        ("stored", {"hash_value": "0" * 64}),
        ("manifest_if_available", {"size_bytes": 1}),
        ("manifest_if_available", {"hash_value": "0" * 64}),
        ("strict", {"size_bytes": 7}),
        ("strict", {"size_bytes": 7, "hash_value": sha256(b"weights")}),
    ):
        store = opened(f"s{len(codes)}", verification_mode=mode)
        try:
            store.put_artifact(manifest(**claims), source, mode="move")
        except ArtifactError as error:
            codes.append(error.code)
            assert source.exists()
            assert [] == store.list_refs()
        else:
            codes.append(None)
            assert [ref()] == store.list_refs()
            source.write_bytes(b"weights")

    assert [
        *(None, None, "artifact_store_size_mismatch", "artifact_store_hash_mismatch"),
        *("artifact_store_strict_verification_missing_claims", None),
    ] == codes


def test_adopted_files_are_consumed_from_staging_only(store, source):
    """A path for one is fresh, not created, and inside of the store."""
    path = store.create_staging_path("w.bin")
    with pytest.raises(ValidationError) as caught:
        store.put_artifact(manifest(), source, mode="adopt")
    assert not path.exists()
    assert path != store.create_staging_path("w.bin")
    path.write_bytes(b"adopted")
    receipt = store.put_artifact(manifest(), path, mode="adopt")

    assert "artifact_store_invalid_adopt_source" == caught.value.code
    assert ("adopt", False, b"adopted") == (
        *(receipt.binding.ingest_mode, path.exists()),
        store.read_artifact_bytes(ref()),
    )


def test_a_session_lives_until_it_is_committed_or_aborted(store, source):
    """A conflict leaves it open; aborting is harmless at any time."""
    store.put_artifact(manifest("taken"), source)
    session = a.begin_staged_ingest(store, "  n.bin ")
    written = [a.write_chunk(store, session, each) for each in (b"abc", bytearray(b"de"))]
    with pytest.raises(ConflictError):
        store.commit_staged_ingest(manifest("taken"), session)
    receipt = store.commit_staged_ingest(manifest(), session)
    store.abort_staged_ingest(session)
    codes = []
    for call in (
        lambda: store.write_chunk(session, b"x"),
        lambda: store.commit_staged_ingest(manifest("new"), session),
        lambda: store.write_chunk("session", b"x"),
        lambda: store.write_chunk(store.begin_staged_ingest("x"), "text"),
        lambda: store.begin_staged_ingest(" "),
    ):
        with pytest.raises(ContextaError) as caught:
            call()
        codes.append(caught.value.code.removeprefix("artifact_store_"))

    assert ([3, 2], 5, "n.bin") == (
        *(written, receipt.bytes_written),
        receipt.binding.source_name,
    )
    assert [
        *("missing_session", "missing_session", "invalid_session", "invalid_chunk"),
        "invalid_source_name",
    ] == codes


def test_a_stream_is_adopted_and_a_failing_one_leaves_nothing(store):
    """The error of the stream is raised as it is."""

    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise KeyError("broken")

    receipt = store.put_artifact_from_stream(manifest(), io.BytesIO(b"abc"), source_name="s.bin")
    with pytest.raises(KeyError):
        store.put_artifact_from_stream(manifest("x"), Broken(), source_name="x")

    assert ("adopt", "s.bin", 3) == (
        *(receipt.binding.ingest_mode, receipt.binding.source_name),
        receipt.bytes_written,
    )
    assert ([ref()], []) == (store.list_refs(), store.remove_abandoned_staging())


def test_reads_ask_first_whether_there_is_something(store, source):
    """Then for the mode; chunks fail at the first, text that is no ref does not exist."""
    store.put_artifact(manifest(), source)
    with pytest.raises(NotFoundError) as unbound:
        store.open_artifact(ref("none"), mode="w")
    for mode in ("r", "wb", "ab", "rb+"):
        with pytest.raises(ValueError, match="mode"):
            store.open_artifact(ref(), mode=mode)
    broken = [store.iter_artifact_chunks(ref(), chunk_size=0), store.iter_artifact_chunks(ref("n"))]
    for chunks, error in zip(broken, (ValueError, NotFoundError), strict=True):
        with pytest.raises(error):
            next(chunks)

    assert "artifact_store_binding_not_found" == unbound.value.code
    assert [b"weig", b"hts"] == list(store.iter_artifact_chunks(ref(), chunk_size=4))
    assert (True, False, False) == tuple(map(store.artifact_exists, (ref(), ref("n"), "no ref")))


def test_damage_is_swept_counted_and_planned_in_a_fixed_order(store, tmp_path):
    """By ref, then files that belong to nothing; a quarantined body makes its ref missing."""
    paths = {}
    for name in "abcd":
        (tmp_path / name).write_bytes(name.encode() * 3)
        paths[name] = store.put_artifact(manifest(name), tmp_path / name).path
    spoil(paths["b"], b"bbbb")
    spoil(paths["c"], b"cxc")
    paths["d"].unlink()
    orphan = paths["a"].parent.parent / "ff" / ("f" * 64)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"orphan")
    sweep, summary = store.verify_all(), store.inspect_store()
    plan = store.build_repair_plan()
    moved = store.quarantine_bound_artifact(ref("b"))

    assert ["verified", "size_mismatch", "hash_mismatch", "missing"] == [
        record.status for record in sweep.verification_records
    ]
    assert ([ref("d")], [ref("b"), ref("c")], [orphan]) == (
        *(list(sweep.missing_refs), list(sweep.drifted_refs)),
        list(sweep.orphan_paths),
    )
    assert (4, 12, {"checkpoint": 4}, 1, 1, 2, 1) == (
        *(summary.artifact_count, summary.total_size_bytes, dict(summary.kinds)),
        *(summary.verified_count, summary.missing_count, summary.drift_count),
        summary.orphan_count,
    )
    assert (
        *(f"refresh_verification:{ref('b')}", f"quarantine_bound_artifact:{ref('b')}"),
        *(f"refresh_verification:{ref('c')}", f"quarantine_bound_artifact:{ref('c')}"),
        *(f"refresh_verification:{ref('d')}", f"quarantine_orphan_body:{orphan}"),
    ) == tuple(plan.actions)
    assert moved.exists()
    assert "missing" == store.verify_artifact(ref("b")).status


def test_plans_of_a_healthy_store(store, source):
    """An empty one says so; retention and migration are advice."""
    empty = store.build_repair_plan().actions, store.plan_migration()
    for name in "ab":
        store.put_artifact(manifest(name), source)
    plan = store.plan_retention(refs_to_keep=(each for each in (ref("a"), ref("unknown"))))

    assert ("noop:artifact_store_healthy_or_empty",) == tuple(empty[0])
    assert (None, ("bootstrap:new_store",)) == (
        empty[1].source_layout_version,
        tuple(empty[1].actions),
    )
    assert () == tuple(store.build_repair_plan().actions)
    assert ([ref("a")], [ref("b")]) == tuple(
        [each.artifact_ref for each in part] for part in (plan.keep, plan.review)
    )
    assert ("noop:layout_already_current",) == tuple(store.migrate_bindings().actions)


def test_an_import_follows_its_policy(store, source, tmp_path):
    """Same bytes, other bytes, unbound; the replaced body is kept in quarantine."""
    other = tmp_path / "other.bin"
    other.write_bytes(b"other")
    found = [store.import_artifact(manifest(), source)]
    for path, policy in (
        (source, "error"),
        *((source, "SKIP"), (source, "replace"), (other, "skip"), (other, "replace")),
    ):
        found.append(store.import_artifact(manifest(), path, conflict_policy=policy))
    with pytest.raises(ConflictError) as caught:
        store.import_artifact(manifest(), source)

    assert [
        *(("imported", 7), ("idempotent", 0), ("skipped", 0), ("idempotent", 0)),
        *(("skipped", 0), ("replaced", 5)),
    ] == [(each.outcome, each.bytes_written) for each in found]
    assert b"weights" == found[-1].quarantine_path.read_bytes()
    assert "error" == caught.value.details["conflict_policy"]
    assert source.exists()
    assert b"other" == store.read_artifact_bytes(ref())


def test_a_package_has_the_files_of_1_0_and_one_of_1_0_is_imported(store, opened, source, tmp_path):
    """The names are fixed; without the newer list of hashes, the binding vouches."""
    store.put_artifact(manifest(), source)
    receipt = store.export_artifact(ref(), export_root=tmp_path / "out")
    folder = receipt.export_directory
    names = {path.name for path in folder.iterdir()}
    head = json.loads(receipt.package_metadata_path.read_text())
    (folder / "package.hashes.json").unlink()
    spoil(
        receipt.package_metadata_path,
        json.dumps({name: head[name] for name in OF_1_0.split()}).encode(),
    )
    imported = opened("target").import_export_package(str(folder))

    assert tmp_path / "out" / "artifact__demo.run-1.m" == folder
    assert {
        *("w.bin", "artifact__demo.run-1.m.binding.json", "manifest.snapshot.json"),
        "export.package.json",
    } <= names
    assert json.loads(receipt.binding_path.read_text()) == store.get_binding(ref()).to_dict()
    assert ("imported", 7, str(folder)) == (
        *(imported.outcome, imported.bytes_written),
        imported.mapping_loss_report["package_root"],
    )


def test_a_read_only_store_reads_checks_and_plans_and_refuses_the_rest(store, opened, source):
    """An import that writes nothing is taken."""
    body = store.put_artifact(manifest(), source).path
    store.close()
    files = sorted(store.root_path.rglob("*"))
    reader = opened(read_only=True)
    codes = []
    for call in (
        lambda: reader.put_artifact(manifest("x"), source),
        lambda: reader.bind_artifact(manifest("x"), body),
        lambda: reader.begin_staged_ingest("x"),
        lambda: reader.quarantine_bound_artifact(ref()),
        lambda: reader.remove_abandoned_staging(),
        lambda: reader.import_artifact(manifest("x"), source),
    ):
        with pytest.raises(ReadOnlyStoreError) as caught:
            call()
        codes.append(caught.value.code)
    outcome = reader.import_artifact(manifest(), source).outcome
    reader.verify_all()
    reader.refresh_verification(ref())

    assert ["artifact_store_read_only"] * 6 == codes
    assert ("idempotent", files) == (outcome, sorted(store.root_path.rglob("*")))
