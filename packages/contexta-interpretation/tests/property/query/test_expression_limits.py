"""Any text is an expression or our error, and whatever is one can be answered."""

from hypothesis import given, settings
from hypothesis import strategies as st

from contexta.contract.errors import ValidationError
from contexta.interpretation import QueryService, RunListQuery
from contexta.interpretation.query import RunExpression

CODES = {"query_invalid_expression", "query_expression_too_large"}
WORDS = [
    *("params.lr", "tags.a", "metrics.loss", "metrics", "status", "started_at", "duration", "name"),
    *("and", "or", "not", "in", "is", "null", "between", "like", "contains", "~", "!~", "AND"),
    *("=", "!=", "<", ">=", "(", ")", ",", ".", "@", "[", "]", "-", "at", "max", "max(1)"),
    *("1", "-1e5", "nan", "inf", "true", "'a'", '"b c"', "`k`", "now", "ago", "7d", "'2026-01-31'"),
    *("'", '"', "`", "\\", ";", "--", "\n", "\x00", "é", "\U0001f600", "\u202e", "\ud800"),
]


def parsed(text):
    """The fields of an expression, or the error."""
    try:
        return RunExpression(text).fields
    except ValidationError as error:
        return error


@settings(max_examples=400, deadline=None)
@given(text=st.text() | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_any_text_is_an_expression_or_our_error(text):
    """With a place that lies in the text."""
    found = parsed(text)

    if isinstance(found, tuple):
        assert found != ()
    else:
        assert found.code in CODES
        assert 1 <= found.details.get("line", 1) <= text.count("\n") + 1
        assert 1 <= found.details.get("column", 1) <= len(text) + 1


def largest():
    """Expressions at the limits, by what is large in them."""
    nested = "params.k not in ('a', 1)"
    for level in range(17):
        nested = f"name = 'a' {('and', 'or')[level % 2]} ({nested})"
    yield "nested", nested
    yield "contrary of nested", f"not ({nested.replace('name =', 'params.k like')})"
    yield "parentheses", "(" * 4_000 + "name = 'a'" + ")" * 4_000
    yield "not", "not " * 19 + "status = 'open'"
    kinds = ["params.k = 1", "tags.k like 'a*'", "metrics.loss > 1", "duration < 1", "name ~ 'b'"]
    yield "comparisons", " or ".join(kinds * 40)
    yield "contrary", f"not ({' and '.join(kinds * 40)})"
    yield "numbers", f"params.k not in ({','.join(map(str, range(2_000)))})"
    texts = ",".join(f"'{number}'" for number in range(1_400))
    yield "texts", f"tags.k in ({texts}) or name not in ('a')"
    yield "times", f"started_at in ({','.join(['ago(1h)'] * 200)})"
    yield "metric values", f"metrics.loss in ({','.join(['0.5'] * 2_000)})"
    yield "text", "name = '" + "é" * 9_000 + "'"


def test_what_is_at_the_limits_is_answered(both):
    """By the database as by the lists."""
    different = {}
    for what, where in largest():
        query = RunListQuery(where=where)
        stored, listed = (
            {run.run_id for run in QueryService(repository).list_runs(query=query)}
            for repository in (both.stored, both.listed)
        )
        if stored != listed:
            different[what] = stored ^ listed

    assert different == {}
