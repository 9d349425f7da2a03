"""Plans for what may go, their application, tombstones, erasure."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from contexta.contract.errors import (
    ArtifactError,
    IntegrityError,
    NotFoundError,
    SchemaVersionError,
    ValidationError,
)
from contexta.store import artifacts
from contexta.store.artifacts import RemovalPolicy, RetentionPlan, _retention

REF = "artifact:p.r.m"


@pytest.fixture
def four(store, manifest, tmp_path, monkeypatch):
    """Checkpoints of a run, 100 bytes each, a day apart; the newest is `d`."""
    from contexta.store.artifacts import _commit

    for day, name in enumerate("abcd"):
        (tmp_path / name).write_bytes(name.encode() * 100)
        monkeypatch.setattr(_commit, "iso_utc_now", lambda day=day: f"2026-01-0{day + 1}T00:00:00Z")
        store.put_artifact(manifest(name), tmp_path / name)
    monkeypatch.undo()
    return store


def going(plan):
    return "".join(item.artifact_ref[-1] for item in plan.remove)


def test_retention_is_advice_by_list(four):
    """Listed refs are kept, the rest is for review; unknown refs are ignored."""
    plan = artifacts.plan_retention(
        four, refs_to_keep=iter(["artifact:p.r.b", "artifact:p.r.none"])
    )

    assert [item.artifact_ref[-1] for item in plan.keep] == ["b"]
    assert [item.artifact_ref[-1] for item in plan.review] == ["a", "c", "d"]
    assert four.plan_retention().keep == ()
    with pytest.raises(ValidationError) as caught:
        RetentionPlan(keep=plan.review)
    assert caught.value.code == "artifact_store_invalid_retention_plan"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (RemovalPolicy(), ""),
        (RemovalPolicy(keep_last=1), "abc"),
        (RemovalPolicy(older_than=timedelta(days=1)), "abcd"),
        (RemovalPolicy(older_than=timedelta(days=100_000)), ""),
        (RemovalPolicy(older_than=timedelta(days=1), keep_last=3), "a"),
        (RemovalPolicy(max_total_bytes=250), "ab"),
        (RemovalPolicy(max_total_bytes=400), ""),
        (RemovalPolicy(keep_last=0, protected_refs=("artifact:p.r.b",)), "acd"),
    ],
)
def test_a_policy_selects(four, policy, expected):
    """By age, by number of each run and kind, by room; protected refs stay."""
    plan = four.plan_removal(policy)

    assert going(plan) == expected
    assert plan.freed_bytes == 100 * len(expected)
    assert four.list_refs() == [f"artifact:p.r.{name}" for name in "abcd"]


def test_nothing_that_is_referenced_goes_unless_it_is_named(four):
    """The plan says what protects what; a caller's references count at applying, too."""
    references = {"artifact:p.r.a": "run:p.eval", "artifact:p.r.b": ["deployment:p.live"]}
    plan = four.plan_removal(RemovalPolicy(keep_last=1), referenced_refs=references)
    named = four.plan_removal(
        RemovalPolicy(keep_last=1), referenced_refs=references, named_refs=["artifact:p.r.a"]
    )
    late = four.apply_removal_plan(
        plan, dry_run=False, referenced_refs={"artifact:p.r.c": "run:p.new"}
    )

    assert (going(plan), going(named)) == ("c", "ac")
    assert [(i.artifact_ref[-1], i.protected_by) for i in plan.protected] == [
        ("a", ("run:p.eval",)),
        ("b", ("deployment:p.live",)),
    ]
    assert (late.removed_refs, late.skipped) == (
        (),
        (("artifact:p.r.c", "protected by run:p.new"),),
    )


def test_room_is_not_made_by_what_is_protected(four):
    """The next oldest goes instead."""
    plan = four.plan_removal(RemovalPolicy(max_total_bytes=300), referenced_refs=["artifact:p.r.a"])

    assert going(plan) == "b"
    assert plan.protected[0].protected_by == ("the caller",)


def test_the_metadata_store_protects_what_it_refers_to(four):
    """Relations of an artifact, deployments of its run, and open runs."""

    def metadata(run="run:p.other", relations=()):
        deployment = SimpleNamespace(
            run_ref="run:p.r" if run == "deployed" else None,
            deployment_execution_ref="deployment:p.live",
        )
        return SimpleNamespace(
            deployments=SimpleNamespace(list_deployment_executions=lambda: (deployment,)),
            runs=SimpleNamespace(
                list_runs=lambda status: (SimpleNamespace(run_ref=run),) if ":" in run else ()
            ),
            relations=SimpleNamespace(
                list_relations_for_ref=lambda ref: [
                    SimpleNamespace(relation_ref=f"relation:p.{name}")
                    for name in relations
                    if ref == "artifact:p.r.a"
                ]
            ),
        )

    policy = RemovalPolicy(keep_last=0)
    plans = [
        four.plan_removal(policy, metadata_store=metadata()),
        four.plan_removal(policy, metadata_store=metadata(relations=("used",))),
        four.plan_removal(policy, metadata_store=metadata("deployed")),
        four.plan_removal(policy, metadata_store=metadata("run:p.r")),
    ]

    assert [going(plan) for plan in plans] == ["abcd", "bcd", "", ""]
    assert plans[1].protected[0].protected_by == ("relation:p.used",)
    assert plans[2].protected[0].protected_by == ("deployment:p.live",)
    assert plans[3].protected[0].protected_by == ("run:p.r (open)",)


def test_a_manifest_that_names_a_deployment_protects(store, manifest, source):
    """Without any metadata store."""
    store.put_artifact(manifest(deployment_execution_ref="deployment:p.live"), source)
    plan = store.plan_removal(RemovalPolicy(keep_last=0))

    assert plan.remove == ()
    assert plan.protected[0].protected_by == ("deployment:p.live",)


def test_removal_leaves_a_tombstone_and_collection_frees_the_bytes(four):
    """Dry runs change nothing; the error of a removed ref says when and why."""
    plan = four.plan_removal(RemovalPolicy(keep_last=2))
    tried = four.apply_removal_plan(plan)
    untouched = four.list_refs()
    done = four.apply_removal_plan(plan, dry_run=False)
    with pytest.raises(NotFoundError) as caught:
        four.get_artifact("artifact:p.r.a")
    stones = four.list_tombstones()
    dry = four.collect_garbage(grace_seconds=0)
    young = four.collect_garbage(dry_run=False)
    freed = four.collect_garbage(grace_seconds=0, dry_run=False)

    assert len(untouched) == 4
    assert tried.removed_refs == done.removed_refs == ("artifact:p.r.a", "artifact:p.r.b")
    assert caught.value.code == "artifact_store_binding_not_found"
    assert "last 2" in caught.value.details["reason"]
    assert [(s.artifact_ref[-1], s.size_bytes, s.plan_id) for s in stones] == [
        ("a", 100, plan.plan_id),
        ("b", 100, plan.plan_id),
    ]
    assert (len(young.young_paths), young.removed_paths) == (2, ())
    assert dry.removed_paths == freed.removed_paths
    assert freed.removed_bytes == plan.freed_bytes == 200
    assert four.verify_all().orphan_paths == ()
    assert [line["action"] for line in four.audit_log()] == [
        "apply_removal_plan",
        "collect_garbage",
    ]


def test_what_changed_since_the_plan_is_skipped(four, manifest, tmp_path):
    """A new revision, and a ref that is gone."""
    plan = four.plan_removal(RemovalPolicy(keep_last=2))
    four.put_artifact(manifest("a", attributes={"best": True}), tmp_path / "a")
    four.apply_removal_plan(plan, dry_run=False)
    report = four.apply_removal_plan(plan, dry_run=False)

    assert report.skipped == (
        ("artifact:p.r.a", "it changed since it was planned"),
        ("artifact:p.r.b", "it is gone"),
    )


def test_a_removed_ref_can_be_used_again(four, manifest, tmp_path):
    """With other bytes, too; the tombstone goes."""
    plan = four.plan_removal(RemovalPolicy(), named_refs=["artifact:p.r.a"])
    four.apply_removal_plan(plan, dry_run=False)
    four.put_artifact(manifest("a"), tmp_path / "b")

    assert four.list_tombstones() == ()
    assert four.read_artifact_bytes("artifact:p.r.a") == b"b" * 100


def test_shared_bodies_stay_until_the_last_ref_goes(four, manifest, tmp_path):
    """Collection keeps what another ref or a folder needs."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_bytes(b"a" * 100)
    four.put_artifact(manifest("tree"), folder)
    plan = four.plan_removal(RemovalPolicy(), named_refs=["artifact:p.r.a"])
    four.apply_removal_plan(plan, dry_run=False)
    report = four.collect_garbage(grace_seconds=0, dry_run=False)

    assert report.removed_paths == ()
    assert four.read_artifact_bytes("artifact:p.r.tree", member="a") == b"a" * 100


def test_damage_stops_collection(four):
    """While a binding cannot be read, its body cannot be told from garbage."""
    plan = four.plan_removal(RemovalPolicy(), named_refs=["artifact:p.r.a"])
    four.apply_removal_plan(plan, dry_run=False)
    path = next((four.root_path / "bindings").rglob("*.json"))
    path.write_bytes(b"{}")
    report = four.collect_garbage(grace_seconds=0, dry_run=False)

    assert (report.removed_paths, str(path) in report.blocked_by) == ((), True)


@pytest.mark.parametrize("bad", [-1, True, float("nan"), None])
def test_bad_grace_periods_are_refused(store, bad):
    """Only numbers from 0."""
    with pytest.raises((ValidationError, TypeError)):
        store.collect_garbage(grace_seconds=bad)


@pytest.mark.parametrize("bad", [{"keep_last": -1}, {"max_total_bytes": 1.5}, {"older_than": 3600}])
def test_bad_policies_are_refused(bad):
    """Negative numbers, and an age without a unit."""
    with pytest.raises(ValidationError):
        RemovalPolicy(**bad)


def test_what_is_no_plan_is_refused(store):
    """For plans and policies."""
    for call in (
        lambda: store.apply_removal_plan("x"),
        lambda: store.plan_removal("x"),
        lambda: store.apply_repair_plan("x"),
    ):
        with pytest.raises(ValidationError):
            call()


@pytest.fixture
def erasable(store, manifest, tmp_path):
    """A folder and a file of run `r`, of which one file is shared with run `q`."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "private").write_bytes(b"private text")
    (folder / "shared").write_bytes(b"shared text")
    store.put_artifact(manifest("tree"), folder)
    (tmp_path / "old").write_bytes(b"quarantined text")
    store.put_artifact(manifest("old"), tmp_path / "old")
    store.quarantine_bound_artifact("artifact:p.r.old")
    store.export_artifact("artifact:p.r.tree")
    other = manifest().to_dict() | {"artifact_ref": "artifact:p.q.x", "run_ref": "run:p.q"}
    store.put_artifact(other, folder / "shared")
    return store


def everything(root):
    return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


def test_erasure_leaves_no_byte_of_a_run(erasable, root):
    """Bodies, quarantine, packages and manifests go; what another run shares stays."""
    plan = erasable.plan_erasure("run:p.r")
    tried = erasable.apply_removal_plan(plan)
    before = everything(root)
    done = erasable.apply_removal_plan(plan, dry_run=False)
    after = everything(root)

    assert b"private text" in before
    assert b"quarantined text" in before
    for text in (b"private text", b"quarantined text", b"weights", b"s3://bucket"):
        assert text not in after.replace(
            (root / "bindings").rglob("*.json").__next__().read_bytes(), b""
        )
    assert set(tried.erased_paths) == set(done.erased_paths)
    assert [ref for _, ref in done.kept_bodies] == ["artifact:p.q.x"]
    assert erasable.read_artifact_bytes("artifact:p.q.x") == b"shared text"
    assert {(s.artifact_ref, s.hash_value) for s in erasable.list_tombstones()} == {
        ("artifact:p.r.old", None),
        ("artifact:p.r.tree", None),
    }


def test_an_erasure_that_was_stopped_is_finished_by_a_second_call(erasable, root, monkeypatch):
    """Also when the bindings were gone already and the bodies were not."""
    plan = erasable.plan_erasure("run:p.r")

    def stop(paths, limit=None):
        raise ArtifactError("stopped", code="test")

    with monkeypatch.context() as patch:
        patch.setattr(erasable._collector, "remove", stop)
        with pytest.raises(ArtifactError):
            erasable.apply_removal_plan(plan, dry_run=False)
    left = everything(root)
    report = erasable.apply_removal_plan(plan, dry_run=False)

    assert b"private text" in left
    assert b"private text" not in everything(root)
    assert len(report.removed_refs) == 2


def tombstone_file(store, named):
    plan = store.plan_removal(RemovalPolicy(), named_refs=[named])
    store.apply_removal_plan(plan, dry_run=False)
    return next((store.root_path / "tombstones").rglob("*.json"))


def test_every_flip_in_a_tombstone_is_found(four):
    """Listing names the file; the ref stays unbound."""
    path = tombstone_file(four, "artifact:p.r.a")
    raw = path.read_bytes()
    for at in range(len(raw)):
        flipped = bytearray(raw)
        flipped[at] ^= 1 << (at % 8)
        path.write_bytes(flipped)
        with pytest.raises((IntegrityError, SchemaVersionError)):
            four.list_tombstones()
        with pytest.raises(NotFoundError):
            four.get_artifact("artifact:p.r.a")


def test_a_newer_tombstone_is_refused_by_name(four):
    """No byte changes."""
    path = tombstone_file(four, "artifact:p.r.a")
    raw = path.read_bytes().replace(b'"format_version":1', b'"format_version":9')
    path.write_bytes(raw)
    with pytest.raises(SchemaVersionError):
        four.list_tombstones()

    assert path.read_bytes() == raw


def test_instants_are_compared_as_times():
    """Fractions of a second and none."""
    assert _retention.instant("2026-01-01T00:00:00Z") < _retention.instant(
        "2026-01-01T00:00:00.000001Z"
    )
