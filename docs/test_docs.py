"""Each code block of the documentation runs, or says why it does not.

The Python blocks of a page run as one script in an empty folder, then its shell blocks,
then its SQL blocks (in DuckDB), in the same folder. A block opts out with an HTML comment
right above it: ``<!-- not run: the reason -->``.
"""

import os
import subprocess
import sys
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
            duckdb.connect().sql(query).fetchall()


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


def test_the_workspace_page_names_each_column_of_the_ledger(tmp_path):
    """The views that strangers may rely on have the columns that the page promises."""
    import sqlite3

    from contexta import Contexta

    with Contexta(workspace=tmp_path / ".contexta") as ctx, ctx.run("r", params={"a": 1}):
        pass
    ledger = sqlite3.connect(tmp_path / ".contexta" / "metadata" / "ledger.sqlite")
    page = (ROOT / "docs" / "format" / "workspace.md").read_text(encoding="utf-8")
    section = page[page.index("| view or table | columns |") :].splitlines()[2:]
    for line in section:
        if not line.startswith("| `"):
            break
        name, columns = (cell.strip() for cell in line.strip("|").split("|"))
        row = ledger.execute(f"SELECT * FROM {name.strip('`')} LIMIT 0")

        assert columns.split(", ") == [column[0] for column in row.description]
    ledger.close()


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
