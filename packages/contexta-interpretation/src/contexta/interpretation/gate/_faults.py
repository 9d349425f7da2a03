"""Faults of a rule, collected so that all are reported at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from contexta.contract.errors import ValidationError
from contexta.interpretation._nearest import nearest


class Faults:
    """Collects (code, message) pairs while a rule is checked."""

    def __init__(self, rule_type: str) -> None:
        """Speak of a rule of ``rule_type``."""
        self._rule_type = rule_type
        self.found: list[tuple[str, str]] = []

    def add(self, code: str, message: str) -> None:
        """Note a fault."""
        self.found.append((code, f"{self._rule_type}: {message}"))

    def text(self, value: object, name: str, *, optional: bool = False) -> None:
        """Want a text that is not blank."""
        if value is None and optional:
            return
        if not isinstance(value, str) or not value.strip():
            self.add("gate_invalid_rule", f"{name} is {value!r}; it must be text that is not blank")

    def texts(self, value: object, name: str) -> tuple[str, ...]:
        """Want at least one text; one text alone stands for a list of one."""
        items = (value,) if isinstance(value, str) else value
        if isinstance(items, Iterable):
            found = tuple(items)
            if found and all(isinstance(item, str) and item.strip() for item in found):
                return found
        self.add("gate_invalid_rule", f"{name} is {value!r}; give at least one name")
        return ()

    def number(
        self, value: object, name: str, *, least: float = -math.inf, optional: bool = False
    ) -> None:
        """Want a finite number of at least ``least``."""
        if value is None and optional:
            return
        if not _is_finite(value):
            self.add("gate_invalid_rule", f"{name} is {value!r}; it must be a finite number")
        elif isinstance(value, (int, float)) and value < least:
            self.add("gate_invalid_rule", f"{name} is {value!r}; it must be at least {least:g}")

    def count(self, value: object, name: str, *, least: int = 0, optional: bool = True) -> None:
        """Want a whole number of at least ``least``."""
        if value is None and optional:
            return
        if type(value) is not int or value < least:
            self.add(
                "gate_invalid_rule",
                f"{name} is {value!r}; it must be a whole number of at least {least}",
            )

    def choice(
        self, value: object, name: str, allowed: Sequence[str], code: str = "gate_invalid_rule"
    ) -> None:
        """Want one of ``allowed``."""
        if value not in allowed:
            self.add(code, unknown(name, value, allowed))

    def check(self) -> None:
        """Raise what was found.

        Raises:
            ValidationError: with the code of the fault, or ``gate_invalid_rules`` for several.
        """
        refuse(self.found)


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int that no double holds
        return False


def refuse(found: Sequence[tuple[str, str]]) -> None:
    """Raise one error for all faults; nothing when there are none."""
    if not found:
        return
    codes = {code for code, _ in found}
    raise ValidationError(
        "; ".join(message for _, message in found),
        code=codes.pop() if len(codes) == 1 else "gate_invalid_rules",
        details={"problems": [{"code": code, "message": message} for code, message in found]},
    )


def unknown(name: str, value: object, allowed: Iterable[str]) -> str:
    """Say that a value is not among those allowed, and which comes near."""
    names = tuple(allowed)
    close = nearest(str(value), names)
    near = f" (nearest: {', '.join(close)})" if close else ""
    return f"{name} {value!r} is unknown{near}; use one of {', '.join(names)}"
