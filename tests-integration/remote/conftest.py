"""An S3 server of its own on loopback, a bucket in it, and workspaces to back up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
"""
SECRET = "secret-key-of-the-bucket"


@pytest.fixture(scope="session")
def endpoint():
    """The URL of a server that speaks S3; it ends with the tests."""
    command = [sys.executable, "-c", _SERVER]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **pipes) as server:
        port = int(server.stdout.readline())
        yield f"http://127.0.0.1:{port}"
        server.stdin.close()


@pytest.fixture(autouse=True)
def environment(endpoint, monkeypatch, tmp_path):
    """What an operator sets, and nothing of the machine that tests."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-of-the-bucket")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


@pytest.fixture
def bucket(environment, request):
    """An empty bucket, and a view of it that remembers nothing."""
    import s3fs

    name = "bucket"
    store = s3fs.S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
    store.mkdir(name)
    yield store
    for upload in store.list_multipart_uploads(name):
        store.abort_mpu(name, upload["Key"], upload["UploadId"])
    store.rm(name, recursive=True)


@pytest.fixture
def secret():
    return SECRET


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory) -> Path:
    """A workspace with one run and 12 MiB that do not shrink; never changed."""
    from contexta import Contexta

    folder = tmp_path_factory.mktemp("laboratory")
    (folder / "weights.bin").write_bytes(os.urandom(12 << 20))
    with (
        Contexta(workspace=folder / ".contexta", config={"project_name": "demo"}) as ctx,
        ctx.run("train") as run,
    ):
        for step in range(20):
            run.metric("loss", 1 / (1 + step), step=step)
        run.register_artifact("model", folder / "weights.bin")
    return folder


@pytest.fixture
def config(laboratory, tmp_path):
    """The laboratory, its backups in a folder of this test."""
    return config_of(laboratory / ".contexta", tmp_path / "backups")


@pytest.fixture
def other(tmp_path):
    """Another machine, where there is nothing yet."""
    return config_of(tmp_path / "new" / ".contexta", tmp_path / "new" / "backups")


def config_of(workspace, backups):
    from contexta.config import load_config

    patch = {"project_name": "demo", "recovery": {"backup_root": str(backups)}}
    return load_config(workspace=workspace, config=patch)
