"""Refs as arguments: `StableRef` or text in, checked text out."""

from __future__ import annotations

from contexta.contract.refs import StableRef, validate_stable_ref_kind


def parse_ref(ref: StableRef | str) -> StableRef:
    """Return a ref given as an object or as text.

    Raises:
        ValidationError: `stable_ref_invalid_text`.
    """
    return ref if isinstance(ref, StableRef) else StableRef.parse(ref)


def ref_text(ref: StableRef | str) -> str:
    """Return the text of a ref, checked.

    Raises:
        ValidationError: `stable_ref_invalid_text`.
    """
    return parse_ref(ref).text


def filter_text(ref: StableRef | str, kind: str, field_name: str) -> str:
    """Return the text of a ref that must be of one kind.

    Raises:
        ValidationError: Also a `ValueError`: `stable_ref_kind_mismatch` when it is of another.
    """
    return validate_stable_ref_kind(parse_ref(ref), kind, field_name=field_name).text
