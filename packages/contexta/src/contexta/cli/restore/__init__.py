"""``contexta restore``: bring a backup back, after a look at what that would change."""
