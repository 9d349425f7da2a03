"""``contexta recover``: when something went wrong: replay, dead letters, salvage, rehearsal."""
