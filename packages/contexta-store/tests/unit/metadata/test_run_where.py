"""Joined conditions on runs: bound, whole, and the same on both databases."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig

HOSTILE = [
    "'; DROP TABLE ledger_runs; --",
    '") OR 1=1 --',
    "%' OR '%'='",
    "{0} {1} %(part)s :refs ?",
    "x\x00y",
    "\x01",
    "\U0001f600 é",
    "__class__",
]


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request):
    """A ledger with one run for each hostile text."""
    if request.param == "sqlite":
        yield request.getfixturevalue("store")
        return
    settings = request.getfixturevalue("new_schema")
    store = MetadataStore(MetadataStoreConfig(**settings))
    yield store
    store.close()


@pytest.fixture
def hostile(ledger, make):
    """By text, the ref of the run that has it as name, tag and parameter, and as their keys."""
    refs = {}
    ledger.projects.put_project(make.project("p"))
    for number, text in enumerate(HOSTILE):
        ref = f"run:p.r{number}"
        given = {"name": text, "tags": {text: text}, "params": {text: text}}
        ledger.runs.put_run(make.run(f"r{number}", **given))
        refs[text] = ref
    return refs


def found(ledger, where):
    return {run.run_ref.text for run in ledger.runs.list_runs(where=where)}


def leaf(field, operator, *values, key="", **more):
    return {"field": field, "key": key, "operator": operator, "values": values, **more}


def test_texts_are_values_whatever_they_hold(ledger, hostile):
    """As names, values and keys, alone and among others; every run stays."""
    wrong = [
        (text, where)
        for text, ref in hostile.items()
        for where in (
            leaf("name", "eq", text),
            leaf("name", "in", text, "other"),
            leaf("tags", "eq", text, key=text),
            leaf("params", "eq", text, key=text),
            leaf("params", "missing", key=text, negated=True) | {"values": []},
        )
        if found(ledger, where) != {ref}
    ]

    assert wrong == []
    assert ledger.runs.count_runs() == len(HOSTILE)


def test_patterns_are_values_too(ledger, hostile):
    """Each text contains itself, but for those that no pattern may meet."""
    plain = [text for text in HOSTILE if not {"\x00", "\x01"} & set(text)]
    hits = {
        text: [found(ledger, leaf("name", how, text)) for how in ("contains", "matches")]
        for text in HOSTILE
    }

    assert hits == {
        text: [{hostile[text]}] * 2 if text in plain else [set()] * 2 for text in HOSTILE
    }
    assert found(ledger, leaf("name", "like", "*")) == {hostile[text] for text in plain}


def test_ten_thousand_refs_are_one_parameter(ledger, hostile):
    """In the set and out of it, whatever is asked besides."""
    many = [f"run:p.r{number}" for number in range(3, 10_000)]
    inside = found(ledger, {"refs": many})
    outside = found(ledger, {"all": [{"refs": many, "negated": True}]})

    assert inside == set(hostile.values()) - outside
    assert outside == {"run:p.r0", "run:p.r1", "run:p.r2"}


def test_joined_conditions_page_by_cursor(ledger, hostile):
    """A page starts behind the one before it under any condition."""
    where = {"any": [leaf("name", "eq", text) for text in HOSTILE[:5]]}
    first = ledger.runs.page_runs(limit=3, order_by="started_at", where=where)
    second = ledger.runs.page_runs(
        limit=3, after=first.next_cursor, order_by="started_at", where=where
    )
    refs = [run.run_ref.text for run in (*first.items, *second.items)]

    assert refs == [hostile[text] for text in HOSTILE[:5]]
    assert second.next_cursor is None


@pytest.mark.parametrize(
    "where",
    [
        "name = 'x'",
        {"field": "payload", "operator": "eq", "values": ["x"]},
        {"field": "name", "operator": "~", "values": ["x"]},
        {"field": "name", "operator": "eq", "values": "x"},
        {"field": "name", "operator": "eq", "values": [1]},
        {"field": "name", "operator": "eq", "values": []},
        {"field": "name", "operator": "eq", "values": ["a", "b"]},
        {"field": "tags", "operator": "eq", "values": ["x"]},
        {"field": "params", "key": "k", "operator": "lt", "values": [True]},
        {"field": "params", "key": "k", "operator": "like", "values": [1]},
        {"field": "started_at", "operator": "eq", "values": [1]},
        {"field": "started_at", "operator": "lt", "values": [(0, 1 << 70)]},
        {"field": "duration", "operator": "eq", "values": ["1"]},
        {"all": "name"},
        {"any": [{"refs": 3}]},
        {"refs": [3]},
    ],
)
def test_what_is_no_condition_is_refused(store, where):
    """By name of the filter, before anything is asked."""
    with pytest.raises(ValidationError) as caught:
        store.runs.list_runs(where=where)

    assert caught.value.code == "metadata_invalid_filter"


def test_conditions_nest_as_deep_as_the_database_reads(store):
    """Thirty levels of and in or; without end is refused."""
    one = leaf("params", "ne", "x", key="k", negated=True)
    deep = one
    for level in range(30):
        deep = {("all", "any")[level % 2]: [one, deep]}
    endless = one
    for _ in range(200):
        endless = {"all": [endless]}
    with pytest.raises(ValidationError):
        store.runs.list_runs(where=endless)

    assert store.runs.list_runs(where=deep) == ()


def test_the_keys_of_all_runs_are_listed(store, make):
    """Each once, sorted."""
    store.projects.put_project(make.project("p"))
    store.runs.put_run(make.run("a", params={"lr": 1, "b": 2}, tags={"team": "x"}))
    store.runs.put_run(make.run("b", params={"lr": 1}))

    assert store.runs.list_keys("params") == ("b", "lr")
    assert store.runs.list_keys("tags") == ("team",)
