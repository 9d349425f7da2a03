"""The methods of `ArtifactStore` as functions that take the store first."""

from __future__ import annotations

from contexta.store.artifacts._store import ArtifactStore

begin_staged_ingest = ArtifactStore.begin_staged_ingest
write_chunk = ArtifactStore.write_chunk
commit_staged_ingest = ArtifactStore.commit_staged_ingest
abort_staged_ingest = ArtifactStore.abort_staged_ingest
get_artifact = ArtifactStore.get_artifact
artifact_exists = ArtifactStore.artifact_exists
open_artifact = ArtifactStore.open_artifact
read_artifact_bytes = ArtifactStore.read_artifact_bytes
iter_artifact_chunks = ArtifactStore.iter_artifact_chunks
list_refs = ArtifactStore.list_refs
verify_artifact = ArtifactStore.verify_artifact
verify_all = ArtifactStore.verify_all
inspect_store = ArtifactStore.inspect_store
remove_abandoned_staging = ArtifactStore.remove_abandoned_staging
