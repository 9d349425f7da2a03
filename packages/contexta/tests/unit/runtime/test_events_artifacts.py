"""Events, degraded records and artifacts."""

import hashlib

import pytest

from contexta.contract.errors import ValidationError


def test_secrets_in_events_are_redacted(ctx, records_of):
    """Neither attributes nor messages keep a secret."""
    with ctx.run("r") as run:
        run.event("login", message="used password=hunter2", attributes={"password": "hunter2"})
    payload = records_of(ctx, "event")[0].payload

    assert "hunter2" not in f"{payload.message} {dict(payload.attributes)}"


def test_text_without_a_stored_form_is_recorded_as_rejected(ctx, records_of):
    """A lone surrogate in key, message or span name costs that record only."""
    with ctx.run("r") as run:
        results = [
            run.event("e", message="\ud800"),
            run.metric("\ud800", 1.0),
            run.event("\ud800", message="m"),
            run.metric("k", 1.0, tags={"t": "\ud800"}),
            run.degraded("i", "\ud800"),
        ]
    issues = [r.payload.issue_key for r in records_of(ctx, "degraded")]

    assert not any(result.succeeded for result in results)
    assert issues[:4] == [
        "capture.event_rejected", "capture.metric_rejected", "capture.event_rejected",
        "capture.metric_rejected",
    ]  # fmt: skip


def test_event_tags_are_kept_beside_attributes(ctx, records_of):
    """Tags become an attribute; a caller's own `tags` attribute stays."""
    with ctx.run("r") as run:
        run.event("a", message="m", tags={"x": "1"})
        run.event("b", message="m", tags={"x": "1"}, attributes={"tags": "mine"})
    first, second = [dict(r.payload.attributes) for r in records_of(ctx, "event")]

    assert first["tags"] == {"x": "1"}
    assert (second["tags"], second["event_tags"]) == ("mine", {"x": "1"})


def test_degraded_is_an_api_of_its_own(ctx, records_of):
    """A caller can say that something is missing; a bad category is recorded too."""
    with ctx.run("r") as run:
        run.degraded("data.rows_dropped", "3 rows", severity="error", attributes={"rows": 3})
        wrong = run.degraded("x", "y", category="weather")
    keys = [r.payload.issue_key for r in records_of(ctx, "degraded")]

    assert keys == ["data.rows_dropped", "capture.degraded_rejected"]
    assert wrong.degraded


def test_a_registered_file_is_ingested(ctx, tmp_path):
    """The body is in the workspace, the file stays where it was."""
    source = tmp_path / "model.bin"
    source.write_bytes(b"weights")
    with ctx.run("r") as run, run.stage("train") as stage:
        result = stage.register_artifact("model_bundle", source, attributes={"epoch": 3})
    manifest = result.payload["manifest"]
    ref = str(manifest.artifact_ref)

    assert ctx.artifact_store.read_artifact_bytes(ref) == source.read_bytes()
    assert (manifest.size_bytes, manifest.hash_value) == (7, hashlib.sha256(b"weights").hexdigest())
    assert (str(manifest.stage_execution_ref), result.payload["binding_status"]) == (
        stage.ref, "BOUND",
    )  # fmt: skip
    assert ref.startswith("artifact:p.r.model-bundle-")


def test_folders_are_ingested_as_trees(ctx, tmp_path):
    """A folder is one artifact with hash and size."""
    folder = tmp_path / "ckpt"
    folder.mkdir()
    (folder / "a").write_text("1")
    (folder / "b").write_text("22")
    with ctx.run("r") as run:
        manifest = run.register_artifact("checkpoint", folder).payload["manifest"]

    assert ctx.artifact_store.artifact_exists(str(manifest.artifact_ref))
    assert manifest.hash_value
    assert manifest.size_bytes >= 3


def test_background_registration_is_done_when_the_run_is_closed(ctx, tmp_path):
    """wait=False returns at once; closing the run waits for the copy."""
    source = tmp_path / "big.bin"
    source.write_bytes(b"x" * 100_000)
    with ctx.run("r") as run:
        result = run.register_artifact(
            "dataset_snapshot", source, artifact_ref="artifact:p.r.big", wait=False
        )

    assert result.payload["binding_status"] == "PENDING"
    assert len(ctx.artifact_store.read_artifact_bytes("artifact:p.r.big")) == 100_000


def test_a_missing_source_is_an_error_unless_allowed(ctx, tmp_path):
    """A wrong path raises; allow_missing gives a degraded result instead."""
    with ctx.run("r") as run:
        with pytest.raises(ValidationError) as caught:
            run.register_artifact("model_bundle", tmp_path / "none")
        allowed = run.register_artifact("model_bundle", tmp_path / "none", allow_missing=True)
        batch = run.register_artifacts(
            [{"artifact_kind": "model_bundle", "path": str(tmp_path / "none")}]
        )

    assert caught.value.code == "artifact_source_missing"
    assert (allowed.status.value, allowed.payload["binding_status"]) == ("DEGRADED", "PENDING")
    assert batch.results[0].error_code == "artifact_source_missing"


@pytest.mark.parametrize(
    ("ref", "code"),
    [
        ("artifact:p.other.x", "artifact_ref_prefix_mismatch"),
        ("record:p.r.x", "artifact_registration_invalid_ref"),
    ],
)
def test_chosen_artifact_refs_belong_to_the_run(ctx, tmp_path, ref, code):
    """A ref of another run or kind is refused."""
    (tmp_path / "f").write_text("x")
    with ctx.run("r") as run, pytest.raises(ValidationError) as caught:
        run.register_artifact("model_bundle", tmp_path / "f", artifact_ref=ref)

    assert caught.value.code == code
