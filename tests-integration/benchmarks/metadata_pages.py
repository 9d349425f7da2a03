"""Pages of a long list of samples: the first, one in the middle, the last; warm."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from _harness import Options, fresh, in_turn, main, median_ms, row
from metadata_puts import TABLES, models

PAGE = 100
FLOOR = "sqlite3, the raw rows of the page"
FLOOR_SQL = """
select * from samples where run = 'run:bench.run-0' and (at, ref) > (?, ?)
order by at, ref limit 100
"""


def build(folder: str, count: int) -> None:
    """Put so many samples of one run, and as many plain rows."""
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    project, runs, stages, samples = models(1, count)
    settings = MetadataStoreConfig(database_path=Path(folder) / "ledger.sqlite")
    with MetadataStore(settings) as store:
        store.put_all([project, *runs, *stages])
        store.samples.put_many(samples)
    with sqlite3.connect(Path(folder) / "floor.sqlite") as db:
        db.executescript(TABLES)
        db.executemany(
            "insert into samples values (?, ?, ?, ?, ?, ?)",
            (
                (
                    str(one.sample_observation_ref),
                    str(one.run_ref),
                    str(one.stage_execution_ref),
                    one.sample_name,
                    1,
                    one.to_json(),
                )
                for one in samples
            ),
        )


def pages(folder: str, count: int, repeats: int) -> dict[str, list[float]]:
    """Return milliseconds of the first and the last page, ours and by plain SQL."""
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    settings = MetadataStoreConfig(database_path=Path(folder) / "ledger.sqlite", read_only=True)
    with MetadataStore(settings) as store, sqlite3.connect(Path(folder) / "floor.sqlite") as db:
        page = store.samples.page_sample_observations
        cursors: list[str | None] = [None]
        while (found := page(run_ref="run:bench.run-0", limit=PAGE, after=cursors[-1])).next_cursor:
            cursors.append(found.next_cursor)
        assert len(cursors) * PAGE == count
        refs = db.execute("select ref from samples order by at, ref").fetchall()
        before_last = refs[-PAGE - 1][0]

        def timed(after: str | None, key: tuple[int, str]) -> list[float]:
            own = {"run_ref": "run:bench.run-0", "limit": PAGE, "after": after}
            calls = {
                "ours": lambda: median_ms(lambda: page(**own), 3),
                "floor": lambda: median_ms(lambda: db.execute(FLOOR_SQL, key).fetchall(), 3),
            }
            found = in_turn(calls, repeats)
            return [found["ours"], found["floor"]]

        return {"first": timed(None, (0, "")), "last": timed(cursors[-1], (1, before_last))}


def measure(options: Options) -> list[dict]:
    """Build each list once; time its pages."""
    works: dict[str, list[dict]] = {}
    for count in options.pick([1_000, 10_000], [1_000, 10_000, 100_000]):
        with options.scratch() as folder:
            fresh(build, folder, count)
            found = fresh(pages, folder, count, options.pick(5, 15))
        for which, (spent, floor) in found.items():
            name = f"{which} page of {PAGE} samples"
            line = row(name, count, "ms", spent, floor=(FLOOR, floor))
            works.setdefault(name, []).append(line)
    return [one for same in works.values() for one in same]


if __name__ == "__main__":
    main(measure)
