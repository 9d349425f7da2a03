"""Copies on another disk, as work that is killed or meets a failing disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from _backup_works import Work
from _rich_workspace import tree

import contexta.recovery as recovery


class Push(Work):
    """A backup is sent to another disk."""

    def work(self, folder: Path) -> None:
        recovery.push_backup(self.config(folder), self.ref(folder, "second"), self.url(folder))

    def there(self, folder: Path) -> Path:
        return folder / "there"

    def url(self, folder: Path) -> str:
        return f"file://{self.there(folder)}"

    def sent(self, folder: Path) -> set[str]:
        """The complete backups there."""
        if not self.there(folder).exists():
            return set()
        listed = recovery.list_remote_backups(self.url(folder))
        return {one.backup_ref for one in listed if one.complete}

    def problems(self, folder: Path, base: Path) -> Iterator[str]:
        yield from super().problems(folder, base)
        for ref in self.sent(folder):
            found = recovery.verify_remote_backup(self.url(folder), ref)
            if not found.ok:
                yield f"the copy of {ref} is not whole: {found.problems}"

    def is_done(self, folder: Path, base: Path) -> bool:
        return self.sent(folder) == {self.ref(base, "second")}

    def again(self, folder: Path, base: Path) -> Iterator[str]:
        yield from super().again(folder, base)
        ref = self.ref(base, "second")
        names = {path.name for path in self.there(folder).iterdir()}
        if not self.is_done(folder, base) or names != {f"{ref}.tar", f"{ref}.json"}:
            yield f"the second call left {names} there"


class Pull(Push):
    """A backup that only another disk has comes back among the others."""

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        super().work(folder)
        shutil.rmtree(self.backups(folder) / self.ref(folder, "second"))

    def work(self, folder: Path) -> None:
        (ref,) = self.sent(folder)
        recovery.pull_backup(self.config(folder), self.url(folder), ref)

    def problems(self, folder: Path, base: Path) -> Iterator[str]:
        yield from Work.problems(self, folder, base)
        if tree(self.there(folder)) != tree(self.there(base)):
            yield "what is there was changed"

    def is_done(self, folder: Path, base: Path) -> bool:
        return self.refs(folder) == self.refs(base) | self.sent(base)

    def again(self, folder: Path, base: Path) -> Iterator[str]:
        yield from Work.again(self, folder, base)
        if not self.is_done(folder, base):
            yield f"{self.refs(folder)} are here after the second call"
