"""Promises about the machine: what a run never does, and who may read what it wrote."""

import os
import stat
import subprocess
import sys

SCRIPT = """
import os, sys
from pathlib import Path

os.umask(0)
forbidden = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect",
             "socket.getaddrinfo", "pickle.find_class", "urllib.Request")
seen = []

def watch(name, args):
    if name in forbidden:
        seen.append((name, str(args)[:200]))

sys.addaudithook(watch)

from contexta import Contexta

Path("model.bin").write_bytes(b"weights")
with Contexta(config={"project_name": "quiet"}) as ctx:
    with ctx.run("train", params={"rate": 0.1}) as run, run.stage("fit") as stage:
        for step in range(20):
            stage.log({"loss": 1 / (step + 1)}, step=step)
        run.event("note", message="half way")
        run.register_artifact("model_bundle", "model.bin")
    ctx.build_snapshot_report("train").to_html(full=True)
print(seen)
"""


def run_quietly(folder) -> str:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    (folder / "train.py").write_text("pass\n")
    subprocess.run(["git", "add", "train.py"], cwd=folder, check=True)
    subprocess.run(git, cwd=folder, check=True)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_run_starts_no_program_and_opens_no_connection(tmp_path):
    """Not for the commit either, which is read; and nothing stored is ever unpickled."""
    assert "[]" == run_quietly(tmp_path)


def test_nobody_else_can_read_or_write_a_workspace(tmp_path):
    """Folders and files are private even when the umask asks for nothing."""
    run_quietly(tmp_path)
    modes = {
        os.path.relpath(os.path.join(folder, name), tmp_path): stat.S_IMODE(
            os.lstat(os.path.join(folder, name)).st_mode
        )
        for folder, folders, files in os.walk(tmp_path / ".contexta")
        for name in [*folders, *files]
    }

    assert modes
    assert {} == {path: oct(mode) for path, mode in modes.items() if mode & 0o077}
