"""What a page function returns: the name of a template and what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PageData:
    """One page before it becomes HTML; drawn by ``render(page.template, page)``.

    Attributes:
        template: name below ``web/templates`` without ``.html.jinja``.
        title: text of the window and of the heading; never markup.
        data: what the template shows, by name.
        section: entry of the top bar that is lit, such as ``runs``; empty for none.
        status: status of the answer; error pages have theirs.
    """

    template: str
    title: str
    data: Mapping[str, Any] = field(default_factory=dict)
    section: str = ""
    status: int = 200
