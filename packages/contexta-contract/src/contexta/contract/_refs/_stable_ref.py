"""The reference type and its grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr

MAX_STABLE_REF_TEXT_LENGTH: Final = 255
MAX_STABLE_REF_COMPONENT_LENGTH: Final = 63
STABLE_REF_KIND_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]*")
STABLE_REF_COMPONENT_PATTERN: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

CORE_STABLE_REF_COMPONENT_COUNTS: Final = MappingProxyType(
    {
        "project": 1,
        "run": 2,
        "deployment": 2,
        "stage": 3,
        "batch": 4,
        "sample": 4,
        "op": 4,
        "record": 3,
        "artifact": 3,
    }
)
CORE_STABLE_REF_KINDS: Final = frozenset(CORE_STABLE_REF_COMPONENT_COUNTS)

# A sample or an operation may hang below a batch, which adds one component.
_ALLOWED_COUNTS: Final = MappingProxyType(
    {
        kind: frozenset({count, count + 1} if kind in {"sample", "op"} else {count})
        for kind, count in CORE_STABLE_REF_COMPONENT_COUNTS.items()
    }
)

# The whole grammar at once; what it refuses is explained by the slow checks below.
_WELL_FORMED = re.compile(r"([a-z][a-z0-9_]*+):([a-z0-9]++(?:[.-][a-z0-9]++)*+)").fullmatch
_COMPONENT_HINT = "components are lower-case letters and digits joined by single hyphens"


@dataclass(frozen=True, slots=True)
class StableRef:
    """A typed, immutable name: ``kind:value``, where ``value`` is dot-separated components.

    Any kind is legal. The component count of core kinds is checked where a ref is used, by
    :func:`contexta.contract.refs.validate_core_stable_ref` and by the models.

    Raises:
        ValidationError: ``stable_ref_invalid_kind``, ``stable_ref_invalid_value`` or
            ``stable_ref_too_long``.
    """

    kind: str
    value: str

    def __post_init__(self) -> None:
        _check_kind(self.kind)
        _check_value(self.value)
        if len(self.kind) + 1 + len(self.value) > MAX_STABLE_REF_TEXT_LENGTH:
            raise ValidationError(
                f"ref {short_repr(self.kind + ':' + self.value)} is longer than "
                f"{MAX_STABLE_REF_TEXT_LENGTH} characters; shorten its components with slugify",
                code="stable_ref_too_long",
                details={
                    "kind": self.kind,
                    "value": self.value,
                    "max_length": MAX_STABLE_REF_TEXT_LENGTH,
                },
            )

    @classmethod
    def parse(cls, raw: str) -> StableRef:
        """Read ``kind:value``; nothing is trimmed.

        Raises:
            ValidationError: ``stable_ref_invalid_text`` or a code of the constructor.
        """
        if (
            isinstance(raw, str)
            and len(raw) <= MAX_STABLE_REF_TEXT_LENGTH
            and (match := _WELL_FORMED(raw)) is not None
            and (len(raw) <= MAX_STABLE_REF_COMPONENT_LENGTH or _components_short(match[2]))
        ):
            return _trusted_ref(*match.groups())
        if not isinstance(raw, str):
            raise ValidationError(
                f"ref {short_repr(raw)} is {type(raw).__name__}, not text; "
                "write it as <kind>:<value>",
                code="stable_ref_invalid_text",
            )
        if raw.count(":") != 1:
            raise ValidationError(
                f"ref {short_repr(raw)} must contain exactly one ':'; write it as <kind>:<value>, "
                "like run:my-project.my-run",
                code="stable_ref_invalid_text",
                details={"raw": raw},
            )
        kind, value = raw.split(":")
        return cls(kind, value)

    @property
    def text(self) -> str:
        """The whole ref, ``kind:value``."""
        return f"{self.kind}:{self.value}"

    @property
    def components(self) -> tuple[str, ...]:
        """The parts of the value between the dots, at least one."""
        return tuple(self.value.split("."))

    def to_dict(self) -> dict[str, str]:
        """Return ``{"kind": ..., "value": ...}``."""
        return {"kind": self.kind, "value": self.value}

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from contexta.contract._fields._refs import ref_schema

        return ref_schema(None)


_new = object.__new__
# The slots themselves: the class is frozen, and this is half the price of object.__setattr__.
_set_kind = StableRef.__dict__["kind"].__set__
_set_value = StableRef.__dict__["value"].__set__


def _components_short(value: str) -> bool:
    return max(map(len, value.split("."))) <= MAX_STABLE_REF_COMPONENT_LENGTH


def _trusted_ref(kind: str, value: str) -> StableRef:
    ref = _new(StableRef)
    _set_kind(ref, kind)
    _set_value(ref, value)
    return ref


def count_fits(ref: StableRef) -> bool:
    """Tell whether a core kind has its number of components; other kinds always fit."""
    allowed = _ALLOWED_COUNTS.get(ref.kind)
    return allowed is None or ref.value.count(".") + 1 in allowed


def count_problem(ref: StableRef) -> str:
    """Say what is wrong with the component count of ``ref``."""
    allowed = sorted(_ALLOWED_COUNTS[ref.kind])
    expected = " or ".join(str(count) for count in allowed)
    return (
        f"ref {short_repr(ref.text)} has {len(ref.components)} component(s) where kind "
        f"{ref.kind!r} expects {expected}; separate them with dots"
    )


def _check_kind(kind: object) -> None:
    if isinstance(kind, str) and STABLE_REF_KIND_PATTERN.fullmatch(kind):
        return
    if not isinstance(kind, str):
        reason = f"is {type(kind).__name__}, not text"
    elif not kind.strip():
        reason = "is blank"
    else:
        reason = "is not a lower-case word of letters, digits and '_'"
    raise ValidationError(
        f"ref kind {short_repr(kind)} {reason}; use a kind such as 'run' or 'artifact'",
        code="stable_ref_invalid_kind",
        details={"kind": kind} if isinstance(kind, str) else None,
    )


def _check_value(value: object) -> None:
    if not isinstance(value, str):
        raise ValidationError(
            f"ref value {short_repr(value)} is {type(value).__name__}, not text; "
            "give dot-separated components",
            code="stable_ref_invalid_value",
        )
    if not value.strip():
        raise _bad_value(value, "is blank")
    for component in value.split("."):
        if not component:
            raise _bad_value(value, "has an empty component", component)
        if len(component) > MAX_STABLE_REF_COMPONENT_LENGTH:
            limit = MAX_STABLE_REF_COMPONENT_LENGTH
            raise _bad_value(value, f"has a component longer than {limit} characters", component)
        if not STABLE_REF_COMPONENT_PATTERN.fullmatch(component):
            raise _bad_value(value, f"has the bad component {short_repr(component)}", component)


def _bad_value(value: str, reason: str, component: str | None = None) -> ValidationError:
    details = {"value": value}
    if component is not None:
        details["component"] = component
    return ValidationError(
        f"ref value {short_repr(value)} {reason}; {_COMPONENT_HINT} "
        "(contexta.contract.refs.slugify makes one from any text)",
        code="stable_ref_invalid_value",
        details=details,
    )
