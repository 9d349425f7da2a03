"""References: grammar, counts, kinds, slugs."""

import copy
import dataclasses
import hashlib
import pickle

import pytest

from contexta.contract import StableRef, slugify
from contexta.contract.errors import ValidationError
from contexta.contract.refs import (
    CORE_STABLE_REF_COMPONENT_COUNTS,
    validate_core_stable_ref,
    validate_stable_ref_field,
    validate_stable_ref_kind,
)


def _fails(call, *args, **kwargs):
    with pytest.raises(ValidationError) as caught:
        call(*args, **kwargs)
    return caught.value


@pytest.mark.parametrize("text", ["run:p.r", "op:p.r.s.b.o", "model_card:a-b.0", "x:" + "a" * 63])
def test_a_well_formed_text_is_parsed_and_written_unchanged(text):
    """Kind and value are what stands around the colon."""
    ref = StableRef.parse(text)

    assert (ref.text, str(ref), ref.to_dict()) == (
        text,
        text,
        dict(zip(("kind", "value"), text.split(":"), strict=True)),
    )


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("run", "stable_ref_invalid_text", "one ':'"),
        ("run:p:r", "stable_ref_invalid_text", "one ':'"),
        ("", "stable_ref_invalid_text", "one ':'"),
        (7, "stable_ref_invalid_text", "int"),
        (":p", "stable_ref_invalid_kind", "blank"),
        ("Run:p", "stable_ref_invalid_kind", "lower-case"),
        ("run :p", "stable_ref_invalid_kind", "lower-case"),
        ("run:", "stable_ref_invalid_value", "blank"),
        ("run:p..r", "stable_ref_invalid_value", "empty component"),
        ("run:p.my_run", "stable_ref_invalid_value", "my_run"),
        ("run:p.a--b", "stable_ref_invalid_value", "a--b"),
        ("run:p.-a", "stable_ref_invalid_value", "-a"),
        ("run: p", "stable_ref_invalid_value", "' p'"),
        ("run:p\n", "stable_ref_invalid_value", "hyphens"),
        ("run:p/r", "stable_ref_invalid_value", "p/r"),
        ("run:\u00e9", "stable_ref_invalid_value", "slugify"),
        ("x:" + "a" * 64, "stable_ref_invalid_value", "63"),
        ("x:" + ".".join(["a" * 60] * 5), "stable_ref_too_long", "255"),
    ],
)
def test_a_malformed_text_is_refused_with_its_code(text, code, part):
    """The message names value, rule and way out."""
    error = _fails(StableRef.parse, text)

    assert error.code == code
    assert part in error.message


def test_refs_are_frozen_hashable_picklable_values():
    """A ref is a key."""
    ref = StableRef("run", "p.r")
    with pytest.raises(dataclasses.FrozenInstanceError):
        ref.kind = "x"

    assert {
        ref,
        pickle.loads(pickle.dumps(ref)),
        copy.deepcopy(ref),
        StableRef.parse("run:p.r"),
    } == {ref}


@pytest.mark.parametrize("kind", sorted(CORE_STABLE_REF_COMPONENT_COUNTS))
def test_core_kinds_have_a_fixed_number_of_components(kind):
    """One component more or less is refused; samples and operations may lie in a batch."""
    count = CORE_STABLE_REF_COMPONENT_COUNTS[kind]
    allowed = {count, count + 1} if kind in {"sample", "op"} else {count}
    for number in range(1, 8):
        ref = StableRef(kind, ".".join("a" * number))
        if number in allowed:
            assert validate_core_stable_ref(ref) is ref
        else:
            error = _fails(validate_core_stable_ref, ref)

            assert error.code == "stable_ref_invalid_shape"
            assert f"expects {count}" in error.message


def test_foreign_kinds_have_any_number_of_components():
    """Only core kinds are counted."""
    ref = StableRef("environment", "a.b.c.d.e.f")

    assert validate_core_stable_ref(ref) is ref


def test_a_ref_of_the_wrong_kind_is_a_mismatch():
    """The error names field, allowed kinds and the actual one."""
    error = _fails(validate_stable_ref_kind, StableRef("run", "p.r"), ["stage"], field_name="f")

    assert error.code == "stable_ref_kind_mismatch"
    assert "mismatch" in error.message
    assert dict(error.details) == {"field_name": "f", "allowed": ["stage"], "actual": "run"}


def test_fields_take_refs_of_their_kind_only():
    """`subject_ref` takes every core kind."""
    run = StableRef("run", "p.r")

    assert validate_stable_ref_field(run, "run_ref") is run
    assert validate_stable_ref_field(run, "subject_ref") is run
    assert _fails(validate_stable_ref_field, run, "record_ref").code == "stable_ref_kind_mismatch"
    assert "Unknown" in _fails(validate_stable_ref_field, run, "nope").message


@pytest.mark.parametrize(
    ("text", "head", "hashed"),
    [
        ("My Run", "my-run", False),
        ("val_loss  #3", "val-loss-3", False),
        ("--a--", "a", False),
        ("Größe", "gr-e", False),
        ("", "x", True),
        ("训练", "x", True),
        ("a" * 63, "a" * 63, False),
        ("a" * 64, "a" * 54, True),
    ],
)
def test_slugs_keep_what_fits_and_hash_what_does_not(text, head, hashed):
    """Empty and over-long results carry eight hex digits of the text's SHA-256."""
    digest = "-" + hashlib.sha256(text.encode()).hexdigest()[:8]

    assert slugify(text) == head + (digest if hashed else "")


def test_long_names_with_one_beginning_get_different_slugs():
    """Names beyond 63 characters stay apart."""

    assert slugify("a" * 80 + "1") != slugify("a" * 80 + "2")
    assert slugify("a" * 80) == slugify("a" * 80)


@pytest.mark.parametrize("length", [0, 9, 64])
def test_a_slug_length_that_cannot_hold_a_hash_is_refused(length):
    """10 to 63 characters."""

    assert _fails(slugify, "a", max_length=length).code == "context_invalid_component"
