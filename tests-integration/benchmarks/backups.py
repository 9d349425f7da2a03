"""Backups of one workspace: the first, one without change, one after growth; and verification.

Beside `cp -a` with a sync of every file, and beside restic when it is installed: each makes the
same three backups of the same folder. The files lie in the cache of the system for all. restic
takes a file for unchanged by its times and size; ours, and `restic --force`, read every byte.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from _backups_workspace import RUN_BYTES, grow, workspace_bytes
from _harness import Options, fresh, main, row

COPY = "cp -a, each file synced"
HASH = "sha256sum"
PEER, PEER_FORCED = "restic", "restic --force"
STEPS = ("first", "unchanged", "after 1 % growth")
FORMS = ("directory", "archive", "directory, encrypted")
Figures = dict[str, list[float]]


def config_of(workspace: str, target: str, form: str):
    """Return a configuration whose backups lie in a folder of their own."""
    from contexta import Contexta

    recovery = {"backup_root": f"{target}/backups"}
    if "encrypted" in form:
        recovery["backup_key_file"] = f"{target}/backup.key"
    return Contexta(workspace=workspace, config={"recovery": recovery}).config


def back_up(workspace: str, target: str, form: str) -> float:
    """Write one backup: seconds."""
    from contexta.recovery import (
        create_key_file,
        create_workspace_backup,
        plan_workspace_backup,
    )

    config = config_of(workspace, target, form)
    key = Path(target) / "backup.key"
    if "encrypted" in form and not key.exists():
        create_key_file(key)
    started = time.perf_counter()
    plan = plan_workspace_backup(config, form=form.partition(",")[0])
    result = create_workspace_backup(config, plan)
    spent = time.perf_counter() - started
    if result.status != "SUCCESS":
        raise SystemExit(f"the backup is {result.status}: {result.warnings}")
    return spent


def verify_all(workspace: str, target: str, form: str) -> float:
    """Read every byte of the last backup: MB of the workspace a second."""
    from contexta.recovery import list_backups, verify_backup

    config = config_of(workspace, target, form)
    last = list_backups(config)[-1].backup_ref
    started = time.perf_counter()
    found = verify_backup(config, last)
    spent = time.perf_counter() - started
    if found.status != "SUCCESS":
        raise SystemExit(f"the backup is {found.status}: {found.warnings}")
    return workspace_bytes(workspace) / spent / 1e6


def run(command: str, **environment: str) -> float:
    """Run a command of the shell: seconds."""
    started = time.perf_counter()
    subprocess.run(
        ["sh", "-ec", command],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    return time.perf_counter() - started


class Ours:
    """Backups of one form in a folder of their own."""

    def __init__(self, form: str) -> None:
        self._form = form

    def back_up(self, workspace: Path, target: Path) -> float:
        return fresh(back_up, workspace, target, self._form)

    def verify(self, workspace: Path, target: Path) -> float:
        return fresh(verify_all, workspace, target, self._form)


class Copies:
    """A folder for each copy, as a careful shell script makes them."""

    def back_up(self, workspace: Path, target: Path) -> float:
        place = target / f"copy-{len(list(target.iterdir()))}"
        return run(f"cp -a '{workspace}' '{place}'; find '{place}' -type f -exec sync {{}} +")

    def verify(self, workspace: Path, target: Path) -> float:
        last = sorted(target.iterdir())[-1]
        spent = run(f"find '{last}' -type f -exec sha256sum {{}} +")
        return workspace_bytes(last) / spent / 1e6


class Restic:
    """A restic repository with a password, its cache beside it."""

    def __init__(self, options: str = "") -> None:
        self._options = options

    def _run(self, target: Path, command: str) -> float:
        cache, repository = target.with_name(f"{target.name}-cache"), target / "repository"
        options = f"--quiet --cache-dir '{cache}' --repo '{repository}'"
        return run(f"restic {options} {command}", RESTIC_PASSWORD="secret")

    def back_up(self, workspace: Path, target: Path) -> float:
        if not any(target.iterdir()):
            self._run(target, "init")
        return self._run(target, f"backup {self._options} '{workspace}'")

    def verify(self, workspace: Path, target: Path) -> float:
        return workspace_bytes(workspace) / self._run(target, "check --read-data") / 1e6


def bytes_in(folder: Path) -> int:
    """Return the bytes of the files below a folder, each once however many names it has."""
    files = (path.stat() for path in folder.rglob("*") if path.is_file())
    return sum({(one.st_dev, one.st_ino): one.st_size for one in files}.values())


def one_round(
    tools: dict[str, Ours | Copies | Restic], workspace: Path, scratch: Path, more: Callable
) -> dict[str, Figures]:
    """Let each tool make the three backups, all of the same states, and verify the last."""
    found: dict[str, Figures] = {name: {"seconds": [], "written": []} for name in tools}

    def each() -> None:
        for number, (name, tool) in enumerate(tools.items()):
            target = scratch / f"tool-{number}"
            target.mkdir(exist_ok=True)
            before = bytes_in(target)
            found[name]["seconds"].append(tool.back_up(workspace, target))
            found[name]["written"].append((bytes_in(target) - before) / 1e6)

    each()
    each()
    more()
    each()
    for number, (name, tool) in enumerate(tools.items()):
        target = scratch / f"tool-{number}"
        found[name]["verify"] = [tool.verify(workspace, target)]
        shutil.rmtree(target)
    return found


def median_of(rounds: list[dict[str, Figures]], name: str, kind: str, index: int) -> float:
    """Return the median of one figure over the rounds."""
    return statistics.median(one[name][kind][index] for one in rounds)


def measure(options: Options) -> list[dict]:
    """Build the workspace, then let all take turns on it."""
    size = options.pick(50_000_000, 1_000_000_000)
    runs = size // RUN_BYTES
    extra = max(1, runs // 100)
    forms = FORMS if find_spec("cryptography") else FORMS[:2]
    tools: dict[str, Ours | Copies | Restic] = {form: Ours(form) for form in forms}
    tools[COPY] = Copies()
    if shutil.which("restic"):
        tools |= {PEER: Restic(), PEER_FORCED: Restic("--force")}
    rounds: list[dict[str, Figures]] = []
    with options.scratch() as scratch:
        workspace = scratch / "workspace"
        fresh(grow, workspace, 0, runs)
        before = workspace_bytes(workspace)
        for number in range(options.pick(1, 3)):
            names = list(tools)[number:] + list(tools)[:number]
            more = partial(fresh, grow, workspace, runs + number * extra, extra)
            turn = {name: tools[name] for name in names}
            rounds.append(one_round(turn, workspace, scratch, more))
    return [line for form in forms for line in rows_of(rounds, form, before)]


def rows_of(rounds: list[dict[str, Figures]], form: str, size: int) -> list[dict]:
    """Return the figures of one form beside those of the others."""
    found = []

    def beside(work: str, unit: str, kind: str, index: int, floor: str, scale: float = 0) -> None:
        def value(name: str) -> float:
            plain = median_of(rounds, name, kind, index)
            return scale / plain if scale else plain

        peers = [name for name in (PEER, PEER_FORCED) if name in rounds[0]]
        if kind == "verify" or index == 0:
            peers = peers[:1]  # the two differ from the second backup on
        for peer in peers or [None]:
            other = None if peer is None else (peer, value(peer))
            line = work if peer != PEER_FORCED else f"{work}, all read"
            found.append(row(line, size, unit, value(form), floor=(floor, value(COPY)), peer=other))

    beside(f"backup, {form}, {STEPS[0]}, speed", "MB/s", "seconds", 0, COPY, scale=size / 1e6)
    for index, step in enumerate(STEPS):
        beside(f"backup, {form}, {step}", "s", "seconds", index, COPY)
        beside(f"backup, {form}, {step}, written", "MB", "written", index, COPY)
    beside(f"verify, {form}", "MB/s", "verify", 0, HASH)
    return found


if __name__ == "__main__":
    main(measure)
