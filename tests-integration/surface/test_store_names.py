"""Every public name of the three planes, as scripts of the first version use them."""

import dataclasses
import inspect

import pytest

from contexta.store import artifacts, metadata, records

NAMES = {
    metadata: """
        MetadataStore MetadataStoreConfig CURRENT_METADATA_STORE_SCHEMA_VERSION
        DuckDBAdapter PandasAdapter PolarsAdapter FrameAdapterProtocol
        IntegrityIssue IntegrityReport check_integrity
        RepairCandidate RepairPlan RepairPreview plan_repairs preview_repairs
        SchemaInspection MigrationStep MigrationPlan MigrationHistoryRow MigrationResult
        inspect_schema plan_migration_for dry_run_migration_for migrate_for
        RunSnapshot build_run_snapshot
        """,
    records: """
        RecordStore StoreConfig RecordStoreConfig
        DurabilityMode LayoutMode DurabilityStatus IntegrityState ReplayMode
        AppendReceipt AppendRejection AppendResult ScanFilter StoredRecord KnownGap ReplayResult
        IntegrityIssue IntegrityReport RepairReport
        check_integrity export_jsonl rebuild_indexes repair_truncated_tails
        AppendError ReplayError
        """,
    artifacts: """
        ArtifactStore VaultConfig ArtifactStoreConfig
        IngestMode VerificationMode VerificationStatus ImportOutcome ImportConflictPolicy
        RetentionAction
        ArtifactBinding ArtifactHandle ArtifactPutReceipt VerificationRecord VerificationReport
        StoreSummary SweepReport RepairPlan ExportReceipt ImportReceipt RetentionCandidate
        RetentionPlan IngestSession ArtifactMigrationPlan
        PACKAGE_FORMAT_VERSION
        begin_staged_ingest write_chunk commit_staged_ingest abort_staged_ingest get_artifact
        artifact_exists open_artifact read_artifact_bytes iter_artifact_chunks list_refs
        verify_artifact verify_all inspect_store refresh_verification quarantine_bound_artifact
        quarantine_orphan_body remove_abandoned_staging plan_migration migrate_bindings
        export_artifact import_artifact import_export_package plan_retention
        """,
}
MEMBERS = {
    metadata.MetadataStore: """
        config projects runs deployments stages batches samples environments relations provenance
        duckdb pandas polars get_store_schema_version list_registered_refs check_integrity
        plan_repairs preview_repairs plan_migration dry_run_migration migrate inspect_schema
        plan_migration_for dry_run_migration_for migrate_for build_run_snapshot close __enter__
        __exit__
        """,
    metadata.MetadataStoreConfig: """
        backend in_memory resolved_database_path from_unified_config from_mapping to_dict
        """,
    metadata.DuckDBAdapter: "execute query_one query_all transaction get_schema_version",
    metadata.PandasAdapter: "query table",
    metadata.PolarsAdapter: "query table",
    metadata.RunSnapshot: "to_dict",
    records.RecordStore: """
        config root_path append append_many scan replay iter_replay export_jsonl check_integrity
        rebuild_indexes repair_truncated_tails __enter__ __exit__
        """,
    records.StoreConfig: "from_unified_config from_mapping to_dict",
    records.AppendResult: "accepted_count rejected_count success",
    records.StoredRecord: """
        record_ref record_type run_ref stage_execution_ref batch_execution_ref
        sample_observation_ref
        """,
    artifacts.ArtifactStore: """
        config root_path create_staging_path put_artifact put_artifact_from_stream bind_artifact
        build_repair_plan begin_staged_ingest write_chunk commit_staged_ingest
        abort_staged_ingest get_artifact artifact_exists open_artifact read_artifact_bytes
        iter_artifact_chunks list_refs verify_artifact verify_all inspect_store
        refresh_verification quarantine_bound_artifact quarantine_orphan_body
        remove_abandoned_staging plan_migration migrate_bindings export_artifact import_artifact
        import_export_package plan_retention
        """,
    artifacts.VaultConfig: "from_unified_config from_mapping to_dict",
    artifacts.ArtifactBinding: "to_dict",
}
FIELDS = {
    metadata.MetadataStoreConfig: """
        storage_adapter database_path auto_create read_only auto_migrate
        """,
    metadata.IntegrityIssue: """
        code message rule_id category severity ref suggested_action details
        """,
    metadata.IntegrityReport: "ok store_schema_version checked_at issues issue_counts",
    metadata.RepairCandidate: "issue_code ref action rationale",
    metadata.RepairPlan: "ok candidates actions",
    metadata.RepairPreview: "plan summary_lines",
    metadata.SchemaInspection: """
        exists current_version target_version requires_migration supported notes
        """,
    metadata.MigrationStep: "from_version to_version description step_id",
    metadata.MigrationPlan: "current_version target_version steps requires_migration",
    metadata.MigrationHistoryRow: """
        step_id from_version to_version description status applied_at notes
        """,
    metadata.MigrationResult: """
        current_version target_version applied_steps dry_run changed history_rows warnings
        """,
    metadata.RunSnapshot: """
        project run deployments stages batches samples environments relations provenance
        scoped_refs completeness_notes
        """,
    records.StoreConfig: """
        root_path max_segment_bytes durability_mode layout_mode layout_version enable_indexes
        read_only
        """,
    records.AppendReceipt: """
        sequence segment_id offset record_ref record_type run_ref durability_status
        """,
    records.AppendRejection: "index code message record_ref record_type",
    records.AppendResult: "accepted rejected durability_status durable_count",
    records.ScanFilter: """
        run_ref stage_execution_ref batch_execution_ref sample_observation_ref record_type
        start_time end_time
        """,
    records.StoredRecord: "sequence segment_id offset appended_at record",
    records.KnownGap: "code message segment_id line_number start_sequence end_sequence details",
    records.ReplayResult: "records record_count mode warnings known_gaps integrity_state",
    records.IntegrityIssue: "severity code message segment_id line_number",
    records.IntegrityReport: "healthy issues segment_count record_count state recommendations",
    records.RepairReport: """
        success repaired_segments quarantined_paths rebuilt_indexes integrity_state notes warnings
        """,
    artifacts.VaultConfig: """
        root_path default_ingest_mode verification_mode create_missing_dirs layout_version
        chunk_size_bytes read_only
        """,
    artifacts.ArtifactBinding: """
        artifact_ref artifact_kind binding_id source_name ingest_mode size_bytes hash_algorithm
        hash_value layout_version created_at manifest_snapshot
        """,
    artifacts.ArtifactHandle: "binding path",
    artifacts.ArtifactPutReceipt: "binding path bytes_written",
    artifacts.IngestSession: "session_id staging_path source_name",
    artifacts.VerificationRecord: "artifact_ref status checked_at message",
    artifacts.VerificationReport: """
        artifact_ref status verified exists actual_size_bytes expected_size_bytes
        actual_hash_value expected_hash_value checked_at messages
        """,
    artifacts.StoreSummary: """
        artifact_count total_size_bytes kinds verified_count missing_count drift_count
        orphan_count
        """,
    artifacts.SweepReport: "verification_records missing_refs drifted_refs orphan_paths",
    artifacts.RepairPlan: "actions",
    artifacts.ExportReceipt: """
        artifact_ref export_directory body_path binding_path package_metadata_path
        """,
    artifacts.ImportReceipt: """
        artifact_ref outcome bytes_written mapping_loss_report quarantine_path
        """,
    artifacts.RetentionCandidate: "artifact_ref action reason",
    artifacts.RetentionPlan: "keep review",
    artifacts.ArtifactMigrationPlan: """
        source_layout_version target_layout_version actions dry_run
        """,
}
ENUMS = {
    records.DurabilityMode: {"FLUSH": "flush", "FSYNC": "fsync"},
    records.DurabilityStatus: {name: name for name in ("ACCEPTED", "FLUSHED", "FSYNCED")},
    records.IntegrityState: {name: name for name in ("HEALTHY", "DEGRADED", "CORRUPTED")},
    records.ReplayMode: {"STRICT": "strict", "TOLERANT": "tolerant"},
    records.LayoutMode: {"JSONL_SEGMENTS": "jsonl_segments"},
    artifacts.IngestMode: {name: name.lower() for name in ("COPY", "MOVE", "ADOPT")},
    artifacts.VerificationMode: {
        name: name.lower() for name in ("NONE", "STORED", "MANIFEST_IF_AVAILABLE", "STRICT")
    },
    artifacts.VerificationStatus: {
        name: name.lower() for name in ("VERIFIED", "MISSING", "SIZE_MISMATCH", "HASH_MISMATCH")
    },
    artifacts.ImportOutcome: {
        name: name.lower() for name in ("IMPORTED", "SKIPPED", "REPLACED", "IDEMPOTENT")
    },
    artifacts.ImportConflictPolicy: {name: name.lower() for name in ("ERROR", "SKIP", "REPLACE")},
    artifacts.RetentionAction: {name: name.lower() for name in ("KEEP", "REVIEW")},
}
REPOSITORIES = {
    "projects": ("project", "list_projects"),
    "runs": ("run", "list_runs"),
    "deployments": ("deployment_execution", "list_deployment_executions"),
    "stages": ("stage_execution", "list_stage_executions"),
    "batches": ("batch_execution", "list_batch_executions"),
    "samples": ("sample_observation", "list_sample_observations"),
    "environments": ("environment_snapshot", "list_environment_snapshots"),
    "relations": (
        *("relation", "list_relations_for_ref", "list_relations_for_source"),
        "list_relations_for_target",
    ),
    "provenance": ("provenance", "list_provenance_for_relation"),
}


@pytest.mark.parametrize("module", NAMES, ids=lambda module: module.__name__)
def test_names_are_exported(module):
    """Each name can be imported, and `__all__` lists it."""
    wanted = NAMES[module].split()

    assert [] == [name for name in wanted if not hasattr(module, name)]
    assert set(wanted) <= set(module.__all__)


@pytest.mark.parametrize("owner", MEMBERS, ids=lambda owner: owner.__name__)
def test_members_are_there(owner):
    """Each method and property exists, on the class or on its instances."""
    bases = [base for base in owner.__mro__ if base.__module__.startswith("contexta")]
    fields = {name for base in bases for name in inspect.get_annotations(base)}
    missing = [n for n in MEMBERS[owner].split() if not hasattr(owner, n) and n not in fields]
    source = "".join(inspect.getsource(base) for base in bases) if missing else ""

    assert [] == [name for name in missing if f"self.{name}" not in source]


@pytest.mark.parametrize("model", FIELDS, ids=lambda m: f"{m.__module__}.{m.__name__}")
def test_fields_come_in_their_order(model):
    """The known fields lead, in order, so that positional construction works; more may follow."""
    wanted = FIELDS[model].split()
    if dataclasses.is_dataclass(model):
        names = [field.name for field in dataclasses.fields(model)]
    else:
        names = list(getattr(model, "model_fields", None) or model._fields)

    assert wanted == [name for name in names if name in wanted]


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_values_equal_their_text(enum):
    """Each member exists and compares equal to its value."""
    found = {name: enum.__members__[name] for name in ENUMS[enum]}

    assert ENUMS[enum] == found


@pytest.mark.parametrize("name", REPOSITORIES)
def test_repositories_have_their_methods(tmp_path, name):
    """Put, get, find, exists and the lists, under the names of their kind."""
    suffix, *lists = REPOSITORIES[name]
    with metadata.MetadataStore(metadata.MetadataStoreConfig(database_path=":memory:")) as store:
        repository = getattr(store, name)
        wanted = [f"{verb}_{suffix}" for verb in ("put", "get", "find", "exists")]
        missing = [n for n in (*wanted, *lists) if not callable(getattr(repository, n, None))]

    assert [] == missing


def test_one_class_has_two_names():
    """The settings of records and of artifacts are one class under two names each."""
    assert records.StoreConfig is records.RecordStoreConfig
    assert artifacts.VaultConfig is artifacts.ArtifactStoreConfig


def test_constants():
    """The versions that scripts compare with."""
    assert "1" == metadata.CURRENT_METADATA_STORE_SCHEMA_VERSION
    assert "contexta-artifact-export-v1" == artifacts.PACKAGE_FORMAT_VERSION
