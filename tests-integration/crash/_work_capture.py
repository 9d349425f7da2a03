"""Work through the facade: a whole run with its stage, records, and artifact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from contexta import Contexta
from contexta.store.records import ScanFilter

Say = Callable[[str], None]


class Capture:
    """A run is opened, logs, and is closed."""

    def opened(self, folder: Path) -> Contexta:
        return Contexta(workspace=folder / ".contexta", config={"project_name": "demo"})

    def prepare(self, folder: Path) -> None:
        (folder / "model.bin").write_bytes(b"weights" * 1000)
        with self.opened(folder) as ctx, ctx.run("earlier") as run:
            run.metric("loss", 1.0)

    def work(self, folder: Path, say: Say) -> None:
        with self.opened(folder) as ctx:
            with ctx.run("train", params={"lr": 0.1}) as run:
                say(f"run {run.run_ref}")
                with run.stage("fit"):
                    for step in range(5):
                        run.metric("loss", step + 0.5, step=step)
                        say(f"point {step}")
                run.register_artifact("model_bundle", folder / "model.bin")
                say("artifact")
            # A disk that refuses does not end the training: whether the end was stored is asked.
            if [r.status for r in ctx.list_runs("demo") if r.run_id == run.run_ref] == [
                "completed"
            ]:
                say("closed")

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        with self.opened(folder) as ctx:
            runs = {run.run_id: run for run in ctx.list_runs("demo")}
            if "run:demo.earlier" not in runs:
                yield "the earlier run is lost"
            opened = [text.split()[1] for text in said if text.startswith("run ")]
            for run_ref in opened:
                if run_ref not in runs:
                    yield f"lost {run_ref}"
                    continue
                status = runs[run_ref].status
                if status != ("completed" if "closed" in said else status):
                    yield f"a closed run is {status}"
                stored = ctx.record_store.scan(ScanFilter(run_ref=run_ref, record_type="metric"))
                found = sorted(item.record.payload.value for item in stored)
                confirmed = [int(t.split()[1]) + 0.5 for t in said if t.startswith("point ")]
                if found not in (confirmed, [*confirmed, len(confirmed) + 0.5]):
                    yield f"points {found}, confirmed {confirmed}"
            if "artifact" in said and len(ctx.artifact_store.list_refs()) < 1:
                yield "the artifact is lost"
            for plane in (ctx.metadata_store, ctx.record_store):
                yield from (f"check: {issue.message}" for issue in plane.check_integrity().issues)
            with ctx.run("afterwards") as run:
                run.metric("loss", 2.0)
