"""``contexta report``: documents about runs, one file per command."""
