"""A limit on the bytes of all bodies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from contexta.contract.errors import ArtifactError, ValidationError
from contexta.store.artifacts._bodies import body_size
from contexta.store.fs import translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout


class Quota:
    """How many bytes the bodies of a store may take.

    Each put counts the bodies on disk, which takes about 3 µs a body. Puts that run at the same
    time do not see each other, so together they may exceed the limit by what they bring.
    """

    def __init__(self, layout: Layout, limit: int | None) -> None:
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
            raise _invalid(limit)
        if limit is not None and limit < 0:
            raise _invalid(limit)
        self._layout = layout
        self._limit = limit

    def require(self, staged: Path, sha256: str) -> None:
        """Refuse a body that does not fit.

        Raises:
            ArtifactError: `artifact_store_quota_exceeded`.
        """
        if self._limit is None or body_size(self._layout.body(sha256)) is not None:
            return
        used, more = used_bytes(self._layout), body_size(staged) or 0
        if used + more > self._limit:
            raise ArtifactError(
                f"{more} more bytes do not fit: {used} of {self._limit} are in use. Remove "
                "artifacts and collect garbage, or open the store with a larger quota.",
                code="artifact_store_quota_exceeded",
                details={"used_bytes": used, "given_bytes": more, "quota_bytes": self._limit},
            )


def used_bytes(layout: Layout) -> int:
    """Return the bytes of all bodies, each counted once."""
    total = 0
    with translated_os_errors("list", layout.objects):
        for folder, _, names in os.walk(layout.objects):
            for name in names:
                total += body_size(layout.objects / folder / name) or 0
    return total


def _invalid(limit: object) -> ValidationError:
    return ValidationError(
        f"quota_bytes must be a whole number from 0 or None, not {limit!r}.",
        code="artifact_store_invalid_number",
        details={"field_name": "quota_bytes"},
    )
