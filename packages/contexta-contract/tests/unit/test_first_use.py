"""Validators are built at first use, wherever that is."""

import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
import os, sys, threading
sys.setswitchinterval(1e-6)
from contexta.contract.testing import builders

names = ["metric_record", "trace_span_record", "run", "structured_event_record", "lineage_edge"]
failures, barrier = [], threading.Barrier(12)

def use(offset):
    barrier.wait()
    for index in range(len(names)):
        try:
            model = getattr(builders, names[(offset + index) % len(names)])()
            assert type(model).model_validate(model.to_dict()) == model
        except BaseException as error:
            failures.append(repr(error))

threads = [threading.Thread(target=use, args=(n // 2,)) for n in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failures)
"""


@pytest.mark.parametrize("attempt", range(3))
def test_many_threads_may_use_a_model_for_the_first_time_at_once(attempt):
    """Nobody sees a half-built validator."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_the_first_use_may_be_in_a_forked_child():
    """The lock that guards building is renewed in the child."""
    program = """
    import os
    from contexta.contract._model._building import build_lock
    from contexta.contract.testing import builders

    build_lock().acquire()  # as another thread of the parent might hold it
    child = os.fork()
    if child == 0:
        os._exit(0 if builders.run().status == "open" else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert done.stdout.strip() == "0"
