"""Runs named by a caller, all of them looked up before anything is refused."""

from __future__ import annotations

from collections.abc import Iterable

from contexta.contract.errors import ValidationError
from contexta.contract.refs import StableRef, validate_core_stable_ref
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.protocols import CompositeRepository, RunIndexReader
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import RunRecord


def require_runs(queries: QueryService, run_ids: Iterable[str]) -> list[RunRecord]:
    """Return the runs in the order of the ids.

    Raises:
        ResolutionError: for the first id that fits no run or several; with more of them, its
            message and ``details["problems"]`` have all.
    """
    ids = tuple(run_ids)
    known = _known(queries.repository, ids)
    found: list[RunRecord] = []
    refused: list[ResolutionError] = []
    for run_id in ids:
        try:
            found.append(known.get(run_id) or queries.require_run(run_id))
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


def _known(repository: CompositeRepository, ids: Iterable[str]) -> dict[str, RunRecord]:
    """Return in one question the runs that are named by their refs, where that can be asked."""
    refs = [run_id for run_id in ids if isinstance(run_id, str) and _is_ref(run_id)]
    if len(refs) < 2 or not isinstance(repository, RunIndexReader):
        return {}
    return {run.run_id: run for run in repository.get_runs(refs)}


def _is_ref(text: str) -> bool:
    try:
        return validate_core_stable_ref(StableRef.parse(text)).kind == "run"
    except ValidationError:
        return False
