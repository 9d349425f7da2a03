"""A backup in which one file is damaged or missing, each kind of file in turn."""

import hashlib
import json

import pytest

POINTS = 40
KINDS = [
    ("metadata/ledger.sqlite*", "cut"),
    ("records/_parts.jsonl*", "flipped"),
    ("records/_store.json*", "deleted"),
    ("records/metric/project=p/part-*.parquet", "zeroed"),
    ("artifacts/objects/*/*", "cut"),
    ("artifacts/bindings/*/*.json*", "flipped"),
    ("workspace.json*", "flipped"),
    ("config/resolved.config.json*", "deleted"),
]


def place_of(backup, path):
    return path.relative_to(backup / "workspace").as_posix().removesuffix(".zst")


@pytest.mark.parametrize(("kind", "how"), KINDS)
def test_the_rest_is_whole_and_the_file_is_named(
    kind, how, backup, target, run_salvage, look, spoil
):
    """What is left opens and passes the checks of all three planes; nothing is lost in silence."""
    path = sorted((backup / "workspace").glob(kind))[0]
    spoil(path, how)

    result = run_salvage(backup)
    found = look(target)

    assert found.errors == []
    place = place_of(backup, path)
    told = [item.place for item in result.lost] + [note.partition(":")[2] for note in result.notes]
    assert place in told or any(place in line for line in result.warnings)
    assert set(found.runs) == {"run:p.first", "run:p.second"}
    for item in result.lost:
        if "/objects/" not in item.place:
            assert found.noted(item.place) == set(item.run_refs)
    assert json.loads(json.dumps(result.to_dict()))["lost_counts"] == dict(result.lost_counts)


def test_an_intact_backup_loses_nothing(backup, target, run_salvage, look, template):
    result = run_salvage(backup)
    found = look(target)

    assert (result.status, result.lost, result.warnings) == ("SUCCESS", (), ())
    assert result.taken == {
        "artifacts": {"artifacts": 4},
        "metadata": {"projects": 1, "runs": 2},
        "records": {"records": 86},
    }
    assert (len(found.records), len(found.artifacts), found.notes) == (86, 4, [])
    mark = (template.workspace / "workspace.json").read_bytes()
    assert (target / "workspace.json").read_bytes() == mark


def test_a_lost_part_is_named_in_the_runs_that_it_held(backup, target, run_salvage, look):
    """The log of parts tells which runs; the other run is not concerned."""
    part = sorted((backup / "workspace" / "records").glob("metric/*/*.parquet"))[0]
    part.unlink()

    result = run_salvage(backup)
    found = look(target)

    (item,) = result.lost
    assert (item.plane, item.reason, item.count) == ("records", "file_missing", POINTS)
    assert item.certain
    assert len(item.run_refs) == 1
    assert found.noted(item.place) == set(item.run_refs)
    assert {run for run, count in found.gaps.items() if count} == set(item.run_refs)
    assert result.taken["records"] == {"records": 86 - POINTS}
    note = found.notes[0]
    assert note.payload.issue_key == "recovery.records_lost"
    assert (note.payload.category, note.payload.severity) == ("recovery", "error")
    assert note.payload.attributes["count"] == POINTS


def test_a_flipped_bit_in_a_part_is_mended(backup, target, run_salvage, look, spoil):
    """The store finds the bit, proven by the hash of the part; nothing is lost."""
    part = sorted((backup / "workspace" / "records").glob("metric/*/*.parquet"))[0]
    spoil(part, "flipped")

    result = run_salvage(backup)

    assert result.status == "SUCCESS"
    assert result.notes == (f"healed:{place_of(backup, part)}",)
    assert len(look(target).records) == 86


def test_of_a_half_readable_part_the_readable_rows_are_kept(
    tmp_path, target, run_salvage, look, session_stores
):
    from contexta.recovery import create_workspace_backup, plan_workspace_backup

    root = tmp_path / "big" / ".contexta"
    with session_stores.open(root) as stores:
        stores.add_run("long")
        stores.records.append_metrics("run:p.long", "loss", [float(i) for i in range(300_000)])
    config = session_stores.config(root, backup_root=tmp_path / "big-backups")
    location = create_workspace_backup(config, plan_workspace_backup(config)).location
    parts = location.glob("workspace/records/metric/*/*.parquet")
    part = max(parts, key=lambda path: path.stat().st_size)
    data = bytearray(part.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    part.chmod(0o600)
    part.write_bytes(data)

    result = run_salvage(location)

    (item,) = result.lost
    kept = result.taken["records"]["records"]
    assert 0 < kept < 300_000
    assert item.count == 300_000 - kept
    assert item.run_refs == ("run:p.long",)


def test_a_lost_body_is_named_in_its_run_with_its_manifest(
    backup, target, run_salvage, look, template
):
    """What the artifact was is kept in the degraded record; a tombstone stays for the ref."""
    body = find_body(backup, b"weights of first")
    body.unlink()

    result = run_salvage(backup)
    found = look(target)

    (item,) = [one for one in result.lost if one.place == "artifact:p.first.weights"]
    assert (item.reason, item.run_refs) == ("body_lost", ("run:p.first",))
    assert found.tombstones == ["artifact:p.first.weights"]
    (note,) = [one for one in found.notes if one.payload.subject_ref == item.place]
    assert note.payload.attributes["manifest"]["artifact_kind"] == "model"
    assert result.taken["artifacts"] == {"artifacts": 3}


def test_a_damaged_body_goes_to_quarantine(backup, target, run_salvage, look, spoil):
    spoil(find_body(backup, b"weights of first"), "flipped")

    run_salvage(backup)

    assert look(target).quarantined == 1


def test_the_right_files_of_a_damaged_folder_are_kept_under_another_ref(
    backup, target, run_salvage, look, session_stores
):
    """Under the old ref a reader would take a part for the whole."""
    find_body(backup, b"b of first").unlink()

    result = run_salvage(backup)
    found = look(target)

    assert "artifact:p.first.folder" in found.tombstones
    assert "artifact:p.first.folder-salvaged" in found.artifacts
    with session_stores.open(target) as stores:
        (member,) = stores.artifacts.list_members("artifact:p.first.folder-salvaged")
        binding = stores.artifacts.get_binding("artifact:p.first.folder-salvaged")
    assert member.path == "a.txt"
    assert binding.manifest_snapshot.attributes["salvage"] == {
        "part_of": "artifact:p.first.folder",
        "files_lost": ("sub/b.txt",),
    }
    (item,) = [one for one in result.lost if one.place == "artifact:p.first.folder"]
    assert "'sub/b.txt'" in item.message


def test_a_lost_binding_is_told_by_the_name_that_other_runs_use(backup, target, run_salvage):
    """Its file is named by the hash of its ref, which proves a right guess."""
    name = hashlib.sha256(b"artifact:p.second.weights").hexdigest()
    next((backup / "workspace").glob(f"artifacts/bindings/*/{name}.json*")).unlink()

    result = run_salvage(backup)

    (item,) = result.lost
    assert item.run_refs == ("run:p.second",)
    assert "'artifact:p.second.weights'" in item.message


def test_a_file_of_a_newer_format_in_the_place_of_a_binding_is_damage(
    damaged, target, run_salvage, look
):
    """Only a digest that is right makes a newer version believable."""
    binding = sorted(damaged.glob("artifacts/bindings/*/*.json"))[0]
    binding.write_text('{"format_version": 2, "sha256": "0"}')

    result = run_salvage(damaged)

    assert [item.reason for item in result.lost] == ["binding_damaged"]
    assert look(target).errors == []


@pytest.mark.parametrize("how", ["deleted", "flipped"])
def test_without_a_manifest_the_stores_prove_what_is_there(
    how, backup, target, run_salvage, look, spoil
):
    spoil(backup / "manifest.json", how)

    result = run_salvage(backup)

    assert result.lost_counts["backup"] == 1
    assert result.lost[0].reason.startswith("manifest_")
    found = look(target)
    assert (found.errors, len(found.records), len(found.artifacts)) == ([], 86, 4)


def test_what_another_backup_still_holds_is_taken_from_there(
    backup, target, session_stores, template, tmp_path, run_salvage, look
):
    """Each file is looked up by its hash, and verified, in the folder of backups."""
    for path in (backup / "workspace").glob("artifacts/objects/*/*"):
        path.unlink()
    config = session_stores.config(tmp_path / "nowhere", backup_root=template.backup.parent)

    result = run_salvage(backup, config=config)

    assert (result.status, result.lost) == ("SUCCESS", ())
    assert any(note.endswith(template.backup.name) for note in result.notes)
    assert look(target).errors == []


def test_damage_in_many_places_at_once(backup, target, run_salvage, look, spoil):
    files = sorted(path for path in (backup / "workspace").rglob("*") if path.is_file())
    for number, path in enumerate(files):
        if number % 3 == 0:
            spoil(path, ("deleted", "flipped", "cut", "zeroed")[number % 4])

    result = run_salvage(backup)

    assert result.status == "DEGRADED"
    assert look(target).errors == []


def find_body(backup, content):
    """The body with a content, however it is stored."""
    name = hashlib.sha256(content).hexdigest()
    return next((backup / "workspace").glob(f"artifacts/objects/*/{name}*"))
