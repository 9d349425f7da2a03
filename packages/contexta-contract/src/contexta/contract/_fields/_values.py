"""Timestamps, mappings, numbers and the read-only JSON of unknown fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic_core import core_schema as cs

from contexta.contract._coerce._json import freeze_json, freeze_json_map
from contexta.contract._coerce._numbers import (
    INT64_MAX,
    INT64_MIN,
    coerce_finite,
    coerce_index,
    coerce_metric_value,
)
from contexta.contract._coerce._tags import freeze_params, freeze_text_map
from contexta.contract._fields._rule import ruled
from contexta.contract.time import normalize_timestamp


class FunctionRule:
    """A value that a Python function checks and normalizes."""

    def __init__(self, check: Callable[[Any], Any], json_schema: Callable[[], Any]) -> None:
        self.check = check
        self.json_schema = json_schema

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Build the schema; the JSON Schema describes the stored form."""
        return cs.no_info_plain_validator_function(
            self.check, json_schema_input_schema=self.json_schema()
        )


class CountRule:
    """A whole number, zero or more; bool is refused."""

    def __init__(self, code: str, *, what: str) -> None:
        self.code = code
        self.what = what

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Build the native schema."""
        schema = cs.int_schema(strict=True, ge=0, le=INT64_MAX)
        return ruled(schema, self.code, f"{self.what}: an int of 0 or more", "pass such an int")


def _timestamp_schema() -> Any:
    return cs.str_schema(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
        metadata={"pydantic_js_updates": {"format": "date-time"}},
    )


def _number_schema() -> Any:
    return cs.union_schema(
        [
            cs.int_schema(ge=INT64_MIN, le=INT64_MAX),
            cs.float_schema(),
            cs.literal_schema(["NaN", "Infinity", "-Infinity"]),
        ]
    )


def _scalar_map_schema() -> Any:
    scalar = cs.union_schema(
        [cs.str_schema(), cs.int_schema(), cs.float_schema(), cs.bool_schema(), cs.none_schema()]
    )
    return cs.dict_schema(cs.str_schema(), scalar)


Timestamp = Annotated[str, FunctionRule(normalize_timestamp, _timestamp_schema)]
TextMap = Annotated[
    Mapping[str, str],
    FunctionRule(freeze_text_map, lambda: cs.dict_schema(cs.str_schema(), cs.str_schema())),
]
JsonMap = Annotated[
    Mapping[str, Any],
    FunctionRule(freeze_json_map, lambda: cs.dict_schema(cs.str_schema(), cs.any_schema())),
]
ParamMap = Annotated[Mapping[str, Any], FunctionRule(freeze_params, _scalar_map_schema)]
FrozenJson = Annotated[Any, FunctionRule(freeze_json, cs.any_schema)]
MetricValue = Annotated[int | float, FunctionRule(coerce_metric_value, _number_schema)]
Step = Annotated[int, FunctionRule(coerce_index, lambda: cs.int_schema(ge=INT64_MIN, le=INT64_MAX))]
Epoch = Annotated[float, FunctionRule(coerce_finite, cs.float_schema)]
OrderIndex = Annotated[int, CountRule("context_invalid_order_index", what="a position")]
SizeBytes = Annotated[int, CountRule("artifact_invalid_size_bytes", what="a size in bytes")]
