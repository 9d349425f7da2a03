"""Stores and manifests for the tests of the artifact plane."""

import pytest

from contexta.contract import ArtifactManifest
from contexta.contract.errors import ContextaError
from contexta.store.artifacts import ArtifactStore, VaultConfig


@pytest.fixture
def manifest():
    """Build a manifest of run `run:p.r` with a short name."""

    def build(name="m", **more):
        fields = {
            "artifact_kind": "checkpoint",
            "created_at": "2026-01-01T00:00:00Z",
            "producer_ref": "sdk.python.local",
            "run_ref": "run:p.r",
            "location_ref": "s3://bucket/weights",
            **more,
        }
        return ArtifactManifest(artifact_ref=f"artifact:p.r.{name}", **fields)

    return build


@pytest.fixture
def root(tmp_path):
    return tmp_path / "artifacts"


@pytest.fixture
def opened(root):
    stores = []

    def open_store(**settings):
        store = ArtifactStore(VaultConfig(**{"root_path": root, **settings}))
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def store(opened):
    return opened()


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"weights" * 1000)
    return path


@pytest.fixture
def package(store, manifest, source, tmp_path):
    """A good package, as a folder."""
    store.put_artifact(manifest(), source)
    return store.export_artifact("artifact:p.r.m", export_root=tmp_path / "out").export_directory


@pytest.fixture
def archive(store, package, tmp_path):
    """The same as one file."""
    return store.export_artifact(
        "artifact:p.r.m", export_root=tmp_path / "out", archive=True
    ).archive_path


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"secret")
    return path


@pytest.fixture
def refuse(tmp_path):
    """Import into a fresh store; return the code; check that nothing was stored or touched."""

    def check(path, **limits):
        before = snapshot(tmp_path)
        with ArtifactStore(VaultConfig(root_path=tmp_path / "target")) as target:
            with pytest.raises(ContextaError) as caught:
                target.import_export_package(path, **limits)
            stored = list((target.root_path / "objects").rglob("*"))
            staged = list((target.root_path / "staging").rglob("*"))

            assert (target.list_refs(), stored, staged) == ([], [], [])
        after = {k: v for k, v in snapshot(tmp_path).items() if not k.startswith("target")}
        assert {k: v for k, v in before.items() if not k.startswith("target")} == after
        return caught.value.code

    return check


def snapshot(root):
    return {
        str(path.relative_to(root)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in root.rglob("*")
        if not path.is_dir()
    }
