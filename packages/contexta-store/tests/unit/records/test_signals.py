"""A signal handler that calls the store never waits for the call that it interrupted."""

import os
import signal

import pytest

from contexta.contract.errors import LifecycleError
from contexta.store.records import SeriesContext

CONTEXT = SeriesContext("run:demo.run-1", "demo")


@pytest.fixture
def on_signal():
    """Run something in a handler of SIGUSR1 and collect what it raises."""
    previous = signal.getsignal(signal.SIGUSR1)
    raised = []

    def installed(work):
        def handler(*_):
            try:
                work()
            except LifecycleError as error:
                raised.append(error.code)

        signal.signal(signal.SIGUSR1, handler)
        return raised

    yield installed
    signal.signal(signal.SIGUSR1, previous)


@pytest.mark.parametrize("call", ["append_point", "append_many", "flush", "seal", "close"])
def test_a_handler_inside_an_append_is_refused_instead_of_waiting_for_itself(
    store, metric, on_signal, monkeypatch, call
):
    """The interrupted append is stored, the store stays open, and nothing hangs."""
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    writer.append_point(series, 1, 1.0)
    calls = {
        "append_point": lambda: writer.append_point(series, 9, 9.0),
        "append_many": lambda: store.append_many([metric()]),
    }
    raised = on_signal(calls.get(call) or getattr(store, call))
    write = os.write

    def interrupted(fd, data):
        monkeypatch.setattr(os, "write", write)
        signal.raise_signal(signal.SIGUSR1)
        return write(fd, data)

    monkeypatch.setattr(os, "write", interrupted)
    second = writer.append_point(series, 2, 2.0)
    third = writer.append_point(series, 3, 3.0)

    assert raised == ["record_store_interrupting"]
    assert (second, third) == (2, 3)
    assert [s.sequence for s in store.scan()] == [1, 2, 3]


def test_a_handler_between_calls_may_log_and_close(store, on_signal):
    """Only an interrupted call is in the way."""
    writer = store.writer()
    series = writer.define_series(CONTEXT, "loss")
    writer.append_point(series, 1, 1.0)
    raised = on_signal(lambda: (writer.append_point(series, 2, 2.0), store.close()))
    signal.raise_signal(signal.SIGUSR1)

    assert raised == []
    with pytest.raises(LifecycleError):
        store.append_many([])
