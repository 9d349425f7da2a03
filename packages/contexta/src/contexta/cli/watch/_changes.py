"""What is different between two looks, one line each, for pipes and logs."""

from collections.abc import Iterator
from typing import Any

from contexta.cli._text import one_line
from contexta.cli._values import number
from contexta.cli._words import counted
from contexta.cli.watch._look import Look, metric_dict

Change = dict[str, Any]


def changes(before: Look | None, now: Look) -> Iterator[Change]:
    """Yield what changed: stages, events, metrics, then the status; at first, everything."""
    if before is None:
        yield {"kind": "run", "run_id": now.run.run_id, "status": now.run.status}
    known = {} if before is None else {one.stage_id: one.status for one in before.stages}
    for stage in now.stages:
        if known.get(stage.stage_id) != stage.status:
            yield {"kind": "stage", "stage": stage.name, "status": stage.status}
    yield from _events(before, now)
    counts = {} if before is None else {(m.key, m.stage): m.count for m in before.metrics}
    for metric in now.metrics:
        if counts.get((metric.key, metric.stage)) != metric.count:
            yield {"kind": "metric", **metric_dict(metric)}
    if before is not None and before.run.status != now.run.status:
        yield {"kind": "run", "run_id": now.run.run_id, "status": now.run.status}


def _events(before: Look | None, now: Look) -> Iterator[Change]:
    fresh = now.event_count - (0 if before is None else before.event_count)
    if fresh > len(now.events):
        yield {"kind": "events_left_out", "count": fresh - len(now.events)}
    for event in now.events[-fresh:] if fresh > 0 else ():
        yield {
            "kind": "event",
            "key": event.key,
            "level": event.payload.get("level"),
            "message": event.message,
            "observed_at": event.observed_at,
        }


def line_of(change: Change) -> str:
    """One change as one line of printable text."""
    kind = change["kind"]
    if kind == "run":
        return f"run {one_line(change['run_id'])} {one_line(change['status'])}"
    if kind == "stage":
        return f"stage {one_line(change['stage'])} {one_line(change['status'])}"
    if kind == "metric":
        stage = "" if change["stage"] is None else f"@{one_line(change['stage'], 60)}"
        step = "" if change["step"] is None else f" step {change['step']}"
        value = change.get("last_marker") or number(change["last"])
        return f"metric {one_line(change['key'], 80)}{stage}{step} {value}"
    if kind == "event":
        level = one_line(change["level"] or "info", 20)
        return f"event {level} {one_line(change['key'], 80)}: {one_line(change['message'])}"
    return f"({counted(change['count'], 'event')} left out)"
