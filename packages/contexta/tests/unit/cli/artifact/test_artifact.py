"""``contexta artifact``: files in, out, and whether they are right."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def _register(call: Call, *arguments: str) -> Any:
    return call("artifact", "register", *arguments, "--format", "json")


def _damage(lab: Path, size: int) -> None:
    body = next(path for path in (lab / "artifacts" / "objects").rglob("*")
                if path.is_file() and path.stat().st_size == size)  # fmt: skip
    body.chmod(0o600)
    body.write_bytes(b"y" * size)


@pytest.mark.parametrize("command", ["register", "put"])
def test_register_keeps_the_keys_of_1_0(call: Call, lab: Path, command: str) -> None:
    """`artifact register` and its alias answer with binding, bytes_written and path."""
    Path("My_model v2.bin").write_bytes(b"weights")
    done = call(
        "artifact", command, "model_bundle", "My_model v2.bin", "--run", "run:lab.day-1",
        "--format", "json",
    )  # fmt: skip
    facts = json.loads(done.out)

    assert 0 == done.code, done.err
    assert {"binding", "bytes_written", "path"} == set(facts)
    keys = {
        "artifact_kind", "artifact_ref", "binding_id", "created_at", "hash_algorithm",
        "hash_value", "ingest_mode", "layout_version", "manifest_snapshot", "size_bytes",
        "source_name",
    }  # fmt: skip
    assert keys <= set(facts["binding"])
    assert "artifact:lab.day-1.my-model-v2" == facts["binding"]["artifact_ref"]
    assert "cli.artifact-register" == facts["binding"]["manifest_snapshot"]["producer_ref"]


def test_registering_again_writes_nothing(call: Call, lab: Path) -> None:
    """The same content again: 0 bytes written."""
    Path("m.bin").write_bytes(b"weights")
    written = [
        json.loads(_register(call, "model_bundle", "m.bin", "--run", "day-1").out)["bytes_written"]
        for _ in range(2)
    ]

    assert [7, 0] == written


def test_w12_register_takes_short_names(call: Call, lab: Path) -> None:
    """W12: the run and the stage are known by their short names."""
    Path("m.bin").write_bytes(b"weights")
    done = _register(call, "model_bundle", "m.bin", "--run", "day-1", "--stage", "fit")
    manifest = json.loads(done.out)["binding"]["manifest_snapshot"]

    assert ("run:lab.day-1", "stage:lab.day-1.fit") == (
        manifest["run_ref"],
        manifest["stage_execution_ref"],
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("model_bundle", "no.bin", "--run", "day-1"), "artifact_store_missing_source"),
        (("model_bundle", "m.bin", "--run", "day-77"), "query_run_not_found"),
        (("model_bundle", "m.bin", "--run", "run:lab"), "cli_invalid_run_ref"),
        (("Not A Kind", "m.bin", "--run", "day-1"), "artifact_invalid_artifact_kind"),
        (
            ("model_bundle", "m.bin", "--run", "day-1", "--artifact-ref", "artifact:lab.day-2.m"),
            "artifact_ref_prefix_mismatch",
        ),
    ],
)
def test_w13_register_refuses_with_codes(
    call: Call, lab: Path, arguments: tuple[str, ...], code: str
) -> None:
    """W13: each wrong argument has a code of its own, and nothing is stored."""
    Path("m.bin").write_bytes(b"weights")
    before = call("artifact", "list", "-f", "json").out
    done = _register(call, *arguments)

    assert 1 == done.code
    assert code == json.loads(done.err)["error"]["code"]
    assert before == call("artifact", "list", "-f", "json").out


def test_w9_register_makes_no_workspace(call: Call, project: Path) -> None:
    """W9: a mistyped workspace is refused, and nothing is made."""
    Path("m.bin").write_bytes(b"weights")
    done = _register(call, "model_bundle", "m.bin", "--run", "run:p.r", "--workspace", "typo")

    assert "workspace_not_found" == json.loads(done.err)["error"]["code"]
    assert not Path("typo").exists()


def test_w11_list_and_show(call: Call, lab: Path) -> None:
    """W11: artifacts are listed by run and kind, and one is shown with its lineage."""
    rows = json.loads(
        call("artifact", "list", "--run", "day-1", "--kind", "model", "-f", "json").out
    )
    ref = rows["artifacts"][0]["artifact_ref"]
    shown = call("artifact", "show", ref.partition(":")[2])
    facts = json.loads(call("artifact", "show", ref, "-f", "json").out)

    assert ["run:lab.day-1"] == [row["run_id"] for row in rows["artifacts"]]
    assert "produced by" in shown.out
    assert ref == facts["artifact"]["artifact_ref"]
    assert {"produced_by"} == {edge["relation_type"] for edge in facts["edges"]}


def test_an_unknown_artifact_is_refused_with_the_nearest(call: Call, lab: Path) -> None:
    """The error names what is like it."""
    done = call("artifact", "show", "lab.day-1.model-zzzzzz")

    assert 1 == done.code
    assert "ERROR [artifact_not_found]" in done.err
    assert "artifact:lab.day-1.model-" in done.err


def test_verify_finds_a_changed_byte(call: Call, lab: Path) -> None:
    """All artifacts are read; the damaged one is named and the exit code is 1."""
    assert 0 == call("artifact", "verify").code
    _damage(lab, 2048 + 3)
    done = call("artifact", "verify", "-f", "json")
    found = json.loads(done.out)
    bad = [one for one in found["artifacts"] if one["status"] != "verified"]

    assert (1, False) == (done.code, found["ok"])
    assert ["artifact:lab.day-3"] == [one["artifact_ref"].rpartition(".")[0] for one in bad]
    assert "hash_mismatch" in call("artifact", "verify").out


def test_a_damaged_artifact_is_never_handed_out(call: Call, lab: Path) -> None:
    """Neither get nor export writes a file of bytes that are not what was stored."""
    _damage(lab, 2048 + 3)
    ref = next(
        one["artifact_ref"]
        for one in json.loads(call("artifact", "list", "--run", "day-3", "-f", "json").out)[
            "artifacts"
        ]
        if one["kind"] == "model"
    )
    got = call("artifact", "get", ref, "out.bin")
    exported = call("artifact", "export", ref, "--output", "packages")

    assert (1, 1) == (got.code, exported.code)
    assert "ERROR [artifact_store_hash_mismatch]" in got.err
    assert not Path("out.bin").exists()
    assert not [path for path in Path("packages").rglob("*") if path.is_file()]


def test_get_overwrites_nothing(call: Call, lab: Path) -> None:
    """A file that is there keeps its bytes."""
    Path("m.bin").write_bytes(b"weights")
    _register(call, "model_bundle", "m.bin", "--run", "day-1")
    done = call("artifact", "get", "day-1.m", "new.bin")
    again = call("artifact", "get", "day-1.m", "m.bin")

    assert (0, b"weights") == (done.code, Path("new.bin").read_bytes())
    assert "ERROR [artifact_store_target_exists]" in again.err


@pytest.mark.parametrize("archive", [(), ("--archive",)])
def test_a_package_goes_from_one_workspace_to_another(
    call: Call, lab: Path, archive: tuple[str, ...]
) -> None:
    """What was exported is imported elsewhere, bytes and ref the same; twice does nothing."""
    Path("m.bin").write_bytes(b"weights")
    _register(call, "model_bundle", "m.bin", "--run", "day-1")
    done = call("artifact", "export", "day-1.m", "--output", "out", *archive, "-f", "json")
    package = json.loads(done.out)["path"]
    call("init", "other")
    outcomes = [
        json.loads(call("artifact", "import", package, "-w", "other/.contexta", "-f", "json").out)
        for _ in range(2)
    ]

    assert ["imported", "idempotent"] == [one["outcome"] for one in outcomes]
    assert {"artifact:lab.day-1.m"} == {one["artifact_ref"] for one in outcomes}


def test_a_changed_package_is_refused(call: Call, lab: Path) -> None:
    """A package is taken for hostile: one changed byte, and nothing of it is stored."""
    Path("m.bin").write_bytes(b"weights")
    _register(call, "model_bundle", "m.bin", "--run", "day-1")
    call("artifact", "export", "day-1.m", "--output", "out", "--archive")
    package = next(Path("out").glob("*.tar"))
    package.write_bytes(package.read_bytes().replace(b"weights", b"w31ghts"))
    call("init", "other")
    done = call("artifact", "import", str(package), "-w", "other/.contexta")

    assert 1 == done.code
    assert "ERROR [artifact_" in done.err
    assert "no artifacts" in call("artifact", "list", "-w", "other/.contexta").out


def test_gc_frees_only_what_nothing_needs(call: Call, lab: Path) -> None:
    """What a removal leaves is freed after a yes; everything else verifies still."""
    removed = call("retain", "artifacts", "--keep-last", "0", "--apply", "--yes", "-f", "json")
    count = len(json.loads(removed.out)["removed_refs"])
    asked = call("artifact", "gc", "--grace-hours", "0")
    done = call("artifact", "gc", "--grace-hours", "0", "--yes", "-f", "json")

    assert count > 0
    assert "ERROR [confirmation_required]" in asked.err
    assert json.loads(done.out)["removed_bytes"] > 0
    assert 0 == call("artifact", "verify").code
