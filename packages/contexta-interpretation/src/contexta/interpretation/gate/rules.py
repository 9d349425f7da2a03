"""The rules of a gate. They are checked when they are built."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from contexta.interpretation._base import Result
from contexta.interpretation.gate._faults import Faults
from contexta.interpretation.groups.policy import METHODS
from contexta.interpretation.query.filters import OPERATORS
from contexta.interpretation.query.metrics import AGGREGATIONS

SIGNS = {">": "gt", "<": "lt", ">=": "gte", "<=": "lte", "==": "eq", "!=": "ne"}
ACROSS = ("every", "mean", "median")


class GateRule(Result):
    """Base of all rules; ``type`` names them in mappings."""

    __slots__ = ()
    type: ClassVar[str] = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping from which :func:`parse_rules` builds this rule again."""
        return {"type": self.type, **Result.to_dict(self)}

    @property
    def label(self) -> str:
        """The name, or what the rule is about."""
        return str(getattr(self, "name", None) or f"{self.type}: {self._subject()}")

    def _subject(self) -> str:
        return ""

    def _freeze(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class ThresholdRule(GateRule):
    """The value of a metric must meet ``operator value`` (gt, gte, lt, lte, eq, ne, or signs).

    ``across`` says what of several runs is held against it: ``every`` run's value, or their
    ``mean`` or ``median``. A value that is not finite fails; a run without the metric cannot be
    told.

    Raises:
        ValidationError: ``gate_invalid_rule``, ``gate_invalid_operator``.
    """

    metric_key: str
    operator: str
    value: float
    aggregation: str = "latest"
    stage_name: str | None = None
    across: str = "every"
    name: str | None = None

    type = "threshold"

    def __post_init__(self) -> None:
        """Check every field; signs become names."""
        faults = Faults(self.type)
        faults.text(self.metric_key, "metric_key")
        operator = self.operator
        if isinstance(operator, str):
            operator = SIGNS.get(operator.strip(), operator.strip())
        faults.choice(operator, "operator", tuple(OPERATORS), "gate_invalid_operator")
        self._freeze("operator", operator)
        faults.number(self.value, "value")
        faults.choice(self.aggregation, "aggregation", AGGREGATIONS)
        faults.choice(self.across, "across", ACROSS)
        faults.text(self.stage_name, "stage_name", optional=True)
        faults.text(self.name, "name", optional=True)
        faults.check()

    def _subject(self) -> str:
        sign = next(sign for sign, name in SIGNS.items() if name == self.operator)
        where = f"{self.stage_name}/" if self.stage_name else ""
        return f"{where}{self.metric_key} {sign} {self.value:g}"


@dataclass(frozen=True, slots=True)
class NoRegressionRule(GateRule):
    """A metric must not be worse than in the baseline group, by a one-sided test at ``alpha``.

    Without a margin the rule fails when the candidates are worse by more than chance explains,
    and else passes; how small a regression could have been seen is in the reason. With ``margin``
    (in units of the metric) or ``relative_margin`` (a share of the baseline's mean) it fails
    when they are shown to be worse by more than that, passes when they are shown not to be, and
    cannot tell in between: this asks for enough runs, where no margin does not.

    One candidate is held against the prediction interval of the baseline (``welch``), or
    against its ranks (``permutation``, which needs 1/alpha - 1 baseline runs). The former is made
    on the values and on their logits (between 0 and 1) or logarithms (positive), and fails only
    when both do; skewed values that are negative or zero still fail too often.

    Raises:
        ValidationError: ``gate_invalid_rule``.
    """

    metric_key: str
    method: str = "welch"
    alpha: float = 0.05
    margin: float | None = None
    relative_margin: float | None = None
    aggregation: str = "latest"
    stage_name: str | None = None
    higher_is_better: bool | None = None
    paired_by: str | None = None
    name: str | None = None

    type = "no_regression"

    def __post_init__(self) -> None:
        """Check every field."""
        faults = Faults(self.type)
        faults.text(self.metric_key, "metric_key")
        faults.choice(self.method, "method", METHODS)
        faults.choice(self.aggregation, "aggregation", AGGREGATIONS)
        faults.number(self.margin, "margin", least=0.0, optional=True)
        faults.number(self.relative_margin, "relative_margin", least=0.0, optional=True)
        if self.margin is not None and self.relative_margin is not None:
            faults.add("gate_invalid_rule", "margin and relative_margin are both given; keep one")
        if not (isinstance(self.alpha, float) and 0 < self.alpha < 0.5):
            faults.add("gate_invalid_rule", f"alpha is {self.alpha!r}; it must lie in 0 to 0.5")
        direction: object = self.higher_is_better
        if direction is not None and not isinstance(direction, bool):
            faults.add("gate_invalid_rule", "higher_is_better must be true, false or left out")
        for field in ("stage_name", "paired_by", "name"):
            faults.text(getattr(self, field), field, optional=True)
        faults.check()

    def _subject(self) -> str:
        return self.metric_key


@dataclass(frozen=True, slots=True)
class RequiredStagesRule(GateRule):
    """Every run must have completed these stages.

    Raises:
        ValidationError: ``gate_invalid_rule``.
    """

    stage_names: tuple[str, ...]
    name: str | None = None

    type = "required_stages"

    def __post_init__(self) -> None:
        """Check the names."""
        faults = Faults(self.type)
        self._freeze("stage_names", faults.texts(self.stage_names, "stage_names"))
        faults.text(self.name, "name", optional=True)
        faults.check()

    def _subject(self) -> str:
        return ", ".join(self.stage_names)


@dataclass(frozen=True, slots=True)
class RequiredMetricsRule(GateRule):
    """Every run must have logged these metrics.

    Raises:
        ValidationError: ``gate_invalid_rule``.
    """

    metric_keys: tuple[str, ...]
    stage_name: str | None = None
    name: str | None = None

    type = "required_metrics"

    def __post_init__(self) -> None:
        """Check the names."""
        faults = Faults(self.type)
        self._freeze("metric_keys", faults.texts(self.metric_keys, "metric_keys"))
        faults.text(self.stage_name, "stage_name", optional=True)
        faults.text(self.name, "name", optional=True)
        faults.check()

    def _subject(self) -> str:
        return ", ".join(self.metric_keys)


@dataclass(frozen=True, slots=True)
class RequiredArtifactsRule(GateRule):
    """Every run must have at least ``minimum`` artifacts of each kind, with their bodies.

    Raises:
        ValidationError: ``gate_invalid_rule``.
    """

    kinds: tuple[str, ...]
    minimum: int = 1
    name: str | None = None

    type = "required_artifacts"

    def __post_init__(self) -> None:
        """Check kinds and number."""
        faults = Faults(self.type)
        self._freeze("kinds", faults.texts(self.kinds, "kinds"))
        faults.count(self.minimum, "minimum", least=1, optional=False)
        faults.text(self.name, "name", optional=True)
        faults.check()

    def _subject(self) -> str:
        return ", ".join(self.kinds)


@dataclass(frozen=True, slots=True)
class NoErrorsRule(GateRule):
    """No run may have a diagnostics issue of level error, but those whose code is ignored.

    Raises:
        ValidationError: ``gate_invalid_rule``.
    """

    ignore: tuple[str, ...] = ()
    name: str | None = None

    type = "no_errors"

    def __post_init__(self) -> None:
        """Check the codes."""
        faults = Faults(self.type)
        self._freeze("ignore", faults.texts(self.ignore, "ignore") if self.ignore else ())
        faults.text(self.name, "name", optional=True)
        faults.check()

    def _subject(self) -> str:
        return "diagnostics"


@dataclass(frozen=True, slots=True)
class CompletenessRule(GateRule):
    """At most so much may be missing or doubtful, over all runs together.

    The counts are those of ``Completeness``; ``None`` does not look at one. ``metric_keys``
    narrows ``nonfinite`` and ``missing`` to these metrics.

    Raises:
        ValidationError: ``gate_invalid_rule``.
    """

    max_lost: int | None = 0
    max_nonfinite: int | None = 0
    max_missing: int | None = None
    max_damaged_parts: int | None = 0
    max_dead_writers: int | None = 0
    max_missing_bodies: int | None = None
    max_degraded: int | None = None
    max_clipped: int | None = None
    max_late: int | None = None
    max_open_runs: int | None = None
    metric_keys: tuple[str, ...] | None = None
    name: str | None = None

    type = "completeness"

    def __post_init__(self) -> None:
        """Check every limit."""
        faults = Faults(self.type)
        for name, value in self.limits.items():
            faults.count(value, f"max_{name}")
        if not self.limits:
            faults.add("gate_invalid_rule", "every limit is left out, so that nothing is checked")
        if self.metric_keys is not None:
            self._freeze("metric_keys", faults.texts(self.metric_keys, "metric_keys"))
        faults.text(self.name, "name", optional=True)
        faults.check()

    @property
    def limits(self) -> dict[str, int]:
        """The limits that are set, by the name of the count."""
        found = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.startswith("max_") and value is not None:
                found[field.name.removeprefix("max_")] = value
        return found

    def _subject(self) -> str:
        return ", ".join(f"{name} <= {value}" for name, value in self.limits.items())


RULE_TYPES: dict[str, type[GateRule]] = {
    rule.type: rule
    for rule in (
        ThresholdRule,
        NoRegressionRule,
        RequiredStagesRule,
        RequiredMetricsRule,
        RequiredArtifactsRule,
        NoErrorsRule,
        CompletenessRule,
    )
}
