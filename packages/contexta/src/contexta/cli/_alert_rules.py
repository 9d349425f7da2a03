"""The options that name alert rules: conditions, or a file of them."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from contexta.cli._conditions import condition_of
from contexta.cli._data_file import read_data

if TYPE_CHECKING:
    from contexta.interpretation import AlertRule

_FIELDS = ("metric_key", "operator", "threshold", "stage_name", "severity", "name")


class AlertRules(NamedTuple):
    """Which rules were asked for."""

    conditions: tuple[str, ...]
    files: tuple[str, ...]
    severity: str

    def read(self) -> "list[AlertRule]":
        """The rules, those of files last.

        Raises:
            UsageError: there are none, or a condition is none.
            ValidationError: a file cannot be read, or holds something else.
        """
        from contexta.interpretation import AlertRule

        rules = []
        for text in self.conditions:
            key, stage, operator, value = condition_of(text, "--rule")
            rules.append(AlertRule(key, operator, value, stage, self.severity))
        for path in self.files:
            rules += _rules_of(read_data(path), path, self.severity)
        if not rules:
            raise click.UsageError("no rules; give --rule 'METRIC > NUMBER' or --rules FILE")
        return rules


def alert_rule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--rule``, ``--rules`` and ``--severity``; the command gets ``rules``."""

    @wraps(command)
    def called(*args: Any, rule: Any, rules_file: Any, severity: str, **rest: Any) -> Any:
        return command(*args, rules=AlertRules(rule, rules_file, severity), **rest)

    found: Callable[..., Any] = called
    for option in reversed(_OPTIONS):
        found = option(found)
    return found


_OPTIONS = (
    click.option(
        "--rule",
        multiple=True,
        metavar="COND",
        help="Trigger when this is true, such as 'loss > 2' or 'accuracy@eval < 0.9'. Repeatable.",
    ),
    click.option(
        "--rules",
        "rules_file",
        multiple=True,
        metavar="FILE",
        help="Rules from a TOML or JSON file with a list under `rules`; each has metric_key, "
        "operator and threshold, perhaps stage_name, severity, name.",
    ),
    click.option(
        "--severity",
        type=click.Choice(["info", "warning", "error"]),
        default="warning",
        show_default=True,
        help="Of rules that name none.",
    ),
)


def _rules_of(data: Any, path: str, severity: str) -> "list[AlertRule]":
    from contexta.contract.errors import ValidationError
    from contexta.interpretation import AlertRule

    listed = data.get("rules") if isinstance(data, Mapping) else data
    if not isinstance(listed, list):
        raise ValidationError(
            f"the file {path!r} has no list under rules",
            code="alert_invalid_rules",
            details={"path": path},
        )
    rules, faults = [], []
    for number, item in enumerate(listed, start=1):
        fault = _fault(item)
        if fault:
            faults.append(f"rule {number}: {fault}")
        else:
            rules.append(AlertRule(**{"severity": severity, **item}))
    if faults:
        raise ValidationError(
            f"the file {path!r}: {'; '.join(faults)}",
            code="alert_invalid_rules",
            details={"path": path, "problems": faults},
        )
    return rules


def _fault(item: Any) -> str | None:
    if not isinstance(item, Mapping):
        return f"{item!r} is no table"
    unknown = [str(name) for name in item if name not in _FIELDS]
    if unknown:
        return f"{', '.join(unknown)} is no field; use {', '.join(_FIELDS)}"
    missing = [name for name in _FIELDS[:3] if name not in item]
    return f"{', '.join(missing)} is missing" if missing else None
