"""Names of scopes: a ref component from any text, distinct names kept apart."""

from __future__ import annotations

from typing import Any

from contexta.capture._checks import storable
from contexta.contract.errors import LifecycleError
from contexta.contract.refs import StableRef, slugify


class NameTable:
    """Hand out ref components among the children of one parent.

    The first name owns its slug; another name with the same slug gets 6 hex
    digits of its own hash behind it (`lr-0-1`, then `lr-0-1-3f2a9c`). A name
    that comes again gets its component again once the former scope is closed;
    while that is open, `-2`, `-3`, ….
    """

    __slots__ = ("_open", "_owners")

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str], str] = {}
        self._open: set[tuple[str, str]] = set()

    def take(self, kind: str, name: str) -> str:
        """Return the component for a scope of `kind` called `name`, and hold it."""
        base = slugify(name)
        owner = self._owners.setdefault((kind, base), name)
        if owner != name:
            import hashlib

            digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
            base = f"{base[:56].rstrip('-')}-{digest}"
        component, number = base, 2
        while (kind, component) in self._open or self._foreign(kind, component, name):
            component = f"{base[:58].rstrip('-')}-{number}"
            number += 1
        self._owners.setdefault((kind, component), name)
        self._open.add((kind, component))
        return component

    def know(self, kind: str, component: str, name: str) -> None:
        """Note a component that an earlier process handed out."""
        self._owners.setdefault((kind, component), name)

    def release(self, kind: str, component: str) -> None:
        """Allow the component to be handed out again to its owner."""
        self._open.discard((kind, component))

    def _foreign(self, kind: str, component: str, name: str) -> bool:
        owner = self._owners.get((kind, component))
        return owner is not None and owner != name


def scope_name(field_name: str, value: object) -> str:
    """Return a scope's display name: `value` trimmed.

    Raises:
        LifecycleError: `runtime_invalid_value` for anything but non-blank text.
    """
    if not isinstance(value, str) or not value.strip():
        raise LifecycleError(
            f"{field_name} must be non-blank text, got {value!r}",
            code="runtime_invalid_value",
            details={"field_name": field_name, "type": type(value).__name__},
        )
    return storable(value.strip())


def check_explicit_ref(field_name: str, given: Any, kind: str, derived: str) -> None:
    """Refuse an explicit ref that is not the one derived from the scope's place.

    Raises:
        ValidationError: it is no ref, or of another kind.
        LifecycleError: `runtime_ref_mismatch`.
    """
    if given is None:
        return
    from contexta.contract.refs import validate_stable_ref_kind

    ref = given if isinstance(given, StableRef) else StableRef.parse(given)
    validate_stable_ref_kind(ref, kind, field_name=field_name)
    if ref.text != derived:
        raise LifecycleError(
            f"{field_name} is {ref.text}, but this place gives {derived}; leave it out",
            code="runtime_ref_mismatch",
            details={"field_name": field_name, "expected": derived, "actual": ref.text},
        )
