"""One registered namespace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, get_args

from pydantic_core import core_schema as cs

from contexta.contract._extensions._field_set import (
    validate_extension_field_key,
    validate_extension_namespace,
)
from contexta.contract._fields._text import ChoiceRule, TextRule
from contexta.contract._fields._values import FunctionRule
from contexta.contract._frozen import FrozenMapping
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr

_Ownership = Literal["core", "compat", "adapter", "bridge", "plugin", "private"]

EXTENSION_OWNERSHIP_CLASSES: Final[tuple[str, ...]] = get_args(_Ownership)
EXTENSION_TARGET_MODELS: Final = (
    "project",
    "run",
    "deployment_execution",
    "stage_execution",
    "batch_execution",
    "sample_observation",
    "operation_context",
    "environment_snapshot",
    "record_envelope",
    "event_payload",
    "metric_payload",
    "trace_span_payload",
    "degraded_payload",
    "artifact_manifest",
    "lineage_edge",
    "provenance_record",
)
RESERVED_NAMESPACE_SEGMENTS: Final = frozenset(
    {"contexta", "compat", "adapter", "bridge", "plugin"}
)
OWNER_SLUG_PATTERN: Final = re.compile(r"[a-z][a-z0-9-]*")
REGISTRY_STATUS_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]*")


def _target_models(models: Any) -> tuple[str, ...]:
    code = "extension_registry_invalid_target_models"
    if isinstance(models, str | bytes | Mapping) or not isinstance(models, Iterable):
        raise ValidationError(
            f"target_models {short_repr(models)} are {type(models).__name__}; "
            "pass a list of model names",
            code=code,
        )
    listed = list(models)
    unknown = [model for model in listed if model not in EXTENSION_TARGET_MODELS]
    if unknown or not listed:
        reason = f"hold unknown {', '.join(map(short_repr, unknown))}" if unknown else "are empty"
        raise ValidationError(
            f"target_models {reason}; use some of {', '.join(EXTENSION_TARGET_MODELS)}",
            code=code,
            details={"invalid": unknown, "allowed": EXTENSION_TARGET_MODELS} if unknown else None,
        )
    return tuple(sorted(set(listed)))


def _readonly_names(names: Any) -> tuple[str, ...]:
    if isinstance(names, str | bytes | Mapping) or not isinstance(names, Iterable):
        raise ValidationError(
            f"readonly_fields {short_repr(names)} are {type(names).__name__}; "
            "pass a list of field names",
            code="extension_registry_invalid_readonly_fields",
        )
    return tuple(sorted({validate_extension_field_key(name) for name in names}))


def _field_specs(specs: Any) -> FrozenMapping[str, str] | None:
    if specs is None:
        return None
    code = "extension_registry_invalid_field_specs"
    if not isinstance(specs, Mapping):
        raise ValidationError(
            f"field_specs {short_repr(specs)} are {type(specs).__name__}; pass a dict", code=code
        )
    result = {}
    for key, text in specs.items():
        if not isinstance(text, str) or not text.strip():
            raise ValidationError(
                f"field_specs value {short_repr(text)} of {short_repr(key)} is no text; "
                "describe the field",
                code=code,
                details={"field": short_repr(key)},
            )
        result[validate_extension_field_key(key)] = text.strip()
    return FrozenMapping(sorted(result.items()))


def _notes(notes: Any) -> str | None:
    if notes is None:
        return None
    if not isinstance(notes, str):
        raise ValidationError(
            f"notes {short_repr(notes)} are {type(notes).__name__}, not text; pass a str",
            code="context_invalid_string",
        )
    return notes.strip() or None


def _names_schema() -> Any:
    return cs.list_schema(cs.str_schema())


class ExtensionRegistryEntry(ContractModel):
    """Who owns a namespace, on which models it may appear, and what its fields mean."""

    namespace: Annotated[str, FunctionRule(validate_extension_namespace, cs.str_schema)]
    """The namespace; its first word must fit ``ownership_class``."""
    ownership_class: Annotated[_Ownership, ChoiceRule("extension_registry_invalid_ownership")]
    """What sort of party owns it."""
    owner_slug: Annotated[
        str,
        TextRule(
            "extension_registry_invalid_owner",
            pattern=rf"^{OWNER_SLUG_PATTERN.pattern}$",
            rule="a lower-case word of letters, digits and '-'",
            hint="write it like acme-ml",
        ),
    ]
    """Name of the owner."""
    status: Annotated[
        str,
        TextRule(
            "extension_registry_invalid_status",
            pattern=rf"^{REGISTRY_STATUS_PATTERN.pattern}$",
            rule="a lower-case word of letters, digits and '_'",
            hint="write it like active",
        ),
    ]
    """State of the registration, such as ``active``."""
    target_models: Annotated[tuple[str, ...], FunctionRule(_target_models, _names_schema)]
    """Models that may carry it; sorted, distinct, at least one."""
    readonly_fields: Annotated[tuple[str, ...], FunctionRule(_readonly_names, _names_schema)] = ()
    """Fields that only the owner changes; sorted, distinct."""
    field_specs: Annotated[
        Mapping[str, str] | None,
        FunctionRule(
            _field_specs,
            lambda: cs.nullable_schema(cs.dict_schema(cs.str_schema(), cs.str_schema())),
        ),
    ] = None
    """Field to description; ``None`` when the fields are not declared."""
    notes: Annotated[
        str | None, FunctionRule(_notes, lambda: cs.nullable_schema(cs.str_schema()))
    ] = None
    """Anything else worth knowing."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        _check_prefix(values.get("namespace"), values.get("ownership_class"), found)
        specs, readonly = values.get("field_specs"), values.get("readonly_fields")
        unknown = [name for name in readonly or () if specs is not None and name not in specs]
        if unknown:
            found.append(
                Problem(
                    "extension_registry_invalid_readonly_fields",
                    "$.readonly_fields",
                    f"names {', '.join(unknown)} are not in field_specs; declare them there",
                    {"unknown_fields": unknown},
                )
            )

    def allows_target_model(self, target_model: str) -> bool:
        """Tell whether the namespace may appear on that model."""
        return target_model in self.target_models

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dict; ``field_specs`` and ``notes`` are left out when ``None``."""
        plain = super().to_dict()
        for name in ("field_specs", "notes"):
            if plain[name] is None:
                del plain[name]
        return plain


def _check_prefix(namespace: str | None, ownership: str | None, found: list[Problem]) -> None:
    if namespace is None or ownership is None:
        return
    first = namespace.partition(".")[0]
    if ownership == "private":
        if first not in RESERVED_NAMESPACE_SEGMENTS:
            return
        reserved = ", ".join(sorted(RESERVED_NAMESPACE_SEGMENTS))
        rule = f"must not start with a reserved word ({reserved})"
    else:
        wanted = "contexta" if ownership == "core" else ownership
        if first == wanted:
            return
        rule = f"must start with '{wanted}.' for ownership class {ownership!r}"
    found.append(
        Problem(
            "extension_registry_invalid_namespace",
            "$.namespace",
            f"{namespace!r} {rule}; rename it or change ownership_class",
            {"namespace": namespace, "reserved": sorted(RESERVED_NAMESPACE_SEGMENTS)},
        )
    )
