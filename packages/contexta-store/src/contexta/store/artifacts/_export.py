"""Write an artifact as a package: a folder or a single file, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from contexta.contract.errors import ReadOnlyStoreError, ValidationError
from contexta.contract.time import iso_utc_now
from contexta.store.artifacts._names import safe_file_name, safe_ref
from contexta.store.artifacts._package import (
    HASHES_NAME,
    MANIFEST_NAME,
    MEMBERS_NAME,
    METADATA_NAME,
    PACKAGE_FORMAT_VERSION,
    ExportReceipt,
    FileFacts,
    document,
    hashes_document,
)
from contexta.store.artifacts._reading import Body, body_of
from contexta.store.artifacts._tar import write_tar
from contexta.store.fs import (
    atomic_write_bytes,
    ensure_private_dir,
    exchange,
    fsync_dir,
    open_private,
    temporary_name,
    translated_os_errors,
)

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._models import ArtifactBinding, ArtifactHandle
    from contexta.store.artifacts._reading import BodyReader


class Exporter:
    """The exports of one store."""

    def __init__(self, layout: Layout, reader: BodyReader, *, read_only: bool) -> None:
        self._layout = layout
        self._reader = reader
        self._read_only = read_only

    def export(self, ref: str, root: Path | None, *, archive: bool) -> ExportReceipt:
        """Write the package of an artifact; see `ArtifactStore.export_artifact`."""
        handle = self._reader.handle(ref)
        folder = self._layout.exports if root is None else root.expanduser().absolute()
        self._require_outside(folder)
        ensure_private_dir(folder)
        target = folder / safe_ref(ref)
        if archive:
            target = target.with_name(target.name + ".tar")
        self._require_replaceable(target)
        work = folder / temporary_name()
        try:
            ensure_private_dir(work)
            names, facts = self._fill(work, handle)
            if archive:
                return self._pack(work, names, facts, target, handle.binding)
            _put_in_place(work, target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        body, binding = names[0], names[1]
        return ExportReceipt(ref, target, target / body, target / binding, target / METADATA_NAME)

    def _fill(self, work: Path, handle: ArtifactHandle) -> tuple[list[str], dict[str, FileFacts]]:
        """Write all files of a package; return their names, body and binding first, and facts."""
        binding = handle.binding
        ref = binding.artifact_ref
        binding_name = f"{safe_ref(ref)}.binding.json"
        body_name = safe_file_name(binding.source_name, "body.bin")
        if body_name.lower() in {
            binding_name.lower(), MANIFEST_NAME, METADATA_NAME, HASHES_NAME, MEMBERS_NAME,
        }:  # fmt: skip
            body_name = f"body_{body_name}"
        if binding.body_kind == "tree":
            body_name = "body.tree.json"
        facts: dict[str, FileFacts] = {}
        for member in self._members(binding):
            facts[f"{MEMBERS_NAME}/{member.sha256}"] = self._copy(ref, member, work / MEMBERS_NAME)
        self._reader.copy_out(ref, body_of(handle), work / body_name)
        size = (work / body_name).stat().st_size
        facts[body_name] = FileFacts(size, binding.hash_value or "")
        documents = {
            binding_name: document(binding.to_dict()),
            MANIFEST_NAME: document(binding.manifest_snapshot.to_dict()),
            METADATA_NAME: document(_metadata(binding, body_name, binding_name)),
        }
        for name, content in documents.items():
            atomic_write_bytes(work / name, content)
            facts[name] = _facts_of(content)
        atomic_write_bytes(work / HASHES_NAME, hashes_document(facts))
        names = [body_name, binding_name, *sorted(facts.keys() - {body_name, binding_name})]
        return names, facts

    def _members(self, binding: ArtifactBinding) -> list[Body]:
        if binding.body_kind != "tree":
            return []
        hashes = {member.sha256 for member in self._reader.tree(binding.artifact_ref).members}
        return [Body(self._layout.body(name), name) for name in sorted(hashes)]

    def _copy(self, ref: str, member: Body, folder: Path) -> FileFacts:
        ensure_private_dir(folder)
        self._reader.copy_out(ref, member, folder / member.sha256)
        return FileFacts((folder / member.sha256).stat().st_size, member.sha256)

    def _pack(
        self,
        work: Path,
        names: list[str],
        facts: dict[str, FileFacts],
        target: Path,
        binding: ArtifactBinding,
    ) -> ExportReceipt:
        """Write the files of a folder as one, under short, fixed names, documents first."""
        inner = {names[0]: "body", names[1]: "binding.json"}
        metadata = document(_metadata(binding, "body", "binding.json"))
        listed = [name for name in names if name != METADATA_NAME]
        packed_facts = {inner.get(name, name): facts[name] for name in listed}
        packed_facts[METADATA_NAME] = _facts_of(metadata)
        files: list[tuple[str, Path | bytes]] = [
            (METADATA_NAME, metadata),
            (HASHES_NAME, hashes_document(packed_facts)),
            *((inner.get(name, name), work / name) for name in reversed(listed)),
        ]
        packed = work / "_package.tmp"
        with translated_os_errors("write the package", target):
            fd = open_private(packed, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            with os.fdopen(fd, "wb") as file:
                write_tar(file, files)
                file.flush()
                os.fsync(file.fileno())
            os.replace(packed, target)
        fsync_dir(target.parent)
        return ExportReceipt(binding.artifact_ref, target.parent, target, target, target, target)

    def _require_outside(self, folder: Path) -> None:
        inside = folder.resolve().is_relative_to(self._layout.root.resolve())
        if self._read_only and inside:
            raise ReadOnlyStoreError(
                f"{str(self._layout.root)!r} was opened read-only, so nothing is exported into "
                "it. Pass export_root with a folder elsewhere.",
                code="artifact_store_read_only",
                details={"path": str(folder)},
            )

    def _require_replaceable(self, target: Path) -> None:
        is_package = (
            target.is_dir()
            and not target.is_symlink()
            and ((target / METADATA_NAME).is_file() or not any(target.iterdir()))
        )
        if os.path.lexists(target) and not is_package and target.suffix != ".tar":
            raise ValidationError(
                f"{str(target)!r} exists and is no package. Move it away first.",
                code="artifact_store_target_exists",
                details={"path": str(target)},
            )


def _metadata(binding: ArtifactBinding, body_name: str, binding_name: str) -> dict[str, object]:
    return {
        "package_format_version": PACKAGE_FORMAT_VERSION,
        "artifact_ref": binding.artifact_ref,
        "artifact_kind": binding.artifact_kind,
        "exported_at": iso_utc_now(),
        "body_file": body_name,
        "binding_file": binding_name,
        "manifest_file": MANIFEST_NAME,
        "source_layout_version": binding.layout_version,
        "body_kind": "tree" if binding.body_kind == "tree" else "file",
    }


def _facts_of(content: bytes) -> FileFacts:
    return FileFacts(len(content), hashlib.sha256(content).hexdigest())


def _put_in_place(work: Path, target: Path) -> None:
    """Let a finished folder take the name of the old one at once, where the system can."""
    fsync_dir(work)
    with translated_os_errors("write the package", target):
        if not os.path.lexists(target):
            work.rename(target)
        elif not exchange(work, target):
            aside = target.with_name(temporary_name())
            target.rename(aside)
            try:
                work.rename(target)
            except OSError:
                with suppress(OSError):
                    aside.rename(target)
                raise
            shutil.rmtree(aside, ignore_errors=True)
    fsync_dir(target.parent)
