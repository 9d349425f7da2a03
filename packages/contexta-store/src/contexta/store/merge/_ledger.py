"""What a workspace has taken from others: one checksummed line per step of a merge.

The file is `records/_merged.jsonl`, so that it is backed up with the records that it is about.
Lines of these kinds:

* `refs`: of entities that were taken, the identity of each and its ref here;
* `restore`: runs that were deleted here and come back, until the merge is done;
* `batch`: records are about to be published under new numbers, with the numbers that their
  writers gave them. The batch counts when `taken` follows, or when one of its numbers is found
  in the store: it is published whole or not at all;
* `taken`: the batch is in the store;
* `done`: a merge is complete.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import IntegrityError
from contexta.store._ranges import joined
from contexta.store.merge._numbers import Piece
from contexta.store.records._audit import confirmed_lines
from contexta.store.records._log_write import append_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contexta.store.records._layout import Layout

LEDGER_FILE_NAME = "_merged.jsonl"
LEDGER_FORMAT_VERSION = 1


class Taken(NamedTuple):
    """Records of one writer: the numbers that it gave, and where they begin here."""

    writer_id: str
    first: int
    last: int
    own_first: int


class Batch(NamedTuple):
    """Records that are published together.

    `gaps` and `erased` are records that the source had lost or erased: numbers of its writers,
    likewise. A gap has a text, and the runs that it may concern, or None.
    """

    batch_id: str
    source_id: str
    first: int
    last: int
    rows: tuple[Taken, ...]
    gaps: tuple[tuple[Taken, str, tuple[str, ...] | None], ...]
    erased: tuple[Taken, ...]

    def to_entry(self) -> dict[str, Any]:
        """Return the JSON document of its line."""
        return {
            "kind": "batch",
            "id": self.batch_id,
            "source": self.source_id,
            "first": self.first,
            "last": self.last,
            "rows": [list(item) for item in self.rows],
            "gaps": [
                [list(item), text, None if runs is None else list(runs)]
                for item, text, runs in self.gaps
            ],
            "erased": [list(item) for item in self.erased],
        }

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Batch:
        """Read the JSON document of a line."""
        return cls(
            str(entry["id"]),
            str(entry["source"]),
            int(entry["first"]),
            int(entry["last"]),
            tuple(Taken(*item) for item in entry["rows"]),
            tuple(
                (Taken(*item), str(text), None if runs is None else tuple(runs))
                for item, text, runs in entry["gaps"]
            ),
            tuple(Taken(*item) for item in entry["erased"]),
        )


class MergeLedger:
    """The ledger of one workspace, in memory.

    Args:
        layout: The record store that it belongs to.
        tolerant: Whether damaged lines are passed over, as in a source.

    Attributes:
        damaged: Errors of lines that were passed over.
        refs: Ref here by the identity of what was taken.
        restored: Runs that are coming back.
        batches: Those that count.
        pending: Those of which it is not known whether they were published.
    """

    def __init__(self, layout: Layout, *, tolerant: bool = False) -> None:
        self._layout = layout
        self._tolerant = tolerant
        self.damaged: list[IntegrityError] = []
        self.path: Path = layout.root / LEDGER_FILE_NAME
        self.refs: dict[str, str] = {}
        self.restored: set[str] = set()
        self.batches: dict[str, Batch] = {}
        self.pending: dict[str, Batch] = {}
        self._ranges: dict[str, list[tuple[int, int]]] | None = None
        self._read()

    @property
    def identities(self) -> dict[str, str]:
        """Identity of what was taken, by its ref here."""
        return {ref: key for key, ref in self.refs.items()}

    def ranges_of(self, writer_id: str) -> list[tuple[int, int]]:
        """Return the numbers of a writer that were taken, or are known to be erased."""
        if self._ranges is None:
            found: dict[str, list[tuple[int, int]]] = {}
            for batch in self.batches.values():
                for item in (*batch.rows, *batch.erased):
                    found.setdefault(item.writer_id, []).append((item.first, item.last))
            self._ranges = {writer: joined(ranges) for writer, ranges in found.items()}
        return self._ranges.get(writer_id, [])

    def gap_ranges_of(self, writer_id: str) -> list[tuple[int, int]]:
        """Return the numbers of a writer that are known here to be missing."""
        return joined(
            (item.first, item.last)
            for batch in self.batches.values()
            for item, _, _ in batch.gaps
            if item.writer_id == writer_id
        )

    def origins(self) -> dict[str, list[Piece]]:
        """Return, by writer, how numbers of this store become those that the writer gave."""
        found: dict[str, list[Piece]] = {}
        for batch in self.batches.values():
            items = (*batch.rows, *batch.erased, *(item for item, _, _ in batch.gaps))
            for item in items:
                shift = item.first - item.own_first
                end = item.own_first + item.last - item.first
                found.setdefault(item.writer_id, []).append(Piece(item.own_first, end, shift))
        return {writer: sorted(pieces) for writer, pieces in found.items()}

    def note_refs(self, refs: Mapping[str, str]) -> None:
        """Write down identities that are taken."""
        fresh = {key: ref for key, ref in refs.items() if self.refs.get(key) != ref}
        if fresh:
            self._append({"kind": "refs", "refs": fresh})

    def note_restored(self, runs: Sequence[str]) -> None:
        """Write down runs that come back."""
        if runs:
            self._append({"kind": "restore", "runs": sorted(runs)})

    def note_batch(self, batch: Batch) -> None:
        """Write down what is about to be published."""
        self._append(batch.to_entry())

    def note_taken(self, batch: Batch) -> None:
        """Write down that a batch is published."""
        self._append({"kind": "taken", "id": batch.batch_id})

    def count(self, batch: Batch) -> None:
        """Let a pending batch count, in memory only."""
        self.batches[batch.batch_id] = self.pending.pop(batch.batch_id)
        self._ranges = None

    def note_done(self, entry: Mapping[str, Any]) -> None:
        """Write down that a merge is complete."""
        self._append({"kind": "done", **entry})

    def _append(self, entry: dict[str, Any]) -> None:
        append_line(self._layout, {"version": LEDGER_FORMAT_VERSION, **entry}, self.path)
        self._take(entry)

    def _read(self) -> None:
        code = "merge_ledger_format_unsupported"
        for number, entry in confirmed_lines(self.path, LEDGER_FORMAT_VERSION, code=code):
            if entry is None:
                self._refuse(number)
                continue
            try:
                self._take(entry)
            except (KeyError, TypeError, ValueError):
                self._refuse(number)

    def _take(self, entry: Mapping[str, Any]) -> None:
        kind = entry["kind"]
        if kind == "refs":
            self.refs.update(entry["refs"])
        elif kind == "restore":
            self.restored.update(entry["runs"])
        elif kind == "batch":
            batch = Batch.from_entry(entry)
            self.pending[batch.batch_id] = batch
        elif kind == "taken":
            self.count(self.pending[entry["id"]])
        elif kind == "done":
            self.restored.clear()
        else:
            raise ValueError(f"{kind!r} is not a kind of line")

    def _refuse(self, number: int) -> None:
        error = IntegrityError(
            f"Line {number} of {str(self.path)!r} is damaged, so nobody can tell what was merged "
            "before. Restore the file from a backup; nothing was changed.",
            code="merge_ledger_damaged",
            details={"path": str(self.path), "line": number},
        )
        if not self._tolerant:
            raise error
        self.damaged.append(error)
