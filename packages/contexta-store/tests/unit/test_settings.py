"""Settings of the metadata and the artifact plane."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest

from contexta.contract.errors import ConfigurationError, FrozenModelError, ValidationError
from contexta.store.artifacts import (
    ArtifactStore,
    ArtifactStoreConfig,
    IngestMode,
    VaultConfig,
    VerificationMode,
)
from contexta.store.metadata import MetadataStore, MetadataStoreConfig


def test_every_wrong_field_is_reported():
    """All problems are in the details, not only the first."""
    with pytest.raises(ConfigurationError) as caught:
        MetadataStoreConfig(storage_adapter="oracle", read_only="yes", busy_timeout_seconds=0)

    assert caught.value.code == "metadata_store_invalid_adapter"
    assert [item["field"] for item in caught.value.details["problems"]] == [
        "storage_adapter",
        "read_only",
        "busy_timeout_seconds",
    ]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"auto_create": 1}, "metadata_store_invalid_config"),
        ({"database_path": 3}, "metadata_store_invalid_config"),
        ({"database_path": "  "}, "metadata_store_invalid_config"),
        ({"synchronous": "off"}, "metadata_store_invalid_config"),
        ({"databse_path": "x"}, "metadata_store_invalid_config"),
        ({"storage_adapter": 1}, "metadata_store_invalid_adapter"),
    ],
)
def test_metadata_settings_refuse(values, code):
    """Wrong types, values and names are refused with a code."""
    with pytest.raises(ConfigurationError) as caught:
        MetadataStoreConfig(**values)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"default_ingest_mode": "steal"}, "artifact_store_invalid_ingest_mode"),
        ({"verification_mode": "often"}, "artifact_store_invalid_verification_mode"),
        ({"chunk_size_bytes": 0}, "artifact_store_invalid_config"),
        ({"chunk_size_bytes": True}, "artifact_store_invalid_config"),
        ({"layout_version": " "}, "artifact_store_invalid_config"),
        ({"root_path": 7}, "artifact_store_invalid_config"),
    ],
)
def test_artifact_settings_refuse(values, code):
    """Wrong types, values and names are refused with a code."""
    with pytest.raises(ConfigurationError) as caught:
        VaultConfig(**values)

    assert caught.value.code == code


def test_paths_become_absolute_and_texts_are_read_in_any_case(tmp_path, monkeypatch):
    """Relative paths are bound to the current folder; tokens may have spaces and capitals."""
    monkeypatch.chdir(tmp_path)
    metadata = MetadataStoreConfig(database_path="a/b.sqlite", storage_adapter=" DuckDB ")
    memory = MetadataStoreConfig(database_path=" :memory: ")
    vault = VaultConfig(root_path="v", default_ingest_mode=" MOVE ", verification_mode="Strict")

    assert metadata.resolved_database_path() == tmp_path / "a" / "b.sqlite"
    assert (metadata.backend, metadata.in_memory, memory.in_memory) == ("duckdb", False, True)
    assert vault.root_path == tmp_path / "v"
    assert (vault.default_ingest_mode, vault.verification_mode) == (
        IngestMode.MOVE,
        VerificationMode.STRICT,
    )


def test_settings_are_values(tmp_path):
    """They are frozen, comparable, picklable, and round-trip through a mapping."""
    config = MetadataStoreConfig(database_path=tmp_path / "x", read_only=True)
    vault = VaultConfig(root_path=tmp_path)

    assert pickle.loads(pickle.dumps(config)) == config
    assert MetadataStoreConfig.from_mapping({**config.to_dict(), "unknown": 1}) == config
    assert VaultConfig.from_mapping({"read_only": True}, base=vault).root_path == tmp_path
    assert ArtifactStoreConfig is VaultConfig


def test_unified_settings_fill_the_paths():
    """Unset paths come from the workspace section."""
    unified = SimpleNamespace(
        metadata=MetadataStoreConfig(),
        artifacts=VaultConfig(),
        workspace=SimpleNamespace(metadata_path=Path("/w/metadata"), artifacts_path=Path("/w/a")),
    )

    assert MetadataStoreConfig.from_unified_config(unified).database_path == Path(
        "/w/metadata/ledger.sqlite"
    )
    assert VaultConfig.from_unified_config(unified).root_path == Path("/w/a")


def test_stores_without_a_path_say_so():
    """No path is an error with a code of its own, not a file in the current folder."""
    with pytest.raises(ConfigurationError) as metadata:
        MetadataStore()
    with pytest.raises(ValidationError) as artifacts:
        ArtifactStore()

    assert metadata.value.code == "metadata_store_missing_database_path"
    assert artifacts.value.code == "artifact_store_missing_root_path"


def test_another_class_of_settings_is_a_clear_error():
    """A settings object of another class is refused by name."""
    with pytest.raises(ConfigurationError) as metadata:
        MetadataStore(VaultConfig())
    with pytest.raises(ConfigurationError) as artifacts:
        ArtifactStore(MetadataStoreConfig())

    assert metadata.value.code == "metadata_store_invalid_config"
    assert artifacts.value.code == "artifact_store_invalid_config"


@pytest.mark.parametrize("settings", [MetadataStoreConfig(), ArtifactStoreConfig()])
def test_settings_refuse_assignment_with_our_error(settings):
    """Frozen settings raise an AttributeError of ours, as a frozen dataclass would."""
    with pytest.raises(FrozenModelError) as caught:
        settings.read_only = True

    assert caught.value.code == "config_is_immutable"
