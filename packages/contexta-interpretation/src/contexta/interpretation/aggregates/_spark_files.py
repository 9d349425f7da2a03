"""Which files Spark has to have seen.

Spark looks at a folder twice, for the names and then for each file, and drops a file that is
gone by then without a word. A compaction in between makes its answer smaller, so what Spark
lists is held against what was there before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


class ListingOutrunError(Exception):
    """Files were replaced while Spark listed them; internal, the question is asked again."""


def parts_there(uri: str, record_type: str) -> frozenset[str] | None:
    """Return the names of the parts, each folder in one look; ``None`` when it is not seen here."""
    split = urlsplit(uri)
    if split.scheme not in ("", "file") or split.netloc not in ("", "localhost"):
        return None
    path = unquote(split.path) if split.scheme else uri
    folder = Path(path) / record_type
    if not folder.is_dir():
        return None
    return frozenset(
        part.name for part in folder.glob("*/*.parquet") if not part.name.startswith(("_", "."))
    )


def parts_listed(frame: Any) -> frozenset[str]:
    """Return the names of the files that a frame of Spark reads."""
    return frozenset(url.rpartition("/")[2] for url in frame.inputFiles())


def refuse_short_listing(frame: Any, expected: frozenset[str]) -> None:
    """Raise when Spark lists less than was there before it looked.

    Raises:
        ListingOutrunError: ask again.
    """
    lacking = expected - parts_listed(frame)
    if lacking:
        raise ListingOutrunError(
            f"{len(lacking)} of {len(expected)} files were replaced while Spark listed them"
        )
