"""Keep forks away from moments in which a thread of ours is in the middle of something.

The metadata store holds its gate while a thread is inside the database. The same gate also
guards imports and locks around such calls: two gates would wait for each other.
"""

from __future__ import annotations

from contexta.store.metadata.fork_gate import gate

__all__ = ["gate"]
