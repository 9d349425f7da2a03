"""Keep failures of logging away from trainings."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def quietly(method: F) -> F:
    """Decorate a method of an adapter: a failure is logged and recorded, and gives None.

    The adapter has its `Training` as `_training`. Hours of training must not end because a
    number could not be written down.
    """

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            self._training.failed(method.__name__, error)
            return None

    return cast("F", call)
