"""One namespace of extra fields on one object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import BeforeValidator
from pydantic_core import core_schema as cs

from contexta.contract._coerce._json import convert
from contexta.contract._fields._values import FunctionRule
from contexta.contract._frozen import FrozenMapping, freeze, thaw
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem, ProblemsFound, step
from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._general import ConflictError
from contexta.contract.errors._jsonsafe import short_repr

MAX_EXTENSION_NAMESPACE_LENGTH: Final = 128
EXTENSION_NAMESPACE_SEGMENT_PATTERN: Final = re.compile(r"[a-z][a-z0-9-]*")
EXTENSION_NAMESPACE_PATTERN: Final = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+")
EXTENSION_FIELD_KEY_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]*")


def validate_extension_namespace(namespace: str) -> str:
    """Return ``namespace`` if it is two or more dotted lower-case words, <= 128 characters.

    Raises:
        ValidationError: ``extension_invalid_namespace``.
    """
    given: object = namespace  # people without a type checker pass anything
    if not isinstance(given, str):
        reason = f"is {type(given).__name__}, not text"
    elif len(namespace) > MAX_EXTENSION_NAMESPACE_LENGTH:
        reason = f"is longer than {MAX_EXTENSION_NAMESPACE_LENGTH} characters"
    elif not EXTENSION_NAMESPACE_PATTERN.fullmatch(namespace):
        reason = "is not two or more lower-case words separated by dots"
    else:
        return namespace
    raise ValidationError(
        f"extension namespace {short_repr(namespace)} {reason}; write it like acme.training",
        code="extension_invalid_namespace",
        details={"namespace": namespace} if isinstance(namespace, str) else None,
    )


def validate_extension_field_key(field_key: str) -> str:
    """Return ``field_key`` if it is a lower-case word of letters, digits and ``_``.

    Raises:
        ValidationError: ``extension_invalid_field_key``.
    """
    if isinstance(field_key, str) and EXTENSION_FIELD_KEY_PATTERN.fullmatch(field_key):
        return field_key
    raise ValidationError(
        f"extension field key {short_repr(field_key)} must be a lower-case word of letters, "
        "digits and '_'; write it like learning_rate",
        code="extension_invalid_field_key",
        details={"field_key": field_key} if isinstance(field_key, str) else None,
    )


def _freeze_fields(fields: Any) -> FrozenMapping[str, Any]:
    if not isinstance(fields, Mapping):
        raise ValidationError(
            f"extension fields {short_repr(fields)} are {type(fields).__name__}; pass a dict",
            code="extension_invalid_fields",
        )
    if not fields:
        raise ValidationError(
            "extension fields are empty; leave the extension out instead",
            code="extension_empty_fields",
        )
    found: list[Problem] = []
    result = {}
    for key, value in fields.items():
        try:
            name = str.__str__(validate_extension_field_key(key))
        except ValidationError as exc:
            found.append(Problem(exc.code, "$", exc.message, exc.details or {}))
            continue
        result[name] = freeze(convert(value, "$" + step(name), found))
    if found:
        raise ProblemsFound(found)
    return FrozenMapping(sorted(result.items()))


def _freeze_names(names: Any) -> tuple[str, ...]:
    if isinstance(names, str | bytes | Mapping) or not isinstance(names, Iterable):
        raise ValidationError(
            f"readonly_fields {short_repr(names)} are {type(names).__name__}; "
            "pass a list of field names",
            code="extension_invalid_readonly_fields",
        )
    return tuple(sorted({validate_extension_field_key(name) for name in names}))


class ExtensionFieldSet(ContractModel):
    """The fields of one namespace, some of them read-only for everybody but the owner."""

    namespace: Annotated[
        str,
        FunctionRule(
            validate_extension_namespace,
            lambda: cs.str_schema(
                pattern=rf"^{EXTENSION_NAMESPACE_PATTERN.pattern}$",
                max_length=MAX_EXTENSION_NAMESPACE_LENGTH,
            ),
        ),
    ]
    """Dotted name of the owner and the topic, like ``acme.training``."""
    fields: Annotated[
        Mapping[str, Any],
        FunctionRule(
            _freeze_fields, lambda: cs.dict_schema(cs.str_schema(), cs.any_schema(), min_length=1)
        ),
    ]
    """At least one field; values are JSON data."""
    readonly_fields: Annotated[
        tuple[str, ...],
        FunctionRule(_freeze_names, lambda: cs.list_schema(cs.str_schema())),
    ] = ()
    """Names among ``fields`` that :meth:`merge_fields` leaves alone; sorted, distinct."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        fields, readonly = values.get("fields"), values.get("readonly_fields")
        if not readonly or fields is None:
            return
        unknown = [name for name in readonly if name not in fields]
        if unknown:
            found.append(
                Problem(
                    "extension_invalid_readonly_fields",
                    "$.readonly_fields",
                    f"read-only names {', '.join(unknown)} are no fields of this extension; "
                    "name fields that exist",
                    {"unknown_fields": unknown},
                )
            )

    def get(self, key: str, default: Any = None) -> Any:
        """Return one field as plain JSON data, or ``default``."""
        return thaw(self.fields[key]) if key in self.fields else default

    def with_additional_readonly_fields(self, names: Iterable[str]) -> ExtensionFieldSet:
        """Return a copy in which ``names`` are read-only too."""
        return ExtensionFieldSet(
            namespace=self.namespace,
            fields=self.fields,
            readonly_fields=(*self.readonly_fields, *names),
        )

    def merge_fields(
        self,
        updates: Mapping[str, Any],
        *,
        allow_readonly: bool = False,
        additional_readonly_fields: Iterable[str] = (),
    ) -> ExtensionFieldSet:
        """Return a copy with ``updates`` applied.

        Raises:
            ConflictError: ``extension_readonly_conflict``, unless ``allow_readonly``.
        """
        if not isinstance(updates, Mapping):
            raise ValidationError(
                f"extension updates {short_repr(updates)} are {type(updates).__name__}; "
                "pass a dict",
                code="extension_invalid_fields",
            )
        extra = tuple(additional_readonly_fields)
        self._refuse_readonly(updates, (*self.readonly_fields, *extra), allow_readonly)
        return ExtensionFieldSet(
            namespace=self.namespace,
            fields={**self.fields, **updates},
            readonly_fields=(*self.readonly_fields, *extra),
        )

    def without_fields(
        self, names: Iterable[str], *, allow_readonly: bool = False
    ) -> ExtensionFieldSet:
        """Return a copy without ``names``; names that are no field are ignored.

        Raises:
            ConflictError: ``extension_readonly_conflict``, unless ``allow_readonly``.
            ValidationError: ``extension_empty_fields`` when nothing would be left.
        """
        gone = {names} if isinstance(names, str) else set(names)
        self._refuse_readonly(gone, self.readonly_fields, allow_readonly)
        return ExtensionFieldSet(
            namespace=self.namespace,
            fields={key: value for key, value in self.fields.items() if key not in gone},
            readonly_fields=tuple(name for name in self.readonly_fields if name not in gone),
        )

    def _refuse_readonly(
        self, touched: Iterable[str], readonly: Iterable[str], allowed: bool
    ) -> None:
        conflict = sorted(set(touched) & set(readonly) & set(self.fields))
        if conflict and not allowed:
            raise ConflictError(
                f"fields {', '.join(conflict)} of extension {self.namespace!r} are read-only; "
                "leave them out, or pass allow_readonly=True as their owner",
                code="extension_readonly_conflict",
                details={"namespace": self.namespace, "fields": conflict},
            )


def none_as_empty(value: Any) -> Any:
    """Read ``None`` as no extensions."""
    return () if value is None else value


def sort_extensions(extensions: tuple[ExtensionFieldSet, ...]) -> tuple[ExtensionFieldSet, ...]:
    """Return extensions sorted by namespace.

    Raises:
        ProblemsFound: a namespace appears twice.
    """
    if not extensions:
        return ()
    ordered = tuple(sorted(extensions, key=lambda extension: extension.namespace))
    twice = sorted({a.namespace for a, b in pairwise(ordered) if a.namespace == b.namespace})
    if twice:
        raise ProblemsFound(
            [
                Problem(
                    "extension_duplicate_namespace",
                    "$",
                    f"extension namespace {namespace!r} appears twice; merge the two",
                    {"namespace": namespace},
                )
                for namespace in twice
            ]
        )
    return ordered


NoneAsEmpty = BeforeValidator(none_as_empty)
