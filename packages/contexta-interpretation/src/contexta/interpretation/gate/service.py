"""Holds runs against rules."""

from __future__ import annotations

from collections.abc import Sequence

from contexta.contract.errors import ValidationError
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness import completeness_of
from contexta.interpretation.diagnostics import DiagnosticsPolicy, DiagnosticsService
from contexta.interpretation.gate import _checks as checks
from contexta.interpretation.gate._context import Context, outcome
from contexta.interpretation.gate._parse import parse_rules
from contexta.interpretation.gate._regression import check_regressions
from contexta.interpretation.gate.errors import GateError
from contexta.interpretation.gate.models import EXIT_CODES, GateResult, RuleOutcome, overall
from contexta.interpretation.gate.rules import (
    CompletenessRule,
    GateRule,
    NoErrorsRule,
    NoRegressionRule,
    RequiredArtifactsRule,
    RequiredMetricsRule,
    RequiredStagesRule,
    ThresholdRule,
)
from contexta.interpretation.groups._members import (
    Selection,
    not_completed,
    refuse_overlap,
    select_runs,
)
from contexta.interpretation.groups.policy import GroupPolicy
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import RunRecord
from contexta.interpretation.statistics import adjust
from contexta.interpretation.statistics._samples import check_count


class GateService:
    """Decides by rules whether runs may go on, and says what it cannot decide."""

    def __init__(
        self,
        query_service: QueryService,
        config: GroupPolicy | None = None,
        *,
        diagnostics: DiagnosticsPolicy | None = None,
    ) -> None:
        """Ask through ``query_service``; ``config`` holds the settings of the tests."""
        self.query_service = query_service
        self.config = config if config is not None else GroupPolicy()
        self.diagnostics = DiagnosticsService(query_service, config=diagnostics)

    def evaluate(
        self,
        candidate: Selection,
        rules: object,
        baseline: Selection | None = None,
        *,
        correction: str | None = "holm",
        seed: int = 0,
    ) -> GateResult:
        """Hold one run or several against every rule.

        Args:
            candidate: A run id, several run ids, a query, or a replicate group. A query without
                runs gives ``cannot_tell``.
            rules: Rules, mappings, or a mapping with a list under ``rules``; see
                ``parse_rules``.
            baseline: What ``no_regression`` compares with. From a query, the candidates
                themselves are left out; named runs must not be among them.
            correction: Over the ``no_regression`` rules: ``holm`` (default), ``bh``, ``None``.
            seed: Of what is random.

        Raises:
            ValidationError: faulty rules (see ``parse_rules``), no baseline for a rule that
                needs one (``gate_no_baseline``), or a faulty argument.
            ResolutionError: an unknown run or param.
            GroupError: a run is a candidate and in the baseline (``groups_run_in_both``), is
                named twice, or cannot be paired.
        """
        parsed = parse_rules(rules)
        adjust((), correction)
        check_count(seed, "seed", 0)
        tests = [rule for rule in parsed if isinstance(rule, NoRegressionRule)]
        if tests and baseline is None:
            raise ValidationError(
                f"{', '.join(rule.label for rule in tests)}: there is no baseline to compare "
                "with; give baseline=, a query or run ids",
                code="gate_no_baseline",
            )
        runs = select_runs(self.query_service, candidate)
        others, notes = self._baseline(runs, baseline)
        context = Context(self.query_service, self.diagnostics, runs, others, _keys(parsed))
        outcomes = self._outcomes(parsed, tests, context, correction, seed)
        verdict = overall(outcomes)
        return GateResult(
            verdict=verdict,
            exit_code=EXIT_CODES[verdict],
            outcomes=outcomes,
            run_ids=tuple(run.run_id for run in runs),
            baseline_run_ids=tuple(run.run_id for run in others),
            correction=correction,
            seed=seed,
            completeness_notes=(*notes, *not_completed(candidates=runs, baseline=others)),
            evidence_links=tuple(EvidenceLink("run", r.run_id, r.name) for r in (*runs, *others)),
            completeness=completeness_of(
                self.query_service, [run.run_id for run in (*runs, *others)]
            ),
        )

    def _baseline(
        self, runs: Sequence[RunRecord], baseline: Selection | None
    ) -> tuple[tuple[RunRecord, ...], tuple[CompletenessNote, ...]]:
        if baseline is None:
            return (), ()
        found = select_runs(self.query_service, baseline)
        if not isinstance(baseline, RunListQuery):
            refuse_overlap(runs, found)
            return found, ()
        ids = {run.run_id for run in runs}
        others = tuple(run for run in found if run.run_id not in ids)
        if len(others) == len(found):
            return found, ()
        details = {"run_ids": [run.run_id for run in found if run.run_id in ids]}
        return others, (CompletenessNote("info", "gate_candidates_left_out_of_baseline", details),)

    def _outcomes(
        self,
        rules: Sequence[GateRule],
        tests: Sequence[NoRegressionRule],
        context: Context,
        correction: str | None,
        seed: int,
    ) -> tuple[RuleOutcome, ...]:
        if not context.runs:
            text = "no run was selected"
            return tuple(outcome(rule, "cannot_tell", text, {"runs": 0}) for rule in rules)
        tested = iter(check_regressions(tests, context, self.config, correction, seed))
        return tuple(
            next(tested) if isinstance(rule, NoRegressionRule) else _check(rule, context)
            for rule in rules
        )


def _check(rule: GateRule, context: Context) -> RuleOutcome:
    match rule:
        case ThresholdRule():
            return checks.check_threshold(rule, context)
        case RequiredStagesRule():
            return checks.check_stages(rule, context)
        case RequiredMetricsRule():
            return checks.check_metrics(rule, context)
        case RequiredArtifactsRule():
            return checks.check_artifacts(rule, context)
        case NoErrorsRule():
            return checks.check_errors(rule, context)
        case CompletenessRule():
            return checks.check_completeness(rule, context)
    raise GateError(
        f"{type(rule).__name__} is no rule that a gate knows; rules cannot be subclassed",
        code="gate_unknown_rule_type",
    )


def _keys(rules: Sequence[GateRule]) -> tuple[str, ...]:
    """The metrics that the rules read values of."""
    keys: list[str] = []
    for rule in rules:
        if isinstance(rule, (ThresholdRule, NoRegressionRule)):
            keys.append(rule.metric_key)
        elif isinstance(rule, RequiredMetricsRule):
            keys += rule.metric_keys
    return tuple(dict.fromkeys(keys))
