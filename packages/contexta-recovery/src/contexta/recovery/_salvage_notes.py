"""Write a degraded record for each loss into each run that it belongs to.

So interpretation says beside its numbers that something is missing, and `ctx` shows what.
"""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from contexta.contract.time import iso_utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from contexta.recovery._models_salvage import LostItem
    from contexta.store.records import RecordStore

PRODUCER = "contexta.recovery"
_KEYS = {
    "metadata": "recovery.ledger_lost",
    "records": "recovery.records_lost",
    "artifacts": "recovery.artifact_lost",
}
_AT_ONCE = 1000


def write_notes(
    records: RecordStore,
    items: Iterable[LostItem],
    manifests: Mapping[str, Any],
    source: str,
    warnings: list[str],
) -> int:
    """Append a degraded record for each loss and run, and return their number.

    Args:
        records: The mended store; its records are synced when this returns.
        items: The losses.
        manifests: Manifests of lost artifacts, by ref; they are kept in the records.
        source: What was salvaged, as text.
        warnings: Receives a line for each record that the store refuses.

    Raises:
        AppendError: The disk refused.
    """
    wanted = _records(items, manifests, source)
    count = 0
    while batch := list(islice(wanted, _AT_ONCE)):
        result = records.append_many(batch)
        count += result.accepted_count
        warnings += [f"A loss could not be recorded: {one.message}" for one in result.rejected]
    return count


def _records(items: Iterable[LostItem], manifests: Mapping[str, Any], source: str) -> Iterator[Any]:
    from contexta.contract import DegradedPayload, DegradedRecord, RecordEnvelope

    now = iso_utc_now()
    for item in items:
        name = hashlib.sha256(f"{source}|{item.plane}|{item.place}".encode()).hexdigest()[:24]
        attributes: dict[str, Any] = {
            "place": item.place,
            "reason": item.reason,
            "certain": item.certain,
            "count": item.count,
            "source": source,
        }
        if item.place in manifests:
            attributes["manifest"] = manifests[item.place]
        hedge = "" if item.certain else " It may concern this run."
        payload = DegradedPayload(
            issue_key=_KEYS.get(item.plane, "recovery.lost"),
            category="recovery",
            severity="error",
            summary=f"{item.message}{hedge}",
            subject_ref=item.place if item.place.startswith("artifact:") else None,
            origin_marker="inferred",
            attributes=attributes,
        )
        for run_ref in item.run_refs:
            envelope = RecordEnvelope(
                record_ref=f"record:{run_ref.partition(':')[2]}.salvage-{name}",
                record_type="degraded",
                recorded_at=now,
                observed_at=now,
                producer_ref=PRODUCER,
                run_ref=run_ref,
                completeness_marker="partial",
                degradation_marker="partial_failure",
            )
            yield DegradedRecord(envelope=envelope, payload=payload)
