import dataclasses
import json
import warnings
from pathlib import Path

import pytest

from contexta.config import (
    INERT,
    ConfigWarning,
    RetentionConfig,
    SecurityConfig,
    UnifiedConfig,
    build_unified_config,
    config_provenance,
    config_to_json,
    config_to_mapping,
    load_config,
    load_profile,
    replace_unified_config,
)
from contexta.config._leaves import settings, settings_by_key


def test_every_value_knows_where_it_came_from(tmp_path):
    """Default, derived, profile, overlay, file, variable and argument are told apart."""
    file = tmp_path / "c.toml"
    file.write_text("[capture]\nretry_attempts = 1\n")

    config = load_config(
        profile="test",
        overlays="ci",
        config_file=file,
        env={"CONTEXTA_INTERPRETATION_TREND_DEFAULT_WINDOW_RUNS": "80"},
        config={"capture": {"producer_ref": "me"}},
        workspace=tmp_path / "w",
    )
    found = config_provenance(config)

    assert found["capture.durability_mode"] == ("default", "")
    assert found["records.root_path"] == ("derived", "")
    assert found["security.redaction_mode"] == ("profile", "test")
    assert found["surfaces.cli.color"] == ("overlay", "ci")
    assert found["capture.retry_attempts"] == ("file", str(file))
    assert found["interpretation.trend.default_window_runs"] == (
        "env",
        "CONTEXTA_INTERPRETATION_TREND_DEFAULT_WINDOW_RUNS",
    )
    assert found["capture.producer_ref"] == ("arg", "")
    assert found["workspace.root_path"] == ("arg", "")
    assert list(found) == [setting.key for setting in settings()]


def test_provenance_survives_a_change_and_plays_no_part_in_equality():
    """A changed copy keeps the sources of what was not changed."""
    loaded = load_config(
        env={
            "CONTEXTA_PROJECT_NAME": "p",
            "CONTEXTA_INTERPRETATION_TREND_DEFAULT_WINDOW_RUNS": "80",
        }
    )

    changed = replace_unified_config(loaded, {"project_name": "q"})

    assert config_provenance(changed)["project_name"].kind == "arg"
    assert str(config_provenance(changed)["interpretation.trend.default_window_runs"]) == (
        "env CONTEXTA_INTERPRETATION_TREND_DEFAULT_WINDOW_RUNS"
    )
    assert loaded == build_unified_config(
        {"project_name": "p", "interpretation": {"trend": {"default_window_runs": 80}}}
    )


def test_the_dump_holds_paths_and_tuples_or_plain_json():
    """The mapping keeps Python values; asked for, it is what JSON can hold."""
    config = UnifiedConfig()

    mapping = config_to_mapping(config)
    plain = config_to_mapping(config, json_safe=True)

    assert isinstance(mapping["workspace"]["root_path"], Path)
    assert mapping["interpretation"]["search"]["text_match_fields"] == ("name", "tags", "status")
    assert list(mapping) == list(UnifiedConfig.model_fields)
    assert json.loads(config_to_json(config)) == json.loads(json.dumps(plain))


def test_the_dump_without_derived_paths_can_be_moved(tmp_path):
    """Only what was given is in it."""
    mapping = config_to_mapping(UnifiedConfig(), derived=False)
    mapping["workspace"]["root_path"] = tmp_path

    assert "database_path" not in mapping["metadata"]
    assert build_unified_config(mapping).records.root_path == tmp_path / "records"


# The profile itself sets pages off, quietly; a dump given back is the user's own word.
@pytest.mark.filterwarnings("ignore::contexta.config.ConfigWarning")
def test_the_dump_is_complete():
    """Building from it gives the same configuration, and it works with dataclasses too."""
    config = load_profile("test")

    assert build_unified_config(config_to_mapping(config)) == config
    assert set(dataclasses.asdict(config)) == set(config_to_mapping(config))


def other_value(key):
    """A valid value of an inert setting that is not its default."""
    default = settings_by_key()[key].default
    if isinstance(default, bool):
        return not default
    if isinstance(default, tuple):
        return ("x",)
    if isinstance(default, int | float):
        return default + 1
    return {
        "contract.validation_mode": "lenient",
        "contract.compatibility_mode": "lenient",
        "retention.artifact_retention_mode": "planned",
        "security.encryption_provider": "x",
        "surfaces.cli.verbosity": "debug",
    }.get(key, 3)


@pytest.mark.parametrize("key", sorted(INERT))
def test_an_inert_setting_is_accepted_with_a_warning(key):
    """Who sets it is told that it has no effect, and why."""
    patch: dict = {}
    place = patch
    *sections, name = key.split(".")
    for section in sections:
        place = place.setdefault(section, {})
    place[name] = other_value(key)

    with pytest.warns(ConfigWarning, match="has no effect yet") as caught:
        build_unified_config(patch)

    assert [str(one.message) for one in caught] == [
        f"{key} (from arg) has no effect yet: {INERT[key]}"
    ]


def test_every_inert_key_is_a_setting():
    """The table lists no name that does not exist."""
    assert INERT.keys() <= settings_by_key().keys()


def test_a_section_built_directly_warns_of_inert_settings_at_the_caller():
    """The warning points to the line that set the value."""
    with pytest.warns(
        ConfigWarning, match=r"retention\.cache_ttl_days has no effect yet"
    ) as caught:
        RetentionConfig(cache_ttl_days=3)

    assert Path(caught[0].filename) == Path(__file__)


def test_defaults_do_not_warn():
    """Neither left out nor spelled out."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        UnifiedConfig()
        RetentionConfig(cache_ttl_days=7)
        SecurityConfig(redaction_mode="off")
        config = build_unified_config({"retention": {"cache_ttl_days": "7"}})

    assert config == UnifiedConfig()


def test_an_inert_variable_is_named_in_its_warning():
    """The warning says where to look."""
    with pytest.warns(ConfigWarning, match="env CONTEXTA_RETENTION_CACHE_TTL_DAYS"):
        config = load_config(env={"CONTEXTA_RETENTION_CACHE_TTL_DAYS": "3"})

    assert config.retention.cache_ttl_days == 3
