"""``contexta artifact``: files and folders of runs: in, out, and whether they are right."""
