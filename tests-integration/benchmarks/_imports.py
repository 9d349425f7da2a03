"""Import beforehand what questions to the stores import, so that a figure is beyond imports.

A process of its own asks a small workspace everything that is measured and writes down which
modules that loaded. Measured processes import these, and nothing else is warm in them.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from _harness import fresh

ROOTS = ("contexta", "pyarrow", "sqlalchemy", "sqlite3", "pydantic", "numpy", "duckdb")


def modules_file(folder: Path) -> Path:
    """Return the file with the names of the modules, written when it is not there yet."""
    path = folder / "modules.json"
    if not path.exists():
        path.write_text(json.dumps(fresh(modules_used)))
    return path


def modules_used() -> list[str]:
    """Ask a small workspace everything that is measured; return the modules that were loaded."""
    from contexta import Contexta

    with tempfile.TemporaryDirectory() as name:
        with Contexta(workspace=name) as ctx, ctx.run("small") as run:
            run.metric("loss", 0.5, step=1)
            ref, run_id = run.run_ref, run.run_id
        for read_only in (False, True):
            with Contexta(workspace=name, read_only=read_only) as ctx:
                store = ctx.record_store
                store.series(ref, "loss")
                store.arrow("metric", run_refs=[ref], keys=["loss"])
                store.last_values("loss")
                store.record_counts(ref)
                store.check_integrity()
                ctx.get_step_series(run_id, "loss")
                if not read_only:
                    store.recover_dead_writers()
                    store.compact(full=True)
    return sorted(name for name in sys.modules if name.split(".")[0] in ROOTS)


def import_beforehand(path: str) -> None:
    """Import the modules that `modules_file` lists."""
    for name in json.loads(Path(path).read_text()):
        with suppress(ImportError):  # some libraries put names there that are no modules
            importlib.import_module(name)
