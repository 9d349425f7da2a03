"""Open the stores of a backup on a copy, read everything in them, and compare with the manifest."""

from __future__ import annotations

import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.recovery._inspect import inspect_workspace
from contexta.recovery._layout import standard_layout
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._scratch import remove_abandoned, scratch_folder
from contexta.recovery._stage import stage
from contexta.store.fs import ensure_private_dir

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from contexta.recovery._inspect import Inspection
    from contexta.recovery._manifest import Manifest
    from contexta.recovery._progress import Reporter
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
        layout = standard_layout(folder / "workspace")
        problems = stage(source, manifest, layout, reporter)
        if problems:
            return Opened(problems, None)
        inspection = inspect_workspace(layout)
    return Opened(differences(manifest, inspection), inspection.planes)


def differences(manifest: Manifest, inspection: Inspection) -> tuple[BackupProblem, ...]:
    """Return where the stores say something else than the manifest did when it was written."""
    counts = [
        BackupProblem("count_differs", name, f"{name}: {found}, the manifest says {said}.")
        for name, found in inspection.counts.items()
        if found != (said := manifest.counts.get(name, 0))
    ]
    damage = [
        BackupProblem(
            "damage_differs",
            line.partition(":")[0],
            f"{line}: found in the stores, the manifest does not know it.",
        )
        for line in inspection.damage
        if line not in manifest.damage
    ]
    return (*counts, *damage)


@contextmanager
def _scratch(staging: Path | None) -> Iterator[Path]:
    if staging is None:
        with tempfile.TemporaryDirectory(prefix="contexta-verify-") as name:
            yield Path(name)
        return
    created = not staging.exists()
    ensure_private_dir(staging)
    remove_abandoned(staging, OPENED_PREFIX)
    folder = staging / f"{OPENED_PREFIX}{secrets.token_hex(8)}"
    with scratch_folder(folder):
        yield folder
    if created and not any(staging.iterdir()):
        staging.rmdir()
