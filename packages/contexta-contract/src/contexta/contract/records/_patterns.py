"""Token grammars as compiled patterns, for programs that check before they build."""

import re
from typing import Final

from contexta.contract._fields._text import DOT

PRODUCER_REF_PATTERN: Final = re.compile(DOT)
