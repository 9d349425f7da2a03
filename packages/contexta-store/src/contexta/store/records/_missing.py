"""Records that the log of parts shows to be missing: inside segments and between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from contexta.store.records._parts_log import Missing, PartsLog, SealedSegment
from contexta.store.records._spans import Span

GAP = "sequence_gap"
_WHY = {
    "truncated_line": "were cut off at the end of their segment",
    "invalid_json_line": "were damaged",
}


def missing_in(log: PartsLog, live: Iterable[Span] = ()) -> list[Missing]:
    """Return what is missing inside the segments of `log.entries` and before and behind them.

    What lies between condensed segments is in `log.missing`.

    Args:
        log: The log of parts.
        live: Unsealed segments with records.
    """
    found: list[Missing] = []
    spans: dict[str, list[Span]] = {}
    for segment, entry in log.entries.items():
        found.extend(_inside(entry))
        spans.setdefault(segment.writer_id, []).append(
            Span(
                segment.writer_id,
                segment.number,
                segment.number,
                entry.first_sequence,
                entry.last_sequence,
                entry.reservation,
            )
        )
    for span in live:
        spans.setdefault(span.writer_id, []).append(span)
    for writer_id, own in spans.items():
        found.extend(_between([*log.spans.of_writer(writer_id)[-1:], *sorted(own)]))
    return found


def _inside(entry: SealedSegment) -> Iterator[Missing]:
    runs = _runs(entry)
    reasons = entry.reasons or (GAP,) * len(entry.holes)
    for (first, last), reason in zip(entry.holes, reasons, strict=True):
        why = _WHY.get(reason, "were unreadable")
        text = f"Records {first} to {last} {why} when their segment was sealed."
        yield Missing(first, last, text, _path(*entry.segment), reason, runs)


def _between(own: list[Span]) -> Iterator[Missing]:
    for before, after in pairwise(own):
        first, last = before.last_sequence + 1, after.first_sequence - 1
        if before.reservation == after.reservation and first <= last:
            text = f"Records {first} to {last} are in no file."
            path = _path(after.writer_id, after.first_number - 1)
            yield Missing(first, last, text, path, GAP, None)


def _path(writer_id: str, number: int) -> str:
    return f"_wal/{writer_id}/{number}.seg"


def _runs(entry: SealedSegment) -> tuple[str, ...] | None:
    runs: set[str] = set()
    for part in entry.parts:
        if part.runs is None:
            return None
        runs.update(part.runs)
    return tuple(sorted(runs))
