"""Compares runs and reports."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from contexta.interpretation._names import check_name
from contexta.interpretation.compare._artifacts import compare_artifacts
from contexta.interpretation.compare._documents import compare_documents
from contexta.interpretation.compare._runs import require_runs
from contexta.interpretation.compare._stages import compare_stages
from contexta.interpretation.compare._values import compare_provenance, compare_values
from contexta.interpretation.compare.direction import is_higher_better
from contexta.interpretation.compare.errors import ComparisonError
from contexta.interpretation.compare.models import (
    ArtifactKindCountRow,
    CompletenessNote,
    MultiRunComparison,
    MultiRunMetricRow,
    ReportComparison,
    RunComparison,
    StageComparison,
    unique_notes,
)
from contexta.interpretation.compare.policy import ComparisonPolicy
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.completeness.service import completeness_of
from contexta.interpretation.query._snapshot import RunFacts
from contexta.interpretation.query.metrics import aggregated, by_run, metric_summaries, pick_summary
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import MetricSummaryRecord, RunRecord
from contexta.interpretation.wording import counted

Row = tuple[str | None, str]


class CompareService:
    """Puts runs side by side; reads summaries, never every point."""

    def __init__(
        self, query_service: QueryService, *, config: ComparisonPolicy | None = None
    ) -> None:
        """Ask through ``query_service``; ``config`` may be any object with the policy's fields."""
        self.query_service = query_service
        self.config = config if config is not None else ComparisonPolicy()

    def compare_runs(self, left_run_id: str, right_run_id: str) -> RunComparison:
        """Compare two runs: metrics by stage, artifacts, parameters, tags, environment.

        Raises:
            ResolutionError: a run is unknown or its name is ambiguous.
        """
        left = self.query_service.get_run_facts(left_run_id)
        right = self.query_service.get_run_facts(right_run_id)
        stages = compare_stages(left, right, self.config)
        artifacts = compare_artifacts(left.artifacts, right.artifacts)
        changes = compare_values(left, right)
        notes = [
            *_prefixed("left", left),
            *_prefixed("right", right),
            *(note for stage in stages for note in stage.completeness_notes),
        ]
        links = [
            *left.evidence_links,
            *right.evidence_links,
            *(link for change in artifacts for link in change.evidence_links),
            *(link for stage in stages for d in stage.metric_deltas for link in d.evidence_links),
        ]
        deltas = sum(len(stage.metric_deltas) for stage in stages)
        named = sum(1 for stage in stages if stage.stage_name is not None)
        return RunComparison(
            left_run_id=left.run.run_id,
            right_run_id=right.run.run_id,
            summary=(
                f"{left.run.run_id} ({left.run.name}) and {right.run.run_id} ({right.run.name}): "
                + ", ".join(
                    (
                        _counted(named, "stage"),
                        _counted(deltas, "metric delta"),
                        _counted(len(artifacts), "artifact change"),
                        _counted(len(changes), "value change"),
                    )
                )
            ),
            stage_comparisons=stages,
            artifact_changes=artifacts,
            completeness_notes=unique_notes(notes),
            evidence_links=tuple(dict.fromkeys(links)),
            provenance_comparison=compare_provenance(left, right, changes),
            value_changes=changes,
            left_completeness=left.completeness,
            right_completeness=right.completeness,
            completeness=left.completeness + right.completeness + _one_sided(stages),
        )

    def compare_multiple_runs(self, run_ids: Iterable[str]) -> MultiRunComparison:
        """Put one or more runs side by side; ids are given back as they were passed.

        Rows are sorted by stage, run-level metrics first, then by key.

        Raises:
            ComparisonError: no id (``compare_requires_multiple_runs``), or a text instead of ids
                (``compare_invalid_run_ids``).
            ResolutionError: runs are unknown or ambiguous; ``details["problems"]`` has all.
        """
        ids, runs = self._load(run_ids)
        table = self._table(runs)
        rows = tuple(
            MultiRunMetricRow(key, stage, values, _best(ids, values, higher=higher), higher)
            for (stage, key), values in table.items()
            for higher in (is_higher_better(key),)
        )
        notes = [
            CompletenessNote(
                "warning",
                f"missing_metric_for_run:{row.metric_key}",
                {"run_ids": _lacking(ids, row), "stage_name": row.stage_name},
            )
            for row in rows
            if None in row.values
        ]
        names = tuple(run.name for run in runs)
        whole = completeness_of(self.query_service, [run.run_id for run in runs])
        return MultiRunComparison(
            run_ids=ids,
            run_names=names,
            metric_table=rows,
            artifact_kind_counts=self._artifact_counts(runs),
            completeness_notes=tuple(notes),
            evidence_links=tuple(EvidenceLink("run", run.run_id, run.name) for run in runs),
            summary=(
                f"{_counted(len(ids), 'run')}, {_counted(len(rows), 'metric row')}: "
                + ", ".join(run.run_id for run in runs)
            ),
            run_completeness=() if whole.complete else self._each(runs),
            completeness=whole,
        )

    def select_best_run(
        self,
        run_ids: Iterable[str],
        metric_key: str,
        *,
        stage_name: str | None = None,
        higher_is_better: bool | None = None,
    ) -> str | None:
        """Return the id (as passed) of the run with the best value; the first wins ties.

        Which way is better follows from the key (less of a ``loss``, an ``error`` or a
        ``latency``) unless ``higher_is_better`` says it.

        Without ``stage_name`` the run-level values count; when no run has one, those of the
        only stage that has the metric. ``None`` when no run has a finite value.

        Raises:
            ComparisonError: no id, or several stages have the metric
                (``compare_metric_stage_ambiguous``; ``details`` name them).
            ResolutionError: runs are unknown or ambiguous; ``details["problems"]`` has all.
            ValidationError: the key is blank or no text (``compare_invalid_metric_key``).
        """
        check_name(metric_key, "metric_key", "compare_invalid_metric_key")
        ids, runs = self._load(run_ids)
        table = self._table(runs, [metric_key])
        row: Row = (stage_name, metric_key)
        if stage_name is None and row not in table and table:
            stages = [stage for stage, _ in table]
            if len(stages) > 1:
                raise ComparisonError(
                    f"metric {metric_key} was logged in the stages {', '.join(map(str, stages))}; "
                    "choose one with stage_name",
                    code="compare_metric_stage_ambiguous",
                    details={"metric_key": metric_key, "stages": stages},
                )
            row = (stages[0], metric_key)
        higher = is_higher_better(metric_key) if higher_is_better is None else higher_is_better
        return _best(ids, table.get(row, ()), higher=higher)

    def compare_report_documents(self, left: object, right: object) -> ReportComparison:
        """Compare two reports section by section.

        Raises:
            ComparisonError: an argument is no report (``compare_invalid_report_document``).
        """
        return compare_documents(left, right)

    def _load(self, run_ids: Iterable[str]) -> tuple[tuple[str, ...], list[RunRecord]]:
        if isinstance(run_ids, str) or not isinstance(run_ids, Iterable):
            kind = "text" if isinstance(run_ids, str) else type(run_ids).__name__
            raise ComparisonError(
                f"run_ids is the {kind} {run_ids!r}; pass a list of ids, also for one run",
                code="compare_invalid_run_ids",
                details={"run_ids": str(run_ids)},
            )
        ids = tuple(dict.fromkeys(run_ids))
        if not ids:
            raise ComparisonError(
                "no run to compare; pass one id or more",
                code="compare_requires_multiple_runs",
                details={"run_ids": list(ids)},
            )
        return ids, require_runs(self.query_service, ids)

    def _table(
        self, runs: Sequence[RunRecord], keys: Sequence[str] | None = None
    ) -> dict[Row, tuple[float | None, ...]]:
        unique = list(dict.fromkeys(run.run_id for run in runs))
        groups = by_run(metric_summaries(self.query_service.repository, unique, keys))
        cells: dict[Row, dict[str, MetricSummaryRecord]] = {}
        for run_id, rows in groups.items():
            for row in rows:
                cell = cells.setdefault((row.stage_name, row.metric_key), {})
                before = cell.get(run_id)
                picked = pick_summary([row] if before is None else [before, row], row.stage_name)
                cell[run_id] = picked or row
        ordered = sorted(cells, key=lambda cell: (cell[0] is not None, cell[0] or "", cell[1]))
        selection = self.config.metric_selection
        return {
            row: tuple(
                aggregated(cells[row][run.run_id], selection) if run.run_id in cells[row] else None
                for run in runs
            )
            for row in ordered
        }

    def _each(self, runs: Sequence[RunRecord]) -> tuple[Completeness, ...]:
        return tuple(completeness_of(self.query_service, [run.run_id]) for run in runs)

    def _artifact_counts(self, runs: Sequence[RunRecord]) -> tuple[ArtifactKindCountRow, ...]:
        repository = self.query_service.repository
        counts = [
            Counter(item.kind for item in repository.list_artifacts(run_id=run.run_id))
            for run in runs
        ]
        kinds = sorted({kind for count in counts for kind in count})
        return tuple(ArtifactKindCountRow(kind, tuple(c[kind] for c in counts)) for kind in kinds)


def _one_sided(stages: Iterable[StageComparison]) -> Completeness:
    deltas = [delta for stage in stages for delta in stage.metric_deltas]
    return Completeness(
        missing=sum((d.left_value is None) != (d.right_value is None) for d in deltas)
    )


def _best(ids: Sequence[str], values: Sequence[float | None], *, higher: bool) -> str | None:
    finite = [
        (value, index)
        for index, value in enumerate(values)
        if value is not None and math.isfinite(value)
    ]
    if not finite:
        return None
    sign = 1 if higher else -1
    return ids[max(finite, key=lambda item: (sign * item[0], -item[1]))[1]]


def _lacking(ids: Sequence[str], row: MultiRunMetricRow) -> list[str]:
    return [ids[index] for index, value in enumerate(row.values) if value is None]


def _prefixed(side: str, facts: RunFacts) -> list[CompletenessNote]:
    return [
        CompletenessNote("warning", f"{side}:{note}", {"run_id": facts.run.run_id})
        for note in facts.completeness_notes
    ]


def _counted(count: int, noun: str) -> str:
    return counted(count, noun)
