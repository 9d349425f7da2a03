"""The tree of commands, loaded on use, with the global options on every level.

Each table maps the name of a command to ``module:command``, and its help in the list of
commands, which must be the first sentence of its docstring: the list loads no command.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from contexta.cli._options import global_options

__all__ = ["LazyGroup", "cli", "global_options", "provenance", "report", "run", "search"]

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_MORE = "The global options work here, too; see `contexta --help`."

ASKED = "_CONTEXTA_COMPLETE"
Entry = str | tuple[str, str]

_COMMANDS: dict[str, Entry] = {
    "bisect": ("_bisect:bisect", "Find the first run after a metric changed."),
    "export": ("export._tree:export", "Write answers as files: CSV, JSON lines, Parquet, HTML."),
    "watch": ("watch._command:watch", "Watch a run while it goes on."),
    "query": ("_query:query", "Ask the workspace in SQL, read-only."),
    "gate": ("_gate:gate", "Hold runs against rules: pass, fail or cannot tell."),
    "artifact": ("artifact._tree:artifact", "Files and folders of runs."),
    "backup": ("backup._tree:backup", "Make, list, verify, compare and prune backups."),
    "check": ("care._check:check", "Check all planes: every byte, and whether they agree."),
    "compact": ("care._compact:compact", "Merge small files of the record plane into large ones."),
    "erase": ("care._erase:erase", "Take runs out of every file of the workspace, for good."),
    "erased": ("care._erased:erased", "Show what was erased, deleted or aged out."),
    "merge": ("care._merge:merge", "Take everything of another workspace that this one lacks."),
    "repair": ("care._repair_tree:repair", "Mend a damaged workspace."),
    "retain": ("care._retain_tree:retain", "Let go of what is old."),
    "rename": ("care._edit:rename", "Give a run another name."),
    "tag": ("care._edit:tag", "Set or remove tags of a run."),
    "archive": ("care._archive:archive", "Mark runs as archived."),
    "completion": ("_completion:completion", "Print the script that makes a shell complete."),
    "config": ("config._tree:config", "The settings."),
    "doctor": ("care._doctor:doctor", "Say how the workspace is, and what to do about it."),
    "init": ("_init:init", "Make a workspace."),
    "migrate": ("care._migrate:migrate", "Bring the ledger to the form of this release."),
    "quarantine": ("care._quarantine:quarantine", "Files that repairs put aside."),
    "unarchive": ("care._archive:unarchive", "Take the mark of archived runs away."),
    "demo": ("demo._command:demo", "Write a small, invented workspace to look around in."),
    "aggregate": ("_trend:aggregate", "Summarize a metric over the runs."),
    "alert": ("_alert:alert", "Evaluate rules on the metrics of a run, or of many."),
    "anomaly": ("_anomaly:anomaly", "Compare the values of a run with those of earlier runs."),
    "batches": ("_parts:batches", "List the batches of a run."),
    "compare": ("_compare:compare", "Compare two runs: what changed from LEFT to RIGHT."),
    "compare-multi": ("_compare_many:compare_multi", "Compare two or more runs in one table."),
    "deployments": ("_parts:deployments", "List the deployments."),
    "diagnostics": ("_diagnostics:diagnostics", "Say what looks wrong with a run."),
    "environment": ("_environment:environment", "Show what a run ran on."),
    "events": ("_events:events", "List the events of a run."),
    "lineage": ("_lineage:lineage", "Draw what a thing came from and went into."),
    "metrics": ("_metrics:metrics", "List the metrics of a run, of a project, or of all runs."),
    "projects": ("_projects:projects", "List the projects."),
    "samples": ("_parts:samples", "List the samples of a run."),
    "series": ("_series:series", "Draw one metric of one run over its steps."),
    "sizes": ("_stages:sizes", "Follow how large the artifacts of a kind are."),
    "spans": ("_spans:spans", "Draw the spans of a run as a tree."),
    "stages": ("_stages:stages", "Follow how long a stage takes over the runs."),
    "trend": ("_trend:trend", "Follow a metric over the runs."),
    "recover": ("recover._tree:recover", "Find out what is left, and get it back."),
    "restore": ("restore._tree:restore", "Bring a backup back."),
    "runs": ("_runs:runs", "List the runs."),
    "serve": ("_serve:serve", "Show a workspace in the browser."),
    "ui": ("_ui:ui", "Open the pages of a workspace in the browser."),
}
_RUN: dict[str, Entry] = {
    "compare": _COMMANDS["compare"],
    "compare-many": _COMMANDS["compare-multi"],
    "diagnose": _COMMANDS["diagnostics"],
    "list": _COMMANDS["runs"],
    "show": ("_run_show:show", "Show one run."),
}
_SEARCH: dict[str, Entry] = {
    "artifacts": ("_search:search_artifacts", "Find artifacts by a piece of their names."),
    "runs": ("_search:search_runs", "Find runs by a piece of their names."),
}
_PROVENANCE: dict[str, Entry] = {
    "audit": ("_provenance:audit", "Say what is known about how to run it again."),
    "diff": ("_provenance:diff", "Compare the environments of two runs."),
}
_REPORT: dict[str, Entry] = {
    "alert": ("report._alert:alert", "Report on which alert rules a run triggers."),
    "anomaly": ("report._anomaly:anomaly", "Report on how a run compares with those before it."),
    "change": ("report._change:change", "Report on where a metric changed over the runs."),
    "compare": ("report._compare:compare", "Report on what changed from LEFT to RIGHT."),
    "gate": ("report._gate:gate", "Report on whether runs meet rules."),
    "group": ("report._group:group", "Report on whether two groups of runs differ."),
    "multi": ("report._multi:multi", "Report on several runs in one table."),
    "project": ("report._project:project", "Report on the runs of a project."),
    "snapshot": ("report._snapshot:snapshot", "Report on one run."),
    "trend": ("report._trend:trend", "Report on a metric over runs."),
}
# Headings of the list of commands; what stands under none comes last.
_SECTIONS: dict[str, tuple[str, ...]] = {
    "Start": ("init", "demo", "ui", "serve"),
    "Find runs": ("runs", "search", "projects", "query"),
    "Look at one run": (
        "run",
        "watch",
        "metrics",
        "series",
        "events",
        "spans",
        "batches",
        "samples",
        "environment",
        "lineage",
        "deployments",
    ),
    "Compare": ("compare", "compare-multi", "trend", "aggregate", "stages", "sizes", "bisect"),
    "Judge": ("diagnostics", "anomaly", "alert", "gate", "provenance"),
    "Write": ("report", "export"),
    "Keep": (
        "artifact",
        "backup",
        "restore",
        "recover",
        "doctor",
        "check",
        "repair",
        "compact",
        "retain",
        "erase",
        "erased",
        "archive",
        "unarchive",
        "quarantine",
        "migrate",
        "merge",
        "tag",
        "rename",
    ),
    "Settings": ("config", "completion"),
}


_INSIDE = (("run", _RUN), ("provenance", _PROVENANCE), ("report", _REPORT))


def completes() -> bool:
    """Whether a shell asks what could follow, by a script of ``contexta completion``."""
    return ASKED in os.environ


class LazyGroup(click.Group):
    """A group whose commands are import paths until somebody calls them."""

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, Entry] | None = None,
        sections: Mapping[str, tuple[str, ...]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._lazy = dict(lazy or {})
        self.sections = dict(sections or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, sorted."""
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        entry = self._lazy.get(cmd_name)
        if entry is None:
            command = super().get_command(ctx, cmd_name)
        else:
            module, _, name = (entry if isinstance(entry, str) else entry[0]).partition(":")
            command = getattr(import_module(f"contexta.cli.{module}"), name)
        if command is not None and completes():
            from contexta.cli._completing import teach

            teach(command)
        if command is not None and _MORE not in (command.epilog or ""):
            command.epilog = f"{command.epilog}\n\n{_MORE}" if command.epilog else _MORE
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is refused with the nearest names."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=3)
            # `show` and `snapshot` lie in groups; people leave the group out.
            near = self._inside(ctx, args[0], near)
            if not near or "did you mean" in error.message.lower():
                raise
            text = f"{error.message} Did you mean {' or '.join(near)}?"
            raise click.UsageError(text, ctx) from error

    def _inside(self, ctx: click.Context, word: str, near: list[str]) -> list[str]:
        """What was perhaps meant by a word that is no command, beside those that are near."""
        if self.name == "run":
            return [*near, f"show {word}"]
        if near:
            return near
        if ctx.parent is None:
            return [f"{group} {word}" for group, has in _INSIDE if word in has]
        groups = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        return [
            f"{name} {word}"
            for name, group in groups
            if isinstance(group, click.Group) and word in group.list_commands(ctx)
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, under their headings."""
        left = dict.fromkeys(self.list_commands(ctx))
        for title, names in self.sections.items():
            self._write(ctx, formatter, title, [name for name in names if name in left])
            for name in names:
                left.pop(name, None)
        self._write(ctx, formatter, "More" if self.sections else "Commands", list(left))

    def _write(
        self, ctx: click.Context, formatter: click.HelpFormatter, title: str, names: list[str]
    ) -> None:
        room = formatter.width - 6 - max(map(len, names), default=0)
        rows = [(name, self._short_help(ctx, name, room)) for name in names]
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)

    def _short_help(self, ctx: click.Context, name: str, room: int) -> str:
        entry = self._lazy.get(name)
        if isinstance(entry, tuple):
            return entry[1]
        command = self.get_command(ctx, name)
        return "" if command is None else command.get_short_help_str(room)


@click.group(cls=LazyGroup, context_settings=CONTEXT, lazy=_COMMANDS, sections=_SECTIONS)
@global_options
def cli() -> None:
    """Ask a Contexta workspace what was run, on what, and what came out."""


cli.epilog = ""


@cli.group("run", cls=LazyGroup, context_settings=CONTEXT, lazy=_RUN)
@global_options
def run() -> None:
    """Look at one run."""


@cli.group("search", cls=LazyGroup, context_settings=CONTEXT, lazy=_SEARCH)
@global_options
def search() -> None:
    """Find runs and artifacts by a piece of their names."""


@cli.group("provenance", cls=LazyGroup, context_settings=CONTEXT, lazy=_PROVENANCE)
@global_options
def provenance() -> None:
    """Check how far a run can be repeated."""


@cli.group("report", cls=LazyGroup, context_settings=CONTEXT, lazy=_REPORT)
@global_options
def report() -> None:
    """Write reports."""
