"""Lists, bindings without bodies, revisions."""

import json

import pytest

from contexta.contract.errors import NotFoundError, ValidationError
from contexta.store.artifacts import _catalogue

REF = "artifact:p.r.m"


@pytest.fixture
def many(store, manifest, tmp_path):
    """Six artifacts of two kinds and two runs."""
    for number in range(6):
        source = tmp_path / f"s{number}"
        source.write_bytes(b"%d" % number)
        run = "r" if number < 4 else "q"
        kind = "checkpoint" if number % 2 else "report_bundle"
        store.put_artifact(
            manifest(artifact_kind=kind).model_copy(update={}).to_dict()
            | {"artifact_ref": f"artifact:p.{run}.n{number}", "run_ref": f"run:p.{run}"},
            source,
        )
    return store


def refs(bindings):
    return [binding.artifact_ref.rpartition(".")[2] for binding in bindings]


def test_bindings_are_filtered_and_paged_in_ref_order(many):
    """By run, by kind, by page."""
    first = many.list_bindings(limit=2)
    second = many.list_bindings(limit=10, after=first[-1].artifact_ref)

    assert refs(many.list_bindings()) == ["n4", "n5", "n0", "n1", "n2", "n3"]
    assert refs(many.list_bindings(run_ref="run:p.r", kind="checkpoint")) == ["n1", "n3"]
    assert (refs(first), refs(second)) == (["n4", "n5"], ["n0", "n1", "n2", "n3"])
    assert many.list_bindings(limit=0) == ()


@pytest.mark.parametrize("bad", [{"limit": -1}, {"run_ref": "x"}, {"after": "artifact:"}])
def test_bad_filters_are_refused(many, bad):
    """A negative limit, and what is no ref."""
    with pytest.raises(ValidationError):
        many.list_bindings(**bad)


def test_a_missing_body_leaves_its_binding_reachable(store, manifest, source):
    """Kind, size and manifest are known by `get_binding` and `list_bindings`."""
    receipt = store.put_artifact(manifest(), source)
    receipt.path.unlink()

    assert store.get_binding(REF) == receipt.binding
    assert store.list_bindings() == (receipt.binding,)
    with pytest.raises(NotFoundError):
        store.get_artifact(REF)


def test_listing_reads_only_what_changed(many, monkeypatch):
    """A second look opens no binding; one that was replaced is read again."""
    monkeypatch.setattr(_catalogue, "_RACY_NS", -(10**18))
    many.list_refs()
    opened = []
    real = _catalogue.load_binding
    monkeypatch.setattr(_catalogue, "load_binding", lambda path: opened.append(path) or real(path))
    many.list_refs()
    before = len(opened)
    path = many.root_path.glob("bindings/*/*.json").__next__()
    raw = path.read_bytes()
    path.unlink()
    path.write_bytes(raw)
    many.list_refs()

    assert (before, opened) == (0, [path])


def test_a_folder_that_is_as_it_was_is_not_looked_into(many, monkeypatch):
    """A list looks into folders that changed only; care looks at every file."""
    monkeypatch.setattr(_catalogue, "_RACY_NS", -(10**18))
    refs = many.list_refs()
    looked = []
    real = _catalogue._binding_files
    monkeypatch.setattr(_catalogue, "_binding_files", lambda s: looked.append(s) or real(s))
    many.list_refs()
    quiet = list(looked)
    path = next(many.root_path.glob("bindings/*/*.json"))
    path.unlink()
    left = many.list_refs()
    changed = list(looked)
    many.inspect_store()

    assert quiet == []
    assert changed == [str(path.parent)]
    assert len(left) == len(refs) - 1
    assert len(looked) > len(changed)


def test_another_process_starts_from_the_catalogue(many, opened, monkeypatch):
    """The file carries the list; damaged, of another format or absent, it is made again."""
    monkeypatch.setattr(_catalogue, "_SAVE_AFTER", 1)
    monkeypatch.setattr(_catalogue, "_RACY_NS", -(10**18))
    path = many.root_path / "_catalogue.json"
    expected = many.list_refs()
    right = path.read_bytes()
    real = _catalogue.load_binding
    opened_files = []
    monkeypatch.setattr(
        _catalogue, "load_binding", lambda file: opened_files.append(file) or real(file)
    )
    assert opened().list_refs() == expected
    assert opened_files == []
    for at in range(0, len(right), 7):
        flipped = bytearray(right)
        flipped[at] ^= 1 << (at % 8)
        path.write_bytes(flipped)
        assert opened(read_only=True).list_refs() == expected
    path.unlink()

    assert opened().list_refs() == expected
    assert json.loads(path.read_bytes().partition(b"\n")[2])["format_version"] == 1


def test_a_binding_that_is_removed_or_added_shows_at_once(many, opened, manifest, source):
    """Also when another process did it."""
    other = opened()
    before = other.list_refs()
    many.put_artifact(manifest("later"), source)
    after = other.list_refs()

    assert set(after) - set(before) == {"artifact:p.r.later"}


def test_revisions_are_numbered_and_kept(store, manifest, source):
    """Each changed manifest is a revision; an equal one is none."""
    for epoch in (1, 2, 2, 3):
        store.put_artifact(manifest(attributes={"epoch": epoch}), source)
    revisions = store.list_binding_revisions(REF)

    assert [(r.revision, r.manifest.attributes["epoch"]) for r in revisions] == [
        (1, 1),
        (2, 2),
        (3, 3),
    ]
    assert store.get_binding(REF).revision == 3


def test_a_long_history_drops_its_oldest_part(store, manifest, source):
    """The file stays readable and small; the numbers tell what is gone."""
    for number in range(12):
        store.put_artifact(manifest(attributes={"n": number, "x": "y" * 200_000}), source)
    revisions = [item.revision for item in store.list_binding_revisions(REF)]

    assert revisions[-1] == 12
    assert 1 < revisions[0] < 12
    assert revisions == list(range(revisions[0], 13))


def test_a_manifest_that_could_not_be_read_back_is_refused(store, manifest, source):
    """More than 16 MiB of manifest: nothing is bound."""
    from contexta.contract.errors import ArtifactError

    with pytest.raises(ArtifactError) as caught:
        store.put_artifact(manifest(attributes={"x": "y" * (17 << 20)}), source)

    assert caught.value.code == "artifact_store_manifest_too_large"
    assert store.list_refs() == []
