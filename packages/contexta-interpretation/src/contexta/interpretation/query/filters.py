"""What to list: filters, conditions and order. Values are checked once, here."""

from __future__ import annotations

import json
import math
import operator as op
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ValidationError
from contexta.interpretation._base import FrozenDict, Result
from contexta.interpretation.instants import bound_us

if TYPE_CHECKING:
    from contexta.interpretation.query.expression import RunExpression

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "gt": op.gt,
    "lt": op.lt,
    "gte": op.ge,
    "lte": op.le,
    "eq": op.eq,
    "ne": op.ne,
}
_NONFINITE = frozenset({"NaN", "Infinity", "-Infinity", "nan", "inf", "-inf"})
VALUE_SORT_FIELDS = ("status", "duration")
SORT_FIELDS = ("started_at", "ended_at", "name", *VALUE_SORT_FIELDS)
METRIC_SORT_PREFIX = "metric:"
PARAM_SORT_PREFIX = "param:"
_SORTS = (*SORT_FIELDS, "param:<key>", "metric:<key>")
_RUN_IDS_TAG = "__run_ids__"


def _text(value: object, name: str, code: str, *, optional: bool = True) -> None:
    if value is None and optional:
        return
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(
            f"{name} is {value!r}; it must be text that is not blank",
            code=code,
            details={"field": name},
        )


@dataclass(frozen=True, slots=True)
class TimeRange(Result):
    """Inclusive bounds on the start of a run.

    Any ISO text is accepted, with any offset; a bare date stands for the whole day, in UTC.
    Bounds are compared as instants.

    Raises:
        ValidationError: blank or unreadable bound, or the first lies after the second
            (``query_invalid_time_range``).
    """

    started_after: str | None = None
    started_before: str | None = None

    def __post_init__(self) -> None:
        """Check both bounds."""
        code = "query_invalid_time_range"
        _text(self.started_after, "started_after", code)
        _text(self.started_before, "started_before", code)
        try:
            after, before = self.after_us, self.before_us
        except ValueError as error:
            raise ValidationError(
                f"{self.started_after!r} to {self.started_before!r} is no time range; use ISO "
                "times such as 2026-01-31 or 2026-01-31T12:00:00Z",
                code=code,
                details=self.to_dict(),
            ) from error
        if after is not None and before is not None and after > before:
            raise ValidationError(
                f"the range starts at {self.started_after} after its end {self.started_before}; "
                "swap the bounds",
                code=code,
                details=self.to_dict(),
            )

    @property
    def after_us(self) -> int | None:
        """The lower bound in microseconds since 1970 UTC."""
        return None if self.started_after is None else bound_us(self.started_after, end=False)

    @property
    def before_us(self) -> int | None:
        """The upper bound in microseconds since 1970 UTC."""
        return None if self.started_before is None else bound_us(self.started_before, end=True)


@dataclass(frozen=True, slots=True)
class MetricCondition(Result):
    """Keep runs whose latest value of a metric compares true with a threshold.

    Without ``stage_name`` the value is the run's own, else that of the stage observed last.
    A run without the metric is left out; NaN meets no condition but ``ne``.

    Raises:
        ValidationError: ``query_invalid_metric_condition``.
    """

    metric_key: str
    operator: str
    threshold: float
    stage_name: str | None = None

    def __post_init__(self) -> None:
        """Check the fields and normalize the operator."""
        code = "query_invalid_metric_condition"
        _text(self.metric_key, "metric_key", code, optional=False)
        _text(self.stage_name, "stage_name", code)
        name = self.operator.strip().lower() if isinstance(self.operator, str) else None
        if name not in OPERATORS:
            raise ValidationError(
                f"operator {self.operator!r} is unknown; use one of {', '.join(OPERATORS)}",
                code=code,
                details={"operator": str(self.operator), "allowed": list(OPERATORS)},
            )
        object.__setattr__(self, "operator", name)
        if isinstance(self.threshold, bool) or not isinstance(self.threshold, (int, float)):
            raise ValidationError(
                f"threshold {self.threshold!r} of {self.metric_key} is no number",
                code=code,
                details={"metric_key": self.metric_key},
            )

    def holds(self, value: float) -> bool:
        """Whether ``value`` meets the condition."""
        return OPERATORS[self.operator](value, self.threshold)


@dataclass(frozen=True, slots=True)
class RunListQuery(Result):
    """Which runs, in which order, from where to where.

    All filters must hold. Order is by start, oldest first, unless ``sort_by`` and ``sort_desc``
    say otherwise:

    - ``started_at``, ``ended_at``, ``name``: times compare as instants, ties keep their order,
      and a run without the value comes first.
    - ``metric:<key>``: by the latest value. Runs without one, or with NaN, come last in both
      directions.
    - ``status``: by the word. ``duration``: from start to end; runs that have not ended come
      last in both directions. ``param:<key>``: numbers by size, the infinities among them, then
      texts by code point (True and False are the texts ``true`` and ``false``; of a long text
      the first 200 characters count), then runs without the parameter, or with None or NaN.
      ``sort_desc`` turns the numbers among themselves and the texts among themselves. In these
      three orders ties are by start, oldest first, then by id, in both directions.

    ``where`` is an expression that must be true besides, such as ``params.lr < 0.01 and
    metrics.accuracy.max > 0.9``; :mod:`contexta.interpretation.query.expression` has the language.

    Raises:
        ValidationError: ``query_invalid_run_list_query``; for ``where``
            ``query_invalid_expression`` or ``query_expression_too_large``.
    """

    project_name: str | None = None
    status: str | None = None
    tags: Mapping[str, str] | None = None
    time_range: TimeRange | None = None
    metric_conditions: tuple[MetricCondition, ...] = ()
    limit: int | None = None
    offset: int = 0
    sort_by: str = "started_at"
    sort_desc: bool = False
    params: Mapping[str, Any] = field(default_factory=FrozenDict)
    name: str | None = None
    run_ids: tuple[str, ...] | None = None
    where: str | None = None

    def __post_init__(self) -> None:
        """Check and freeze every field."""
        for label in ("project_name", "status", "name"):
            _text(getattr(self, label), label, _CODE)
        object.__setattr__(self, "metric_conditions", tuple(self.metric_conditions or ()))
        self._check_mappings()
        self._check_members()
        self._check_paging()
        if self.where is not None:
            _expression(self.where)

    def _check_members(self) -> None:
        if self.time_range is not None and not isinstance(self.time_range, TimeRange):
            raise _invalid("time_range", self.time_range, "a TimeRange")
        if not all(isinstance(item, MetricCondition) for item in self.metric_conditions):
            raise _invalid("metric_conditions", self.metric_conditions, "MetricCondition objects")
        if self.run_ids is not None:
            object.__setattr__(self, "run_ids", tuple(self.run_ids))

    def _check_mappings(self) -> None:
        tags = dict(self.tags or {})
        if not all(
            isinstance(k, str) and k.strip() and isinstance(v, str) for k, v in tags.items()
        ):
            raise _invalid("tags", self.tags, "texts by name")
        # Kept for scripts written against 1.0, which had no field for it.
        legacy = tags.pop(_RUN_IDS_TAG, None)
        if legacy is not None and self.run_ids is None:
            ids = tuple(part.strip() for part in legacy.split(",") if part.strip())
            object.__setattr__(self, "run_ids", ids)
        object.__setattr__(self, "tags", FrozenDict(tags))
        object.__setattr__(self, "params", FrozenDict(self.params))

    def _check_paging(self) -> None:
        if self.limit is not None and (type(self.limit) is not int or self.limit <= 0):
            raise _invalid("limit", self.limit, "a whole number above 0, or None")
        if type(self.offset) is not int or self.offset < 0:
            raise _invalid("offset", self.offset, "a whole number of at least 0")
        if not isinstance(self.sort_desc, bool):
            raise _invalid("sort_desc", self.sort_desc, "True or False")
        if self.sort_by not in SORT_FIELDS and not self.sort_metric and not self.sort_param:
            raise ValidationError(
                f"sort_by {self.sort_by!r} is unknown; use "
                f"{', '.join(_SORTS[:-1])} or {_SORTS[-1]}",
                code=_CODE,
                details={"sort_by": str(self.sort_by), "allowed": list(_SORTS)},
            )

    @property
    def sort_metric(self) -> str | None:
        """The metric key of ``sort_by="metric:<key>"``, else ``None``."""
        return _key(self.sort_by, METRIC_SORT_PREFIX)

    @property
    def sort_param(self) -> str | None:
        """The parameter key of ``sort_by="param:<key>"``, else ``None``."""
        return _key(self.sort_by, PARAM_SORT_PREFIX)

    @property
    def expression(self) -> RunExpression | None:
        """``where``, parsed."""
        return None if self.where is None else _expression(self.where)

    @property
    def needs_metrics(self) -> bool:
        """Whether paging can only happen after metric values are known."""
        return bool(self.metric_conditions) or self.sort_metric is not None


def given_query(query: RunListQuery | None) -> RunListQuery:
    """Return the query of a call; without one that of all runs.

    Raises:
        ValidationError: something else (``query_invalid_run_list_query``).
    """
    given: object = RunListQuery() if query is None else query
    if not isinstance(given, RunListQuery):
        raise _invalid("query", given, "a RunListQuery or None")
    return given


_CODE = "query_invalid_run_list_query"


def _key(sort_by: object, prefix: str) -> str | None:
    if not isinstance(sort_by, str) or not sort_by.startswith(prefix):
        return None
    return sort_by[len(prefix) :]


def _expression(text: str) -> RunExpression:
    # Parsing needs a library that a query without an expression has no use for.
    from contexta.interpretation.query.expression import RunExpression

    return RunExpression.parse(text)


def _invalid(name: str, value: object, rule: str) -> ValidationError:
    return ValidationError(
        f"{name} is {value!r}; it must be {rule}", code=_CODE, details={"field": name}
    )


def same_param(stored: object, wanted: object) -> bool:
    """Whether two parameters are the same, exactly; 1 and 1.0 are."""
    if isinstance(wanted, bool) or isinstance(stored, bool):
        return stored is wanted
    if isinstance(wanted, (int, float)) and isinstance(stored, (int, float)):
        return stored == wanted or (math.isnan(stored) and math.isnan(wanted))
    return stored == wanted


def meets_param(stored: object, wanted: object) -> bool:
    """Whether a stored parameter meets a filter, by the rule of the ledger.

    Numbers compare as doubles; True, False and None are the texts ``true``, ``false`` and
    ``null``; what is not finite is any of the words for it.
    """
    if isinstance(wanted, float) and isinstance(stored, str) and not math.isfinite(wanted):
        return stored in _NONFINITE and meets_param(float(stored), wanted)
    left, right = as_number(stored), as_number(wanted)
    if left is None and right is None:
        return as_text(stored) == as_text(wanted)
    if left is None or right is None:
        return False
    return left == right or (math.isnan(left) and math.isnan(right))


def as_number(value: object) -> float | None:
    """Return a parameter that is a number as a double; ``None`` for any other."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def as_text(value: object) -> str:
    """Return a parameter that is no number as the ledger keeps it."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
