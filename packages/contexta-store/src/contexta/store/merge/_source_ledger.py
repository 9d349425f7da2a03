"""Open the metadata of the source, also when its files are of different moments.

A copy that was taken file by file while a checkpoint ran has a log that does not belong to its
database. Read together they are rubbish; the database alone is whole, as the last checkpoint
before it was copied left it.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError, IntegrityError
from contexta.store.fs import translated_os_errors
from contexta.store.merge._places import note_or_raise
from contexta.store.merge._report import MergeDamage
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.metadata._sqlite import file_problems, wal_path

if TYPE_CHECKING:
    from contextlib import ExitStack

    from contexta.store.merge._report import Account


def open_source_ledger(
    config: MetadataStoreConfig, account: Account, stack: ExitStack
) -> MetadataStore | None:
    """Return the ledger read-only, as whole as can be had; None when nothing of it can be read.

    Raises:
        SchemaVersionError: A newer release wrote it.
    """
    config = config.model_copy(update={"read_only": True})
    try:
        return _whole(config, stack)
    except ContextaError as error:
        note_or_raise(account, "metadata", error)
    alone = _without_log(config, stack)
    for candidate, attempt in ((alone, _whole), (config, _any)):
        try:
            if candidate is None:
                continue
            store = attempt(candidate, stack)
        except ContextaError:
            continue  # the error of the whole was noted
        if candidate is alone:
            text = (
                f"The log beside {str(config.database_path)!r} does not belong to it: the files "
                "are of different moments. What the log held comes with the next copy."
            )
            account.damage.append(MergeDamage("metadata", "metadata_log_left_out", text))
        return store
    return None


def _whole(config: MetadataStoreConfig, stack: ExitStack) -> MetadataStore:
    store = _any(config, stack)
    database = store._context.database  # noqa: SLF001 (of the same distribution)
    with database.read() as connection:
        problems = file_problems(connection)
    if problems:
        raise IntegrityError(
            f"{database.place!r} is damaged: {problems[0]}, and {len(problems) - 1} more.",
            code="metadata_store_damaged",
            details={"database_path": database.place, "problems": list(problems)},
        )
    return store


def _any(config: MetadataStoreConfig, stack: ExitStack) -> MetadataStore:
    return stack.enter_context(MetadataStore(config))


def _without_log(config: MetadataStoreConfig, stack: ExitStack) -> MetadataStoreConfig | None:
    path = config.database_path
    if not isinstance(path, Path) or not wal_path(path).exists():
        return None
    folder = tempfile.TemporaryDirectory(prefix="contexta-merge-")
    alone = Path(stack.enter_context(folder)) / path.name
    with translated_os_errors("copy", path):
        shutil.copyfile(path, alone)
    return config.model_copy(update={"database_path": alone})
