"""A workspace of a given size: runs with parameters, metrics in parts, bodies of artifacts.

A sixth of the bytes are parts, the rest bodies: one half weights, which no compression makes
smaller, the other half tables of text. Growth adds runs of the same kind.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

PROJECT = "bench"
RUN_BYTES = 5_000_000
BODY_BYTES = 1_000_000
POINTS, METRICS = 10_000, 10
START_US = 1_767_225_600_000_000


def grow(folder: str, first: int, count: int) -> None:
    """Write runs number `first` and following, `RUN_BYTES` each, and make parts of them."""
    import numpy as np

    from contexta import Contexta

    with Contexta(workspace=folder, config={"project_name": PROJECT}) as ctx:
        for number in range(first, first + count):
            random = np.random.default_rng(number)
            params = {f"p{n}": float(random.random()) for n in range(10)}
            with ctx.run(f"run-{number}", params=params, run_id=f"run-{number}") as run:
                ref = run.run_ref
            _metrics(ctx.record_store, ref, random)
            ctx.record_store.seal()
            _bodies(ctx.artifact_store, ref, random)
    # Merged parts are kept for a while, for readers; here nobody reads.
    shutil.rmtree(Path(folder) / "records" / "_retired", ignore_errors=True)


def _metrics(store: Any, ref: str, random: Any) -> None:
    import numpy as np
    import pyarrow as pa

    steps = np.tile(np.arange(POINTS), METRICS)
    keys = pa.array([f"metric-{n}" for n in range(METRICS)])
    times = pa.array(START_US + steps * 1_000).cast(pa.timestamp("us", tz="UTC"))
    table = {
        "run_ref": pa.repeat(ref, len(steps)),
        "metric_key": keys.take(pa.array(np.repeat(np.arange(METRICS), POINTS))),
        "value": np.sin(steps / 100) + random.random(len(steps)) * 0.01,
        "step": steps,
        "observed_at": times,
    }
    store.append_table("metric", pa.table(table))


def _bodies(store: Any, ref: str, random: Any) -> None:
    from contexta.contract import ArtifactManifest

    for index in range(4):
        body = random.bytes(BODY_BYTES) if index % 2 else _table_text(random)
        manifest = ArtifactManifest(
            artifact_ref=f"artifact:{ref[4:]}.body-{index}",
            artifact_kind="checkpoint",
            run_ref=ref,
            created_at="2026-01-01T00:00:00Z",
            producer_ref="bench",
            location_ref="body",
        )
        store.put_artifact_from_stream(manifest, io.BytesIO(body), source_name="body")


def _table_text(random: Any) -> bytes:
    rows = (b"%d,%.3f,ok,epoch\n" % (n, v) for n, v in enumerate(random.random(BODY_BYTES // 18)))
    return b"".join(rows)


def workspace_bytes(folder: str | Path) -> int:
    """Return the bytes of all files of the workspace."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
