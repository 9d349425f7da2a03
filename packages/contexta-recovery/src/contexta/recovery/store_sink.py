"""A sink over stores of Contexta, which hold each delivery once however often it comes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.contract.artifacts import ArtifactManifest
from contexta.contract.errors import DispatchError
from contexta.contract.refs import StableRef
from contexta.recovery._checks import required_text
from contexta.recovery._delivery import FAMILIES, Delivery, typed_payload
from contexta.recovery._sinks import Receipt

if TYPE_CHECKING:
    from contexta.store.artifacts import ArtifactStore
    from contexta.store.metadata import MetadataStore
    from contexta.store.records import RecordStore

__all__ = ["StoreSink"]


class StoreSink:
    """Puts captured payloads into the stores of another workspace, or of this one after a loss.

    Works beside a live capture (`Contexta(sinks=[...])`) and in `replay_outbox`. What is there
    already stays as it is, so repeated deliveries change nothing:

    * records (and degradations) are recognized by run, type and `record_ref`;
    * runs, stages and the like by their ref: a later state that is stored already is not undone;
    * artifacts by their ref; the body is read again from where it was captured, and only if the
      manifest says which SHA-256 it has to have.

    Args:
        records: Takes RECORD and DEGRADATION; the caller closes it.
        metadata: Takes CONTEXT; the caller closes it.
        artifacts: Takes ARTIFACT; the caller closes it.
        name: What the outbox calls this sink.

    Raises:
        ValidationError: `recovery_invalid_text` for a blank name.
    """

    def __init__(
        self,
        *,
        records: RecordStore | None = None,
        metadata: MetadataStore | None = None,
        artifacts: ArtifactStore | None = None,
        name: str = "store",
    ) -> None:
        self.name = required_text("name", name)
        self._records = records
        self._metadata = metadata
        self._artifacts = artifacts
        stores = {
            "CONTEXT": metadata,
            "RECORD": records,
            "ARTIFACT": artifacts,
            "DEGRADATION": records,
        }
        self.supported_families = tuple(one for one in FAMILIES if stores[one] is not None)

    def supports(self, family: Any) -> bool:
        """Tell whether there is a store for payloads of a family."""
        return _name_of(family) in self.supported_families

    def capture(self, *, family: Any, payload: Any) -> Receipt:
        """Store one payload, a model or its plain data.

        Raises:
            DispatchError: `store_sink_family_not_supported`, `store_sink_rejected`,
                `store_sink_body_unknown`.
            ReplayError: `recovery_invalid_payload`.
            StoreError: As the stores.
        """
        name = _name_of(family)
        return self._store(name, typed_payload(name, payload, None))

    def deliver(self, delivery: Delivery) -> Receipt:
        """Store the payload of a delivery; raises as `capture`."""
        return self._store(delivery.family, delivery.payload)

    def flush_deliveries(self) -> None:
        """Bring what was taken to disk."""
        if self._records is not None:
            self._records.flush()

    def _store(self, family: str, payload: Any) -> Receipt:
        if family == "CONTEXT" and self._metadata is not None:
            return self._store_context(self._metadata, payload)
        if family == "ARTIFACT" and self._artifacts is not None:
            return self._store_artifact(self._artifacts, payload)
        if family in ("RECORD", "DEGRADATION") and self._records is not None:
            return self._store_record(self._records, payload)
        raise DispatchError(
            f"sink {self.name!r} has no store for {family}; "
            f"it takes {', '.join(self.supported_families) or 'nothing'}",
            code="store_sink_family_not_supported",
            details={"sink_name": self.name, "family": family},
        )

    def _store_record(self, store: RecordStore, record: Any) -> Receipt:
        result = store.append(record, skip_existing=True)
        if result.rejected:
            raise self._rejected(result.rejected[0].message)
        return Receipt("SUCCESS", "stored before" if result.skipped else "stored")

    def _store_context(self, store: MetadataStore, model: Any) -> Receipt:
        # The first field of every entity is its own ref.
        fields = getattr(type(model), "model_fields", None) or {"": None}
        ref = getattr(model, next(iter(fields)), None)
        if not isinstance(ref, StableRef):
            raise self._rejected(f"{type(model).__name__} is no entity of the contract")
        if store.revision_of(ref) is not None:
            return Receipt("SUCCESS", "stored before")
        store.put_all((model,))
        return Receipt("SUCCESS", "stored")

    def _store_artifact(self, store: ArtifactStore, payload: Any) -> Receipt:
        manifest = payload.get("manifest") if isinstance(payload, Mapping) else None
        if not isinstance(manifest, ArtifactManifest):
            raise self._rejected("the payload has no manifest")
        if store.artifact_exists(manifest.artifact_ref):
            return Receipt("SUCCESS", "stored before")
        place = _place_of(payload.get("source"))
        if place is None or manifest.hash_value is None:
            raise DispatchError(
                f"the body of {manifest.artifact_ref} cannot be found: its source or its hash "
                "was not captured; put the artifact into the store by hand",
                code="store_sink_body_unknown",
                details={"artifact_ref": str(manifest.artifact_ref)},
            )
        store.put_artifact(manifest, place)
        return Receipt("SUCCESS", "stored")

    def _rejected(self, reason: str) -> DispatchError:
        return DispatchError(
            f"sink {self.name!r} cannot store the payload: {reason}",
            code="store_sink_rejected",
            details={"sink_name": self.name, "reason": reason},
        )


def _name_of(family: Any) -> str:
    return str(getattr(family, "value", family)).strip().upper()


def _place_of(source: Any) -> Path | None:
    uri = source.get("uri") if isinstance(source, Mapping) else getattr(source, "uri", None)
    return Path(uri) if isinstance(uri, str) and uri else None
