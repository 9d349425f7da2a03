"""A text that is looked for in names: one meaning for the routes and the page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params

PARAMETER = "case_sensitive"


@dataclass(frozen=True, slots=True)
class TextSearch:
    """A text, and whether its case matters."""

    text: str
    case_sensitive: bool

    def where(self, *fields: str) -> str:
        """Return the expression that selects runs with the text in one of these fields."""
        quoted = json.dumps(self.text, ensure_ascii=False)
        operator = "contains" if self.case_sensitive else "~"
        return " or ".join(f"{field} {operator} {quoted}" for field in fields)

    def matches(self, values: Iterable[str | None]) -> bool:
        """Tell whether the text is in one of these values."""
        if self.case_sensitive:
            return any(self.text in (value or "") for value in values)
        low = self.text.casefold()
        return any(low in (value or "").casefold() for value in values)


def text_search(ctx: Contexta, params: Params, text: str) -> TextSearch:
    """Return the search for a text; the setting decides about case where nobody asks."""
    default = ctx.config.interpretation.search.case_sensitive
    return TextSearch(text, params.flag(PARAMETER, default=default))
