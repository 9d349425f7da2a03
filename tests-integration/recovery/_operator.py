"""One of several operators at once: arguments are a folder, a form, what to do and how often."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent))

from _backup_forms import ALL, restore, verify
from _rich_workspace import settings

from contexta.contract.errors import RecoveryError
from contexta.recovery import list_backups, prune_backups

#: Somebody else was faster: what was listed is gone.
GONE = "recovery_backup_not_found"
#: One prune at a time; the other is told to call again.
PRUNING = "recovery_prune_running"


def main(folder: Path, form_name: str, what: str, times: int) -> None:
    """Do it, and print a line for each thing that must not happen."""
    (form,) = [one for one in ALL if one.name == form_name]
    config = form.configure(settings(folder / "home", backup_root=folder / "backups"), folder)
    for number in range(times):
        if what == "backup":
            found = form.back_up(config)
            if found.status != "SUCCESS":
                print("backup", found.status, found.warnings)
        elif what == "prune":
            prune(config)
        else:
            last = list_backups(config)[-1].backup_ref
            try:
                checked = verify(config, last)
                if not checked.ok:
                    print("verify", last, checked.warnings[:3])
                restore(config, last, folder / f"restored-{number}")
            except RecoveryError as error:
                if error.code != GONE:
                    print(what, last, error.code, error.message)
    print("done")


def prune(config: SimpleNamespace) -> None:
    """Prune when nobody else does."""
    while True:
        try:
            prune_backups(config, keep_last=2)
        except RecoveryError as error:
            if error.code != PRUNING:
                raise
            time.sleep(0.01)
        else:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
