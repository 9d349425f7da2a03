"""Closed sets of words of the record plane; members compare equal to their text."""

from __future__ import annotations

from enum import Enum


class DurabilityMode(str, Enum):
    """What an append waits for before it returns.

    `FLUSH` survives the death of the process; `FSYNC` also survives a power cut. Under `FLUSH`
    the disk is synced in the background, at most 50 ms later.
    """

    FLUSH = "flush"
    FSYNC = "fsync"


class LayoutMode(str, Enum):
    """Name of the physical layout. There is one layout; the second name is accepted for it."""

    PARQUET = "parquet"
    JSONL_SEGMENTS = "jsonl_segments"


class DurabilityStatus(str, Enum):
    """How safe an accepted record is."""

    ACCEPTED = "ACCEPTED"
    FLUSHED = "FLUSHED"
    FSYNCED = "FSYNCED"


class IntegrityState(str, Enum):
    """Result of looking for damage."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    CORRUPTED = "CORRUPTED"


class ReplayMode(str, Enum):
    """Whether damage stops a replay or is reported beside the readable records."""

    STRICT = "strict"
    TOLERANT = "tolerant"
