"""The methods of `ArtifactStore` as functions that take the store first."""

from __future__ import annotations

from contexta.store.artifacts._store import ArtifactStore

abort_staged_ingest = ArtifactStore.abort_staged_ingest
artifact_exists = ArtifactStore.artifact_exists
begin_staged_ingest = ArtifactStore.begin_staged_ingest
commit_staged_ingest = ArtifactStore.commit_staged_ingest
export_artifact = ArtifactStore.export_artifact
get_artifact = ArtifactStore.get_artifact
import_artifact = ArtifactStore.import_artifact
import_export_package = ArtifactStore.import_export_package
inspect_store = ArtifactStore.inspect_store
iter_artifact_chunks = ArtifactStore.iter_artifact_chunks
list_refs = ArtifactStore.list_refs
migrate_bindings = ArtifactStore.migrate_bindings
open_artifact = ArtifactStore.open_artifact
plan_migration = ArtifactStore.plan_migration
plan_retention = ArtifactStore.plan_retention
quarantine_bound_artifact = ArtifactStore.quarantine_bound_artifact
quarantine_orphan_body = ArtifactStore.quarantine_orphan_body
read_artifact_bytes = ArtifactStore.read_artifact_bytes
refresh_verification = ArtifactStore.refresh_verification
remove_abandoned_staging = ArtifactStore.remove_abandoned_staging
verify_all = ArtifactStore.verify_all
verify_artifact = ArtifactStore.verify_artifact
write_chunk = ArtifactStore.write_chunk
