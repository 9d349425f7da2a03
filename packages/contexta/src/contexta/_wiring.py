"""The only place that names concrete classes: stores, repository, services.

Everything is imported when it is first needed, so that `import contexta`
loads neither SQLAlchemy nor pyarrow nor DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.capture._ports import Planes
    from contexta.capture.sinks import Sink
    from contexta.config import InterpretationConfig, UnifiedConfig
    from contexta.runtime.session import RuntimeSession

_STORES = {
    "metadata": ("contexta.store.metadata", "MetadataStore"),
    "records": ("contexta.store.records", "RecordStore"),
    "artifacts": ("contexta.store.artifacts", "ArtifactStore"),
}


def open_store(name: str, config: UnifiedConfig, *, read_only: bool) -> Any:
    """Open the store of one plane: `metadata`, `records` or `artifacts`."""
    module, cls = _STORES[name]
    settings = getattr(config, name)
    if read_only and not settings.read_only:
        settings = settings.model_copy(update={"read_only": True})
    return getattr(import_module(module), cls)(settings)


def build_session(
    config: UnifiedConfig, sinks: Iterable[Sink], planes: Planes | None
) -> RuntimeSession:
    """Build the session that opens scopes; `planes` None keeps nothing in the workspace."""
    from contexta.runtime.session import RuntimeSession

    return RuntimeSession(config=config, sinks=sinks, planes=planes)


def mark_workspace(config: UnifiedConfig) -> None:
    """Validate the workspace folder, or create it when that is allowed."""
    from contexta.store.fs import ensure_private_dir
    from contexta.store.workspace import open_workspace

    open_workspace(config.workspace.root_path, create=config.workspace.create_missing_dirs)
    # Readers open all planes; the artifact plane exists before its first artifact.
    if config.artifacts.root_path is not None:
        ensure_private_dir(config.artifacts.root_path)


def check_workspace(config: UnifiedConfig) -> None:
    """Refuse a workspace that a newer release wrote, or whose mark is damaged.

    A folder without a mark is left to the stores, which say what they miss.
    """
    from contexta.store.workspace import WORKSPACE_FILE_NAME, open_workspace

    root = config.workspace.root_path
    if (root / WORKSPACE_FILE_NAME).exists():
        open_workspace(root, create=False, read_only=True)


def is_read_only(config: UnifiedConfig) -> bool:
    """Say whether the configuration forbids writing to any plane."""
    return any(getattr(config, name).read_only for name in _STORES)


def build_repository(metadata: Any, records: Any, artifacts: Any) -> Any:
    """Build the repository that the services ask."""
    from contexta.interpretation.repositories import CompositeStoreRepository

    return CompositeStoreRepository(metadata, records, artifacts)


def build_query_service(repository: Any) -> Any:
    """Build the query service."""
    from contexta.interpretation.query import QueryService

    return QueryService(repository)


def build_aggregates(records: Any, query_service: Any) -> Any:
    """Build the aggregate questions over the record plane."""
    from contexta.interpretation.aggregates import AggregateService, DuckDbEngine

    return AggregateService(DuckDbEngine(records), query_service=query_service)


def build_notebook(ctx: Any) -> Any:
    """Build what shows a workspace in notebooks; the layer above this one."""
    return import_module("contexta.notebook").NotebookSurface(ctx)


def build_service(name: str, query_service: Any, config: UnifiedConfig) -> Any:
    """Build one service over the query service, with the policy that `config` holds."""
    package, cls = _SERVICES[name]
    service = getattr(import_module(f"contexta.interpretation.{package}"), cls)
    if name == "report_builder":
        return service()
    settings = _SETTINGS.get(name)
    return service(query_service, **({} if settings is None else settings(config.interpretation)))


_SERVICES = {
    "aggregation": ("aggregation", "AggregationService"),
    "alert": ("alert", "AlertService"),
    "anomaly": ("anomaly", "AnomalyService"),
    "change": ("changes", "ChangeService"),
    "compare": ("compare", "CompareService"),
    "diagnostics": ("diagnostics", "DiagnosticsService"),
    "gate": ("gate", "GateService"),
    "group": ("groups", "GroupService"),
    "lineage": ("lineage", "LineageService"),
    "provenance": ("provenance", "ProvenanceService"),
    "report_builder": ("reports", "ReportBuilder"),
    "trend": ("trend", "TrendService"),
}
_SETTINGS: dict[str, Callable[[InterpretationConfig], dict[str, Any]]] = {
    "aggregation": lambda policies: {"metric_aggregation": policies.trend.metric_aggregation},
    "alert": lambda policies: {"metric_aggregation": policies.trend.metric_aggregation},
    "anomaly": lambda policies: {
        **policies.anomaly.model_dump(),
        "metric_aggregation": policies.trend.metric_aggregation,
    },
    "compare": lambda policies: {"config": policies.comparison},
    "diagnostics": lambda policies: {"config": policies.diagnostics},
    "gate": lambda policies: {"diagnostics": policies.diagnostics},
    "trend": lambda policies: {"config": policies.trend},
}
