"""What is decoded is what was stored, never more, and damage is said."""

import io
import random

import pytest

from contexta.recovery._codec import (
    FRAME_BYTES,
    HashingReader,
    UndecodableError,
    UnreadableError,
    plain_chunks,
    zipped,
)

TEXT = b"".join(b'{"step": %d}\n' % number for number in range(20_000))


def decoded(raw, encoding, size):
    return b"".join(plain_chunks(HashingReader(io.BytesIO(raw)), encoding, size))


def test_frames_one_after_the_other_decode_to_the_whole():
    raw = zipped(TEXT) + zipped(b"") + zipped(b"end")

    assert decoded(raw, "zstd", len(TEXT) + 3) == TEXT + b"end"


@pytest.mark.parametrize("encoding", ["plain", "zstd"])
def test_more_bytes_than_were_announced_are_refused_before_they_are_given(encoding):
    """A bomb of a few bytes could fill the disk."""
    bomb = zipped(bytes(FRAME_BYTES)) * 50 if encoding == "zstd" else bytes(FRAME_BYTES)
    chunks = plain_chunks(HashingReader(io.BytesIO(bomb)), encoding, 1000)
    given = []

    with pytest.raises(UndecodableError):
        given.extend(chunks)

    assert given == []


@pytest.mark.parametrize("raw", [b"garbage", zipped(TEXT)[:-5], zipped(TEXT) + b"junk"])
def test_bytes_that_are_no_frames_are_refused(raw):
    with pytest.raises(UndecodableError):
        decoded(raw, "zstd", len(TEXT))


def test_a_changed_byte_never_ends_in_another_error():
    raw, found = zipped(TEXT), set()
    for position in random.Random(3).sample(range(len(raw)), 200):
        changed = bytearray(raw)
        changed[position] ^= 0xFF
        try:
            decoded(bytes(changed), "zstd", len(TEXT))
        except UndecodableError:
            found.add("refused")

    assert "refused" in found


def test_an_encoding_of_the_future_is_refused():
    with pytest.raises(UndecodableError, match="lzma"):
        decoded(b"x", "lzma", 1)


def test_encrypted_bytes_without_a_key_are_refused():
    with pytest.raises(UndecodableError, match="no key"):
        decoded(b"x", "plain+sealed", 1)


@pytest.mark.parametrize("encoding", ["plain", "zstd"])
def test_a_disk_that_fails_is_told_from_bytes_that_are_wrong(encoding):
    class Failing(io.BytesIO):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

    with pytest.raises(UnreadableError):
        list(plain_chunks(HashingReader(Failing()), encoding, 10))
