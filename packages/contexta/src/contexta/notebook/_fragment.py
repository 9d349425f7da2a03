"""A card for a notebook."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class NotebookFragment:
    """HTML for a notebook, and the same in plain words.

    A fragment that a `show_…` method displayed is not shown again when it is also the value of
    that cell. In a later cell it shows as usual.

    Attributes:
        html: one `<article>` with its own style and charts; all text of others is escaped.
        text: a line, or Markdown for a report.
        title: the name of what is shown.
        metadata: JSON-safe facts: `kind`, `run_ids`, `metric_key`, `completeness`, where known.
    """

    html: str
    text: str
    title: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    _shown_in: int | None = field(default=None, repr=False, compare=False, kw_only=True)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html

    def _ipython_display_(self) -> None:
        if self._shown_in is None or self._shown_in != cell_number():
            # IPython goes on with the other forms then.
            raise NotImplementedError

    def displayed(self) -> NotebookFragment:
        """Display it, and return it as what was shown; without IPython nothing happens."""
        try:
            shell: Any = import_module("IPython.display")
        except ImportError:
            return self
        shell.display(shell.HTML(self.html))
        return replace(self, _shown_in=cell_number())


def cell_number() -> int | None:
    """Return the number of the cell that runs; `None` outside of IPython."""
    find = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = None if find is None else find()
    return getattr(shell, "execution_count", None)
