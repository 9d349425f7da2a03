"""Whatever a program hands over, its loop goes on."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.capture import CaptureResult, InMemorySink

ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(),
        st.complex_numbers(),
        st.decimals(),
        st.dates(),
        st.just(object()),
        st.just(print),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=6,
)
EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def run(tmp_path):
    """An open run that captures into memory."""
    from contexta import Contexta

    quiet = {"capture_environment_snapshot": False, "capture_code_revision": False}
    ctx = Contexta(
        workspace=tmp_path,
        sinks=[InMemorySink()],
        persist=False,
        config={"capture": {**quiet, "dispatch_failure_mode": "outbox"}},
    )
    with ctx.run("r") as scope:
        yield scope


@EXAMPLES
@given(key=ANYTHING, value=ANYTHING, step=ANYTHING, tags=ANYTHING)
def test_a_bad_value_never_raises_out_of_metric(run, key, value, step, tags):
    """ "A bad value never raises out of metric()": stored, or degraded with the key named."""
    result = run.metric(key, value, step=step, tags=tags)

    assert isinstance(result, CaptureResult)
    assert result.succeeded or result.degradation_emitted


@EXAMPLES
@given(key=ANYTHING, message=ANYTHING, attributes=ANYTHING, level=ANYTHING)
def test_a_bad_value_never_raises_out_of_event_and_span(run, key, message, attributes, level):
    """ "... log(), event() or span()" """
    event = run.event(key, message=message, attributes=attributes, level=level)
    span = run.span(key, attributes=attributes, started_at=message, status=level)

    assert event.succeeded or event.degradation_emitted
    assert span.succeeded or span.degradation_emitted


@EXAMPLES
@given(value=st.one_of(st.floats(), st.integers(-(2**63), 2**63 - 1)))
def test_every_64_bit_number_is_taken_as_it_is(run, value):
    """NaN, infinities and both zeros included."""
    taken = run.metric("k", value).payload.payload.value

    assert type(taken) is type(value)
    assert taken == value or (math.isnan(taken) and math.isnan(value))
