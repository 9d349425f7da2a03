"""Routes that hold runs against rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from contexta.web._errors import bad_request
from contexta.web._totals import FLEET_RUNS

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import AlertRule
    from contexta.web._params import Params

_MOST_RULES = 100
_FIELDS = {
    "metric": "metric_key",
    "metric_key": "metric_key",
    "operator": "operator",
    "threshold": "threshold",
    "stage": "stage_name",
    "stage_name": "stage_name",
    "severity": "severity",
    "name": "name",
}


def evaluate(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return one result per rule, in order."""
    return {"results": list(ctx.evaluate_alerts(params.id("run_id"), _rules(ctx, params)))}


def fleet(ctx: Contexta, params: Params) -> Any:
    """Return the results of every run that is selected, run by run."""
    return ctx.evaluate_alerts_fleet(_rules(ctx, params), query=params.run_query(limit=FLEET_RUNS))


def gate(ctx: Contexta, params: Params) -> Any:
    """Return pass, fail or cannot tell, rule by rule."""
    from contexta.interpretation.gate import parse_rules

    params.require("run_ids")
    baseline = params.words("baseline")
    return ctx.evaluate_gate(
        params.words("run_ids", at_least=1),
        parse_rules(_json(params.require("rules"))),
        baseline or None,
    )


def _rules(ctx: Contexta, params: Params) -> list[AlertRule]:
    severity = ctx.config.interpretation.alert.default_severity
    if params.text("rules") is not None:
        items = _json(params.require("rules"))
        if not isinstance(items, list) or not 1 <= len(items) <= _MOST_RULES:
            raise bad_request(f"rules must be a JSON list of 1 to {_MOST_RULES} rules")
        return [_rule(item, severity, place) for place, item in enumerate(items, start=1)]
    single = {
        "metric": params.require("metric"),
        "operator": params.require("operator"),
        "stage": params.text("stage"),
        "severity": params.text("severity"),
    }
    params.require("threshold")
    return [_rule({**single, "threshold": params.number("threshold")}, severity, 1)]


def _rule(item: Any, severity: str, place: int) -> AlertRule:
    from contexta.interpretation import AlertRule

    if not isinstance(item, dict):
        raise bad_request(f"rule {place} is no JSON object")
    unknown = [key for key in item if key not in _FIELDS]
    missing = [key for key in ("operator", "threshold") if item.get(key) is None]
    if "metric" not in item and "metric_key" not in item:
        missing.insert(0, "metric")
    if unknown or missing:
        raise bad_request(
            f"rule {place}: "
            + "; ".join(
                ([f"unknown {', '.join(map(str, unknown))}"] if unknown else [])
                + ([f"missing {', '.join(missing)}"] if missing else [])
            ),
            {"unknown": unknown, "missing": missing, "allowed": list(_FIELDS)},
        )
    fields = {_FIELDS[key]: value for key, value in item.items() if value is not None}
    return AlertRule(**{"severity": severity, **fields})


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise bad_request("rules is no JSON") from error
