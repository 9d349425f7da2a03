"""Keys derived from the one in the key file, each for one purpose (HKDF-SHA256, RFC 5869).

`cryptography` is loaded here and in `_seal`, at first use: backups without encryption neither
need nor import it.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from contexta.recovery._errors import BackupError

if TYPE_CHECKING:
    from contexta.contract.errors import RecoveryError
    from contexta.recovery.keys import BackupKey

_SCHEME = "contexta backup 1"


def derive(key: BackupKey, purpose: str, length: int, salt: bytes | None = None) -> bytes:
    """Return `length` bytes that depend on the key, the purpose and the salt.

    Raises:
        BackupError: `recovery_encryption_unavailable` when `cryptography` is not installed.
    """
    require_cryptography(BackupError)
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"{_SCHEME} {purpose}".encode("ascii")
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(key.secret)


def require_cryptography(error_type: type[RecoveryError]) -> None:
    """Refuse to go on without the library that encryption needs.

    Raises:
        RecoveryError: Of the given class, `recovery_encryption_unavailable`.
    """
    if find_spec("cryptography") is None:
        raise error_type(
            "Encrypted backups need the package 'cryptography', which is not installed. "
            "Run: pip install 'contexta-recovery[encryption]'.",
            code="recovery_encryption_unavailable",
            details={"package": "cryptography"},
        )
