"""Workspaces for the tests of capture and facade."""

import pytest

QUICK = {
    "project_name": "p",
    "capture": {
        "dispatch_failure_mode": "outbox",
        "capture_installed_packages": False,
        "capture_code_revision": False,
    },
}


@pytest.fixture
def open_ctx(tmp_path):
    """Open facades on one workspace; all are closed afterwards."""
    from contexta import Contexta

    opened = []

    def build(*, config=None, **options):
        merged = {**QUICK, **(config or {})}
        merged["capture"] = {**QUICK["capture"], **merged.get("capture", {})}
        ctx = Contexta(workspace=tmp_path / "ws", config=merged, **options)
        opened.append(ctx)
        return ctx

    yield build
    for ctx in opened:
        ctx.close()


@pytest.fixture
def ctx(open_ctx):
    """A writable facade on a fresh workspace."""
    return open_ctx()


@pytest.fixture
def records_of():
    """Return the stored records of a type, in order of capture."""

    def read(ctx, record_type, **where):
        from contexta.store.records import ScanFilter

        found = ctx.record_store.scan(ScanFilter(record_type=record_type, **where))
        return [stored.record for stored in found]

    return read
