"""What is no workspace, of a newer format or damaged is refused before anything changes."""

import json

import pytest

from contexta.contract.errors import (
    IntegrityError,
    NotFoundError,
    SchemaVersionError,
    ValidationError,
)
from contexta.store.merge import merge_workspaces


def newer_workspace(root):
    mark = {"format_version": 99, "workspace_id": "1" * 32}
    (root / "workspace.json").write_text(json.dumps(mark))


def newer_ledger(root):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(root / "metadata" / "ledger.sqlite")) as connection:
        connection.execute("UPDATE schema_metadata SET store_schema_version = '99'")
        connection.commit()


@pytest.mark.parametrize("make_newer", [newer_workspace, newer_ledger])
@pytest.mark.parametrize("which", ["source", "target"])
def test_newer_format_is_refused(workspace, make_newer, which):
    """A newer format on either side is refused before anything changes."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    make_newer({"source": a, "target": b}[which].root)
    before = {name: raw for name, (raw, _) in b.files().items() if "lock" not in name}

    with pytest.raises(SchemaVersionError):
        merge_workspaces(a.root, b.root)

    after = {name: raw for name, (raw, _) in b.files().items() if "lock" not in name}
    assert before == after


def test_wrong_folders_are_refused(workspace, tmp_path):
    """No workspace, the same one, and one inside the other have codes of their own."""
    a = workspace("a")
    inside = workspace("a/inside")
    link = tmp_path / "link"
    link.symlink_to(a.root)
    cases = [
        (tmp_path / "none", a.root, NotFoundError),
        (a.root, a.root, ValidationError),
        (link, a.root, ValidationError),
        (inside.root, a.root, ValidationError),
        (a.root, inside.root, ValidationError),
    ]

    codes = []
    for source, target, expected in cases:
        with pytest.raises(expected) as caught:
            merge_workspaces(source, target)
        codes.append(caught.value.code)

    assert [
        "workspace_not_found",
        "merge_same_workspace",
        "merge_same_workspace",
        "merge_nested_workspace",
        "merge_nested_workspace",
    ] == codes


def test_damaged_ledger_is_refused(workspace):
    """A merge refuses to guess what was taken before."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    merge_workspaces(a.root, b.root)
    path = b.root / "records" / "_merged.jsonl"
    path.write_bytes(path.read_bytes().replace(b"run:p.x", b"run:p.y", 1))

    with pytest.raises(IntegrityError) as caught:
        merge_workspaces(a.root, b.root)

    assert "merge_ledger_damaged" == caught.value.code
