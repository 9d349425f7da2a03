"""Stores and manifests for the tests of the artifact plane."""

import pytest

from contexta.contract import ArtifactManifest
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
