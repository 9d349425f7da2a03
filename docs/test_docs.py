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
