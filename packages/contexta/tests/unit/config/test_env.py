import pytest

from contexta.config import ConfigWarning, load_config
from contexta.config._leaves import settings
from contexta.config.env import read_env_patch, read_env_selector
from contexta.errors import ConfigurationError


def test_every_setting_of_1_0_has_its_variable():
    """The variable is the dotted key in capitals."""
    names = {setting.env_key for setting in settings()}

    assert {
        "CONTEXTA_PROJECT_NAME",
        "CONTEXTA_WORKSPACE_ROOT_PATH",
        "CONTEXTA_CAPTURE_CAPTURE_CONFIG_SNAPSHOT",
        "CONTEXTA_INTERPRETATION_ANOMALY_Z_SCORE_THRESHOLD",
        "CONTEXTA_SURFACES_HTTP_PORT",
        "CONTEXTA_RETENTION_CACHE_TTL_DAYS",
        "CONTEXTA_CAPTURE_DURABILITY_MODE",
        "CONTEXTA_METADATA_SYNCHRONOUS",
    } <= names
    assert len(names) == len(settings())


def test_a_stray_variable_warns_and_is_ignored():
    """A variable of another tool does not stop the program."""
    with pytest.warns(ConfigWarning, match="CONTEXTA_HOME: there is no setting"):
        config = load_config(env={"CONTEXTA_HOME": "/x", "CONTEXTA_PROJECT_NAME": "p"})

    assert config.project_name == "p"


def test_a_misspelt_variable_is_answered_with_the_nearest_one():
    """The warning helps with typos."""
    with pytest.warns(ConfigWarning, match=r"did you mean CONTEXTA_PROJECT_NAME\?"):
        load_config(env={"CONTEXTA_PROJECT_NAM": "p"})


def test_strict_mode_refuses_stray_variables():
    """Who wants typos to fail asks for it."""
    with pytest.raises(ConfigurationError) as caught:
        load_config(env={"CONTEXTA_HOME": ""}, strict_env=True)

    assert caught.value.code == "unknown_config_field"


@pytest.mark.parametrize("name", ["CONTEXTA_CONFIG_VERSION", "CONTEXTA_PROFILE_NAME"])
def test_two_settings_cannot_be_set_by_a_variable(name):
    """The message says which variable chooses the profile."""
    with pytest.raises(ConfigurationError, match="CONTEXTA_PROFILE") as caught:
        load_config(env={name: "x"})

    assert caught.value.code == "non_overridable_config_key"


@pytest.mark.parametrize("value", ["abc", "1.5", "none", "9" * 5000])
def test_an_unparsable_number_names_variable_and_value(value):
    """No ValueError of Python's comes out."""
    with pytest.raises(ConfigurationError, match="CONTEXTA_CAPTURE_RETRY_ATTEMPTS") as caught:
        load_config(env={"CONTEXTA_CAPTURE_RETRY_ATTEMPTS": value})

    assert caught.value.code == "invalid_config_value"
    assert caught.value.details["env_key"] == "CONTEXTA_CAPTURE_RETRY_ATTEMPTS"


def test_wrong_variables_are_reported_together():
    """One error names all of them."""
    with pytest.raises(ConfigurationError) as caught:
        load_config(env={"CONTEXTA_SURFACES_HTTP_PORT": "-1", "CONTEXTA_RECORDS_READ_ONLY": "2"})

    assert [problem["env_key"] for problem in caught.value.details["problems"]] == [
        "CONTEXTA_RECORDS_READ_ONLY",
        "CONTEXTA_SURFACES_HTTP_PORT",
    ]


def test_blank_means_unset_and_null_means_none():
    """None resets an optional path to the derived one; a project may be called none."""
    env = {
        "CONTEXTA_CAPTURE_RETRY_ATTEMPTS": " ",
        "CONTEXTA_WORKSPACE_CACHE_PATH": "null",
        "CONTEXTA_PROJECT_NAME": "none",
    }

    config = load_config(env=env)

    assert config.capture.retry_attempts == 0
    assert config.workspace.cache_path == config.workspace.root_path / "cache"
    assert config.project_name == "none"


@pytest.mark.parametrize("env", [{"CONTEXTA_PROFILE": "x"}, {"CONTEXTA_PROFILE_OVERLAYS": "ci,x"}])
def test_a_wrong_selector_names_its_variable(env):
    """The details say where the value came from."""
    with pytest.raises(ConfigurationError) as caught:
        load_config(env=env)

    assert caught.value.code == "invalid_profile_selector"
    assert caught.value.details["source"] == next(iter(env))


def test_use_env_false_skips_everything(monkeypatch):
    """Selectors, settings and stray variables alike."""
    monkeypatch.setenv("CONTEXTA_PROFILE", "test")
    monkeypatch.setenv("CONTEXTA_HOME", "x")

    assert load_config(use_env=False).profile_name == "local"


def test_the_readers_may_be_used_alone():
    """They give a selector and a nested patch."""
    env = {"CONTEXTA_PROFILE_OVERLAYS": "ci", "CONTEXTA_SURFACES_HTTP_PORT": "80"}

    assert read_env_selector(env) == (None, ("ci",))
    assert read_env_patch(env) == {"surfaces": {"http": {"port": "80"}}}


@pytest.mark.parametrize(
    "env", [3, ["CONTEXTA_PROFILE"], {"CONTEXTA_PROFILE": 3}, {"CONTEXTA_PROJECT_NAME": None}]
)
def test_variables_that_are_no_text_are_refused_with_our_error(env):
    """A caller's own mapping is checked like the rest."""
    with pytest.raises(ConfigurationError) as caught:
        load_config(env=env)

    assert caught.value.code == "invalid_config_value"
