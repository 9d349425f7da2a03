"""Rules checked as a whole: every problem of every rule is reported at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from contexta.contract.errors import ValidationError
from contexta.interpretation._nearest import hint, nearest
from contexta.interpretation.query.filters import OPERATORS

SEVERITIES = ("info", "warning", "error")
_SIGNS = {">": "gt", "<": "lt", ">=": "gte", "<=": "lte", "=": "eq", "==": "eq", "!=": "ne"}
_FIELDS = ("metric_key", "operator", "threshold", "stage_name", "severity", "name")


class Problem(NamedTuple):
    """One thing that is wrong with one rule."""

    code: str
    message: str
    details: dict[str, Any]


def check_rules(rules: Iterable[Any]) -> tuple[Any, ...]:
    """Return the rules, each checked.

    Raises:
        ValidationError: the code of the first problem; ``details["problems"]`` lists all.
    """
    if not isinstance(rules, Iterable) or isinstance(rules, str | bytes | Mapping):
        raise ValidationError(
            f"rules is a {type(rules).__name__}; pass a list of AlertRule, also for one rule",
            code="alert_invalid_rule",
            details={"rules": str(rules)},
        )
    chosen = tuple(rules)
    found = [
        problem._replace(details={"rule": index, **problem.details})
        for index, rule in enumerate(chosen)
        for problem in problems_of(rule)
    ]
    raise_problems(found)
    return chosen


def raise_problems(found: list[Problem]) -> None:
    """Raise one error for all problems, if there are any."""
    if not found:
        return
    first = found[0]
    details = dict(first.details)
    if len(found) > 1:
        details["problems"] = [
            {"code": item.code, "message": item.message, **item.details} for item in found
        ]
    text = "; ".join(item.message for item in found)
    raise ValidationError(text, code=first.code, details=details)


def problems_of(rule: Any) -> Iterator[Problem]:
    """Yield what is wrong with a rule."""
    if not all(hasattr(rule, name) for name in _FIELDS):
        text = f"a {type(rule).__name__} is no alert rule; pass AlertRule(...)"
        yield Problem("alert_invalid_rule", text, {"type": type(rule).__name__})
        return
    key = rule.metric_key
    if not isinstance(key, str) or not key.strip():
        text = f"metric_key {key!r} of an alert is blank or no text; name a metric"
        yield Problem("alert_invalid_metric_key", text, {"metric_key": str(key)})
    yield from _choice(rule, "operator", tuple(OPERATORS), _SIGNS)
    number = rule.threshold
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    if not is_number or math.isnan(number):
        text = f"threshold {number!r} of alert {label_of(rule)} is no number to compare with"
        yield Problem("alert_invalid_threshold", text, {"threshold": str(number)})
    yield from _choice(rule, "severity", SEVERITIES, {})


def _choice(
    rule: Any, field: str, allowed: tuple[str, ...], spelled: dict[str, str]
) -> Iterator[Problem]:
    value = getattr(rule, field)
    if isinstance(value, str) and value in allowed:
        return
    sign = spelled.get(str(value).strip())
    near = (sign,) if sign else nearest(str(value), allowed)
    text = (
        f"{field} {value!r} of alert {label_of(rule)} is unknown; use one of {', '.join(allowed)}"
        f"{hint(near) if near else ''}"
    )
    details = {field: str(value), "allowed": list(allowed), "nearest": list(near)}
    yield Problem(f"alert_invalid_{field}", text, details)


def label_of(rule: Any) -> str:
    """Return the name, or ``metric[@stage]:operator:threshold``."""
    where = f"@{rule.stage_name}" if rule.stage_name else ""
    return str(rule.name or f"{rule.metric_key}{where}:{rule.operator}:{rule.threshold}")
