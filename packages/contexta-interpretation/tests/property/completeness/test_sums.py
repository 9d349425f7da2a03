"""Counts of disjoint runs add up, whatever the runs hold."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.contract.models import records as contract
from contexta.interpretation import QueryService
from contexta.interpretation.completeness import Completeness, completeness_of
from contexta.interpretation.repositories import ObservationRecord, RunRecord
from contexta.interpretation.testing import InMemoryRepository

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

AT = "2026-01-31T12:00:00Z"
RUNS = [f"run:p.r{number}" for number in range(4)]
KEYS = ["loss", "acc"]

records = st.builds(
    lambda run, kind, key, value, complete, degraded, origin: ObservationRecord(
        "record:p.r0.x",
        run,
        None,
        kind,
        key,
        AT,
        value=value if kind == "metric" else None,
        completeness_marker=complete,
        degradation_marker=degraded,
        payload={"origin_marker": origin},
    ),
    st.sampled_from(RUNS),
    st.sampled_from(["metric", "event", "span", "degraded"]),
    st.sampled_from([*KEYS, "capture.records_lost"]),
    st.floats(),
    st.sampled_from(contract.COMPLETENESS_MARKERS),
    st.sampled_from(contract.DEGRADATION_MARKERS),
    st.sampled_from(contract.ORIGIN_MARKERS),
)
statuses = st.lists(
    st.sampled_from(["open", "completed", "interrupted", "failed"]), min_size=4, max_size=4
)


@UNHURRIED
@given(st.lists(records, max_size=30), statuses, st.none() | st.lists(st.sampled_from(KEYS)))
def test_the_whole_is_the_sum_of_its_runs(found, status, keys):
    """The counts of several runs are those of each run, added."""
    runs = [RunRecord(ref, "p", ref, state, AT) for ref, state in zip(RUNS, status, strict=True)]
    service = QueryService(InMemoryRepository(runs=runs, records=found))
    single = [completeness_of(service, [ref], keys) for ref in RUNS]

    assert sum(single, start=Completeness()) == completeness_of(service, RUNS, keys)


@UNHURRIED
@given(st.lists(records, max_size=30), statuses)
def test_complete_means_that_no_count_is_above_zero(found, status):
    """All counts at zero is what complete means, and problems lists those above."""
    runs = [RunRecord(ref, "p", ref, state, AT) for ref, state in zip(RUNS, status, strict=True)]
    answer = completeness_of(QueryService(InMemoryRepository(runs=runs, records=found)), RUNS)
    counts = {k: v for k, v in answer.to_dict().items() if k not in ("runs", "records", "notes")}

    assert answer.problems == {name: count for name, count in counts.items() if count}
    assert answer.complete is not any(counts.values())
