"""Expressions over many runs, warm: beside the same answer of one SQL query on plain SQLite.

Filters of their own (`params`, `metric_conditions`) stand in the note, where they can ask the
same: an expression must not cost more than they do.
"""

from __future__ import annotations

import functools
import sqlite3

import _stores
from _harness import Options, fresh, in_turn, main, median_ms, row

PAGE = 20
PARAM = "params.lr = 0.3"
METRIC = "metrics.metric-3 > 6.5"
MIXED = f"params.lr < 0.4 and {METRIC} or tags.team = 'vision'"
CONTRARY = f"not ({METRIC}) and metrics.metric-2.min is not null"
STEP = "metrics.metric-3.at(5) > 6.5"
WHERE = {
    "one parameter": PARAM,
    "one metric": METRIC,
    "parameter and metric": f"{PARAM} and {METRIC}",
    "mixed, with or": MIXED,
    "not, most runs": CONTRARY,
    "value at a step": STEP,
}
_METRIC = "exists (select 1 from finals f where f.run = id and f.key = 'metric-3' and value > 6.5)"
_LR = "exists (select 1 from params p where p.run = id and p.key = 'lr' and number {0})"
FLOOR = {
    "one parameter": _LR.format("= 0.3"),
    "one metric": _METRIC,
    "parameter and metric": f"{_LR.format('= 0.3')} and {_METRIC}",
    "mixed, with or": f"{_LR.format('< 0.4')} and {_METRIC}",
    "not, most runs": f"not {_METRIC}",
    "value at a step": """exists (select 1 from points o where o.run = id
        and o.key = 'metric-3' and step = 5 and value > 6.5)""",
}


def ours(folder: str, count: int) -> list[float]:
    """Return milliseconds and answers of each expression, then those of the plain filters."""
    from contexta import Contexta
    from contexta.interpretation import MetricCondition, RunListQuery

    condition = (MetricCondition("metric-3", "gt", 6.5),)
    plain = [{"params": {"lr": 0.3}}, {"metric_conditions": condition}]
    plain.append({**plain[0], **plain[1]})
    asked = [*({"where": where} for where in WHERE.values()), *plain]
    numbers: list[float] = []
    with Contexta(workspace=folder) as ctx:
        for filters in asked:

            def page(filters: dict = filters) -> int:
                query = RunListQuery(limit=PAGE, sort_desc=True, **filters)
                return len(ctx.list_runs(query=query))

            numbers += [median_ms(page, count), page()]
    return numbers


def floor(path: str, count: int) -> list[float]:
    """The same of one SQL query each."""
    numbers: list[float] = []
    with sqlite3.connect(path) as db:
        for where in FLOOR.values():
            text = f"select * from runs where {where} order by started_us desc limit {PAGE}"

            def page(text: str = text) -> int:
                return len(db.execute(text).fetchall())

            numbers += [median_ms(page, count), page()]
    return numbers


def parsing(count: int) -> list[float]:
    """Return milliseconds of the first expression of a process, and of one more."""
    from _harness import seconds

    import contexta.interpretation  # noqa: F401 - what every question loads is not the parser's
    from contexta.interpretation.query import RunExpression

    first = seconds(lambda: RunExpression(METRIC)) * 1e3
    return [first, median_ms(lambda: RunExpression(MIXED), count)]


def measure(options: Options) -> list[dict]:
    """Ask in processes of their own, in turn; both must find as many answers."""
    first, more = fresh(parsing, 200)
    rows = [
        row("parse the first expression of a process", 1, "ms", first),
        row("parse an expression", 1, "ms", more),
    ]
    for runs in options.pick([100, 1_000], [1_000, 10_000]):
        count = options.pick(7, 15)
        calls = {
            "ours": functools.partial(fresh, ours, _stores.workspace(options.folder, runs), count),
            "floor": functools.partial(
                fresh, floor, _stores.sqlite_twin(options.folder, runs), count
            ),
        }
        found = in_turn(calls, options.pick(1, 3))
        plain = dict(zip(WHERE, found["ours"][2 * len(WHERE) :: 2], strict=False))
        for index, name in enumerate(WHERE):
            (own, answers), (least, same) = (
                found[source][2 * index : 2 * index + 2] for source in ("ours", "floor")
            )
            assert answers == same, f"{name}: {answers} answers, the floor has {same}"
            rows.append(
                row(
                    f"newest {PAGE} by expression: {name}",
                    runs,
                    "ms",
                    own,
                    floor=("one SQL query on SQLite", least),
                    note=f"by filters {plain[name]:.2f} ms" if name in plain else "",
                )
            )
    return sorted(rows, key=lambda one: one["work"])


if __name__ == "__main__":
    main(measure)
