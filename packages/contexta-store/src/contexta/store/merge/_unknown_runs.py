"""Runs that have records and are in no ledger of the source: lost with it, or never there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.merge._identity import with_suffix
from contexta.store.merge._record_rows import one_chunk

if TYPE_CHECKING:
    from collections.abc import Collection

    from contexta.store.merge._ledger import MergeLedger
    from contexta.store.merge._record_source import RecordSource
    from contexta.store.merge._renames import Renames
    from contexta.store.merge._report import Account
    from contexta.store.metadata import MetadataStore
    from contexta.store.records._layout import Layout


def place_unknown_runs(
    records: RecordSource,
    known: Collection[str],
    left_out: Collection[str],
    metadata: MetadataStore,
    target: Layout,
    ledgers: tuple[MergeLedger, MergeLedger],
    renames: Renames,
    account: Account,
    ids: tuple[str, str],
) -> dict[str, str]:
    """Give runs without a ledger row a ref in the target; return the identities to note.

    All that is known of such a run is the workspace that it is in and its ref. It keeps the ref
    when nothing in the target has it, or when it came from there. `ids` are of the workspaces.
    """
    noted: dict[str, str] = {}
    unknown = sorted(run for run in _runs_of(records) - set(known) if run not in left_out)
    taken = _run_refs(target) if unknown else set()
    came, ledger = ledgers[0].identities, ledgers[1]
    own = ledger.identities
    for ref in unknown:
        key = came.get(ref, f"{ref}|?|{ids[0]}")
        origin, _, home = key.partition("|?|")
        place = origin if home == ids[1] else ledger.refs.get(key, ref)
        is_known = home == ids[1] or key in ledger.refs
        if not is_known and (ref in taken or metadata.runs.exists_run(ref)):
            suffix = 2
            place = with_suffix(ref, suffix)
            used = {*taken, *own, *noted.values(), *unknown, *known}
            while place in used or metadata.runs.exists_run(place):
                suffix += 1
                place = with_suffix(ref, suffix)
        noted[key] = place
        if place != ref:
            renames.add(ref, place)
            account.renames[ref] = place
    return noted


def _runs_of(records: RecordSource) -> set[str]:
    runs: set[str] = set()
    for unit in records.units:
        if unit.part is not None and unit.part.runs is not None:
            runs.update(unit.part.runs)
            continue
        for table in records.survey(unit):
            runs.update(one_chunk(table["run_ref"]).unique().to_pylist())
    return runs


def _run_refs(target: Layout) -> set[str]:
    from contexta.store.records import RecordStore, RecordStoreConfig

    if not target.root.is_dir() or not target.is_store():
        return set()
    with RecordStore(RecordStoreConfig(target.root, read_only=True)) as store:
        return set(store.run_refs())
