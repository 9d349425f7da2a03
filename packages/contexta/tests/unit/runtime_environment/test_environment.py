import os
import platform
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from contexta._redaction import REDACTED, redactor_of
from contexta.config import CaptureConfig, SecurityConfig, UnifiedConfig
from contexta.runtime import _packages
from contexta.runtime._environment import capture_environment, installed_packages


def taken(**sections):
    config = UnifiedConfig(**sections)
    return capture_environment(config, redactor_of(config.security))


def test_the_snapshot_says_what_runs(monkeypatch):
    """Python, platform, packages, the command line without secrets."""
    monkeypatch.setattr(sys, "argv", ["train.py", "--password=x", "--lr", "0.1"])

    found = taken()

    assert found.python_version == platform.python_version()
    assert platform.machine() in found.platform
    assert found.packages["pydantic"] == version("pydantic")
    assert found.argv == ("train.py", f"--password={REDACTED}", "--lr", "0.1")
    assert found.environment_variables == {}


def test_only_allow_listed_variables_are_recorded(monkeypatch):
    """Their values are redacted like any other."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_API_KEY", "abc")
    monkeypatch.setenv("HOME_SECRET", "abc")

    found = taken(
        security=SecurityConfig(environment_variable_allowlist=("CUDA_VISIBLE_DEVICES", "SLURM_*"))
    )

    assert {
        name: value
        for name, value in found.environment_variables.items()
        if name in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", "SLURM_API_KEY", "HOME_SECRET")
    } == {"CUDA_VISIBLE_DEVICES": "0,1", "SLURM_JOB_ID": "7", "SLURM_API_KEY": REDACTED}


def test_parts_can_be_switched_off():
    """Neither packages nor code are looked at."""
    found = taken(
        capture=CaptureConfig(capture_installed_packages=False, capture_code_revision=False)
    )

    assert (found.packages, found.code_revision, found.code_dirty) == ({}, None, None)


def test_each_snapshot_is_of_its_own_moment(monkeypatch, tmp_path):
    """A notebook or a scheduler lives long, and everything changes between its runs."""
    allowed = SecurityConfig(environment_variable_allowlist=("CUDA_VISIBLE_DEVICES",))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    found = []
    for number in ("1", "2"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", number)
        monkeypatch.setattr(sys, "argv", ["job", number])
        metadata(tmp_path, f"thing-{number}.dist-info")
        found.append(taken(security=allowed))
        shutil.rmtree(tmp_path / f"thing-{number}.dist-info")

    assert [one.environment_variables["CUDA_VISIBLE_DEVICES"] for one in found] == ["1", "2"]
    assert [one.argv for one in found] == [("job", "1"), ("job", "2")]
    assert [one.packages for one in found] == [{"thing": "1"}, {"thing": "2"}]


def test_package_folders_that_stay_as_they_are_are_read_once(monkeypatch, tmp_path):
    """A folder that changed long ago is looked at by its time only, until it changes."""
    metadata(tmp_path, "first-1.dist-info")
    os.utime(tmp_path, (1_000_000_000, 1_000_000_000))
    before = installed_packages([str(tmp_path)])
    monkeypatch.setattr(_packages, "_read", lambda _: pytest.fail("read twice"))
    again = installed_packages([str(tmp_path)])
    monkeypatch.undo()
    metadata(tmp_path, "second-2.dist-info")

    assert before == again == {"first": "1"}
    assert installed_packages([str(tmp_path)]) == {"first": "1", "second": "2"}


def test_versions_inside_files_are_read_each_time(tmp_path):
    """A development install changes its version without its folder changing."""
    (tmp_path / "dev.egg-info").mkdir()
    info = tmp_path / "dev.egg-info" / "PKG-INFO"
    versions = []
    for version_now in ("1", "2"):
        info.write_text(f"Version: {version_now}\n")
        os.utime(tmp_path, (1_000_000_000, 1_000_000_000))
        versions.append(installed_packages([str(tmp_path)])["dev"])

    assert versions == ["1", "2"]


def metadata(folder: Path, name: str, content: str = "Metadata-Version: 2.1\n") -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "METADATA").write_text(content)


def test_packages_with_damaged_metadata_are_left_out(tmp_path):
    """Leftovers of broken installs do not stop a run."""
    first, second = tmp_path / "a", tmp_path / "b"
    metadata(first, "Some.Thing_x-1.2.3.dist-info")
    metadata(first, "empty-1.0.dist-info", "")
    (first / "nothing-1.0.dist-info").mkdir()
    metadata(first, "noversion.dist-info")
    metadata(second, "some_thing.x-9.9.dist-info")
    metadata(second, "other-0.1+cu12.dist-info")
    (second / "dev.egg-info").mkdir()
    (second / "dev.egg-info" / "PKG-INFO").write_text("Name: dev\nVersion: 4\n")
    (second / "broken.egg-info").mkdir()
    (second / "old-3-py3.11.egg-info").write_text("Name: old\nVersion: 3\n")

    found = installed_packages([str(first), str(second), str(tmp_path / "missing")])

    assert found == {"dev": "4", "old": "3", "other": "0.1+cu12", "some-thing-x": "1.2.3"}


def test_names_are_those_of_the_installer():
    """What importlib.metadata says, with names in normal form."""
    found = installed_packages()

    assert {name: found[name] for name in ("pytest", "pydantic-core", "typing-extensions")} == {
        name: version(name) for name in ("pytest", "pydantic-core", "typing-extensions")
    }


def test_a_deleted_working_directory_is_survived(tmp_path, monkeypatch):
    """The code is unknown then."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    config = UnifiedConfig(workspace={"root_path": tmp_path})
    gone.rmdir()

    found = capture_environment(config, redactor_of(config.security))

    assert (found.code_revision, found.code_dirty) == (None, None)
