"""Reports and validators."""

import pytest

import contexta.contract as contract
from contexta.contract import (
    ExtensionRegistry,
    ExtensionRegistryEntry,
    MetricPayload,
    Run,
    ValidationIssue,
    ValidationReport,
)
from contexta.contract.errors import ValidationError
from contexta.contract.testing import builders

VALIDATORS = [n for n in contract.__all__ if n.startswith("validate_")]


def _code(call, *args):
    with pytest.raises(ValidationError) as caught:
        call(*args)
    return caught.value.code


def _found(report):
    return [(issue.code, issue.path, issue.severity) for issue in report.issues]


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ((" ", "$", "m"), "code"),
        (("c", 5, "m"), "path"),
        (("c", "$", ""), "message"),
        (("c", "$", "m", "fatal"), "severity"),
    ],
)
def test_an_issue_needs_code_path_message_and_a_known_severity(args, name):
    """Texts are trimmed."""

    assert _code(ValidationIssue, *args) == f"validation_issue_invalid_{name}"
    assert ValidationIssue(" c ", " $ ", " m ").to_dict() == {
        "code": "c",
        "path": "$",
        "message": "m",
        "severity": "error",
    }


@pytest.mark.parametrize(
    ("path", "prefix", "expected"),
    [
        ("$", "$.a", "$.a"),
        ("$.x", "$.a", "$.a.x"),
        ("x", "$.a", "$.a.x"),
        ("$[0]", "$.a", "$.a[0]"),
        ("$.x", " ", "$.x"),
        ("$.x", "$", "$.x"),
    ],
)
def test_a_prefix_shows_an_issue_from_outside(path, prefix, expected):
    """Blank and `$` change nothing."""

    assert ValidationIssue("c", path, "m").with_prefix(prefix).path == expected


def test_a_report_is_valid_when_it_holds_no_error():
    """The argument cannot lie."""
    error, warning = ValidationIssue("c", "$.x", "m"), ValidationIssue("w", "$", "m", "warning")
    report = ValidationReport(True, [error, warning])

    assert not report.valid
    assert (report.errors, report.warnings) == ((error,), (warning,))
    assert ValidationReport(False, [warning]).valid
    assert ValidationReport.ok().to_dict() == {"valid": True, "issues": []}
    assert report.prefixed("$.p").issues[0].path == "$.p.x"
    assert len(ValidationReport.ok().merge(report, report).issues) == 4
    assert _code(report.merge, 5) == "validation_report_invalid_merge"
    assert _code(ValidationReport.from_issues, [5]) == "validation_report_invalid_issue"


def test_raise_for_errors_carries_all_errors_and_no_warnings():
    """Warnings alone do not raise."""
    error, warning = ValidationIssue("c", "$.x", "m"), ValidationIssue("w", "$", "m", "warning")
    ValidationReport.from_issues([warning]).raise_for_errors()
    with pytest.raises(ValidationError) as caught:
        ValidationReport.from_issues([error, warning, error]).raise_for_errors()

    assert caught.value.code == "validation_failed"
    assert caught.value.issues == (error, error)


@pytest.mark.parametrize("name", VALIDATORS)
@pytest.mark.parametrize("given", [None, 5, "x", {}, object(), Run])
def test_no_validator_raises_for_what_it_is_given(name, given):
    """The wrong class is an issue at the root."""
    extra = {"target_model": "run"} if name == "validate_extension_field_set" else {}
    report = getattr(contract, name)(given, **extra)

    assert [issue.path for issue in report.issues] == ["$"]
    assert not report.valid


def test_an_unchecked_object_is_examined_with_all_its_problems():
    """Objects from `trusted` or elsewhere may hold anything."""
    run = Run.trusted(run_ref="nonsense", name=5, status="x", extensions=7, tags=object())
    record = contract.MetricRecord.trusted(
        envelope=builders.record_envelope(), payload=MetricPayload.trusted(metric_key="\n")
    )
    paths = [issue.path for issue in contract.validate_run(run).issues]

    assert {"$.run_ref", "$.project_ref", "$.name", "$.status", "$.tags"} <= set(paths)
    assert "$.payload.metric_key" in [
        i.path for i in contract.validate_metric_record(record).issues
    ]


def test_another_schema_version_is_a_warning():
    """In the object and in its envelope."""
    record = builders.metric_record(
        envelope=builders.record_envelope(schema_version="9.0.0"),
        payload=builders.metric_payload(unit="ms"),
    )
    warning = ("schema.version_mismatch", "warning")

    assert _found(contract.validate_run(builders.run(schema_version="2.0.0"))) == [
        (warning[0], "$.schema_version", warning[1])
    ]
    assert _found(contract.validate_metric_record(record)) == [
        (warning[0], "$.envelope.schema_version", warning[1])
    ]


def test_extensions_are_checked_against_a_registry_and_warned_about_without_one():
    """Unregistered is an error only where a registry is in use."""
    run = builders.run(extensions=[builders.extension_field_set()])
    entry = ExtensionRegistryEntry("acme.training", "private", "acme", "active", ["project"])
    code, path = "extension.namespace_unregistered", "$.extensions[0].namespace"

    assert _found(contract.validate_run(run)) == [(code, path, "warning")]
    assert _found(contract.validate_run(run, registry=ExtensionRegistry())) == [
        (code, path, "error")
    ]
    assert _found(contract.validate_run(run, registry=ExtensionRegistry([entry]))) == [
        ("extension.target_model_mismatch", path, "error")
    ]
    assert _found(contract.validate_run(run, registry=5)) == [
        ("extension.invalid_registry", "$.extensions[0]", "error")
    ]
    assert _found(
        contract.validate_extension_field_set(run.extensions[0], target_model="nope")
    ) == [("extension.invalid_target_model", "$", "error")]


def test_missing_facts_are_warnings():
    """They make an object less useful, not invalid."""
    edge = builders.lineage_edge(confidence_marker="low")

    assert _found(contract.validate_metric_record(builders.metric_record())) == [
        ("metric.unit_missing", "$.payload.unit", "warning")
    ]
    assert _found(contract.validate_artifact_manifest(builders.artifact_manifest())) == [
        ("artifact.hash_value_missing", "$.hash_value", "warning"),
        ("artifact.size_bytes_missing", "$.size_bytes", "warning"),
    ]
    assert _found(contract.validate_lineage_edge(edge)) == [
        ("lineage.evidence_refs_missing", "$.evidence_refs", "warning"),
        ("lineage.low_confidence_without_provenance", "$.confidence_marker", "warning"),
    ]
    assert _found(contract.validate_provenance_record(builders.provenance_record())) == [
        ("provenance.policy_ref_missing", "$.policy_ref", "warning"),
        ("provenance.evidence_bundle_ref_missing", "$.evidence_bundle_ref", "warning"),
    ]
