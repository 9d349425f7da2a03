import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_code_of_the_readme_runs(root, populate, monkeypatch, capsys):
    populate(root)
    monkeypatch.chdir(root.parent)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)

    printed = capsys.readouterr().out
    assert len(blocks) == 5
    assert "SUCCESS nightly-" in printed
    assert "True pre-restore-safety-" in printed
    assert "SUCCESS 1 0" in printed
