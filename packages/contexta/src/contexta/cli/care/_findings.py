"""What a doctor can find, and the command that helps."""

from collections.abc import Iterable
from typing import Any, NamedTuple

SEVERITIES = ("info", "warning", "error")


class Finding(NamedTuple):
    """One thing that an operator should know.

    Attributes:
        code: stable name of the kind of finding.
        severity: info, warning or error.
        summary: what is so.
        advice: what to do about it; empty when nothing is to be done.
        command: the command line that does or begins it, if there is one.
    """

    code: str
    severity: str
    summary: str
    advice: str = ""
    command: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON data."""
        return self._asdict()


def worst(findings: Iterable[Finding]) -> str | None:
    """Return the highest severity, or None when there is no finding."""
    found = [SEVERITIES.index(one.severity) for one in findings]
    return SEVERITIES[max(found)] if found else None
