"""Wrap the `fit` of every estimator class, also of those defined later, and undo it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

_MARK = "__contexta_original__"


class Patches:
    """Wrap `fit` in the classes that define it.

    Args:
        base: `sklearn.base.BaseEstimator`.
        around: called as `around(estimator, original, args, kwargs)` in place of `fit`.
    """

    def __init__(self, base: type, around: Callable[..., Any]) -> None:
        self._base: Any = base
        self._hook: Any = base.__dict__.get("__init_subclass__")
        self._around = around
        self._lock = threading.Lock()
        self._patched: list[type] = []
        self._active = False

    def install(self) -> None:
        """Wrap what is defined, and have later classes wrapped when they are."""
        with self._lock:
            if self._active:
                return
            self._active = True
            for cls in _family(self._base):
                self._wrap(cls)
            self._watch()

    def remove(self) -> None:
        """Put every `fit` back; idempotent."""
        with self._lock:
            if not self._active:
                return
            self._active = False
            for cls in self._patched:
                current = cls.__dict__.get("fit")
                if hasattr(current, _MARK):  # else somebody patched over it, and keeps ours inert
                    cls.fit = getattr(current, _MARK)  # type: ignore[attr-defined]
            self._patched.clear()
            if self._hook is None:
                del self._base.__init_subclass__
            else:
                self._base.__init_subclass__ = self._hook

    def _wrap(self, cls: type) -> None:
        original = cls.__dict__.get("fit")
        if not callable(original) or hasattr(original, _MARK):
            return
        patches = self

        @functools.wraps(original)
        def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not patches._active:
                return original(self, *args, **kwargs)
            return patches._around(self, original, args, kwargs)

        setattr(fit, _MARK, original)
        cls.fit = fit  # type: ignore[attr-defined]
        self._patched.append(cls)

    def _watch(self) -> None:
        patches, base, own = self, self._base, self._hook

        def __init_subclass__(cls: Any, **kwargs: Any) -> None:  # noqa: N807 - the hook's name
            if own is None:
                super(base, cls).__init_subclass__(**kwargs)
            else:
                own.__get__(None, cls)(**kwargs)
            with patches._lock:
                if patches._active:
                    patches._wrap(cls)

        hook: Any = __init_subclass__
        base.__init_subclass__ = classmethod(hook)


def _family(cls: type) -> Iterator[type]:
    """Yield a class and all that derive from it, each once."""
    seen: set[type] = set()
    waiting = [cls]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            yield one
            waiting.extend(type.__subclasses__(one))
