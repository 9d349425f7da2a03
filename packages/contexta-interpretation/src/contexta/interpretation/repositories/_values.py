"""One value per run out of the record plane's figures, without an object per run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from contexta.interpretation.query.metrics import stage_names

_COLUMNS = {"latest": "last", "max": "max", "min": "min", "mean": "mean"}
_FEW = 32


class FigurePlane(Protocol):
    """The part of the record store that is asked here."""

    def metric_table(
        self, run_refs: Iterable[str] | None = None, keys: Iterable[str] | None = None
    ) -> Any:
        """Return an Arrow table with one row per run, stage and key, sorted by these."""
        ...


def values_by_run(
    store: FigurePlane,
    key: str,
    run_refs: Sequence[str] | None,
    stage_name: str | None,
    aggregation: str,
) -> dict[str, float]:
    """Return the value that stands for each run (the rule of ``query.metrics``)."""
    table = standing_figures(store, key, run_refs, stage_name)
    values = table.column(_COLUMNS[aggregation]).to_pylist()
    pairs = zip(table.column("run_ref").to_pylist(), values, strict=True)
    return {run: value for run, value in pairs if value is not None}


def standing_figures(
    store: FigurePlane, key: str, run_refs: Sequence[str] | None, stage_name: str | None
) -> Any:
    """Return the rows of ``metric_table`` that stand for runs, one each.

    Figures of a key over all runs are kept decoded by the store while its index is the same, so
    many runs are picked from all; a few are looked up.
    """
    few = run_refs is not None and len(run_refs) <= _FEW
    table = store.metric_table(run_refs if few else None, [key])
    if run_refs is not None and not few:
        table = _of_runs(table, run_refs)
    return _standing_for_runs(table, stage_name) if table.num_rows else table


def _of_runs(table: Any, run_refs: Sequence[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(run_refs, pa.string())
    return table.filter(pc.is_in(table.column("run_ref"), value_set=wanted))


def _standing_for_runs(table: Any, stage_name: str | None) -> Any:
    """Keep one row per run: of the stage; else the run's own; else of the stage observed last."""
    import pyarrow as pa
    import pyarrow.compute as pc

    stages = table.column("stage_execution_ref")
    if stage_name is not None:
        last = pc.replace_substring_regex(stages, r"^.*\.", "")
        names = pa.array(sorted(stage_names(stage_name)), pa.string())
        table = table.filter(pc.is_in(last, value_set=names))
        if not table.num_rows:
            return table
        stages = table.column("stage_execution_ref")
    runs = table.column("run_ref").combine_chunks()
    if not pc.any(pc.equal(runs[:-1], runs[1:])).as_py():
        return table
    # Of stages that were observed last at the same instant, the first by name, as elsewhere.
    ranks = pa.table(
        {
            "run": runs,
            "of_stage": pc.is_valid(stages).cast(pa.int8()),
            "last_us": table.column("last_us"),
            "stage": stages,
        }
    )
    order = pc.sort_indices(
        ranks,
        sort_keys=[
            ("run", "ascending"),
            ("of_stage", "ascending"),
            ("last_us", "descending"),
            ("stage", "ascending"),
        ],
    )
    table = table.take(order)
    runs = table.column("run_ref").combine_chunks()
    first = pa.concat_arrays([pa.array([True]), pc.not_equal(runs[:-1], runs[1:])])
    return table.filter(first)
