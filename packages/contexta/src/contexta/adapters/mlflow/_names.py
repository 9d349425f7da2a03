"""Names that MLflow takes, made from Contexta's without collisions."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from contexta.contract.models.records import MetricRecord

MAX_KEY = 250
MAX_TAG = 5_000
MAX_PARAM = 6_000
_FOREIGN = re.compile(r"[^\w\-. :/]", re.ASCII)


def metric_name(record: MetricRecord, *, stage: bool) -> str:
    """Return `<stage>/<key>`, and `/<tag>:<value>` for each tag, in MLflow's alphabet.

    A key that begins with its stage already keeps its name: `train/loss` of the stage
    `train` is not doubled.
    """
    key = record.payload.metric_key
    parts = [key]
    if stage and record.envelope.stage_execution_ref is not None:
        name = str(record.envelope.stage_execution_ref).rpartition(".")[2]
        if not key.startswith(f"{name}/"):
            parts.insert(0, name)
    if stage:
        parts += [f"{tag}:{value}" for tag, value in sorted(record.payload.tags.items())]
    return allowed("/".join(parts))


def allowed(name: str) -> str:
    """Return `name` with foreign characters replaced, and 8 digits of its hash if any were."""
    # MLflow also refuses what a file path would fold: //, a leading or trailing /, and dots.
    parts = [part if part.strip(".") else part.replace(".", "_") for part in name.split("/")]
    clean = "/".join(part for part in (_FOREIGN.sub("_", part) for part in parts) if part)
    if clean == name and len(name) <= MAX_KEY:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{clean[: MAX_KEY - 9]}-{digest}"


def as_text(value: Any, most: int) -> str:
    """Return a value as text of at most `most` characters."""
    text = value if isinstance(value, str) else str(value)
    return text[:most]
