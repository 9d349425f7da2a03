"""Published backups of chosen times, made of one real backup."""

import dataclasses
import shutil

import pytest

from contexta.recovery import (
    create_workspace_backup,
    plan_workspace_backup,
)
from contexta.recovery._manifest import write_manifest
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._source import open_source


@pytest.fixture(scope="module")
def pattern(tmp_path_factory, config_at, populate):
    """One real backup; each test makes what it needs of copies of it."""
    root = tmp_path_factory.mktemp("pattern") / ".contexta"
    populate(root)
    config = config_at(root)
    return create_workspace_backup(config, plan_workspace_backup(config)).location


@pytest.fixture
def series(backups, pattern):
    """Make published backups of chosen times out of one real backup; returns their names."""

    def make(*moments, label="backup", **changes):
        names = []
        for moment in moments:
            stamp = moment.replace(":", "-").replace("Z", "_000000Z")
            target = backups / f"{label}-{stamp}"
            shutil.copytree(pattern, target)
            manifest = load_manifest(open_source(target)).manifest
            write_manifest(
                target,
                dataclasses.replace(manifest, backup_ref=target.name, created_at=moment, **changes),
            )
            names.append(target.name)
        return names

    return make


@pytest.fixture
def backups(root):
    return root / "recovery" / "backups"
