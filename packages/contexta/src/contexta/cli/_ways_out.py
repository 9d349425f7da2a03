"""Ways out of an error in the words of the command line, where a service names a call."""

_COMMANDS = {"query_run_not_found": ("see list_runs()", "see `contexta runs`")}


def in_commands(code: str, message: str) -> str:
    """Return a message that ends with a command instead of a call of Python."""
    call, command = _COMMANDS.get(code, ("", ""))
    return message.removesuffix(call) + command if call and message.endswith(call) else message
