import copy
import dataclasses
import pickle
import pprint
from pathlib import Path

import pytest

from contexta import config as settings
from contexta.config import (
    AnomalyPolicy,
    CaptureConfig,
    ContractConfig,
    ExportSurfaceConfig,
    HTTPConfig,
    RecordStoreConfig,
    RecoveryConfig,
    RetentionConfig,
    SecurityConfig,
    TrendPolicy,
    UnifiedConfig,
    WorkspaceConfig,
)
from contexta.errors import ConfigurationError, FrozenModelError


def failure(build, *args, **values):
    with pytest.raises(ConfigurationError) as caught:
        build(*args, **values)
    return caught.value


def test_a_section_is_checked_when_it_is_built_directly():
    """A wrong literal is refused by the constructor, naming key, value and allowed values."""
    error = failure(CaptureConfig, dispatch_failure_mode="zz")

    assert error.code == "invalid_config_value"
    assert "capture.dispatch_failure_mode = 'zz'" in str(error)
    assert error.details["allowed"] == ["raise", "outbox"]


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        (CaptureConfig, "retry_attempts", -1),
        (CaptureConfig, "retry_attempts", 10**9),
        (CaptureConfig, "retry_backoff_seconds", float("nan")),
        (CaptureConfig, "retry_backoff_seconds", -0.1),
        (CaptureConfig, "retry_attempts", True),
        (CaptureConfig, "capture_code_revision", 1),
        (CaptureConfig, "producer_ref", " "),
        (HTTPConfig, "port", 99_999_999),
        (AnomalyPolicy, "z_score_threshold", 0),
        (AnomalyPolicy, "z_score_threshold", "inf"),
        (TrendPolicy, "default_window_runs", 0),
        (RetentionConfig, "cache_ttl_days", -1),
        (SecurityConfig, "secret_key_patterns", 3),
        (SecurityConfig, "secret_key_patterns", ("a", "")),
        (WorkspaceConfig, "root_path", ""),
        (WorkspaceConfig, "root_path", 3),
        (WorkspaceConfig, "root_path", "a\0b"),
        (WorkspaceConfig, "root_path", "~no-such-user-here/x"),
        (ExportSurfaceConfig, "csv_delimiter", ";;"),
    ],
)
def test_ranges_and_types_hold_in_direct_construction(section, field, value):
    """Each value outside of its range is refused with the dotted key of the setting."""
    error = failure(section, **{field: value})

    assert error.details["key"] == f"{section.section}.{field}"


def test_all_problems_are_reported_at_once():
    """Wrong values in several sections, those of the stores included, make one error."""
    error = failure(
        UnifiedConfig,
        project_name="",
        capture={"retry_attempts": -1, "retry_backoff_seconds": "soon"},
        records={"max_segment_bytes": -5, "durability_mode": "maybe"},
        metadata={"bogus": 1},
        surfaces={"http": {"port": "x"}},
    )

    assert {problem["key"] for problem in error.details["problems"]} == {
        "project_name",
        "capture.retry_attempts",
        "capture.retry_backoff_seconds",
        "records.max_segment_bytes",
        "records.durability_mode",
        "metadata.bogus",
        "surfaces.http.port",
    }


@pytest.mark.parametrize("value", ["x", 3, ["a"], CaptureConfig()])
def test_a_section_of_the_wrong_kind_is_refused_with_our_error(value):
    """No AttributeError comes out of a section that is no section."""
    error = failure(UnifiedConfig, workspace=value)

    assert "workspace" in str(error)


@pytest.mark.parametrize("values", [{"capture": {1: 2}}, {"records": {1: 2}}])
def test_keys_that_are_no_text_are_refused_with_our_error(values):
    """A mapping with a number as key is our error, not a TypeError."""
    error = failure(UnifiedConfig, **values)

    assert "must be text" in str(error)


def test_an_unknown_setting_names_the_nearest_known_one():
    """A typo is answered with the name that was meant."""
    error = failure(CaptureConfig, retry_attempt=3)

    assert error.code == "unknown_config_field"
    assert error.details["unknown_keys"] == ["retry_attempt"]
    assert "did you mean capture.retry_attempts?" in str(error)


def test_a_schema_version_without_a_reader_is_refused():
    """Data that nobody could read back is not written in the first place."""
    error = failure(ContractConfig, schema_version="9.9.9")

    assert "1.0.0" in str(error)


def test_settings_are_immutable_hashable_picklable_and_equal_by_value():
    """A configuration survives pickling and deep copying, and refuses assignment."""
    one = UnifiedConfig(project_name="p")

    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.deepcopy(one) == one
    assert hash(UnifiedConfig(project_name="p")) == hash(one)
    assert UnifiedConfig(project_name="q") != one
    with pytest.raises(FrozenModelError):
        one.project_name = "q"
    with pytest.raises(FrozenModelError):
        del one.capture.retry_attempts


def test_pickling_keeps_which_paths_are_derived(tmp_path):
    """After a round trip a new workspace still moves the derived paths."""
    loaded = pickle.loads(pickle.dumps(UnifiedConfig()))

    moved = settings.replace_unified_config(loaded, {"workspace": {"root_path": tmp_path / "w"}})

    assert moved.records.root_path == tmp_path / "w" / "records"


def test_values_may_be_given_by_position():
    """The order of fields is that of 1.0."""
    assert UnifiedConfig("1", "test", "p").project_name == "p"
    assert "takes" in str(failure(TrendPolicy, 1, "mean", 3))
    assert "given twice" in str(failure(TrendPolicy, 1, default_window_runs=2))


def test_paths_left_out_follow_from_the_workspace(tmp_path):
    """A finished configuration holds no path that is None."""
    config = UnifiedConfig(workspace=WorkspaceConfig(root_path=tmp_path / "w"))

    root = (tmp_path / "w").resolve()
    assert config.workspace.cache_path == root / "cache"
    assert config.metadata.database_path == root / "metadata" / "ledger.sqlite"
    assert config.records.root_path == root / "records"
    assert config.artifacts.root_path == root / "artifacts"
    assert config.recovery.outbox_root == root / "recovery" / "outbox"
    assert config.recovery.backup_root == root / "recovery" / "backups"
    assert config.recovery.restore_staging_root == root / "recovery" / "staging"


def test_backups_are_not_encrypted_unless_a_key_file_is_named(tmp_path):
    """The path is stored absolute, like every other."""
    named = RecoveryConfig(backup_key_file=str(tmp_path / "x" / ".." / "backup.key"))

    assert RecoveryConfig().backup_key_file is None
    assert named.backup_key_file == tmp_path / "backup.key"


def test_building_a_configuration_creates_nothing_on_disk(project):
    """No folder appears before something is written."""
    UnifiedConfig()
    settings.load_config()

    assert sorted(path.name for path in project.iterdir()) == [".git"]


def test_dataclasses_replace_moves_derived_paths(tmp_path):
    """Replacing the workspace takes the stores along."""
    config = UnifiedConfig(records=RecordStoreConfig(root_path=tmp_path / "own"))

    moved = dataclasses.replace(config, workspace=WorkspaceConfig(root_path=tmp_path / "w"))

    assert moved.metadata.database_path == tmp_path / "w" / "metadata" / "ledger.sqlite"
    assert moved.records.root_path == tmp_path / "own"


def test_settings_look_like_the_dataclasses_that_they_were():
    """Printing, listing fields and converting work as in 1.0."""
    config = UnifiedConfig(project_name="p")

    assert dataclasses.is_dataclass(config)
    assert [field.name for field in dataclasses.fields(config)][:2] == [
        "config_version",
        "profile_name",
    ]
    assert dataclasses.asdict(config.surfaces.http)["port"] == 8765
    assert "project_name='p'" in pprint.pformat(config)


def test_model_copy_is_checked_and_moves_derived_paths(tmp_path):
    """A copy with changes obeys the same rules as a new object."""
    config = UnifiedConfig()
    workspace = config.workspace.model_copy(update={"root_path": tmp_path / "w"})

    moved = config.model_copy(update={"workspace": workspace})

    assert moved.workspace.cache_path == tmp_path / "w" / "cache"
    assert moved.records.root_path == tmp_path / "w" / "records"
    assert "retry" in str(failure(config.capture.model_copy, update={"retry_attempts": -1}))


def test_a_path_typed_equal_to_its_default_counts_as_given(tmp_path):
    """Being derived is remembered, not guessed from the value."""
    first, second = tmp_path / "a", tmp_path / "b"
    config = UnifiedConfig(
        workspace=WorkspaceConfig(root_path=first, cache_path=first / "cache"),
        recovery=RecoveryConfig(backup_root=first / "recovery" / "backups"),
    )

    moved = settings.replace_unified_config(config, {"workspace": {"root_path": second}})

    assert moved.workspace.cache_path == first / "cache"
    assert moved.recovery.backup_root == first / "recovery" / "backups"
    assert moved.workspace.reports_path == second / "reports"


def test_none_resets_a_path_to_the_derived_one(tmp_path):
    """An optional path set to None follows the workspace again."""
    config = UnifiedConfig(workspace=WorkspaceConfig(cache_path=tmp_path / "c"))

    reset = settings.replace_unified_config(config, {"workspace": {"cache_path": None}})

    assert reset.workspace.cache_path == reset.workspace.root_path / "cache"


def test_store_sections_are_the_classes_of_the_stores():
    """One class each, so that a store takes the section as it is."""
    from contexta.store import artifacts, metadata, records

    assert settings.RecordStoreConfig is records.RecordStoreConfig
    assert settings.MetadataStoreConfig is metadata.MetadataStoreConfig
    assert settings.ArtifactStoreConfig is artifacts.ArtifactStoreConfig


def test_model_validate_takes_mappings_and_raises_our_error():
    """Validation from plain data and from JSON never lets a foreign error out."""
    config = UnifiedConfig.model_validate({"capture": {"retry_attempts": "3"}})

    assert config.capture.retry_attempts == 3
    assert UnifiedConfig.model_validate_json('{"project_name": "p"}').project_name == "p"
    failure(UnifiedConfig.model_validate, 3)
    failure(UnifiedConfig.model_validate_json, "{")
    failure(UnifiedConfig.model_validate_json, '{"project_name": 3}')


def test_the_text_none_is_a_project_name():
    """Names are texts like any other."""
    assert UnifiedConfig(project_name="none").project_name == "none"


def test_every_public_name_exists():
    """The listed names are there, sorted by case-sensitive groups as the linter wants."""
    assert len(set(settings.__all__)) == len(settings.__all__)
    assert all(hasattr(settings, name) for name in settings.__all__)


def test_the_old_module_paths_still_work():
    """Scripts of 1.0 import from these modules."""
    from contexta.config import bootstrap, env, loader, models

    assert models.UnifiedConfig is UnifiedConfig
    assert loader.OVERLAY_APPLICATION_ORDER == ("debug", "forensic", "ci", "readonly")
    assert bootstrap.make_test_config is settings.make_test_config
    assert env.read_env_selector({}) == (None, None)


def test_a_relative_root_is_made_absolute_at_once(project):
    """Changing the working directory later changes nothing."""
    assert UnifiedConfig().workspace.root_path == project.resolve() / ".contexta"
    assert UnifiedConfig(workspace={"root_path": "w"}).workspace.root_path == Path.cwd() / "w"


def test_a_ledger_on_a_server_gets_no_path_in_the_workspace(tmp_path):
    """With `metadata.url` the derived file stays out, and the settings can be read again."""
    url = "postgresql://u:geheim@host/database"
    config = UnifiedConfig(workspace={"root_path": tmp_path}, metadata={"url": url})
    again = UnifiedConfig.model_validate(config.model_dump())

    assert (config.metadata.backend, config.metadata.database_path) == ("postgresql", None)
    assert again.metadata.resolved_url() == url
    assert "geheim" not in repr(config)
