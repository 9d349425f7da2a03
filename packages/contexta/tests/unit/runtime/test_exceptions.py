"""What a run knows of the exception that ended it."""

import pytest


def exceptions(ctx):
    stored = (item.record.payload for item in ctx.record_store.scan())
    return [item for item in stored if getattr(item, "event_key", None) == "exception"]


def test_a_failed_run_keeps_its_exception(ctx):
    """Type, message and the last frames are stored as an error event, told to the diagnosis."""
    with pytest.raises(RuntimeError), ctx.run("boom"):
        raise RuntimeError("exploded at step 25")
    (event,) = exceptions(ctx)
    summaries = [issue.summary for issue in ctx.diagnose_run("boom").issues]

    assert (event.level, event.message) == ("error", "RuntimeError: exploded at step 25")
    assert event.attributes["type"] == "RuntimeError"
    assert "test_exceptions.py" in event.attributes["traceback"]
    assert any("exploded at step 25" in summary for summary in summaries)


def test_an_exception_is_told_once_by_the_scope_nearest_to_it(ctx):
    """The scopes around it see it pass."""
    with pytest.raises(KeyError), ctx.run("boom") as run, run.stage("fit") as stage:
        raise KeyError("column")
    (event,) = exceptions(ctx)

    assert event.subject_ref == stage.ref


def test_one_that_was_handled_inside_is_told_but_the_run_completes(ctx):
    """A stage may fail while its run goes on, and fail again later."""
    with ctx.run("mixed") as run:
        for number in range(2):
            with pytest.raises(ValueError), run.stage(f"try-{number}"):
                raise ValueError(f"attempt {number}")

    assert ["ValueError: attempt 0", "ValueError: attempt 1"] == [
        event.message for event in exceptions(ctx)
    ]
    assert run.status == "completed"


def test_secrets_in_a_message_are_redacted(ctx):
    """What the exception says passes the redactor."""
    with pytest.raises(RuntimeError), ctx.run("boom"):
        raise RuntimeError("login failed, password=hunter2")
    (event,) = exceptions(ctx)

    assert "hunter2" not in str(event.to_dict())


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_endings_that_are_no_failure_are_not_told(ctx, ending):
    """Ctrl-C and sys.exit() have a status and need no event."""
    with pytest.raises(ending), ctx.run("ended"):
        raise ending

    assert [] == exceptions(ctx)
