"""Workspaces for real trainings, and the command line that answers about them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
def show(ctx):
    """Ask the command line about a run, as a person would; returns its JSON."""
    command = Path(sys.executable).with_name("contexta")

    def ask(run_id):
        ctx.flush()
        done = subprocess.run(
            [str(command), "--workspace", ctx.workspace, "run", "show", run_id, "--format", "json"],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "CONTEXTA_PROJECT_NAME": "p"},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

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
