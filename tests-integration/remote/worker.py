"""Push or pull one backup once told to, in a process that a test kills.

Usage: worker.py push|pull WORKSPACE BACKUPS URL REF
"""

import sys

import s3fs  # noqa: F401 - loaded before the clock runs

from contexta.config import load_config
from contexta.recovery import pull_backup, push_backup

_, verb, workspace, backups, url, ref = sys.argv
patch = {"project_name": "demo", "recovery": {"backup_root": backups}}
config = load_config(workspace=workspace, config=patch)
options = {"default_block_size": 5 << 20}
print("ready", flush=True)
sys.stdin.readline()
if verb == "push":
    push_backup(config, ref, url, storage_options=options)
else:
    pull_backup(config, url, ref, storage_options=options)
print("done", flush=True)
