"""Work on artifacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from contexta.contract.testing import builders as build
from contexta.store.artifacts import ArtifactStore, VaultConfig, VerificationStatus

Say = Callable[[str], None]


class Artifacts:
    """Bodies are put, the second time with content that is there already."""

    def vault(self, folder: Path) -> ArtifactStore:
        return ArtifactStore(VaultConfig(root_path=folder / "artifacts"))

    bodies = {"first": b"first", "second": b"second", "third": b"first", "fourth": b"fourth"}

    def prepare(self, folder: Path) -> None:
        for name in (*self.bodies, "afterwards"):
            body = self.bodies.get(name, b"afterwards")
            (folder / f"{name}.bin").write_bytes(body * 1000)
        self.put(folder, "first")

    def put(self, folder: Path, name: str) -> None:
        manifest = build.artifact_manifest(
            artifact_ref=f"artifact:demo.run-1.{name}",
            location_ref=f"{name}.bin",
            hash_value=None,
            size_bytes=None,
        )
        self.vault(folder).put_artifact(manifest, folder / f"{name}.bin")

    def work(self, folder: Path, say: Say) -> None:
        for name in ("second", "third", "fourth"):
            self.put(folder, name)
            say(name)

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        vault = self.vault(folder)
        for name in ("first", *said):
            body = vault.read_artifact_bytes(f"artifact:demo.run-1.{name}")
            if body != self.bodies[name] * 1000:
                yield f"{name} has another body"
        for record in vault.verify_all().verification_records:
            if record.status is not VerificationStatus.VERIFIED:
                yield f"{record.artifact_ref} is {record.status}"
        self.put(folder, "afterwards")
