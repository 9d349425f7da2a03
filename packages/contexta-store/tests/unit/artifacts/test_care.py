"""Quarantine, repair plans, migration."""

import pytest

from contexta.contract.errors import (
    ArtifactError,
    IntegrityError,
    MigrationError,
    NotFoundError,
    ReadOnlyStoreError,
    ValidationError,
)
from contexta.store import artifacts
from contexta.store.artifacts import RepairPlan

REF = "artifact:p.r.m"


@pytest.fixture
def body(store, manifest, source):
    return store.put_artifact(manifest(), source).path


def damage(path):
    path.chmod(0o600)
    path.write_bytes(b"W" * 7000)


def orphan(store, content=b"orphan"):
    import hashlib

    path = store.object_path(hashlib.sha256(content).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_quarantined_body_is_missing_until_it_is_put_again(store, body, manifest, source):
    """The binding stays; the entry tells what and why; the right bytes mend."""
    damage(body)
    place = artifacts.quarantine_bound_artifact(store, REF)
    status = store.verify_artifact(REF).status.value
    (entry,) = store.list_quarantine()
    store.put_artifact(manifest(), source)

    assert (status, place.read_bytes()[:1]) == ("missing", b"W")
    assert (entry.path, entry.reason, entry.artifact_refs) == (place, "drifted", (REF,))
    assert (entry.hash_value, entry.size_bytes) == (body.name, 7000)
    assert store.verify_artifact(REF).verified


def test_quarantine_is_restored_or_released(store, body):
    """Right bytes go back to their place; released ones are gone; ids are checked."""
    store.quarantine_bound_artifact(REF)
    (entry,) = store.list_quarantine()
    back = store.restore_quarantined(entry.entry_id)
    store.quarantine_bound_artifact(REF)
    (entry,) = store.list_quarantine()
    freed = store.release_quarantined(entry.entry_id)

    assert (back, freed, store.list_quarantine()) == (body, 7000, ())
    for bad in (entry.entry_id, "../../x", "0" * 32):
        with pytest.raises(NotFoundError) as caught:
            store.release_quarantined(bad)
        assert caught.value.code == "artifact_quarantine_entry_not_found"


def test_a_damaged_body_does_not_go_back(store, body):
    """It stays in quarantine."""
    damage(body)
    store.quarantine_bound_artifact(REF)
    (entry,) = store.list_quarantine()
    with pytest.raises(IntegrityError):
        store.restore_quarantined(entry.entry_id)

    assert store.list_quarantine() == (entry,)


def test_a_damaged_quarantine_entry_is_named(store, body):
    """The file is in the details."""
    place = store.quarantine_bound_artifact(REF)
    path = place.with_name("entry.json")
    path.write_bytes(path.read_bytes().replace(b"drifted", b"driften"))
    with pytest.raises(IntegrityError) as caught:
        store.list_quarantine()

    assert caught.value.details["path"] == str(path)


def test_only_the_damaged_files_of_a_folder_are_put_aside(store, manifest, tmp_path):
    """The rest stays readable."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_bytes(b"a")
    (folder / "b").write_bytes(b"b")
    store.put_artifact(manifest(), folder)
    bad = store.object_path(store.list_members(REF)[0].sha256)
    bad.chmod(0o600)
    bad.write_bytes(b"x")
    store.quarantine_bound_artifact(REF)

    assert store.read_artifact_bytes(REF, member="b") == b"b"
    assert [entry.hash_value for entry in store.list_quarantine()] == [bad.name]


def test_only_orphans_inside_the_store_are_put_aside(store, body, source):
    """Bound bodies, files outside, links and absent files are refused."""
    path = orphan(store)
    inside = body.with_name("link")
    inside.symlink_to(source)
    cases = {
        body: "artifact_store_not_an_orphan",
        source: "artifact_store_invalid_orphan_path",
        store.root_path / "objects" / ".." / "x": "artifact_store_invalid_orphan_path",
        inside: "artifact_store_orphan_not_found",
        path.with_name("absent"): "artifact_store_orphan_not_found",
    }
    for bad, code in cases.items():
        with pytest.raises((ArtifactError, NotFoundError)) as caught:
            store.quarantine_orphan_body(bad)
        assert caught.value.code == code
    place = store.quarantine_orphan_body(str(path))

    assert (place.read_bytes(), path.exists(), source.exists()) == (b"orphan", False, True)


def test_a_body_that_is_being_ingested_is_no_orphan(store, manifest, source):
    """It is pinned from before it is placed until after it is bound."""
    path = orphan(store)
    session = store._staging.begin()
    store._staging.pin(session, path.name)
    with pytest.raises(ArtifactError) as caught:
        store.quarantine_orphan_body(path)
    seen = store.verify_all().orphan_paths
    store._staging.end(session)

    assert caught.value.code == "artifact_store_not_an_orphan"
    assert (seen, store.verify_all().orphan_paths) == ((), (path,))


def test_a_repair_plan_names_what_is_wrong_in_order(store, manifest, tmp_path):
    """Missing and drifted refs, orphans; live staging is not proposed."""
    paths = {}
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(name.encode())
        paths[name] = store.put_artifact(manifest(name), tmp_path / name).path
    paths["a"].unlink()
    damage(paths["b"])
    path = orphan(store)
    session = store.begin_staged_ingest("live")
    plan = store.build_repair_plan(dry_run=False)
    store.abort_staged_ingest(session)

    assert plan.actions == (
        "refresh_verification:artifact:p.r.a",
        "refresh_verification:artifact:p.r.b",
        "quarantine_bound_artifact:artifact:p.r.b",
        f"quarantine_orphan_body:{path}",
    )


def test_a_healthy_store_needs_nothing(opened, manifest, source):
    """An empty one says so in a token, another by an empty plan."""
    store = opened()
    empty = store.build_repair_plan().actions
    store.put_artifact(manifest(), source)

    assert empty == ("noop:artifact_store_healthy_or_empty",)
    assert store.build_repair_plan().actions == ()


def test_a_plan_is_applied_on_request_and_leaves_a_line(store, body):
    """A dry run changes nothing; what is right by then is skipped; the audit tells."""
    damage(body)
    path = orphan(store)
    plan = store.build_repair_plan()
    tried = store.apply_repair_plan(plan)
    before = (path.exists(), store.list_quarantine(), store.audit_log())
    done = store.apply_repair_plan(plan, dry_run=False)
    again = store.apply_repair_plan(plan, dry_run=False)

    assert before == (True, (), ())
    assert tried.applied == done.applied == plan.actions
    assert len(store.list_quarantine()) == 2
    assert [action.partition(":")[0] for action, _ in again.skipped] == [
        "quarantine_bound_artifact",
        "quarantine_orphan_body",
    ]
    assert [line["action"] for line in store.audit_log()].count("apply_repair_plan") == 2


@pytest.mark.parametrize(
    "action", ["delete:artifact:p.r.m", "quarantine_orphan_body", "quarantine_orphan_body:"]
)
def test_unknown_repairs_are_refused_before_anything_is_done(store, body, action):
    """The whole plan is checked first."""
    damage(body)
    plan = RepairPlan((f"quarantine_bound_artifact:{REF}", action))
    with pytest.raises(ValidationError) as caught:
        store.apply_repair_plan(plan, dry_run=False)

    assert caught.value.code == "artifact_store_invalid_repair_plan"
    assert store.list_quarantine() == ()


def test_a_plan_cannot_reach_files_outside(store, body, source):
    """Paths in a made-up plan are checked like any other; failures are reported."""
    plan = RepairPlan(
        (f"quarantine_orphan_body:{source}", f"remove_abandoned_staging:{source.parent}")
    )
    report = store.apply_repair_plan(plan, dry_run=False)

    assert (report.applied, len(report.skipped), source.exists()) == ((), 2, True)


def test_a_read_only_store_plans_but_repairs_nothing(opened, store, body):
    """Dry runs work."""
    damage(body)
    reader = opened(read_only=True)
    plan = reader.build_repair_plan()
    reader.apply_repair_plan(plan)
    for call in (
        lambda: reader.apply_repair_plan(plan, dry_run=False),
        lambda: reader.quarantine_bound_artifact(REF),
        lambda: reader.quarantine_orphan_body(body),
        lambda: reader.collect_garbage(dry_run=False),
    ):
        with pytest.raises(ReadOnlyStoreError):
            call()


def test_migration_is_planned_by_label(opened, manifest, source):
    """New, current and other labels; there is nothing to carry out yet."""
    store = opened()
    new = store.plan_migration()
    store.put_artifact(manifest(), source)
    current, other = store.plan_migration(), store.plan_migration(target_layout_version="v2")
    with pytest.raises(MigrationError) as caught:
        store.migrate_bindings(target_layout_version="v2", dry_run=False)

    assert (new.source_layout_version, new.actions) == (None, ("bootstrap:new_store",))
    assert (current.source_layout_version, current.actions) == (
        "v1",
        ("noop:layout_already_current",),
    )
    assert other.actions == ("migrate_layout:v1->v2",)
    assert caught.value.code == "artifact_store_migration_not_implemented"
    assert store.migrate_bindings().dry_run
    assert not store.migrate_bindings(dry_run=False).dry_run
