"""Every kind of work that tests disturb, by name."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from _backup_forms import (
    ARCHIVE,
    CAN_SEAL,
    DIRECTORY,
    NEEDS_CRYPTOGRAPHY,
    SEALED,
    SEALED_ARCHIVE,
    Form,
)
from _backup_works import (
    BackUp,
    Prune,
    Rehearse,
    Restore,
    RestoreElsewhere,
    RestoreInside,
    RestoreProject,
    Salvage,
    Work,
)
from _copy_works import Pull, Push
from _outside_works import RestoreOutside


def _of(kind: type[Work], form: Form) -> Work:
    work = kind()
    work.form = form
    return work


WORKS: dict[str, Work] = {
    "backup": _of(BackUp, DIRECTORY),
    "backup-archive": _of(BackUp, ARCHIVE),
    "backup-sealed": _of(BackUp, SEALED),
    "backup-sealed-archive": _of(BackUp, SEALED_ARCHIVE),
    "restore": _of(Restore, DIRECTORY),
    "restore-archive": _of(Restore, ARCHIVE),
    "restore-sealed": _of(Restore, SEALED),
    "restore-inside": _of(RestoreInside, DIRECTORY),
    "restore-project": _of(RestoreProject, DIRECTORY),
    "restore-elsewhere": _of(RestoreElsewhere, DIRECTORY),
    "restore-outside": _of(RestoreOutside, DIRECTORY),
    "prune": _of(Prune, DIRECTORY),
    "prune-archive": _of(Prune, ARCHIVE),
    "salvage": _of(Salvage, DIRECTORY),
    "rehearse": _of(Rehearse, DIRECTORY),
    "push": _of(Push, DIRECTORY),
    "pull": _of(Pull, DIRECTORY),
}


def possible(name: str) -> Work:
    """Return a kind of work; skip the test where what it needs is not installed."""
    work = WORKS[name]
    if work.form.is_sealed and not CAN_SEAL:
        pytest.skip(NEEDS_CRYPTOGRAPHY)
    if isinstance(work, Push) and find_spec("fsspec") is None:
        pytest.skip("fsspec is not installed: contexta-recovery[remote]")
    return work
