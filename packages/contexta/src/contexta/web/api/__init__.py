"""The JSON routes: functions of ``(ctx, params)`` that return plain data or results."""

__all__: list[str] = []
