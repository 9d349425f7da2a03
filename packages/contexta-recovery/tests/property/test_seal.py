"""Property: a changed, moved, cut or continued file never opens."""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.recovery._seal import SEGMENT_BYTES, SealError, SealReader, SealWriter, sealed_size
from contexta.recovery.keys import BackupKey

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

KEY = BackupKey(bytes(range(32)))
BIG = b"0123456789abcdef" * (SEGMENT_BYTES // 16) + b"tail"


def seal(plain, pieces=()):
    out = bytearray()
    writer = SealWriter(out.extend, KEY, "test")
    start = 0
    for end in (*sorted(pieces), len(plain)):
        writer.write(plain[start:end])
        start = max(start, end)
    writer.finish()
    return bytes(out)


def unseal(sealed):
    return SealReader(io.BytesIO(sealed), KEY, "test").read()


BIG_SEALED = seal(BIG)


@UNHURRIED
@given(plain=st.binary(max_size=5000), pieces=st.lists(st.integers(0, 5000), max_size=5))
def test_what_was_sealed_in_any_pieces_is_read_back(plain, pieces):
    sealed = seal(plain, [end for end in pieces if end <= len(plain)])

    assert len(sealed) == sealed_size(len(plain))
    assert unseal(sealed) == plain


@UNHURRIED
@given(plain=st.binary(max_size=300), where=st.integers(0), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(plain, where, bit):
    changed = bytearray(seal(plain))
    changed[where % len(changed)] ^= 1 << bit

    with pytest.raises(SealError):
        unseal(bytes(changed))


@UNHURRIED
@given(plain=st.binary(max_size=300), cut=st.integers(1))
def test_any_truncation_is_refused(plain, cut):
    sealed = seal(plain)

    with pytest.raises(SealError):
        unseal(sealed[: -(cut % len(sealed) or len(sealed))])


@UNHURRIED
@given(plain=st.binary(max_size=300), junk=st.binary(min_size=1, max_size=100))
def test_anything_behind_the_end_is_refused(plain, junk):
    with pytest.raises(SealError):
        unseal(seal(plain) + junk)


@settings(UNHURRIED, max_examples=30)
@given(data=st.data())
def test_a_file_of_several_segments_is_guarded_everywhere(data):
    kind = data.draw(st.sampled_from(["flip", "cut", "drop"]))
    where = data.draw(st.integers(0, len(BIG_SEALED) - 1))
    if kind == "flip":
        changed = bytearray(BIG_SEALED)
        changed[where] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        changed = BIG_SEALED[:where]
    else:
        changed = BIG_SEALED[:where] + BIG_SEALED[where + data.draw(st.integers(1, 2000)) :]

    with pytest.raises(SealError):
        unseal(bytes(changed))
