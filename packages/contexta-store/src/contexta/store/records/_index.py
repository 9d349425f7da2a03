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
from collections.abc import Iterable, Mapping

import pyarrow as pa

from contexta.contract.errors import ContextaError, StoreAccessError
from contexta.store.records._index_file import IndexUnavailableError
from contexta.store.records._index_look import IndexedReader
from contexta.store.records._index_segments import DamagedSegmentError
from contexta.store.records._index_update import (
    AT_SEAL,
    INDEX_NAME,
    UNBOUNDED,
    RecordIndex,
)
from contexta.store.records._layout import Layout
from contexta.store.records._part_read import PartReader
from contexta.store.records._snapshot import StoreReader

__all__ = ["INDEX_NAME", "forget_parts", "note_published", "rebuild_index"]

_LOGGER = logging.getLogger("contexta.store.records")
_TRIES = 4


def note_published(
    layout: Layout, tables: Mapping[str, pa.Table] | None = None, *, thorough: bool = False
) -> None:
    """Take what was published since the last time into the index.

    To be called after the line is in the log. It never fails, and takes bounded time unless
    asked to be thorough: what is not indexed now is indexed by a reader.

    Args:
        layout: The store.
        tables: Rows of parts by path, where they are at hand; other parts are read.
        thorough: Whether to index everything, and to merge what has gathered.
    """
    reader = StoreReader(layout)
    index = RecordIndex(layout, reader.parts, read_only=False)
    try:
        for _ in range(_TRIES):
            state = index.state()
            cover = index.advance(state, UNBOUNDED if thorough else AT_SEAL, tables)
            if cover is None:  # for example, the log was condensed: once a whole look is needed
                question = IndexedReader(layout, reader, index)
                question.answer(lambda look: None, bounded=not thorough)
            if cover is None or cover.state.raw != state.raw or not cover.rest:
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
        reader.clear()


def rebuild_index(layout: Layout) -> str | None:
    """Remove the index and derive it from the parts; killed at any point, a reader goes on.

    Parts that cannot be read are left out.

    Returns:
        Why the file could not be removed or written, for example on a read-only medium; None
        when it was.
    """
    path = layout.root / INDEX_NAME
    reader = StoreReader(layout)
    index = RecordIndex(layout, reader.parts, read_only=False)
    try:
        index.rebuild()
        path.unlink(missing_ok=True)  # says why, where it is still there
        IndexedReader(layout, reader, index).answer(lambda look: None, bounded=False)
    except OSError as error:
        return f"{str(path)!r} cannot be removed: {error.strerror}."
    else:
        if index.failure is None:
            return None
        return f"{str(path)!r} cannot be written: {index.failure}."
    finally:
        index.close()
        reader.clear()


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
