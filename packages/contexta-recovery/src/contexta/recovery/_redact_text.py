"""Secrets inside the texts of errors, which sinks quote from URLs and headers."""

from __future__ import annotations

import re

REDACTED = "[redacted]"
_URL_USER = re.compile(r"(?<=://)[^/@\s]{1,512}@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)([ \t]{1,4})[A-Za-z0-9._~+/=-]{8,8192}")
_PAIR = re.compile(
    r"(?i)((?:token|secret|passw|pwd|credential|api_?key|access_?key|signature"
    r"|authorization)[A-Za-z0-9_-]{0,16}[\"']?[ \t]{0,2}[=:][ \t]{0,2})"
    r"(\"[^\"]{0,4096}\"|'[^']{0,4096}'|[^\s,;&\"']{1,4096})"
)
_SHAPES = re.compile(
    r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|sk-[A-Za-z0-9_-]{20,255}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,255}|hf_[A-Za-z0-9]{30,255}"
    r"|eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,8192}(?:\.[A-Za-z0-9_-]{0,4096})?)"
)
_LONGEST = 4096


def redacted_text(text: str) -> str:
    """Return the first 4,096 characters of a text without what looks like a secret."""
    text = _URL_USER.sub(f"{REDACTED}@", text[: 2 * _LONGEST])
    text = _BEARER.sub(rf"\1\2{REDACTED}", text)
    text = _SHAPES.sub(REDACTED, text)
    return _PAIR.sub(rf"\1{REDACTED}", text)[:_LONGEST]
