"""The list of losses that a salvage gathers on its way, one for each place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from contexta.recovery._models_salvage import LostItem

_PLANES = ("backup", "workspace", "metadata", "records", "artifacts")


@dataclass(slots=True)
class Losses:
    """What is lost, what was mended (`notes`), and what a person should know (`warnings`)."""

    found: dict[tuple[str, str], LostItem] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, item: LostItem) -> None:
        """Note a loss; of two at one place, the later one says more."""
        old = self.found.get((item.plane, item.place))
        if old is not None:
            item = replace(
                item,
                run_refs=tuple(sorted({*old.run_refs, *item.run_refs})),
                count=item.count if item.count is not None else old.count,
            )
        self.found[item.plane, item.place] = item

    def mended(self, plane: str, place: str, note: str) -> None:
        """Take a loss back that turned out to be none."""
        self.forget(plane, place)
        self.note(f"{note}:{place}")

    def forget(self, plane: str, place: str) -> None:
        """Take a loss back, if it was noted."""
        self.found.pop((plane, place), None)

    def note(self, token: str) -> None:
        """Say what was done."""
        if token not in self.notes:
            self.notes.append(token)

    def at(self, plane: str, place: str) -> LostItem | None:
        """Return the loss at a place."""
        return self.found.get((plane, place))

    def of_plane(self, plane: str) -> list[LostItem]:
        """Return the losses of one plane."""
        return [item for item in self.found.values() if item.plane == plane]

    def items(self) -> tuple[LostItem, ...]:
        """Return all losses, by plane and place."""
        return tuple(sorted(self.found.values(), key=_order))


def _order(item: LostItem) -> tuple[int, str, str]:
    known = item.plane in _PLANES
    return (_PLANES.index(item.plane) if known else len(_PLANES), item.plane, item.place)
