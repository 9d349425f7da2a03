import errno
import os
import pickle
import signal
import stat

import pytest

from contexta.recovery import BackupError, RestoreError, keys
from contexta.recovery.keys import (
    BackupKey,
    create_key_file,
    key_line,
    read_key_file,
    read_key_id,
)

KEY = BackupKey(bytes(range(32)))


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def code_of(path, error_type=BackupError):
    with pytest.raises(error_type) as caught:
        read_key_file(path, error_type)
    pickle.loads(pickle.dumps(caught.value))
    return caught.value.code


def test_a_created_key_file_is_read_back(tmp_path):
    path = tmp_path / "new" / "backup.key"

    key_id = create_key_file(path)

    assert read_key_file(path, BackupError).key_id == key_id == read_key_id(path)
    assert len(read_key_file(path, BackupError).secret) == 32


def test_every_key_is_another(tmp_path):
    assert create_key_file(tmp_path / "a") != create_key_file(tmp_path / "b")


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_a_key_file_is_private_whatever_the_umask(tmp_path, umask):
    old = os.umask(umask)
    try:
        create_key_file(tmp_path / "backup.key")
    finally:
        os.umask(old)

    assert stat.S_IMODE((tmp_path / "backup.key").stat().st_mode) == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["backup.key"]


def test_an_existing_file_is_never_overwritten(tmp_path):
    path = write(tmp_path / "backup.key", "precious")

    with pytest.raises(BackupError) as caught:
        create_key_file(path)

    assert caught.value.code == "recovery_key_exists"
    assert path.read_text() == "precious"
    assert [item.name for item in tmp_path.iterdir()] == ["backup.key"]


@pytest.mark.parametrize("is_named", [False, True])
def test_a_kill_leaves_the_key_under_its_own_name_or_nowhere(tmp_path, monkeypatch, is_named):
    """A secret in a file that nobody knows of would stay for good."""
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_WRONLY, 0o600))
    except (AttributeError, OSError):
        pytest.skip("this system or this disk has no files without a name")
    link = os.link

    def killed(*names, **options):
        if is_named:
            link(*names, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    pid = os.fork()
    if pid == 0:
        monkeypatch.setattr(os, "link", killed)
        try:
            create_key_file(tmp_path / "backup.key")
        finally:
            os._exit(1)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    left = [path.name for path in tmp_path.iterdir()]

    assert -signal.SIGKILL == ended
    assert ["backup.key"] * is_named == left
    assert not is_named or read_key_id(tmp_path / "backup.key")


@pytest.mark.parametrize("what", ["no such files", "no name for them"])
def test_where_files_need_a_name_a_key_file_is_written_all_the_same(tmp_path, monkeypatch, what):
    """Some disks have no files without a name, and some systems give them none later."""
    link = os.link

    def refuse(source, target, **options):
        if str(source).startswith("/proc/"):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        link(source, target, **options)

    if what == "no such files":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    else:
        monkeypatch.setattr(os, "link", refuse)
    key_id = create_key_file(tmp_path / "backup.key")

    assert read_key_id(tmp_path / "backup.key") == key_id
    assert [path.name for path in tmp_path.iterdir()] == ["backup.key"]


def test_a_dangling_link_is_not_written_through(tmp_path):
    (tmp_path / "backup.key").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(BackupError) as caught:
        create_key_file(tmp_path / "backup.key")

    assert caught.value.code == "recovery_key_exists"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_written_is_a_coded_error(tmp_path):
    write(tmp_path / "file", "")

    with pytest.raises(BackupError) as caught:
        create_key_file(tmp_path / "file" / "backup.key")

    assert caught.value.code == "recovery_io_failed"


def test_a_link_to_a_key_file_is_followed(tmp_path):
    """Secrets are often mounted as links."""
    key_id = create_key_file(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")

    assert read_key_id(tmp_path / "link") == key_id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o777])
def test_a_key_file_that_others_may_read_or_write_is_refused(tmp_path, mode):
    assert code_of(write(tmp_path / "k", key_line(KEY), mode)) == "recovery_key_permissions"


def test_a_read_only_key_file_is_fine(tmp_path):
    path = write(tmp_path / "k", key_line(KEY), 0o400)

    assert read_key_file(path, BackupError).secret == KEY.secret


def test_a_missing_key_file_is_a_coded_error_of_the_class_asked_for(tmp_path):
    assert code_of(tmp_path / "none", RestoreError) == "recovery_key_missing"
    assert code_of(write(tmp_path / "file", "") / "below") == "recovery_key_missing"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "not a key",
        KEY.secret.hex(),
        "contexta-backup-key-1 " + "00" * 31 + " 00000000",
        "contexta-backup-key-1 " + "00" * 33 + " 00000000",
        "contexta-backup-key-1 " + "00" * 32,
        key_line(KEY).upper(),
        key_line(KEY).replace("key-1", "key-2"),
        key_line(KEY) + "\n" + key_line(KEY),
        key_line(KEY) + " more",
        key_line(KEY) + "\n#" + "x" * 5000,
    ],
)
def test_what_is_no_key_of_the_right_length_is_refused(tmp_path, text):
    assert code_of(write(tmp_path / "k", text)) == "recovery_key_invalid"


def test_a_slip_in_a_copied_key_is_noticed(tmp_path):
    """A key with a wrong digit would seal backups that the right key does not open."""
    line = key_line(KEY).replace("0f", "0e", 1)

    assert code_of(write(tmp_path / "k", line)) == "recovery_key_invalid"


@pytest.mark.parametrize("raw", [b"\xff\xfe", bytes(32), b"\0" * 5000])
def test_bytes_are_no_key_file(tmp_path, raw):
    path = tmp_path / "k"
    path.write_bytes(raw)
    path.chmod(0o600)

    assert code_of(path) == "recovery_key_invalid"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_without_waiting(tmp_path, make):
    make(tmp_path / "k", 0o600)

    assert code_of(tmp_path / "k") == "recovery_key_invalid"


def test_spaces_blank_lines_and_comments_around_the_key_do_not_matter(tmp_path):
    path = write(tmp_path / "k", f"# office safe\r\n\r\n  {key_line(KEY)} \r\n")

    assert read_key_file(path, BackupError).secret == KEY.secret


def test_neither_the_id_nor_the_representation_tells_the_key():
    assert repr(KEY) == f"BackupKey({KEY.key_id})"
    assert KEY.secret.hex()[:8] not in KEY.key_id


def test_the_id_of_a_key_never_changes():
    """Backups of years ago name their key by it."""
    assert KEY.key_id == "8cb937ddb7af6eac"


def test_without_the_library_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("contexta.recovery._derive.find_spec", lambda name: None)

    with pytest.raises(BackupError) as caught:
        keys.create_key_file(tmp_path / "k")

    assert caught.value.code == "recovery_encryption_unavailable"
    assert "contexta-recovery[encryption]" in str(caught.value)
    assert not (tmp_path / "k").exists()
