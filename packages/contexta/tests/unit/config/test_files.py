import pytest

from contexta.config import (
    UnifiedConfig,
    config_provenance,
    config_to_toml,
    find_project,
    load_config,
    resolve_facade_config,
)
from contexta.errors import ConfigurationError


@pytest.mark.parametrize("suffix", [".toml", ".TOML", ".json"])
def test_paths_in_a_file_are_relative_to_the_file(tmp_path, suffix):
    """The working directory plays no part."""
    file = tmp_path / "etc" / f"c{suffix}"
    file.parent.mkdir()
    text = '{"workspace": {"root_path": "w", "cache_path": "../c"}, "records": {"root_path": "r"}}'
    if suffix.lower() == ".toml":
        text = '[workspace]\nroot_path = "w"\ncache_path = "../c"\n[records]\nroot_path = "r"\n'
    file.write_text(text)

    config = load_config(config_file=file, env={})

    assert config.workspace.root_path == tmp_path / "etc" / "w"
    assert config.workspace.cache_path == tmp_path / "c"
    assert config.records.root_path == tmp_path / "etc" / "r"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.toml", None, "config_file_not_found"),
        ("c.yaml", b"a: 1", "unsupported_config_file"),
        ("c.toml", b"a = ", "invalid_config_file"),
        ("c.toml", b"\xff\xfe", "invalid_config_file"),
        ("c.json", b"{", "invalid_config_file"),
        ("c.json", b"[1]", "invalid_config_file"),
        ("c.json", b"[" * 100_000, "invalid_config_file"),
        ("c.json", b'{"a": ' + b"1" * 10_000 + b"}", "invalid_config_file"),
        ("c.json", b" " * 1_100_000, "invalid_config_file"),
        ("c.toml", b"profile = 3", "invalid_config_file"),
        ("c.toml", b"overlays = 3", "invalid_config_file"),
        ("c.toml", b'profile = "x"', "invalid_profile_selector"),
        ("c.toml", b'overlays = ["x"]', "invalid_profile_selector"),
        ("c.toml", b"[captur]\na = 1", "unknown_config_field"),
        ("c.json", b'{"capture": {"retry_backoff_seconds": NaN}}', "invalid_config_value"),
        ("c.json", b'{"workspace": {"root_path": "a\\u0000b"}}', "invalid_config_value"),
        ("c.json", b'{"workspace": 3}', "invalid_config_value"),
    ],
)
def test_a_bad_file_is_refused_by_code_and_name(tmp_path, name, content, code):
    """The message names the file, whatever is wrong with it."""
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigurationError, match=name) as caught:
        load_config(config_file=file, env={})

    assert caught.value.code == code


def test_a_folder_is_no_config_file(tmp_path):
    """What the operating system refuses is our error."""
    folder = tmp_path / "d.toml"
    folder.mkdir()

    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_config(config_file=folder)


def test_the_project_folder_is_found_from_below(project, monkeypatch):
    """A script in a subfolder writes to the workspace of the project."""
    (project / ".contexta").mkdir()
    below = project / "src" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    assert resolve_facade_config().workspace.root_path == project / ".contexta"
    assert resolve_facade_config(profile="test").workspace.root_path == project / ".contexta-test"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("contexta.toml", 'project_name = "found"\n'),
        ("pyproject.toml", '[tool.contexta]\nproject_name = "found"\n'),
    ],
)
def test_the_project_file_is_found_and_read(project, monkeypatch, name, text):
    """Its settings count, and the workspace lies beside it."""
    (project / name).write_text(text)
    below = project / "src"
    below.mkdir()
    monkeypatch.chdir(below)

    config = load_config()

    assert config.project_name == "found"
    assert config.workspace.root_path == project / ".contexta"
    assert config_provenance(config)["project_name"] == ("file", str(project / name))
    assert config_provenance(config)["workspace.root_path"] == ("project", str(project))


def test_nothing_is_searched_when_something_is_named(project, tmp_path):
    """A workspace, a file, or ``use_env=False`` ends the search before it begins."""
    (project / "contexta.toml").write_text('project_name = "found"\n')
    other = tmp_path / "other.toml"
    other.write_text("")

    assert load_config(workspace=tmp_path / "w").project_name == "default"
    assert load_config(config={"workspace": {"root_path": "w"}}).project_name == "default"
    assert load_config(env={"CONTEXTA_WORKSPACE": "w"}).project_name == "default"
    assert load_config(config_file=other).project_name == "default"
    assert load_config(use_env=False).project_name == "default"
    assert load_config(discover=False).project_name == "default"
    assert load_config(use_env=False, discover=True).project_name == "found"


def test_a_found_file_does_not_send_test_runs_into_its_workspace(project):
    """The test profile keeps its own folder unless the file itself selects the profile."""
    (project / "contexta.toml").write_text('[workspace]\nroot_path = "real"\n')

    assert load_config().workspace.root_path == project / "real"
    assert load_config(profile="test").workspace.root_path == project / ".contexta-test"


def test_the_search_ends_at_a_repository(project, tmp_path):
    """Files above the repository do not count."""
    (tmp_path / "contexta.toml").write_text("")

    assert find_project() is None


def test_the_search_passes_over_folders_that_anybody_may_write_to(tmp_path):
    """A file planted in a shared folder does not steer other people's runs."""
    below = tmp_path / "shared" / "mine"
    below.mkdir(parents=True)
    (below / ".git").mkdir()
    (tmp_path / "shared" / "contexta.toml").write_text("")
    (below / ".git").rmdir()
    (tmp_path / ".git").mkdir()

    assert find_project(below).root == tmp_path / "shared"
    (tmp_path / "shared").chmod(0o777)
    assert find_project(below) is None


def test_the_search_passes_over_the_home_directory(tmp_path, monkeypatch):
    """A workspace made in the home directory by accident does not catch everything."""
    (tmp_path / ".contexta").mkdir()
    below = tmp_path / "x"
    below.mkdir()
    assert find_project(below).root == tmp_path

    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".git").mkdir()

    assert find_project(below) is None
    assert find_project(tmp_path).root == tmp_path


def test_a_toml_dump_reads_back_as_the_same_settings(tmp_path):
    """Derived paths are left out, so that they stay derived."""
    config = UnifiedConfig(
        project_name='q"\\\x7f',
        workspace={"root_path": tmp_path / "w", "cache_path": tmp_path / "c"},
        interpretation={"diagnostics": {"expected_terminal_stage_names": ("a", "b")}},
    )
    file = tmp_path / "dump.toml"
    file.write_text(config_to_toml(config))

    loaded = load_config(config_file=file, env={})

    assert loaded == config
    assert config_provenance(loaded)["records.root_path"].kind == "derived"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("deep.toml", ".".join(["a"] * 5000) + " = 1", "unknown_config_field"),
        ("surrogate.json", '{"project_name": "\\ud800"}', "invalid_config_value"),
        ("pyproject.toml", "# [tool.contexta]\ntool = 3", "invalid_config_file"),
    ],
)
def test_hostile_files_are_refused_with_our_error(tmp_path, name, text, code):
    """Deep keys, half characters and a ``tool`` that is no table stop in the reader."""
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_config(config_file=tmp_path / name)

    assert caught.value.code == code
