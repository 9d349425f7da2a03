"""How the cost of following lineage grows with the number of runs that share one data set.

A workspace has runs that name the same data, each with a model that was made from it. What is
upstream of one run stays the same; what is downstream of the data grows with the runs. The ratio
of the largest workspace to the smallest, beside that of their runs, tells whether following is
linear. All sizes are asked in turn, so that what slows the machine down hits them alike.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from _harness import Options, fresh, in_turn, main, median_ms, row

DATA = "artifact:p.data.photos"
QUIET = {
    "project_name": "p",
    "capture": {
        "capture_environment_snapshot": False,
        "capture_installed_packages": False,
        "capture_code_revision": False,
    },
}


def fill(folder: str, runs: int) -> None:
    """Write data, and runs that use it and make a model of it."""
    from contexta import Contexta
    from contexta.contract import LineageEdge
    from contexta.contract.time import iso_utc_now

    place = Path(folder)
    file = place / "weights"
    file.write_bytes(b"weights")
    with Contexta(workspace=place / "ws", config=QUIET) as ctx:
        with ctx.run("collect", run_id="data") as run:
            run.register_artifact("dataset_snapshot", file, artifact_ref=DATA)
        for number in range(runs):
            model = f"artifact:p.r{number}.model"
            with ctx.run("train", run_id=f"r{number}", dataset_ref=DATA) as run:
                run.register_artifact("model", file, artifact_ref=model)
            edge = LineageEdge(
                relation_ref=f"relation:p.r{number}",
                relation_type="generated_from",
                source_ref=model,
                target_ref=DATA,
                recorded_at=iso_utc_now(),
                origin_marker="explicit",
                confidence_marker="high",
            )
            ctx.metadata_store.relations.put_relation(edge)


def one_round(folders: list[str], repeats: int) -> list[float]:
    """Return the milliseconds downstream of the data, then upstream of a run, at each size."""
    from contexta import Contexta

    with ExitStack() as stack:
        opened = [
            stack.enter_context(Contexta(workspace=Path(folder) / "ws", read_only=True))
            for folder in folders
        ]
        calls = {
            f"{way} {index}": lambda ctx=ctx, ref=ref, way=way: median_ms(
                lambda: ctx.traverse_lineage(ref, direction=way, max_depth="unlimited"), 1
            )
            for index, ctx in enumerate(opened)
            for way, ref in (("downstream", DATA), ("upstream", "run:p.r0"))
        }
        spent = in_turn(calls, repeats)
    indexes = range(len(folders))
    return [spent[f"{way} {index}"] for way in ("downstream", "upstream") for index in indexes]


def measure(options: Options) -> list[dict]:
    """Return the medians at each size, and the ratio of the largest to the smallest."""
    sizes = options.pick([50, 200], [250, 1_000, 4_000])
    repeats = options.pick(2, 5)
    with options.scratch() as scratch:
        places = [scratch / str(size) for size in sizes]
        for place, size in zip(places, sizes, strict=True):
            place.mkdir()
            fresh(fill, str(place), size)
        spent = fresh(one_round, [str(place) for place in places], repeats)
    note = f"median of {repeats} rounds"
    down, up = spent[: len(sizes)], spent[len(sizes) :]
    rows = [
        row(f"lineage {way}, runs that share data", size, "ms", one, note=note)
        for way, found in (("downstream of data", down), ("upstream of a run", up))
        for size, one in zip(sizes, found, strict=True)
    ]
    growth = sizes[-1] / sizes[0]
    name = f"lineage downstream of data, {sizes[-1]:,} / {sizes[0]:,} runs"
    goal = ("<=", growth * 1.25)
    rows.append(row(name, sizes[-1], "x", down[-1] / down[0], goal=goal, note="linear"))
    return rows


if __name__ == "__main__":
    main(measure)
