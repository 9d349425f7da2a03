"""Files sealed with AES-256-GCM, segment by segment.

The construction is STREAM (V. T. Hoang, R. Reyhanitabar, P. Rogaway and D. Vizár, "Online
Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015): the nonce of a
segment holds its number and whether it is the last, so that a segment that was changed, moved,
repeated, left out or added, and a file that was cut or continued, all fail to open. One call
over a whole file would have to keep all of it in memory before it could give the first byte.

Layout: 8 bytes `CTXSEAL` and the version, 32 bytes salt, then the segments. Each is the
ciphertext of 1 MiB, the last one of what is left, and its 16-byte tag. Key and nonce prefix of a
file are derived from the backup key and the salt, so no two files share them. The header is
authenticated with every segment. A plaintext of n bytes has one sealed length, see
`sealed_size`.

Bytes come out of a reader segment by segment, each authentic; that the file ends where it should
is known at its end only. So use nothing before the end was read.
"""

from __future__ import annotations

import io
import secrets
from typing import TYPE_CHECKING, Any, BinaryIO

from contexta.recovery._derive import derive

if TYPE_CHECKING:
    from collections.abc import Callable

    from contexta.recovery.keys import BackupKey

SEGMENT_BYTES = 1 << 20
HEADER_BYTES = 40
_MAGIC = b"CTXSEAL"
_VERSION = 1
_TAG_BYTES = 16
_KEY_BYTES = 32
_PREFIX_BYTES = 7
_SEALED_BYTES = SEGMENT_BYTES + _TAG_BYTES
_MOST_SEGMENTS = 1 << 32


class SealError(ValueError):
    """Sealed bytes that do not open: damaged, cut, edited, or sealed with another key.

    Stays inside the package; the message completes "<file>: ".
    """


def sealed_size(size: int) -> int:
    """Return how many bytes a plaintext of `size` bytes takes when sealed."""
    segments = max(1, -(-size // SEGMENT_BYTES))
    return HEADER_BYTES + size + segments * _TAG_BYTES


class SealWriter:
    """Seals what is written to it. Nothing is complete before `finish` returned.

    Args:
        sink: Receives the sealed bytes in order.
        key: The backup key.
        purpose: What the file is; it opens for the same purpose only.
    """

    def __init__(self, sink: Callable[[bytes], object], key: BackupKey, purpose: str) -> None:
        self._header = _MAGIC + bytes([_VERSION]) + secrets.token_bytes(HEADER_BYTES - 8)
        self._cipher = _Cipher(key, self._header, purpose)
        self._sink = sink
        self._waiting = bytearray()
        self._sink(self._header)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take plaintext in pieces of any size; at most a segment and the piece are held."""
        self._waiting += data
        # A full segment waits for the byte after it: only then it is known not to be the last.
        start = 0
        while len(self._waiting) - start > SEGMENT_BYTES:
            piece = bytes(self._waiting[start : start + SEGMENT_BYTES])
            self._sink(self._cipher.seal(piece, is_last=False))
            start += SEGMENT_BYTES
        del self._waiting[:start]

    def finish(self) -> None:
        """Write the last segment; call once."""
        self._sink(self._cipher.seal(bytes(self._waiting), is_last=True))
        self._waiting.clear()


class SealReader(io.RawIOBase):
    """Opens a sealed file, holding two segments at most.

    Args:
        source: The sealed bytes, read from where it stands; owned, closed with this reader.
        key: The backup key.
        purpose: As it was sealed.

    Raises:
        SealError: Here for a header that is not ours or of a newer version, later by `read`
            for everything else.
    """

    def __init__(self, source: BinaryIO, key: BackupKey, purpose: str) -> None:
        super().__init__()
        self._source = source
        header = self._exactly(HEADER_BYTES)
        if len(header) < HEADER_BYTES or not header.startswith(_MAGIC):
            raise SealError("it is not a sealed file")
        if header[7] != _VERSION:
            raise SealError(f"it is sealed in version {header[7]}; this release reads {_VERSION}")
        self._cipher = _Cipher(key, header, purpose)
        self._ahead = self._exactly(_SEALED_BYTES)
        self._plain = memoryview(b"")
        self._is_done = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with verified plaintext; 0 at the verified end.

        Raises:
            SealError: When the next segment does not open.
        """
        target = memoryview(buffer).cast("B")
        while not self._plain:
            if self._is_done:
                return 0
            self._plain = memoryview(self._open_next())
        count = min(len(target), len(self._plain))
        target[:count] = self._plain[:count]
        self._plain = self._plain[count:]
        return count

    def close(self) -> None:
        """Close the source too."""
        if not self.closed:
            self._source.close()
        super().close()

    def _open_next(self) -> bytes:
        segment = self._ahead
        is_full = len(segment) == _SEALED_BYTES
        self._ahead = self._exactly(_SEALED_BYTES) if is_full else b""
        is_last = not self._ahead
        number = self._cipher.number
        plain = self._cipher.open(segment, is_last=is_last)
        if is_last and number > 0 and not plain:
            # Sealed with the right key, yet not as written here: one plaintext has one length.
            raise SealError("its last segment is empty")
        self._is_done = is_last
        return plain

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count and (piece := self._source.read(count - len(data))):
            data += piece
        return bytes(data)


class _Cipher:
    """Seals or opens the segments of one file in order."""

    def __init__(self, key: BackupKey, header: bytes, purpose: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        derived = derive(key, f"file: {purpose}", _KEY_BYTES + _PREFIX_BYTES, salt=header[8:])
        self._aead = AESGCM(derived[:_KEY_BYTES])
        self._prefix = derived[_KEY_BYTES:]
        self._header = header
        self.number = 0

    def seal(self, plain: bytes, *, is_last: bool) -> bytes:
        return self._aead.encrypt(self._nonce(is_last=is_last), plain, self._header)

    def open(self, sealed: bytes, *, is_last: bool) -> bytes:
        from cryptography.exceptions import InvalidTag

        number = self.number
        try:
            return self._aead.decrypt(self._nonce(is_last=is_last), sealed, self._header)
        except InvalidTag as error:
            raise SealError(
                f"segment {number} does not open: the bytes were changed, or the file was cut or "
                "continued"
            ) from error

    def _nonce(self, *, is_last: bool) -> bytes:
        if self.number >= _MOST_SEGMENTS:
            raise SealError(f"it is longer than {_MOST_SEGMENTS} segments")
        number = self.number.to_bytes(4, "big")
        self.number += 1
        return self._prefix + number + (b"\1" if is_last else b"\0")
