"""The report of one run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.diagnostics.models import DiagnosticsResult
from contexta.interpretation.query.metrics import summarize_records
from contexta.interpretation.query.models import EvidenceLink, RunSnapshot
from contexta.interpretation.reports._parts import (
    diagnostics_section,
    field_lines,
    field_table,
    mapping_table,
)
from contexta.interpretation.reports.completeness import highlight, thinned
from contexta.interpretation.reports.models import (
    ChartLine,
    ReportChart,
    ReportDocument,
    ReportSection,
    ReportTable,
)
from contexta.interpretation.reports.notes import notes_section
from contexta.interpretation.repositories.records import (
    MetricPoint,
    MetricSeries,
    MetricSummaryRecord,
    RunRecord,
)
from contexta.interpretation.wording import in_reports as fmt

_SAMPLES_SHOWN = 20
_PACKAGES_SHOWN = 40


def snapshot_report(snapshot: RunSnapshot, diagnostics: DiagnosticsResult) -> ReportDocument:
    """Build the report; every section is there, also when it has nothing to show."""
    notes = [CompletenessNote("warning", note) for note in snapshot.completeness_notes]
    sections = [
        _summary(snapshot),
        _metrics(snapshot),
        _stages(snapshot),
        _artifacts(snapshot),
        _batches(snapshot),
        _deployments(snapshot),
        _samples(snapshot),
        diagnostics_section(diagnostics),
        notes_section(notes, snapshot.completeness),
    ]
    if snapshot.provenance is not None:
        sections.append(_provenance(snapshot))
    sections.append(_environment(snapshot))
    return ReportDocument(
        f"Run Snapshot Report: {snapshot.run.run_id}",
        tuple(sections),
        _highlights(snapshot, diagnostics),
    )


def _highlights(
    snapshot: RunSnapshot, diagnostics: DiagnosticsResult
) -> tuple[tuple[str, str], ...]:
    run = snapshot.run
    errors = sum(1 for issue in diagnostics.issues if issue.severity == "error")
    warnings = sum(1 for issue in diagnostics.issues if issue.severity == "warning")
    found = [
        f"{n} {word}{'s' * (n > 1)}" for n, word in ((errors, "error"), (warnings, "warning")) if n
    ]
    counts = snapshot.record_counts or {"records": len(snapshot.records)}
    pairs = [
        ("Status", run.status),
        ("Duration", fmt.elapsed(run.started_at, run.ended_at)),
        ("Started", fmt.moment(run.started_at)),
        ("Code", fmt.short_hash(run.code_revision) + (" (changed)" if _is_dirty(run) else "")),
        ("Dataset", run.dataset_ref or fmt.missing),
        ("Records", str(sum(counts.values()))),
        ("Issues", ", ".join(found) or "none"),
    ]
    return (*pairs, *highlight(snapshot.completeness))


def _is_dirty(run: RunRecord) -> bool:
    """Whether tracked files differed from the commit when the run began."""
    return run.metadata.get("code_dirty") is True


def _summary(snapshot: RunSnapshot) -> ReportSection:
    run = snapshot.run
    pairs = [
        ("run_id", run.run_id),
        ("name", run.name),
        ("project", run.project_name),
        ("status", run.status),
        ("started_at", run.started_at or fmt.missing),
        ("ended_at", run.ended_at or fmt.missing),
        ("duration", fmt.elapsed(run.started_at, run.ended_at)),
        ("code_revision", run.code_revision or fmt.missing),
        ("dataset_ref", run.dataset_ref or fmt.missing),
    ]
    if _is_dirty(run):
        pairs.insert(8, ("code_state", "files differed from the commit"))
    if run.description:
        pairs.append(("description", run.description))
    lines = pairs + [(f"param {k}", fmt.plain(v)) for k, v in run.params.items()]
    lines += [(f"tag {key}", value) for key, value in run.tags.items()]
    tables = [field_table(pairs, "Run")]
    if run.params:
        tables.append(mapping_table(run.params, "Parameters", "Parameter"))
    if run.tags:
        tables.append(mapping_table(run.tags, "Tags", "Tag"))
    link = EvidenceLink("run", run.run_id, run.name)
    return ReportSection("Run Summary", field_lines(lines), (link,), tuple(tables))


def _metrics(snapshot: RunSnapshot) -> ReportSection:
    rows = snapshot.metrics or tuple(summarize_records(snapshot.records))
    if not rows:
        return ReportSection("Metrics", "No metrics.")
    columns: tuple[str, ...] = (
        "Metric",
        "Stage",
        "Unit",
        "Last",
        "Min",
        "Max",
        "Mean",
        "Count",
        "Last step",
    )
    broken = any(row.nonfinite_count for row in rows)
    if broken:
        columns += ("NaN or ∞",)
    cells = tuple(
        (
            row.metric_key,
            row.stage_name or "run",
            row.unit or "",
            fmt.number(row.last),
            fmt.number(row.minimum),
            fmt.number(row.maximum),
            fmt.number(row.mean),
            str(row.count),
            fmt.number(row.last_step),
            *((str(row.nonfinite_count),) if broken else ()),
        )
        for row in rows
    )
    lines = [
        f"{row.stage_name or 'run'}/{row.metric_key}: last={fmt.number(row.last)}, "
        f"min={fmt.number(row.minimum)}, max={fmt.number(row.maximum)}, "
        f"mean={fmt.number(row.mean)}, count={row.count}, last_step={fmt.number(row.last_step)}"
        + (f", nan_or_infinite={row.nonfinite_count}" if row.nonfinite_count else "")
        for row in rows
    ]
    return ReportSection(
        "Metrics",
        "\n".join(lines),
        tuple(_record_links(rows)),
        (ReportTable(columns, cells, numeric=tuple(range(3, len(columns)))),),
        tuple(series_charts(snapshot.series)),
    )


def _record_links(rows: Iterable[MetricSummaryRecord]) -> Iterator[EvidenceLink]:
    for row in rows:
        if row.last_record_id:
            yield EvidenceLink("record", row.last_record_id, row.metric_key)


def series_charts(series: Iterable[MetricSeries]) -> Iterator[ReportChart]:
    """One chart per metric; the stages that have it are its curves."""
    groups: dict[str, list[MetricSeries]] = defaultdict(list)
    for item in series:
        groups[item.metric_key].append(item)
    for key, items in groups.items():
        stepped = all(point.step is not None for item in items for point in item.points)
        yield ReportChart(
            key,
            tuple(
                ChartLine(
                    _stage_label(item),
                    tuple(_coordinates(item.points, stepped=stepped)),
                )
                for item in items
            ),
            "step" if stepped else "point",
            next((item.unit for item in items if item.unit), None),
            note="; ".join(filter(None, (_thinned(item, len(items)) for item in items))),
        )


def _thinned(series: MetricSeries, curves: int) -> str:
    told = thinned(len(series.points), series.total_points)
    return f"{_stage_label(series)} {told}" if told and curves > 1 else told


def _stage_label(series: MetricSeries) -> str:
    return series.stage_id.rsplit(".", 1)[-1] if series.stage_id else "run"


def _coordinates(points: Sequence[MetricPoint], *, stepped: bool) -> Iterator[tuple[float, float]]:
    for index, point in enumerate(points):
        yield (float(point.step if stepped and point.step is not None else index), point.value)


def _listing(
    title: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    links: Iterable[EvidenceLink],
    empty: str,
    numeric: tuple[int, ...] = (),
) -> ReportSection:
    """A section with a table, and ``name: column=value, …`` lines as its text."""
    if not rows:
        return ReportSection(title, empty)
    keys = [column.lower().replace(" ", "_") for column in columns]
    lines = [
        f"{row[0]}: " + ", ".join(f"{k}={v}" for k, v in zip(keys[1:], row[1:], strict=True))
        for row in rows
    ]
    table = ReportTable(columns, tuple(rows), numeric=numeric)
    return ReportSection(title, "\n".join(lines), tuple(links), (table,))


def _stages(snapshot: RunSnapshot) -> ReportSection:
    rows = [
        (
            s.name,
            s.status,
            fmt.moment(s.started_at),
            fmt.elapsed(s.started_at, s.ended_at),
            s.stage_id,
        )
        for s in snapshot.stages
    ]
    links = (EvidenceLink("stage", s.stage_id, s.name) for s in snapshot.stages)
    columns = ("Stage", "Status", "Started", "Duration", "Stage id")
    return _listing("Stages", columns, rows, links, "No stages.")


def _artifacts(snapshot: RunSnapshot) -> ReportSection:
    rows = [
        (
            a.kind,
            a.artifact_ref,
            fmt.size(a.size_bytes),
            fmt.short_hash(a.hash_value),
            a.location or fmt.missing,
            fmt.moment(a.created_at),
        )
        for a in snapshot.artifacts
    ]
    links = (EvidenceLink("artifact", a.artifact_ref, a.kind) for a in snapshot.artifacts)
    columns = ("Kind", "Ref", "Size", "Hash", "Location", "Created")
    return _listing("Artifacts", columns, rows, links, "No artifacts.", (2,))


def _batches(snapshot: RunSnapshot) -> ReportSection:
    rows = [
        (b.name, b.stage_id.rsplit(".", 1)[-1], b.status, str(b.order)) for b in snapshot.batches
    ]
    links = (EvidenceLink("batch", b.batch_id, b.name) for b in snapshot.batches)
    return _listing(
        "Batches", ("Batch", "Stage", "Status", "Order"), rows, links, "No batches.", (3,)
    )


def _deployments(snapshot: RunSnapshot) -> ReportSection:
    rows = [
        (d.name, d.status, d.run_id or fmt.missing, d.artifact_ref or fmt.missing)
        for d in snapshot.deployments
    ]
    links = (EvidenceLink("deployment", d.deployment_id, d.name) for d in snapshot.deployments)
    columns = ("Deployment", "Status", "Run id", "Artifact ref")
    return _listing("Deployments", columns, rows, links, "No deployments.")


def _samples(snapshot: RunSnapshot) -> ReportSection:
    shown = snapshot.samples[:_SAMPLES_SHOWN]
    rows = [
        (
            s.name,
            fmt.moment(s.observed_at),
            s.retention_class or fmt.missing,
            s.redaction_profile or fmt.missing,
        )
        for s in shown
    ]
    more = len(snapshot.samples) - len(shown)
    if more > 0:
        rows.append((f"{more} more", "", "", ""))
    links = (EvidenceLink("sample", s.sample_id, s.name) for s in shown)
    columns = ("Sample", "Observed at", "Retention", "Redaction")
    return _listing("Samples", columns, rows, links, "No samples.")


def _environment(snapshot: RunSnapshot) -> ReportSection:
    environment = snapshot.environment
    if environment is None:
        return ReportSection("Environment", "No environment was captured.")
    pairs: list[tuple[str, str]] = [
        ("python_version", environment.python_version),
        ("platform", environment.platform),
        ("captured_at", environment.captured_at),
        ("package_count", str(len(environment.packages))),
    ]
    tables = [field_table(pairs, "Environment")]
    if environment.packages:
        tables.append(_first(environment.packages, "Packages", "Package"))
    if environment.environment_variables:
        tables.append(_first(environment.environment_variables, "Variables", "Variable"))
    link = EvidenceLink("environment", environment.environment_ref, environment.platform)
    return ReportSection("Environment", field_lines(pairs), (link,), tuple(tables))


def _first(values: Any, caption: str, heading: str) -> ReportTable:
    shown = dict(list(values.items())[:_PACKAGES_SHOWN])
    more = len(values) - len(shown)
    if more > 0:
        caption += f" (first {_PACKAGES_SHOWN} of {len(values)})"
    return mapping_table(shown, caption, heading)


def _provenance(snapshot: RunSnapshot) -> ReportSection:
    view = snapshot.provenance
    if view is None:
        return ReportSection("Provenance", "No provenance.")
    pairs = [(name, str(value)) for name, value in view.to_dict().items() if value is not None]
    link = EvidenceLink("provenance", view.provenance_ref, view.assertion_mode)
    return ReportSection("Provenance", field_lines(pairs), (link,), (field_table(pairs),))
