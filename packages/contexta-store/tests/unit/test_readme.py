"""The README does not lie."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_all_python_blocks_run_in_order(tmp_path, monkeypatch):
    """The code blocks run one after the other in an empty folder, asserts included."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)

    assert len(blocks) == 6
    assert sorted(p.name for p in (tmp_path / "demo").iterdir()) == [
        "artifacts",
        "metadata",
        "records",
        "weights.bin",
    ]
