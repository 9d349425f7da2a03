"""The whole configuration: all sections, with the paths that follow from the workspace."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import pydantic
from pydantic import Field, PrivateAttr, model_validator

from contexta.config._interpretation import InterpretationConfig
from contexta.config._model import ConfigModel
from contexta.config._provenance import ValueSource
from contexta.config._sections import (
    CaptureConfig,
    ContractConfig,
    RecoveryConfig,
    RetentionConfig,
    SecurityConfig,
    WorkspaceConfig,
)
from contexta.config._surfaces import SurfaceConfig
from contexta.config._types import Name
from contexta.store.artifacts import ArtifactStoreConfig
from contexta.store.metadata import MetadataStoreConfig
from contexta.store.records import RecordStoreConfig

ProfileName = Literal["local", "test"]

_Section = TypeVar("_Section", bound=pydantic.BaseModel)


class UnifiedConfig(ConfigModel):
    """Every setting of one workspace, resolved and checked.

    The environment and config files play no part here: use :func:`load_config` for them.
    Paths that were not given follow from ``workspace.root_path``; a finished configuration
    holds no ``None`` path.  Which paths were given is remembered, so that
    ``replace_unified_config``, ``model_copy(update=...)`` and ``dataclasses.replace`` with
    another ``workspace`` move the derived ones and keep the given ones.
    Nothing is created on disk.

    Attributes:
        config_version: version of this structure.
        profile_name: the profile that the values started from.
        project_name: the project that runs belong to.
    """

    config_version: Name = "1"
    profile_name: ProfileName = "local"
    project_name: Name = "default"
    workspace: WorkspaceConfig = Field(default_factory=WorkspaceConfig)
    contract: ContractConfig = Field(default_factory=ContractConfig)
    capture: CaptureConfig = Field(default_factory=CaptureConfig)
    metadata: MetadataStoreConfig = Field(default_factory=MetadataStoreConfig)
    records: RecordStoreConfig = Field(default_factory=RecordStoreConfig)
    artifacts: ArtifactStoreConfig = Field(default_factory=ArtifactStoreConfig)
    interpretation: InterpretationConfig = Field(default_factory=InterpretationConfig)
    recovery: RecoveryConfig = Field(default_factory=RecoveryConfig)
    surfaces: SurfaceConfig = Field(default_factory=SurfaceConfig)
    retention: RetentionConfig = Field(default_factory=RetentionConfig)
    security: SecurityConfig = Field(default_factory=SecurityConfig)

    _sources: dict[str, ValueSource] = PrivateAttr(default_factory=dict)

    @property
    def is_read_only(self) -> bool:
        """Whether any plane refuses writes; capture then writes nothing at all."""
        return self.metadata.read_only or self.records.read_only or self.artifacts.read_only

    @property
    def tracked_sources(self) -> Mapping[str, ValueSource]:
        """Where the values that a loader set came from, by dotted key."""
        return dict(self._sources)

    def track_sources(self, sources: Mapping[str, ValueSource]) -> Self:
        """Remember where values came from; no part of equality.  For loaders."""
        self._sources.update(sources)
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UnifiedConfig):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in type(self).model_fields)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in type(self).model_fields))

    @model_validator(mode="after")
    def _fill_derived_paths(self) -> Self:
        for name, derived in self._derived_paths():
            # The model is frozen for callers; this runs while it is still being built.
            self.__dict__[name] = _filled(getattr(self, name), derived)
        return self

    def _derived_paths(self) -> Any:
        """Yield each section with its derived paths; later ones build on earlier ones."""
        root = self.workspace.root_path
        folders = ("metadata", "records", "artifacts", "reports", "exports", "cache")
        yield "workspace", {f"{folder}_path": root / folder for folder in folders}
        workspace = self.workspace
        if not self.metadata.on_server:
            yield "metadata", {"database_path": _known(workspace.metadata_path) / "ledger.sqlite"}
        yield "records", {"root_path": workspace.records_path}
        yield "artifacts", {"root_path": workspace.artifacts_path}
        recovery = root / "recovery"
        yield (
            "recovery",
            {
                "outbox_root": recovery / "outbox",
                "backup_root": recovery / "backups",
                "restore_staging_root": recovery / "staging",
            },
        )


def _known(path: Path | None) -> Path:
    if path is None:  # pragma: no cover - the workspace section is filled first
        raise AssertionError("the workspace paths are filled before those that follow from them")
    return path


def _filled(section: _Section, derived: Mapping[str, Path | None]) -> _Section:
    """Copy a section with the derived paths in place of those that nobody gave."""
    given = section.model_fields_set
    missing = {
        name: path
        for name, path in derived.items()
        if name not in given or getattr(section, name) is None
    }
    if not missing:
        return section
    values = {name: getattr(section, name) for name in type(section).model_fields} | missing
    return type(section).model_construct(_fields_set=given - missing.keys(), **values)
