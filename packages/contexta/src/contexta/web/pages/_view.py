"""What several pages show alike: completeness in words, places in a list, the frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contexta.interpretation.wording import counted
from contexta.web.pages._links import with_query

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import Completeness
    from contexta.interpretation.compare import CompletenessNote
    from contexta.interpretation.repositories import MetricSummaryRecord
    from contexta.web._params import Params

Note = tuple[str, str, str]  # severity, text, meaning
_LONGEST_DETAIL = 80


def frame(ctx: Contexta, project: str | None = None, **more: Any) -> dict[str, Any]:
    """Return what the top bar of every page shows: the projects and the chosen one."""
    return {"projects": ctx.list_projects(), "project": project, **more}


def notes(
    lines: Iterable[CompletenessNote | str] = (), completeness: Completeness | None = None
) -> list[Note]:
    """Return completeness in words for ``ui.notes``: counts first, then notes.

    Equal notes about several runs share a line, so that a list never fills the page.
    """
    from contexta.interpretation.meanings import explain

    # Words live beside the reports, so that a page and a report say the same.
    from contexta.interpretation.reports.completeness import completeness_table
    from contexta.interpretation.reports.notes import details_in_words

    found: list[Note] = []
    if completeness is not None:
        found += [
            ("warning", f"{row[0]} {row[1]}", row[2])
            for row in completeness_table(completeness).rows
        ]
        found += [("warning", text, "") for text in completeness.notes]
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        if isinstance(line, str):
            groups.setdefault(("warning", line), [])
        else:
            groups.setdefault((line.severity, line.summary), []).append(line.details or {})
    for (severity, summary), details in groups.items():
        text = summary if len(details) < 2 else f"{summary} \u00d7 {len(details)}"
        meaning = ". ".join(
            part for part in (explain(summary), details_in_words(details, _LONGEST_DETAIL)) if part
        )
        found.append((severity, text, meaning))
    return found


# What narrows the runs behind a number, beside project and stage, which have fields of their own.
NARROWING = {
    "status": "Status",
    "where": "Expression",
    "after": "Started after",
    "before": "Started before",
    "limit": "Newest runs",
    "offset": "Newest runs left out",
}


def narrowing(params: Params) -> dict[str, str]:
    """Return the parameters that narrow the runs, for links that keep them."""
    return {name: value for name, value in params.query.items() if name in NARROWING}


def narrowed(path: str, params: Params) -> list[tuple[str, str, str]]:
    """Return what narrows the runs: label, value, and the address without it."""
    query = params.query
    return [
        (
            NARROWING[name],
            value,
            with_query(path, [(key, kept) for key, kept in query.items() if key != name]),
        )
        for name, value in narrowing(params).items()
    ]


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a page lies in a list, and its neighbors; URLs are None at the ends."""

    place: str
    previous: str | None = None
    next: str | None = None


def pager(
    path: str, values: Mapping[str, str], *, offset: int, limit: int, total: int, noun: str = "run"
) -> Pager:
    """Return the place of ``offset`` among ``total`` things, ``limit`` on a page.

    Args:
        path: address of the list.
        values: its parameters, which the neighbors keep; ``offset`` among them is replaced.
        offset: how many come before this page.
        limit: how many are on a page.
        total: how many there are.
        noun: what they are.
    """
    kept = [(key, value) for key, value in values.items() if key != "offset"]

    def at(start: int) -> str:
        return with_query(path, [*kept, ("offset", start or None)])

    many = counted(total, noun)
    last = min(offset + limit, total)
    shown = f"{offset + 1:,}\u2013{last:,} of {many}"
    if total <= limit and not offset:
        shown = many
    elif offset >= total:
        shown = f"nothing here: there are {many}"
    return Pager(
        shown,
        at(max(0, min(offset, total) - limit)) if offset else None,
        at(offset + limit) if offset + limit < total else None,
    )


def column(
    label: str,
    *,
    num: bool = False,
    sort: str | None = None,
    dir: str | None = None,  # the word that templates use
    title: str | None = None,
) -> dict[str, Any]:
    """Return one column for ``ui.table``."""
    return {"label": label, "num": num, "sort": sort, "dir": dir, "title": title}


def columns(*labels: str, num: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return columns without sorting; those in ``num`` align right."""
    return [column(label, num=label in num) for label in labels]


def known_keys(ctx: Contexta, field: str) -> Sequence[str]:
    """Return the keys of ``params``, ``tags`` or ``metrics`` over all runs, sorted."""
    from contexta.interpretation.protocols import KeyReader

    repository = ctx.repository
    # A repository of somebody's own may not know them without reading every run.
    return repository.known_keys(field) if isinstance(repository, KeyReader) else ()


def summaries(ctx: Contexta, run_ids: Sequence[str]) -> Sequence[MetricSummaryRecord]:
    """Return what is known of each metric of some runs, without its points."""
    from contexta.interpretation.query.metrics import metric_summaries

    return metric_summaries(ctx.repository, run_ids)
