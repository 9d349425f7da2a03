"""The advanced usage guide's code blocks, one after another, as one script.

It runs in an empty folder in which a project ``advanced-proj`` already holds the two
runs that the guide's query block names (see ``test_advanced_usage.py``).
"""

# ruff: noqa: E402

from pathlib import Path

from contexta import Contexta
from contexta.config import UnifiedConfig, WorkspaceConfig

config = UnifiedConfig(
    project_name="advanced-proj",
    workspace=WorkspaceConfig(root_path=Path(".contexta")),
)
ctx = Contexta(config=config)

from contexta.config import load_config

resolved = load_config(
    profile="test",
    workspace=".contexta",
    config={"project_name": "advanced-proj"},
)

from contexta.contract import Project

project = Project(
    project_ref="project:advanced-proj",
    name="advanced-proj",
    created_at="2024-06-01T12:00:00Z",
)
ctx.metadata_store.projects.put_project(project)

from contexta.store.records import ReplayMode

replay = ctx.record_store.replay(mode=ReplayMode.TOLERANT)
print(replay.record_count)
print(replay.integrity_state.value)

summary = ctx.artifact_store.inspect_store()
print(summary.artifact_count)
print(summary.verified_count)

query_service = ctx.query_service
compare_service = ctx.compare_service
snapshot = query_service.get_run_snapshot("run:advanced-proj.demo-run")
comparison = compare_service.compare_runs(
    "run:advanced-proj.demo-run",
    "run:advanced-proj.demo-run-v2",
)

from contexta.recovery import create_workspace_backup, plan_workspace_backup

plan = plan_workspace_backup(ctx.config, label="manual")
result = create_workspace_backup(ctx.config, plan)
print(result.backup_ref)
print(result.location)

from contexta.recovery import plan_restore, restore_workspace

restore_plan = plan_restore(
    ctx.config,
    result.backup_ref,
    verify_only=True,
)
restore_check = restore_workspace(ctx.config, restore_plan)
print(restore_check.status)
print(restore_check.verification_notes)
