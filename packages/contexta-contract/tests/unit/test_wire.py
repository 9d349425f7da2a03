"""Payloads, canonical JSON, readers, upgrades."""

import json
import math
import pathlib

import pytest

import contexta.contract as contract
from contexta.contract import ExtensionRegistry, StableRef, to_json, to_payload
from contexta.contract.errors import (
    CompatibilityError,
    ConflictError,
    SerializationError,
    ValidationError,
)
from contexta.contract.testing import builders
from contexta.contract.wire import register_upgrade, unregister_upgrade, upgrade_payload


def _fails(call, *args, **kwargs):
    with pytest.raises(SerializationError) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_canonical_json_has_sorted_keys_no_spaces_and_no_absent_fields():
    """Fields that came after 1.0 are absent while empty, so that a 1.0 reader takes it."""

    assert to_json(builders.run()) == (
        '{"extensions":[],"name":"Run 1","project_ref":"project:demo","run_ref":"run:demo.run-1",'
        '"schema_version":"1.0.0","started_at":"2024-01-01T00:00:00.000000Z","status":"open"}'
    )
    assert to_json(builders.record_envelope())[:23] == '{"completeness_marker":'
    assert '"correlation_refs":{}' in to_json(builders.record_envelope())
    assert to_payload(builders.metric_payload(step=0, epoch=0.0))["step"] == 0


def test_foreign_data_is_written_with_sorted_keys_and_without_none():
    """Refs as text, sequences as lists, objects by their `to_dict`."""

    class Thing:
        def to_dict(self):
            return {"z": StableRef("run", "p.r"), "a": None, "l": (1, None)}

    assert to_payload({"b": Thing(), "a": range(2)}) == {
        "a": [0, 1],
        "b": {"l": [1, None], "z": "run:p.r"},
    }
    assert to_json("ü") == '"ü"'


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (math.nan, "serialization_invalid_float"),
        ([-math.inf], "serialization_invalid_float"),
        ({1: 2}, "serialization_invalid_mapping_key"),
        ({"a": 1, 2: 3}, "serialization_invalid_mapping_key"),
        ({"\ud800": 1}, "serialization_invalid_mapping_key"),
        ("\ud800", "serialization_unsupported_type"),
        ({1}, "serialization_unsupported_type"),
        (b"x", "serialization_unsupported_type"),
        (pathlib.Path("x"), "serialization_unsupported_type"),
        (object(), "serialization_unsupported_type"),
        (contract.Run, "serialization_unsupported_type"),
    ],
)
def test_what_has_no_wire_form_is_refused_with_its_code(value, code):
    """Never a bare TypeError or ValueError."""

    assert _fails(to_json, value) == code


def test_bottomless_data_is_refused():
    """RecursionError never shows."""
    deep = []
    for _ in range(5000):
        deep = [deep]

    assert _fails(to_payload, deep) == "serialization_unsupported_type"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", "deserialize_blank_input"),
        ("  ", "deserialize_blank_input"),
        ("{", "deserialize_invalid_json"),
        ("nope", "deserialize_invalid_json"),
        ('{"a": NaN}', "deserialize_invalid_json"),
        ("[" * 100_000, "deserialize_invalid_json"),
        ('{"a": ' + "9" * 5000 + "}", "deserialize_invalid_json"),
        ("[1]", "deserialize_invalid_shape"),
        ('"text"', "deserialize_invalid_shape"),
        ([1], "deserialize_invalid_shape"),
        (b"{}", "deserialize_invalid_shape"),
        (None, "deserialize_invalid_shape"),
        (builders.run(), "deserialize_invalid_shape"),
        ({1: 2}, "deserialize_invalid_shape"),
        ({}, "deserialize_invalid_payload"),
        ({"run_ref": "run:p.r"}, "deserialize_invalid_payload"),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_input_of_the_wrong_form_is_refused_with_its_code(data, code):
    """Limits of Python's parser included."""

    assert _fails(contract.deserialize_run, data) == code


def test_a_broken_rule_raises_the_model_s_own_error():
    """Form and content are different errors."""
    with pytest.raises(ValidationError) as caught:
        contract.deserialize_run(builders.run().to_dict() | {"status": "x"})

    assert caught.value.code == "context_invalid_status"


def test_refs_are_read_from_text_json_text_and_refs():
    """Bad text is a SerializationError with the reason as its cause."""
    ref = StableRef("run", "p.r")

    assert [contract.deserialize_stable_ref(x) for x in (ref, "run:p.r", '"run:p.r"')] == [ref] * 3
    assert _fails(contract.deserialize_stable_ref, "run") == "deserialize_invalid_ref"
    assert _fails(contract.deserialize_stable_ref, "") == "deserialize_blank_input"
    assert _fails(contract.deserialize_stable_ref, 5) == "deserialize_invalid_shape"


def test_nested_parts_may_be_json_text():
    """Stores keep envelopes and payloads as text columns."""
    record = builders.metric_record(
        envelope=builders.record_envelope(extensions=[builders.extension_field_set()])
    )
    envelope = to_payload(record.envelope)
    envelope["correlation_refs"] = "{}"
    envelope["extensions"] = json.dumps(envelope["extensions"])
    data = {"envelope": json.dumps(envelope), "payload": to_json(record.payload)}

    assert contract.deserialize_metric_record(data) == record
    assert contract.deserialize_record_envelope(envelope) == record.envelope
    assert contract.deserialize_run(to_payload(builders.run()) | {"extensions": None})


def test_a_registry_given_to_a_reader_is_enforced():
    """Without one, every namespace passes."""
    payload = to_payload(builders.run(extensions=[builders.extension_field_set()]))
    with pytest.raises(ValidationError) as caught:
        contract.deserialize_run(payload, registry=ExtensionRegistry())

    assert caught.value.code == "validation_failed"
    assert contract.deserialize_run(payload).extensions[0].namespace == "acme.training"


@pytest.fixture
def steps():
    register_upgrade(
        "Run",
        from_version="0.8.0",
        to_version="0.9.0",
        upgrade=lambda p: p | {"name": p.pop("title")},
    )
    register_upgrade("Run", from_version="0.9.0", to_version="1.0.0", upgrade=lambda p: p)
    yield
    for version in ("0.8.0", "0.9.0", "1.0.0"):
        unregister_upgrade("Run", from_version=version)


@pytest.mark.usefixtures("steps")
def test_payloads_of_older_versions_are_brought_forward_step_by_step():
    """Readers apply the registered steps; the input stays as it was."""
    payload = to_payload(builders.run()) | {"schema_version": "0.8.0"}
    payload["title"] = payload.pop("name")
    before = dict(payload)

    assert contract.deserialize_run(payload) == builders.run()
    assert payload == before
    assert upgrade_payload("Project", payload) == payload


@pytest.mark.usefixtures("steps")
def test_upgrade_steps_are_registered_once_and_never_go_in_circles():
    """Both are coded errors."""
    with pytest.raises(ConflictError):
        register_upgrade("Run", from_version="0.9.0", to_version="2", upgrade=dict)
    register_upgrade("Run", from_version="1.0.0", to_version="0.9.0", upgrade=dict)
    with pytest.raises(CompatibilityError) as caught:
        upgrade_payload("Run", {"schema_version": "0.9.0"})

    assert caught.value.code == "upgrade_cycle"
