"""Closed sets of words of the record plane; members compare equal to their text."""

from __future__ import annotations

from enum import StrEnum


class DurabilityMode(StrEnum):
    """What an append waits for before it returns.

    `FLUSH` survives the death of the process; `FSYNC` also survives a power cut. Under `FLUSH`
    the disk is synced in the background, at most 50 ms later.
    """

    FLUSH = "flush"
    FSYNC = "fsync"


class LayoutMode(StrEnum):
    """Name of the physical layout. There is one layout; the second name is accepted for it."""

    PARQUET = "parquet"
    JSONL_SEGMENTS = "jsonl_segments"


class DurabilityStatus(StrEnum):
    """How safe an accepted record is."""

    ACCEPTED = "ACCEPTED"
    FLUSHED = "FLUSHED"
    FSYNCED = "FSYNCED"


class IntegrityState(StrEnum):
    """Result of looking for damage."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    CORRUPTED = "CORRUPTED"


class ReplayMode(StrEnum):
    """Whether damage stops a replay or is reported beside the readable records."""

    STRICT = "strict"
    TOLERANT = "tolerant"
