"""How payloads of older schema versions become payloads of this one.

A step is registered for a model and the version that it starts from. Payloads of unknown, and
of newer, versions pass untouched: readers are tolerant, and what they do not know they keep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION
from contexta.contract.errors._general import CompatibilityError, ConflictError

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

_MAX_STEPS: Final = 100
_STEPS: dict[tuple[str, str], tuple[str, Upgrade]] = {}


def register_upgrade(model: str, *, from_version: str, to_version: str, upgrade: Upgrade) -> None:
    """Register one step for payloads of ``model`` (class name, such as ``Run``).

    ``upgrade`` gets a fresh dict of the payload and returns the changed one; its
    ``schema_version`` is set afterwards.

    Raises:
        ConflictError: a step from that version exists already.
    """
    key = (model, from_version)
    if key in _STEPS:
        raise ConflictError(
            f"an upgrade of {model} from {from_version} to {_STEPS[key][0]} exists already; "
            "register each step once",
            code="upgrade_conflict",
            details={"model": model, "from_version": from_version},
        )
    _STEPS[key] = (to_version, upgrade)


def unregister_upgrade(model: str, *, from_version: str) -> None:
    """Forget one step; unknown ones are ignored."""
    _STEPS.pop((model, from_version), None)


def upgrade_payload(model: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``payload`` brought forward as far as registered steps lead.

    Raises:
        CompatibilityError: the registered steps go round in a circle.
    """
    current = dict(payload)
    for _ in range(_MAX_STEPS):
        version = current.get("schema_version", DEFAULT_CONTRACT_SCHEMA_VERSION)
        step = _STEPS.get((model, version)) if isinstance(version, str) else None
        if step is None:
            return current
        to_version, upgrade = step
        current = {**upgrade(current), "schema_version": to_version}
    raise CompatibilityError(
        f"the upgrades of {model} never end; some step leads back to an earlier version",
        code="upgrade_cycle",
        details={"model": model},
    )
