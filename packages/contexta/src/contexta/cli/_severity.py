"""How grave findings are, and whether they fail a call."""

from collections.abc import Iterable

SEVERITIES = ("info", "warning", "error")


def at_least(found: Iterable[str], limit: str | None) -> bool:
    """Whether one of the findings is as grave as ``limit``, or graver; no limit: never."""
    if limit is None:
        return False
    # What is not in the list, such as critical, is graver than all that is.
    graver = SEVERITIES[: SEVERITIES.index(limit)]
    return any(severity not in graver for severity in found)
