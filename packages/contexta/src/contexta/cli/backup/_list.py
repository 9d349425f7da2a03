"""``contexta backup list``: the backups of a workspace."""

from typing import Any

import click

from contexta.cli._draw import Column, Pen, Styled, size, table
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli.backup._refs import remote_option


@click.command("list")
@remote_option
@global_options
@click.pass_obj
def list_(state: State, remote: str | None) -> None:
    """List the backups, oldest first, as their manifests tell.

    Nothing else is read: `contexta backup verify` reads the bytes. With --remote the network is
    asked, and the data sheets there tell.
    """
    if remote is not None:
        _show_remote(state, remote)
        return
    from contexta.recovery import list_backups

    found = list_backups(state.config)
    if not found:
        state.root()  # a mistyped workspace must not look like one without backups
    rows = [one.to_dict() for one in found]
    show(
        state,
        {"backup_root": str(state.config.recovery.backup_root), "backups": rows},
        lambda: _lines(state, found),
        rows=lambda: rows,
    )


def _show_remote(state: State, url: str) -> None:
    from contexta.recovery import list_remote_backups

    found = list_remote_backups(url)
    rows = [one.to_dict() for one in found]
    show(state, {"backups": rows}, lambda: _remote_lines(state, found), rows=lambda: rows)


def _remote_lines(state: State, found: Any) -> list[str]:
    if not found:
        return ["no backups there; send one with `contexta backup push`"]
    pen = state.pen
    rows = [
        (
            one.backup_ref,
            pen.when(one.created_at) if one.created_at else "",
            (one.counts or {}).get("runs"),
            size(one.size_bytes),
            Styled(f"incomplete: {one.problem}", "bad")
            if one.problem
            else "encrypted"
            if one.encrypted
            else "",
        )
        for one in found
    ]
    return _table(rows, pen)


def _lines(state: State, found: Any) -> list[str]:
    if not found:
        return ["no backups yet; make one with `contexta backup create`"]
    pen = state.pen
    rows = [
        (
            one.backup_ref,
            pen.when(one.created_at),
            (one.counts or {}).get("runs"),
            size(one.total_bytes) if one.problem is None else None,
            _note(one),
        )
        for one in found
    ]
    return _table(rows, pen)


def _table(rows: list[tuple[Any, ...]], pen: Pen) -> list[str]:
    columns = (
        Column("BACKUP", middle=True, keep=True),
        Column("MADE"),
        Column("RUNS", right=True),
        Column("SIZE", right=True),
        Column("NOTE"),
    )
    if any(row[-1] for row in rows):
        return table(columns, rows, pen)
    return table(columns[:-1], [row[:-1] for row in rows], pen)


def _note(one: Any) -> Styled | str:
    if one.problem:
        return Styled(f"cannot be trusted: {one.problem}", "bad")
    words = ("archive" if one.form == "archive" else "", "encrypted" if one.encrypted else "")
    return ", ".join(word for word in words if word)
