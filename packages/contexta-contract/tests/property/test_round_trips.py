"""What is written is read back equal, for every model and every value it accepts."""

import copy
import json
import pickle
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import contexta.contract as contract
from contexta.contract.refs import StableRef, slugify
from contexta.contract.testing import strategies
from contexta.contract.time import from_epoch_us, normalize_timestamp, to_epoch_us

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _reader(model):
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", type(model).__name__).lower()
    return getattr(contract, f"deserialize_{snake}")


@pytest.mark.parametrize(
    "name", sorted(n for n in strategies.__all__ if n not in {"models", "refs"})
)
def test_every_strategy_has_a_reader_that_gives_back_what_was_written(name):
    """`deserialize(to_payload(x)) == x`, through payloads and through JSON text."""

    @FEW
    @given(getattr(strategies, name)())
    def check(model):
        read = _reader(model)

        assert read(contract.to_payload(model)) == model
        assert read(contract.to_json(model)) == model
        assert type(model).model_validate(model.to_dict()) == model
        assert type(model).model_validate_json(model.model_dump_json()) == model

    check()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.models())
def test_every_model_can_be_pickled_copied_and_hashed(model):
    """Models cross process borders and serve as keys."""
    twins = [pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)]

    assert twins == [model] * 3
    assert {hash(twin) for twin in twins} == {hash(model)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.models())
def test_equal_models_give_equal_canonical_json_text(model):
    """Canonical JSON is a function of the content, and strict JSON."""
    text = contract.to_json(model)
    again = contract.to_json(_reader(model)(text))

    assert again == text
    assert json.loads(text, parse_constant=pytest.fail) == contract.to_payload(model)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.models())
def test_every_valid_model_passes_its_validator_without_errors(model):
    """Validators find no error in what construction accepted."""
    validate = getattr(contract, _reader(model).__name__.replace("deserialize", "validate"), None)
    if validate is None or validate is contract.validate_extension_field_set:
        return  # payloads and correlation refs have no validator of their own

    assert validate(model).errors == ()


@given(st.integers(-62135596800_000000, 253402300799_999999))
def test_every_microsecond_of_years_1_to_9999_survives_the_text_form(microseconds):
    """`to_epoch_us(from_epoch_us(n)) == n`, and the text is in its stored form."""
    text = from_epoch_us(microseconds)

    assert to_epoch_us(text) == microseconds
    assert normalize_timestamp(text) == text
    assert len(text) == 27


@given(
    st.integers(-62135596800_000000, 253402300799_999999),
    st.integers(-62135596800_000000, 253402300799_999999),
)
def test_stored_timestamps_sort_as_text_as_they_sort_in_time(first, second):
    """Comparing two stored texts compares two instants."""

    assert (from_epoch_us(first) < from_epoch_us(second)) == (first < second)


@given(st.text(), st.integers(10, 63))
def test_every_text_has_a_slug_that_is_a_ref_component(text, max_length):
    """`slugify` gives a valid component of at most `max_length` characters, always the same."""
    slug = slugify(text, max_length=max_length)

    assert StableRef("run", f"p.{slug}").components == ("p", slug)
    assert len(slug) <= max_length
    assert slugify(text, max_length=max_length) == slug


@given(st.text(max_size=40))
def test_a_text_is_parsed_as_a_ref_or_refused_and_never_changed(text):
    """`StableRef.parse(t).text == t`, or our error."""
    try:
        ref = StableRef.parse(text)
    except contract.errors.ValidationError as error:
        outcome = error.code.startswith("stable_ref_")
    else:
        outcome = ref.text == text and StableRef(ref.kind, ref.value) == ref

    assert outcome
