"""Run Alembic revisions on a connection that is inside of our transaction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FOLDER = Path(__file__).parent


def upgrade_to_0001(connection: Connection) -> None:
    """Bring a ledger without revisions to revision 0001."""
    _upgrade(connection, "0001")


def _upgrade(connection: Connection, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    settings = Config()
    # Alembic expands % in options; a folder may have one in its name.
    settings.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    settings.set_main_option("path_separator", "newline")
    settings.attributes["connection"] = connection
    command.upgrade(settings, revision)
