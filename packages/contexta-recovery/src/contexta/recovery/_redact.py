"""The configuration as it may be written into a backup: without secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contexta.recovery._redact_text import REDACTED, redacted_text

if TYPE_CHECKING:
    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._layout import Layout

_SECRET_KEY = re.compile(
    r"token|secret|passw|passphrase|credential|private|api_?key|access_?key|_key$|^key$|dsn|auth",
    re.IGNORECASE,
)


def redacted(value: Any) -> Any:
    """Return JSON data without the values of keys, and parts of texts, that look like secrets."""
    if isinstance(value, Mapping):
        return {
            str(key): REDACTED if _SECRET_KEY.search(str(key)) else redacted(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    if isinstance(value, str):
        return redacted_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted(str(value))


def resolved_config(config: RecoveryConfig, layout: Layout) -> dict[str, Any]:
    """Return the whole configuration when it can dump itself, else the paths in use."""
    dump = getattr(config, "model_dump", None)
    if callable(dump):
        whole = redacted(dump(mode="json"))
        if isinstance(whole, dict):
            return whole
    return {
        "profile_name": profile_name(config),
        "workspace": {"root_path": str(layout.root)},
        "metadata": {"database_path": str(layout.database)},
        "records": {"root_path": str(layout.records)},
        "artifacts": {"root_path": str(layout.artifacts)},
    }


def profile_name(config: RecoveryConfig) -> str:
    """Return the profile of a configuration; `local` when it names none."""
    return str(getattr(config, "profile_name", None) or "local")
