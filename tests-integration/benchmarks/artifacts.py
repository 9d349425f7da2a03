"""Artifacts: one large file, many small ones, and reading every byte again to verify."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from _harness import Options, fresh, in_turn, main, row

COPY = "cp, sync and sha256sum"
HASH = "hashlib.sha256 of the bytes"
RENAME = "write, fsync, rename, fsync of the folder"
SMALL_BYTES = 400


def manifest(name: str) -> Any:
    """Return a manifest of a checkpoint."""
    from contexta.contract import ArtifactManifest

    return ArtifactManifest(
        artifact_ref=f"artifact:bench.r.{name}",
        artifact_kind="checkpoint",
        run_ref="run:bench.r",
        created_at="2026-01-01T00:00:00Z",
        producer_ref="bench",
        location_ref="file",
    )


def large_file(folder: Path, size: int) -> Path:
    """Write a file of so many bytes that do not repeat."""
    path = folder / f"large-{size}.bin"
    with path.open("wb") as file:
        left = size
        while left:
            left -= file.write(os.urandom(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
    return path


def require_healthy(report: Any, count: int) -> None:
    """End unless a sweep found so many artifacts, all of them right."""
    wrong = (report.missing_refs, report.drifted_refs, report.orphan_paths, report.damaged_bindings)
    if any(wrong) or len(report.verification_records) != count:
        sys.exit(f"expected {count} healthy artifacts, found {report}")


def put_large(folder: str, source: str) -> list[float]:
    """Store the file, then verify it: MB/s of both."""
    from contexta.store.artifacts import ArtifactStore, VaultConfig

    size = Path(source).stat().st_size / 1e6
    with ArtifactStore(VaultConfig(root_path=Path(folder) / "artifacts")) as store:
        body = manifest("large")
        started = time.perf_counter()
        store.put_artifact(body, source)
        put = time.perf_counter()
        report = store.verify_all()
        verified = time.perf_counter()
    require_healthy(report, 1)
    return [size / (put - started), size / (verified - put)]


def copy_large(folder: str, source: str) -> list[float]:
    """Copy and hash the file by the programs of the system: MB/s; hash it alone: MB/s."""
    size = Path(source).stat().st_size / 1e6
    target = str(Path(folder) / "copy")
    started = time.perf_counter()
    subprocess.run(["cp", source, target], check=True)
    subprocess.run(["sync", target], check=True)
    subprocess.run(["sha256sum", target], check=True, stdout=subprocess.DEVNULL)
    copied = time.perf_counter()
    with open(target, "rb") as file:
        hashlib.file_digest(file, "sha256")
    return [size / (copied - started), size / (time.perf_counter() - copied)]


def small_files(folder: str, count: int) -> list[Path]:
    """Write small files that all differ."""
    sources = Path(folder) / "sources"
    sources.mkdir()
    paths = [sources / str(number) for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes((b"%d," % number * SMALL_BYTES)[:SMALL_BYTES])
    return paths


def put_small(folder: str, count: int) -> list[float]:
    """Store each file, then verify all: puts/s and bodies/s."""
    from contexta.store.artifacts import ArtifactStore, VaultConfig

    paths = small_files(folder, count)
    manifests = [manifest(f"small-{path.name}") for path in paths]
    with ArtifactStore(VaultConfig(root_path=Path(folder) / "artifacts")) as store:
        started = time.perf_counter()
        for one, path in zip(manifests, paths, strict=True):
            store.put_artifact(one, path)
        put = time.perf_counter()
        report = store.verify_all()
        verified = time.perf_counter()
    require_healthy(report, count)
    return [count / (put - started), count / (verified - put)]


def rename_small(folder: str, count: int) -> list[float]:
    """Copy each file as durably as one can, then read and hash all: files/s of both."""
    paths = small_files(folder, count)
    target = Path(folder) / "floor"
    target.mkdir()
    directory = os.open(target, os.O_RDONLY)
    started = time.perf_counter()
    for path in paths:
        part = target / f"_{path.name}"
        descriptor = os.open(part, os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(descriptor, path.read_bytes())
        os.fsync(descriptor)
        os.close(descriptor)
        part.rename(target / path.name)
        os.fsync(directory)
    copied = time.perf_counter()
    os.close(directory)
    for path in paths:
        hashlib.sha256((target / path.name).read_bytes()).hexdigest()
    return [count / (copied - started), count / (time.perf_counter() - copied)]


def measure(options: Options) -> list[dict]:
    """Take turns, each in a folder of its own."""

    def one(function: Any, given: object) -> list[float]:
        with options.scratch() as folder:
            return fresh(function, folder, given)

    large: list[dict] = []
    checks: list[dict] = []
    for size in options.pick([2_560_000, 25_600_000], [10_240_000, 102_400_000, 1_024_000_000]):
        with options.scratch() as folder:
            path = large_file(folder, size)
            calls = {"ours": partial(one, put_large, path), COPY: partial(one, copy_large, path)}
            found = in_turn(calls, options.pick(1, 3))
        (put, check), (copy, digest) = found["ours"], found[COPY]
        large.append(row("put of one artifact", size, "MB/s", put, floor=(COPY, copy)))
        checks.append(row("verify_all, one artifact", size, "MB/s", check, floor=(HASH, digest)))
    small: list[dict] = []
    sweeps: list[dict] = []
    for count in options.pick([30, 300], [100, 1_000, 10_000]):
        calls = {"ours": partial(one, put_small, count), RENAME: partial(one, rename_small, count)}
        found = in_turn(calls, 1 if options.quick or count > 1_000 else 3)
        (put, check), (rename, digest) = found["ours"], found[RENAME]
        name = f"puts of {SMALL_BYTES}-byte artifacts"
        small.append(row(name, count, "puts/s", put, floor=(RENAME, rename)))
        name = "verify_all, small artifacts"
        sweeps.append(row(name, count, "bodies/s", check, floor=(HASH, digest)))
    return large + checks + small + sweeps


if __name__ == "__main__":
    main(measure)
