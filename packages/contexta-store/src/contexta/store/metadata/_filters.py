"""Filters of lists, as conditions in SQL. Values are always bound, names come from fixed maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select

from contexta.contract.entities import RUN_STAGE_STATUSES
from contexta.contract.errors import ValidationError
from contexta.contract.refs import StableRef
from contexta.contract.time import to_epoch_us
from contexta.store.metadata._arguments import several
from contexta.store.metadata._refs import filter_text
from contexta.store.metadata._tables import archived

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import Column, ColumnElement

    Condition = Callable[[Any], ColumnElement[bool]]


def conditions_of(
    known: Mapping[str, Condition], filters: Mapping[str, Any]
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the filters that are set; None means not set.

    Raises:
        ValidationError: `metadata_unknown_filter`, or for a value that does not fit.
    """
    unknown = sorted(set(filters) - set(known))
    if unknown:
        raise ValidationError(
            f"There is no filter {', '.join(unknown)} here; there are {', '.join(sorted(known))}.",
            code="metadata_unknown_filter",
            details={"filters": unknown, "allowed": sorted(known)},
        )
    return tuple(
        condition
        for name, value in filters.items()
        if value is not None and (condition := known[name](value)) is not None
    )


def is_ref(column: Column[Any], kind: str, field: str) -> Condition:
    """Match one ref of a kind."""
    return lambda value: column == filter_text(value, kind, field)


def is_ref_among(column: Column[Any], kind: str, field: str) -> Condition:
    """Match several refs of a kind."""
    return lambda value: column.in_(
        sorted({filter_text(ref, kind, field) for ref in several(field, value)})
    )


def within(kind: str, field: str, owner: Column[Any], column: ColumnElement[Any]) -> Condition:
    """Match what belongs to a ref whose text tells its owner, so that an index by owner helps."""

    def build(value: Any) -> ColumnElement[bool]:
        text = filter_text(value, kind, field)
        return and_(owner_condition(owner, text), column == text)

    return build


def owner_condition(owner: Column[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that the run of a row is the one that a stage or batch ref tells."""
    return owner == run_of(text)


def run_of(text: str) -> str:
    """Return the run that the ref of a stage, batch or sample lies in."""
    return "run:" + ".".join(text.partition(":")[2].split(".")[:2])


def is_text(column: Column[Any], field: str) -> Condition:
    """Match one text exactly."""
    return lambda value: column == _text(field, value)


def has_prefix(column: Column[Any], field: str) -> Condition:
    """Match the beginning of a text, case included, as a range that an index serves."""

    def build(value: Any) -> ColumnElement[bool]:
        prefix = _text(field, value)
        last = prefix.rstrip("\U0010ffff")
        if not last:
            return column >= prefix
        code = ord(last[-1]) + 1
        if 0xD800 <= code <= 0xDFFF:  # surrogates are no text
            code = 0xE000
        return and_(column >= prefix, column < last[:-1] + chr(code))

    return build


def is_one_of(column: Column[Any], field: str, allowed: Iterable[str]) -> Condition:
    """Match one of some texts out of a closed set; a text outside of it is an error."""
    choices = tuple(allowed)

    def build(value: Any) -> ColumnElement[bool]:
        wanted = (value,) if isinstance(value, str) else several(field, value)
        strange = [item for item in wanted if item not in choices]
        if strange:
            raise ValidationError(
                f"{strange[0]!r} is no {field}; it is one of {', '.join(choices)}.",
                code=f"metadata_unknown_{field}",
                details={field: [str(item) for item in strange], "allowed": list(choices)},
            )
        return column == wanted[0] if len(wanted) == 1 else column.in_(wanted)

    return build


def has_status(column: Column[Any]) -> Condition:
    """Match one status or several."""
    return is_one_of(column, "status", RUN_STAGE_STATUSES)


def at_or_after(column: Column[Any]) -> Condition:
    """Match instants from one on."""
    return lambda value: column >= to_epoch_us(value)


def before(column: Column[Any]) -> Condition:
    """Match instants before one."""
    return lambda value: column < to_epoch_us(value)


def not_archived(ref: Column[Any]) -> Condition:
    """Leave out what is archived, when told not to include it."""

    def build(value: Any) -> Any:
        if flag("include_archived", value):
            return None
        return ~select(archived.c.ref).where(archived.c.ref == ref).exists()

    return build


def flag(field: str, value: object) -> bool:
    """Return a bool, or raise `ValidationError` `metadata_invalid_filter`."""
    if isinstance(value, bool):
        return value
    raise invalid_filter(field, value, "True or False")


def invalid_filter(field: str, value: object, rule: str) -> ValidationError:
    """Build the error of a filter whose value does not fit."""
    return ValidationError(
        f"{field} must be {rule}, not {value!r:.80}.",
        code="metadata_invalid_filter",
        details={"field_name": field, "value": repr(value)[:200]},
    )


def _text(field: str, value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise invalid_filter(field, value, "a text that is not empty")


def signature(filters: Mapping[str, Any]) -> str:
    """Return a text that is the same for the same filters only."""
    return ",".join(
        f"{name}={(value.text if isinstance(value, StableRef) else value)!r}"
        for name, value in sorted(filters.items())
        if value is not None
    )
