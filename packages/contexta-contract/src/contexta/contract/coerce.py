"""Turn what people pass into what the schema keeps.

Capture uses these on everything a program hands over, so that a numpy scalar, a ``Path`` or a
diverged loss never ends a training run. All raise ``ValidationError`` naming every part that
cannot be kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contexta.contract._coerce._json import freeze_json, nonfinite_text
from contexta.contract._coerce._numbers import coerce_metric_value
from contexta.contract._coerce._tags import freeze_params, freeze_text_map
from contexta.contract._frozen import thaw
from contexta.contract._model._failures import error_of
from contexta.contract._problems import ProblemsFound

__all__ = [
    "coerce_json",
    "coerce_metric_value",
    "coerce_params",
    "coerce_tags",
    "nonfinite_text",
]


def coerce_json(value: Any) -> Any:
    """Return ``value`` as fresh JSON data: dicts, lists, text, numbers, bools and None.

    Datetimes become stored timestamps, paths, UUIDs and decimals text, enums their value, sets
    sorted lists, dataclasses mappings, arrays nested lists, non-finite floats the texts ``NaN``,
    ``Infinity`` and ``-Infinity``. Mappings come back sorted by key.

    Raises:
        ValidationError: ``extension_invalid_value``, with one issue for each part that has no
            JSON form (bytes, functions, open files, keys that are no text, cycles).
    """
    try:
        return thaw(freeze_json(value))
    except ProblemsFound as exc:
        failure = error_of(exc.problems)
    raise failure


def coerce_tags(mapping: Mapping[str, Any] | None) -> dict[str, str]:
    """Return a mapping of text to text, sorted by key; scalar values become text.

    Raises:
        ValidationError: ``context_invalid_mapping``, with one issue for each bad key or value.
    """
    try:
        return dict(freeze_text_map(mapping))
    except ProblemsFound as exc:
        failure = error_of(exc.problems)
    raise failure


def coerce_params(mapping: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return run parameters: text to JSON scalars, sorted by key; lists become JSON text.

    Raises:
        ValidationError: with one issue for each bad key or value.
    """
    try:
        return dict(freeze_params(mapping))
    except ProblemsFound as exc:
        failure = error_of(exc.problems)
    raise failure
