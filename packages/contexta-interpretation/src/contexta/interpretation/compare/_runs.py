"""Runs named by a caller, all of them looked up before anything is refused."""

from __future__ import annotations

from collections.abc import Iterable

from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import RunRecord


def require_runs(queries: QueryService, run_ids: Iterable[str]) -> list[RunRecord]:
    """Return the runs in the order of the ids.

    Raises:
        ResolutionError: for the first id that fits no run or several; with more of them, its
            message and ``details["problems"]`` have all.
    """
    found: list[RunRecord] = []
    refused: list[ResolutionError] = []
    for run_id in run_ids:
        try:
            found.append(queries.require_run(run_id))
        except ResolutionError as error:
            refused.append(error)
    if not refused:
        return found
    first = refused[0]
    if len(refused) == 1:
        raise first
    problems = [{"code": e.code, "message": e.message, **(e.details or {})} for e in refused]
    raise ResolutionError(
        "; ".join(error.message for error in refused),
        code=first.code,
        details={**(first.details or {}), "problems": problems},
    ) from first
