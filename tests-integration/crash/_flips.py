"""Kinds of files to damage, ways to damage them, and what has to hold afterwards.

A plane adds its kinds by a module with a function that yields `FileKind`s, named in `PLANES`.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

PLANES = ("_flips_records", "_flips_artifacts", "_flips_metadata")


class Verdict(NamedTuple):
    """What a damaged store shows.

    `found`: the integrity check, or opening, says so. `wrong`: values that were never written,
    in any read. `lost_others`: items that do not lie in the damaged file and cannot be read.
    `complete`: everything is readable and nothing is in the way, as if nothing had happened.
    """

    found: bool
    wrong: int
    lost_others: int
    complete: bool


@dataclass
class FileKind:
    """One kind of file: where one is, and how to judge its store after damage.

    `harmless` names the changes that need not be found, with the reason; each of those still has
    to leave the store complete.
    """

    name: str
    path: Path
    judge: Callable[[], Verdict]
    harmless: dict[str, str] = field(default_factory=dict)


@dataclass
class Tally:
    """What came of the changes of one kind of file."""

    name: str
    changes: int = 0
    found: int = 0
    harmless: int = 0
    problems: list[str] = field(default_factory=list)


def kinds(folder: Path) -> Iterator[FileKind]:
    """Build the stores of every plane below a folder and yield their kinds of files."""
    for plane in PLANES:
        yield from import_module(plane).kinds(folder / plane)


def changes_of(raw: bytes, flips: int, rng: random.Random) -> Iterator[tuple[str, bytes | None]]:
    """Yield ways to damage a file: one bit each, then cuts, zeros, garbage, deletion (None)."""
    for _ in range(flips):
        position, bit = rng.randrange(len(raw)), rng.randrange(8)
        bad = bytearray(raw)
        bad[position] ^= 1 << bit
        yield f"flip {position}.{bit}", bytes(bad)
    few = max(2, flips // 15)
    for _ in range(few):
        position = rng.randrange(len(raw))
        yield f"cut {position}", raw[:position]
    for _ in range(few):
        length = min(512, max(1, len(raw) // 4))
        position = rng.randrange(len(raw) - length + 1)
        if any(raw[position : position + length]):
            zeros = bytes(length)
            yield f"zero {position}", raw[:position] + zeros + raw[position + length :]
    for _ in range(few):
        yield "garbage", raw + rng.randbytes(rng.randrange(1, 200))
    yield "delete", None


def damage_each(kind: FileKind, flips: int, rng: random.Random) -> Tally:
    """Damage a file in many ways, one after the other, and judge each."""
    tally = Tally(kind.name)
    raw = kind.path.read_bytes()
    mode = kind.path.stat().st_mode
    for label, bad in changes_of(raw, flips, rng):
        if bad is None:
            kind.path.unlink()
        else:
            kind.path.write_bytes(bad)
        try:
            verdict = kind.judge()
        finally:
            kind.path.write_bytes(raw)
            kind.path.chmod(mode)
        tally.changes += 1
        _count(tally, kind, label, verdict)
    return tally


def _count(tally: Tally, kind: FileKind, label: str, verdict: Verdict) -> None:
    if verdict.wrong:
        tally.problems.append(f"{kind.name} {label}: {verdict.wrong} wrong values")
    if verdict.lost_others:
        tally.problems.append(f"{kind.name} {label}: {verdict.lost_others} others unreadable")
    if verdict.found:
        tally.found += 1
    elif verdict.complete and label.split()[0] in kind.harmless:
        tally.harmless += 1
    else:
        tally.problems.append(f"{kind.name} {label}: not found")


def table_of(tallies: list[Tally]) -> str:
    """Return the result as a table."""
    lines = [f"{'file':<26}{'changes':>8}{'found':>7}{'harmless':>9}{'problems':>9}"]
    for t in tallies:
        lines.append(f"{t.name:<26}{t.changes:>8}{t.found:>7}{t.harmless:>9}{len(t.problems):>9}")
    return "\n".join(lines)
