"""From what pydantic says to what Contexta says: every problem, with path, rule and way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import TypeAdapter
from pydantic import ValidationError as PydanticError

from contexta.contract._model._building import build_lock
from contexta.contract._problems import Problem, ProblemsFound, path_of, step
from contexta.contract.errors._contract import ArgumentError, ValidationError
from contexta.contract.errors._general import DuplicateNamespaceError
from contexta.contract.errors._jsonsafe import short_repr

if TYPE_CHECKING:
    from contexta.contract._model._base import ContractModel

MISSING_FIELD: Final = "missing_field"
UNKNOWN_FIELD: Final = "unknown_field"

# Codes of fields whose type is wrong as a whole, where pydantic only says "model_type".
_CODES_BY_FIELD: Final = {
    "correlation_refs": "record_invalid_correlation_refs",
    "envelope": "record_invalid_envelope",
    "payload": "record_invalid_payload",
    "extensions": "context_invalid_extensions",
    "evidence_refs": "record_invalid_ref",
    "linked_refs": "record_invalid_ref",
    "readonly_fields": "extension_invalid_readonly_fields",
    "target_models": "extension_registry_invalid_target_models",
}
# Where 1.0 named the value in the details after its field, scripts find it there.
_NAMED_VALUES: Final = {
    "artifact_invalid_size_bytes": "size_bytes",
    "context_invalid_order_index": "order_index",
    "context_invalid_status": "status",
    "extension_registry_invalid_owner": "owner_slug",
    "extension_registry_invalid_ownership": "ownership_class",
    "extension_registry_invalid_status": "status",
}
_SHOWN_PATHS = 5


def error_of(problems: Sequence[Problem], *, call: bool = False) -> ValidationError:
    """Return the error that reports all of ``problems``; its code is that of the first.

    ``call`` says that a constructor was called, so missing and unknown names are also
    ``TypeError``, as they are for any Python call.
    """
    first = problems[0]
    message = _shown(first)
    if len(problems) > 1:
        others = ", ".join(problem.path for problem in problems[1 : 1 + _SHOWN_PATHS])
        message += f" (and {len(problems) - 1} more: {others}; see error.issues)"
    details = {**first.details, "issues": [_issue(problem) for problem in problems]}
    kind: type[ValidationError] = ValidationError
    if first.code == "extension_duplicate_namespace":
        kind = DuplicateNamespaceError
    elif call and any(p.code in {MISSING_FIELD, UNKNOWN_FIELD} for p in problems):
        kind = ArgumentError
    return kind(message, code=first.code, details=details)


def problems_of(cls: type[ContractModel], data: Any, exc: PydanticError) -> list[Problem]:
    """Return every problem of ``data`` as a ``cls``, field problems in field order first."""
    errors = exc.errors(include_url=False)
    found = [problem for error in errors for problem in _translate(cls, error)]
    if isinstance(data, Mapping):
        found += _cross_problems(cls, data, [tuple(error["loc"]) for error in errors])
    return found


def unknown_names(cls: type[ContractModel], names: Iterable[str]) -> list[Problem]:
    """Return one problem for each name that is no field of ``cls``."""
    known = ", ".join(cls.model_fields)
    return [
        Problem(
            UNKNOWN_FIELD,
            path_of((name,)),
            f"{cls.__name__} has no field {short_repr(name)}; its fields are {known}",
            {"model": cls.__name__, "unknown_fields": [name]},
        )
        for name in names
        if name not in cls.model_fields
    ]


def _shown(problem: Problem) -> str:
    where = problem.path.removeprefix("$").removeprefix(".")
    return f"{where}: {problem.message}" if where else problem.message


def _issue(problem: Problem) -> dict[str, Any]:
    return {**problem.to_dict(), "message": _shown(problem)}


def _translate(cls: type[ContractModel], error: Any) -> list[Problem]:
    prefix = path_of(error["loc"])
    context = error.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, ProblemsFound):
        found = [problem.under(prefix) for problem in cause.problems]
    elif isinstance(cause, ValidationError):
        found = [Problem(cause.code, prefix, cause.message, cause.details or {})]
    elif "rule" in context:
        found = [_ruled(error, prefix, context)]
    else:
        found = [_native(cls, error, prefix)]
    return [_with_field(problem, error) for problem in found]


def _ruled(error: Any, path: str, context: Mapping[str, Any]) -> Problem:
    value = error["input"]
    code = error["type"]
    allowed = context.get("allowed")
    if not allowed and (not isinstance(value, str) or not value.strip()) and _is_text_rule(code):
        code = "context_invalid_string"
    details: dict[str, Any] = {"value": value if isinstance(value, str) else short_repr(value)}
    if allowed:
        details["allowed"] = allowed.split("|")
    if code in _NAMED_VALUES:
        details[_NAMED_VALUES[code]] = value
    if not isinstance(value, str):
        details["type"] = type(value).__name__
    reason = "is blank and" if isinstance(value, str) and not value.strip() else ""
    message = f"{short_repr(value)} {reason} must be {context['rule']}; {context['hint']}"
    return Problem(code, path, " ".join(message.split()), details)


def _is_text_rule(code: str) -> bool:
    return code not in {
        "context_invalid_order_index",
        "artifact_invalid_size_bytes",
        "context_invalid_status",
        "record_invalid_marker",
    }


def _native(cls: type[ContractModel], error: Any, path: str) -> Problem:
    location = error["loc"]
    name = next((part for part in reversed(location) if isinstance(part, str)), None)
    if error["type"] == "missing":
        message = "is required and missing; pass it"
        return Problem(MISSING_FIELD, path, message, {"model": cls.__name__})
    code = _CODES_BY_FIELD.get(name or "", "context_invalid_type")
    value = error["input"]
    message = f"{short_repr(value)} does not fit: {error['msg'][0].lower()}{error['msg'][1:]}"
    return Problem(code, path, message, {"type": type(value).__name__})


def _with_field(problem: Problem, error: Any) -> Problem:
    location = error["loc"]
    if not location or problem.details.get("field_name"):
        return problem
    name = next((part for part in reversed(location) if isinstance(part, str)), None)
    details = {**problem.details, "field_name": name}
    if str(details.get("path", "")).startswith("$"):
        details["path"] = f"{name}{details['path'][1:]}"
    if isinstance(error["input"], str):
        details.setdefault("value", error["input"])
    return problem._replace(details=details)


def _cross_problems(
    cls: type[ContractModel], data: Mapping[str, Any], locations: list[tuple[Any, ...]]
) -> list[Problem]:
    """Check the rules between fields as far as the good fields allow.

    Pydantic does not reach them when any field is bad, and nobody wants to fix a model one
    problem at a time.
    """
    bad = {location[0] for location in locations if location}
    if not bad:
        return []
    found: list[Problem] = []
    cls._settle(_good_values(cls, data, bad), found)
    for name in (name for name in cls.model_fields if name in bad):
        inner, value = _model_of(cls, name), data.get(name)
        if inner is not None and isinstance(value, Mapping):
            below = [location[1:] for location in locations if location[:1] == (name,)]
            nested = _cross_problems(inner, value, below)
            found += [problem.under("$" + step(name)) for problem in nested]
    return found


def _good_values(
    cls: type[ContractModel], data: Mapping[str, Any], bad: set[Any]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, field in cls.model_fields.items():
        if name in bad:
            continue
        if name in data:
            values[name] = _adapter(cls, name).validate_python(data[name])
        elif not field.is_required():
            values[name] = field.get_default(call_default_factory=True)
    return values


@lru_cache(maxsize=512)
def _adapter(cls: type[ContractModel], name: str) -> TypeAdapter[Any]:
    field = cls.model_fields[name]
    kind: Any = field.annotation
    for rule in field.metadata:
        kind = Annotated[kind, rule]
    with build_lock():
        return TypeAdapter(kind)


def _model_of(cls: type[ContractModel], name: str) -> type[ContractModel] | None:
    from contexta.contract._model._base import ContractModel

    annotation = cls.model_fields[name].annotation
    if isinstance(annotation, type) and issubclass(annotation, ContractModel):
        return annotation
    return None
