"""Errors of services in the words of the command line: its commands, its options, no Python."""

import re

_MIGRATE = (
    "open it once with auto_migrate=True, or call contexta.store.metadata.migrate_for(config): "
    "both copy it first."
)
_CHECK = (
    "Run check_integrity, or restore a backup.",
    "Run `contexta check`, or restore a backup.",
)
_ENDS = {
    "artifact_store_read_only": (
        "Pass export_root with a folder elsewhere.",
        "Give --output with a folder elsewhere.",
    ),
    "gate_no_baseline": (
        "give baseline=, a query or run ids",
        "give --baseline RUN or --baseline-where EXPR",
    ),
    "metadata_backup_damaged": _CHECK,
    "metadata_store_damaged": _CHECK,
    "metadata_store_schema_version_unsupported": (
        _MIGRATE,
        "run `contexta migrate`, which copies it first.",
    ),
    "query_expression_too_large": (", or name the runs with run_ids", ""),
    "query_run_not_found": ("see list_runs()", "see `contexta runs`"),
    "recovery_dead_letter_unknown": (
        "See list_dead_letters.",
        "See `contexta recover dead-letters list`.",
    ),
    "recovery_invalid_outbox_entry": ("with mode='tolerant'.", "with --mode tolerant."),
    "recovery_target_not_mergeable": ("with merge_workspaces.", "with `contexta merge`."),
}
_NAMES = {
    "query_invalid_run_list_query": (
        ("limit is", "--limit is"),
        ("offset is", "--offset is"),
        (" above 0, or None", " above 0"),
    ),
    "lineage_invalid_max_depth": (("max_depth is", "--depth is"),),
    "changes_invalid_policy": (
        ("min_segment is", "--min-segment is"),
        ("significance is", "--significance is"),
        ("max_runs is", "--max-runs is"),
    ),
    "erase_blocked": (
        ("Apply the repairs of plan_repairs first", "Run `contexta repair apply` first"),
        ("apply the repairs of plan_repairs first", "run `contexta repair apply` first"),
    ),
    "statistics_invalid_alpha": (("alpha is", "--alpha is"),),
}


_NO_NUMBER = re.compile(r"is not a valid (integer|float)(?: range)?(?=\.|$)")
_OUTSIDE = re.compile(r"is not in the range (?:(\S+?)<=)?x(?:([<>])=(\S+?))?(?=\.$|$)")


def in_words(message: str) -> str:
    """Return what the parser of the command line says in one line, without formulas."""
    message = re.sub(r"\s*\n\s*", " ", message)
    message = _NO_NUMBER.sub(
        lambda found: "is no whole number" if found[1] == "integer" else "is no number", message
    )
    return _OUTSIDE.sub(_bounds, message)


def _bounds(found: re.Match[str]) -> str:
    low, sign, bound = found.groups()
    if low is not None:
        return f"is not between {low} and {bound}"
    return f"is {'less' if sign == '>' else 'more'} than {bound}"


def in_commands(code: str, message: str) -> str:
    """Return a message that names commands and options instead of calls and parameters."""
    call, command = _ENDS.get(code, ("", ""))
    if call and message.endswith(call):
        return message.removesuffix(call) + command
    for parameter, option in _NAMES.get(code, ()):
        message = message.replace(parameter, option, 1)
    return message
