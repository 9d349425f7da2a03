"""What every model does: construction, reading, copying, freezing, the trusted path."""

import copy
import dataclasses
import json
import pickle

import pytest

import contexta.contract as contract
from contexta.contract import FrozenMapping, MetricPayload, Project, Run, StableRef
from contexta.contract.errors import (
    ArgumentError,
    FrozenModelError,
    SerializationError,
    ValidationError,
)
from contexta.contract.testing import builders
from contexta.contract.wire import MODELS

BUILDERS = {
    name: getattr(builders, name)
    for name in vars(builders)
    if not name.startswith("_") and callable(getattr(builders, name)) and name[0].islower()
}
BUILDERS.pop("annotations", None)


@pytest.fixture(params=sorted(BUILDERS))
def model(request):
    return BUILDERS[request.param]()


def _fails(call, *args, **kwargs):
    with pytest.raises(ValidationError) as caught:
        call(*args, **kwargs)
    return caught.value


def test_there_is_a_builder_for_every_model_that_stands_alone():
    """CorrelationRefs and registry entries need none: all of their fields are plain."""
    built = {type(build()).__name__ for build in BUILDERS.values()}

    assert set(MODELS) - built == {"CorrelationRefs", "ExtensionRegistryEntry"}


def test_positional_and_keyword_construction_are_the_same(model):
    """The order of fields is the order of arguments."""
    values = {name: getattr(model, name) for name in type(model).model_fields}

    assert type(model)(*values.values()) == type(model)(**values) == model


def test_to_dict_has_every_field_in_order_and_reads_back(model):
    """`None` included; plain JSON data."""
    plain = model.to_dict()

    assert list(plain) == list(type(model).model_fields)
    assert type(model).model_validate(json.loads(json.dumps(plain))) == model


def test_a_trusted_object_equals_the_checked_one(model):
    """`trusted` gives the same value for values in normal form, without checking."""
    values = {name: getattr(model, name) for name in type(model).model_fields}
    trusted = type(model).trusted(**values)

    assert trusted == model
    assert hash(trusted) == hash(model)
    assert pickle.loads(pickle.dumps(trusted)) == copy.deepcopy(trusted) == model
    assert contract.to_json(trusted) == contract.to_json(model)


def test_trusted_fills_in_defaults():
    """Only what differs from the default has to be given."""
    payload = MetricPayload.trusted(metric_key="a", value=1.0, value_type="float")

    assert payload == MetricPayload("a", 1.0, "float")


def test_assigning_or_deleting_a_field_is_refused(model):
    """The error is an AttributeError too, and says how to get a changed copy."""
    name = next(iter(type(model).model_fields))
    with pytest.raises(AttributeError, match="model_copy") as assigned:
        setattr(model, name, 1)
    with pytest.raises(FrozenModelError):
        delattr(model, name)

    assert assigned.value.code == "model_frozen"


def test_model_copy_checks_the_whole_again():
    """A changed copy breaks no rule."""
    run = builders.run()
    done = run.model_copy(update={"status": "failed", "ended_at": builders.ENDED_AT})

    assert (done.status, run.status) == ("failed", "open")
    assert _fails(run.model_copy, update={"status": "failed"}).code == (
        "context_invalid_status_transition"
    )
    assert _fails(run.model_copy, update={"stauts": "failed"}).code == "unknown_field"
    assert run.model_copy() == run


def test_a_typo_in_a_keyword_is_an_error_that_names_the_fields():
    """It is a TypeError too, as for any call."""
    with pytest.raises(TypeError) as caught:
        builders.run(stauts="open")

    assert type(caught.value) is ArgumentError
    assert caught.value.code == "unknown_field"
    assert "stauts" in caught.value.message
    assert "status" in caught.value.message


def test_missing_too_many_and_doubled_arguments_are_our_errors():
    """All of them are TypeErrors too."""
    missing = _fails(Project, "project:p")
    assert [(i.code, i.path) for i in missing.issues] == [
        ("missing_field", "$.name"),
        ("missing_field", "$.created_at"),
    ]
    for call in (
        lambda: Project(*range(20)),
        lambda: Project("project:p", project_ref="project:p"),
    ):
        assert isinstance(_fails(call), TypeError)


def test_all_problems_are_reported_with_precise_paths():
    """Field problems in field order, then the rules between fields as far as they can be told."""
    error = _fails(
        Run,
        run_ref="run:p.r",
        project_ref="project:other",
        name=" ",
        status="completed",
        started_at="today",
        tags={"": "x", "k": [1]},
    )

    assert [(i.code, i.path) for i in error.issues] == [
        ("context_invalid_string", "$.name"),
        ("context_invalid_timestamp", "$.started_at"),
        ("context_invalid_mapping", "$.tags"),
        ("context_invalid_mapping", "$.tags.k"),
        ("context_invalid_status_transition", "$.ended_at"),
        ("context_ref_prefix_mismatch", "$.run_ref"),
    ]
    assert error.code == "context_invalid_string"
    assert error.details["field_name"] == "name"
    assert [i.to_dict() for i in error.issues] == error.details["issues"]


def test_paths_lead_into_envelopes_payloads_lists_and_odd_keys():
    """From the object that was read down to the value."""
    data = builders.metric_record().to_dict()
    data["payload"] |= {"metric_key": "a\nb", "tags": {"odd key": None}}
    data["envelope"] |= {
        "run_ref": "run:x.y",
        "producer_ref": "Not A Producer",
        "extensions": [{"namespace": "a.b", "fields": {"x": {"y": [0, {1: 2}]}}}],
    }
    error = _fails(contract.MetricRecord.model_validate, data)

    assert [i.path for i in error.issues] == [
        "$.envelope.producer_ref",
        "$.envelope.extensions[0].fields.x.y[1]",
        "$.payload.metric_key",
        '$.payload.tags["odd key"]',
        "$.envelope.record_ref",
        "$.envelope.stage_execution_ref",
    ]


@pytest.mark.parametrize("data", [None, 5, "text", [1], object()])
def test_reading_something_that_is_no_mapping_is_our_error(data):
    """No error of pydantic leaves the models."""

    assert _fails(Run.model_validate, data).issues[0].path == "$"


def test_json_text_is_read_with_our_errors():
    """Broken JSON is a SerializationError, a broken rule a ValidationError."""
    run = builders.run(params={"lr": 0.1})
    with pytest.raises(SerializationError):
        Run.model_validate_json("{")

    assert Run.model_validate_json(run.to_json()) == run
    assert _fails(Run.model_validate_json, "[]").issues[0].path == "$"
    assert _fails(Run.model_validate_strings, {}).code == "missing_field"


def test_unknown_fields_of_read_data_are_kept_and_written_back():
    """A newer release's fields survive a pass through this one."""
    data = builders.run().to_dict() | {"new_field": {"a": [1, None]}, "to_dict": 3}
    run = Run.model_validate(data)
    read_again = contract.deserialize_run(contract.to_json(run))

    assert run.model_extra == {"new_field": {"a": (1, None)}, "to_dict": 3}
    assert run.to_dict() == data
    assert read_again == run
    assert run != builders.run()
    assert json.loads(run.model_dump_json())["new_field"] == {"a": [1, None]}


def test_mappings_inside_models_are_read_only_dicts():
    """Assignment is a TypeError at every depth; JSON, pickle, copy and hash work."""
    attributes = builders.structured_event_payload(attributes={"b": {"c": [1]}, "a": 1}).attributes
    changes = [
        lambda m: m.__setitem__("x", 1),
        lambda m: m.update(x=1),
        lambda m: m.pop("a"),
        lambda m: m.clear(),
        lambda m: m.setdefault("x", 1),
        lambda m: m["b"].popitem(),
        lambda m: m.__ior__({"x": 1}),
        lambda m: m.__delitem__("a"),
    ]
    for change in changes:
        with pytest.raises(TypeError, match="read-only"):
            change(attributes)

    assert json.dumps(attributes) == '{"a": 1, "b": {"c": [1]}}'
    assert attributes == {"a": 1, "b": {"c": (1,)}}
    assert pickle.loads(pickle.dumps(attributes)) == copy.deepcopy(attributes) == attributes
    assert hash(attributes) == hash(FrozenMapping(attributes))
    assert type(attributes.copy()) is dict


def test_model_dump_gives_plain_values():
    """Refs as text in both modes."""
    run = builders.run(tags={"a": "b"})

    assert run.model_dump()["run_ref"] == "run:demo.run-1"
    assert json.loads(run.model_dump_json())["tags"] == {"a": "b"}
    assert isinstance(run.run_ref, StableRef)


def test_a_model_is_a_dataclass_to_scripts_and_copy_replace_works():
    """`copy.replace` of Python 3.13 goes through the checked copy."""
    run = builders.run()

    assert dataclasses.is_dataclass(run)
    assert run.__replace__(name="x").name == "x"
