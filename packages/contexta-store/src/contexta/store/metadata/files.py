"""The file of a ledger, for what works on it where no store can be opened.

Salvage copies the rows that are what was written, each by its digest, and says how much of the
log of SQLite is lost. It needs what the store itself knows of its tables and of that log.
Everything else asks `MetadataStore`.

These names follow the schema of the file: they change with it, and not between releases that
share it. Importing this module imports SQLAlchemy.
"""

from __future__ import annotations

from contexta.store.metadata._entities import ENTITIES
from contexta.store.metadata._log_mark import lost_frames
from contexta.store.metadata._rows import row_digest
from contexta.store.metadata._tables import MARKED, metadata

__all__ = ["ENTITIES", "MARKED", "lost_frames", "metadata", "row_digest"]
