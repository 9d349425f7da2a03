"""The exception tree."""

import builtins
import concurrent.futures
import copy
import errno
import json
import math
import pickle
import sqlite3

import pytest

from contexta.contract import errors
from contexta.contract.errors import ContextaError, ValidationError

CLASSES = [getattr(errors, n) for n in errors.__all__ if isinstance(getattr(errors, n), type)]


def _raise_in_worker():
    busy = OSError(errno.EAGAIN, "busy")
    raise errors.StoreAccessError("cannot open", code="locked", details={"path": "x"}, cause=busy)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_every_error_class_has_one_constructor_and_survives_pickling_and_copying(kind):
    """Class, message, code, details, flag and cause come out as they went in."""
    error = kind("m", code="c", details={"b": 1, "a": (1, 2)}, retryable=True, cause=KeyError("k"))
    twins = [pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)]

    assert isinstance(error, ContextaError)
    assert {type(twin) for twin in twins} == {kind}
    assert [twin.to_dict()["code"] for twin in twins] == ["c"] * 3
    assert [(t.message, t.details, t.retryable) for t in twins] == [
        ("m", {"a": [1, 2], "b": 1}, True)
    ] * 3
    assert all(twin.__cause__ is twin.cause is not None for twin in twins)
    assert error.args == ("m",)


@pytest.mark.parametrize(
    ("name", "bases"),
    [
        ("ValidationError", "ContractError ValueError"),
        ("SerializationError", "ContractError ValueError"),
        ("NotFoundError", "LookupError"),
        ("ConfigurationError", "ValueError"),
        ("LifecycleError", "CaptureError RuntimeError"),
        ("ClosedScopeError", "LifecycleError CaptureError"),
        ("DispatchError", "CaptureError"),
        ("DependencyError", "ImportError"),
        ("MetadataError", "StoreError"),
        ("RecordError", "StoreError"),
        ("ArtifactError", "StoreError"),
        ("StoreAccessError", "StoreError OSError"),
        ("ReadOnlyStoreError", "StoreError PermissionError"),
        ("SchemaVersionError", "StoreError"),
        ("MigrationError", "StoreError"),
        ("IntegrityError", "StoreError"),
        ("RenderingError", "SurfaceError"),
        ("ArgumentError", "ValidationError TypeError"),
        ("FrozenModelError", "ValidationError AttributeError"),
        ("DuplicateNamespaceError", "ValidationError ConflictError"),
    ],
)
def test_errors_are_layered_and_are_also_the_matching_built_in(name, bases):
    """One clause catches a whole layer; the built-in clause works too."""
    kind = getattr(errors, name)
    wanted = [getattr(errors, base, None) or getattr(builtins, base) for base in bases.split()]

    assert [b for b in wanted if not issubclass(kind, b)] == []


def test_an_error_crosses_a_process_border_with_its_details():
    """A worker's error arrives as itself, not as a TypeError about pickling."""
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        failure = pool.submit(_raise_in_worker).exception()

    assert type(failure) is errors.StoreAccessError
    assert failure.details == {"path": "x"}
    assert failure.retryable is True


def test_details_are_json_whatever_was_passed():
    """Tuples, NaN, sets, objects and odd keys become JSON data; keys are sorted."""
    error = ContextaError(
        "m", details={"z": (1, math.nan), "a": {object: {2, 1}}, "big": 10**5000, "s": "\ud800"}
    )
    text = json.dumps(error.to_dict(), allow_nan=False)

    assert json.loads(text)["details"]["z"] == [1, "NaN"]
    assert list(error.details) == sorted(error.details)


def test_details_are_read_only_and_none_when_empty():
    """Nobody changes an error after it was raised."""
    with pytest.raises(TypeError):
        ContextaError("m", details={"a": 1}).details["a"] = 2

    assert ContextaError("m", details={}).details is None


def test_to_dict_shows_the_chain_of_causes_nearest_first():
    """Ours with their codes, others with their type."""
    inner = errors.RecordError("inner", code="i", cause=OSError(errno.ENOENT, "no such file"))
    outer = errors.StoreError("outer", code="o", cause=inner)

    assert outer.to_dict() == {
        "code": "o",
        "message": "outer",
        "details": None,
        "retryable": False,
        "causes": [
            {"type": "RecordError", "code": "i", "message": "inner"},
            {"type": "FileNotFoundError", "message": "[Errno 2] no such file"},
        ],
    }


def test_an_error_without_cause_has_the_four_keys_of_1_0_in_order():
    """Scripts that read the dict keep working."""

    assert list(ContextaError("m").to_dict()) == ["code", "message", "details", "retryable"]


def test_text_of_an_error_shows_the_code_unless_it_is_the_default():
    """A log line is enough to look the error up."""

    assert str(ContextaError("boom")) == "boom"
    assert str(ValidationError("boom", code="x_y")) == "boom [x_y]"
    assert ValidationError("boom", code="x_y").message == "boom"


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (OSError(errno.EAGAIN, "busy"), True),
        (OSError(errno.ENOSPC, "full"), True),
        (TimeoutError(), True),
        (sqlite3.OperationalError("database is locked"), True),
        (ContextaError("m", retryable=True), True),
        (OSError(errno.ENOENT, "gone"), False),
        (ValueError("bad"), False),
        (None, False),
    ],
)
def test_retryable_follows_from_a_transient_cause(cause, expected):
    """Lock contention, full disks and timeouts may pass; wrong values do not."""

    assert errors.StoreAccessError("m", cause=cause).retryable is expected
    assert errors.StoreAccessError("m", cause=cause, retryable=False).retryable is False


def test_a_subclass_with_its_own_constructor_can_be_pickled():
    """Packages above add arguments of their own."""
    error = pickle.loads(pickle.dumps(_GapError("run:p.r", 3)))

    assert (type(error), error.message, error.run, error.code) == (
        _GapError,
        "3 points of run:p.r are missing",
        "run:p.r",
        "gap",
    )


class _GapError(errors.RecordError):
    def __init__(self, run, count):
        super().__init__(f"{count} points of {run} are missing", code="gap", details={"n": count})
        self.run = run


def test_every_error_class_that_is_only_a_base_says_so():
    """Each class is documented."""

    assert [c.__name__ for c in CLASSES if not (c.__doc__ or "").strip()] == []
