"""The revisions of the tables, oldest first. A published revision never changes."""
