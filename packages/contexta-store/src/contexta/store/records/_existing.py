"""Which record references a store has already, for appends that skip what is there."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import RecordError
from contexta.store.fs import FileLock, fsync_dir, fsync_file
from contexta.store.records._errors import AppendError
from contexta.store.records._layout import Layout
from contexta.store.records._live import LiveView
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._reads import touches, units_of
from contexta.store.records._refs import derive_record_ref
from contexta.store.records._rows_filter import RowFilter
from contexta.store.records._snapshot import StoreReader

_DIGEST_BYTES = 16
_KEPT_ROWS = 4_000_000
_DERIVED = re.compile(r"record:[a-z0-9-]+\.[a-z0-9-]+\.[a-z]+-([0-9a-f]{12})")
_COLUMNS = ("sequence", "run_ref", "record_ref")


class Wanted(NamedTuple):
    """A reference that is looked for, with what it belongs to."""

    record_ref: str
    record_type: str
    run_ref: str


class Found(NamedTuple):
    """References that the store has, and the log files that some of them are in so far."""

    refs: frozenset[str]
    live_paths: frozenset[str]


class ExistingRefs:
    """Looks references up in sealed parts and live segments.

    What a part holds is read once, as 16-byte digests of given references and as the numbers of
    records whose reference is derived; parts never change.
    """

    def __init__(self, layout: Layout, reader: StoreReader) -> None:
        self._layout = layout
        self.reader = reader
        self._parts: OrderedDict[str, _PartRefs] = OrderedDict()

    def lock(self) -> FileLock:
        """Return the lock that keeps two appends from both missing the same reference.

        It only concerns appends that skip; others neither take nor await it.
        """
        return FileLock(self._layout.root / "_existing.lock")

    def find(self, wanted: Iterable[Wanted]) -> Found:
        """Return those references that exist.

        Raises:
            AppendError: `record_store_existing_unreadable` when damage may hide one of them.
        """
        by_type: dict[str, list[Wanted]] = {}
        for item in wanted:
            by_type.setdefault(item.record_type, []).append(item)
        snapshot = self.reader.snapshot()
        refs: set[str] = set()
        paths: set[str] = set()
        for record_type, items in by_type.items():
            runs = frozenset(item.run_ref for item in items)
            rows = RowFilter(record_types=(record_type,), words=(("run_ref", runs),))
            blocking = [d for d in snapshot.damage if d.blocks and touches(d, rows)]
            if blocking:
                raise _unreadable(blocking[0].gap.message)
            missing = {item.record_ref: item for item in items}
            for unit in units_of(snapshot, rows):
                if unit.live is not None:
                    found = _in_live(unit.live, record_type, missing)
                    if found:
                        paths.add(unit.live.path)
                elif unit.part is not None:
                    found = self._refs_of(unit.part).among(missing)
                refs |= found
                for ref in found:
                    del missing[ref]
        return Found(frozenset(refs), frozenset(paths))

    def make_durable(self, found: Found) -> None:
        """Bring records that were found in log files to disk, so that a skip is as good as one.

        Raises:
            AppendError: `record_store_sync_failed`.
        """
        try:
            for name in found.live_paths:
                path = self._layout.root / name
                if path.exists():  # else it is sealed by now, and parts are on disk
                    fsync_file(path)
                    for folder in (path.parent, self._layout.wal, self._layout.root):
                        fsync_dir(folder)
        except OSError as error:
            raise AppendError(
                f"Records that were skipped could not be synced to disk: {error}. They may be "
                "lost in a power cut.",
                code="record_store_sync_failed",
                cause=error,
            ) from error

    def _refs_of(self, part: PartEntry) -> _PartRefs:
        known = self._parts.get(part.path)
        if known is None:
            try:
                tables = list(self.reader.parts.groups(part, _COLUMNS))
            except RecordError as error:
                raise _unreadable(error.message, error) from error
            known = _PartRefs(part.record_type, tables)
            self._parts[part.path] = known
            while len(self._parts) > 1 and sum(p.rows for p in self._parts.values()) > _KEPT_ROWS:
                self._parts.popitem(last=False)
        self._parts.move_to_end(part.path)
        return known


class _PartRefs:
    """The references in one part."""

    def __init__(self, record_type: str, tables: list[pa.Table]) -> None:
        self._record_type = record_type
        self.rows = sum(table.num_rows for table in tables)
        digests: list[bytes] = []
        derived: list[pa.Table] = []
        for table in tables:
            is_null = pc.is_null(table["record_ref"])
            given = table["record_ref"].filter(pc.invert(is_null)).to_pylist()
            digests.extend(_digest(text) for text in given)
            derived.append(table.select(["sequence", "run_ref"]).filter(is_null))
        self._digests = b"".join(sorted(digests))
        self._derived = pa.concat_tables(derived).unify_dictionaries() if derived else None

    def among(self, wanted: Mapping[str, Wanted]) -> set[str]:
        """Return those of the references that the part holds."""
        found = {ref for ref in wanted if self._has_given(ref)}
        if self._derived is None:
            return found
        return found | _with_derived(self._derived, self._record_type, wanted)

    def _has_given(self, ref: str) -> bool:
        blob, digest = self._digests, _digest(ref)
        low, high = 0, len(blob) // _DIGEST_BYTES
        while low < high:
            middle = (low + high) // 2
            at = middle * _DIGEST_BYTES
            if blob[at : at + _DIGEST_BYTES] < digest:
                low = middle + 1
            else:
                high = middle
        return blob[low * _DIGEST_BYTES : (low + 1) * _DIGEST_BYTES] == digest


def _digest(ref: str) -> bytes:
    return hashlib.blake2b(ref.encode("utf-8"), digest_size=_DIGEST_BYTES).digest()


def _in_live(live: LiveView, record_type: str, wanted: Mapping[str, Wanted]) -> set[str]:
    found: set[str] = set()
    texts = pa.array(list(wanted), pa.string())
    for (kind, _), table in live.tables.items():
        if kind == record_type and len(texts):
            given = table["record_ref"]
            hits = given.filter(pc.is_in(given, value_set=texts))
            found.update(hits.to_pylist())
            derived = table.select(["sequence", "run_ref"]).filter(pc.is_null(given))
            found |= _with_derived(derived, record_type, wanted)
    return found


def _with_derived(table: pa.Table, record_type: str, wanted: Mapping[str, Wanted]) -> set[str]:
    """Return references that follow from the number of a record in a table without own ones."""
    matches = (_DERIVED.fullmatch(ref) for ref in wanted)
    numbers = [int(match.group(1), 16) for match in matches if match is not None]
    if not numbers or not table.num_rows:
        return set()
    hits = table.filter(pc.is_in(table["sequence"], value_set=pa.array(numbers, pa.int64())))
    rows = zip(hits["run_ref"].to_pylist(), hits["sequence"].to_pylist(), strict=True)
    return {derive_record_ref(run, record_type, number) for run, number in rows} & wanted.keys()


def _unreadable(reason: str, cause: RecordError | None = None) -> AppendError:
    return AppendError(
        f"Nothing was appended: damage may hide records that exist already. {reason} Restore or "
        "repair it first, or append without skip_existing.",
        code="record_store_existing_unreadable",
        cause=cause,
    )
