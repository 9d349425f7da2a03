import json
import os

import pytest

from contexta.config import (
    CaptureConfig,
    UnifiedConfig,
    WorkspaceConfig,
    apply_env_overrides,
    build_unified_config,
    config_to_mapping,
    find_project,
    load_config,
    load_profile,
    make_local_config,
    make_test_config,
    merge_config_patch,
    replace_unified_config,
    resolve_facade_config,
)
from contexta.errors import ConfigurationError


def code_of(call, *args, **values):
    with pytest.raises(ConfigurationError) as caught:
        call(*args, **values)
    return caught.value.code


def test_later_sources_win(tmp_path):
    """Profile < overlay < file < environment < patch < shorthand."""
    file = tmp_path / "c.toml"
    file.write_text(
        'project_name = "file"\n[capture]\nretry_attempts = 1\nproducer_ref = "file"\n'
        "retry_backoff_seconds = 1\n[surfaces.cli]\ncolor = true\n"
        '[interpretation.trend]\nmetric_aggregation = "max"\n'
    )

    config = load_config(
        profile="test",
        overlays="ci,debug",
        config_file=file,
        env={
            "CONTEXTA_CAPTURE_RETRY_ATTEMPTS": "2",
            "CONTEXTA_CAPTURE_RETRY_BACKOFF_SECONDS": "2.5",
            "CONTEXTA_PROJECT_NAME": "env",
        },
        config={"capture": {"retry_attempts": 3}, "project_name": "patch"},
        project_name="shorthand",
    )

    assert config.profile_name == "test"
    assert config.records.durability_mode == "flush"
    assert config.surfaces.cli.default_output_format == "json"
    assert config.surfaces.cli.color is True
    assert config.interpretation.trend.metric_aggregation == "max"
    assert config.capture.producer_ref == "file"
    assert config.capture.retry_backoff_seconds == 2.5
    assert config.capture.retry_attempts == 3
    assert config.project_name == "shorthand"


def test_the_profile_comes_from_argument_then_variable_then_file(tmp_path):
    """Each selector replaces the one below it."""
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"profile": "test", "overlays": ["readonly"]}))

    assert load_config(config_file=file, env={}).profile_name == "test"
    assert load_config(config_file=file, env={"CONTEXTA_PROFILE": "local"}).profile_name == "local"
    assert load_config(profile="local", env={"CONTEXTA_PROFILE": "test"}).profile_name == "local"
    assert load_config(config_file=file, env={}).is_read_only
    assert not load_config(config_file=file, env={}, overlays=()).is_read_only


def test_the_test_profile_has_its_own_workspace(project):
    """A test run never writes into the real workspace by default."""
    config = resolve_facade_config(profile="test")

    assert config.workspace.root_path == project / ".contexta-test"


def test_the_workspace_default_yields_to_the_environment_and_to_a_patch(tmp_path, monkeypatch):
    """Only a workspace that nobody named is the default one."""
    patch = {"workspace": {"root_path": tmp_path / "patch"}}

    assert resolve_facade_config(config=patch).workspace.root_path == tmp_path / "patch"
    monkeypatch.setenv("CONTEXTA_WORKSPACE_ROOT_PATH", str(tmp_path / "env"))
    assert resolve_facade_config().workspace.root_path == tmp_path / "env"
    assert resolve_facade_config(workspace=tmp_path / "a").workspace.root_path == tmp_path / "a"


def test_contexta_workspace_is_short_for_the_root_path(tmp_path):
    """The short variable works; the full one wins."""
    short = {"CONTEXTA_WORKSPACE": str(tmp_path / "short")}
    full = {"CONTEXTA_WORKSPACE_ROOT_PATH": str(tmp_path / "full")}

    assert load_config(env=short).workspace.root_path == tmp_path / "short"
    assert load_config(env=short | full).workspace.root_path == tmp_path / "full"


@pytest.mark.parametrize("call", [load_config, resolve_facade_config])
def test_an_unknown_profile_is_a_configuration_error(call):
    """The message names the profiles that exist."""
    with pytest.raises(ConfigurationError, match="use one of local, test") as caught:
        call(profile="prod")

    assert caught.value.code == "invalid_profile_selector"


@pytest.mark.parametrize("profile", ["local", "test"])
@pytest.mark.parametrize("overlays", [(), "debug,forensic,ci,readonly"])
def test_profiles_and_overlays_build_without_a_warning(profile, overlays):
    """Values that no user wrote are not warned of."""
    assert load_profile(profile, overlays=overlays).profile_name == profile


def test_the_local_profile_equals_the_defaults():
    """Loading without any input gives the defaults."""
    assert load_config(env={}) == UnifiedConfig() == load_profile("local")


@pytest.mark.parametrize("overlays", ["ci", ["ci"], ("ci", "ci", ""), "ci, ,"])
def test_overlays_may_be_text_or_a_list(overlays):
    """A plain text is one name or several with commas, as in files and variables."""
    assert load_config(overlays=overlays, env={}).surfaces.cli.color is False


@pytest.mark.parametrize("overlays", ["nope", ["ci", "nope"], [3], 3])
def test_unknown_overlays_are_refused(overlays):
    """A wrong overlay is our error whatever its type."""
    assert code_of(load_config, overlays=overlays) == "invalid_profile_selector"


def test_overlays_apply_in_a_fixed_order():
    """The order in which the caller lists them does not matter."""
    assert load_profile("local", overlays="forensic,debug").surfaces.cli.verbosity == "forensic"
    assert load_profile("local", overlays="debug,forensic").surfaces.cli.verbosity == "forensic"


def test_the_readonly_overlay_marks_every_plane_read_only():
    """Capture asks ``is_read_only`` and then writes nothing."""
    config = load_profile("local", overlays="readonly")

    assert config.is_read_only
    assert (config.metadata.read_only, config.records.read_only, config.artifacts.read_only) == (
        True,
        True,
        True,
    )


def test_a_finished_configuration_is_returned_as_it_is(monkeypatch):
    """The environment does not reach into a finished configuration."""
    monkeypatch.setenv("CONTEXTA_PROJECT_NAME", "env")
    config = UnifiedConfig(project_name="mine")

    assert load_config(config=config) is config
    assert resolve_facade_config(config=config) is config


def test_a_finished_configuration_goes_with_nothing_else(tmp_path):
    """Arguments that would be ignored are refused."""
    config = UnifiedConfig()

    for others in ({"profile": "local"}, {"workspace": tmp_path}, {"use_env": False}, {"env": {}}):
        assert code_of(load_config, config=config, **others) == "invalid_config_input"


def test_the_facade_arguments_may_repeat_but_not_contradict_a_configuration(tmp_path):
    """A workspace or profile that would be ignored is an error."""
    config = UnifiedConfig(workspace=WorkspaceConfig(root_path=tmp_path / "w"))

    same = resolve_facade_config(workspace=str(tmp_path / "w"), profile="local", config=config)
    assert same is config
    other = {"workspace": tmp_path / "x", "config": config}
    assert code_of(resolve_facade_config, **other) == "invalid_config_input"
    assert code_of(resolve_facade_config, profile="test", config=config) == "invalid_config_input"


def test_the_shortcuts_accept_a_finished_configuration():
    """A configuration of the right profile passes through; the other is refused."""
    local, test = UnifiedConfig(), load_profile("test")

    assert make_local_config(config=local) is local
    assert make_test_config(config=test) is test
    assert code_of(make_test_config, config=local) == "invalid_config_input"


def test_make_test_config_ignores_the_environment_by_default(monkeypatch):
    """Tests are not steered from outside unless they ask for it."""
    monkeypatch.setenv("CONTEXTA_PROJECT_NAME", "env")

    assert make_test_config().project_name == "test"
    assert make_test_config(use_env=True).project_name == "env"
    assert make_local_config().project_name == "env"


@pytest.mark.parametrize("config", [3, "x", [("a", 1)]])
def test_a_patch_that_is_no_mapping_is_refused(config):
    """Anything but a configuration or a mapping is our error."""
    assert code_of(load_config, config=config) == "invalid_config_input"


@pytest.mark.parametrize(
    ("patch", "key"),
    [
        ({"capture": 3}, "capture"),
        ({"capture": None}, "capture"),
        ({"capture": {"retry_attempts": None}}, "capture.retry_attempts"),
        ({"captur": {}}, "captur"),
        ({"surfaces": {"http": {"prot": 1}}}, "surfaces.http.prot"),
        ({"records": {"read_only": "perhaps"}}, "records.read_only"),
        ({"metadata": {"synchronous": "OFF"}}, "metadata.synchronous"),
        ({"profile_name": "x"}, "profile_name"),
    ],
)
def test_wrong_patches_name_their_key(patch, key):
    """Every entry point reports the dotted key."""
    with pytest.raises(ConfigurationError) as caught:
        build_unified_config(patch)

    assert caught.value.details["key"] == key


def test_patches_accept_text_for_every_kind_of_value():
    """Numbers, flags and lists may be text, also in the sections of the stores."""
    config = build_unified_config(
        {
            "capture": {"retry_attempts": "2", "capture_code_revision": " Off "},
            "records": {"read_only": "yes", "max_segment_bytes": "4096"},
            "metadata": {"auto_create": "false", "busy_timeout_seconds": "1.5"},
            "interpretation": {"diagnostics": {"expected_terminal_stage_names": "eval, pack,"}},
            "security": {"environment_variable_allowlist": '["A", "B"]'},
        }
    )

    assert config.capture.retry_attempts == 2
    assert config.capture.capture_code_revision is False
    assert config.records.read_only is True
    assert config.records.max_segment_bytes == 4096
    assert config.metadata.auto_create is False
    assert config.metadata.busy_timeout_seconds == 1.5
    assert config.interpretation.diagnostics.expected_terminal_stage_names == ("eval", "pack")
    assert config.security.environment_variable_allowlist == ("A", "B")


def test_an_instance_of_a_section_replaces_the_section():
    """Values of lower sources do not shine through."""
    base = build_unified_config({"capture": {"retry_attempts": 5, "producer_ref": "old"}})

    changed = replace_unified_config(base, {"capture": CaptureConfig(retry_attempts=1)})

    assert changed.capture == CaptureConfig(retry_attempts=1)


def test_merging_patches_recurses_and_leaves_the_inputs_alone():
    """Mappings merge, anything else replaces."""
    base = {"a": {"b": 1, "c": [1]}, "d": 2}

    merged = merge_config_patch(base, {"a": {"b": 3}, "d": None})
    merged["a"]["c"].append(2)

    assert merged == {"a": {"b": 3, "c": [1, 2]}, "d": None}
    assert base == {"a": {"b": 1, "c": [1]}, "d": 2}
    assert merge_config_patch({"a": 1}, None) == {"a": 1}


def test_environment_overrides_return_the_same_object_when_there_are_none():
    """Selectors of a profile count as none."""
    config = UnifiedConfig()

    assert apply_env_overrides(config, env={"CONTEXTA_PROFILE": "test"}) is config
    changed = apply_env_overrides(
        config, env={"CONTEXTA_INTERPRETATION_TREND_DEFAULT_WINDOW_RUNS": "1"}
    )
    assert changed.interpretation.trend.default_window_runs == 1


def test_a_folder_that_cannot_be_looked_into_holds_no_project(tmp_path):
    """The search for a project never fails; it goes on above."""
    (tmp_path / ".contexta").mkdir()
    too_long = tmp_path / ("x" * 300)

    assert find_project(too_long) == find_project(tmp_path)


def test_a_user_without_a_home_can_search_for_a_project(tmp_path, monkeypatch):
    """In containers a user may have neither HOME nor an entry in the user database."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    (tmp_path / ".contexta").mkdir()
    (tmp_path / "below").mkdir()

    assert find_project(tmp_path / "below") == find_project(tmp_path)


@pytest.mark.parametrize("function", [config_to_mapping, apply_env_overrides])
def test_what_is_no_configuration_is_refused_with_our_error(function):
    """The helpers check what they are given."""
    with pytest.raises(ConfigurationError) as caught:
        function(3)

    assert caught.value.code == "invalid_config_value"
