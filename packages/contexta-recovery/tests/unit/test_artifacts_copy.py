"""A copy of the artifact plane is whole whatever is exchanged while it is taken."""

import json
import os

import contexta.recovery._snapshot as snapshot
from contexta.recovery import create_workspace_backup, plan_workspace_backup


def back_up(config):
    return create_workspace_backup(config, plan_workspace_backup(config))


def between(monkeypatch, act):
    """Do something once between the copy of the bindings and the look at what changed."""
    look = snapshot._bindings_of
    looks = []

    def looked(*arguments):
        looks.append(None)
        if len(looks) == 2:
            act()
        return look(*arguments)

    monkeypatch.setattr(snapshot, "_bindings_of", looked)


def test_an_artifact_that_comes_while_the_plane_is_copied_does_no_harm(
    config, workspace, open_stores, monkeypatch
):
    def act():
        with open_stores(workspace) as stores:
            stores.add_artifact("first", "late", b"more")

    between(monkeypatch, act)

    made = back_up(config)

    assert (made.status, made.details["counts"]["artifacts"]) == ("SUCCESS", 1)


def test_a_binding_that_is_exchanged_while_the_plane_is_copied_brings_its_new_body(
    config, workspace, open_stores, monkeypatch
):
    """The body of the new binding was stored when the walk over bodies had passed its folder."""
    binding = next((workspace / "artifacts" / "bindings").rglob("*.json"))
    old = binding.read_bytes()
    with open_stores(workspace.with_name("other")) as stores:
        stores.add_run("first")
        stores.add_artifact("first", "weights", b"other weights")
    other = workspace.with_name("other") / "artifacts"

    def act():
        for body in (path for path in (other / "objects").rglob("*") if path.is_file()):
            target = workspace / "artifacts" / body.relative_to(other)
            target.parent.mkdir(exist_ok=True)
            os.replace(body, target)
        os.replace(next((other / "bindings").rglob("*.json")), binding)

    between(monkeypatch, act)

    made = back_up(config)

    assert (made.status, made.warnings) == ("SUCCESS", ())
    stored = made.location / "workspace" / binding.relative_to(workspace)
    assert json.loads(stored.read_bytes()) != json.loads(old)


def test_an_artifact_that_goes_while_the_plane_is_copied_is_not_half_there(
    config, workspace, monkeypatch
):
    binding = next((workspace / "artifacts" / "bindings").rglob("*.json"))
    body = next(path for path in (workspace / "artifacts/objects").rglob("*") if path.is_file())

    def act():
        binding.unlink()
        body.unlink()

    between(monkeypatch, act)

    made = back_up(config)

    assert (made.status, made.details["counts"]["artifacts"]) == ("SUCCESS", 0)


def test_files_that_artifacts_only_name_are_counted_in_the_notes(
    config, workspace, open_stores, tmp_path
):
    """No backup holds them; what they are now is looked at each time."""
    from contexta.contract import ArtifactManifest

    outside = tmp_path / "model.bin"
    outside.write_bytes(b"outside")
    manifest = ArtifactManifest(
        artifact_ref="artifact:p.first.outside",
        artifact_kind="model",
        created_at="2026-01-01T00:00:00.000000Z",
        producer_ref="test",
        run_ref="run:p.first",
        location_ref="model.bin",
    )
    with open_stores(workspace) as stores:
        stores.artifacts.reference_artifact(manifest, outside)

    first = back_up(config)
    outside.unlink()
    second = back_up(config)

    assert (first.status, first.notes[-1]) == ("SUCCESS", "artifact_files_outside:1")
    assert (second.status, second.warnings) == ("DEGRADED", ("artifacts:missing_count=1",))
