"""The shape of an export package, the same for a folder and for a single file.

A package holds the body, the binding, the manifest, `export.package.json`, which names the
others, and `package.hashes.json` with size and SHA-256 of every other file. The body of a folder
artifact is its tree object; its files lie below `members/`, named by their hash. Packages that
Contexta 1.0 wrote have neither hashes nor members.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract import ArtifactManifest
from contexta.contract.errors import ContextaError, ValidationError
from contexta.store.artifacts._bindings import binding_of
from contexta.store.artifacts._checks import require_path, require_text
from contexta.store.artifacts._names import folded, is_plain_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contexta.store.artifacts._models import ArtifactBinding

PACKAGE_FORMAT_VERSION = "contexta-artifact-export-v1"
METADATA_NAME = "export.package.json"
MANIFEST_NAME = "manifest.snapshot.json"
HASHES_NAME = "package.hashes.json"
MEMBERS_NAME = "members"
MAX_DOCUMENT_BYTES = 32 << 20
MAX_HASHES_BYTES = 256 << 20
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class ExportReceipt:
    """Where a package was written; for a single file all paths but the first are that file.

    Attributes:
        artifact_ref: The artifact.
        export_directory: The folder of the package, or the folder that holds the single file.
        body_path: The body.
        binding_path: The binding.
        package_metadata_path: `export.package.json`.
        archive_path: The single file; None for a folder.
    """

    artifact_ref: str
    export_directory: Path
    body_path: Path
    binding_path: Path
    package_metadata_path: Path
    archive_path: Path | None = None

    def __post_init__(self) -> None:
        require_text("artifact_ref", self.artifact_ref)
        for name in ("export_directory", "body_path", "binding_path", "package_metadata_path"):
            require_path(name, getattr(self, name))


class FileFacts(NamedTuple):
    """Size and SHA-256 of a file in a package."""

    size_bytes: int
    sha256: str


class PackageHead(NamedTuple):
    """What the documents of a package say, checked against each other.

    Attributes:
        manifest: The manifest.
        binding: The binding as exported; None in a package of 1.0 without one.
        body_file: Name of the body in the package.
        names: All files that belong to it, members excepted.
        hashes: Facts about every other file; None for a package of 1.0.
    """

    manifest: ArtifactManifest
    binding: ArtifactBinding | None
    body_file: str
    names: tuple[str, ...]
    hashes: Mapping[str, FileFacts] | None


def document(content: Any) -> bytes:
    """Return plain data as the text of a document in a package."""
    return (json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def hashes_document(facts: Mapping[str, FileFacts]) -> bytes:
    """Return the content of `package.hashes.json`."""
    files = {name: {"size_bytes": f.size_bytes, "sha256": f.sha256} for name, f in facts.items()}
    content: dict[str, Any] = {"format_version": 1, "files": files}
    return document({**content, "sha256": _digest(content)})


def parse_document(raw: bytes, name: str) -> dict[str, Any]:
    """Return a JSON document of a package.

    Raises:
        ValidationError: `artifact_export_package_invalid`.
    """
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise invalid(f"{name!r} is not JSON") from error
    if not isinstance(content, dict):
        raise invalid(f"{name!r} is not a JSON object")
    return content


def parse_metadata(raw: bytes) -> dict[str, str]:
    """Return the names in `export.package.json`, each of them a plain file name."""
    content = parse_document(raw, METADATA_NAME)
    version = content.get("package_format_version")
    if version != PACKAGE_FORMAT_VERSION:
        raise invalid(f"its format is {version!r}, not {PACKAGE_FORMAT_VERSION!r}")
    names = {key: content.get(key) for key in ("body_file", "binding_file", "manifest_file")}
    if names["manifest_file"] is None:
        names["manifest_file"] = MANIFEST_NAME
    for key, name in names.items():
        if not is_plain_name(name):
            raise invalid(f"{key} is {name!r}, which is not the plain name of a file in it")
    taken = [str(name) for name in names.values()] + [METADATA_NAME, HASHES_NAME, MEMBERS_NAME]
    if len({folded(name) for name in taken}) != len(taken):
        raise invalid("two of its files have names that a file system may take for one")
    return {
        **{key: str(name) for key, name in names.items()},
        "artifact_ref": str(content.get("artifact_ref")),
    }


def parse_head(
    metadata: Mapping[str, str], manifest: bytes, binding: bytes | None, hashes: bytes | None
) -> PackageHead:
    """Check the documents of a package against each other.

    Raises:
        ValidationError: `artifact_export_package_invalid`.
    """
    try:
        model = ArtifactManifest.model_validate(parse_document(manifest, "manifest"))
        bound = None if binding is None else binding_of(parse_document(binding, "binding"))
    except (ContextaError, TypeError, KeyError, ValueError) as error:
        raise invalid(f"its manifest or binding cannot be read: {error}") from error
    refs = {metadata["artifact_ref"], model.artifact_ref.text}
    if bound is not None:
        refs.add(bound.artifact_ref)
        if bound.hash_algorithm != "sha256" or not is_sha256(bound.hash_value):
            raise invalid("its binding has no SHA-256")
        if bound.manifest_snapshot != model:
            raise invalid("its binding holds another manifest than the one beside it")
    if len(refs) != 1:
        raise invalid(f"its files name different artifacts: {', '.join(sorted(refs))}")
    facts = None if hashes is None else parse_hashes(hashes)
    names = [METADATA_NAME, metadata["manifest_file"], metadata["body_file"]]
    names += [] if binding is None else [metadata["binding_file"]]
    if facts is not None:
        plain = {name for name in facts if not name.startswith(f"{MEMBERS_NAME}/")}
        if plain != set(names):
            raise invalid(f"{HASHES_NAME} lists other files than the package is made of")
        names.append(HASHES_NAME)
    return PackageHead(model, bound, metadata["body_file"], tuple(names), facts)


def parse_hashes(raw: bytes) -> dict[str, FileFacts]:
    """Return the content of `package.hashes.json`."""
    content = parse_document(raw, HASHES_NAME)
    claimed = content.pop("sha256", None)
    if claimed != _digest(content) or not isinstance(content.get("files"), dict):
        raise invalid(f"{HASHES_NAME} does not match its own digest")
    found = {}
    for name, facts in content["files"].items():
        member = name.removeprefix(f"{MEMBERS_NAME}/")
        good = is_sha256(member) if member != name else is_plain_name(name)
        size = facts.get("size_bytes") if isinstance(facts, dict) else None
        if not good or isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise invalid(f"{HASHES_NAME} has a bad entry {name!r}")
        if not is_sha256(facts.get("sha256")):
            raise invalid(f"{HASHES_NAME} has no SHA-256 for {name!r}")
        found[name] = FileFacts(size, facts["sha256"])
    return found


def is_sha256(value: object) -> bool:
    """Tell whether something is 64 lower-case hex digits."""
    return isinstance(value, str) and len(value) == 64 and set(value) <= _DIGITS


def invalid(reason: str) -> ValidationError:
    """Build the error for a package that is not taken."""
    return ValidationError(
        f"The package is not taken: {reason}. Nothing was imported.",
        code="artifact_export_package_invalid",
        details={"reason": reason},
    )


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
