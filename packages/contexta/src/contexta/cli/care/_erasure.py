"""The plan of an erasure: what goes from each plane, and what is in the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from contexta.cli._draw import size
from contexta.cli._text import printable
from contexta.cli._ways_out import in_commands
from contexta.cli._words import counted
from contexta.contract.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from contexta.client import Contexta

_AT_ONCE = 500
_EVER = timedelta(days=100_000)
# What the ledger says of the other planes; here they are in the same plan.
# What the ledger leaves alone is the business of the other planes here.
_UNTOUCHED = "Not touched: "
_ELSEWHERE = f"{_UNTOUCHED}records and artifacts of"


@dataclass(frozen=True)
class Erasure:
    """What would go."""

    records: Any
    artifacts: tuple[Any, ...]
    ledger: Any
    """None when the ledger has nothing of it any more."""

    @property
    def blockers(self) -> tuple[str, ...]:
        """Why it cannot be done now, with the way out."""
        return (
            *(one.message for one in self.records.blockers),
            *(one.line for one in (() if self.ledger is None else self.ledger.blockers)),
        )

    @property
    def artifact_refs(self) -> tuple[str, ...]:
        """The artifacts that go."""
        return tuple(item.artifact_ref for plan in self.artifacts for item in plan.remove)

    @property
    def refs(self) -> frozenset[str]:
        """The artifacts and rows of the ledger that go."""
        rows = () if self.ledger is None else (ref for ref, _ in self.ledger.rows)
        return frozenset((*self.artifact_refs, *rows))

    def lines(self) -> Iterator[str]:
        """Yield the plan for people."""
        yield from (in_commands("erase_blocked", line) for line in self.records.lines())
        refs = self.artifact_refs
        freed = sum(plan.freed_bytes for plan in self.artifacts)
        go = counted(len(refs), "artifact goes", "artifacts go")
        yield f"{go}; {size(freed)} of files that no other has"
        yield from (f"  - {ref}" for ref in refs)
        if self.ledger is not None:
            gone = {f"{_UNTOUCHED}{ref}" for ref in refs}
            yield from (
                line
                for line in self.ledger.lines
                if not line.startswith(_ELSEWHERE) and line not in gone
            )

    def require_possible(self) -> None:
        """Refuse a plan with something in the way, before anything goes.

        Raises:
            ConflictError: `erase_blocked`.
        """
        if self.blockers:
            raise ConflictError(
                f"nothing was erased: {'; '.join(self.blockers)}",
                code="erase_blocked",
                details={"blockers": list(self.blockers)},
            )

    def require_same(self, seen: "Erasure") -> None:
        """Refuse when more would go than was shown.

        Raises:
            ConflictError: `erase_plan_stale`.
        """
        more = self.records.rows > seen.records.rows
        if more or not self.refs <= seen.refs:
            raise ConflictError(
                "nothing was erased: more would go by now than the plan listed; look again",
                code="erase_plan_stale",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON data."""
        return {
            "records": {
                "rows": self.records.rows,
                "parts": [one.path for one in self.records.parts],
                "mentions": dict(self.records.mentions),
            },
            "artifacts": list(self.artifact_refs),
            "ledger": {
                "rows": [] if self.ledger is None else [ref for ref, _ in self.ledger.rows],
                "counts": {} if self.ledger is None else dict(self.ledger.counts),
            },
            "blockers": list(self.blockers),
            "notes": list(self.records.notes),
        }


def plan_erasure(
    ctx: "Contexta",
    runs: Sequence[str],
    samples: Sequence[str] = (),
    *,
    include_mentions: bool = False,
    erase: bool = True,
) -> Erasure:
    """Ask each plane what would go; reads only.

    A run that the ledger has deleted already may have left something elsewhere, which goes.

    Args:
        ctx: the workspace.
        runs: full refs.
        samples: full refs.
        include_mentions: also records of others that name one of them.
        erase: whether no byte may be left; otherwise the ledger does not rewrite its files, and
            bodies that were just placed wait for the next collection.

    Raises:
        NotFoundError: `erase_nothing_found`: no plane has anything of them.
    """
    records = ctx.record_store.plan_erasure(
        run_refs=runs, sample_refs=samples, include_mentions=include_mentions
    )
    artifacts = (
        tuple(ctx.artifact_store.plan_erasure(run) for run in runs)
        if erase
        else (_artifacts_of(ctx, frozenset(runs)),)
    )
    known = [ref for ref in (*runs, *samples) if ctx.metadata_store.revision_of(ref) is not None]
    going = [item.artifact_ref for plan in artifacts for item in plan.remove]
    # A relation of an artifact names the run in its ref, and would point to nothing.
    roots = [*known, *dict.fromkeys(str(one.relation_ref) for one in _relations(ctx, going))]
    if not (roots or going or records.rows):
        raise NotFoundError(
            f"there is nothing of {', '.join((*runs, *samples))} in this workspace",
            code="erase_nothing_found",
            details={"refs": [*runs, *samples]},
        )
    ledger = ctx.metadata_store.plan_deletion(
        roots, recursive=True, erase=erase, writer_alive=ctx.record_store.writer_alive
    ) if roots else None  # fmt: skip
    return Erasure(records, artifacts, ledger)


def _relations(ctx: "Contexta", refs: Sequence[str]) -> Iterator[Any]:
    for start in range(0, len(refs), _AT_ONCE):
        some = refs[start : start + _AT_ONCE]
        yield from ctx.metadata_store.relations.list_relations_for_refs(some)


def _artifacts_of(ctx: "Contexta", runs: frozenset[str]) -> Any:
    """Plan the removal of the artifacts of runs, all of them with one look at the store."""
    from contexta.store.artifacts import RemovalPolicy

    named = [
        one.artifact_ref
        for one in ctx.artifact_store.list_bindings()
        if str(one.manifest_snapshot.run_ref) in runs
    ]
    # The policy alone lets nothing go; the names do.
    return ctx.artifact_store.plan_removal(RemovalPolicy(older_than=_EVER), named_refs=named)


def apply_erasure(
    ctx: "Contexta", plan: Erasure, *, anonymous: bool, reason: str | None, bar: Any
) -> dict[str, Any]:
    """Take away what a plan names, the ledger last, so that it says what is left until the end.

    Killed at any point, planning and applying again does the rest.
    """
    bar.describe("records")
    records = ctx.record_store.apply_erasure(plan.records, anonymous=anonymous)
    bar.advance()
    bar.describe("artifacts")
    artifacts = [
        ctx.artifact_store.apply_removal_plan(one, dry_run=False) for one in plan.artifacts
    ]
    if any(not plan_of.erase for plan_of in plan.artifacts):
        ctx.artifact_store.collect_garbage(dry_run=False)
    bar.advance()
    bar.describe("ledger")
    ledger = None
    if plan.ledger is not None:
        ledger = ctx.metadata_store.apply_deletion(plan.ledger, reason=reason)
    bar.advance()
    return {
        "records": {
            "rows": records.rows,
            "parts_rewritten": records.parts_rewritten,
            "parts_dropped": records.parts_dropped,
            "removed_files": list(records.removed_files),
            "skipped": [one.message for one in records.skipped],
            "notes": list(records.notes),
        },
        "artifacts": {
            "removed_refs": [ref for one in artifacts for ref in one.removed_refs],
            "skipped": [list(pair) for one in artifacts for pair in one.skipped],
            "kept_bodies": [list(pair) for one in artifacts for pair in one.kept_bodies],
        },
        "ledger": {
            "deleted": [] if ledger is None else list(ledger.deleted),
            "bytes_removed": None if ledger is None else ledger.bytes_removed,
        },
    }


def erased_lines(result: dict[str, Any], verb: str) -> Iterator[str]:
    """Yield for people what `apply_erasure` did."""
    records, artifacts, ledger = result["records"], result["artifacts"], result["ledger"]
    yield (
        f"{verb} {counted(records['rows'], 'record')}, "
        f"{counted(len(artifacts['removed_refs']), 'artifact')}, "
        f"{counted(len(ledger['deleted']), 'row')} of the ledger"
    )
    for text in records["skipped"]:
        yield f"Left: {printable(text)}"
    for ref, why in artifacts["skipped"]:
        yield f"Left: {printable(ref)}: {printable(why)}"
    for digest, ref in artifacts["kept_bodies"]:
        yield f"The bytes {printable(digest)[:12]} stay: {printable(ref)} has them, too"
    if ledger["bytes_removed"] is False:
        yield "A reader kept the ledger from being rewritten; finish it: contexta erased --sweep"
