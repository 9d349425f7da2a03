"""``contexta export``: answers as files of other tools."""
