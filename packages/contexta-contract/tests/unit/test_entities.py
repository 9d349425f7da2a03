"""Projects, runs, their parts, and the environment they ran in."""

import pytest

from contexta.contract import DeploymentExecution, Run
from contexta.contract.entities import RUN_STAGE_STATUSES
from contexta.contract.errors import ValidationError
from contexta.contract.testing import builders

STATEFUL = ["run", "deployment_execution", "stage_execution", "batch_execution"]


def _codes(build, **fields):
    with pytest.raises(ValidationError) as caught:
        build(**fields)
    return [(issue.code, issue.path) for issue in caught.value.issues]


def test_the_statuses_are_those_of_1_0_and_interrupted():
    """The order is significant."""

    assert RUN_STAGE_STATUSES == ("open", "completed", "failed", "cancelled", "interrupted")


@pytest.mark.parametrize("name", STATEFUL)
@pytest.mark.parametrize("status", RUN_STAGE_STATUSES)
def test_open_has_no_end_and_every_other_status_needs_one(name, status):
    """Status and `ended_at` agree."""
    build = getattr(builders, name)
    right, wrong = (None, builders.ENDED_AT) if status == "open" else (builders.ENDED_AT, None)

    assert build(status=status, ended_at=right).status == status
    assert _codes(build, status=status, ended_at=wrong) == [
        ("context_invalid_status_transition", "$.ended_at")
    ]


@pytest.mark.parametrize("name", STATEFUL)
def test_nothing_ends_before_it_starts(name):
    """Ending in the instant of the start is fine."""
    build = getattr(builders, name)
    same = build(status="failed", ended_at=builders.STARTED_AT)

    assert same.ended_at == same.started_at
    assert _codes(build, status="failed", ended_at="2023-12-31T23:59:59.999999Z") == [
        ("context_invalid_time_order", "$.ended_at")
    ]


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("project", {"project_ref": "run:p.r"}, ("stable_ref_kind_mismatch", "$.project_ref")),
        ("project", {"project_ref": 7}, ("context_invalid_ref", "$.project_ref")),
        ("project", {"project_ref": "project:a.b"}, ("stable_ref_invalid_shape", "$.project_ref")),
        ("project", {"project_ref": "project:A"}, ("stable_ref_invalid_value", "$.project_ref")),
        ("project", {"name": None}, ("context_invalid_string", "$.name")),
        ("project", {"name": "a\ud800"}, ("context_invalid_string", "$.name")),
        ("project", {"description": ""}, ("context_invalid_string", "$.description")),
        ("project", {"created_at": "x"}, ("context_invalid_timestamp", "$.created_at")),
        ("project", {"tags": 5}, ("context_invalid_mapping", "$.tags")),
        ("project", {"schema_version": ""}, ("context_invalid_string", "$.schema_version")),
        ("project", {"extensions": 5}, ("context_invalid_extensions", "$.extensions")),
        ("project", {"extensions": [5]}, ("context_invalid_extensions", "$.extensions[0]")),
        ("run", {"status": "Open"}, ("context_invalid_status", "$.status")),
        ("run", {"status": None}, ("context_invalid_status", "$.status")),
        ("run", {"project_ref": "project:x"}, ("context_ref_prefix_mismatch", "$.run_ref")),
        ("run", {"metadata": {"a": b""}}, ("extension_invalid_value", "$.metadata.a")),
        (
            "deployment_execution",
            {"deployment_name": "web"},
            ("context_ref_prefix_mismatch", "$.deployment_execution_ref"),
        ),
        (
            "deployment_execution",
            {"run_ref": "run:x.r"},
            ("context_ref_prefix_mismatch", "$.run_ref"),
        ),
        (
            "deployment_execution",
            {"artifact_ref": "artifact:x.r.a"},
            ("context_ref_prefix_mismatch", "$.artifact_ref"),
        ),
        (
            "deployment_execution",
            {"run_ref": "run:demo.r", "environment_snapshot_ref": "environment:demo.x.e"},
            ("context_ref_prefix_mismatch", "$.environment_snapshot_ref"),
        ),
        ("stage_execution", {"order_index": -1}, ("context_invalid_order_index", "$.order_index")),
        (
            "stage_execution",
            {"order_index": True},
            ("context_invalid_order_index", "$.order_index"),
        ),
        (
            "stage_execution",
            {"order_index": 1.0},
            ("context_invalid_order_index", "$.order_index"),
        ),
        (
            "stage_execution",
            {"stage_name": "eval"},
            ("context_ref_prefix_mismatch", "$.stage_execution_ref"),
        ),
        (
            "batch_execution",
            {"batch_name": "b2"},
            ("context_ref_prefix_mismatch", "$.batch_execution_ref"),
        ),
        (
            "sample_observation",
            {"batch_execution_ref": "batch:demo.run-1.train.b1"},
            ("context_ref_prefix_mismatch", "$.sample_observation_ref"),
        ),
        (
            "operation_context",
            {"operation_context_ref": "op:demo.run-1.train.b1.o1"},
            ("context_ref_prefix_mismatch", "$.operation_context_ref"),
        ),
        (
            "environment_snapshot",
            {"environment_snapshot_ref": "environment:demo.run-1.a.b"},
            ("context_ref_prefix_mismatch", "$.environment_snapshot_ref"),
        ),
        (
            "environment_snapshot",
            {"environment_snapshot_ref": "environment:demo.run-2.a"},
            ("context_ref_prefix_mismatch", "$.environment_snapshot_ref"),
        ),
    ],
)
def test_each_broken_rule_has_its_code_and_path(name, fields, expected):
    """One problem, one issue."""

    assert _codes(getattr(builders, name), **fields) == [expected]


@pytest.mark.parametrize("name", ["My Stage", "a--b", "-a", "a_b", "ü", "a" * 64])
def test_names_inside_refs_are_kebab_case_and_the_message_offers_slugify(name):
    """The name itself goes into `display_name`."""
    with pytest.raises(ValidationError, match="slugify") as caught:
        builders.stage_execution(stage_name=name)

    assert caught.value.code == "context_invalid_component"


def test_samples_and_operations_hang_below_the_batch_when_there_is_one():
    """Five components with a batch, four without."""
    batch = {"batch_execution_ref": "batch:demo.run-1.train.b1"}
    sample = builders.sample_observation(
        sample_observation_ref="sample:demo.run-1.train.b1.s1", **batch
    )
    operation = builders.operation_context(
        operation_context_ref="op:demo.run-1.train.b1.o1", **batch
    )

    assert len(sample.sample_observation_ref.components) == 5
    assert len(operation.operation_context_ref.components) == 5


def test_a_deployment_may_name_any_environment_when_it_names_no_run():
    """The environment then belongs to nobody in particular."""
    deployment = builders.deployment_execution(environment_snapshot_ref="environment:x")

    assert deployment.environment_snapshot_ref.text == "environment:x"


def test_free_text_is_trimmed_and_otherwise_kept():
    """Names may be anything people write."""

    assert builders.run(name="  Größe №1\n(final) ").name == "Größe №1\n(final)"


def test_fields_of_1_0_keep_their_positions():
    """What was added comes last, so positional calls of 1.0 still mean the same."""

    assert list(Run.model_fields)[:9] == [
        "run_ref", "project_ref", "name", "status", "started_at", "ended_at", "description",
        "schema_version", "extensions",
    ]  # fmt: skip
    assert list(DeploymentExecution.model_fields)[-4:] == [
        "schema_version", "extensions", "display_name", "metadata",
    ]  # fmt: skip
