"""No fault in a backup is accepted in silence: verification names it, a restore refuses."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from _archive_faults import damager
from _backup_faults import MANIFEST, edited
from _backup_forms import ALL, CAN_SEAL, DIRECTORY, NEEDS_CRYPTOGRAPHY, Form, restore, verify
from _rich_workspace import contents, fill, settings

from contexta.contract.errors import ContextaError, RecoveryError
from contexta.recovery import verify_backup

EVERY = 20  # when there are many faults, a restore is tried with one in so many


def stamps(root: Path) -> dict[str, tuple[int, int, int]]:
    """Return what changes when anything below a folder is replaced, written, added or removed."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(folder, name)
            status = path.lstat()
            size = 0 if path.is_dir() else status.st_size
            found[str(path)] = (status.st_ino, size, 0 if path.is_dir() else status.st_mtime_ns)
    return found


def reported(config, ref: str) -> str | None:
    """Return all that verification says against a backup; None when it says nothing."""
    try:
        found = verify(config, ref)
    except RecoveryError as error:
        return f"{error.message} {error.details}"
    if found.ok or found.status != "FAILURE":
        return None
    return "\n".join(f"{problem.place} {problem.message}" for problem in found.problems)


def refusal(config, ref: str, target: Path) -> str | None:
    """Try to restore a damaged backup; return what is wrong with how it went."""
    before = stamps(target)
    try:
        restore(config, ref, target)
    except RecoveryError:
        return None if before == stamps(target) else "it was refused, but the target was touched"
    except ContextaError as error:
        return f"refused with {type(error).__name__}"
    return "it was restored"


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.name)
def test_each_fault_is_named_and_no_damaged_backup_is_restored(tmp_path, form: Form, faults):
    """Bits, cuts, deletions, swaps, additions, renamed folders, links, edits of the manifest."""
    if form.is_sealed and not CAN_SEAL:
        pytest.skip(NEEDS_CRYPTOGRAPHY)
    root, target = tmp_path / "home" / ".contexta", tmp_path / "target"
    fill(root)
    fill(target, ("other",))
    config = form.configure(settings(root, backup_root=tmp_path / "backups"), tmp_path)
    form.back_up(config, label="earlier")
    backup = form.back_up(config, label="judged")
    damage = damager(backup.location, random.Random(20260101), sealed=form.is_sealed)
    accepted: list[str] = []
    unnamed: list[str] = []
    refused: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    every = 1 if faults <= 200 else EVERY
    for number in range(faults):
        with damage.fault(number) as fault:
            kinds[fault.kind] += 1
            said = reported(config, backup.backup_ref)
            if said is None:
                accepted.append(f"{number} {fault.kind} {fault.names}")
            elif not any(name in said for name in fault.names):
                unnamed.append(f"{number} {fault.kind} {fault.names}: {said[:300]}")
            if number % every == 0:
                refused[refusal(config, backup.backup_ref, target) or "refused"] += 1
    print(
        f"{form.name}: faults={faults} {dict(kinds)} accepted={len(accepted)}"
        f" unnamed={len(unnamed)} restores={dict(refused)}"
    )

    assert [] == accepted
    assert [] == unnamed
    assert ["refused"] == list(refused)
    assert verify(config, backup.backup_ref).ok  # everything was put back
    assert restore(config, backup.backup_ref, tmp_path / "elsewhere").applied
    assert contents(root) == contents(tmp_path / "elsewhere")


@pytest.mark.parametrize("name", ["runs", "records", "artifacts"])
def test_a_count_that_no_digest_contradicts_is_counted_again(tmp_path, name):
    """The stores are opened when asked for, and before anything is replaced."""
    root = tmp_path / "home"
    fill(root, ("one",))
    config = settings(root, backup_root=tmp_path / "backups", restore_staging_root=tmp_path / "s")
    backup = DIRECTORY.back_up(config)
    manifest = backup.location / MANIFEST

    def lie(body, _):
        body["counts"][name] += 1
        return (name,)

    raw, _ = edited(manifest.read_bytes(), lie, random.Random(1), redone=True)
    manifest.write_bytes(raw)
    found = verify_backup(config, backup.backup_ref, deep=True)

    assert "FAILURE" == found.status
    assert any(name in problem.message for problem in found.problems)
    assert refusal(config, backup.backup_ref, root) is None


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.name)
def test_rot_in_an_earlier_backup_does_not_reach_the_next_one(tmp_path, form: Form):
    """What later backups share with it is read before it is shared."""
    if form.is_sealed and not CAN_SEAL:
        pytest.skip(NEEDS_CRYPTOGRAPHY)
    root = tmp_path / "home"
    fill(root)
    config = form.configure(settings(root, backup_root=tmp_path / "backups"), tmp_path)
    earlier = form.back_up(config)
    rng = random.Random(3)
    files = [one for one in (tmp_path / "backups").rglob("*") if one.is_file()]
    for path in files:
        raw = bytearray(path.read_bytes())
        if raw and path.name != MANIFEST:
            raw[rng.randrange(len(raw))] ^= 1
            path.write_bytes(raw)  # in place: each name of the same bytes shows it
    later = form.back_up(config)

    assert not verify(config, earlier.backup_ref).ok
    assert verify(config, later.backup_ref).ok
    assert restore(config, later.backup_ref, tmp_path / "elsewhere").applied
    assert contents(root) == contents(tmp_path / "elsewhere")
