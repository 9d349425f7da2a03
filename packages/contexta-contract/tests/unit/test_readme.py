"""The README does what it says."""

import contextlib
import io
import re
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_every_python_block_runs_and_prints_what_is_shown():
    """Code blocks run in order; a text block is the output of the one before it."""
    blocks = re.findall(r"```(python|text)\n(.*?)```", README, re.DOTALL)
    output = ""
    for kind, body in blocks:
        if kind == "text":
            assert output == body
            continue
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(body, "README.md", "exec"), {})
        output = printed.getvalue()

    assert [kind for kind, _ in blocks] == ["python", "python", "text"]
