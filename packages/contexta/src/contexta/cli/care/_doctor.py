"""``contexta doctor``: how a workspace is, and what to do about it."""

import platform
import sqlite3
from collections.abc import Iterator
from importlib.metadata import version
from shlex import quote
from typing import Any

import click

from contexta.cli._draw import Column as Col
from contexta.cli._draw import Styled, duration, facts, heading, size, table
from contexta.cli._draw import severity as severity_of
from contexta.cli._following import waiting
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli.care import _examine as examine
from contexta.cli.care._findings import SEVERITIES, Finding, worst
from contexta.cli.care._planes import open_planes
from contexta.cli.care._sizes import sizes_of

_WORDS = {None: "healthy", "info": "healthy", "warning": "needs attention", "error": "damaged"}
_STYLES = {"healthy": "good", "needs attention": "doubt", "damaged": "bad"}


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Also read every byte.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    default="error",
    show_default=True,
    help="Exit with 1 from this severity on.",
)
@global_options
@click.pass_obj
def doctor(state: State, deep: bool, fail_on: str) -> int:
    """Say how the workspace is, and what to do about it. Changes nothing."""
    ctx = state.open()
    now = examine.current_time()
    with waiting(state, "looking at the workspace"):
        found = open_planes(ctx)
        findings = list(examine.planes(found, deep=deep))
        runs = _runs(found.stores.get("metadata"))
        writers, more = examine.writers(found)
        findings += more
        runs = _true_statuses(runs, writers["orphaned_runs"])
        backups, more = examine.backups(state.config, now, has_runs=bool(runs))
        findings += more
        deliveries, more = examine.deliveries(state.config)
        findings += more
        sizes = sizes_of(state.config)
        root = state.config.workspace.root_path
        findings += examine.parts(found)
        if "metadata" in found.stores:
            findings += examine.clock(ctx, now)
        findings += examine.disk(root, sum(one.size for one in sizes.values()))
        findings += examine.aside(found)
    findings.sort(key=lambda one: -SEVERITIES.index(one.severity))
    findings = [_here(one, state) for one in findings]
    level = worst(findings)
    result: dict[str, Any] = {
        "workspace": str(root),
        "status": _WORDS[level],
        "versions": _versions(found.stores.get("metadata"), root),
        "runs": runs,
        "writers": writers,
        "sizes": {name: {"files": one.files, "bytes": one.size} for name, one in sizes.items()},
        "backups": backups,
        "deliveries": deliveries,
        "findings": [one.to_dict() for one in findings],
    }
    show(state, result, lambda: _lines(result, findings, state))
    failed = level is not None and SEVERITIES.index(level) >= SEVERITIES.index(fail_on)
    return 1 if failed else 0


def _here(one: Finding, state: State) -> Finding:
    """Let the command of an advice work as it is printed, also from another folder."""
    if one.command is None or state.workspace is None:
        return one
    return one._replace(command=f"{one.command} -w {quote(state.workspace)}")


def _runs(ledger: Any) -> dict[str, int]:
    """Return the number of runs by status."""
    if ledger is None:
        return {}
    from contexta.contract.models.context import RUN_STAGE_STATUSES

    counts = {status: ledger.runs.count_runs(status=status) for status in RUN_STAGE_STATUSES}
    return {status: count for status, count in counts.items() if count}


def _true_statuses(runs: dict[str, int], orphaned: int) -> dict[str, int]:
    """Count open runs whose writer has ended as interrupted, as every list of runs does."""
    if not orphaned:
        return runs
    moved = {
        "open": max(0, runs.get("open", 0) - orphaned),
        "interrupted": runs.get("interrupted", 0) + orphaned,
    }
    return {status: count for status, count in {**runs, **moved}.items() if count}


def _versions(ledger: Any, root: Any) -> dict[str, Any]:
    from contexta.store.workspace import open_workspace

    mark = open_workspace(root, create=False, read_only=True)
    return {
        "contexta": version("contexta"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "workspace_format": mark.format_version,
        "workspace_id": mark.workspace_id,
        "ledger_schema": None if ledger is None else ledger.get_store_schema_version(),
    }


def _version_line(versions: dict[str, Any]) -> str:
    return (
        f"contexta {versions['contexta']}, Python {versions['python']}, SQLite "
        f"{versions['sqlite']}, format {versions['workspace_format']}, "
        f"ledger {versions['ledger_schema'] or '-'}"
    )


def _lines(result: dict[str, Any], findings: list[Finding], state: State) -> Iterator[str]:
    pen = state.pen
    versions, writers, backups = result["versions"], result["writers"], result["backups"]
    runs = ", ".join(f"{count:,} {status}" for status, count in result["runs"].items())
    age = backups["age_seconds"]
    pairs: list[tuple[str, object]] = [
        ("Workspace", result["workspace"]),
        ("Health", Styled(result["status"], _STYLES[result["status"]])),
        ("Runs", runs or ("unknown" if versions["ledger_schema"] is None else "none yet")),
        ("Writers", f"{writers['living']} at work, {writers['dead']} ended without closing"),
        (
            "Backups",
            "none"
            if not backups["count"]
            else f"{backups['count']}, the newest {duration(age)} old"
            if age is not None
            else str(backups["count"]),
        ),
        (
            "Versions",
            _version_line(versions),
        ),
    ]
    yield from facts(pairs, pen)
    yield from heading("Sizes", pen)
    rows: list[tuple[object, ...]] = [
        (name, f"{one['files']:,}", size(one["bytes"]))
        for name, one in result["sizes"].items()
        if one["files"]
    ]
    total = sum(one["bytes"] for one in result["sizes"].values())
    rows.append(("all", f"{sum(o['files'] for o in result['sizes'].values()):,}", size(total)))
    yield from table([Col("PART"), Col("FILES", right=True), Col("SIZE", right=True)], rows, pen)
    if not findings:
        yield ""
        yield pen.paint("Nothing to do.", "good")
        return
    yield from heading("Advice", pen)
    for one in findings:
        word = severity_of(one.severity)
        yield f"{pen.paint(str(word.text), word.style)}: {printable(one.summary)}"
        if one.advice:
            yield f"  {printable(one.advice)}"
        if one.command:
            yield f"  {pen.paint('$ ' + printable(one.command), 'bold')}"
