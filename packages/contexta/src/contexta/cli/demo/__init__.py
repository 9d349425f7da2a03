"""``contexta demo``: a small workspace as a team would have it, to look around in.

Everything is invented from a seed: nothing is trained, measured or downloaded. What the runs did
is in `_vision` and `_forecast`, how curves look in `_curves`; `_write` stores it in the planes as
a capture on the days in question would have.
"""
