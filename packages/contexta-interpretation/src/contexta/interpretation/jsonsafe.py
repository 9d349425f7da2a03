"""Values as plain data that every JSON reader takes.

What is not finite has no form in JSON: it becomes ``None``, and a marker beside it names it.
Results do the same in ``to_dict()``; these are for rows and mappings that are no results.
"""

from contexta.interpretation._base import jsonable, nonfinite_marker

__all__ = ["jsonable", "nonfinite_marker"]
