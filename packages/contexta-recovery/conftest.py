"""Shared fixtures of this package's tests: a configuration of our own, and real stores."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Workspace:
    root_path: Path
    metadata_path: Path | None = None
    records_path: Path | None = None
    artifacts_path: Path | None = None
    exports_path: Path | None = None
    cache_path: Path | None = None


@dataclass(frozen=True)
class Metadata:
    database_path: Path | None = None


@dataclass(frozen=True)
class Plane:
    root_path: Path | None = None
    layout_version: str = "1"


@dataclass(frozen=True)
class Recovery:
    outbox_root: Path | None
    backup_root: Path | None = None
    restore_staging_root: Path | None = None
    create_backup_before_restore: bool = True
    replay_mode_default: str = "tolerant"
    require_plan_before_apply: bool = True


@dataclass(frozen=True)
class Config:
    """What recovery sees of a configuration; the resolved one of the facade has more fields."""

    workspace: Workspace
    recovery: Recovery
    metadata: Metadata = field(default_factory=Metadata)
    records: Plane = field(default_factory=Plane)
    artifacts: Plane = field(default_factory=Plane)
    profile_name: str = "local"


def config_at(root: Path, **recovery: Any) -> Config:
    values = {"outbox_root": root / "recovery" / "outbox", **recovery}
    return Config(Workspace(root), Recovery(**values))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a workspace that does not exist yet."""
    return tmp_path / "home" / ".contexta"


@pytest.fixture
def config(root: Path) -> Config:
    """Default settings: every recovery folder inside the workspace."""
    return config_at(root)
