"""Export packages and their import."""

import json
import shutil

import pytest

from contexta.contract.errors import (
    ArtifactError,
    ConflictError,
    IntegrityError,
    NotFoundError,
    ReadOnlyStoreError,
    ValidationError,
)
from contexta.store import artifacts
from contexta.store.artifacts import ArtifactStore, VaultConfig

REF = "artifact:p.r.m"


@pytest.fixture
def other(tmp_path):
    with ArtifactStore(VaultConfig(root_path=tmp_path / "other")) as store:
        yield store


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model"
    (path / "sub").mkdir(parents=True)
    (path / "config.json").write_bytes(b"{}")
    (path / "sub" / "weights").write_bytes(b"w" * 5000)
    (path / "sub" / "again").write_bytes(b"w" * 5000)
    return path


def write_1_0(path, binding, body):
    """A package as Contexta 1.0 wrote it."""
    path.mkdir()
    (path / "weights.bin").write_bytes(body)
    fields = {
        k: v for k, v in binding.to_dict().items() if k not in {"body_kind", "revision", "location"}
    }
    (path / "artifact__p.r.m.binding.json").write_text(json.dumps(fields))
    (path / "manifest.snapshot.json").write_text(json.dumps(fields["manifest_snapshot"]))
    metadata = {
        "package_format_version": "contexta-artifact-export-v1",
        "artifact_ref": REF,
        "artifact_kind": binding.artifact_kind,
        "exported_at": "2026-01-01T00:00:00Z",
        "body_file": "weights.bin",
        "binding_file": "artifact__p.r.m.binding.json",
        "manifest_file": "manifest.snapshot.json",
        "source_layout_version": "v1",
    }
    (path / "export.package.json").write_text(json.dumps(metadata))
    return path


def test_a_package_has_the_documented_files(store, manifest, source, root):
    """Names, content and paths in the receipt; the default folder is in the store."""
    binding = store.put_artifact(manifest(), source).binding
    receipt = artifacts.export_artifact(store, REF)
    metadata = json.loads(receipt.package_metadata_path.read_bytes())

    assert receipt.export_directory == root / "exports" / "artifact__p.r.m"
    assert sorted(path.name for path in receipt.export_directory.iterdir()) == [
        "artifact__p.r.m.binding.json",
        "export.package.json",
        "manifest.snapshot.json",
        "package.hashes.json",
        "weights.safetensors",
    ]
    assert receipt.body_path.read_bytes() == source.read_bytes()
    assert json.loads(receipt.binding_path.read_bytes()) == json.loads(
        json.dumps(binding.to_dict())
    )
    assert metadata["package_format_version"] == artifacts.PACKAGE_FORMAT_VERSION
    assert (metadata["body_file"], metadata["source_layout_version"]) == (
        "weights.safetensors",
        "v1",
    )


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize("what", ["file", "tree"])
def test_a_transfer_loses_nothing(store, other, manifest, source, folder, tmp_path, archive, what):
    """Id, times, source name and mode come over; as a folder and as one file."""
    put = store.put_artifact(manifest(), source if what == "file" else folder, source_name="ä/../x")
    receipt = store.export_artifact(REF, export_root=tmp_path / "out", archive=archive)
    package = receipt.archive_path or receipt.export_directory
    got = other.import_export_package(package)
    again = other.import_export_package(package)

    assert (got.outcome, got.bytes_written) == ("imported", put.bytes_written)
    assert (again.outcome, again.bytes_written) == ("idempotent", 0)
    assert dict(got.mapping_loss_report) == {"package_root": str(package)}
    assert other.get_binding(REF) == put.binding
    assert other.verify_artifact(REF).verified
    if what == "tree":
        out = other.extract_artifact(REF, tmp_path / "extracted")
        assert (out / "sub" / "again").read_bytes() == b"w" * 5000


def test_a_package_of_1_0_is_taken(store, other, manifest, source, tmp_path):
    """Four files, no hashes."""
    binding = store.put_artifact(manifest(), source).binding
    package = write_1_0(tmp_path / "old", binding, source.read_bytes())
    receipt = other.import_export_package(package)

    assert (receipt.outcome, receipt.bytes_written) == ("imported", 7000)
    assert other.get_binding(REF) == binding


def test_what_is_not_kept_is_said(store, other, manifest, source, tmp_path):
    """Without a binding, of a reference, with a history, and over another manifest."""
    store.reference_artifact(manifest(), source)
    store.reference_artifact(manifest(attributes={"a": 1}), source)
    package = store.export_artifact(REF, export_root=tmp_path / "out").export_directory
    imported = other.import_export_package(package)
    bare = write_1_0(tmp_path / "old", store.get_binding(REF), source.read_bytes())
    (bare / "artifact__p.r.m.binding.json").unlink()
    with ArtifactStore(VaultConfig(root_path=tmp_path / "third")) as third:
        third.put_artifact(manifest(attributes={"a": 2}), source)
        idempotent = third.import_export_package(package)
    with ArtifactStore(VaultConfig(root_path=tmp_path / "fourth")) as fourth:
        lacking = fourth.import_export_package(bare)

    assert imported.mapping_loss_report["not_kept"] == ("body_kind", "history", "location")
    assert idempotent.mapping_loss_report["manifest_differences"] == ("attributes",)
    assert "binding_id" in idempotent.mapping_loss_report["not_kept"]
    assert lacking.mapping_loss_report["not_kept"] == (
        "binding_id",
        "created_at",
        "ingest_mode",
        "layout_version",
        "revision",
        "source_name",
    )


def test_policies_decide_about_bound_refs(store, manifest, source, tmp_path):
    """The table of outcomes; texts in any case."""
    (tmp_path / "new").write_bytes(b"new")
    first = artifacts.import_artifact(store, manifest(), source, conflict_policy="ERROR")
    same = [
        store.import_artifact(manifest(), source, conflict_policy=policy).outcome.value
        for policy in ("error", "skip", "replace")
    ]
    with pytest.raises(ConflictError) as caught:
        store.import_artifact(manifest(), tmp_path / "new")
    skipped = store.import_artifact(manifest(), tmp_path / "new", conflict_policy=" Skip ")
    kept = store.read_artifact_bytes(REF)
    replaced = store.import_artifact(manifest(), tmp_path / "new", conflict_policy="replace")
    with pytest.raises(ValidationError) as unknown:
        store.import_artifact(manifest(), source, conflict_policy="merge")

    assert (first.outcome, first.bytes_written) == ("imported", 7000)
    assert same == ["idempotent", "skipped", "idempotent"]
    assert (caught.value.code, caught.value.details["conflict_policy"]) == (
        "artifact_binding_conflict",
        "error",
    )
    assert (skipped.outcome, skipped.bytes_written, kept) == ("skipped", 0, source.read_bytes())
    assert (replaced.outcome, replaced.bytes_written) == ("replaced", 3)
    assert replaced.quarantine_path.read_bytes() == source.read_bytes()
    assert store.read_artifact_bytes(REF) == b"new"
    assert unknown.value.code == "artifact_store_invalid_conflict_policy"
    assert source.exists()


def test_a_replace_that_is_refused_changes_nothing(store, manifest, source, tmp_path):
    """A wrong claim, or no body: the old artifact stays bound, whole and out of quarantine."""
    before = store.put_artifact(manifest(), source).binding
    (tmp_path / "new").write_bytes(b"new")
    for call in (
        lambda: store.import_artifact(
            manifest(hash_value="0" * 64), tmp_path / "new", conflict_policy="replace"
        ),
        lambda: store.import_artifact(manifest(), tmp_path / "absent", conflict_policy="replace"),
    ):
        with pytest.raises((ArtifactError, ValidationError)):
            call()

    assert store.get_binding(REF) == before
    assert (store.verify_artifact(REF).verified, store.list_quarantine()) == (True, ())


def test_a_replaced_body_that_others_share_stays_for_them(store, manifest, source, tmp_path):
    """It is linked into quarantine, not taken away."""
    (tmp_path / "new").write_bytes(b"new")
    store.put_artifact(manifest(), source)
    store.put_artifact(manifest("n"), source)
    store.import_artifact(manifest(), tmp_path / "new", conflict_policy="replace")

    assert store.verify_artifact("artifact:p.r.n").verified
    assert [entry.reason for entry in store.list_quarantine()] == ["replaced"]


@pytest.mark.parametrize("loss", ["damage", "delete"])
@pytest.mark.parametrize("archive", [False, True])
def test_an_import_of_the_right_bytes_mends(
    store, manifest, folder, source, tmp_path, loss, archive
):
    """For files and folders; a second import finds nothing to do."""
    body = store.put_artifact(manifest("file"), source).path
    store.put_artifact(manifest("tree"), folder)
    member = store.object_path(store.list_members("artifact:p.r.tree")[0].sha256)
    packages = []
    for name in ("file", "tree"):
        made = store.export_artifact(
            f"artifact:p.r.{name}", export_root=tmp_path / "out", archive=archive
        )
        packages.append(made.archive_path or made.export_directory)
    for path in (body, member):
        path.chmod(0o600)
        path.write_bytes(b"x") if loss == "damage" else path.unlink()
    outcomes = [store.import_export_package(package) for package in packages * 2]

    assert [(o.outcome.value, bool(o.bytes_written)) for o in outcomes] == [
        ("idempotent", True),
        ("idempotent", True),
        ("idempotent", False),
        ("idempotent", False),
    ]
    assert store.inspect_store(deep=True).verified_count == 2


def test_replace_takes_over_a_changed_manifest(store, manifest, source):
    """As a new revision; `error` leaves it."""
    store.put_artifact(manifest(), source)
    changed = manifest(attributes={"a": 1})
    store.import_artifact(changed, source)
    kept = store.get_binding(REF).revision
    store.import_artifact(changed, source, conflict_policy="replace")

    assert (kept, store.get_binding(REF).revision) == (1, 2)


def test_a_drifted_body_is_not_exported(store, manifest, source, root):
    """An error, and no package."""
    path = store.put_artifact(manifest(), source).path
    path.chmod(0o600)
    path.write_bytes(b"W" * 7000)
    for archive in (False, True):
        with pytest.raises(IntegrityError):
            store.export_artifact(REF, archive=archive)

    assert list((root / "exports").iterdir()) == []


def test_a_repeated_export_replaces_the_package_whole(store, manifest, source, tmp_path):
    """Nothing of the old one is left; what is no package is not overwritten."""
    store.put_artifact(manifest(), source)
    first = store.export_artifact(REF, export_root=tmp_path / "out")
    (first.export_directory / "stray").write_bytes(b"")
    second = store.export_artifact(REF, export_root=tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    shutil.rmtree(second.export_directory)
    second.export_directory.mkdir()
    (second.export_directory / "thesis.txt").write_bytes(b"mine")
    with pytest.raises(ValidationError) as caught:
        store.export_artifact(REF, export_root=tmp_path / "out")

    assert names == ["artifact__p.r.m"]
    assert caught.value.code == "artifact_store_target_exists"
    assert (second.export_directory / "thesis.txt").exists()


def test_a_read_only_store_exports_elsewhere_only(opened, store, manifest, source, tmp_path):
    """And imports what needs no writing."""
    store.put_artifact(manifest(), source)
    package = store.export_artifact(REF, export_root=tmp_path / "out").export_directory
    reader = opened(read_only=True)
    for folder in (None, reader.root_path / "x"):
        with pytest.raises(ReadOnlyStoreError):
            reader.export_artifact(REF, export_root=folder)
    made = reader.export_artifact(REF, export_root=tmp_path / "out")
    outcomes = [
        reader.import_artifact(manifest(), source).outcome.value,
        reader.import_export_package(package).outcome.value,
        reader.import_export_package(package, conflict_policy="skip").outcome.value,
    ]
    for call in (
        lambda: reader.import_artifact(manifest("n"), source),
        lambda: reader.import_artifact(
            manifest(attributes={"a": 1}), source, conflict_policy="replace"
        ),
    ):
        with pytest.raises(ReadOnlyStoreError):
            call()

    assert outcomes == ["idempotent", "idempotent", "skipped"]
    assert made.export_directory == package


def test_what_is_absent_is_not_found(store, manifest, source, tmp_path):
    """Unbound refs, bodies that went, packages that are not there or no package."""
    with pytest.raises(NotFoundError):
        store.export_artifact(REF)
    for path in (tmp_path / "absent", source):
        with pytest.raises(NotFoundError) as caught:
            store.import_export_package(path)
        assert caught.value.code == "artifact_export_package_not_found"
    store.put_artifact(manifest(), source).path.unlink()
    with pytest.raises(NotFoundError) as gone:
        store.export_artifact(REF)

    assert gone.value.code == "artifact_store_body_not_found"


def test_a_package_larger_than_the_quota_is_refused(store, manifest, folder, tmp_path):
    """Nothing is bound."""
    store.put_artifact(manifest(), folder)
    package = store.export_artifact(REF, export_root=tmp_path / "out").export_directory
    config = VaultConfig(root_path=tmp_path / "small")
    with ArtifactStore(config, quota_bytes=1000) as small:
        with pytest.raises(ArtifactError) as caught:
            small.import_export_package(package)

        assert small.list_refs() == []
    assert caught.value.code == "artifact_store_quota_exceeded"
