"""``contexta provenance``: whether a run can be run again, and how environments differ."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Pen, Styled, facts, heading, table
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import one_line

_STATUS = {"complete": "good", "partial": "doubt", "missing": "bad"}


@click.command("audit")
@click.argument("run_id", metavar="RUN")
@global_options
@click.pass_obj
def audit(state: State, run_id: str) -> None:
    """Say what is known about how to run it again."""
    found = state.open().audit_reproducibility(run_id)
    show(state, found, lambda: _audit_lines(found, state.pen))


def _audit_lines(found: Any, pen: Pen) -> Iterator[str]:
    word = found.reproducibility_status
    pairs = [
        ("Run", Styled(found.run_id, "bold")),
        ("Status", Styled(word, _STATUS.get(word))),
        ("Environment", found.environment_ref or "-"),
        ("Python", found.python_version),
        ("Platform", found.platform),
        ("Packages", found.package_count),
        ("Variables", found.environment_variable_count or None),
    ]
    yield from facts(pairs, pen)
    yield from heading("Known", pen)
    for name, known in found.checks.items():
        sign = ("✓" if known else "✗") if pen.fancy else ("+" if known else "-")
        text = f"{sign} {name.replace('_', ' ')}{'' if known else ': not known'}"
        yield pen.paint(one_line(text), "good" if known else "bad")
    yield from limits(found.completeness_notes, None, pen, 6)


@click.command("diff")
@click.argument("left", metavar="LEFT")
@click.argument("right", metavar="RIGHT")
@global_options
@click.pass_obj
def diff(state: State, left: str, right: str) -> None:
    """Compare Python, platform, packages and variables of two runs."""
    found = state.open().compare_environments(left, right)
    show(
        state,
        found,
        lambda: _diff_lines(found, state.pen),
        rows=lambda: [
            {"kind": kind, "change": change, "key": one.key}
            | {"left_value": one.left_value, "right_value": one.right_value}
            for kind, change, one in _changes(found)
        ],
    )


def _changes(found: Any) -> Iterator[tuple[str, str, Any]]:
    for kind in ("package", "variable"):
        for change in ("changed", "added", "removed"):
            for one in getattr(found, f"{change}_{kind}s"):
                yield kind, change, one


def _diff_lines(found: Any, pen: Pen) -> Iterator[str]:
    changes = list(_changes(found))
    pairs = [
        ("Left", f"{found.left_run_id} ({found.left_environment_ref or 'no environment'})"),
        ("Right", f"{found.right_run_id} ({found.right_environment_ref or 'no environment'})"),
        ("Python", _changed(found.python_version_changed)),
        ("Platform", _changed(found.platform_changed)),
        ("Packages", f"{sum(kind == 'package' for kind, _, _ in changes)} differ"),
        ("Variables", f"{sum(kind == 'variable' for kind, _, _ in changes)} differ"),
    ]
    yield from facts(pairs, pen)
    for kind in ("package", "variable"):
        rows = [
            (one.key, one.left_value, one.right_value, change)
            for own, change, one in changes
            if own == kind
        ]
        if rows:
            yield from heading(f"{kind.capitalize()}s", pen)
            yield from table(["NAME", "LEFT", "RIGHT", "CHANGE"], rows, pen)
    yield from limits(found.completeness_notes, None, pen)


def _changed(changed: bool) -> Styled:
    return Styled("differs", "doubt") if changed else Styled("same", "good")
