"""Reports of a history: where it changed, and what came with a change."""

from __future__ import annotations

from contexta.interpretation.changes.models import (
    Bisection,
    ChangeHistory,
    ChangePoint,
    Difference,
)
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.reports._parts import field_lines, field_table
from contexta.interpretation.reports.completeness import highlight
from contexta.interpretation.reports.models import (
    ChartLevel,
    ChartLine,
    ChartMark,
    ReportChart,
    ReportDocument,
    ReportSection,
    ReportTable,
)
from contexta.interpretation.reports.notes import notes_section
from contexta.interpretation.wording import counted, short_id
from contexta.interpretation.wording import in_reports as fmt

_POINTS_SHOWN = 200
_DIFFERENCES_SHOWN = 60


def change_report(history: ChangeHistory) -> ReportDocument:
    """Build the report of a history."""
    return ReportDocument(
        f"Change Report: {history.metric_key}",
        (
            _changes(history),
            _series(history, history.change_points),
            _segments(history),
            _search(history),
            notes_section(history.completeness_notes, history.completeness),
        ),
        (
            ("Runs", str(len(history.points))),
            ("Changes", str(len(history.change_points))),
            *_latest(history),
            *highlight(history.completeness),
        ),
    )


def _latest(history: ChangeHistory) -> tuple[tuple[str, str], ...]:
    if not history.change_points:
        return (("Reason", history.reason),) if history.reason else ()
    latest = max(history.change_points, key=lambda item: item.index)
    return (("Latest", short_id(latest.first_run_after)), ("Direction", latest.direction))


def _changes(history: ChangeHistory) -> ReportSection:
    found = history.change_points
    if not found:
        text = f"No change was found: {history.reason or 'no place stands out'}."
        least = history.smallest_detectable
        if least is not None:
            text += f" A lasting shift of {fmt.number(least)} would most likely have been seen."
        return ReportSection("Changes", text)
    lines = [
        f"{item.first_run_after}: {fmt.number(item.mean_before)} -> "
        f"{fmt.number(item.mean_after)}, delta={fmt.signed(item.delta)}, "
        f"direction={item.direction}, p={fmt.number(item.p_value)}"
        for item in found
    ]
    columns = (
        *("First run after", "Outcome", "Mean before", "Mean after", "Delta", "95 % low"),
        *("95 % high", "Relative", "p", "May lie at", "Last run before"),
    )
    table = ReportTable(
        columns, tuple(_change(history, item) for item in found), numeric=tuple(range(2, 9))
    )
    links = tuple(dict.fromkeys(link for item in found for link in item.evidence_links))
    return ReportSection("Changes", "\n".join(lines), links, (table,))


def _change(history: ChangeHistory, item: ChangePoint) -> tuple[str, ...]:
    low, high = item.interval or (None, None)
    return (
        item.first_run_after,
        item.direction,
        fmt.number(item.mean_before),
        fmt.number(item.mean_after),
        fmt.signed(item.delta),
        fmt.signed(low),
        fmt.signed(high),
        fmt.percent(item.relative_change),
        fmt.brief(item.p_value),
        _place(history, item),
        item.last_run_before,
    )


def _place(history: ChangeHistory, item: ChangePoint) -> str:
    """The 95 % interval of the place, in short ids, since names repeat."""
    ends = [_short(history, i) for i in (item.earliest_index, item.latest_index)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _short(history: ChangeHistory, index: int) -> str:
    known = {point.index: point.run_id for point in history.points}
    return short_id(known.get(index, str(index)))


def _series(history: ChangeHistory, marked: tuple[ChangePoint, ...]) -> ReportSection:
    """Every run, with changes marked and the mean of each part."""
    points = history.points
    if not points:
        return ReportSection("Series", "No run has a finite value of this metric.")
    chart = ReportChart(
        history.metric_key,
        (ChartLine("run", tuple((float(p.index), p.value) for p in points)),),
        "run, oldest first",
        x_ticks=tuple((float(p.index), short_id(p.run_id)) for p in points),
        key="Lines: mean of each part. Dashed: a change, and shaded where it may lie."
        if marked
        else "Line: mean of all runs.",
        marks=tuple(
            # A change lies between two runs.
            ChartMark(
                item.index - 0.5,
                f"{short_id(item.first_run_after)}: {fmt.brief(item.delta)}",
                item.earliest_index - 0.5,
                item.latest_index - 0.5,
            )
            for item in marked
        ),
        levels=tuple(
            ChartLevel(float(part.first_index), float(part.last_index), part.mean)
            for part in history.segments
        ),
    )
    firsts = {item.index for item in history.change_points}
    rows = [
        (short_id(p.run_id), fmt.number(p.value), fmt.moment(p.started_at), _mark(p.index, firsts))
        for p in points[-_POINTS_SHOWN:]
    ]
    caption = (
        f"The newest {_POINTS_SHOWN} of {len(points)} runs" if len(points) > _POINTS_SHOWN else ""
    )
    lines = [f"{p.run_id}: value={fmt.number(p.value)}, started_at={p.started_at}" for p in points]
    table = ReportTable(("Run", "Value", "Started", "Change"), tuple(rows), caption, (1,))
    links = tuple(
        EvidenceLink("record", p.record_id, p.run_name) for p in points if p.record_id is not None
    )
    return ReportSection("Series", "\n".join(lines), links, (table,), (chart,))


def _mark(index: int, firsts: set[int]) -> str:
    return "first after a change" if index in firsts else ""


def _segments(history: ChangeHistory) -> ReportSection:
    rows = tuple(
        (
            short_id(part.first_run),
            short_id(part.last_run),
            str(part.count),
            *map(fmt.number, (part.mean, part.median, part.std, part.mad)),
        )
        for part in history.segments
    )
    lines = [
        f"{part.first_run} to {part.last_run}: runs={part.count}, mean={fmt.number(part.mean)}"
        for part in history.segments
    ]
    columns = ("First run", "Last run", "Runs", "Mean", "Median", "SD", "MAD")
    table = ReportTable(columns, rows, numeric=tuple(range(2, 7)))
    return ReportSection("Parts", "\n".join(lines) or "No parts.", tables=(table,) if rows else ())


def _search(history: ChangeHistory) -> ReportSection:
    pairs = [
        ("project", history.project_name or "several"),
        ("stage", history.stage_name or "not chosen"),
        ("aggregation", history.aggregation),
        ("better is", "higher" if history.higher_is_better else "lower"),
        ("significance", fmt.number(history.significance)),
        ("smallest part", counted(history.min_segment, "run")),
        ("permutations", str(history.permutations)),
        ("seed", str(history.seed)),
        ("autocorrelation", fmt.number(history.autocorrelation)),
        ("drift", "yes: a straight line fits better than steps" if history.drift else "no"),
        ("smallest detectable", fmt.number(history.smallest_detectable)),
    ]
    return ReportSection("Search", field_lines(pairs), tables=(field_table(pairs),))


def bisection_report(found: Bisection) -> ReportDocument:
    """Build the report of a bisection: the run, what sets it apart, the history around it."""
    marked = () if found.change is None else (found.change,)
    return ReportDocument(
        f"Bisection Report: {found.metric_key}",
        (
            _answer(found),
            _differences(found),
            _series(found.history, marked),
            _search(found.history),
            notes_section(found.completeness_notes, found.completeness),
        ),
        (
            ("Found", "yes" if found.found else "no"),
            *((("First run after", found.first_run_after),) if found.first_run_after else ()),
            *((("Direction", found.change.direction),) if found.change else ()),
            *highlight(found.completeness),
        ),
    )


def _answer(found: Bisection) -> ReportSection:
    pairs = [("summary", found.summary)]
    if found.reason:
        pairs.append(("reason", found.reason))
    if found.method:
        pairs.append(("method", found.method.replace("_", " ")))
    if found.first_run_after:
        pairs.append(("first run after", found.first_run_after))
    if found.last_run_before:
        pairs.append(("last run before", found.last_run_before))
    if found.change is not None:
        change = found.change
        pairs += [
            (
                "mean before",
                f"{fmt.number(change.mean_before)} ({counted(change.count_before, 'run')})",
            ),
            (
                "mean after",
                f"{fmt.number(change.mean_after)} ({counted(change.count_after, 'run')})",
            ),
            ("delta", f"{fmt.signed(change.delta)} ({fmt.percent(change.relative_change)})"),
            ("p", fmt.number(change.p_value)),
            ("may lie at", _place(found.history, change)),
        ]
    if not found.found and found.smallest_detectable is not None:
        pairs.append(("smallest detectable", fmt.number(found.smallest_detectable)))
    return ReportSection("Change", field_lines(pairs), found.evidence_links, (field_table(pairs),))


def _differences(found: Bisection) -> ReportSection:
    items = found.differences
    if not items:
        return ReportSection("Differences", "Nothing that was recorded differs.")
    rows = [_difference(item) for item in items[:_DIFFERENCES_SHOWN]]
    if len(items) > len(rows):
        rows.append((f"{len(items) - len(rows)} more", "", "", "", "", ""))
    lines = [
        f"{item.kind} {item.key}: {fmt.plain(item.before_value)} -> "
        f"{fmt.plain(item.after_value)}: {item.label}"
        for item in items
    ]
    columns = ("Kind", "Name", "Before", "After", "Runs that agree", "In words")
    links = tuple(dict.fromkeys(link for item in items for link in item.evidence_links))
    table = ReportTable(columns, tuple(rows), "The best explanation first", (4,))
    return ReportSection("Differences", "\n".join(lines), links, (table,))


def _difference(item: Difference) -> tuple[str, ...]:
    return (
        item.kind,
        item.key,
        fmt.plain(item.before_value),
        fmt.plain(item.after_value),
        f"{item.runs_agreeing} of {item.runs_known}",
        item.label,
    )
