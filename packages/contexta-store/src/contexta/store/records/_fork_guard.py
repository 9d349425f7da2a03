"""No fork while a background thread imports pyarrow or works in it.

A forked child inherits the locks of modules and of Arrow as they are, without the thread that
would release them: measured, 8 of 8 children forked during the import waited forever in their
own first seal, and 1 of 40 of those forked during a seal in their first read. Sealing starts at
moments that no caller knows of, so a fork waits for the segment in work, at most about a second.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress

# pyarrow imports it, and it registers a lock with `os.fork`. Registered while a fork waits here,
# that lock would be released without having been taken. At the end of the interpreter it cannot
# be imported any more, and a record of that moment is taken all the same.
with suppress(RuntimeError):
    import concurrent.futures.thread  # noqa: F401 - see above

NO_FORK = threading.RLock()
"""Held while a segment is sealed; a fork waits for it."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=NO_FORK.acquire,
        after_in_parent=NO_FORK.release,
        after_in_child=NO_FORK.release,
    )
