"""What is answered when a request cannot be meant, or the workspace cannot be read."""

import json
from urllib.parse import quote

import pytest

from contexta.contract.errors import StoreAccessError

RUN = "run:vision.night-1"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "http_not_found"),
        ("/favicon.ico", 404, "http_not_found"),
        ("/static/nothing.css", 404, "http_not_found"),
        ("/live/nothing", 404, "http_not_found"),
        ("/projects/nothing", 404, "http_not_found"),
        ("/runs/night-9", 404, "query_run_not_found"),
        ("/runs/night-9/diagnostics", 404, "query_run_not_found"),
        ("/live/runs/night-9", 404, "query_run_not_found"),
        ("/artifacts/nothing", 404, "http_not_found"),
        ("/artifacts/nothing/download", 404, "http_not_found"),
        (f"/runs/{RUN}/nothing", 400, "http_bad_request"),
        ("/runs?limit=0", 400, "http_bad_request"),
        ("/runs?limit=-1", 400, "http_bad_request"),
        ("/runs?limit=two", 400, "http_bad_request"),
        ("/runs?limit=1.5", 400, "http_bad_request"),
        ("/runs?limit=1001", 400, "http_bad_request"),
        ("/runs?limit=" + "9" * 5000, 400, "http_bad_request"),
        ("/runs?offset=-1", 400, "http_bad_request"),
        ("/runs?sort=color", 400, "query_invalid_run_list_query"),
        ("/runs?after=yesterday-ish", 400, "query_invalid_time_range"),
        ("/runs?after=2026-02-01&before=2026-01-01", 400, "query_invalid_time_range"),
        ("/runs?where=params.lr+%3C", 400, "query_invalid_expression"),
        ("/runs?after=q1.0.AAAA", 400, "query_invalid_cursor"),
        ("/runs?cursor=nothing", 400, "query_invalid_cursor"),
        ("/runs?q=%ff", 400, "http_bad_request"),
        ("/runs/%ff", 400, "http_bad_request"),
        ("/runs/a%00b", 400, "http_bad_request"),
        (f"/runs/{RUN}/lineage?direction=sideways", 400, "http_bad_request"),
        (f"/runs/{RUN}/lineage?depth=deep", 400, "http_bad_request"),
        (f"/runs/{RUN}/lineage?depth=-1", 400, "http_bad_request"),
        (f"/runs/{RUN}/series", 400, "http_bad_request"),
        (f"/runs/{RUN}/series?metric=loss&points=1", 400, "http_bad_request"),
        (f"/runs/{RUN}/anomalies?metric=los", 404, "anomaly_unknown_metric"),
        ("/compare", 400, "http_bad_request"),
        (f"/compare?left={RUN}", 400, "http_bad_request"),
        (f"/compare/multi?run_ids={RUN}", 400, "http_bad_request"),
        ("/compare/multi", 400, "http_bad_request"),
        ("/metrics/trend", 400, "http_bad_request"),
        ("/metrics/aggregate", 400, "http_bad_request"),
        ("/search/runs", 400, "http_bad_request"),
        ("/search/artifacts?q=", 400, "http_bad_request"),
        (f"/alerts/evaluate/{RUN}", 400, "http_bad_request"),
        (
            f"/alerts/evaluate/{RUN}?metric=loss&operator=about&threshold=1",
            400,
            "alert_invalid_operator",
        ),
        (
            f"/alerts/evaluate/{RUN}?metric=loss&operator=gt&threshold=high",
            400,
            "http_bad_request",
        ),
        (
            f"/alerts/evaluate/{RUN}?metric=loss&operator=gt&threshold=nan",
            400,
            "http_bad_request",
        ),
        (f"/alerts/evaluate/{RUN}?rules=%5B", 400, "http_bad_request"),
        (f"/alerts/evaluate/{RUN}?rules=%7B%7D", 400, "http_bad_request"),
        (f"/alerts/evaluate/{RUN}?rules=%5B1%5D", 400, "http_bad_request"),
        (f"/alerts/evaluate/{RUN}?rules=" + "%5B" * 2000, 400, "http_bad_request"),
        (f"/gate?run_ids={RUN}&rules=%5B%5D", 400, "gate_no_rules"),
        ("/runs?" + "&".join(f"k{n}=1" for n in range(200)), 400, "http_bad_request"),
    ],
)
def test_a_wrong_request_has_its_status_and_code(client, path, status, code):
    """What the asker can mend is a 400 or 404 with a stable code, never a 500."""
    answered, body = client.json(path)

    assert (status, code) == (answered, body["error"]["code"])


def test_an_unknown_run_names_the_nearest(client):
    """The details of the error list names that are close."""
    error = client.json("/runs/night-9")[1]["error"]

    assert "run:vision.night-1" in error["details"]["nearest"]


def test_a_wrong_expression_marks_its_place(client):
    """The message of a wrong filter shows the column at which it goes wrong."""
    error = client.json("/runs?where=" + quote("status = completed and"))[1]["error"]

    assert "^" in error["message"]


class Failing:
    """A workspace whose every question ends in one error."""

    def __init__(self, ctx, error):
        self._ctx, self._error = ctx, error

    def list_projects(self):
        raise self._error

    def __getattr__(self, name):
        return getattr(self._ctx, name)


def test_a_locked_workspace_is_a_503(read_ctx, serve):
    """An error of the stores passes on as 503 with its own code."""
    error = StoreAccessError("the ledger is locked", code="metadata_store_busy", retryable=True)
    with serve(Failing(read_ctx, error)) as client:
        status, body = client.json("/projects")

    assert (503, "metadata_store_busy") == (status, body["error"]["code"])


def test_an_unknown_failure_tells_nothing_of_the_inside(read_ctx, serve, caplog):
    """Text, type and place of an error that is not ours go to the log, not to the asker."""
    with serve(Failing(read_ctx, RuntimeError("/home/me/secret"))) as client:
        status, body = client.json("/projects")
    logged = any("secret" in (record.exc_text or "") for record in caplog.records)

    assert (500, "http_internal_error", False, None, True) == (
        status,
        body["error"]["code"],
        "secret" in json.dumps(body) or "RuntimeError" in json.dumps(body),
        body["error"]["details"],
        logged,
    )


def test_a_slow_answer_is_given_up(read_ctx, serve):
    """A question that takes longer than allowed is answered 503; the server goes on."""
    import threading

    from contexta.web import Limits

    gate = threading.Event()

    class Slow(Failing):
        def list_projects(self):
            gate.wait(20)
            return ()

    with serve(Slow(read_ctx, None), limits=Limits(seconds=0.3)) as client:
        slow = client.json("/projects")
        quick = client.get("/version").status
        gate.set()

    assert (503, "http_timeout", 200) == (slow[0], slow[1]["error"]["code"], quick)


@pytest.mark.parametrize("path", ["/ui/nothing", "/ui/runs/night-9", "/ui/compare?left=night-9"])
def test_people_get_a_page(client, path):
    """Errors under /ui are HTML with a way back."""
    answer = client.get(path, Accept="text/html")

    assert (True, "text/html; charset=utf-8", True) == (
        400 <= answer.status < 500,
        answer.headers["content-type"],
        "/ui/runs" in answer.text,
    )


def test_a_typed_address_of_nothing_is_a_page(client):
    """A browser that asks for no route gets a page, a program JSON."""
    kinds = [
        client.get("/nothing", Accept=accept).headers["content-type"].split(";")[0]
        for accept in ("text/html,*/*", "*/*")
    ]

    assert ["text/html", "application/json"] == kinds


def test_routes_answer_programs_in_json_whatever_they_accept(client):
    """An unknown run on a JSON route is JSON for a browser too."""
    answer = client.get("/runs/night-9", Accept="text/html")

    assert "application/json; charset=utf-8" == answer.headers["content-type"]


@pytest.mark.parametrize("path", ["/runs", "/ui/runs", "/runs/night-1", "/ui/runs/night-1"])
def test_a_damaged_ledger_is_told_and_not_believed(workspace, serve, tmp_path, path):
    """Zeroed pages of the ledger are a 503 with the code of the store, on data and on pages."""
    import shutil

    from contexta import Contexta

    own = tmp_path / "ws"
    shutil.copytree(workspace, own)
    ledger = own / "metadata" / "ledger.sqlite"
    ledger.write_bytes(bytes(ledger.stat().st_size))
    with Contexta(workspace=own, read_only=True) as ctx, serve(ctx) as client:
        answer = client.get(path, Accept="text/html")

    assert (503, True, False) == (
        answer.status,
        "metadata_" in answer.text,
        "Traceback" in answer.text or "sqlalchemy" in answer.text,
    )


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("/runs/zzqqzz", "see /ui/runs, or /runs for data"),
        ("/runs/zzqqzz/report", "see /ui/runs, or /runs for data"),
        ("/compare?left=zzqqzz&right=qqzzqq", "see /ui/runs, or /runs for data"),
        ("/projects/zzqqzz", "see /projects"),
        ("/artifacts/zzqqzz", "/search/artifacts?q="),
        ("/ui/runs/zzqqzz", "see /ui/runs"),
        ("/ui/projects/zzqqzz", "see /ui/projects"),
        ("/ui/deployments/zzqqzz", "/ui/deployments lists all"),
    ],
)
def test_a_name_that_looks_like_nothing_leads_to_what_there_is(client, path, way):
    """Where no name is near, the answer says where all of them are."""
    answer = client.get(path)

    assert 404 == answer.status
    assert way in answer.text
    assert "list_runs" not in answer.text
