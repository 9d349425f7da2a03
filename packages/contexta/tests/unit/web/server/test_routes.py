"""The JSON routes: keys, order, pages, values."""

import json
from urllib.parse import quote

import pytest

from contexta.web._spec import all_specs

RUN, OTHER = "run:vision.night-1", "run:vision.night-0"
RULES = json.dumps([{"metric": "loss", "operator": "gt", "threshold": 0.5, "name": "high"}])
GATE = json.dumps([{"type": "threshold", "metric_key": "accuracy", "operator": "gt", "value": 0.5}])
VALUES = {
    "metric": "loss",
    "left": OTHER,
    "right": RUN,
    "run_ids": f"{OTHER},{RUN}",
    "q": "night",
    "run_id": RUN,
    "rules": GATE,
}


def artifact(client):
    """Return the ref of a stored model."""
    found = client.json(f"/runs/{quote(RUN, safe='')}/artifacts?kind=model")[1]
    return found["artifacts"][0]["artifact_ref"]


def address(spec, client):
    """Return an address that a route answers."""
    path = spec.path.format(
        run_id=quote(RUN, safe=""),
        other=quote(OTHER, safe=""),
        name="vision",
        artifact_ref=quote(artifact(client), safe="") if "artifact_ref" in spec.path else "",
    )
    given = {one.name: VALUES[one.name] for one in spec.query if one.required}
    if spec.path.startswith("/alerts"):
        given = {"rules": RULES}
    return path + "?" + "&".join(f"{key}={quote(value)}" for key, value in given.items())


@pytest.mark.parametrize("spec", all_specs(), ids=lambda spec: spec.path)
def test_each_route_answers_with_its_keys(spec, client):
    """Every route of the table answers 200, and JSON has the keys that the table names."""
    answer = client.get(address(spec, client))
    keys = set(json.loads(answer.body)) if spec.keys else set()

    assert (200, set()) == (answer.status, set(spec.keys) - keys)


@pytest.mark.parametrize(
    ("path", "name", "keys"),
    [
        (
            "/runs",
            "runs",
            "run_id project_name name status started_at ended_at tags metadata",
        ),
        (
            f"/runs/{RUN}",
            "stages",
            "stage_id run_id name status order started_at ended_at tags metadata",
        ),
        (
            f"/runs/{RUN}/anomalies?metric=accuracy&project=vision",
            "anomalies",
            (
                "metric_key run_id actual_value expected_range z_score severity evidence_links "
                "completeness_notes"
            ),
        ),
        (
            f"/compare?left={OTHER}&right={RUN}",
            "stage_comparisons",
            (
                "stage_name left_stage_id right_stage_id left_status right_status metric_deltas "
                "completeness_notes evidence_links"
            ),
        ),
        (
            f"/compare/multi?run_ids={OTHER},{RUN}",
            "metric_table",
            "metric_key stage_name values best_run_id",
        ),
        (
            "/metrics/trend?metric=loss",
            "points",
            "run_id run_name value captured_at stage_name",
        ),
        (
            f"/alerts/evaluate/{RUN}?metric=loss&operator=gt&threshold=0",
            "results",
            (
                "rule_name metric_key run_id actual_value threshold operator triggered severity "
                "stage_name evidence_links completeness_notes"
            ),
        ),
        (
            "/search/artifacts?q=model",
            "artifacts",
            (
                "artifact_ref run_id stage_id kind created_at location hash_value size_bytes "
                "attributes content_type"
            ),
        ),
    ],
)
def test_items_have_the_keys_of_release_1_0(client, path, name, keys):
    """The items of lists have the keys that clients of 1.0 read."""
    status, body = client.json(path)
    missing = set(keys.split()) - set(body[name][0]) if body[name] else set()

    assert (200, set()) == (status, missing)


def test_runs_come_newest_first(client):
    """Without parameters the newest run comes first, as documented."""
    runs = client.json("/runs")[1]["runs"]
    started = [run["started_at"] for run in runs]

    assert sorted(started, reverse=True) == started


def test_desc_turns_the_order(client):
    """``desc=false`` lists the oldest run first."""
    newest = [run["run_id"] for run in client.json("/runs")[1]["runs"]]
    oldest = [run["run_id"] for run in client.json("/runs?desc=false")[1]["runs"]]

    assert newest[::-1] == oldest


def test_cursors_walk_the_whole_list_once(client):
    """Pages by cursor hold each run once, and each page says the total."""
    whole = client.json("/runs")[1]
    seen, cursor, totals = [], "", set()
    while cursor is not None:
        page = client.json(f"/runs?limit=2&after={quote(cursor)}")[1]
        seen += [run["run_id"] for run in page["runs"]]
        totals.add(page["total"])
        cursor = page["next_cursor"]

    assert ([run["run_id"] for run in whole["runs"]], {whole["total"]}) == (seen, totals)


@pytest.mark.parametrize("order", ["status", "duration", "param:lr", "param:none"])
@pytest.mark.parametrize("desc", ["0", "1"])
def test_cursors_walk_every_order(client, order, desc):
    """Pages add up to the list; what has no value comes last in both directions."""
    asked = f"/runs?sort={quote(order)}&desc={desc}"
    whole = client.json(asked)[1]["runs"]
    seen, cursor = [], ""
    while cursor is not None:
        page = client.json(f"{asked}&limit=1&cursor={quote(cursor)}")[1]
        seen += [run["run_id"] for run in page["runs"]]
        cursor = page["next_cursor"]
    values = [run["params"].get("lr") for run in whole]

    assert seen == [run["run_id"] for run in whole]
    if order == "param:lr":
        assert values == [*sorted([0.0, 0.1], reverse=desc == "1"), None, None]
    if order == "status":
        statuses = [run["status"] for run in whole]
        assert statuses == sorted(statuses, reverse=desc == "1")


@pytest.mark.parametrize("order", ["param:", "params.lr", "color"])
def test_an_order_that_is_none_is_refused(client, order):
    """The answer names the orders that there are."""
    status, body = client.json(f"/runs?sort={quote(order)}")

    assert (400, "query_invalid_run_list_query") == (status, body["error"]["code"])
    assert "status, duration, param:<key> or metric:<key>" in body["error"]["message"]


def test_expressions_select_runs(client):
    """``where`` takes a run expression, percent-encoded."""
    found = client.json("/runs?where=" + quote("params.lr > 0.05"))[1]["runs"]

    assert [RUN] == [run["run_id"] for run in found]


def test_search_matches_before_the_limit(client):
    """The limit of a search counts matches, not the runs that were looked at."""
    found = client.json("/search/runs?q=NIGHT-0&limit=1")[1]["runs"]

    assert [OTHER] == [run["run_id"] for run in found]


@pytest.mark.parametrize("name", [RUN, "vision.night-1", "night-1", quote(RUN, safe="")])
def test_a_run_is_found_by_each_form_of_its_id(client, name):
    """Ref, project and id, id alone, and the percent-encoded ref name the same run."""
    assert RUN == client.json(f"/runs/{name}")[1]["run_id"]


def test_percent_codes_are_read_in_every_id(client):
    """The second id of a route is decoded too."""
    path = f"/runs/{quote(RUN, safe='')}/environment-diff/{quote(OTHER, safe='')}"
    body = client.json(path)[1]

    assert (RUN, OTHER) == (body["left_run_id"], body["right_run_id"])


def test_a_trailing_slash_is_ignored(client):
    """``/runs/`` is ``/runs``."""
    assert client.get("/runs").body == client.get("/runs/").body


def test_the_first_of_repeated_parameters_counts(client):
    """Of two values the first counts, and a blank value is an absent one."""
    assert 1 == len(client.json("/runs?limit=1&limit=4&status=")[1]["runs"])


def test_gaps_of_a_curve_are_null_and_named(client):
    """A NaN is null in the values, and a mark says where it stood."""
    body = client.json(f"/runs/{RUN}/series?metric=loss")[1]

    assert (None, [{"index": 7, "step": 7, "value": "NaN"}]) == (body["values"][7], body["marks"])


def test_a_thinned_curve_says_so(client):
    """``points`` thins a curve; the answer tells that, and how many points there are."""
    body = client.json(f"/runs/{RUN}/series?metric=loss&points=10")[1]

    assert (True, 50, True) == (body["thinned"], body["total_points"], len(body["steps"]) < 50)


def test_curves_of_several_runs_come_in_one_answer(client):
    """Runs without the metric are named instead of left out in silence."""
    body = client.json(f"/compare/series?run_ids={RUN},{OTHER},hostile&metric=loss")[1]
    drawn = [one["run_id"] for one in body["series"]]

    assert ([RUN, OTHER], ["run:vision.hostile"]) == (drawn, body["missing"])


def test_curves_of_several_runs_share_a_bound(client):
    """All of them together have as many points as one may have; more is refused, with the bound."""
    path = f"/compare/series?run_ids={RUN},{OTHER}&metric=loss&points="
    status, body = client.json(f"{path}50001")

    assert 200 == client.get(f"{path}50000").status
    assert 400 == status
    assert "between 2 and 50000" in body["error"]["message"]


def test_a_trend_runs_from_old_to_new(client):
    """The points of a trend are in the order of the runs' start, also with a filter."""
    points = client.json("/metrics/trend?metric=loss&status=completed&limit=3")[1]["points"]

    assert [OTHER, RUN] == [point["run_id"] for point in points]


def test_upstream_and_downstream_mean_what_the_pages_and_the_program_mean(client, read_ctx):
    """What a run made is downstream of it; 1.0 took the words for the sides of a relation."""
    answers = {
        word: client.json(f"/runs/{RUN}/lineage?direction={word}")[1]["edges"]
        for word in ("upstream", "downstream")
    }
    found = {
        word: read_ctx.traverse_lineage(RUN, direction=word, max_depth=3).to_dict()["edges"]
        for word in answers
    }

    assert found == answers
    assert answers["downstream"]


def test_several_rules_are_evaluated_at_once(client):
    """``rules`` holds a list; each gets its result."""
    rules = json.dumps(
        [
            {"metric": "loss", "operator": "gt", "threshold": 5},
            {"metric": "accuracy", "operator": "gt", "threshold": 0.5, "severity": "error"},
        ]
    )
    results = client.json(f"/alerts/evaluate/{RUN}?rules={quote(rules)}")[1]["results"]

    assert [(False, "warning"), (True, "error")] == [
        (one["triggered"], one["severity"]) for one in results
    ]


def test_an_artifact_downloads_as_it_was_stored(client):
    """The body comes whole, as an attachment that no browser runs or guesses about."""
    answer = client.get(f"/artifacts/{quote(artifact(client), safe='')}/download")
    policy = answer.headers["content-security-policy"]
    kept = (answer.headers["x-content-type-options"], answer.headers["content-type"])

    assert (b"weights" * 100, True, True, ("nosniff", "application/octet-stream")) == (
        answer.body,
        answer.headers["content-disposition"].startswith("attachment;"),
        "sandbox" in policy,
        kept,
    )


def test_events_come_in_pages(client):
    """A page of events says how many there are, and where the next page starts."""
    body = client.json(f"/runs/{RUN}/events?limit=1")[1]

    assert (1, 1, None) == (len(body["events"]), body["total"], body["next_offset"])


def test_the_start_of_the_server_leads_to_the_runs(client):
    """``/`` redirects to the list of runs."""
    answer = client.get("/")

    assert (307, "/ui/runs") == (answer.status, answer.headers["location"])


def test_the_description_names_what_each_route_reads(read_ctx, client, monkeypatch):
    """The parameters that a route reads are those that its description names."""
    from contexta.web import _params

    wrong = {}
    for spec in all_specs():
        asked = set()
        monkeypatch.setattr(
            _params.Params,
            "text",
            lambda self, name, default=None, seen=asked: (
                seen.add(name),
                self._query.get(name, default),
            )[1],
        )
        client.get(address(spec, client))
        named = {one.name for one in spec.query}
        # One rule or a list of them: who gives the list is not asked for the rule.
        if spec.path.startswith("/alerts"):
            named -= {"metric", "operator", "threshold", "stage", "severity"}
        ignored = {"kind", "stage"} if "artifacts" in spec.path else set()
        if asked - named - ignored or named - asked - ignored:
            wrong[spec.path] = (asked - named, named - asked)

    assert {} == wrong
