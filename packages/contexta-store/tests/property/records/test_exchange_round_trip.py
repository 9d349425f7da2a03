"""Whatever a store holds, it hands out and another one takes back equal."""

import os
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.contract.testing import strategies
from contexta.store.records import RecordStore, RecordStoreConfig
from contexta.store.records.schema import RECORD_TYPES

RECORDS = st.one_of(
    strategies.structured_event_records(),
    strategies.metric_records(),
    strategies.trace_span_records(),
    strategies.degraded_records(),
)
EXAMPLES = int(os.environ.get("EXAMPLES", "6"))
SETTINGS = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@contextmanager
def stores(count):
    # In memory where there is such a folder: what is proven here is not durability.
    parent = next(filter(os.path.isdir, ["/dev/shm"]), None)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=parent)))
        yield (
            folder,
            *(
                stack.enter_context(
                    RecordStore(RecordStoreConfig(folder / str(n), durability_mode="flush"))
                )
                for n in range(count)
            ),
        )


def records(store):
    return sorted((s.record for s in store.scan()), key=repr)


@SETTINGS
@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_a_store_comes_back_from_json_lines_and_from_parquet_record_by_record(found):
    """ "A round-trip import": equal records, whatever they hold, with nothing rejected."""
    with stores(3) as (folder, source, by_lines, by_columns):
        source.append_many(found)
        source.export_jsonl(folder / "out.jsonl", include_store_fields=True)
        source.export_parquet(folder / "out")
        lines = by_lines.import_jsonl(folder / "out.jsonl", skip_existing=False)
        columns = by_columns.import_parquet(folder / "out", skip_existing=False)
        expected = records(source)
        taken = records(by_lines), records(by_columns)

    assert (lines.rejected, columns.rejected) == ((), ())
    assert taken == (expected, expected)


@SETTINGS
@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_a_table_of_one_store_is_appended_to_another_without_loss(found):
    """What `arrow` hands out `append_table` takes, live and sealed alike."""
    with stores(2) as (_, source, other):
        source.append_many(found)
        for record_type in RECORD_TYPES:
            other.append_table(record_type, source.arrow(record_type))
        live = records(other)
        other.seal()
        expected = records(source)
        sealed = records(other)
        healthy = other.check_integrity().healthy

    assert live == sealed == expected
    assert healthy
