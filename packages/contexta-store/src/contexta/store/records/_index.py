"""The derived index: what many questions need to know of the parts, without opening them.

`_index.sqlite` is derived from the parts alone and may be deleted at any time. It cannot lie and
cannot hide: each piece proves itself when it is read, and one that does not counts as not
indexed, so that the answer comes from the Parquet and the index is mended. A store that is only
read changes nothing on disk; what the file lacks is then derived in memory.

Who seals or replaces parts hands them over (`note_published`), so that readers find the index
up to date. Otherwise readers bring it up to date, with bounded work where a question is bounded.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import pyarrow as pa

from contexta.contract.errors import ContextaError, StoreAccessError
from contexta.store.records._index_file import IndexUnavailableError
from contexta.store.records._index_segments import DamagedSegmentError
from contexta.store.records._index_update import AT_SEAL, INDEX_NAME, RecordIndex
from contexta.store.records._layout import Layout
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._part_read import PartReader

__all__ = ["INDEX_NAME", "forget_parts", "note_published"]

_LOGGER = logging.getLogger("contexta.store.records")
_TRIES = 4


def note_published(
    layout: Layout, published: Sequence[tuple[PartEntry, pa.Table]], *, enabled: bool = True
) -> None:
    """Take parts that were just published into the index, with their rows at hand.

    To be called after their line is in the log. It never fails: what cannot be indexed now is
    indexed by a reader.
    """
    if not enabled or not published:
        return
    index = RecordIndex(layout, PartReader(layout), read_only=False)
    tables = {part.path: table for part, table in published}
    try:
        for _ in range(_TRIES):
            cover = index.advance(index.state(), AT_SEAL, tables)
            if cover is None or not any(part.path in tables for part in cover.rest):
                return
    except (
        IndexUnavailableError,
        DamagedSegmentError,
        ContextaError,
        OSError,
        pa.ArrowException,
    ) as error:
        _LOGGER.debug("The index is left to the readers: %s", error)
    finally:
        index.close()


def forget_parts(layout: Layout, paths: Iterable[str]) -> None:
    """Remove everything that the index keeps of parts, so that no byte of it is left in the file.

    To be called after the parts are no longer current, for example when records were erased.
    Whatever prevents it, the whole index is removed instead and derived anew by the next reader.

    Raises:
        StoreAccessError: When the file can be neither changed nor removed.
    """
    gone = list(paths)
    index = RecordIndex(layout, PartReader(layout), read_only=False)
    path = layout.root / INDEX_NAME
    try:
        for attempt in range(_TRIES) if path.exists() else ():
            try:
                index.forget(gone)
                break
            except IndexUnavailableError:
                if attempt == _TRIES - 1:
                    raise
    except (IndexUnavailableError, DamagedSegmentError, OSError) as error:
        _LOGGER.debug("The index is removed: %s", error)
        index.rebuild()
        if path.exists():
            raise StoreAccessError(
                f"{str(path)!r} still holds figures of erased records and cannot be removed. "
                "Remove it; it is derived anew.",
                code="record_index_not_removed",
                details={"path": str(path)},
            ) from error
    finally:
        index.close()
