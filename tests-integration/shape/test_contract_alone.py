"""The schema package by itself: small enough to share, complete enough to use."""

import importlib.util
from importlib.metadata import distribution

from packaging.requirements import Requirement


def runtime_closure(name: str, found: dict | None = None) -> dict:
    """Return the distributions that ``name`` needs at run time, itself included."""
    found = {} if found is None else found
    if name not in found:
        dist = found[name] = distribution(name)
        for line in dist.requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                runtime_closure(requirement.name.lower(), found)
    return found


def test_the_contract_needs_few_distributions():
    """At most six distributions come with the schema, itself included."""
    names = sorted(runtime_closure("contexta-contract"))

    assert len(names) <= 6, names


def test_the_contract_is_small_on_disk():
    """At most 10 MB of files, compiled pydantic core included."""
    sizes = [
        file.locate().stat().st_size
        for dist in runtime_closure("contexta-contract").values()
        for file in dist.files or []
        if file.locate().is_file() and file.suffix != ".pyc"
    ]

    assert sum(sizes) <= 10_000_000


def test_no_sibling_is_installed_here():
    """This environment proves that the contract stands alone."""
    parts = ("store", "interpretation", "recovery", "client")
    present = [part for part in parts if importlib.util.find_spec(f"contexta.{part}")]

    assert [] == present


def test_models_work_without_the_siblings():
    """The promised import builds and validates a run."""
    from contexta.contract import MetricRecord, Run

    run = Run(
        run_ref="run:p.r",
        project_ref="project:p",
        name="r",
        status="open",
        started_at="2026-01-01T00:00:00Z",
    )

    assert run == Run.model_validate(run.to_dict())
    assert "payload" in MetricRecord.model_json_schema()["properties"]
