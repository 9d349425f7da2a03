"""Open the stores of a backup on a copy, read everything in them, and compare with the manifest."""

from __future__ import annotations

import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.recovery._inspect import nothing_inspected
from contexta.recovery._layout import standard_layout
from contexta.recovery._manifest import PAYLOAD
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._restore_check import Opened as BackupOpened
from contexta.recovery._restore_check import check_staged
from contexta.recovery._scratch import (
    ensure_staging,
    remove_abandoned,
    remove_if_empty,
    scratch_folder,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from contexta.recovery._manifest import Manifest
    from contexta.recovery._progress import Reporter
    from contexta.recovery._restore_check import Check
    from contexta.recovery._source import BackupSource

OPENED_PREFIX = "opened-"


class Opened(NamedTuple):
    """What opening showed.

    `planes` is None when the bytes do not verify: then nothing is opened.
    """

    problems: tuple[BackupProblem, ...]
    planes: Mapping[str, Any] | None


def open_all(
    source: BackupSource, manifest: Manifest, staging: Path | None, reporter: Reporter
) -> Opened:
    """Copy a backup to a scratch folder, verifying every byte, and open its stores there.

    Args:
        source: The backup.
        manifest: Its manifest.
        staging: Where the scratch folder is made; None for the temporary folder of the system.
        reporter: Told how far it is.
    """
    with _scratch(staging) as folder:
        check = check_staged(
            BackupOpened(source, manifest, None), standard_layout(folder / PAYLOAD), reporter
        )
    if check.inspection == nothing_inspected():
        return Opened(check.problems, None)
    return Opened((*check.problems, *_new_damage(manifest, check)), check.inspection.planes)


def _new_damage(manifest: Manifest, check: Check) -> tuple[BackupProblem, ...]:
    """Return damage that the stores show now and did not when the backup was written."""
    return tuple(
        BackupProblem(
            "damage_differs",
            line.partition(":")[0],
            f"{line}: found in the stores, the manifest does not know it.",
        )
        for line in check.damage
        if line not in manifest.damage
    )


@contextmanager
def _scratch(staging: Path | None) -> Iterator[Path]:
    if staging is None:
        with tempfile.TemporaryDirectory(prefix="contexta-verify-") as name:
            yield Path(name)
        return
    created = not staging.exists()
    ensure_staging(staging)
    remove_abandoned(staging, OPENED_PREFIX)
    folder = staging / f"{OPENED_PREFIX}{secrets.token_hex(8)}"
    with scratch_folder(folder):
        yield folder
    if created:
        remove_if_empty(staging)
