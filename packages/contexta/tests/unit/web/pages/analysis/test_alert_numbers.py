"""How many runs rules are held against, and of how many."""

import json
from urllib.parse import quote

from contexta.web._params import Params
from contexta.web.api import _alerts
from contexta.web.pages.alerts import alerts_page

RULE = {"metric": "accuracy", "operator": "lt", "threshold": "0.85"}


def test_the_page_and_the_route_look_at_equally_many_runs(fleet, monkeypatch):
    """Both ask for the same number of the newest runs where nobody names one."""
    asked = []
    real = type(fleet).evaluate_alerts_fleet

    def note(ctx, rules, *, query):
        asked.append(query.limit)
        return real(ctx, rules, query=query)

    monkeypatch.setattr(type(fleet), "evaluate_alerts_fleet", note)
    params = Params(RULE)
    alerts_page(fleet, params)
    _alerts.fleet(fleet, params)

    assert [200, 200] == asked


def test_what_a_limit_leaves_out_is_said_on_the_page(fleet, get, document):
    """The number of runs that were looked at stands beside the number that there are."""
    rule = quote("accuracy < 0.85")
    _, cut = get(fleet, f"/ui/alerts?rules={rule}&limit=5")
    _, whole = get(fleet, f"/ui/alerts?rules={rule}")

    assert "5 of 19" in document(cut).text
    assert "more runs match than were looked at" in document(cut).text
    assert " of 19" not in document(whole).text


def test_what_a_limit_leaves_out_is_said_in_data(fleet, get):
    """The answer of the route has both numbers."""
    rules = quote(json.dumps([RULE | {"threshold": 0.85}]))
    found = json.loads(get(fleet, f"/alerts/fleet?rules={rules}&limit=5")[1])

    assert (5, 19) == (len(found["run_ids"]), found["total_runs"])
    assert ["alert_runs_left_out"] == [note["summary"] for note in found["completeness_notes"]]


def test_rules_to_start_from_call_the_worse_half_an_alert(fleet):
    """Less accuracy and more loss than the median are worse, and numbers are plain."""
    offers = [rule for rule, _ in alerts_page(fleet, Params({})).data["offers"]]
    signs = {rule.split()[0]: rule.split()[1] for rule in offers}

    assert {"accuracy": "<", "loss@fit": ">"}.items() <= signs.items()
    assert [] == [rule for rule in offers if "e+" in rule]
