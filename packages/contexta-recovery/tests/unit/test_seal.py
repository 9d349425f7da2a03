import io
import tracemalloc

import pytest

from contexta.recovery._seal import (
    HEADER_BYTES,
    SEGMENT_BYTES,
    SealError,
    SealReader,
    SealWriter,
    sealed_size,
)
from contexta.recovery.keys import BackupKey

KEY = BackupKey(bytes(range(32)))
SEALED_SEGMENT = SEGMENT_BYTES + 16


def seal(plain, key=KEY, purpose="test"):
    out = bytearray()
    writer = SealWriter(out.extend, key, purpose)
    writer.write(plain)
    writer.finish()
    return bytes(out)


def unseal(sealed, key=KEY, purpose="test"):
    with SealReader(io.BytesIO(sealed), key, purpose) as reader:
        return reader.read()


def segments(sealed):
    body = sealed[HEADER_BYTES:]
    return [body[start : start + SEALED_SEGMENT] for start in range(0, len(body), SEALED_SEGMENT)]


def test_an_empty_file_is_sealed_too():
    sealed = seal(b"")

    assert (len(sealed), unseal(sealed)) == (sealed_size(0), b"")


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("count", [1, 2])
def test_lengths_around_a_segment_are_read_back(count, extra):
    plain = bytes(7) + b"x" * (count * SEGMENT_BYTES + extra - 7)
    sealed = seal(plain)

    assert (len(sealed), unseal(sealed)) == (sealed_size(len(plain)), plain)


def test_the_same_file_is_sealed_differently_each_time():
    """Each file has a salt of its own, hence a key of its own."""
    first, second = seal(b"same"), seal(b"same")

    assert first[8:40] != second[8:40]
    assert first[40:] != second[40:]


def test_nothing_of_the_plaintext_is_in_the_file():
    assert b"secret words" not in seal(b"secret words" * 100)


@pytest.mark.parametrize(
    "shuffle",
    [
        pytest.param(lambda parts: [parts[1], parts[0], parts[2]], id="swapped"),
        pytest.param(lambda parts: [parts[0], parts[2]], id="left out"),
        pytest.param(lambda parts: [parts[0], parts[1], parts[1], parts[2]], id="repeated"),
        pytest.param(lambda parts: parts[:2], id="cut at a segment"),
        pytest.param(lambda parts: [*parts, parts[2]], id="continued"),
        pytest.param(lambda parts: [], id="nothing left"),
    ],
)
def test_segments_that_were_moved_removed_or_added_do_not_open(shuffle):
    sealed = seal(b"a" * SEGMENT_BYTES + b"b" * SEGMENT_BYTES + b"c" * SEGMENT_BYTES)
    changed = sealed[:HEADER_BYTES] + b"".join(shuffle(segments(sealed)))

    with pytest.raises(SealError):
        unseal(changed)


def test_a_segment_of_another_file_does_not_open():
    first, second = seal(b"a" * (SEGMENT_BYTES + 1)), seal(b"a" * (SEGMENT_BYTES + 1))
    mixed = first[: HEADER_BYTES + SEALED_SEGMENT] + second[HEADER_BYTES + SEALED_SEGMENT :]

    with pytest.raises(SealError, match="segment 1"):
        unseal(mixed)


def test_another_key_does_not_open_it():
    with pytest.raises(SealError, match="segment 0"):
        unseal(seal(b"text"), key=BackupKey(bytes(32)))


def test_a_file_opens_for_its_own_purpose_only():
    with pytest.raises(SealError, match="segment 0"):
        unseal(seal(b"text", purpose="file"), purpose="file list")


def test_a_newer_version_is_named():
    sealed = bytearray(seal(b"text"))
    sealed[7] = 2

    with pytest.raises(SealError, match="version 2; this release reads 1"):
        unseal(bytes(sealed))


@pytest.mark.parametrize("raw", [b"", b"CTXSEAL", b"x" * 100, b"PAR1" * 20])
def test_other_files_are_not_taken_for_sealed_ones(raw):
    with pytest.raises(SealError, match="not a sealed file"):
        unseal(raw)


def test_an_empty_segment_at_the_end_is_refused():
    """One plaintext has one sealed length; who holds the key could write another."""
    out = bytearray()
    writer = SealWriter(out.extend, KEY, "test")
    writer._sink(writer._cipher.seal(b"a" * SEGMENT_BYTES, is_last=False))
    writer.finish()

    with pytest.raises(SealError, match="empty"):
        unseal(bytes(out))


def test_reading_holds_a_few_segments_not_the_file(tmp_path):
    path = tmp_path / "sealed"
    with path.open("wb") as file:
        writer = SealWriter(file.write, KEY, "test")
        for _ in range(24):
            writer.write(bytes(SEGMENT_BYTES))
        writer.finish()
    unseal(seal(b"load the library first"))

    tracemalloc.start()
    with SealReader(path.open("rb"), KEY, "test") as reader:
        size = sum(len(piece) for piece in iter(lambda: reader.read(1 << 16), b""))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert size == 24 * SEGMENT_BYTES
    assert peak < 8 * SEGMENT_BYTES


def test_closing_the_reader_closes_its_source():
    source = io.BytesIO(seal(b"text"))

    SealReader(source, KEY, "test").close()

    assert source.closed
