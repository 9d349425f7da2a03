"""``contexta watch``: a run while it goes on."""
