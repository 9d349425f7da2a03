"""The configuration that a run is opened with, as it is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from contexta.common.results import read_only


class ConfigSnapshot:
    """Settings of a run, redacted; runs that are opened with the same share one object.

    Args:
        content: JSON data; empty when no snapshot is wanted.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = read_only(content)
        self.stored = False
        """Whether this process has brought the body to the artifact plane."""

    @cached_property
    def body(self) -> bytes:
        """The JSON text of the artifact."""
        text = json.dumps(
            dict(self.content), ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True
        )
        return text.encode("utf-8", "backslashreplace")

    @cached_property
    def sha256(self) -> str:
        """Hash of the body, in lower-case hex digits."""
        import hashlib

        return hashlib.sha256(self.body).hexdigest()
