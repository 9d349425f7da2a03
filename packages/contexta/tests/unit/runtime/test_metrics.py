"""Numbers on their way to the record plane."""

import math
import pickle
import threading

import pytest

from contexta.capture import CaptureResult, InMemorySink, ResultStatus


def test_points_are_stored_with_step_epoch_and_time(ctx, records_of):
    """What was passed is what is read back, on the first call and on the fast path."""
    with ctx.run("r") as run:
        for step in range(3):
            run.metric("loss", step / 2, step=step, epoch=0.5, unit="nat")
        run.metric("n", 7, step=1)
        run.metric("old", 1.0, timestamp="2020-01-01T00:00:00Z", tags={"split": "val"})
    payloads = [record.payload for record in records_of(ctx, "metric")]

    assert [(p.value, p.step, p.epoch, p.unit) for p in payloads[:3]] == [
        (0.0, 0, 0.5, "nat"), (0.5, 1, 0.5, "nat"), (1.0, 2, 0.5, "nat"),
    ]  # fmt: skip
    assert (payloads[3].value, payloads[3].value_type) == (7, "int")
    assert dict(payloads[4].tags) == {"split": "val"}
    assert records_of(ctx, "metric")[4].envelope.observed_at == "2020-01-01T00:00:00.000000Z"


def test_the_fast_result_equals_the_slow_one(ctx, records_of):
    """A lazily built result says the same as a whole one, and carries the stored record."""
    with ctx.run("r") as run:
        slow = run.metric("loss", 1.0, step=1)
        fast = run.metric("loss", 2.0, step=2)
    stored = records_of(ctx, "metric")

    assert type(slow) is not type(fast)
    assert isinstance(fast, CaptureResult)
    assert (fast.status, fast.succeeded, fast.family) == (ResultStatus.SUCCESS, True, slow.family)
    assert list(fast.to_dict()) == list(slow.to_dict())
    assert [slow.payload, fast.payload] == stored
    assert pickle.loads(pickle.dumps(fast)).to_dict() == fast.to_dict()


@pytest.mark.parametrize("key", ["val_loss", "train/loss", "Loss", "top@5", "größe"])
def test_any_printable_key_is_taken(ctx, records_of, key):
    """Keys follow what people write."""
    with ctx.run("r") as run:
        run.metric(key, 1.0)

    assert [record.payload.metric_key for record in records_of(ctx, "metric")] == [key]


def test_non_finite_values_are_kept(ctx, records_of):
    """A diverged loss is data."""
    with ctx.run("r") as run:
        for value in (math.nan, math.inf, -math.inf):
            run.metric("loss", value)
    values = [record.payload.value for record in records_of(ctx, "metric")]

    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


@pytest.mark.parametrize(
    ("key", "value"),
    [("k", "text"), ("k", None), ("k", object()), ("k", 2**70), ("", 1.0), (3, 1.0), ([], 1.0)],
)
def test_a_bad_value_is_recorded_and_never_raises(ctx, records_of, caplog, key, value):
    """The loop goes on; a degraded record names key and reason, and the log says it."""
    with ctx.run("r") as run:
        result = run.metric(key, value)
        after = run.metric("fine", 1.0)
    degraded = records_of(ctx, "degraded")

    assert (result.status, after.succeeded) == (ResultStatus.DEGRADED, True)
    assert result.degradation_emitted
    assert [record.payload.issue_key for record in degraded] == ["capture.metric_rejected"]
    assert "was not stored as given" in caplog.text


def test_a_value_that_breaks_only_on_the_fast_path_is_recorded_too(ctx, records_of):
    """An int beyond 64 bits in a known series degrades; one in the step costs the step only."""
    with ctx.run("r") as run:
        run.metric("n", 1)
        result = run.metric("n", 2**70)
        step = run.metric("n", 1, step=2**70)

    assert (result.status, step.status) == (ResultStatus.DEGRADED,) * 2
    assert [record.payload.step for record in records_of(ctx, "metric")] == [None, None]


def test_an_unknown_keyword_is_a_programming_error(ctx):
    """Wrong arguments raise TypeError as everywhere in Python."""
    with ctx.run("r") as run, pytest.raises(TypeError):
        run.metric("k", 1.0, steps=3)


def test_log_takes_many_values_of_one_step(ctx, records_of):
    """Numbers become metrics, nested ones with a path, text becomes events."""
    with ctx.run("r") as run:
        batch = run.log({"loss": 1.0, "val": {"acc": 0.5}, "note": "warmup"}, step=4)
    metrics = [(r.payload.metric_key, r.payload.step) for r in records_of(ctx, "metric")]

    assert metrics == [("loss", 4), ("val/acc", 4)]
    assert [r.payload.message for r in records_of(ctx, "event")] == ["warmup"]
    assert (batch.status, batch.total_count) == (ResultStatus.SUCCESS, 3)


def test_batches_have_one_outcome_per_item(ctx, records_of):
    """A bad item fails alone; keys that nobody knows are named."""
    with ctx.run("r") as run:
        batch = run.emit_metrics(
            [{"key": "a", "value": 1.0}, {"key": "b", "valu": 1}, 7, {"key": "c", "value": 2}]
        )

    assert [item.status.value for item in batch.results] == [
        "SUCCESS", "FAILURE", "FAILURE", "SUCCESS",
    ]  # fmt: skip
    assert (batch.status, batch.metadata["dispatch_pending"]) == (ResultStatus.DEGRADED, False)
    assert len(records_of(ctx, "metric")) == 2


def test_sinks_are_additive(open_ctx, records_of):
    """A sink gets each record with its stored ref; the workspace has it as well."""
    memory = InMemorySink()
    ctx = open_ctx(sinks=[memory])
    with ctx.run("r") as run:
        for value in (1.0, 2.0):
            run.metric("loss", value)
        run.event("e", message="m")
    stored = records_of(ctx, "metric") + records_of(ctx, "event")

    assert [entry.payload for entry in memory.entries] == stored


def test_persistence_is_switched_off_by_name_only(open_ctx, tmp_path):
    """persist=False sends to the sinks and leaves no workspace behind."""
    memory = InMemorySink()
    ctx = open_ctx(sinks=[memory], persist=False)
    with ctx.run("r") as first:
        first.metric("loss", 1.0)
    with ctx.run("r") as second:
        pass

    assert (first.ref, second.ref, len(memory.entries)) == ("run:p.r", "run:p.r-2", 1)
    assert not (tmp_path / "ws").exists()


def test_threads_share_one_scope(ctx, records_of):
    """Points of several threads all arrive, each once."""
    with ctx.run("r") as run:

        def work(number):
            for step in range(50):
                run.metric(f"m{number}", float(step), step=step)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    points = sorted((r.payload.metric_key, r.payload.step) for r in records_of(ctx, "metric"))

    assert points == [(f"m{i}", step) for i in range(4) for step in range(50)]


def test_a_tuple_is_no_key_even_if_it_reads_like_a_key_with_its_unit(ctx, records_of):
    """Nothing is stored under a name that the caller did not say, in this run or a later one."""
    for name in ("first", "second"):
        with ctx.run(name) as run:
            if name == "first":
                run.metric("time", 1.0, unit="ms")
            run.metric(("time", "ms"), 2.0)

    assert [found.payload.value for found in records_of(ctx, "metric")] == [1.0]
    assert [found.payload.issue_key for found in records_of(ctx, "degraded")] == [
        "capture.metric_rejected"
    ] * 2
