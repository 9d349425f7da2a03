"""Field rules that pydantic checks natively, with our codes and messages."""

from __future__ import annotations

from typing import Any

from pydantic_core import core_schema as cs


def ruled(schema: Any, code: str, rule: str, hint: str, allowed: tuple[str, ...] = ()) -> Any:
    """Wrap a native schema so that its failures carry ``code`` and speak our language.

    Args:
        schema: Any pydantic-core schema.
        code: Stable code of the failure.
        rule: What the value must be, to follow "must be".
        hint: What to do about it.
        allowed: The closed set of values, if there is one.
    """
    context: dict[str, str | int | float] = {"rule": rule, "hint": hint}
    if allowed:
        context["allowed"] = "|".join(allowed)
    return cs.custom_error_schema(
        schema,
        custom_error_type=code,
        custom_error_message="must be {rule}",
        custom_error_context=context,
    )
