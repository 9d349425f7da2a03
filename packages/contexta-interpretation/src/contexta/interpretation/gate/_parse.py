"""Rules from plain data, as JSON and TOML files hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from contexta.contract.errors import ValidationError
from contexta.interpretation.gate._faults import refuse, unknown
from contexta.interpretation.gate.rules import RULE_TYPES, GateRule


def parse_rules(data: object) -> tuple[GateRule, ...]:
    """Return rules from rule objects, mappings, or one mapping with a list under ``rules``.

    Each mapping has a ``type`` (threshold, no_regression, required_stages, required_metrics,
    required_artifacts, no_errors, completeness) and the fields of that rule. All faults of all
    rules are reported at once.

    Raises:
        ValidationError: no rules (``gate_no_rules``), an unknown type
            (``gate_unknown_rule_type``) or field (``gate_unknown_field``), a field that is
            missing or wrong (``gate_invalid_rule``, ``gate_invalid_operator``), or faults of
            several kinds (``gate_invalid_rules``; ``details`` list each with its code).
    """
    found: list[tuple[str, str]] = []
    rules: list[GateRule] = []
    for number, item in enumerate(_items(data), start=1):
        if isinstance(item, GateRule):
            rules.append(item)
            continue
        faults, rule = _rule(item)
        found += [(code, f"rule {number}: {message}") for code, message in faults]
        if rule is not None:
            rules.append(rule)
    refuse(found)
    if not rules:
        raise ValidationError(
            "there are no rules; a gate without rules would let everything pass",
            code="gate_no_rules",
        )
    return tuple(rules)


def _items(data: object) -> list[Any]:
    if isinstance(data, GateRule):
        return [data]
    if isinstance(data, Mapping):
        extra = [key for key in data if key != "rules"]
        if "type" in data:
            return [data]
        if extra:
            refuse([("gate_unknown_field", unknown("key", key, ["rules"])) for key in extra])
        data = data.get("rules", ())
    if isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
        raise ValidationError(
            f"{data!r} holds no rules; give rules, mappings, or a mapping with a list under rules",
            code="gate_invalid_rules",
        )
    return list(data)


def _rule(item: object) -> tuple[list[tuple[str, str]], GateRule | None]:
    if not isinstance(item, Mapping):
        return [("gate_invalid_rule", f"{item!r} is no mapping")], None
    rule_type = RULE_TYPES.get(item["type"]) if isinstance(item.get("type"), str) else None
    if rule_type is None:
        return [("gate_unknown_rule_type", unknown("type", item.get("type"), RULE_TYPES))], None
    known = {field.name: field for field in fields(rule_type)}
    given = {str(key): value for key, value in item.items() if key != "type"}
    label = rule_type.type
    faults = [
        ("gate_unknown_field", f"{label}: {unknown('field', key, known)}")
        for key in given
        if key not in known
    ]
    faults += [
        ("gate_invalid_rule", f"{label}: {name} is missing")
        for name, field in known.items()
        if field.default is MISSING and field.default_factory is MISSING and name not in given
    ]
    if faults:
        return faults, None
    try:
        return [], rule_type(**given)
    except ValidationError as error:
        problems = (error.details or {}).get("problems", ())
        return [(entry["code"], entry["message"]) for entry in problems], None
