"""Names of the artifact plane."""

import contexta.store.artifacts as artifacts
from contexta.store.artifacts import ArtifactStore

FROM_1_0 = {
    *("ArtifactStore", "VaultConfig", "ArtifactStoreConfig", "IngestMode", "VerificationMode"),
    *("VerificationStatus", "ImportOutcome", "ImportConflictPolicy", "RetentionAction"),
    *("ArtifactBinding", "ArtifactHandle", "ArtifactPutReceipt", "VerificationRecord"),
    *("VerificationReport", "StoreSummary", "SweepReport", "RepairPlan", "ExportReceipt"),
    *("ImportReceipt", "RetentionCandidate", "RetentionPlan", "IngestSession"),
    *("ArtifactMigrationPlan", "PACKAGE_FORMAT_VERSION", "begin_staged_ingest", "write_chunk"),
    *("commit_staged_ingest", "abort_staged_ingest", "get_artifact", "artifact_exists"),
    *("open_artifact", "read_artifact_bytes", "iter_artifact_chunks", "list_refs"),
    *("verify_artifact", "verify_all", "inspect_store", "refresh_verification"),
    *("quarantine_bound_artifact", "quarantine_orphan_body", "remove_abandoned_staging"),
    *("plan_migration", "migrate_bindings", "export_artifact", "import_artifact"),
    *("import_export_package", "plan_retention"),
}
ADDED = {
    *("BindingRevision", "BodyStore", "CollectionReport", "FolderBodyStore", "ProtectedItem"),
    *("QuarantineEntry", "RemovalItem", "RemovalPlan", "RemovalPolicy", "RemovalReport"),
    *("RepairReport", "SweepProgress", "Tombstone", "TransferReport", "TreeMember"),
}


def test_the_public_names_are_exactly_these():
    """All 47 names of 1.0 and those added; each one loads."""
    assert len(FROM_1_0) == 47
    assert set(artifacts.__all__) == FROM_1_0 | ADDED
    assert artifacts.__all__ == sorted(artifacts.__all__)
    assert all(getattr(artifacts, name) is not None for name in artifacts.__all__)
    assert artifacts.PACKAGE_FORMAT_VERSION == "contexta-artifact-export-v1"
    assert artifacts.VaultConfig is artifacts.ArtifactStoreConfig


def test_each_function_is_the_method_of_that_name():
    """The store is the first argument."""
    functions = {name for name in FROM_1_0 if name.islower()}

    assert len(functions) == 23
    assert all(getattr(artifacts, name) is getattr(ArtifactStore, name) for name in functions)


def test_enumerations_have_lower_case_values():
    """Their members are text."""
    members = {
        member
        for name in ("IngestMode", "VerificationMode", "VerificationStatus", "RetentionAction")
        for member in getattr(artifacts, name)
    } | {*artifacts.ImportOutcome, *artifacts.ImportConflictPolicy}

    assert all(member.value == member.name.lower() == member for member in members)
