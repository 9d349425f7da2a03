"""Routes of artifacts: what they are, and their bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from contexta.contract.errors import ArtifactError, NotFoundError
from contexta.web._answers import Download
from contexta.web._errors import HttpError, not_found
from contexta.web._payloads import to_jsonable
from contexta.web._text_search import text_search
from contexta.web.api._parts import page_of

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import ArtifactRecord
    from contexta.web._params import Params

_CHUNK = 1 << 18
_MEMBERS_SHOWN = 1000
# A file was asked for a member, or a folder for its body.
_MISPLACED = ("artifact_store_member_required", "artifact_store_not_a_tree")


def of_run(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return the artifacts of a run, also those whose body is missing."""
    run_id = ctx.query_service.require_run(params.id("run_id")).run_id
    kind = params.text("kind")
    found = ctx.repository.list_artifacts(run_id=run_id, stage_id=params.text("stage"))
    shown = [item for item in found if kind in (None, item.kind)]
    return {"run_id": run_id, "artifacts": to_jsonable(shown)}


def one(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return an artifact by its ref, or by the end of it where that is unique.

    ``members`` are the files of a folder artifact; a file has none.
    """
    found = _found(ctx, params)
    members = [] if found.body_missing else _members(ctx, found.artifact_ref)
    return {**found.to_dict(), "members": members}


def search(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return artifacts whose ref, kind or location contains a text."""
    wanted = text_search(ctx, params, params.require("q"))
    kind = params.text("kind")
    found = [
        item
        for item in ctx.repository.list_artifacts()
        if kind in (None, item.kind)
        and wanted.matches((item.artifact_ref, item.kind, item.location))
    ]
    page = page_of(found, params, params.page_limit)
    return {"artifacts": page.pop("items"), **page}


def download(ctx: Contexta, params: Params) -> Download:
    """Return the body of an artifact, every byte verified before the first is sent."""
    found = _found(ctx, params)
    member = params.text("member")
    chunks = ctx.artifact_store.iter_artifact_chunks(
        found.artifact_ref, chunk_size=_CHUNK, member=member, verify=True
    )
    try:
        # The first chunk is read here, so that a damaged body is an error and not a torn file.
        first = next(chunks, b"")
    except ArtifactError as error:
        if error.code not in _MISPLACED:
            raise
        members = {"members": _members(ctx, found.artifact_ref)}
        raise HttpError(error.message, code=error.code, details=members) from error

    def body() -> Any:
        yield first
        yield from chunks

    headers = {
        "content-disposition": _attachment(member or _file_name(found)),
        # What somebody logged must not run as a page of this server, whatever it is.
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-cache",
    }
    if member is None and found.size_bytes is not None:
        headers["content-length"] = str(found.size_bytes)
    return Download(body(), "application/octet-stream", headers)


def _found(ctx: Contexta, params: Params) -> ArtifactRecord:
    ref = params.id("artifact_ref")
    found = ctx.repository.get_artifact(ref)
    if found is None:
        raise not_found(
            f"there is no artifact {ref!r}; /search/artifacts?q= finds one by a part of its name"
        )
    return found


def _members(ctx: Contexta, ref: str) -> list[str]:
    try:
        return [member.path for member in ctx.artifact_store.list_members(ref)][:_MEMBERS_SHOWN]
    except (ArtifactError, NotFoundError):
        return []  # a file, or one whose body another workspace holds


def _file_name(found: ArtifactRecord) -> str:
    """The name that the file had when it was stored, else the end of the ref."""
    location = (found.location or "").removeprefix("path:")
    return location.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or found.artifact_ref


def _attachment(name: str) -> str:
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    last = last.removeprefix("artifact:").lstrip(".") or "artifact"
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", last)[:120]
    exact = quote(last[:120], safe="", errors="replace")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
