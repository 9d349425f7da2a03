"""The mark of a workspace."""

import json

import pytest

from contexta.contract.errors import (
    IntegrityError,
    NotFoundError,
    ReadOnlyStoreError,
    SchemaVersionError,
)
from contexta.store.workspace import WORKSPACE_FORMAT_VERSION, open_workspace


def test_creates_once_and_reads_afterwards(tmp_path):
    """The id stays the same over opens, also read-only ones."""
    root = tmp_path / "w"
    first = open_workspace(root, create=True)
    again = open_workspace(root, create=False, read_only=True)

    assert first == again
    assert (len(first.workspace_id), first.format_version) == (32, WORKSPACE_FORMAT_VERSION)
    assert json.loads((root / "workspace.json").read_text()) == {
        "format_version": 1,
        "workspace_id": first.workspace_id,
    }


def test_absent_is_refused_without_create(tmp_path):
    """Nothing is created when creating is not asked for or not allowed."""
    with pytest.raises(NotFoundError) as absent:
        open_workspace(tmp_path / "w", create=False)
    with pytest.raises(ReadOnlyStoreError) as read_only:
        open_workspace(tmp_path / "w", create=True, read_only=True)

    codes = (absent.value.code, read_only.value.code)
    assert codes == ("workspace_not_found", "workspace_read_only")
    assert list(tmp_path.iterdir()) == []


def test_newer_format_is_refused_and_untouched(tmp_path):
    """A newer format is named, and no byte changes."""
    mark = tmp_path / "workspace.json"
    mark.write_text('{"format_version": 2, "workspace_id": "x"}')
    with pytest.raises(SchemaVersionError) as caught:
        open_workspace(tmp_path, create=True)

    assert (caught.value.code, caught.value.details["current_version"]) == (
        "workspace_format_unsupported",
        2,
    )
    assert mark.read_text() == '{"format_version": 2, "workspace_id": "x"}'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"format_version": true}',
        b'{"format_version": 0}',
        b'{"format_version": 1, "workspace_id": "../x"}',
        b" " * 70_000,
    ],
)
def test_damaged_mark_is_our_error(tmp_path, content):
    """A mark that is not one raises `workspace_file_damaged` and stays as it is."""
    (tmp_path / "workspace.json").write_bytes(content)
    with pytest.raises(IntegrityError) as caught:
        open_workspace(tmp_path, create=True)

    assert caught.value.code == "workspace_file_damaged"
    assert (tmp_path / "workspace.json").read_bytes() == content
