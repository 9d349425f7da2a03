"""Emissions: what is accepted, and what is refused with every problem named."""

import math
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

import pytest

from contexta.capture import (
    ArtifactRegistrationEmission,
    EventEmission,
    MetricEmission,
    SpanEmission,
)
from contexta.contract.errors import ValidationError


class FakeScalar:
    """A zero-dimensional array, as numpy and torch have them."""

    shape = ()
    ndim = 0

    def item(self):
        return 1.5

    def __float__(self):
        return 1.5


@pytest.mark.parametrize("key", ["loss", "val_loss", "train/Loss", "top@5", "layer.1", "größe"])
def test_any_printable_metric_key_is_accepted(key):
    """Keys follow what people write, not a grammar."""
    assert MetricEmission(key, 1.0).key == key


def test_foreign_scalars_and_non_finite_numbers_are_numbers():
    """numpy-like scalars become numbers; NaN and infinities stay."""
    values = [MetricEmission("k", v).value for v in (FakeScalar(), math.inf, 3)]

    assert values == [1.5, math.inf, 3]
    assert math.isnan(MetricEmission("k", math.nan).value)


def test_all_problems_are_reported_at_once():
    """One error carries every problem, the first one's code first."""
    with pytest.raises(ValidationError) as caught:
        MetricEmission("", object(), unit=" ", aggregation_scope="galaxy", step=1.5)

    fields = [item["field_name"] for item in caught.value.details["problems"]]
    assert caught.value.code == "capture_model_invalid_metric_key"
    assert fields == ["key", "unit", "aggregation_scope", "value", "step"]


def test_attributes_of_common_types_are_converted():
    """Datetimes, paths and enums in attributes become JSON data."""

    class Color(Enum):
        RED = "red"

    emission = EventEmission(
        "e", "m", attributes={"p": Path("/x"), "c": Color.RED, "none": None, "t": (1, 2)}
    )

    assert dict(emission.attributes) == {"c": "red", "none": None, "p": "/x", "t": [1, 2]}


def test_unconvertible_attributes_are_refused():
    """What has no JSON form is named, not stringified."""
    with pytest.raises(ValidationError) as caught:
        EventEmission("e", "m", attributes={"f": open})

    assert caught.value.code == "capture_model_invalid_json_value"


def test_scalar_tag_values_become_text():
    """Tags are text to text; numbers are written out."""
    assert dict(MetricEmission("k", 1, tags={"fold": 3}).tags) == {"fold": "3"}


def test_span_times_may_be_datetimes_and_must_be_in_order():
    """Datetimes are normalized; an end before the start is refused."""
    start = datetime(2026, 1, 1, tzinfo=UTC)

    assert SpanEmission("s", start).started_at == "2026-01-01T00:00:00.000000Z"
    with pytest.raises(ValidationError) as caught:
        SpanEmission("s", start, "2025-01-01")
    assert caught.value.code == "capture_model_invalid_time_order"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "meh"}, "capture_model_invalid_marker"),
        ({"linked_refs": [3]}, "capture_model_invalid_linked_ref"),
        ({"started_at": "soon"}, "capture_model_invalid_timestamp"),
    ],
)
def test_bad_span_fields_have_stable_codes(fields, code):
    """Each kind of bad span field has its code."""
    with pytest.raises(ValidationError) as caught:
        SpanEmission("s", **fields)

    assert caught.value.code == code


def test_artifact_paths_may_be_path_objects():
    """PathLike is accepted, kinds are lower_snake, flags are real bools."""
    assert ArtifactRegistrationEmission("model_bundle", Path("/m")).path == "/m"
    with pytest.raises(ValidationError) as caught:
        ArtifactRegistrationEmission("Model-Bundle", "/m", compute_hash=1)

    codes = [item["code"] for item in caught.value.details["problems"]]
    assert codes == ["capture_model_invalid_artifact_kind", "capture_model_invalid_bool"]


def test_emissions_are_plain_data_on_demand():
    """to_dict gives every field in order."""
    assert list(EventEmission("k", "m").to_dict().items()) == [
        ("key", "k"),
        ("message", "m"),
        ("level", "info"),
        ("attributes", {}),
        ("tags", {}),
    ]
