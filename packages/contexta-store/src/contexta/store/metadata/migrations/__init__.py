"""How a ledger of an older schema becomes one of this release.

`STEP_REGISTRY` names the steps by their versions, `STEP_IMPLEMENTATIONS` their code: a callable
that takes an SQLAlchemy connection inside a write transaction and may use nothing else. The
runner adds the new version and a row of history to the same transaction, so a step is applied
whole or not at all. The steps of this package are Alembic revisions in `versions`; Alembic is
imported when one of them runs, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.metadata._migration_models import MigrationStep
from contexta.store.metadata.migrations._alembic import upgrade_to_0001

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

__all__ = ["STEP_IMPLEMENTATIONS", "STEP_REGISTRY"]

STEP_REGISTRY: dict[tuple[str, str], MigrationStep] = {
    ("0", "1"): MigrationStep(
        "0", "1", "Tombstones, archives, citations, origins, digests, repairs", "0001"
    ),
}

STEP_IMPLEMENTATIONS: dict[str, Callable[[Connection], None]] = {"0001": upgrade_to_0001}
