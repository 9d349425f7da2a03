"""The README tells the truth."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_code_blocks_run_in_order():
    """Every Python block of the README runs, one after the other."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    scope: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), scope)

    assert len(blocks) == 2
