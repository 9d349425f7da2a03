"""Rows as a Markdown table, with the slope of each work over its sizes."""

from __future__ import annotations

import math

HEAD = ("work", "size", "ours", "floor", "ratio", "peer", "ratio", "slope", "goal", "note")


def slope(sizes: list[float], values: list[float]) -> float | None:
    """Return the log-log slope by least squares: 0 is flat, 1 grows with the size."""
    points = [(math.log(s), math.log(v)) for s, v in zip(sizes, values, strict=True) if v > 0]
    if len({x for x, _ in points}) < 2:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    above = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return above / sum((x - mean_x) ** 2 for x, _ in points)


def add_slopes(rows: list[dict]) -> None:
    """Give the last row of each work the slope of ours, of the floor and of the peer."""
    by_work: dict[str, list[dict]] = {}
    for row in rows:
        by_work.setdefault(row["work"], []).append(row)
    for same in by_work.values():
        slopes = {"ours": slope([r["size"] for r in same], [r["ours"] for r in same])}
        for name in ("floor", "peer"):
            given = [r for r in same if r[name] is not None]
            names = {r[name]["name"] for r in given}
            if len(names) == 1:
                values = [r[name]["value"] for r in given]
                slopes[name] = slope([r["size"] for r in given], values)
        same[-1]["slope"] = {name: value for name, value in slopes.items() if value is not None}


def as_table(rows: list[dict]) -> str:
    """Return the rows as a Markdown table; ratios are ours divided by the other."""
    add_slopes(rows)
    lines = [_line(HEAD), _line(["---"] * len(HEAD))]
    for row in rows:
        cells = [row["work"], f"{row['size']:,}", f"**{_number(row['ours'])}** {row['unit']}"]
        for name in ("floor", "peer"):
            other = row[name]
            cells.append("" if other is None else f"{_number(other['value'])} ({other['name']})")
            found = None if other is None else ratio(row, name)
            cells.append("" if found is None else _number(found))
        cells += [_slopes(row), _goal(row), row["note"]]
        lines.append(_line(cells))
    return "\n".join(lines)


def ratio(row: dict, name: str) -> float | None:
    """Return ours divided by the floor or the peer; None when that is zero."""
    other = row[name]["value"]
    return row["ours"] / other if other else None


def goal_met(row: dict) -> bool | None:
    """Tell whether a figure of this run meets its goal; None without one."""
    if row["goal"] is None:
        return None
    if row["goal"]["sign"] == "<=":
        return row["ours"] <= row["goal"]["limit"]
    return row["ours"] >= row["goal"]["limit"]


def _goal(row: dict) -> str:
    if row["goal"] is None:
        return ""
    mark = "met" if goal_met(row) else "missed"
    return f"{row['goal']['sign']} {_number(row['goal']['limit'])} {mark}"


def _slopes(row: dict) -> str:
    found = row.get("slope", {})
    if "ours" not in found:
        return ""
    others = [f"{name} {found[name]:.2f}" for name in ("floor", "peer") if name in found]
    return f"{found['ours']:.2f}" + (f" ({', '.join(others)})" if others else "")


def _number(value: float) -> str:
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 4)}f}"


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
