"""Backups in a bucket, over the real protocol of S3: whole or not there, whatever is killed."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

import pytest

from contexta.recovery import (
    BackupError,
    create_key_file,
    create_workspace_backup,
    list_remote_backups,
    plan_restore,
    plan_workspace_backup,
    pull_backup,
    push_backup,
    restore_workspace,
    verify_backup,
    verify_remote_backup,
)

HERE = Path(__file__).parent
URL = "s3://bucket/lab/nightly"
# Parts of 5 MiB are the smallest that S3 takes: 12 MiB then travel in three.
IN_PARTS = {"default_block_size": 5 << 20}
KILLS = int(os.environ.get("REMOTE_TEST_KILLS", "20"))
LONGEST_WAIT_SECONDS = 300


@pytest.fixture
def backup(config):
    return create_workspace_backup(config, plan_workspace_backup(config, label="s3"))


def names_in(bucket):
    return sorted(path.rpartition("/")[2] for path in bucket.find("bucket"))


def uploads_in(bucket):
    return bucket.list_multipart_uploads("bucket")


def run(*words, folder):
    command = [str(Path(sys.executable).with_name("contexta")), *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_WAIT_SECONDS
    )


@pytest.mark.parametrize("options", [None, IN_PARTS], ids=["at-once", "in-parts"])
def test_a_backup_travels_through_a_bucket(backup, config, other, bucket, options):
    """Sent, listed, verified there, fetched on another machine, restored."""
    sent = push_backup(config, backup.backup_ref, URL, storage_options=options)
    again = push_backup(config, backup.backup_ref, URL, storage_options=options)
    (listed,) = list_remote_backups(URL)
    fetched = pull_backup(other, URL, backup.backup_ref, storage_options=options)
    restored = restore_workspace(other, plan_restore(other, backup.backup_ref))

    assert (True, False) == (sent.read_back, sent.already_there)
    assert again.already_there
    assert listed.complete
    assert sent.sha256 == listed.sha256 == fetched.sha256
    assert verify_remote_backup(URL, backup.backup_ref).ok
    assert verify_backup(other, backup.backup_ref, deep=True).ok
    assert restored.applied
    assert [f"{backup.backup_ref}.json", f"{backup.backup_ref}.tar"] == names_in(bucket)
    assert [] == uploads_in(bucket)


def test_an_encrypted_backup_goes_without_a_warning(config, bucket, tmp_path):
    """Nobody who reads the bucket reads it, so there is nothing to warn of."""
    create_key_file(tmp_path / "keys" / "backup.key")
    made = create_workspace_backup(
        config, plan_workspace_backup(config), key_file=tmp_path / "keys" / "backup.key"
    )
    sent = push_backup(config, made.backup_ref, URL)

    assert ("SUCCESS", ()) == (sent.status, sent.warnings)
    assert list_remote_backups(URL)[0].encrypted


def test_a_push_that_stops_in_the_middle_publishes_nothing(backup, config, bucket):
    """Closing an unfinished file would publish what it has; here it is given up."""

    class Stop(Exception):
        pass

    def stop(now):
        if now.phase == "send" and now.done_bytes > 6 << 20:
            raise Stop

    with pytest.raises(Stop):
        push_backup(config, backup.backup_ref, URL, storage_options=IN_PARTS, progress=stop)

    assert [] == names_in(bucket)
    assert [] == uploads_in(bucket)


def test_a_push_that_another_one_overtook_finds_it_there(backup, config, bucket):
    """The one that is done ends the uploads that it finds, also that of the one under way."""
    other = []

    def overtake(now):
        if now.phase == "send" and now.done_bytes > 6 << 20 and not other:
            other.append(None)  # not again in the push below
            other.append(push_backup(config, backup.backup_ref, URL, storage_options=IN_PARTS))

    sent = push_backup(config, backup.backup_ref, URL, storage_options=IN_PARTS, progress=overtake)

    assert (False, True) == (other[1].already_there, sent.already_there)
    assert [f"{backup.backup_ref}.json", f"{backup.backup_ref}.tar"] == names_in(bucket)
    assert [] == uploads_in(bucket)


def test_a_changed_object_is_found(backup, config, other, bucket):
    """One bit, by somebody who can write to the bucket: found there and when it is fetched."""
    push_backup(config, backup.backup_ref, URL)
    path = f"{URL}/{backup.backup_ref}.tar".removeprefix("s3://")
    data = bytearray(bucket.cat_file(path))
    data[len(data) // 2] ^= 1
    bucket.pipe_file(path, bytes(data))
    with pytest.raises(BackupError) as caught:
        pull_backup(other, URL, backup.backup_ref)

    assert not verify_remote_backup(URL, backup.backup_ref).ok
    assert "recovery_remote_damaged" == caught.value.code
    assert [] == list((other.recovery.backup_root).glob("*"))


@pytest.mark.parametrize(
    ("url", "port", "code"),
    [
        ("s3://no-such-bucket/x", None, "recovery_remote_not_found"),
        ("s3://Not_A_Bucket!/x", None, "recovery_remote_failed"),
        ("s3://bucket/x", 9, "recovery_remote_failed"),
    ],
)
def test_what_the_store_refuses_is_a_coded_error(
    backup, config, bucket, secret, monkeypatch, url, port, code
):
    """Nothing of botocore or aiohttp leaks, and no secret is in what is shown."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    options = {"key": "key-of-the-bucket", "secret": secret}
    if port is not None:
        options["endpoint_url"] = f"http://127.0.0.1:{port}"
    with pytest.raises(BackupError) as caught:
        push_backup(config, backup.backup_ref, url, storage_options=options)
    shown = "".join(traceback.format_exception(caught.value))

    assert code == caught.value.code
    assert secret not in f"{shown}{caught.value!r}{caught.value.to_dict()}"
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)


def answered(endpoint):
    """Wait until the server is done with what a killed process had asked of it.

    It may be at work still, and change what a test looks at. A connection that its client has
    closed and the server has not is in state 08 of this table, also while it waits its turn.
    """
    port = f":{int(endpoint.rpartition(':')[2]):04X}"
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        table = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()]
        if not any(line[1].endswith(port) and line[3] == "08" for line in table):
            return
        assert time.monotonic() < until, "the server does not end its work"
        time.sleep(0.005)


class Worker:
    """A process that has everything loaded and begins when it is told to."""

    def __init__(self, verb, config, ref):
        root = config.workspace.root_path
        words = [verb, str(root), str(config.recovery.backup_root), URL, ref]
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, seconds=None):
        """Let it work, kill it after so many seconds; tell how it ended and how long it took."""
        with self._process as process:
            assert "ready\n" == process.stdout.readline()
            began = time.monotonic()
            process.stdin.write("go\n")
            process.stdin.flush()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait()
            seconds_taken = time.monotonic() - began
        answered(os.environ["AWS_ENDPOINT_URL"])
        return process.returncode, seconds_taken


def killed(verb, config, ref, reset, judge):
    """Kill at random instants of the time that the work takes; judge what is left each time."""
    rng = random.Random(20260103)
    runs = []
    for _ in range(2):
        reset()
        runs.append(Worker(verb, config, ref).run())
    assert [0, 0] == [code for code, _ in runs]
    longest = min(seconds for _, seconds in runs)
    outcomes = Counter()
    for _ in range(2 * KILLS):  # some are done before the kill comes
        reset()
        code, _ = Worker(verb, config, ref).run(rng.uniform(0, longest))
        outcomes[code] += 1
        judge()
        if outcomes[-9] == KILLS:
            break
    print(f"{verb}: {longest:.2f} s, {dict(outcomes)}")
    return outcomes


def test_a_killed_push_can_be_made_again(backup, config, bucket):
    """What it left is never listed as complete unless it is, and is gone after the next one."""
    ref = backup.backup_ref

    def reset():
        for path in bucket.find("bucket"):
            bucket.rm_file(path)

    def judge():
        listed = list_remote_backups(URL) if bucket.find("bucket") else ()
        for one in listed:
            assert verify_remote_backup(URL, ref).ok == one.complete
        push_backup(config, ref, URL, storage_options=IN_PARTS)
        assert verify_remote_backup(URL, ref).ok
        assert [f"{ref}.json", f"{ref}.tar"] == names_in(bucket)
        assert [] == uploads_in(bucket)

    outcomes = killed("push", config, ref, reset, judge)

    assert set(outcomes) <= {-9, 0}
    assert outcomes[-9]


def test_a_killed_pull_can_be_made_again(backup, config, other, bucket):
    """What it left is no backup, and is gone after the next one."""
    ref = backup.backup_ref
    push_backup(config, ref, URL, storage_options=IN_PARTS)
    root = other.recovery.backup_root

    def reset():
        (root / f"{ref}.tar").unlink(missing_ok=True)

    def judge():
        if (root / f"{ref}.tar").exists():
            assert verify_backup(other, ref).ok
        pull_backup(other, URL, ref)
        assert [f"{ref}.tar"] == [path.name for path in root.iterdir()]
        assert verify_backup(other, ref).ok

    outcomes = killed("pull", other, ref, reset, judge)

    assert set(outcomes) <= {-9, 0}
    assert outcomes[-9]


def test_the_command_line_says_what_the_library_says(backup, config, bucket, tmp_path, secret):
    """The keys of the JSON are those of the results, and no secret is in any output."""
    backups = f"recovery.backup_root={config.recovery.backup_root}"
    there = ["--workspace", str(config.workspace.root_path), "--set", backups]
    ref = backup.backup_ref
    done = [
        run("backup", *words, *there, "--format", "json", folder=tmp_path)
        for words in (
            ("push", ref, URL),
            ("push", ref, URL),
            ("list", "--remote", URL),
            ("verify", ref, "--remote", URL),
            ("pull", URL, ref),
        )
    ]
    facts = [json.loads(one.stdout) for one in done]

    assert [0] * 5 == [one.returncode for one in done]
    assert [False, True] == [fact["already_there"] for fact in facts[:2]]
    assert [ref] == [one["backup_ref"] for one in facts[2]["backups"]]
    assert facts[3]["ok"]
    assert facts[4]["already_here"]
    assert not any(secret in one.stdout + one.stderr for one in done)


def test_the_commands_of_the_how_to_work(laboratory, bucket, tmp_path, monkeypatch):
    """The shell block of the page runs as it is printed, against this bucket."""
    page = HERE.parents[1] / "docs" / "how-to" / "backup.md"
    (block,) = re.findall(r"```sh\n(.*?s3://.*?)```", page.read_text("utf-8"), re.DOTALL)
    bucket.mkdir("lab-backups")
    shutil.copytree(laboratory / ".contexta", tmp_path / ".contexta")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin")
    done = subprocess.run(
        ["sh", "-euc", block], cwd=tmp_path, capture_output=True, text=True, timeout=1200
    )
    stored = bucket.find("lab-backups")
    bucket.rm("lab-backups", recursive=True)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert 2 == len(stored)
    assert (tmp_path / "elsewhere" / ".contexta" / "workspace.json").is_file()
