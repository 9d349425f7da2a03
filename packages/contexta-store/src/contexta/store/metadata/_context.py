"""What the repositories of one open store share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contexta.store.metadata._damage import DamageLog
    from contexta.store.metadata._database import Database


@dataclass(slots=True)
class StoreContext:
    """The database, where damaged rows are reported, and who is named in the history."""

    database: Database
    damage: DamageLog
    actor: str
