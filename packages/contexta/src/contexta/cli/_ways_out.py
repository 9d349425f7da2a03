"""Errors of services in the words of the command line: its commands, its options, no Python."""

_ENDS = {
    "gate_no_baseline": (
        "give baseline=, a query or run ids",
        "give --baseline RUN or --baseline-where EXPR",
    ),
    "query_run_not_found": ("see list_runs()", "see `contexta runs`"),
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
    "statistics_invalid_alpha": (("alpha is", "--alpha is"),),
}


def in_commands(code: str, message: str) -> str:
    """Return a message that names commands and options instead of calls and parameters."""
    call, command = _ENDS.get(code, ("", ""))
    if call and message.endswith(call):
        return message.removesuffix(call) + command
    for parameter, option in _NAMES.get(code, ()):
        message = message.replace(parameter, option, 1)
    return message
