"""What this release does that 1.0 did not, one fact each."""

import copy
import dataclasses
import datetime
import json
import math
import pathlib
import pickle

import pytest

import contexta.contract as contract
from contexta.contract import (
    MetricPayload,
    Run,
    ValidationIssue,
    ValidationReport,
    deserialize_metric_record,
    to_json,
    to_payload,
)
from contexta.contract.errors import ContextaError, SerializationError, ValidationError
from contexta.contract.testing import builders


def test_a_root_span_is_written_and_read_back():
    """The reader does not ask for the parent that the writer left out."""
    record = builders.trace_span_record()

    assert "parent_span_id" not in to_payload(record)["payload"]
    assert contract.deserialize_trace_span_record(to_json(record)) == record


def test_extensions_are_read_back_without_a_registry():
    """What was stored can be loaded."""
    project = builders.project(extensions=[builders.extension_field_set()])

    assert contract.deserialize_project(to_payload(project)) == project


def test_half_a_second_after_a_whole_second_is_later():
    """Instants are compared, not texts of different width."""
    span = builders.trace_span_payload(
        started_at="2024-01-01T00:00:00Z", ended_at="2024-01-01T00:00:00.5Z"
    )

    assert (span.started_at, span.ended_at) == (
        "2024-01-01T00:00:00.000000Z",
        "2024-01-01T00:00:00.500000Z",
    )


def test_a_clock_that_steps_back_costs_no_record():
    """`recorded_at` is raised to `observed_at`."""
    envelope = builders.record_envelope(
        observed_at="2024-01-01T00:00:01Z", recorded_at="2024-01-01T00:00:00.999999Z"
    )

    assert envelope.recorded_at == envelope.observed_at == "2024-01-01T00:00:01.000000Z"
    assert contract.deserialize_record_envelope(to_json(envelope)) == envelope


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")]
)
def test_a_diverged_metric_is_kept_and_survives_strict_json(value, text):
    """Non-finite values are texts in JSON and floats again afterwards."""
    record = builders.metric_record(payload=builders.metric_payload(value=value))
    data = json.loads(to_json(record), parse_constant=pytest.fail)

    assert data["payload"]["value"] == text
    assert deserialize_metric_record(data) == record
    assert repr(deserialize_metric_record(data).payload.value) == repr(value)


@pytest.mark.parametrize(
    "key", ["val_loss", "train/loss", "Loss", "layer.1", "top@5", "verlust größe", "a" * 255]
)
def test_metric_and_event_keys_are_what_people_write(key):
    """Any printable text on one line, trimmed, up to 255 characters."""

    assert builders.metric_payload(metric_key=f" {key} ").metric_key == key
    assert builders.structured_event_payload(event_key=key).event_key == key


@pytest.mark.parametrize("key", ["data-quality.missing_values", "a_b-c", "capture.gap"])
def test_issue_keys_and_slices_take_hyphens_and_underscores(key):
    """Both, in one key."""

    assert builders.degraded_payload(issue_key=key).issue_key == key
    assert builders.metric_payload(slice_ref=key).slice_ref == key


def test_scalars_of_arrays_and_common_objects_are_coerced():
    """A logging call does not fail over a wrapper."""

    class Scalar:
        ndim = 0

        def item(self):
            return 0.25

    event = builders.structured_event_payload(
        attributes={
            "at": datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
            "path": pathlib.PurePosixPath("/data"),
            "set": {2, 1},
            "nan": math.nan,
        }
    )

    assert builders.metric_payload(value=Scalar()).value == 0.25
    assert event.attributes == {
        "at": "2024-01-01T00:00:00.000000Z",
        "path": "/data",
        "set": (1, 2),
        "nan": "NaN",
    }


def test_metrics_have_a_step_and_an_epoch():
    """Both optional, absent from the wire while unset."""
    payload = builders.metric_payload(step=3, epoch=1)

    assert (payload.step, payload.epoch) == (3, 1.0)
    assert contract.deserialize_metric_payload(to_json(payload)) == payload
    assert "step" not in to_payload(builders.metric_payload())


def test_nulls_in_user_data_are_kept():
    """At every depth; only absent fields of models are left out."""
    event = builders.structured_event_payload(attributes={"a": None, "b": {"c": [None]}})

    assert to_payload(event)["attributes"] == {"a": None, "b": {"c": [None]}}
    assert contract.deserialize_structured_event_payload(to_json(event)) == event


def test_data_of_a_newer_release_is_read_and_passed_on():
    """Other version, unknown fields: kept, written back, warned about."""
    data = to_payload(builders.run()) | {"schema_version": "1.7.0", "priority": {"level": 3}}
    run = contract.deserialize_run(data)
    report = contract.validate_run(run)

    assert to_payload(run) == data
    assert report.valid
    assert [issue.code for issue in report.warnings] == ["schema.version_mismatch"]


def test_models_with_mappings_can_be_pickled_copied_and_hashed():
    """They go to worker processes and into sets."""
    run = builders.run(params={"lr": 0.1}, tags={"a": "b"}, metadata={"x": [{"y": None}]})

    assert {pickle.loads(pickle.dumps(run)), copy.deepcopy(run), run} == {run}


def test_all_problems_come_at_once_and_validators_never_raise():
    """Each with its path."""
    twice = builders.extension_field_set()
    run = Run.trusted(
        run_ref="x", project_ref=None, name="", status="?", started_at="", extensions=(twice, twice)
    )
    report = contract.validate_run(run)

    assert [issue.path for issue in report.errors] == [
        "$.run_ref",
        "$.project_ref",
        "$.name",
        "$.status",
        "$.started_at",
        "$.extensions",
    ]


@pytest.mark.parametrize("tags", [{1: "a", "b": 2}, {None: 1}, {"a": {1: 2, "b": 3}}])
def test_mixed_keys_are_coded_errors(tags):
    """Sorting them never raises a bare TypeError."""
    for build in (
        lambda: builders.project(tags=tags),
        lambda: builders.structured_event_payload(attributes=tags),
    ):
        with pytest.raises(ValidationError):
            build()


@pytest.mark.parametrize("value", [10**30, 10**400, 10**5000], ids=["1e30", "1e400", "1e5000"])
def test_huge_ints_are_coded_errors(value):
    """As metric values, steps, sizes and attributes beyond any use."""
    with pytest.raises(ValidationError):
        builders.metric_payload(value=value)
    with pytest.raises(ValidationError):
        builders.artifact_manifest(size_bytes=value)
    with pytest.raises(ValidationError):
        builders.structured_event_payload(attributes={"a": 10**5000})


def test_runs_have_params_tags_code_revision_dataset_and_metadata():
    """They are stored with the run and read back with their types."""
    run = builders.run(
        params={"lr": 0.1, "layers": 3, "on": True, "opt": "adam"},
        tags={"team": "vision"},
        code_revision="abc123",
        dataset_ref="dataset:imagenet",
        metadata={"k": [1]},
        config_snapshot_ref="artifact:demo.run-1.config",
    )

    assert contract.deserialize_run(to_json(run)) == run
    assert run.params == {"lr": 0.1, "layers": 3, "on": True, "opt": "adam"}


def test_text_maps_take_empty_values_and_scalars():
    """An empty variable, a package without version, an int as a tag."""
    snapshot = builders.environment_snapshot(environment_variables={"X": ""}, packages={"p": ""})

    assert snapshot.environment_variables == {"X": ""}
    assert builders.project(tags={"epoch": 3, "best": True}).tags == {"best": "true", "epoch": "3"}


def test_any_name_has_a_ref_component_and_is_kept_beside_it():
    """Upper case, underscores, other scripts, hundreds of characters."""
    for name in ("My_Stage", "Обучение", "x" * 300):
        part = contract.slugify(name)
        stage = builders.stage_execution(
            stage_execution_ref=f"stage:demo.run-1.{part}", stage_name=part, display_name=name
        )

        assert stage.display_name == name


@pytest.mark.parametrize(
    "text", ["2024-01-01T02:00:00+02:00", "2024-01-01T00:00:00+00:00", "2023-12-31T19:00-05:00"]
)
def test_timestamps_with_any_offset_are_accepted(text):
    """They are stored in UTC."""

    assert builders.project(created_at=text).created_at == "2024-01-01T00:00:00.000000Z"


def test_what_is_checked_once_is_not_checked_again():
    """A checked part goes into a whole as it is, and `trusted` checks nothing."""
    envelope, payload = builders.record_envelope(), builders.metric_payload()
    record = contract.MetricRecord(envelope, payload)

    assert record.envelope is envelope
    assert record.payload is payload
    assert MetricPayload.trusted(metric_key="\n", value=None, value_type="?").value is None


def test_models_work_with_the_functions_of_dataclasses():
    """A run of 1.0 was closed with dataclasses.replace and printed with asdict."""
    run = builders.run(status="open", ended_at=None, tags={"a": "b"})
    closed = dataclasses.replace(run, status="completed", ended_at="2031-01-01T00:00:00Z")
    plain = dataclasses.asdict(closed)

    assert (closed.status, closed.tags) == ("completed", {"a": "b"})
    assert [field.name for field in dataclasses.fields(run)] == list(plain)
    assert plain["run_ref"] == {"kind": "run", "value": run.run_ref.value}
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.name = "other"


def test_reports_are_merged_on_the_class_and_on_a_report():
    """ValidationReport.merge takes any number of reports and refuses anything else."""
    one = ValidationReport.from_issues([ValidationIssue("a", "$", "m")])
    two = ValidationReport.from_issues([ValidationIssue("b", "$", "m")])

    assert ValidationReport.merge(one, two) == one.merge(two)
    assert ValidationReport.merge() == ValidationReport.ok()
    with pytest.raises(ValidationError) as caught:
        ValidationReport.merge(3)
    assert caught.value.code == "validation_report_invalid_merge"


@pytest.mark.parametrize(
    ("build", "key", "value"),
    [
        (lambda: builders.stage_execution(order_index=-1), "order_index", -1),
        (lambda: builders.artifact_manifest(size_bytes=-1), "size_bytes", -1),
        (lambda: builders.run(status="Open"), "status", "Open"),
        (
            lambda: builders.structured_event_payload(attributes={"a": [{"b": b"x"}]}),
            "path",
            "attributes.a[0].b",
        ),
    ],
    ids=["order-index", "size-bytes", "status", "path"],
)
def test_details_name_the_value_as_1_0_did(build, key, value):
    """Scripts read the offending value, or its path, from the details."""
    with pytest.raises(ValidationError) as caught:
        build()

    assert caught.value.details[key] == value


def test_an_int_that_python_cannot_write_is_a_coded_error():
    """to_json speaks for the limit of Python on the digits of an int."""
    with pytest.raises(SerializationError) as caught:
        to_json({"a": 10**5000})

    assert caught.value.code == "serialization_unsupported_type"


def test_an_error_about_a_broken_name_can_be_printed():
    """A lone surrogate in a field name does not make the message unprintable."""
    with pytest.raises(ValidationError) as caught:
        builders.run(**{"\ud800": 1})

    assert b"d800" in str(caught.value).encode()


def test_a_cause_that_cannot_be_shown_hides_nothing_else():
    """The text of a foreign exception may itself raise."""
    error = ContextaError("x", cause=ValueError(10**5000))

    assert pickle.loads(pickle.dumps(error)).message == "x"
    assert error.to_dict()["causes"] == [{"type": "ValueError", "message": "<ValueError>"}]
