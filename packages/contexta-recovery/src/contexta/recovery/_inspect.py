"""Open the stores on a copied workspace, read only, and count what they hold.

Nothing is taken from the environment or from a configuration: the store settings are built here
from paths alone. A plane that is absent counts as empty and is not created. The stores are
imported where they are opened, so that planning, listing and replaying do not load them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import ContextaError
from contexta.recovery._sqlite import is_regular
from contexta.store.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contexta.recovery._layout import Layout


# Other findings of the ledger's check are about what users stored, not about its bytes.
LEDGER_DAMAGE = frozenset(
    {
        "check_failed",
        "column_payload_mismatch",
        "database_file_damaged",
        "database_index_damaged",
        "index_definition_differs",
        "lineage_citations_mismatch",
        "metadata_log_damaged",
        "metadata_row_damaged",
        "missing_index",
        "missing_table",
        "missing_view",
        "run_facts_mismatch",
        "table_definition_differs",
        "view_definition_differs",
    }
)
_PLANES = ("metadata", "records", "artifacts")
# Artifacts that only name a file outside the workspace; there only when there are any.
OUTSIDE_FACT = "outside_count"
_ARTIFACT_FACTS = (
    "artifact_count",
    "verified_count",
    "missing_count",
    "drift_count",
    "orphan_count",
)


class Inspection(NamedTuple):
    """What the stores of a copy say.

    Attributes:
        planes: Per plane the facts that a `RestoreResult` shows.
        damage: Lines `<plane>:<what>`; empty when everything reads well.
    """

    planes: dict[str, dict[str, Any]]
    damage: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Runs, records and artifacts."""
        return {
            "runs": self.planes["metadata"]["run_count"],
            "records": self.planes["records"]["record_count"],
            "artifacts": self.planes["artifacts"]["artifact_count"],
        }


def nothing_inspected() -> Inspection:
    """Return the inspection of bytes that do not verify: their stores are not opened."""
    return Inspection(
        {
            "metadata": {"run_count": 0},
            "records": {"record_count": 0, "integrity_state": "CORRUPTED"},
            "artifacts": dict.fromkeys(_ARTIFACT_FACTS, 0),
        },
        (),
    )


def inspect_workspace(layout: Layout) -> Inspection:
    """Count runs, records and artifacts, and collect what does not read well."""
    damage = list(inspect_mark(layout))
    planes = {}
    for plane in _PLANES:
        planes[plane], found = inspect_plane(layout, plane)
        damage += found
    return Inspection(planes, tuple(damage))


def inspect_mark(layout: Layout) -> tuple[str, ...]:
    """Return what is wrong with `workspace.json`; nothing when it is absent."""
    if (layout.root / "workspace.json").exists():
        try:
            open_workspace(layout.root, create=False, read_only=True)
        except ContextaError as error:
            return (f"workspace:{error.code}",)
    return ()


def inspect_plane(layout: Layout, plane: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the facts of one plane and its damage. It looks at the files of that plane only."""
    damage: list[str] = []
    look = {"metadata": _metadata, "records": _records, "artifacts": _artifacts}[plane]
    return look(layout, damage), tuple(damage)


def has_all_facts(plane: str, facts: Mapping[str, Any]) -> bool:
    """Tell whether facts that were read from somewhere are what `inspect_plane` returns."""
    numbers = {
        "metadata": ("run_count",),
        "records": ("record_count",),
        "artifacts": _ARTIFACT_FACTS,
    }[plane]
    is_counted = all(type(facts.get(name)) is int and facts[name] >= 0 for name in numbers)
    return is_counted and (plane != "records" or isinstance(facts.get("integrity_state"), str))


def _metadata(layout: Layout, damage: list[str]) -> dict[str, Any]:
    if not is_regular(layout.database):
        return {"run_count": 0}
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    try:
        config = MetadataStoreConfig(
            database_path=layout.database, read_only=True, auto_create=False, auto_migrate=False
        )
        with MetadataStore(config) as store:
            report = store.check_integrity(full=True)
            damage.extend(
                f"metadata:{issue.code}" for issue in report.issues if issue.code in LEDGER_DAMAGE
            )
            return {"run_count": len(store.runs.list_runs())}
    except ContextaError as error:
        damage.append(f"metadata:{error.code}")
        return {"run_count": 0}


def _records(layout: Layout, damage: list[str]) -> dict[str, Any]:
    if not layout.records.is_dir():
        return {"record_count": 0, "integrity_state": "HEALTHY"}
    from contexta.store.records import RecordStore, RecordStoreConfig

    try:
        with RecordStore(RecordStoreConfig(layout.records, read_only=True)) as store:
            report = store.check_integrity()
    except ContextaError as error:
        damage.append(f"records:{error.code}")
        return {"record_count": 0, "integrity_state": "CORRUPTED"}
    # A gap is a warning: the store says that records never arrived, it is whole nevertheless.
    damage.extend(f"records:{issue.code}" for issue in report.issues if issue.severity == "error")
    return {"record_count": report.record_count, "integrity_state": report.state.value}


def _artifacts(layout: Layout, damage: list[str]) -> dict[str, Any]:
    if not layout.artifacts.is_dir():
        return dict.fromkeys(_ARTIFACT_FACTS, 0)
    from contexta.store.artifacts import ArtifactStore, VaultConfig

    try:
        config = VaultConfig(root_path=layout.artifacts, read_only=True, create_missing_dirs=False)
        store = ArtifactStore(config)
        sweep = store.verify_all()
        outside = sum(one.location is not None for one in store.list_bindings())
    except ContextaError as error:
        damage.append(f"artifacts:{error.code}")
        return dict.fromkeys(_ARTIFACT_FACTS, 0)
    bad = {
        "missing_count": len(sweep.missing_refs),
        "drift_count": len(sweep.drifted_refs),
        "damaged_binding_count": len(sweep.damaged_bindings),
    }
    damage.extend(f"artifacts:{name}={number}" for name, number in bad.items() if number)
    count = len(sweep.verification_records)
    verified = count - bad["missing_count"] - bad["drift_count"]
    orphans = len(sweep.orphan_paths)
    values = (count, verified, bad["missing_count"], bad["drift_count"], orphans)
    facts: dict[str, Any] = dict(zip(_ARTIFACT_FACTS, values, strict=True))
    return facts | {OUTSIDE_FACT: outside} if outside else facts
