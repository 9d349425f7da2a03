"""Atomic writes."""

import os
import stat

import pytest

from contexta.contract.errors import StoreAccessError
from contexta.store import fs


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_are_private_whatever_the_umask(tmp_path, umask):
    """A written file is 0600 and a created folder 0700 under every umask."""
    old = os.umask(umask)
    try:
        folder = fs.ensure_private_dir(tmp_path / "a" / "b")
        fs.atomic_write_bytes(folder / "f.json", b"x")
    finally:
        os.umask(old)

    modes = [stat.S_IMODE(p.stat().st_mode) for p in (folder.parent, folder, folder / "f.json")]
    assert modes == [0o700, 0o700, 0o600]


def test_replaces_content_and_leaves_no_temporary_file(tmp_path):
    """The second write replaces the first; nothing else stays in the folder."""
    path = tmp_path / "f.txt"
    fs.atomic_write_text(path, "one")
    fs.atomic_write_text(path, "zwei ü")

    assert path.read_text(encoding="utf-8") == "zwei ü"
    assert [entry.name for entry in tmp_path.iterdir()] == ["f.txt"]


def test_failed_write_keeps_the_old_file(tmp_path):
    """When the final name cannot be taken, our error is raised and nothing is left over."""
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "inside").touch()

    with pytest.raises(StoreAccessError) as caught:
        fs.atomic_write_bytes(tmp_path / "f", b"x")

    assert caught.value.details["path"].endswith("f")
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def test_missing_folder_is_our_error(tmp_path):
    """Writing into a folder that is not there names the path and the errno."""
    with pytest.raises(StoreAccessError) as caught:
        fs.atomic_write_bytes(tmp_path / "no" / "f", b"x")

    assert (caught.value.code, caught.value.details["errno"]) == ("store_path_missing", "ENOENT")


def test_full_disk_is_retryable():
    """ENOSPC becomes `store_disk_full`, retryable."""
    with (
        pytest.raises(StoreAccessError) as caught,
        fs.translated_os_errors("write", "/dev/full"),
        open("/dev/full", "wb", buffering=0) as file,
    ):
        file.write(b"x")

    assert (caught.value.code, caught.value.retryable) == ("store_disk_full", True)


def test_temporary_names_match_no_glob_of_finished_files():
    """They start with `_` and end in `.tmp`, and differ."""
    names = {fs.temporary_name() for _ in range(50)}

    assert len(names) == 50
    assert all(name.startswith("_") and name.endswith(".tmp") for name in names)


def test_planted_link_is_not_followed(tmp_path):
    """A link in place of a folder of the store, or of a file to open, is refused."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoreAccessError):
        fs.ensure_private_dir(tmp_path / "link", follow=False)
    with pytest.raises(StoreAccessError):
        fs.open_private(tmp_path / "link", os.O_RDONLY)


def test_a_file_in_place_of_a_folder_is_our_error(tmp_path):
    """`ensure_private_dir` on a file says so."""
    (tmp_path / "f").touch()

    with pytest.raises(StoreAccessError):
        fs.ensure_private_dir(tmp_path / "f")


def test_copy_hashed_hashes_what_it_wrote(tmp_path):
    """Size and hash are those of the copy."""
    (tmp_path / "s").write_bytes(b"abc" * 1000)
    source = os.open(tmp_path / "s", os.O_RDONLY)
    target = os.open(tmp_path / "t", os.O_WRONLY | os.O_CREAT)
    result = fs.copy_hashed(source, target, chunk_bytes=7)
    os.close(source)
    os.close(target)

    assert result == (3000, fs.sha256_file(tmp_path / "t"))
