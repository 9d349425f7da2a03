"""Planes and services of the facade, each built when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta import _wiring

if TYPE_CHECKING:
    from contexta.config import UnifiedConfig
    from contexta.interpretation import (
        AggregationService,
        AlertService,
        AnomalyService,
        CompareService,
        CompositeRepository,
        DiagnosticsService,
        LineageService,
        ProvenanceService,
        QueryService,
        ReportBuilder,
        TrendService,
    )
    from contexta.interpretation.aggregates import AggregateService
    from contexta.interpretation.changes import ChangeService
    from contexta.interpretation.gate import GateService
    from contexta.interpretation.groups import GroupService
    from contexta.notebook import NotebookSurface
    from contexta.store.artifacts import ArtifactStore
    from contexta.store.metadata import MetadataStore
    from contexta.store.records import RecordStore


class ServiceProperties:
    """The stores, the repository over them, and the services over that.

    What is assigned to a private name before the first use, such as
    `ctx._repository`, is used instead of what would be built.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        config: UnifiedConfig
        _planes: Any
        _metadata_store: Any
        _record_store: Any
        _artifact_store: Any
        _repository: Any
        _query_service: Any
        _services: dict[str, Any]

    @property
    def metadata_store(self) -> MetadataStore:
        """The metadata plane."""
        store: MetadataStore = self._metadata_store or self._planes.metadata()
        return store

    @property
    def record_store(self) -> RecordStore:
        """The record plane."""
        store: RecordStore = self._record_store or self._planes.records()
        return store

    @property
    def artifact_store(self) -> ArtifactStore:
        """The artifact plane."""
        store: ArtifactStore = self._artifact_store or self._planes.artifacts()
        return store

    @property
    def repository(self) -> CompositeRepository:
        """The repository over the planes."""
        if self._repository is None:
            self._repository = _wiring.build_repository(
                self.metadata_store,
                self.record_store,
                self.artifact_store,
            )
        repository: CompositeRepository = self._repository
        return repository

    @property
    def query_service(self) -> QueryService:
        """Runs, snapshots, filters."""
        if self._query_service is None:
            self._query_service = _wiring.build_query_service(self.repository)
        service: QueryService = self._query_service
        return service

    def _service(self, name: str) -> Any:
        if name not in self._services:
            self._services[name] = _wiring.build_service(name, self.query_service, self.config)
        return self._services[name]

    @property
    def compare_service(self) -> CompareService:
        """Comparisons of runs."""
        service: CompareService = self._service("compare")
        return service

    @property
    def diagnostics_service(self) -> DiagnosticsService:
        """What looks wrong with a run."""
        service: DiagnosticsService = self._service("diagnostics")
        return service

    @property
    def lineage_service(self) -> LineageService:
        """Relations between runs, artifacts and data."""
        service: LineageService = self._service("lineage")
        return service

    @property
    def trend_service(self) -> TrendService:
        """Metrics over runs and steps."""
        service: TrendService = self._service("trend")
        return service

    @property
    def alert_service(self) -> AlertService:
        """Rules on metrics."""
        service: AlertService = self._service("alert")
        return service

    @property
    def provenance_service(self) -> ProvenanceService:
        """Environments and reproducibility."""
        service: ProvenanceService = self._service("provenance")
        return service

    @property
    def report_builder(self) -> ReportBuilder:
        """Reports."""
        service: ReportBuilder = self._service("report_builder")
        return service

    @property
    def aggregation_service(self) -> AggregationService:
        """Statistics over runs."""
        service: AggregationService = self._service("aggregation")
        return service

    @property
    def anomaly_service(self) -> AnomalyService:
        """Values unlike those of earlier runs."""
        service: AnomalyService = self._service("anomaly")
        return service

    @property
    def group_service(self) -> GroupService:
        """Groups of replicate runs, and whether they differ."""
        service: GroupService = self._service("group")
        return service

    @property
    def gate_service(self) -> GateService:
        """Rules that runs must meet."""
        service: GateService = self._service("gate")
        return service

    @property
    def change_service(self) -> ChangeService:
        """Where a metric changed over runs, and what came with it."""
        service: ChangeService = self._service("change")
        return service

    @property
    def aggregate_service(self) -> AggregateService:
        """Questions that touch every point of many runs, asked of DuckDB."""
        if "aggregates" not in self._services:
            self._services["aggregates"] = _wiring.build_aggregates(
                self.record_store, self.query_service
            )
        service: AggregateService = self._services["aggregates"]
        return service

    @property
    def notebook(self) -> NotebookSurface:
        """Cards and frames for notebooks."""
        if "notebook" not in self._services:
            self._services["notebook"] = _wiring.build_notebook(self)
        surface: NotebookSurface = self._services["notebook"]
        return surface
