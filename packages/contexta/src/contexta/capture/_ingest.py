"""Bring files and folders into the artifact plane."""

# ruff: noqa: SLF001 - scopes, spans and the session are one unit, spread over files

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.capture._checks import storable
from contexta.capture._ids import random_hex
from contexta.capture.artifacts import (
    ArtifactBindingStatus,
    ArtifactRegistrationRequest,
    ArtifactSource,
    ArtifactSourceKind,
    ArtifactVerificationPolicy,
)
from contexta.capture.models import ArtifactRegistrationEmission
from contexta.capture.results import CaptureResult, Delivery, DeliveryStatus, PayloadFamily
from contexta.contract.errors import ContextaError, ValidationError
from contexta.contract.models.artifacts import ArtifactManifest
from contexta.contract.refs import StableRef
from contexta.contract.time import iso_utc_now

if TYPE_CHECKING:
    from contexta.capture._config_snapshot import ConfigSnapshot

_SERVICE = "artifact_registration"


def register(
    scope: Any,
    emission: ArtifactRegistrationEmission,
    *,
    mode: str | None = None,
    wait: bool = True,
    staged: bool = False,
) -> CaptureResult:
    """Register one artifact in the context of `scope`.

    What is `staged` lies at its path only until the artifact plane and the sinks have it: the
    location that is kept is its name, not a path where soon nothing is.

    Raises:
        ValidationError: a ref that does not fit the run, or a missing source.
    """
    context = scope._target()
    ref = _ref_for(context.run_ref, emission)
    source = ArtifactSource.from_path(str(emission.path))
    path = Path(source.uri)
    redact = scope._recorder.redactor.text
    kind = ArtifactSourceKind.STAGED_PATH if staged else source.kind
    source = ArtifactSource(kind, redact(storable(source.uri)), source.exists)
    if not source.exists and not emission.allow_missing:
        raise ValidationError(
            f"artifact source {source.uri} does not exist; write it first, "
            "or pass allow_missing=True",
            code="artifact_source_missing",
            details={"path": source.uri},
        )
    recorder = scope._recorder
    request = ArtifactRegistrationRequest(
        ref,
        emission.artifact_kind,
        source,
        ArtifactVerificationPolicy(emission.compute_hash, not emission.allow_missing),
        recorder.redactor.mapping(dict(emission.attributes or {})),
    )
    manifest = _manifest(context, request)
    if not source.exists:
        return _missing(recorder, request, manifest)
    if wait or recorder.planes is None:
        return _ingest(recorder, context, request, manifest, path, mode)
    scope._session.background(
        scope._root, lambda: _ingest(recorder, context, request, manifest, path, mode)
    )
    return CaptureResult.success(
        PayloadFamily.ARTIFACT,
        payload=_payload(request, manifest, ArtifactBindingStatus.PENDING),
        metadata=_metadata(ref, dispatch_pending=True),
    )


def _ref_for(run_ref: str, emission: ArtifactRegistrationEmission) -> str:
    run = run_ref.partition(":")[2]
    if emission.artifact_ref is None:
        kind = emission.artifact_kind.strip("_").replace("_", "-")
        while "--" in kind:
            kind = kind.replace("--", "-")
        return f"artifact:{run}.{kind}-{random_hex(6)}"
    ref = StableRef.parse(str(emission.artifact_ref))
    if ref.kind != "artifact":
        raise ValidationError(
            f"artifact_ref {ref.text} must begin with 'artifact:'",
            code="artifact_registration_invalid_ref",
            details={"artifact_ref": ref.text},
        )
    if ".".join(ref.components[:-1]) != run:
        raise ValidationError(
            f"artifact_ref {ref.text} must be artifact:{run} and one more component",
            code="artifact_ref_prefix_mismatch",
            details={"artifact_ref": ref.text, "run_ref": run_ref},
        )
    return ref.text


def _manifest(
    context: Any,
    request: ArtifactRegistrationRequest,
    *,
    size: int | None = None,
    digest: str | None = None,
) -> ArtifactManifest:
    return ArtifactManifest(
        artifact_ref=request.artifact_ref,
        artifact_kind=request.artifact_kind,
        created_at=iso_utc_now(),
        producer_ref=context.producer_ref,
        run_ref=context.run_ref,
        location_ref=f"path:{_place(request.source)}",
        deployment_execution_ref=context.deployment_execution_ref,
        stage_execution_ref=context.stage_execution_ref,
        batch_execution_ref=context.batch_execution_ref,
        sample_observation_ref=context.sample_observation_ref,
        operation_context_ref=context.operation_context_ref,
        hash_value=digest,
        size_bytes=size,
        attributes=dict(request.attributes or {}),
        schema_version=context.schema_version,
    )


def _place(source: ArtifactSource) -> str:
    if source.kind is not ArtifactSourceKind.STAGED_PATH:
        return source.uri
    return source.uri.rpartition("/")[2]


def _payload(
    request: ArtifactRegistrationRequest, manifest: ArtifactManifest, status: ArtifactBindingStatus
) -> dict[str, Any]:
    return {
        "manifest": manifest,
        "request": request,
        "source": request.source,
        "binding_status": status.value,
    }


def _metadata(ref: str, **more: Any) -> dict[str, Any]:
    return {"service": _SERVICE, "artifact_ref": ref, **more}


def _missing(
    recorder: Any, request: ArtifactRegistrationRequest, manifest: ArtifactManifest
) -> CaptureResult:
    result = CaptureResult.with_degradation(
        PayloadFamily.ARTIFACT,
        payload=_payload(request, manifest, ArtifactBindingStatus.PENDING),
        degradation_reasons=(f"artifact source {request.source.uri} does not exist",),
        metadata=_metadata(request.artifact_ref, dispatch_pending=True),
    )
    dispatched: CaptureResult = recorder.dispatcher.dispatch_capture(result)
    return dispatched


def _ingest(
    recorder: Any,
    context: Any,
    request: ArtifactRegistrationRequest,
    manifest: ArtifactManifest,
    path: Path,
    mode: str | None,
) -> CaptureResult:
    deliveries: tuple[Delivery, ...] = ()
    try:
        if recorder.planes is None:
            size, digest = _measure(path, compute=request.verification_policy.compute_hash)
        else:
            store = recorder.planes.artifacts()
            if str(getattr(store.config.verification_mode, "value", "")) == "strict":
                # Strict stores take no body without claims, so it is read once more.
                claims = _measure(path, compute=True)
                manifest = _manifest(context, request, size=claims[0], digest=claims[1])
            name = Path(request.source.uri).name
            receipt = store.put_artifact(manifest, path, mode=mode, source_name=name)
            size, digest = receipt.binding.size_bytes, receipt.binding.hash_value
            deliveries = (Delivery("local", PayloadFamily.ARTIFACT, DeliveryStatus.SUCCESS),)
    except ValidationError:
        raise
    except (ContextaError, OSError) as error:
        payload = _payload(request, manifest, ArtifactBindingStatus.PENDING)
        lost: CaptureResult = recorder.lost(context, _SERVICE, payload, error)
        return lost
    manifest = _manifest(context, request, size=size, digest=digest)
    result = CaptureResult.success(
        PayloadFamily.ARTIFACT,
        payload=_payload(request, manifest, ArtifactBindingStatus.BOUND),
        deliveries=deliveries,
        metadata=_metadata(request.artifact_ref, dispatch_pending=False),
    )
    delivered: CaptureResult = recorder.deliver(context, result)
    return delivered


def _measure(path: Path, *, compute: bool) -> tuple[int | None, str | None]:
    """Return size and SHA-256 of a file; a folder has neither outside the artifact plane."""
    if not path.is_file():
        return None, None
    size = path.stat().st_size
    if not compute:
        return size, None
    import hashlib

    with path.open("rb") as stream:
        return size, hashlib.file_digest(stream, "sha256").hexdigest()


def put_snapshot(
    recorder: Any, context: Any, ref: str, kind: str, snapshot: ConfigSnapshot, *, name: str
) -> None:
    """Store a snapshot as an artifact of the run; its body once for all runs that share it.

    Raises:
        ContextaError: the artifact plane did not take it.
    """
    import io

    body = snapshot.body
    manifest = ArtifactManifest(
        artifact_ref=ref,
        artifact_kind=kind,
        created_at=iso_utc_now(),
        producer_ref=context.producer_ref,
        run_ref=context.run_ref,
        location_ref=name,
        hash_value=snapshot.sha256,
        size_bytes=len(body),
        schema_version=context.schema_version,
    )
    store = recorder.planes.artifacts()
    if snapshot.stored:
        with suppress(ContextaError):  # the body was collected, or is damaged: put it again
            store.bind_artifact(manifest, store.object_path(snapshot.sha256), source_name=name)
            return
    store.put_artifact_from_stream(manifest, io.BytesIO(body), source_name=name)
    snapshot.stored = True
