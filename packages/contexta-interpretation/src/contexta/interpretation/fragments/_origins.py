"""Where things come from: lineage, environments, audits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from contexta.interpretation.fragments._parts import from_report
from contexta.interpretation.fragments._trends import noted
from contexta.interpretation.lineage.models import LineageEdge, LineageTraversal
from contexta.interpretation.provenance.models import (
    EnvironmentDiff,
    EnvironmentValueChange,
    ReproducibilityAudit,
)
from contexta.interpretation.reports._fragment import FragmentView
from contexta.interpretation.reports._parts import field_table
from contexta.interpretation.reports.models import ReportSection, ReportTable
from contexta.interpretation.wording import in_reports as fmt
from contexta.interpretation.wording import short_id

_CHANGES = ("added", "removed", "changed")
_INDENT = "\u2003"  # an em space, which HTML keeps


def lineage_view(found: LineageTraversal) -> FragmentView:
    """What is linked to the root, as a tree of those nearest first."""
    rows = tuple(_tree(found))
    table = ReportTable(("Linked to the root", "Relation", "Depth", "Recorded"), rows, numeric=(2,))
    section = ReportSection("Tree", "Nothing is linked to it.", tables=(table,) if rows else ())
    pairs = (("Links", str(len(found.edges))), ("Things", str(len(found.visited_refs))))
    document = noted("", (section,), pairs, found.completeness_notes, None)
    facts = (("Root", found.root_ref),)
    return from_report("Lineage", short_id(found.root_ref), document, facts=facts, shown=("Tree",))


def _tree(found: LineageTraversal) -> Iterator[tuple[str, ...]]:
    """Edges below what they were reached from, each once; loops end where they began."""
    order = {ref: index for index, ref in enumerate(found.visited_refs)}
    below: dict[str, list[tuple[str, LineageEdge]]] = defaultdict(list)
    for edge in sorted(found.edges, key=lambda item: (item.depth, item.relation_ref)):
        near, far = sorted(
            (edge.source_ref, edge.target_ref), key=lambda ref: order.get(ref, len(order))
        )
        below[near].append((far, edge))
    # What hangs on a thing that nothing written before leads to comes last, unindented.
    waiting = [iter(below.pop(ref, ())) for ref in [found.root_ref]]
    rest = [ref for ref in below if ref != found.root_ref]
    while waiting or below:
        if not waiting:
            waiting.append(iter(below.pop(next(ref for ref in rest if ref in below))))
        step = next(waiting[-1], None)
        if step is None:
            waiting.pop()
            continue
        far, edge = step
        yield _row(far, edge, len(waiting) - 1)
        waiting.append(iter(below.pop(far, ())))


def _row(other: str, edge: LineageEdge, level: int) -> tuple[str, ...]:
    forward = other == edge.target_ref
    word = edge.relation_type.replace("_", " ")
    return (
        _INDENT * level + other,
        f"{word} →" if forward else f"← {word}",
        str(edge.depth),
        fmt.moment(edge.recorded_at),
    )


def environment_view(found: EnvironmentDiff) -> FragmentView:
    """Packages and variables that two environments do not share."""
    sections = []
    pairs = [("Python", _same(found.python_version_changed)),
             ("Platform", _same(found.platform_changed))]  # fmt: skip
    for name in ("packages", "variables"):
        groups = [(word, getattr(found, f"{word}_{name}")) for word in _CHANGES]
        rows = tuple(_difference(item, word) for word, items in groups for item in items)
        pairs.append((f"{name.capitalize()} that differ", str(len(rows))))
        tables = (ReportTable(("Name", "Left", "Right", "Change"), rows),) if rows else ()
        sections.append(ReportSection(name.capitalize(), f"No {name} differ.", tables=tables))
    document = noted("", sections, pairs, found.completeness_notes, None)
    return from_report(
        "Environments",
        f"{short_id(found.left_run_id)} and {short_id(found.right_run_id)}",
        document,
        facts=(("Left", found.left_run_id), ("Right", found.right_run_id)),
        shown=[part.title for part in sections if part.tables],
    )


def _same(changed: bool) -> str:
    return "differs" if changed else "same"


def _difference(item: EnvironmentValueChange, word: str) -> tuple[str, ...]:
    return (item.key, fmt.plain(item.left_value), fmt.plain(item.right_value), word)


def audit_view(found: ReproducibilityAudit) -> FragmentView:
    """What is known of how to run it again."""
    checks = tuple(
        (name.replace("_", " "), "known" if known else "not known")
        for name, known in found.checks.items()
    )
    fields = [
        ("Python", fmt.plain(found.python_version)),
        ("Platform", fmt.plain(found.platform)),
        ("Packages", str(found.package_count)),
        ("Environment", fmt.plain(found.environment_ref)),
    ]
    sections = (
        ReportSection("Checks", "No checks.", tables=(field_table(checks),) if checks else ()),
        ReportSection("Environment", "", tables=(field_table(fields),)),
    )
    pairs = (("Reproducible", found.reproducibility_status),)
    document = noted("", sections, pairs, found.completeness_notes, None)
    return from_report(
        "Reproducibility",
        short_id(found.run_id),
        document,
        facts=(("Run ID", found.run_id),),
        shown=("Checks",),
    )
