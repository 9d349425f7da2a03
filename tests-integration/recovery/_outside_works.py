"""A workspace whose parts lie on several disks, as work that is killed or meets a failing disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace as Section
from typing import Any

from _backup_works import PLANES, Restore
from _rich_workspace import contents, fill, issues

QUEUE = "failed_deliveries.jsonl"


class RestoreOutside(Restore):
    """Records and outbox lie on another disk: the root and the records are exchanged in turn.

    Killed between the two, the target is mixed until the next call. The queue is joined: what
    waits in the backup and what waits now.
    """

    def config(self, folder: Path) -> Section:
        config = super().config(folder)
        config.records.root_path = self.records(folder)
        config.recovery.outbox_root = self.outbox(folder)
        return config

    def records(self, folder: Path) -> Path:
        return folder / "disk" / "records"

    def outbox(self, folder: Path) -> Path:
        return folder / "disk" / "outbox"

    def prepare(self, folder: Path) -> None:
        (folder / "disk").mkdir()
        self._fill(folder, ("one",))
        self.form.back_up(self.config(folder), label="first")
        self._fill(folder, ("two", "three"))
        self.form.back_up(self.config(folder), label="second")
        (self.outbox(folder) / QUEUE).unlink()
        self._fill(folder, ("four",))

    def _fill(self, folder: Path, names: tuple[str, ...]) -> None:
        root = self.root(folder)
        places = {
            root / "records": self.records(folder),
            root / "recovery" / "outbox": self.outbox(folder),
        }
        for inside, outside in places.items():
            if outside.exists():
                inside.parent.mkdir(parents=True, exist_ok=True)
                outside.rename(inside)
        fill(root, names)
        for inside, outside in places.items():
            inside.rename(outside)

    def waiting(self, folder: Path) -> set[str]:
        return set((self.outbox(folder) / QUEUE).read_text().splitlines())

    def found(self, folder: Path) -> dict[str, Any] | None:
        found = contents(self.root(folder), records_root=self.records(folder))
        return {name: found[name] for name in PLANES}

    def problems(self, folder: Path, base: Path) -> Iterator[str]:
        before, wanted, after = self.contents_of(base), self.wanted(base), self.found(folder)
        assert before is not None
        assert after is not None
        yield from (
            f"{name} are neither old nor new: {len(after[name])}"
            for name in PLANES
            if after[name] not in (before[name], wanted[name])
        )
        if lost := self.waiting(base) - self.waiting(folder):
            yield f"{len(lost)} waiting deliveries are lost"
        yield from self.wrong_backups(folder, base)

    def is_done(self, folder: Path, base: Path) -> bool:
        restored = {f"{QUEUE}-{name}" for name in ("one", "two", "three", "four")}
        is_joined = all(any(ref in line for line in self.waiting(folder)) for ref in restored)
        return is_joined and super().is_done(folder, base)

    def issues(self, folder: Path) -> list[str]:
        return issues(self.root(folder), records_root=self.records(folder))

    def leftovers(self, folder: Path) -> Iterator[str]:
        yield from super().leftovers(folder)
        for place in (folder / "disk", self.outbox(folder)):
            for path in place.iterdir():
                if path.name.startswith(".") or path.suffix == ".tmp":
                    yield f"{path} was left behind"
