"""``contexta backup``: make, list, verify, compare and prune backups, by `contexta.recovery`."""
