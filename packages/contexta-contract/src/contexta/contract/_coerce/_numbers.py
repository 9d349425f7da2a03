"""Numbers from Python, numpy, torch and jax as plain int and float."""

from __future__ import annotations

import math
from typing import Any, Final

from contexta.contract.errors._contract import ValidationError
from contexta.contract.errors._jsonsafe import short_repr

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
NONFINITE_TEXT: Final = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
}
_METRIC_CODE = "record_invalid_metric_value"


def coerce_metric_value(value: Any) -> int | float:
    """Return a metric value as a plain ``int`` or ``float``.

    Accepts int, float (also NaN and infinities), numpy, torch and jax scalars and 0-d arrays,
    Decimal and Fraction, and the three texts ``NaN``, ``Infinity``, ``-Infinity`` that stand
    for non-finite values in JSON.

    Raises:
        ValidationError: ``record_invalid_metric_value`` for a bool, text, an array with more
            than one element, or an int outside 64 bits.
    """
    kind = value.__class__
    if kind is float:
        # One NaN object for all: containers then compare equal to themselves.
        return math.nan if value != value else value
    if kind is not int:
        value = _plain_number(value, _METRIC_CODE)
    if value.__class__ is int and not INT64_MIN <= value <= INT64_MAX:
        raise _invalid(value, "does not fit 64 bits; pass float(value) to keep its size")
    return value  # type: ignore[no-any-return]  # a number by now; a cast would cost a call


def coerce_index(value: Any) -> int:
    """Return an integral value (int, numpy integer, 0-d integer array) as a plain int.

    Raises:
        ValidationError: ``record_invalid_step`` when it is no integer or exceeds 64 bits.
    """
    code = "record_invalid_step"
    number = value if value.__class__ is int else _plain_number(value, code)
    if number.__class__ is float:
        if not number.is_integer():
            raise _invalid(value, "is not a whole number; pass an int", code)
        number = int(number)
    if not INT64_MIN <= number <= INT64_MAX:
        raise _invalid(value, "does not fit 64 bits; pass a smaller number", code)
    return int(number)


def coerce_finite(value: Any) -> float:
    """Return a finite number as a float.

    Raises:
        ValidationError: ``record_invalid_epoch`` when it is no finite number.
    """
    code = "record_invalid_epoch"
    number = value if value.__class__ is float else _plain_number(value, code)
    try:
        number = float(number)
    except OverflowError as exc:
        raise _invalid(value, "is too large for a float", code) from exc
    if not math.isfinite(number):
        raise _invalid(value, "is not finite; leave it out when unknown", code)
    return float(number)


def _plain_number(value: Any, code: str) -> int | float:
    if isinstance(value, str):
        if (number := NONFINITE_TEXT.get(value)) is not None:
            return number
        raise _invalid(value, "is text; convert it with float(...)", code)
    if isinstance(value, bool) or type(value).__name__ in {"bool_", "bool"}:
        raise _invalid(value, "is a bool; pass int(value) if 0 and 1 are meant", code)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        number = float(value)
        return math.nan if number != number else number
    if isinstance(value, complex | bytes | bytearray) or value is None:
        raise _invalid(value, f"is {type(value).__name__}, not a number", code)
    return _foreign_number(value, code)


def _foreign_number(value: Any, code: str) -> int | float:
    try:
        plain = _exported(value)
    except Exception as exc:  # foreign arrays raise types of their own
        raise _invalid(value, f"gives no single number ({exc})", code, exc) from exc
    if plain.__class__ is not int and plain.__class__ is not float:
        held = type(value if plain is None else plain).__name__
        raise _invalid(value, f"is or holds {held}, not a number", code)
    return _plain_number(plain, code)


def _exported(value: Any) -> Any:
    item = getattr(value, "item", None)
    if callable(item) and not isinstance(value, type):
        plain = item()
        if isinstance(plain, bool | str | bytes | complex | int | float):
            return plain
    if hasattr(type(value), "__index__"):
        return int(value)
    if hasattr(type(value), "__float__"):
        return float(value)
    return None


def _invalid(
    value: object, reason: str, code: str = _METRIC_CODE, cause: Exception | None = None
) -> ValidationError:
    shown = hex(value) if isinstance(value, int) and value.bit_length() > 1024 else value
    return ValidationError(
        f"value {short_repr(shown)} {reason}; numbers are int, float, or one-element arrays",
        code=code,
        details={"value": short_repr(shown) if not isinstance(value, str) else value},
        cause=cause,
    )
