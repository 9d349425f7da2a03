"""One meaning: an expression selects the same runs in Python and in SQL.

"Both evaluate it the same way": the in-memory evaluator follows Kleene's logic over the nodes;
the other moves `not` to the leaves and asks a database and the index of the records.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.interpretation import QueryService, RunListQuery
from contexta.interpretation.query import RunExpression

PLAIN = ["", "a", "A", "adam", "0.01", "true", "nan", "inf", "null", "é", "\U0001f600"]
OTHERS = ["run:p.r1", "Project P", "q", "data", "abc", "%", "_", "[x]", "Adam%_[x]"]
TEXTS = [*PLAIN, *OTHERS, 'it\'s "x"; DROP TABLE runs --', "\\", "a\nb", "\x01"]
PATTERNS = ["*", "?", "a*", "*a*", "*x]", "?dam*", "a*b?c", "*[*", "", "run:p.r?", "A*", "*%_*"]
NUMBERS = ["0", "1", "0.01", "-3.5", "1e300", "2", "0.5", "inf", "-inf", "1152921504606846976"]
FIELDS = {
    "text": ["name", "id", "project", "code_revision", "dataset_ref", "tags.k", 'tags."a.b"',
             'tags["x y"]', "tags.é", "tags.nobody"],
    "any": ["params.k", "params.a.b", "params.`x y`", "params.é", "params.nobody"],
    "number": ["duration", *(
        f"{metric}{suffix}"
        for metric in ("metrics.loss", 'metrics."a.b/max"', "metrics.loss@train", "metrics.none")
        for suffix in ("", ".last", ".min", ".max", ".mean", ".first", ".count", ".nonfinite",
                       ".at(1)", ".at(7)")
    )],
    "time": ["started_at", "ended_at"],
}  # fmt: skip
TIMES = ["'2026-01-31'", "'2026-02-01'", "'2026-02-01T00:00:00Z'", "'2026-01-31T22:30:00+02:00'",
         "now", "now - 7d", "ago(1h)"]  # fmt: skip
ORDERS = ["<", "<=", ">", ">="]


def quoted(text):
    out = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{out}"'


texts = st.sampled_from([quoted(text) for text in TEXTS])
numbers = st.sampled_from(NUMBERS)
equalities = {
    "text": texts | st.sampled_from(["true", "false"]),
    "any": texts | numbers | st.sampled_from(["nan", "true", "false"]),
    "number": numbers | st.just("nan"),
    "time": st.sampled_from(TIMES),
}
orders = {"text": texts, "any": texts | numbers, "number": numbers, "time": st.sampled_from(TIMES)}


@st.composite
def leaves(draw):
    """One comparison of any kind."""
    kind = draw(st.sampled_from(sorted(FIELDS)))
    field = draw(st.sampled_from(FIELDS[kind]))
    shapes = ["null", "equal", "order", "in", "between", *(["pattern"] * (kind in ("text", "any")))]
    shape = draw(st.sampled_from(shapes))
    negation = draw(st.sampled_from(["", "not "]))
    if shape == "null":
        return f"{field} is {negation}null"
    if shape == "equal":
        return f"{field} {draw(st.sampled_from(['=', '!=']))} {draw(equalities[kind])}"
    if shape == "order":
        return f"{field} {draw(st.sampled_from(ORDERS))} {draw(orders[kind])}"
    if shape == "in":
        values = draw(st.lists(equalities[kind], min_size=1, max_size=4))
        return f"{field} {negation}in ({', '.join(values)})"
    if shape == "between":
        return f"{field} {negation}between {draw(orders[kind])} and {draw(orders[kind])}"
    word = draw(st.sampled_from([f"{negation}like", f"{negation}contains", "~", "!~"]))
    return f"{field} {word} {draw(texts | st.sampled_from([quoted(p) for p in PATTERNS]))}"


statuses = st.sampled_from(
    [
        "status = 'open'",
        "status != 'interrupted'",
        "status in ('open', 'failed')",
        "status like '*ed'",
        "status contains 'e'",
        "status is null",
        "status not in ('open', 'interrupted')",
    ]
)
expressions = st.recursive(
    leaves() | statuses,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
        st.builds("{} and {} or {}".format, leaves(), leaves(), leaves()),
    ),
    max_leaves=6,
)


def selected(repository, where, **more):
    query = RunListQuery(where=where, **more)
    return [run.run_id for run in QueryService(repository).list_runs(query=query)]


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=expressions, sort=st.sampled_from(["started_at", "ended_at", "name"]))
def test_sql_selects_what_python_selects(both, where, sort):
    """The same runs, and as many on a page."""
    stored, listed = (set(selected(r, where)) for r in (both.stored, both.listed))
    paged = selected(both.stored, where, sort_by=sort, limit=3, offset=1, sort_desc=True)

    assert stored == listed
    assert len(paged) == min(3, max(0, len(listed) - 1))
    assert set(paged) <= listed


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=expressions)
def test_an_expression_and_its_contrary_never_select_the_same_run(both, where):
    """What is unknown is selected by neither; a double `not` changes nothing."""
    plain = set(selected(both.stored, where))
    contrary = set(selected(both.stored, f"not ({where})"))
    double = set(selected(both.stored, f"not not ({where})"))

    assert plain & contrary == set()
    assert plain == double


@settings(max_examples=100, deadline=None)
@given(where=expressions)
def test_the_fields_of_an_expression_parse_to_themselves(where):
    """One spelling per field, which means the same."""
    fields = RunExpression(where).fields
    again = RunExpression(" and ".join(f"{field} is null" for field in fields)).fields

    assert fields == again
