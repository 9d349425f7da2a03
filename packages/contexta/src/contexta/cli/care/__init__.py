"""Commands that keep a workspace healthy: check, repair, compact, retain, erase, merge, doctor."""
