"""What a workspace holds, read quickly and without changing it: for previews and stale plans.

Only the ledger, the counts of the record plane and the names of the artifacts are read, not
every byte. The facts are about content: that a process seals its segments or folds its log does
not change them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import ContextaError
from contexta.recovery._sqlite import is_regular
from contexta.store.workspace import open_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.recovery._layout import Layout


class Facts(NamedTuple):
    """What a workspace holds.

    Attributes:
        workspace_id: None without a mark.
        runs: Digest of the content of each run by its ref.
        records: Number of records by type.
        artifacts: Refs.
        problems: Lines `<plane>:<code>` for what could not be read; its facts are missing.
    """

    workspace_id: str | None
    runs: Mapping[str, str]
    records: Mapping[str, int]
    artifacts: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def record_count(self) -> int:
        """Records of all types."""
        return sum(self.records.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not (self.runs or self.record_count or self.artifacts or self.problems)

    def state(self) -> str:
        """Return a digest that two workspaces share when all of this is equal."""
        body = {
            "workspace_id": self.workspace_id,
            "runs": dict(self.runs),
            "records": dict(self.records),
            "artifacts": list(self.artifacts),
            "problems": list(self.problems),
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def read_facts(layout: Layout) -> Facts:
    """Open the stores of a workspace, read only, and say what they hold; absent means empty."""
    problems: list[str] = []
    return Facts(
        workspace_id=_workspace_id(layout, problems),
        runs=read_runs(layout.database, problems),
        records=_records(layout.records, problems),
        artifacts=_artifacts(layout.artifacts, problems),
        problems=tuple(problems),
    )


def _workspace_id(layout: Layout, problems: list[str]) -> str | None:
    if not os.path.lexists(layout.root / "workspace.json"):
        return None
    try:
        return open_workspace(layout.root, create=False, read_only=True).workspace_id
    except ContextaError as error:
        problems.append(f"workspace:{error.code}")
        return None


def read_runs(database: Path, problems: list[str]) -> dict[str, str]:
    """Return the digest of each run in a ledger by its ref; `problems` receives what fails."""
    if not is_regular(database):
        return {}
    from contexta.contract.wire import to_json
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    try:
        config = MetadataStoreConfig(
            database_path=database, read_only=True, auto_create=False, auto_migrate=False
        )
        with MetadataStore(config) as store:
            return {
                str(run.run_ref): hashlib.sha256(to_json(run).encode()).hexdigest()
                for run in store.runs.iter_runs()
            }
    except ContextaError as error:
        problems.append(f"metadata:{error.code}")
        return {}


def _records(folder: Path, problems: list[str]) -> dict[str, int]:
    if not folder.is_dir():
        return {}
    from contexta.store.records import RecordStore, RecordStoreConfig
    from contexta.store.records.schema import RECORD_TYPES

    try:
        with RecordStore(RecordStoreConfig(folder, read_only=True)) as store:
            counts = store.doubt_counts()
    except ContextaError as error:
        problems.append(f"records:{error.code}")
        return {}
    return {kind: counts[kind] for kind in RECORD_TYPES if counts[kind]}


def _artifacts(folder: Path, problems: list[str]) -> tuple[str, ...]:
    if not folder.is_dir():
        return ()
    from contexta.store.artifacts import ArtifactStore, VaultConfig

    try:
        config = VaultConfig(root_path=folder, read_only=True, create_missing_dirs=False)
        return tuple(sorted(map(str, ArtifactStore(config).list_refs())))
    except ContextaError as error:
        problems.append(f"artifacts:{error.code}")
        return ()
