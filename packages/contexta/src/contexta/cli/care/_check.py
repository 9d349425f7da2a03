"""``contexta check``: is everything there, and what it was when it was stored."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Column, Styled, table
from contexta.cli._draw import severity as severity_of
from contexta.cli._following import waiting
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.care._planes import NAMES, open_planes

_MOST = 50
_LEFT_OVER = frozenset({"deleted_run_has_records", "deleted_run_has_artifacts"})


@click.command("check")
@click.option("--quick", is_flag=True, help="Compare the planes without reading every byte.")
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "error"]),
    default="error",
    show_default=True,
    help="Exit with 1 from this severity on.",
)
@global_options
@click.pass_obj
def check(state: State, quick: bool, fail_on: str) -> int:
    """Check all planes: every byte, and whether they agree with each other.

    Nothing is changed, and the workspace may be in use. `contexta repair plan` says what can be
    mended. A byte that somebody changed together with its checksums is not noticed.
    """
    from contexta.store.integrity import check_workspace

    ctx = state.open()
    planes = open_planes(ctx)
    with waiting(state, "comparing the planes" if quick else "reading every byte"):
        report = check_workspace(*(planes.stores.get(name) for name in NAMES), deep=not quick)
    issues = [
        *(_unopened(plane, error) for plane, error in planes.failures.items()),
        *(_row(one) for one in report.issues),
    ]
    states = dict(report.planes) | dict.fromkeys(planes.failures, "damaged")
    counts = {
        level: sum(one["severity"] == level for one in issues) for level in ("error", "warning")
    }
    result = {
        "ok": not issues,
        "checked_at": report.checked_at,
        "deep": report.deep,
        "planes": states,
        "issues": issues,
        "issue_counts": counts,
    }
    show(state, result, lambda: _lines(result, state), rows=lambda: issues)
    return 1 if counts["error"] or (fail_on == "warning" and counts["warning"]) else 0


def _row(issue: Any) -> dict[str, Any]:
    return {
        "code": issue.code,
        "severity": issue.severity,
        "plane": issue.plane,
        "ref": issue.ref,
        "message": issue.message,
        "suggested_action": issue.suggested_action,
        "details": dict(issue.details or {}),
    }


def _unopened(plane: str, error: Any) -> dict[str, Any]:
    return {
        "code": error.code,
        "severity": "error",
        "plane": plane,
        "ref": None,
        "message": error.message,
        "suggested_action": None,
        "details": dict(error.details or {}),
    }


def _lines(result: dict[str, Any], state: State) -> Iterator[str]:
    pen = state.pen
    issues = result["issues"]
    if issues:
        columns = [
            Column("SEVERITY"),
            Column("PLANE"),
            Column("WHAT", wrap=True),
        ]
        rows: list[tuple[object, ...]] = []
        for one in issues[:_MOST]:
            rows.append((severity_of(one["severity"]), one["plane"], one["message"]))
            rows.append(("", "", Styled(" ".join(filter(None, (one["code"], one["ref"]))), "dim")))
        yield from table(columns, rows, pen)
        if len(issues) > _MOST:
            yield f"and {len(issues) - _MOST} more; --format json has all"
        yield ""
    planes = ", ".join(f"{name} {word}" for name, word in result["planes"].items())
    how = "every byte read" if result["deep"] else "without reading every byte"
    if result["ok"]:
        yield pen.paint(f"Healthy: {planes}; {how}", "good")
        return
    counts = result["issue_counts"]
    yield pen.paint(
        f"{counted(counts['error'], 'error')}, {counted(counts['warning'], 'warning')}: {planes}",
        "bad" if counts["error"] else "doubt",
    )
    left = next((one["ref"] for one in issues if one["code"] in _LEFT_OVER), None)
    if left is not None:
        yield f"What deleted runs left behind goes with: contexta erase {_run_of(left)}"
    if any(one["code"] not in _LEFT_OVER for one in issues):
        yield "What can be mended: contexta repair plan"


def _run_of(ref: str) -> str:
    return printable("run:" + ".".join(ref.partition(":")[2].split(".")[:2]))
