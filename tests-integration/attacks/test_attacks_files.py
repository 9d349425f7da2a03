"""What names of a workspace can make of the files and fragments that people pass on."""

import contextlib
import csv
import io
import json
import re

import pyarrow.parquet
import pytest
from _attacks_html import BAD_SIGNS, Page
from _attacks_workspace import PROJECT, TEXTS, build, run_id_of

from contexta import Contexta
from contexta.cli import run_cli

RUNS = [f"{PROJECT}.{run_id_of(place)}" for place in range(len(TEXTS))]
STARTS = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
TABLES = (
    "runs", "params", "trend score", "alerts --rule score>0",
    f"anomaly {RUNS[9]}", f"compare {RUNS[8]} {RUNS[13]}", f"diagnostics {PROJECT}.failed",
    f"lineage artifact:{RUNS[0]}.model", f"series {RUNS[8]}", f"records {PROJECT}.failed",
    *(f"records {run}" for run in RUNS[::3]),
)  # fmt: skip


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """The hostile workspace."""
    found, _ = build(tmp_path_factory.mktemp("attacks"))
    return found


def written(space, *words):
    """What a command prints; it must succeed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = run_cli(["--workspace", str(space), *words])
    assert 0 == code, words
    return out.getvalue()


def formulas(text):
    """Cells that a spreadsheet would run; numbers are none."""
    found = []
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            begins = cell.lstrip(" \u00a0\u3000")
            if begins.startswith(STARTS) and not re.fullmatch(r"-?[\d.]+(e[-+]?\d+)?|-inf", cell):
                found.append(cell[:60])
    return found


def test_no_cell_of_a_csv_file_is_a_formula(space):
    """Every export and every list: no cell runs, and no byte turns the terminal around."""
    calls = [["export", "csv", *table.split()] for table in TABLES]
    lists = ("runs --limit 100", "artifact list", "metrics", "deployments")
    calls += [["--format", "csv", *words.split()] for words in lists]
    views = ("runs", "params", "tags", "events")
    calls += [["--format", "csv", "query", f"FROM {view}"] for view in views]
    calls += [["--format", "csv", "events", run] for run in RUNS[::4]]
    calls += [["report", "snapshot", run, "--render", "csv"] for run in RUNS[::4]]
    won, cells = [], 0
    for words in calls:
        text = written(space, *words)
        cells += sum(len(row) for row in csv.reader(io.StringIO(text, newline="")))
        wrong = formulas(text)
        wrong += [text[found.start() - 30 : found.end()] for found in BAD_SIGNS.finditer(text)]
        if wrong:
            won.append((" ".join(words)[:80], wrong[:4]))
    print(f"attacks={len(calls)} cells={cells} succeeded={len(won)}")

    assert [] == won
    assert cells > 3000


def test_a_page_as_a_file_runs_nothing_and_loads_nothing(space):
    """Reports as HTML have no script, one policy, and no address but places in themselves."""
    calls = [["report", "snapshot", run, "--render", "html"] for run in (*RUNS[:8], *RUNS[8::5])]
    calls += [["report", "compare", RUNS[0], RUNS[1], "--render", "html"]]
    calls += [["report", "multi", *RUNS[:9], "--render", "html"]]
    calls += [["report", "project", PROJECT, "--render", "html"]]
    calls += [["report", "trend", "score", "--render", "html"]]
    calls += [
        ["export", "html", "--run", RUNS[3]],
        ["export", "html", "--run", f"{PROJECT}.failed"],
    ]
    calls += [["export", "html", "--left", RUNS[0], "--right", RUNS[4]]]
    won = []
    for words in calls:
        text = written(space, *words)
        page = Page(text, standalone=True)
        wrong = sorted(set(page.wrong))
        policy = page.policies[0] if len(page.policies) == 1 else ""
        if "default-src 'none'" not in policy or "unsafe" in policy or "script-src" in policy:
            wrong.append(("policy", policy))
        wrong += [("sign", text[one.start() - 30 : one.end()]) for one in BAD_SIGNS.finditer(text)]
        if wrong:
            won.append((" ".join(words)[:60], wrong[:5]))
    print(f"attacks={len(calls)} succeeded={len(won)}")

    assert [] == won


def test_markdown_holds_no_markup_of_others(space):
    """Names are text in Markdown: no element, no link, no image."""
    won = []
    calls = [["report", "snapshot", run] for run in RUNS]
    calls += [["report", "compare", RUNS[0], RUNS[6]], ["report", "multi", *RUNS[:9]]]
    for words in calls:
        text = written(space, *words)
        # What stands between backticks is shown as it is, and a backslash takes a sign's meaning.
        plain = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
        wrong = re.findall(r"(?<!\\)<[a-z/!].{0,40}", plain, re.I)
        wrong += re.findall(r"(?<!\\)\]\((?:javascript|https?):.{0,40}", plain)
        wrong += [text[one.start() - 30 : one.end()] for one in BAD_SIGNS.finditer(text)]
        if wrong:
            won.append((" ".join(words)[:60], wrong[:4]))
    print(f"attacks={len(calls)} succeeded={len(won)}")

    assert [] == won


def test_json_lines_are_strict_and_parquet_is_plain(space, tmp_path):
    """Each line is JSON without NaN and ASCII; Parquet has names and values as they were."""
    won = []
    for number, table in enumerate(TABLES):
        text = written(space, "export", "jsonl", *table.split())
        for line in text.splitlines():
            json.loads(line, parse_constant=pytest.fail)
        path = tmp_path / f"{number}.parquet"
        written(space, "export", "parquet", *table.split(), "--output", str(path))
        schema = pyarrow.parquet.read_table(path).schema
        if not text.isascii() or any("extension" in str(one.type) for one in schema):
            won.append(table)
    runs = pyarrow.parquet.read_table(tmp_path / "0.parquet").column("name").to_pylist()
    print(f"attacks={len(TABLES) * 2} succeeded={len(won)}")

    assert [] == won
    assert "=cmd|'/c calc'!A0" in runs


def test_notebook_fragments_are_made_of_our_elements_only(space):
    """Neither a fragment nor its style or address comes from a name."""
    won = []
    with Contexta(workspace=space, read_only=True) as ctx:
        shown = {run: ctx.notebook.show_run(run, display=False) for run in RUNS[:12]}
        shown["two"] = ctx.notebook.compare_runs(RUNS[0], RUNS[1], display=False)
        shown["many"] = ctx.notebook.compare_many(RUNS[:9], display=False)
        shown["trend"] = ctx.notebook.show_metric_trend("score", display=False)
        shown["runs"] = ctx.notebook.show(ctx.list_runs(), display=False)
        for name, fragment in shown.items():
            text = fragment._repr_html_()
            wrong = sorted(set(Page(text, standalone=True).wrong))
            if wrong:
                won.append((name, wrong[:5]))
    print(f"attacks={len(shown)} succeeded={len(won)}")

    assert [] == won
