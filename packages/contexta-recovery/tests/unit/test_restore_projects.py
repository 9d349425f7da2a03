"""Bring projects back without touching the rest."""

from dataclasses import replace

import pytest

from contexta.recovery import (
    RestoreError,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
)

TIME = "2026-01-01T00:00:00.000000Z"


def add_run(root, open_stores, project, run):
    """Add a run with an event and an artifact to any project."""
    import io

    from contexta.contract import (
        ArtifactManifest,
        Project,
        RecordEnvelope,
        Run,
        StructuredEventPayload,
        StructuredEventRecord,
    )

    ref = f"{project}.{run}"
    with open_stores(root) as stores:
        stores.metadata.runs.create_run(
            Run(
                run_ref=f"run:{ref}",
                project_ref=f"project:{project}",
                name=run,
                status="open",
                started_at=TIME,
            ),
            project=Project(project_ref=f"project:{project}", name=project, created_at=TIME),
        )
        envelope = RecordEnvelope(
            record_ref=f"record:{ref}.e",
            record_type="event",
            recorded_at=TIME,
            observed_at=TIME,
            producer_ref="test",
            run_ref=f"run:{ref}",
            completeness_marker="complete",
            degradation_marker="none",
        )
        payload = StructuredEventPayload(event_key="e", level="info", message=f"event of {ref}")
        assert stores.records.append(
            StructuredEventRecord(envelope=envelope, payload=payload)
        ).success
        manifest = ArtifactManifest(
            artifact_ref=f"artifact:{ref}.weights",
            artifact_kind="model",
            created_at=TIME,
            producer_ref="test",
            run_ref=f"run:{ref}",
            location_ref="weights.bin",
        )
        body = io.BytesIO(b"weights of " + ref.encode())
        stores.artifacts.put_artifact_from_stream(manifest, body, source_name="weights")


def delete(root, open_stores, *runs):
    with open_stores(root) as stores:
        plan = stores.metadata.plan_deletion(list(runs), recursive=True)
        stores.metadata.apply_deletion(plan)
        stores.records.apply_erasure(stores.records.plan_erasure(run_refs=list(runs)))


@pytest.fixture
def backed_up(config, root, open_stores):
    """A workspace with runs of the projects p and q, backed up; then both runs are deleted."""
    add_run(root, open_stores, "p", "one")
    add_run(root, open_stores, "q", "two")
    result = create_workspace_backup(config, plan_workspace_backup(config))
    delete(root, open_stores, "run:p.one", "run:q.two")
    add_run(root, open_stores, "q", "later")
    return result.backup_ref


def restore(config, ref, **options):
    return restore_workspace(config, plan_restore(config, ref, **options))


def test_a_deleted_project_comes_back_and_the_rest_stays(config, root, backed_up, contents):
    """What was written since stays, what other projects lost stays lost."""
    result = restore(config, backed_up, projects=["p"])

    assert contents(root)["runs"] == ["run:p.one", "run:q.later"]
    assert contents(root)["records"] == ["event of p.one", "event of q.later"]
    assert result.applied
    assert "project_restored:p" in result.notes
    assert result.details["merge"]["counts"]["metadata"]["run"]["new"] == 1


def test_the_target_is_backed_up_before_a_merge(config, root, backed_up, contents):
    before = contents(root)
    result = restore(config, backed_up, projects=["p"])

    undone = restore(config, result.safety_backup_ref)

    assert undone.applied
    assert contents(root) == before


def test_a_plan_for_projects_says_what_comes(config, backed_up):
    """The preview is about these projects only, and nothing vanishes."""
    plan = plan_restore(config, backed_up, projects=["q"])

    assert plan.projects == ("q",)
    assert plan.preview.returning_runs == ("run:q.two",)
    assert plan.preview.vanishing_runs == ()
    assert "Merge projects q of backup" in plan.describe()
    assert "Nothing of the target is removed or set back" in plan.describe()


def test_a_project_can_be_taken_into_a_new_workspace(config, backed_up, tmp_path, contents):
    result = restore(config, backed_up, projects=["q"], target_workspace=tmp_path / "only-q")

    assert result.applied
    assert contents(tmp_path / "only-q") == {
        "runs": ["run:q.two"],
        "records": ["event of q.two"],
        "artifacts": ["artifact:q.two.weights=b'weights of q.two'"],
    }


def test_a_project_that_the_backup_lacks_is_refused(config, root, backed_up, contents):
    before = contents(root)

    with pytest.raises(RestoreError) as caught:
        restore(config, backed_up, projects=["nothing"])

    assert caught.value.code == "recovery_project_not_found"
    assert contents(root) == before


def test_planes_elsewhere_are_not_merged_into(config, root, backed_up, tmp_path):
    """The merge of the store knows planes in their default places only."""
    moved = replace(config, records=replace(config.records, root_path=tmp_path / "records"))

    with pytest.raises(RestoreError) as caught:
        restore(moved, backed_up, projects=["p"])

    assert caught.value.code == "recovery_target_not_mergeable"
    assert caught.value.details["elsewhere"] == ["records"]


def test_a_damaged_backup_gives_no_project(config, root, backed_up, contents):
    location = root / "recovery" / "backups" / backed_up
    before = contents(root)
    body = next(path for path in (location / "workspace" / "records").rglob("*.parquet*"))
    body.chmod(0o600)
    body.write_bytes(body.read_bytes()[:-1] + b"?")

    with pytest.raises(RestoreError) as caught:
        restore(config, backed_up, projects=["p"])

    assert caught.value.code == "recovery_backup_damaged"
    assert contents(root) == before
