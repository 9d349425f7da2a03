import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contexta.runtime import _git_index, _git_status
from contexta.runtime._git import GitState, read_git_state

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="the git program is missing")


class Repository:
    """A real repository, driven by the git program."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *options)

    def git(self, *arguments: str) -> str:
        settings = ("user.name=t", "user.email=t@example.org", "commit.gpgsign=false", "gc.auto=0")
        options = [part for setting in settings for part in ("-c", setting)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *options, *arguments],
            cwd=self.folder,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return file

    def commit(self, message: str = "m") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    @property
    def state(self) -> GitState:
        return read_git_state(self.folder)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two commits; files in folders whose names sort in git's own way."""
    made = Repository(tmp_path / "r")
    made.write("a.txt", "one\n")
    made.write("a/b/c.py", "x = 1\n")
    made.write("a-b", "dash\n")
    made.write("a0", "zero\n")
    made.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    (made.folder / "link").symlink_to("a.txt")
    made.commit()
    made.write("ünï.txt", "two\n")
    made.commit()
    return made


def test_a_clean_checkout_has_its_commit_and_is_not_dirty(repository):
    """The commit is that of git; found from a subfolder as well."""
    head = repository.git("rev-parse", "HEAD")

    assert repository.state == (head, False)
    assert read_git_state(repository.folder / "a" / "b") == (head, False)


def edit(repository):
    repository.write("a/b/c.py", "x = 2\n")


def edit_keeping_size_and_time(repository):
    file = repository.folder / "a.txt"
    before = file.stat()
    file.write_bytes(b"two\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    # Written in the same tick as the index, as a fast script does.
    os.utime(repository.folder / ".git" / "index", ns=(before.st_mtime_ns, before.st_mtime_ns))


def delete(repository):
    (repository.folder / "a0").unlink()


def make_executable(repository):
    (repository.folder / "a.txt").chmod(0o755)


def retarget_link(repository):
    (repository.folder / "link").unlink()
    (repository.folder / "link").symlink_to("a0")


def replace_by_folder(repository):
    (repository.folder / "a0").unlink()
    (repository.folder / "a0").mkdir()


def replace_folder_by_file(repository):
    shutil.rmtree(repository.folder / "a")
    repository.write("a", "")


def stage_an_edit(repository):
    repository.write("a.txt", "three\n")
    repository.git("add", "a.txt")


def stage_a_new_file(repository):
    repository.write("new/deep.txt", "n\n")
    repository.git("add", "new")


def stage_a_removal(repository):
    repository.git("rm", "-q", "--cached", "a0")


def intend_to_add(repository):
    repository.write("later.txt", "n\n")
    repository.git("add", "-N", "later.txt")


def conflict(repository):
    repository.git("checkout", "-q", "-b", "side")
    repository.write("a.txt", "side\n")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("a.txt", "main\n")
    repository.commit()
    with pytest.raises(subprocess.CalledProcessError):
        repository.git("merge", "side")


@pytest.mark.parametrize(
    "change",
    [
        edit, edit_keeping_size_and_time, delete, make_executable, retarget_link, replace_by_folder,
        replace_folder_by_file, stage_an_edit, stage_a_new_file, stage_a_removal, intend_to_add,
        conflict,
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", ["2", "4"])
def test_every_kind_of_change_makes_it_dirty(repository, change, version):
    """Staged or not, in each version of the index."""
    repository.git("update-index", "--index-version", version)
    assert repository.state.dirty is False

    change(repository)

    assert repository.state == (repository.git("rev-parse", "HEAD"), True)


def test_untracked_files_and_touched_files_are_no_change(repository):
    """Only the content of tracked files counts."""
    repository.write("untracked.txt", "u\n")
    os.utime(repository.folder / "a.txt")

    assert repository.state.dirty is False


def test_an_edit_that_was_staged_and_undone_is_clean(repository):
    """The index is compared with the commit by content."""
    stage_an_edit(repository)
    repository.git("reset", "-q", "--", "a.txt")
    repository.write("a.txt", "one\n")

    assert repository.state.dirty is False


def test_packed_refs_and_packed_objects_are_read(repository):
    """After a garbage collection the commit lies in a pack, perhaps as a delta."""
    for number in range(30):
        repository.write("a.txt", f"{number}\n")
        repository.commit("a long message to make deltas worthwhile " * 40 + str(number))
    repository.git("gc", "-q", "--aggressive", "--prune=now")
    repository.git("pack-refs", "--all")
    head = repository.git("rev-parse", "HEAD")
    older = repository.git("rev-parse", "HEAD~20")

    assert repository.state == (head, False)
    repository.git("checkout", "-q", older)
    assert repository.state == (older, False)


def test_a_linked_worktree_has_its_own_head(repository, tmp_path):
    """Its ``.git`` is a file that points to the repository."""
    repository.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "w"))
    (tmp_path / "w" / "a.txt").write_text("changed\n")

    head = repository.git("rev-parse", "side")
    assert read_git_state(tmp_path / "w") == (head, True)
    assert repository.state == (head, False)


def test_a_clone_that_borrows_objects_is_read(repository, tmp_path):
    """Alternates are followed."""
    repository.git("clone", "-q", "--shared", ".", str(tmp_path / "clone"))

    assert read_git_state(tmp_path / "clone") == (repository.git("rev-parse", "HEAD"), False)


def test_skipped_files_do_not_count(repository):
    """A sparse checkout leaves files out on purpose."""
    repository.git("update-index", "--skip-worktree", "a0")
    delete(repository)

    assert repository.state.dirty is False


def test_line_end_conversion_is_no_change(repository):
    """A checkout with other line ends has other bytes, but the same content."""
    repository.write(".gitattributes", "*.txt text\n")
    repository.commit()
    repository.write("a.txt", "one\r\n")

    assert repository.state.dirty is False


def test_a_submodule_does_not_count(repository, tmp_path):
    """Its commit belongs to the tree, its files do not."""
    other = Repository(tmp_path / "other")
    other.write("f", "1\n")
    other.commit()
    repository.git(
        "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.folder), "sub"
    )
    repository.commit()
    (repository.folder / "sub" / "f").write_text("2\n")

    assert repository.state.dirty is False
    assert read_git_state(repository.folder / "sub").dirty is True


def test_outside_of_a_repository_and_before_the_first_commit_nothing_is_known(tmp_path):
    """Both are None."""
    empty = Repository(tmp_path / "empty")

    assert empty.state == (None, None)
    (tmp_path / "plain").mkdir()
    assert read_git_state(tmp_path / "plain") == (None, None)


def test_a_sha256_repository_has_a_commit_and_an_unknown_state(tmp_path):
    """What is not handled is unknown, not clean."""
    made = Repository(tmp_path / "r", "--object-format=sha256")
    made.write("a", "1\n")
    head = made.commit()

    assert made.state == (head, None)


def test_a_split_index_is_unknown(repository):
    """Its entries are in another file."""
    repository.git("update-index", "--split-index")

    assert repository.state == (repository.git("rev-parse", "HEAD"), None)


def test_bounds_give_unknown(repository, monkeypatch):
    """A huge repository costs no more than the bounds allow."""
    monkeypatch.setattr(_git_index, "_MAX_ENTRIES", 3)
    assert repository.state.dirty is None
    monkeypatch.undo()
    monkeypatch.setattr(_git_status, "_MAX_HASHED", 0)
    os.utime(repository.folder / "a.txt")

    assert repository.state.dirty is None


@pytest.mark.parametrize("name", ["HEAD", "index", "config", "refs/heads/main"])
@pytest.mark.parametrize("content", [b"", b"\xff\x00garbage", b"ref: ../../../etc/passwd\n"])
def test_damage_gives_unknown_and_never_an_exception(repository, name, content):
    """A broken repository does not stop a run."""
    (repository.folder / ".git" / name).write_bytes(content)

    state = repository.state

    assert state.commit in (None, repository_head(repository, name))
    assert state.dirty in ((None, False) if name == "config" else (None,))


def repository_head(repository, name):
    """The commit, where the damaged file does not keep it from being known."""
    if name in ("HEAD", "refs/heads/main"):
        return None
    return (repository.folder / ".git" / "refs" / "heads" / "main").read_text().strip()


def test_no_program_is_started(repository):
    """Reading the state works where no process can be created."""
    program = (
        "import sys\n"
        "starts = ('subprocess.', 'os.system', 'os.exec', 'os.posix_spawn', 'os.fork')\n"
        "def deny(event, arguments):\n"
        "    if event.startswith(starts):\n"
        "        raise RuntimeError(event)\n"
        "sys.addaudithook(deny)\n"
        "from pathlib import Path\n"
        "from contexta.runtime._git import read_git_state\n"
        f"print(read_git_state(Path({str(repository.folder)!r})).dirty)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"


def test_a_look_sees_what_changed_since_the_one_before(repository):
    """What is remembered of index and files holds only while they are as they were."""
    first = repository.state
    repository.write("a.txt", "1ne\n")  # as long as before
    changed = repository.state
    second = repository.commit()
    clean = repository.state
    repository.git("checkout", "-q", first.commit)
    back = repository.state

    assert first.dirty is False
    assert changed == GitState(first.commit, True)
    assert clean == GitState(second, False)
    assert back == GitState(first.commit, False)


def test_files_of_a_copied_worktree_are_hashed_once(tmp_path, monkeypatch):
    """Their times are not those of the index; only one that changes is hashed again."""
    made = Repository(tmp_path / "r")
    old = made.write("old.txt", "old\n")
    made.commit()
    os.utime(old, (1_000_000_000, 1_000_000_000))
    monkeypatch.setattr(_git_status, "_SETTLED_NS", 0)
    before = made.state
    hashed = []
    blob_of = _git_status._blob_of
    monkeypatch.setattr(
        _git_status, "_blob_of", lambda path, status: hashed.append(path) or blob_of(path, status)
    )
    again = made.state
    kept = list(hashed)
    old.write_bytes(b"new\n")
    os.utime(old, (1_000_000_000, 1_000_000_000))

    assert (before.dirty, again.dirty, kept) == (False, False, [])
    assert made.state.dirty is True
