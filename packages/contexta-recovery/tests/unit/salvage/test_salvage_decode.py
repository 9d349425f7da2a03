"""What can be decoded of a damaged stored file keeps its place in the file."""

import io
import random

import pytest

from contexta.recovery._codec import FRAME_BYTES, HashingReader, zipped
from contexta.recovery._salvage_decode import readable_chunks

SIZE = 9_000_000
PAGE = 4096


@pytest.fixture(scope="module")
def plain():
    rng = random.Random(1)
    return b"".join(b"%d line %d\n" % (rng.randrange(1000), i) for i in range(600_000))[:SIZE]


@pytest.fixture(scope="module")
def stored(plain):
    return b"".join(zipped(plain[i : i + FRAME_BYTES]) for i in range(0, SIZE, FRAME_BYTES))


def decoded(data, size=SIZE, encoding="zstd"):
    return b"".join(readable_chunks(HashingReader(io.BytesIO(data)), encoding, size, None))


def same_pages(found, plain):
    return sum(found[i : i + PAGE] == plain[i : i + PAGE] for i in range(0, SIZE, PAGE))


def test_a_whole_file_is_itself(plain, stored):
    assert decoded(stored) == plain
    assert decoded(stored, None) == plain


def test_a_damaged_frame_costs_no_other(plain, stored):
    """Three frames: whichever is hit, the pages of the others lie where they belong."""
    rng = random.Random(2)
    for _ in range(10):
        data = bytearray(stored)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        found = decoded(bytes(data))

        assert len(found) == SIZE
        assert same_pages(found, plain) > (SIZE - FRAME_BYTES) // PAGE - 1


def test_a_cut_file_keeps_its_beginning(plain, stored):
    found = decoded(stored[: len(stored) // 2])

    assert len(found) == SIZE
    assert same_pages(found, plain) > SIZE // PAGE // 3


def test_nothing_is_made_of_nothing():
    assert decoded(b"") == b""
    assert decoded(b"no zstd at all") == b""


def test_plain_bytes_are_bounded_and_not_filled_up():
    assert decoded(b"abcdef", 3, "plain") == b"abc"
    assert decoded(b"ab", 3, "plain") == b"ab"


def test_a_bomb_is_bounded():
    """A small file can claim to hold gigabytes."""
    bomb = zipped(bytes(FRAME_BYTES)) * 50

    assert len(decoded(bomb, 1000)) == 1000


def test_what_is_sealed_needs_the_key():
    assert decoded(b"x" * 100, 100, "plain+sealed") == b""
