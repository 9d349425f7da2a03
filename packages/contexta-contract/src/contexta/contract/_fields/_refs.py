"""Reference fields: text or StableRef in, StableRef (or text) stored."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

from pydantic_core import core_schema as cs

from contexta.contract._refs._fields import kind_mismatch, validate_core_stable_ref
from contexta.contract._refs._stable_ref import (
    CORE_STABLE_REF_COMPONENT_COUNTS,
    MAX_STABLE_REF_TEXT_LENGTH,
    StableRef,
    count_fits,
)
from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr

_COMPONENT = r"[a-z0-9]+(?:-[a-z0-9]+)*"
# A run's refs come back with every record, so parsing them once is enough. Record refs are all
# different; caching those would only push the others out.
_CACHE_SIZE = 4096


def ref_schema(
    kind: str | None, *, code: str = "context_invalid_ref", as_text: bool = False
) -> Any:
    """Return the core schema of a ref field; ``kind`` None admits every kind."""
    return cs.no_info_plain_validator_function(
        _text_validator(kind, code) if as_text else _ref_validator(kind, code),
        json_schema_input_schema=cs.str_schema(
            pattern=_pattern(kind), max_length=MAX_STABLE_REF_TEXT_LENGTH
        ),
        serialization=cs.to_string_ser_schema(when_used="unless-none"),
    )


class RefRule:
    """A ref of one kind, or of any, stored as StableRef or as text."""

    def __init__(
        self, kind: str | None = None, *, code: str = "context_invalid_ref", as_text: bool = False
    ) -> None:
        self.kind = kind
        self.code = code
        self.as_text = as_text

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Build the schema around the cached parser."""
        return ref_schema(self.kind, code=self.code, as_text=self.as_text)


def _checked(ref: StableRef, kind: str | None) -> StableRef:
    validate_core_stable_ref(ref)
    if kind is not None and ref.kind != kind:
        raise kind_mismatch(ref, (kind,), None)
    return ref


@lru_cache(maxsize=64)
def _ref_validator(kind: str | None, code: str) -> Callable[[Any], StableRef]:
    def parse(text: str) -> StableRef:
        return _checked(StableRef.parse(text), kind)

    read = parse if kind == "record" else lru_cache(maxsize=_CACHE_SIZE)(parse)

    def validate(value: Any) -> StableRef:
        if value.__class__ is str:
            return read(value)
        if value.__class__ is StableRef:
            # The common case in one test; what fails it is explained by the full check.
            if value.kind == kind and count_fits(value):
                return value
            return _checked(value, kind)
        if isinstance(value, str):
            return read(str.__str__(value))
        raise _wrong_type(value, code)

    return validate


@lru_cache(maxsize=64)
def _text_validator(kind: str | None, code: str) -> Callable[[Any], str]:
    validate = _ref_validator(kind, code)

    def validate_text(value: Any) -> str:
        return validate(value).text

    return validate_text


def _wrong_type(value: object, code: str) -> ValidationError:
    return ValidationError(
        f"{short_repr(value)} is {type(value).__name__}, not a ref; pass <kind>:<value> as text "
        "or a StableRef",
        code=code,
        details={"type": type(value).__name__},
    )


def _pattern(kind: str | None) -> str:
    if kind is None:
        return rf"^[a-z][a-z0-9_]*:{_COMPONENT}(?:\.{_COMPONENT})*$"
    count = CORE_STABLE_REF_COMPONENT_COUNTS.get(kind)
    if count is None:
        return rf"^{kind}:{_COMPONENT}(?:\.{_COMPONENT})*$"
    more = f"{count - 1},{count}" if kind in {"sample", "op"} else str(count - 1)
    return rf"^{kind}:{_COMPONENT}(?:\.{_COMPONENT}){{{more}}}$"


AnyRef = Annotated[StableRef, RefRule()]
ProjectRef = Annotated[StableRef, RefRule("project")]
RunRef = Annotated[StableRef, RefRule("run")]
DeploymentRef = Annotated[StableRef, RefRule("deployment")]
StageRef = Annotated[StableRef, RefRule("stage")]
BatchRef = Annotated[StableRef, RefRule("batch")]
SampleRef = Annotated[StableRef, RefRule("sample")]
OperationRef = Annotated[StableRef, RefRule("op")]
RecordRef = Annotated[StableRef, RefRule("record")]
ArtifactRef = Annotated[StableRef, RefRule("artifact")]
EnvironmentRef = Annotated[StableRef, RefRule("environment")]
RelationRef = Annotated[StableRef, RefRule("relation")]
ProvenanceRef = Annotated[StableRef, RefRule("provenance")]
SubjectRef = Annotated[str, RefRule(code="record_invalid_ref", as_text=True)]
ArtifactRefText = Annotated[str, RefRule("artifact", code="record_invalid_ref", as_text=True)]
