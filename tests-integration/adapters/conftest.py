"""Workspaces for real trainings, and the command line that answers about them."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers in _answers.py

QUICK = {
    "project_name": "p",
    "capture": {"capture_installed_packages": False, "capture_code_revision": False},
}


@pytest.fixture
def ctx(tmp_path):
    """A facade on a fresh workspace, closed afterwards."""
    from contexta import Contexta

    with Contexta(workspace=tmp_path / "ws", config=QUICK) as opened:
        yield opened


@pytest.fixture
def show(ctx, capsys):
    """Ask the command line about a run, as a person would; returns its JSON."""
    from contexta.cli import run_cli

    def ask(run_id):
        ctx.flush()
        capsys.readouterr()
        code = run_cli(["--workspace", ctx.workspace, "run", "show", run_id, "--format", "json"])
        answer = capsys.readouterr()
        assert code == 0, answer.err
        return json.loads(answer.out)

    return ask


@pytest.fixture
def points(ctx):
    """Return the stored points of a run: (stage, key) -> [(step, value), ...]."""

    def read(run_ref):
        from contexta.store.records import ScanFilter

        ctx.flush()
        found = {}
        for stored in ctx.record_store.scan(ScanFilter(run_ref=run_ref, record_type="metric")):
            stage = stored.record.envelope.stage_execution_ref
            name = None if stage is None else str(stage).rpartition(".")[2]
            payload = stored.record.payload
            series = found.setdefault((name, payload.metric_key), [])
            series.append((payload.step, payload.value))
        return found

    return read


@pytest.fixture
def no_degraded(ctx):
    """Say which degraded records a run has."""

    def read(run_ref):
        from contexta.store.records import ScanFilter

        found = ctx.record_store.scan(ScanFilter(run_ref=run_ref, record_type="degraded"))
        return [stored.record.payload.summary for stored in found]

    return read


@pytest.fixture
def make_span():
    """Build a span record with some fields of its payload chosen."""
    from contexta.contract.models.records import (
        RecordEnvelope,
        TraceSpanPayload,
        TraceSpanRecord,
    )

    def build(**fields):
        moment = "2026-01-01T00:00:00Z"
        envelope = RecordEnvelope(
            record_ref="record:p.r.x",
            record_type="span",
            recorded_at=moment,
            observed_at=moment,
            producer_ref="sdk.python.local",
            run_ref="run:p.r",
        )
        chosen = {
            "span_id": "s",
            "trace_id": "t",
            "span_name": "work",
            "started_at": moment,
            "ended_at": "2026-01-01T00:00:01Z",
            "status": "ok",
            "span_kind": "operation",
            **fields,
        }
        return TraceSpanRecord(envelope=envelope, payload=TraceSpanPayload(**chosen))

    return build


@pytest.fixture
def artifacts(ctx, tmp_path):
    """Take a run's artifacts of one kind out of the workspace: (attributes, path) of each."""

    def read(run_ref, kind="model"):
        ctx.flush()
        found = ctx.artifact_store.list_bindings(run_ref=run_ref, kind=kind)
        taken = []
        for number, binding in enumerate(found):
            target = tmp_path / f"{kind}-{number}"
            path = ctx.artifact_store.extract_artifact(binding.artifact_ref, target)
            taken.append((dict(binding.manifest_snapshot.attributes), path))
        return taken

    return read
