"""What is killed, or meets a failing disk, by name; and what must hold of what it leaves.

Each kind of work has four methods. `prepare` makes a folder once. `work` changes it, in a process
that may be killed. `problems` lists what is wrong with what is left. `again` is the second call,
and lists what is wrong with its outcome.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace as Section
from typing import Any

from _backup_forms import DIRECTORY, restore, verify
from _rich_workspace import contents, fill, issues, settings, tree

import contexta.recovery as recovery
from contexta.recovery import list_backups

PLANES = ("runs", "records", "artifacts")
WHICH = ("first", "second")


def planes_of(root: Path) -> dict[str, bytes | None]:
    """Return the files of a workspace, without the folder in which restores are prepared."""
    return {
        path: raw for path, raw in tree(root).items() if not path.startswith("recovery/staging")
    }


class Work(ABC):
    """Backups of two states beside a workspace of a third one."""

    form = DIRECTORY
    safety = True
    inside = False

    def config(self, folder: Path) -> Section:
        config = settings(
            self.root(folder),
            backup_root=self.backups(folder),
            create_backup_before_restore=self.safety,
        )
        return self.form.configure(config, folder)

    def root(self, folder: Path) -> Path:
        return folder / "home" / ".contexta"

    def backups(self, folder: Path) -> Path:
        return self.root(folder) / "recovery" / "backups" if self.inside else folder / "backups"

    def prepare(self, folder: Path) -> None:
        config = self.config(folder)
        fill(self.root(folder), ("one",))
        self.form.back_up(config, label="first")
        fill(self.root(folder), ("two", "three"))
        self.form.back_up(config, label="second")
        fill(self.root(folder), ("four",))

    @abstractmethod
    def work(self, folder: Path) -> None:
        """Do what is disturbed."""

    def problems(self, folder: Path, base: Path) -> Iterator[str]:
        """What must hold of every work: the source is as it was, every backup is whole."""
        if planes_of(self.root(folder)) != planes_of(self.root(base)):
            yield "the workspace was changed"
        yield from self.wrong_backups(folder, base)

    def wrong_backups(self, folder: Path, base: Path) -> Iterator[str]:
        config = self.config(folder)
        listed = {one.backup_ref for one in list_backups(config)}
        for ref in self.must_stay(base) - listed:
            yield f"backup {ref} is gone"
        for ref in sorted(listed):
            found = verify(config, ref)
            if found.status != "SUCCESS":
                yield f"backup {ref} is {found.status}: {found.warnings[:2]}"

    def must_stay(self, base: Path) -> set[str]:
        return self.refs(base)

    def refs(self, folder: Path) -> set[str]:
        return {one.backup_ref for one in list_backups(self.config(folder))}

    def ref(self, folder: Path, label: str) -> str:
        (found,) = [ref for ref in self.refs(folder) if ref.startswith(label)]
        return found

    def again(self, folder: Path, base: Path) -> Iterator[str]:
        self.work(folder)
        yield from self.problems(folder, base)
        yield from self.leftovers(folder)

    def is_done(self, folder: Path, base: Path) -> bool:
        """Whether the outcome of the work is there."""
        return True

    def leftovers(self, folder: Path) -> Iterator[str]:
        for place in (folder, self.backups(folder), self.root(folder).parent):
            for path in place.iterdir():
                if path.name.startswith((".", "_")) and path != self.root(folder):
                    yield f"{path} was left behind"


@functools.cache
def contents_once(root: Path) -> dict[str, Any]:
    """Return the contents of a workspace that nobody changes any more."""
    return contents(root)


class BackUp(Work):
    """A backup is written."""

    def work(self, folder: Path) -> None:
        self.form.back_up(self.config(folder), label="third")

    def is_done(self, folder: Path, base: Path) -> bool:
        return len(self.refs(folder) - self.refs(base)) == 1

    def again(self, folder: Path, base: Path) -> Iterator[str]:
        before = self.refs(folder)
        yield from super().again(folder, base)
        if len(self.refs(folder) - before) != 1:
            yield "the second call made no backup"


class Prune(Work):
    """Two of three backups are removed; what they share with the third is not."""

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        self.form.back_up(self.config(folder), label="third")

    def work(self, folder: Path) -> None:
        recovery.prune_backups(self.config(folder), keep_last=1)

    def must_stay(self, base: Path) -> set[str]:
        return {self.ref(base, "third")}

    def is_done(self, folder: Path, base: Path) -> bool:
        return self.refs(folder) == self.must_stay(base)

    def again(self, folder: Path, base: Path) -> Iterator[str]:
        yield from super().again(folder, base)
        if not self.is_done(folder, base):
            yield f"{self.refs(folder)} are left"


class Restore(Work):
    """The workspace goes back to an earlier state, after a safety backup of it."""

    def target(self, folder: Path) -> Path:
        return self.root(folder)

    def work(self, folder: Path) -> None:
        restore(self.config(folder), self.ref(folder, "second"), self.target(folder))

    def wanted(self, base: Path) -> dict[str, Any]:
        """What the backup holds, restored once where nobody disturbs it."""
        elsewhere = base / "wanted"
        if not elsewhere.exists():
            restore(self.config(base), self.ref(base, "second"), elsewhere)
        return {name: contents_once(elsewhere)[name] for name in PLANES}

    @functools.cache  # noqa: B019 - one object for each kind of work, as long as the tests
    def contents_of(self, base: Path) -> dict[str, Any] | None:
        return self.found(base)

    def found(self, folder: Path) -> dict[str, Any] | None:
        if not self.target(folder).exists():
            return None
        found = contents(self.target(folder))
        return {name: found[name] for name in PLANES}

    def problems(self, folder: Path, base: Path) -> Iterator[str]:
        before = self.contents_of(base)
        after = self.found(folder)
        if after != self.wanted(base) and after != before:
            counts = after and {name: len(after[name]) for name in PLANES}
            yield f"the target is neither old nor new: {counts}"
        yield from self.wrong_backups(folder, base)

    def is_done(self, folder: Path, base: Path) -> bool:
        return self.found(folder) == self.wanted(base)

    def again(self, folder: Path, base: Path) -> Iterator[str]:
        yield from super().again(folder, base)
        if not self.is_done(folder, base):
            yield "the second call did not restore"
        yield from self.issues(folder)

    def issues(self, folder: Path) -> list[str]:
        return issues(self.target(folder))


class RestoreInside(Restore):
    """The same with default settings: backups and staging lie in what is replaced."""

    inside = True


class RestoreProject(Restore):
    """The runs of one project are merged into a workspace that has others of it."""

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        fill(self.target(folder), ("other",))

    def target(self, folder: Path) -> Path:
        return folder / "target"

    def work(self, folder: Path) -> None:
        config = self.config(folder)
        plan = recovery.plan_restore(
            config,
            self.ref(folder, "second"),
            target_workspace=self.target(folder),
            projects=("demo",),
        )
        recovery.restore_workspace(config, plan)

    def wanted(self, base: Path) -> dict[str, Any]:
        mine, restored = self.contents_of(base), super().wanted(base)
        assert mine is not None
        return {name: sorted(mine[name] + restored[name]) for name in PLANES}

    def problems(self, folder: Path, base: Path) -> Iterator[str]:
        before, wanted, after = self.contents_of(base), self.wanted(base), self.found(folder)
        assert before is not None
        assert after is not None
        for name in PLANES:
            if lost := Counter(before[name]) - Counter(after[name]):
                yield f"{lost.total()} {name} of the target are lost"
            if more := Counter(after[name]) - Counter(wanted[name]):
                yield f"{more.total()} {name} are there twice, or from nowhere"
        yield from self.wrong_backups(folder, base)


class RestoreElsewhere(Restore):
    """A backup becomes a workspace in a folder that did not exist."""

    safety = False

    def target(self, folder: Path) -> Path:
        return folder / "elsewhere" / "workspace"

    def problems(self, folder: Path, base: Path) -> Iterator[str]:
        yield from super().problems(folder, base)
        if planes_of(self.root(folder)) != planes_of(self.root(base)):
            yield "the workspace was changed"


class Salvage(Work):
    """What verifies of a damaged backup becomes a workspace in a new folder."""

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        (first,), (second,) = ((folder / "backups").glob(f"{name}-*") for name in WHICH)
        known = {path.name for path in first.rglob("part-*.parquet")}
        lost = sorted(path for path in second.rglob("part-*.parquet") if path.name not in known)[0]
        lost.write_bytes(lost.read_bytes()[:-100])  # held by no other backup

    def target(self, folder: Path) -> Path:
        return folder / "elsewhere" / "workspace"

    def work(self, folder: Path) -> None:
        ref = self.ref(folder, "second")
        recovery.salvage(self.config(folder), ref, target_workspace=self.target(folder))

    def wrong_backups(self, folder: Path, base: Path) -> Iterator[str]:
        if tree(folder / "backups") != tree(base / "backups"):
            yield "a backup was changed"

    def problems(self, folder: Path, base: Path) -> Iterator[str]:
        yield from super().problems(folder, base)
        if self.is_there(folder):
            yield from self.wrong_target(folder)

    def is_done(self, folder: Path, base: Path) -> bool:
        return self.is_there(folder)

    def is_there(self, folder: Path) -> bool:
        target = self.target(folder)
        return target.is_dir() and any(target.iterdir())

    def wrong_target(self, folder: Path) -> Iterator[str]:
        # That numbers are missing is a warning, and true: they were in the lost part.
        yield from (line for line in issues(self.target(folder)) if line.startswith("error"))
        found = contents(self.target(folder))
        if "recovery.records_lost" not in {said for _, _, said in found["records"]}:
            yield "no record names the loss"
        if [run[0] for run in found["runs"]] != ["run:demo.one", "run:demo.three", "run:demo.two"]:
            yield f"the runs {found['runs']} were salvaged"
        if len(found["artifacts"]) != 9:
            yield f"{len(found['artifacts'])} artifacts were salvaged"

    def again(self, folder: Path, base: Path) -> Iterator[str]:
        yield from super().again(folder, base)
        yield from self.wrong_target(folder)


class Rehearse(Work):
    """A backup is restored into a scratch folder, compared, and removed."""

    def work(self, folder: Path) -> None:
        found = recovery.rehearse_restore(self.config(folder), self.ref(folder, "second"))
        if found.status != "SUCCESS":
            raise AssertionError(found)
