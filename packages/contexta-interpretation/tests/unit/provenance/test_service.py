"""Could somebody run it again."""

import pytest

from contexta.interpretation import ProvenanceError, ProvenanceService, QueryService
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
