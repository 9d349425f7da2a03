"""Reading bodies, damaged ones too."""

import pytest

from contexta.contract.errors import (
    ContextaError,
    IntegrityError,
    NotFoundError,
    SchemaVersionError,
    ValidationError,
)
from contexta.contract.refs import StableRef
from contexta.store import artifacts

REF = "artifact:p.r.m"


def overwrite(path, data):
    path.chmod(0o600)
    path.write_bytes(data)


@pytest.fixture
def body(store, manifest, source):
    return store.put_artifact(manifest(), source).path


def test_all_ways_of_reading_agree(store, body, source):
    """Handle, reader, bytes and chunks; by text and by `StableRef`; method and function."""
    ref = StableRef.parse(REF)
    with store.open_artifact(ref) as file:
        streamed = file.read()
    chunks = list(artifacts.iter_artifact_chunks(store, ref, chunk_size=999))

    assert streamed == b"".join(chunks) == artifacts.read_artifact_bytes(store, ref)
    assert streamed == source.read_bytes()
    assert [len(chunk) for chunk in chunks] == [999] * 7 + [7]
    assert store.get_artifact(ref).path == body


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"W" + raw[1:],
        lambda raw: raw[:-1],
        lambda raw: raw + b"\0",
        lambda raw: b"",
        lambda raw: bytes(len(raw)),
    ],
)
def test_damaged_bytes_are_never_handed_out(store, body, damage):
    """A flip, cut, tail, emptied or zeroed body is an error before the first byte."""
    overwrite(body, damage(body.read_bytes()))
    for read in (
        lambda: store.read_artifact_bytes(REF),
        lambda: store.open_artifact(REF),
        lambda: next(store.iter_artifact_chunks(REF)),
    ):
        with pytest.raises(IntegrityError) as caught:
            read()
        assert caught.value.code == "artifact_store_hash_mismatch"

    assert caught.value.details["path"] == str(body)


def test_verification_of_reads_can_be_switched_off(opened, store, body):
    """By argument, or for a whole store by the mode `none`; and on again by argument."""
    overwrite(body, b"changed")
    lax = opened(verification_mode="none")

    assert store.read_artifact_bytes(REF, verify=False) == b"changed"
    assert lax.read_artifact_bytes(REF) == b"changed"
    with pytest.raises(IntegrityError):
        lax.read_artifact_bytes(REF, verify=True)


@pytest.mark.parametrize("loss", ["damage", "delete"])
def test_putting_the_right_bytes_again_mends(store, body, manifest, source, loss):
    """A damaged or deleted body is replaced; the binding stays; other bytes are refused."""
    before = store.get_artifact(REF).binding
    if loss == "damage":
        overwrite(body, b"W" * 7000)
    else:
        body.unlink()
    found = store.verify_artifact(REF).status.value
    receipt = store.put_artifact(manifest(), source)

    assert found == ("hash_mismatch" if loss == "damage" else "missing")
    assert (receipt.binding, receipt.bytes_written) == (before, 0)
    assert store.verify_artifact(REF).verified


def test_missing_things_are_told_apart(store, body):
    """Unbound and body gone have codes of their own; existence is False for both."""
    with pytest.raises(NotFoundError) as unbound:
        store.get_artifact("artifact:p.r.none")
    body.unlink()
    with pytest.raises(NotFoundError) as gone:
        store.get_artifact(REF)

    assert unbound.value.code == "artifact_store_binding_not_found"
    assert gone.value.code == "artifact_store_body_not_found"
    assert (store.artifact_exists(REF), store.list_refs()) == (False, [REF])


@pytest.mark.parametrize("text", ["artifact__p.r.m", "../x", "", "artifact:", "artifact:P"])
def test_only_refs_are_refs(store, body, text):
    """What is no ref is refused, and does not exist."""
    with pytest.raises(ValidationError) as caught:
        store.get_artifact(text)

    assert caught.value.code.startswith("stable_ref_")
    assert store.artifact_exists(text) is False


@pytest.mark.parametrize("mode", ["r", "w", "wb", "ab", "r+b"])
def test_only_reading_binary_is_allowed(store, body, mode):
    """Other modes are a `ValidationError`, which is a `ValueError`; absent refs come first."""
    with pytest.raises(ValueError):
        store.open_artifact(REF, mode=mode)
    with pytest.raises(NotFoundError):
        store.open_artifact("artifact:p.r.none", mode=mode)


@pytest.mark.parametrize("size", [0, -1, True, "5"])
def test_bad_chunk_size_is_refused_at_the_first_chunk(store, body, size):
    """The generator is lazy."""
    chunks = store.iter_artifact_chunks(REF, chunk_size=size)
    with pytest.raises(ValidationError):
        next(chunks)


def test_a_link_in_place_of_a_body_is_not_followed(store, body, source):
    """A planted link is a missing body, even when it leads to the right bytes."""
    body.unlink()
    body.symlink_to(source)
    with pytest.raises(NotFoundError):
        store.read_artifact_bytes(REF)


@pytest.fixture
def binding_file(store, body, manifest, source, root):
    path = next((root / "bindings").rglob("*.json"))
    store.put_artifact(manifest("healthy"), source)
    return path


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw.replace(b"checkpoint", b"checkpoins"),
        lambda raw: raw.replace(b"p.r.m", b"p.r.n"),
        lambda raw: raw[:-5],
        lambda raw: b"",
        lambda raw: b"[" * 100_000,
        lambda raw: b"{}",
        lambda raw: b'{"format_version":1,"sha256":7}',
        lambda raw: b"\xff" * 10,
    ],
)
def test_a_damaged_binding_is_named_and_hides_no_other(store, binding_file, damage):
    """Reading it raises our error naming the file; lists and checks go on and report it."""
    binding_file.write_bytes(damage(binding_file.read_bytes()))
    with pytest.raises(IntegrityError) as caught:
        store.get_artifact(REF)
    refs = store.list_refs()
    summary, sweep = store.inspect_store(), store.verify_all()

    assert caught.value.details["path"] == str(binding_file)
    assert refs == ["artifact:p.r.healthy"]
    assert (summary.artifact_count, summary.damaged_binding_count) == (1, 1)
    assert (sweep.damaged_bindings, sweep.orphan_paths) == ((binding_file,), ())
    assert [path for path, _ in store.damage()] == [binding_file]


def test_the_right_bytes_mend_a_damaged_binding(store, binding_file, manifest, source, tmp_path):
    """A put of the bytes that it still names rewrites it; other bytes do not take the ref."""
    raw = binding_file.read_bytes()
    binding_file.write_bytes(raw.replace(b"checkpoint", b"checkpoins"))
    (tmp_path / "other").write_bytes(b"other")
    with pytest.raises(IntegrityError):
        store.put_artifact(manifest(), tmp_path / "other")
    store.put_artifact(manifest(), source)

    assert store.verify_artifact(REF).verified


def test_a_binding_under_another_name_is_refused(store, binding_file, root):
    """A binding file that was copied to the place of another ref does not speak for it."""
    other = next(p for p in (root / "bindings").rglob("*.json") if p != binding_file)
    other.write_bytes(binding_file.read_bytes())
    with pytest.raises(IntegrityError):
        store.get_artifact("artifact:p.r.healthy")

    assert store.list_refs() == [REF]
    assert [path for path, _ in store.damage()] == [other]


def test_a_newer_binding_format_is_refused_by_name(store, binding_file):
    """It is not called damaged, and no byte changes."""
    raw = binding_file.read_bytes().replace(b'"format_version":1', b'"format_version":2')
    binding_file.write_bytes(raw)
    with pytest.raises(SchemaVersionError) as caught:
        store.get_artifact(REF)

    assert caught.value.code == "artifact_binding_format_unsupported"
    assert binding_file.read_bytes() == raw


def test_every_flip_in_a_binding_is_found_or_harmless(store, binding_file):
    """No single flipped bit of the file makes a read return other bytes or another binding."""
    raw = binding_file.read_bytes()
    right = store.get_artifact(REF).binding
    for at in range(0, len(raw), 3):
        flipped = bytearray(raw)
        flipped[at] ^= 1 << (at % 8)
        binding_file.write_bytes(flipped)
        try:
            found = store.get_artifact(REF).binding
        except ContextaError:
            continue

        assert found == right
