"""Could somebody run it again."""

import pytest

from contexta.interpretation import (
    ProvenanceError,
    ProvenanceService,
    QueryService,
    ResolutionError,
)
from contexta.interpretation.repositories import EnvironmentRecord


def environment(run, version="3.11", packages=None, variables=None):
    return EnvironmentRecord(
        f"environment:p.{run.name}.e", run.run_id, "t", version, "linux", packages, variables
    )


def test_complete_needs_code_data_configuration_and_packages(make):
    """Two rows in a table do not make a run reproducible; an empty package list neither."""
    full = make.run("full", code_revision="abc", dataset_ref="d", params={"seed": 1})
    bare = make.run("bare")
    repository = make.repository(
        runs=[full, bare],
        environments=[environment(full, packages={"numpy": "2"}), environment(bare)],
    )
    audit = ProvenanceService(QueryService(repository)).audit_reproducibility
    found = audit(bare.run_id)

    assert audit(full.run_id).reproducibility_status == "complete"
    assert found.reproducibility_status == "partial"
    assert [n.summary for n in found.completeness_notes] == [
        "code_revision_missing",
        "dataset_ref_missing",
        "configuration_missing",
        "seed_missing",
        "provenance_missing",
        "environment_packages_empty",
    ]


def test_environments_differ_by_key(make):
    """Packages and variables are added, removed or changed; a version change is named."""
    left, right = make.run("l"), make.run("r")
    repository = make.repository(
        runs=[left, right],
        environments=[
            environment(left, "3.11", {"a": "1", "b": "1"}, {"X": "1"}),
            environment(right, "3.12", {"b": "2", "c": "1"}, {"X": "1"}),
        ],
    )
    diff = ProvenanceService(QueryService(repository)).compare_environments(
        left.run_id, right.run_id
    )

    assert (diff.python_version_changed, diff.platform_changed) == (True, False)
    assert [c.key for c in diff.added_packages] == ["c"]
    assert [c.key for c in diff.removed_packages] == ["a"]
    assert [(c.left_value, c.right_value) for c in diff.changed_packages] == [("1", "2")]
    assert diff.changed_variables == ()


def test_a_missing_environment_is_no_change(make):
    """Where one environment is unknown nothing counts as changed, and a note says so."""
    left, right = make.run("l"), make.run("r")
    repository = make.repository(runs=[left, right], environments=[environment(left)])
    diff = ProvenanceService(QueryService(repository)).compare_environments(
        left.run_id, right.run_id
    )

    assert (diff.python_version_changed, diff.platform_changed) == (False, False)
    assert [n.summary for n in diff.completeness_notes] == ["right_environment_snapshot_missing"]


def test_a_repository_without_environments_is_refused(make):
    """A repository that knows no environments cannot be audited."""

    class Plain:
        def get_run(self, run_id):
            return make.run("r")

    with pytest.raises(ProvenanceError) as caught:
        ProvenanceService(QueryService(Plain())).audit_reproducibility("r")

    assert caught.value.code == "provenance_metadata_store_unavailable"
    assert caught.value.details == {"repository_type": "Plain"}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("seed", True),
        ("random_seed", True),
        ("data.seed", True),
        ("RandomState", True),
        ("seeding_rate", False),
        ("lr", False),
    ],
)
def test_a_seed_is_known_by_the_name_of_its_parameter(make, name, known):
    """The audit asks for a parameter that is a seed by its name."""
    run = make.run("r", params={name: 1})
    found = ProvenanceService(QueryService(make.repository(runs=[run])))

    assert found.audit_reproducibility(run.run_id).checks["seed"] is known


def test_uncommitted_code_is_not_reproducible(make):
    """A revision with changes beside it is known, but nobody can check it out."""
    run = make.run("r", code_revision="abc", metadata={"code_dirty": True})
    found = ProvenanceService(QueryService(make.repository(runs=[run])))
    audit = found.audit_reproducibility(run.run_id)

    assert (audit.checks["code"], audit.checks["code_committed"]) == (True, False)
    assert "code_changes_uncommitted" in [note.summary for note in audit.completeness_notes]


def test_unknown_runs_are_refused(make):
    """Both questions refuse a run that does not exist, and name those close to it."""
    service = ProvenanceService(QueryService(make.repository(runs=[make.run("r")])))
    for ask in (
        lambda: service.audit_reproducibility("run:p.rr"),
        lambda: service.compare_environments("run:p.r", "run:p.rr"),
    ):
        with pytest.raises(ResolutionError) as caught:
            ask()
        assert list(caught.value.details["nearest"]) == ["run:p.r"]
