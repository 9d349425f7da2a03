"""Groups runs that repeat each other, and compares two groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contexta.contract.errors import ValidationError
from contexta.interpretation.compare.direction import better_when_higher
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness import completeness_of
from contexta.interpretation.groups._judge import judge, metric_row
from contexta.interpretation.groups._members import (
    Selection,
    check_params,
    not_completed,
    pair_runs,
    param_key,
    refuse_overlap,
    select_runs,
)
from contexta.interpretation.groups._values import ValueTable
from contexta.interpretation.groups.models import (
    GroupComparison,
    GroupMetric,
    ReplicateGroup,
    ReplicateGroups,
)
from contexta.interpretation.groups.policy import METHODS, GroupPolicy, unequal
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.metrics import AGGREGATIONS
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import RunRecord
from contexta.interpretation.statistics import adjust
from contexta.interpretation.statistics._samples import check_alpha, check_count

#: One direction for all metrics, or by key; ``None`` for a key: neither direction is better.
Direction = bool | Mapping[str, bool | None] | None


class GroupService:
    """Asks whether groups of runs differ by more than their runs differ among themselves."""

    def __init__(self, query_service: QueryService, config: GroupPolicy | None = None) -> None:
        """Ask through ``query_service``."""
        self.query_service = query_service
        self.config = config if config is not None else GroupPolicy()

    def replicate_groups(
        self,
        by: Sequence[str],
        *,
        query: RunListQuery | None = None,
        project_name: str | None = None,
    ) -> ReplicateGroups:
        """Group runs that are equal in the params named by ``by``.

        A param that a run does not have is a value of its own. Numbers are equal as numbers
        (1 and 1.0), true is not 1. Groups and their runs keep the order of the listing.

        Raises:
            ValidationError: ``by`` is empty or names no texts (``groups_invalid_keys``).
            ResolutionError: no run has such a param (``groups_unknown_param``).
        """
        keys = _texts(by, "by")
        runs = self.query_service.list_runs(project_name, query=query)
        check_params(runs, keys)
        found: dict[tuple[Any, ...], list[RunRecord]] = {}
        for run in runs:
            values = (param_key(run.params[k]) if k in run.params else None for k in keys)
            found.setdefault(tuple(values), []).append(run)
        notes = () if runs else (CompletenessNote("info", "groups_population_empty", None),)
        groups = [
            ReplicateGroup(
                params={key: rows[0].params[key] for key in keys if key in rows[0].params},
                missing=tuple(key for key in keys if key not in rows[0].params),
                run_ids=tuple(run.run_id for run in rows),
            )
            for rows in found.values()
        ]
        ids = [run.run_id for run in runs]
        return ReplicateGroups(
            by=keys,
            groups=tuple(groups),
            completeness_notes=notes,
            completeness=completeness_of(self.query_service, ids),
        )

    def compare_groups(
        self,
        left: Selection,
        right: Selection,
        metric_keys: Sequence[str] | None = None,
        *,
        method: str = "welch",
        paired_by: str | None = None,
        alpha: float = 0.05,
        correction: str | None = "holm",
        aggregation: str = "latest",
        stage_name: str | None = None,
        higher_is_better: Direction = None,
        seed: int = 0,
    ) -> GroupComparison:
        """Compare the metrics of two groups of runs, one value per run.

        Runs count whatever their status; a note says how many are not completed. A query with
        ``status="completed"`` leaves the others out.

        Args:
            left: The reference: a query, a run id, several run ids, or a replicate group.
            right: The group that is judged, likewise.
            metric_keys: Which metrics; ``None``: all that any run has.
            method: ``welch`` (Welch's t), ``permutation`` (rearrangements; its interval is
                Welch's), or ``bootstrap`` (BCa).
            paired_by: A param, such as a seed, whose equal values make pairs; the methods are
                then those for pairs. Runs without a counterpart are left out and counted.
            alpha: The level of the verdicts and, less it, of the intervals.
            correction: For several metrics: ``holm`` (default), ``bh`` or ``None``.
            aggregation: Which value stands for a run: latest, max, min or mean.
            stage_name: Only values of this stage; else the run's own, else of its last stage.
            higher_is_better: Overrides what the words of the key say; a mapping by key may say
                ``None``: a difference is then ``different``.
            seed: Of what is random.

        Raises:
            ValidationError: a faulty argument (``groups_invalid_...``, ``statistics_invalid_...``).
            ResolutionError: an unknown run, metric (``groups_unknown_metric``), stage or param.
            GroupError: ``groups_run_in_both``, ``groups_run_repeated``,
                ``groups_ambiguous_pairs``.
        """
        keys = None if metric_keys is None else _texts(metric_keys, "metric_keys")
        _choice(method, METHODS, "method")
        _choice(aggregation, AGGREGATIONS, "aggregation")
        adjust((), correction)
        check_alpha(alpha)
        check_count(seed, "seed", 0)
        _check_names(stage_name=stage_name, paired_by=paired_by)
        _check_direction(higher_is_better)
        one = select_runs(self.query_service, left)
        two = select_runs(self.query_service, right)
        refuse_overlap(one, two)
        pairs = None if paired_by is None else pair_runs(one, two, paired_by)
        table = ValueTable(self.query_service, (*one, *two), keys)
        table.require(stage_name)
        rows = [
            metric_row(
                key,
                table.values(one, key, aggregation, stage_name),
                table.values(two, key, aggregation, stage_name),
                pairs,
                method,
                self.config,
                alpha=alpha,
                seed=seed,
                higher_is_better=_direction(key, higher_is_better),
            )
            for key in table.keys(stage_name)
        ]
        ids = [run.run_id for run in (*one, *two)]
        return GroupComparison(
            left_run_ids=tuple(run.run_id for run in one),
            right_run_ids=tuple(run.run_id for run in two),
            metrics=self._judged(rows, alpha, correction),
            method=method,
            alpha=alpha,
            correction=correction,
            aggregation=aggregation,
            stage_name=stage_name,
            paired_by=paired_by,
            power=self.config.power,
            seed=seed,
            completeness_notes=_notes(one, two, rows, method),
            evidence_links=tuple(EvidenceLink("run", r.run_id, r.name) for r in (*one, *two)),
            completeness=completeness_of(self.query_service, ids, keys),
        )

    def _judged(
        self, rows: list[GroupMetric], alpha: float, correction: str | None
    ) -> tuple[GroupMetric, ...]:
        # A metric with one value everywhere can raise no alarm, false or not, and is not counted
        # (Tarone 1990).
        adjusted = adjust(
            [row.p_value if row.test.status == "ok" else None for row in rows], correction
        )
        tests = sum(1 for p in adjusted if p is not None) if correction else 1
        pairs = zip(rows, adjusted, strict=True)
        return tuple(judge(row, p, tests, alpha, self.config.power) for row, p in pairs)


def _direction(key: str, given: Direction) -> bool | None:
    if isinstance(given, Mapping):
        return given.get(key, better_when_higher(key))
    return better_when_higher(key) if given is None else given


def _notes(
    left: Sequence[RunRecord],
    right: Sequence[RunRecord],
    rows: Sequence[GroupMetric],
    method: str,
) -> tuple[CompletenessNote, ...]:
    notes = [
        CompletenessNote("warning", f"groups_empty:{side}")
        for side, runs in (("left", left), ("right", right))
        if not runs
    ]
    notes += not_completed(left=left, right=right)
    for row in rows:
        count = row.left.nonfinite + row.right.nonfinite
        if count:
            details = {"metric_key": row.metric_key, "runs": count}
            summary = f"groups_nonfinite_left_out:{row.metric_key}"
            notes.append(CompletenessNote("warning", summary, details))
        if row.test.interval_method == "bca":
            details = {"left": row.left.n, "right": row.right.n, "use": "permutation"}
            summary = f"groups_bootstrap_alarms_more:{row.metric_key}"
            notes.append(CompletenessNote("info", summary, details))
        paired = row.test.method.startswith("paired")
        if row.test.status == "ok" and unequal(method, row.left.n, row.right.n, paired=paired):
            details = {"left": row.left.n, "right": row.right.n, "use": "permutation"}
            summary = f"groups_unequal_sizes:{row.metric_key}"
            notes.append(CompletenessNote("info", summary, details))
    return tuple(notes)


def _texts(values: object, name: str) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    if isinstance(values, str):
        found = (values,)
    elif isinstance(values, Iterable):
        found = tuple(values)
    if not found or not all(isinstance(item, str) and item.strip() for item in found):
        raise ValidationError(
            f"{name} is {values!r}; give at least one name",
            code="groups_invalid_keys",
            details={"field": name},
        )
    return tuple(dict.fromkeys(found))


def _check_names(**names: object) -> None:
    for field, value in names.items():
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise ValidationError(
                f"{field} is {value!r}; it must be text that is not blank, or left out",
                code=f"groups_invalid_{field}",
                details={"field": field},
            )


def _check_direction(given: object) -> None:
    values = given.values() if isinstance(given, Mapping) else [given]
    if not all(value is None or isinstance(value, bool) for value in values):
        raise ValidationError(
            f"higher_is_better is {given!r}; give True, False, None, or a mapping of these by key",
            code="groups_invalid_direction",
        )


def _choice(value: object, allowed: Sequence[str], name: str) -> None:
    if value not in allowed:
        raise ValidationError(
            f"{name} {value!r} is unknown; use one of {', '.join(allowed)}",
            code=f"groups_invalid_{name}",
            details={"value": str(value), "allowed": list(allowed)},
        )
