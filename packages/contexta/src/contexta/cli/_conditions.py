"""Conditions on a metric as people type them: ``accuracy@eval >= 0.9``."""

import re
from typing import NamedTuple

import click

# Longest signs first; a key may hold anything but a sign.
_CONDITION = re.compile(
    r"\s*(?P<key>[^<>=!]+?)\s*(?P<sign>>=|<=|==|!=|=|>|<)\s*(?P<number>[^<>=!\s]+)\s*"
)
_SIGNS = {">": "gt", "<": "lt", ">=": "gte", "<=": "lte", "==": "eq", "=": "eq", "!=": "ne"}
_LONGEST = 1_000


class Condition(NamedTuple):
    """A metric, perhaps of one stage, an operator by its name, and a number."""

    metric_key: str
    stage_name: str | None
    operator: str
    value: float


def condition_of(text: str, option: str) -> Condition:
    """Read a condition.

    Raises:
        UsageError: the text is none.
    """
    found = _CONDITION.fullmatch(text) if len(text) <= _LONGEST else None
    value = None if found is None else _number(found["number"])
    if found is None or value is None:
        shown = text if len(text) <= 80 else f"{text[:80]}…"
        raise click.UsageError(
            f"{option} {shown!r} is no condition; write METRIC SIGN NUMBER such as "
            "'accuracy >= 0.9', with METRIC@STAGE for the values of one stage"
        )
    key, at, stage = found["key"].rpartition("@")
    if not at or not key or not stage:
        key, stage = found["key"], ""
    return Condition(key.strip(), stage.strip() or None, _SIGNS[found["sign"]], value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
