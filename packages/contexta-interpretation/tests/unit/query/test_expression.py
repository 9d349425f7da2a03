"""Expressions as text: what they name, where they are wrong, and what they refuse to be."""

import copy
import pickle
import subprocess
import sys

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import QueryService, RunListQuery
from contexta.interpretation.query import RunExpression


def refusal(text):
    """The error of an expression."""
    with pytest.raises(ValidationError) as caught:
        RunExpression(text)
    return caught.value


FIELDS = {
    "status = 'open'": ("status",),
    "params.lr < 1 or params.lr > 2": ("params.lr",),
    "params.optimizer.lr < 1": ("params.optimizer.lr",),
    'params."optimizer.lr" < 1': ("params.optimizer.lr",),
    "params.`a b` < 1 and params['a b'] > 1": ('params."a b"',),
    "metrics.val/loss < 1": ("metrics.val/loss",),
    "metrics.train:loss-2.max < 1": ("metrics.train:loss-2.max",),
    "metrics.loss.last < 1": ("metrics.loss",),
    "metrics.max < 1": ("metrics.max",),
    "metrics.loss.max < 1": ("metrics.loss.max",),
    'metrics."loss.max" < 1': ('metrics."loss.max"',),
    'metrics["loss.max"].min < 1': ('metrics."loss.max".min',),
    "metrics.loss@train.max < 1": ("metrics.loss@train.max",),
    'metrics."a b"@"Train Phase".at(3) < 1': ('metrics."a b"@"Train Phase".at(3)',),
    "metrics.loss.at(-1) < 1": ("metrics.loss.at(-1)",),
    "metrics.x.at(9223372036854775807) < 1": ("metrics.x.at(9223372036854775807)",),
    'metrics."loss.max"@fit < 1': ('metrics."loss.max"@fit',),
    "params.and = 1 and tags.not = 'x'": ("params.and", "tags.not"),
    r'params."\"\\\n\u00e9" = 1': (r'params."\"\\\né"',),
}


@pytest.mark.parametrize("text", FIELDS)
def test_fields_have_one_spelling(text):
    """However a key is quoted; a statistic outside of the quotes only."""
    assert RunExpression(text).fields == FIELDS[text]


def test_an_expression_names_its_keys():
    """By kind, each once, in order."""
    found = RunExpression("params.b = 1 and metrics.x > 1 and (params.a = 1 or tags.t = 'v')")

    assert found.param_keys == ("b", "a")
    assert found.tag_keys == ("t",)
    assert found.metric_keys == ("x",)


def test_an_expression_is_a_value():
    """Equal by text, hashable, pickled and copied as its text."""
    one = RunExpression.parse("status = 'open'")

    assert one == pickle.loads(pickle.dumps(one)) == copy.deepcopy(one)
    assert len({one, RunExpression("status = 'open'")}) == 1
    assert RunListQuery(where=one.text).to_dict()["where"] == "status = 'open'"


WRONG = {
    # text: (line, column, something in the message)
    "": (1, 1, "blank"),
    "params.lr <": (1, 12, "a number"),
    "status = 'open' and": (1, 20, "a field"),
    "params.lr < 0.01 metrics.x > 1": (1, 18, "and, or"),
    "name = 'a'\n  and nme = 'b'": (2, 7, "nearest: name"),
    "status = 'complted'": (1, 10, "nearest: completed"),
    "param.lr = 1": (1, 1, "nearest: params"),
    "metrics.'loss'.maxx > 1": (1, 16, "nearest: max"),
    "metrics.loss@train.men > 1": (1, 20, "nearest: mean"),
    "metrics > 1": (1, 8, "key is missing"),
    "params. = 1": (1, 9, "a text in quotes"),
    "params.'' = 1": (1, 8, "empty"),
    "params.a.'b' = 1": (1, 10, "whole key"),
    "params.x@train = 1": (1, 10, "neither stages nor statistics"),
    "params.'x'.max = 1": (1, 12, "neither stages nor statistics"),
    "name.x = 'a'": (1, 5, "no parts"),
    "metrics.loss.at > 1": (1, 16, "needs a step"),
    "metrics.loss.at(1.5) > 1": (1, 17, "no step"),
    "metrics.loss.at(1e99) > 1": (1, 17, "no step"),
    "metrics.loss.at(-9223372036854775809) > 1": (1, 17, "64 bits"),
    "metrics.loss.at(9223372036854775808) > 1": (1, 17, "64 bits"),
    "metrics.loss.max@fit > 1": (1, 14, "metrics.loss@fit.max"),
    "metrics.loss.max@'fit' > 1": (1, 14, "key in quotes"),
    "metrics.loss.max(1) > 1": (1, 18, "takes no step"),
    "tags.fold = 3": (1, 13, "in quotes"),
    "duration = 'long'": (1, 12, "is a number"),
    "metrics.loss > 1h": (1, 16, "no duration"),
    "params.lr > now": (1, 13, "no time"),
    "started_at > 'soon'": (1, 14, "2026-01-31"),
    "started_at > 5": (1, 14, "is a time"),
    "started_at > ago(99999999w)": (1, 18, "calendars"),
    f"started_at > ago({'9' * 400}d)": (1, 18, "digits"),
    f"duration < {'9' * 400}w": (1, 12, "digits"),
    "name = null": (1, 8, "is null"),
    "params.lr < nan": (1, 13, "= nan"),
    "params.deep > true": (1, 15, "true"),
    "params.lr = 1e999": (1, 13, "inf"),
    "metrics.loss like 'a*'": (1, 19, "no text"),
    "name like 3": (1, 11, "in quotes"),
    "name not ~ 'x'": (1, 10, "!~"),
    "name in ()": (1, 10, "a text in quotes"),
    "1 < params.lr": (1, 1, "a field"),
    "(status = 'open'": (1, 17, ")"),
    "status = 'open')": (1, 16, "the end"),
    "name = 'a": (1, 8, "never closed"),
    r"name = '\q'": (1, 9, "escape"),
    r"name = '\ud83d'": (1, 9, "escape"),
    r"name = '\x00'": (1, 9, "escape"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_expression_is_refused_at_its_place(text):
    """With line and column from 1, what would fit, and a caret under the place."""
    error = refusal(text)
    line, column, part = WRONG[text]
    drawn = error.message.splitlines()

    assert error.code == "query_invalid_expression"
    assert (error.details["line"], error.details["column"]) == (line, column)
    assert part in error.message
    assert drawn[-1].index("^") == column - 1 + 2


def test_the_caret_stands_below_wide_characters():
    """A character of an East Asian script takes two columns of a screen, an accent none."""
    _, line, caret = refusal("name = '日本e\u0301' and nme = 'x'").message.splitlines()

    assert line.partition("nme")[0] == "  name = '日本e\u0301' and "
    assert caret == "  " + " " * 8 + "\u3000" * 2 + " " * 7 + "^"


HOSTILE = [
    "status = 'open'; DROP TABLE ledger_runs",
    "status = 'open' -- comment",
    "status = 'open' /* comment */",
    "status = 'open' # comment",
    "status = 'open' or 1=1",
    "status = 'open' union select * from ledger_runs",
    "name = ''' or ''='",
    "__class__ = 1",
    "name.__class__ = 'x'",
    "params.__class__.__mro__ = 1 and exec('x')",
    "(lambda: 0)()",
    "{{ 7 * 7 }}",
    "name = $1",
    "name = ?",
    "name = :name",
    "name = %(name)s",
    "name = 'a\x00b'",
    "name = '\ud800'",
    "name \u202e= 'x' \u2066",
    "\uff53\uff54atus = 'open'",
    "status = 'open' \u037e",
    "name = \u201copen\u201d",
    "(" * 10_000,
    "not " * 2_499 + "x",
    "[" * 5_000 + "]" * 5_000,
    "'" * 9_999,
    "\\" * 10_000,
    "a." * 5_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_no_expression(text):
    """Our error, its message short and printable."""
    error = refusal(text)

    assert error.code == "query_invalid_expression"
    assert len(error.message) < 800
    assert error.message.replace("\n", "").isprintable()


TOO_LARGE = {
    "x" * 1_000_000: "characters",
    "name = 'a' and (name = 'b' or (" * 11 + "name = 'c'" + "))" * 11: "levels of nesting",
    "not " * 2_000 + "name = 'a'": "levels of nesting",
    " or ".join(["name = 'a'"] * 201): "comparisons",
    "started_at in (" + ",".join(["now"] * 201) + ")": "comparisons",
    "name like '" + "*a" * 21 + "'": "stars in one pattern",
}


@pytest.mark.parametrize("text", TOO_LARGE, ids=range(len(TOO_LARGE)))
def test_an_expression_beyond_a_limit_is_refused(text):
    """With a code of its own and the limit, without the text."""
    error = refusal(text)

    assert error.code == "query_expression_too_large"
    assert error.details["what"] == TOO_LARGE[text]
    assert len(error.message) < 300


@pytest.mark.parametrize("value", [1, b"status = 'open'", ["status"]])
def test_what_is_no_text_is_no_expression(value):
    """Named as such, also where a query is built."""
    with pytest.raises(ValidationError) as caught:
        RunListQuery(where=value)

    assert caught.value.code == "query_invalid_expression"


def test_a_pattern_of_many_stars_costs_little(make):
    """Twenty stars over a long name: no piece is tried twice at one place."""
    run = make.run("a" * 100_000)
    service = QueryService(make.repository(runs=[run]))
    found = service.list_runs(query=RunListQuery(where="name like '" + "*a" * 19 + "*b'"))

    assert found == ()


def test_keys_that_no_run_has_are_named(make):
    """With what looks like them; they are no error."""
    run = make.run("r", params={"learning_rate": 1}, tags={"team": "x"})
    service = QueryService(make.repository(runs=[run], records=[make.metric(run, "acc", 1.0)]))
    where = "params.learning_rat = 1 or tags.team = 'x' or metrics.acc.maxx > 1 or status = 'open'"
    found = service.unknown_keys(where)

    assert [(key.field, key.nearest) for key in found] == [
        ("params.learning_rat", ("params.learning_rate",)),
        ("metrics.acc.maxx", ("metrics.acc",)),
    ]
    assert found[0].text == "no run has params.learning_rat; nearest: params.learning_rate"
    assert len(service.list_runs(query=RunListQuery(where=where))) == 1


def test_the_parser_is_loaded_for_expressions_only():
    """A query without one needs no parser."""
    code = (
        "import sys; from contexta.interpretation import RunListQuery; RunListQuery(limit=1);"
        "print('lark' in sys.modules); RunListQuery(where='duration > 1');"
        "print('lark' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]
