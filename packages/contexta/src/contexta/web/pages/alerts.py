"""Rules over the newest runs: what is above or below what it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contexta.web._errors import bad_request
from contexta.web._page import PageData
from contexta.web._totals import FLEET_RUNS
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._choices import MetricChoice, metric_choices, stage_of
from contexta.web.pages._links import address, run_url
from contexta.web.pages._view import NARROWING, narrowed, narrowing, notes

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import AlertReport, AlertResult, AlertRule
    from contexta.web._params import Params

_SIGNS = {
    ">": "gt", "<": "lt", ">=": "gte", "<=": "lte", "=": "eq", "==": "eq", "!=": "ne",
    "gt": "gt", "lt": "lt", "gte": "gte", "lte": "lte", "eq": "eq", "ne": "ne",
}  # fmt: skip
SHOWN = {"gt": ">", "lt": "<", "gte": "\u2265", "lte": "\u2264", "eq": "=", "ne": "\u2260"}
_RULE = re.compile(
    r"(?P<metric>\S[^<>=!]*?)(?:@(?P<stage>[^\s<>=!@]+))?"
    r"(?:\s*(?P<sign><=|>=|==|!=|<|>|=)\s*|\s+(?P<word>gte|lte|gt|lt|eq|ne)\s+)"
    r"(?P<number>\S+)(?:\s+(?P<severity>\w+))?"
)
_RULES, _RULE_LENGTH = 20, 300
_LISTED = 300
_FIELDS = ("where", "limit")  # of the form; what else narrows the runs is shown beside it
_CHIPS = frozenset(label for name, label in NARROWING.items() if name not in _FIELDS)
_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One rule that triggered, or says nothing, for one run."""

    result: AlertResult
    name: str
    href: str
    sign: str


def alerts_page(ctx: Contexta, params: Params) -> PageData:
    """Show the form, and what the rules in it say of the newest runs.

    Raises:
        HttpError: 400, a line is no rule.
        ValidationError: a rule cannot be; all problems are named.
    """
    project = params.text("project")
    text = params.text("rules") or _single(params)
    rules = read_rules(
        text, params.text("severity") or ctx.config.interpretation.alert.default_severity
    )
    report = None
    if rules:
        query = params.run_query(limit=FLEET_RUNS)
        report = ctx.evaluate_alerts_fleet(rules, query=query)
    choices = metric_choices(ctx, project)
    data = {
        **TOOLS,
        "crumbs": (("Alerts", None),),
        "project": project,
        "projects": ctx.list_projects(),
        "text": text,
        "asked": params.query,
        "keep": [(k, v) for k, v in narrowing(params).items() if k not in _FIELDS],
        "filters": [one for one in narrowed("/ui/alerts", params) if one[0] in _CHIPS],
        "rules": [(rule, SHOWN[rule.operator]) for rule in rules],
        "report": report,
        "triggered": _rows(ctx, report, triggered=True),
        "silent": _rows(ctx, report, triggered=False),
        "listed": _LISTED,
        "default_runs": FLEET_RUNS,
        "fine": 0 if report is None else _fine(report),
        "offers": _offers(choices, project),
        "notes": () if report is None else notes(report.completeness_notes, report.completeness),
    }
    return PageData("alerts", "Alerts", data, "alerts")


def read_rules(text: str, severity: str) -> list[AlertRule]:
    """Read one rule per line: ``metric@stage > 0.5 error``; stage and severity may be left out.

    Raises:
        HttpError: 400, a line is no rule, or there are too many.
    """
    from contexta.interpretation import AlertRule

    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > _RULES:
        raise bad_request(f"{len(lines)} rules are too many for one page; at most {_RULES}")
    rules, wrong = [], []
    for place, line in enumerate(lines, 1):
        match = _RULE.fullmatch(line) if len(line) <= _RULE_LENGTH else None
        if match is None or not _is_number(match["number"]):
            wrong.append(f"line {place}: {line[:80]!r}")
            continue
        sign = match["sign"] or match["word"]
        rules.append(
            AlertRule(
                match["metric"],
                _SIGNS[sign],
                float(match["number"]),
                match["stage"],
                match["severity"] or severity,
            )
        )
    if wrong:
        raise bad_request(
            "these are no rules; write one a line, such as loss > 0.5 or "
            f"accuracy@eval < 0.9 error: {'; '.join(wrong)}",
            {"lines": wrong},
        )
    for rule in rules:
        rule.check()
    return rules


def _single(params: Params) -> str:
    """The rule of the form of 1.0: metric, operator, threshold, stage."""
    metric, sign = params.text("metric"), params.text("operator")
    threshold, stage = params.text("threshold"), params.text("stage")
    if not (metric and sign and threshold):
        return ""
    return f"{metric}{f'@{stage}' if stage else ''} {sign} {threshold}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _rows(ctx: Contexta, report: AlertReport | None, *, triggered: bool) -> list[AlertRow]:
    """Results that trigger, the gravest first, or those of runs without the metric."""
    if report is None:
        return []
    found = [
        result
        for result in report.results
        if (result.triggered if triggered else result.actual_value is None)
    ]
    found.sort(key=lambda result: _ORDER.get(result.severity, 3))
    shown = found[:_LISTED]
    names = {link.ref: link.label for r in shown for link in r.evidence_links if link.kind == "run"}
    return [
        AlertRow(
            result, names.get(result.run_id, ""), run_url(result.run_id), SHOWN[result.operator]
        )
        for result in shown
    ]


def _fine(report: AlertReport) -> int:
    return sum(not r.triggered and r.actual_value is not None for r in report.results)


def _offers(choices: list[MetricChoice], project: str | None) -> list[tuple[str, str]]:
    """Rules to start from: the median of each metric's values, and worse than it is an alert."""
    from contexta.interpretation.compare.direction import better_when_higher

    offers = []
    for choice in choices:
        for row in choice.rows[:1]:
            if row.median is not None:
                stage = stage_of(row)
                where = f"@{stage}" if stage else ""
                sign = "<" if better_when_higher(row.metric_key) else ">"
                rule = f"{row.metric_key}{where} {sign} {row.median:.6g}"
                if _RULE.fullmatch(rule) and len(rule) < 60:
                    offers.append((rule, address("/ui/alerts", rules=rule, project=project)))
    return offers[:12]
