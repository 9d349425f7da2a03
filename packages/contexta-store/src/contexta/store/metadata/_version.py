"""Which schema version a ledger has, told from the marks inside it.

Two marks exist. `schema_metadata` holds the public version. `alembic_version` holds the revision
of the tables; ledgers of the first releases lack it, and are version "0" although their public
mark says "1".
"""

from __future__ import annotations

FIRST_VERSION = "0"
HEAD_REVISION = "0001"
_KNOWN_REVISIONS = frozenset({HEAD_REVISION})


def schema_version(public: str, revisions: tuple[str, ...] | None) -> str:
    """Return the version of a ledger.

    Args:
        public: What `schema_metadata` says.
        revisions: The rows of `alembic_version`; None when there is no such table.
    """
    if revisions is None:
        # Without revisions only the first layout is known by its public mark.
        return FIRST_VERSION if public == "1" else public
    unknown = sorted(set(revisions) - _KNOWN_REVISIONS)
    if public == "1" and (unknown or not revisions):
        return f"{public} (revision {', '.join(unknown) or 'lost'})"
    return public
