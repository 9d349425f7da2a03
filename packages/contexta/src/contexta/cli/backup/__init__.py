"""``contexta backup``: make, verify, send and prune backups, by `contexta.recovery`."""
