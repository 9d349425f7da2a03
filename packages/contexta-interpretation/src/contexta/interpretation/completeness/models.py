"""The counts that stand beside a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from contexta.interpretation._base import Result


@dataclass(frozen=True, slots=True)
class Completeness(Result):
    """How much is known to be missing or doubtful in what an answer rests on.

    ``runs`` and ``records`` say how much was looked at, every other count how much of it is not
    as it should be:

    - ``missing``: values that were asked for and are not there (one per run and metric key), and
      records that say that what they stand for is absent.
    - ``late``: records whose ``recorded_at`` is more than an hour after their ``observed_at``;
      beside a curve also its points that came after a point with a higher step.
    - ``clipped``: records of which only a part or a sample was kept.
    - ``nonfinite``: metric values that are NaN or infinite; no mean or extreme counts them.
    - ``degraded``: records with a degradation marker; degraded records are among them.
    - ``imported``: records that an import or a replay brought; a merge keeps them as they were.
    - ``lost``: records that were taken or offered and are gone: gaps of the sequence, and losses
      that capture reported.
    - ``dead_writers``: runs whose process died.
    - ``damaged_parts``: files that cannot be read, or not as a whole, and may concern these runs.
    - ``missing_bodies``: artifacts without their bodies.
    - ``open_runs``: runs that are not over, so that the number may still change.

    ``notes`` say in words what counts cannot, sorted.
    """

    runs: int = 0
    records: int = 0
    missing: int = 0
    late: int = 0
    clipped: int = 0
    nonfinite: int = 0
    degraded: int = 0
    imported: int = 0
    lost: int = 0
    dead_writers: int = 0
    damaged_parts: int = 0
    missing_bodies: int = 0
    open_runs: int = 0
    notes: tuple[str, ...] = ()

    _sequences = ("notes",)
    _counts: ClassVar[tuple[str, ...]] = (
        "missing",
        "late",
        "clipped",
        "nonfinite",
        "degraded",
        "imported",
        "lost",
        "dead_writers",
        "damaged_parts",
        "missing_bodies",
        "open_runs",
    )

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing or doubtful."""
        return not any(getattr(self, name) for name in self._counts)

    @property
    def problems(self) -> dict[str, int]:
        """The counts that are not zero, by name, in the order of the fields."""
        return {name: value for name in self._counts if (value := getattr(self, name))}

    def __add__(self, other: Completeness) -> Completeness:
        """Return the counts of two disjoint sets of runs together."""
        if not isinstance(other, Completeness):
            return NotImplemented
        names = ("runs", "records", *self._counts)
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Completeness(**sums, notes=tuple(sorted({*self.notes, *other.notes})))
