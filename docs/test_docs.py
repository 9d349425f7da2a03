"""Each code block of the documentation runs, or says why it does not.

The Python blocks of a page run as one script in an empty folder, then its shell blocks,
then its SQL blocks (in DuckDB), in the same folder. On a page with the comment
``<!-- blocks run in order -->`` neighbors of one language run together, in the order of the
page. A block opts out with an HTML comment right above it: ``<!-- not run: the reason -->``.
"""

import ast
import os
import re
import subprocess
import sys
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import duckdb
import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "packages/*/README.md")
    for path in ROOT.glob(pattern)
    if "build" not in path.parts
)
RUNNABLE = {"python", "sh", "sql"}
INERT = {"text", "json", "toml", ""}
# Texts in the source of the stores that are named like codes and are none.
NOT_CODES = {"y", "record_store", "record_store_invalid"}


def blocks(page: Path) -> list[tuple[str, str, str | None]]:
    """Return (language, code, reason not to run or None) of each fence of a page."""
    found, reason = [], None
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "html_block" and token.content.startswith("<!-- not run:"):
            reason = token.content[len("<!-- not run:") :].strip().removesuffix("-->").strip()
        elif token.type == "fence":
            found.append((token.info.split(" ")[0], token.content, reason))
            reason = None
        elif token.level == 0:
            reason = None
    return found


def run(command: list[str], folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_code_blocks_run(page, tmp_path):
    """A reader who copies a block gets what the page promises."""
    chosen = [(language, code) for language, code, reason in blocks(page) if reason is None]
    if "<!-- blocks run in order -->" not in page.read_text(encoding="utf-8"):
        run_blocks(chosen, tmp_path)
        return
    runnable = [block for block in chosen if block[0] in RUNNABLE]
    for _, group in groupby(runnable, key=itemgetter(0)):
        run_blocks(list(group), tmp_path)


def run_blocks(chosen: list[tuple[str, str]], tmp_path: Path) -> None:
    """Run Python blocks as one script, then shell blocks, then SQL blocks."""
    script = "\n".join(code for language, code in chosen if language == "python")
    if script:
        (tmp_path / "_page.py").write_text(script, encoding="utf-8")
        run([sys.executable, "_page.py"], tmp_path)
        (tmp_path / "_page.py").unlink()
    for language, code in chosen:
        if language == "sh":
            assert "install" not in code, "a test never fetches packages from an index"
            run(["bash", "-euo", "pipefail", "-c", code], tmp_path)
    queries = [code for language, code in chosen if language == "sql"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        for query in queries:
            duckdb.connect().sql(query).to_arrow_table()  # fetchall wants pytz for instants


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_names_its_language(page):
    """No block escapes by an unknown or missing language; an opt-out gives a reason."""
    for language, code, reason in blocks(page):
        known = language in RUNNABLE | INERT or language.startswith("{")

        assert known, f"{language!r} above {code[:60]!r}"
        assert reason is None or len(reason) > 8


@pytest.mark.parametrize("kind", ["metric", "event", "span", "degraded"])
def test_the_columns_page_names_each_column(kind):
    """The page of the record columns agrees with the schema in code."""
    from contexta.store.records import schema

    page = (ROOT / "docs" / "format" / "records.md").read_text(encoding="utf-8")
    missing = [
        field.name
        for field in schema.schema_for(kind)
        if f"| `{field.name}` |" not in page or field.metadata[b"meaning"].decode() not in page
    ]

    assert [] == missing


def rows_of(page: Path, heading: str) -> list[list[str]]:
    """Return the cells of the table of a page whose heading line is given."""
    text = page.read_text(encoding="utf-8")
    found = []
    for line in text[text.index(heading) :].splitlines()[2:]:
        if not line.startswith("| "):
            break
        found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


@pytest.fixture
def workspace(tmp_path):
    """A workspace with one run, closed."""
    from contexta import Contexta

    with Contexta(workspace=tmp_path / ".contexta") as ctx, ctx.run("r", params={"a": 1}) as run:
        run.metric("loss", 0.5)
    return tmp_path / ".contexta"


def columns_in(ledger: Path, kind: str) -> dict[str, list[str]]:
    """Return the columns of each table or view of a database."""
    import sqlite3

    database = sqlite3.connect(ledger)
    names = database.execute("SELECT name FROM sqlite_master WHERE type = ?", (kind,)).fetchall()
    found = {}
    for (name,) in names:
        row = database.execute(f"SELECT * FROM {name} LIMIT 0")
        found[name] = [column[0] for column in row.description]
    database.close()
    return found


def test_the_ledger_page_names_each_view_and_its_columns(workspace):
    """The views that strangers may rely on have the columns that the page promises."""
    ledger = workspace / "metadata" / "ledger.sqlite"
    page = ROOT / "docs" / "format" / "ledger.md"
    rows = rows_of(page, "| view or table | columns |")
    shown = {name.strip("`"): columns.split(", ") for name, columns in rows}
    known = {**columns_in(ledger, "table"), **columns_in(ledger, "view")}

    assert set() == columns_in(ledger, "view").keys() - shown.keys()
    assert shown == {name: known[name] for name in shown}


def test_the_ledger_page_names_each_table_and_its_columns(workspace):
    """No table of the ledger is left out, and none has a column that the page does not know."""
    page = ROOT / "docs" / "format" / "ledger.md"
    rows = rows_of(page, "| table | columns | what it holds |")
    shown = {name.strip("`"): columns.split(", ") for name, columns, _ in rows}
    known = columns_in(workspace / "metadata" / "ledger.sqlite", "table")

    assert known == shown


def test_the_record_files_page_names_each_bookkeeping_file(workspace):
    """What lies below `records/` has a row: the names that the code knows, and those on disk."""
    from contexta.store.records._layout import Layout

    page = (ROOT / "docs" / "format" / "record-files.md").read_text(encoding="utf-8")
    layout = Layout(workspace / "records")
    names = {path.name for path in vars(layout).values() if path != layout.root}
    names |= {path.name for path in (workspace / "records").glob("_*")}

    assert [] == sorted(name for name in names if f"`{name}" not in page)


def test_the_record_files_page_names_each_footer_key(workspace):
    """The footer of a part holds nothing that the page does not explain."""
    import pyarrow.parquet as pq

    page = (ROOT / "docs" / "format" / "record-files.md").read_text(encoding="utf-8")
    part = next((workspace / "records").glob("*/*/*.parquet"))
    keys = [key.decode() for key in pq.read_metadata(part).metadata]

    assert [] == [key for key in keys if f"`{key}`" not in page and key != "ARROW:schema"]


def test_the_record_files_page_names_each_kind_of_frame():
    """The kinds of frames and of log lines are those of the code."""
    from contexta.store.records import _frames, _part_entry

    rows = rows_of(ROOT / "docs" / "format" / "record-files.md", "| kind | name | payload |")
    frames = ("POINT", "DEFINE", "RECORD", "BATCH", "GROUP")
    kinds = sorted(getattr(_frames, name) for name in frames)
    lines = rows_of(ROOT / "docs" / "format" / "record-files.md", "| kind | version | fields |")

    assert [str(kind) for kind in kinds] == [row[0] for row in rows]
    assert {f"`{kind}`" for kind in (_part_entry.REPLACE, _part_entry.CHECKPOINT)} <= {
        row[0] for row in lines
    }


def test_the_artifacts_page_names_each_place_and_field(workspace):
    """Places of the layout and fields of a binding are those of the code."""
    from contexta.store.artifacts import ArtifactBinding
    from contexta.store.artifacts._layout import Layout

    page = (ROOT / "docs" / "format" / "artifacts.md").read_text(encoding="utf-8")
    layout = Layout(workspace / "artifacts")
    places = {getattr(layout, name).name for name in Layout.__slots__ if name != "root"}

    assert [] == sorted(name for name in places if f"`{name}" not in page)
    assert [] == [name for name in ArtifactBinding.__slots__ if f"`{name}`" not in page]


def codes_in(folder: Path) -> tuple[set[str], set[str]]:
    """Return the codes in the source of a package, and patterns for those that are put together.

    A code is what is passed as `code=`, and every text elsewhere that is named like one.
    """
    named = re.compile(
        r"(metadata_(store|missing)|record_(store|bulk|import|scan)|artifact_store)_\w+"
    )
    exact: set[str] = set()
    patterns: set[str] = set()
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            values = []
            if isinstance(node, ast.Constant) and named.fullmatch(str(node.value)):
                exact.add(str(node.value).rstrip("_"))
            if isinstance(node, ast.keyword) and node.arg == "code":
                values = [node.value]
                if isinstance(node.value, ast.IfExp):
                    values = [node.value.body, node.value.orelse]
            for value in values:
                if isinstance(value, ast.Constant):
                    exact.add(str(value.value))
                elif isinstance(value, ast.JoinedStr):
                    parts = [v.value if isinstance(v, ast.Constant) else ".+" for v in value.values]
                    patterns.add("".join(map(str, parts)))
    return exact, patterns


def test_each_code_of_the_stores_has_a_row():
    """A new code without a row, and a row whose code is gone, fail."""
    import contexta.store

    exact, patterns = codes_in(Path(contexta.store.__file__).parent)
    exact -= NOT_CODES
    page = (ROOT / "docs" / "reference" / "store-errors.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| `")]
    shown = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(contexta.store.__file__).parent.rglob("*.py")
    )
    gone = {
        code
        for code in shown
        if f'"{code}"' not in source and not any(re.fullmatch(p, code) for p in patterns)
    }

    assert set() == exact - shown
    assert set() == gone
    assert [] == [p for p in sorted(patterns) if not any(re.fullmatch(p, code) for code in shown)]


def test_each_case_of_bad_input_names_tests_that_exist():
    """The page of bad input points to files and tests that are there."""
    page = (ROOT / "docs" / "reference" / "bad-input.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", page)
    folders = (ROOT / "packages" / "contexta-store" / "tests" / "unit", ROOT / "tests-integration")
    missing = []
    for path, test in named:
        found = [folder / path for folder in folders if (folder / path).is_file()]
        if not found or f"def {test}" not in found[0].read_text(encoding="utf-8"):
            missing.append((path, test))

    assert len(named) > 30
    assert [] == missing


def test_the_versions_on_the_workspace_page_are_those_of_the_code():
    """Each format version has a row with the number that is written now."""
    from contexta.store import workspace
    from contexta.store.artifacts import PACKAGE_FORMAT_VERSION, _bindings
    from contexta.store.metadata import CURRENT_METADATA_STORE_SCHEMA_VERSION, _version
    from contexta.store.records import _frames, _index_file, _part_entry, _part_file, schema

    rows = rows_of(ROOT / "docs" / "format" / "workspace.md", "| what | where it stands | now |")
    now = {what: version for what, _, version in rows}
    ledger = f"{CURRENT_METADATA_STORE_SCHEMA_VERSION} (revision {_version.HEAD_REVISION})"

    assert str(workspace.WORKSPACE_FORMAT_VERSION) == now["workspace"]
    assert str(_frames.SEGMENT_FORMAT_VERSION) == now["segment"]
    assert str(_part_entry.LOG_FORMAT_VERSION) == now["lines of `_parts.jsonl`"][0]
    assert str(_part_file.PART_FORMAT_VERSION) == now["Parquet part"]
    assert str(schema.SCHEMA_VERSION) == now["columns of the records"]
    assert str(_index_file.FORMAT_VERSION) == now["derived index"]
    assert ledger == now["ledger"]
    assert (
        str(_bindings.BINDING_FORMAT_VERSION) == now["binding, tree, tombstone, quarantine entry"]
    )
    assert f"`{PACKAGE_FORMAT_VERSION}`" == now["export package of an artifact"]


def test_the_spark_page_shows_the_code_of_its_example():
    """What the page shows is a file that runs."""
    page = (ROOT / "docs" / "how-to" / "spark.md").read_text(encoding="utf-8")
    example = (ROOT / "docs" / "examples" / "spark_read.py").read_text(encoding="utf-8")
    shown = page.split("```python\n")[1].split("```")[0]

    assert example.endswith(shown)


def test_each_setting_is_documented():
    """The configuration page lists every setting, its variable and its default."""
    from contexta.config import UnifiedConfig, config_to_mapping

    page = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")

    def leaves(mapping, prefix=""):
        for key, value in mapping.items():
            if isinstance(value, dict) and value:
                yield from leaves(value, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}"

    names = set(leaves(config_to_mapping(UnifiedConfig()))) - {"config_version", "profile_name"}

    assert [] == sorted(name for name in names if f"| `{name}` |" not in page)


def test_each_route_is_documented():
    """The page of the server lists every page, every JSON route and every parameter."""
    from contexta.web._routes import PAGES as ADDRESSES
    from contexta.web._spec import all_specs

    page = (ROOT / "docs" / "reference" / "http.md").read_text(encoding="utf-8")
    names = {spec.path for spec in all_specs()} | ADDRESSES.keys()
    names |= {query.name for spec in all_specs() for query in spec.query}

    assert [] == sorted(name for name in names if f"| `{name}` |" not in page)
