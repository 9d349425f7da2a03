"""Which runs a question is about, and in which order and group."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contexta.contract.errors import ValidationError
from contexta.contract.refs import StableRef, validate_stable_ref_field
from contexta.interpretation.aggregates._engine import AggregateEngine, Asked
from contexta.interpretation.aggregates._questions import RUNS
from contexta.interpretation.aggregates.errors import AggregateError
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.service import QueryService

Groups = Mapping[str, Sequence[str]]


class Chosen(NamedTuple):
    """How a caller says which runs: by their refs, or by a query and a project; else all."""

    runs: Sequence[str] | None = None
    query: RunListQuery | None = None
    project_name: str | None = None


class Selector:
    """Finds runs through the query service, or, without one, in the records themselves."""

    def __init__(self, engine: AggregateEngine, queries: QueryService | None) -> None:
        self._engine = engine
        self._queries = queries

    def refs(self, chosen: Chosen) -> tuple[str, ...]:
        """Return canonical refs, each once.

        Explicit runs keep their order. Others come in the order of the query, oldest start
        first; without a query service, oldest first record first.

        Raises:
            ResolutionError: A run is unknown to the query service.
            ValidationError: A text is no run ref, and no query service can look it up.
            AggregateError: ``aggregates_needs_query_service``.
        """
        runs, query, project_name = chosen
        if runs is not None:
            if query is not None or project_name is not None:
                raise ValidationError(
                    "give either runs, or a query or project_name, not both: the runs say "
                    "already which they are",
                    code="aggregates_ambiguous_selection",
                )
            return self.named(runs)
        if self._queries is not None:
            found = self._queries.list_runs(project_name, query=query)
            return tuple(run.run_id for run in found)
        if query is not None:
            raise self._needs_queries("a query")
        asked = Asked({"project": project_name})
        rows = self._engine.answer(RUNS, asked).table.column("run_ref").to_pylist()
        return tuple(rows)

    def named(self, runs: Sequence[str]) -> tuple[str, ...]:
        """Return the canonical refs of explicit runs, each once, in their order."""
        if isinstance(runs, str) or not all(isinstance(run, str) for run in runs):
            raise ValidationError(
                f"runs is {runs!r}; it must be a sequence of run refs",
                code="aggregates_invalid_runs",
                details={"runs": repr(runs)[:200]},
            )
        if self._queries is not None:
            return tuple(dict.fromkeys(self._queries.require_run(run).run_id for run in runs))
        for run in runs:
            validate_stable_ref_field(StableRef.parse(run), "run_ref")
        return tuple(dict.fromkeys(runs))

    def grouped(self, groups: Groups) -> dict[str, tuple[str, ...]]:
        """Return the runs of explicit groups.

        Raises:
            ValidationError: ``aggregates_overlapping_groups``: a run is in two groups; they
                would not be independent.
        """
        found = {str(name): self.named(runs) for name, runs in groups.items()}
        seen: dict[str, str] = {}
        for name, refs in found.items():
            for ref in refs:
                other = seen.setdefault(ref, name)
                if other != name:
                    raise ValidationError(
                        f"run {ref} is in the groups {other!r} and {name!r}; a run counts once, "
                        "so leave it out of one of them",
                        code="aggregates_overlapping_groups",
                        details={"run_id": ref, "groups": [other, name]},
                    )
        return found

    def by_params(
        self, params: Sequence[str], chosen: Chosen
    ) -> tuple[dict[str, tuple[str, ...]], int]:
        """Return the runs by equal values of parameters, and how many lack one of these.

        A group is called ``lr=0.1, depth=3``, texts in JSON quotes; in order of first sight.
        """
        if self._queries is None:
            raise self._needs_queries("grouping by parameters")
        if isinstance(params, str) or not params:
            raise ValidationError(
                f"params is {params!r}; it must name one or more parameters",
                code="aggregates_invalid_params",
                details={"params": repr(params)},
            )
        groups: dict[str, list[str]] = {}
        lacking = 0
        for run in self._queries.list_runs(chosen.project_name, query=chosen.query):
            if not all(name in run.params for name in params):
                lacking += 1
                continue
            label = ", ".join(f"{name}={json.dumps(run.params[name])}" for name in params)
            groups.setdefault(label, []).append(run.run_id)
        return {label: tuple(refs) for label, refs in groups.items()}, lacking

    def _needs_queries(self, what: str) -> AggregateError:
        return AggregateError(
            f"{what} needs the ledger of the workspace: create AggregateService(engine, "
            "query_service=...), or name the runs",
            code="aggregates_needs_query_service",
        )
