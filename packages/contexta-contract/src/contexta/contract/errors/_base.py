"""The root of the exception tree."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Self

from contexta.contract.errors._jsonsafe import json_safe

# The errnos after which the same call can work a moment later, unchanged.
_TRANSIENT_ERRNOS = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.EINTR,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.ETIMEDOUT,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.ESTALE,
    }
)
_MAX_CAUSES = 8


class ContextaError(Exception):
    """Base of every error that Contexta raises.

    Args:
        message: What happened, which value, which rule, and the way out.
        code: Stable identifier that scripts may compare; messages may change, codes do not.
        details: Facts for programs. Stored as plain JSON data, keys sorted, read-only;
            ``None`` when absent or empty.
        retryable: Whether the same call may work later, unchanged. When left out it is
            derived from ``cause``: true for lock contention, full disks and timeouts.
        cause: The exception behind this one, if any; also set as ``__cause__``.

    Errors can be pickled, copied and sent between processes. A cause that is not one of
    ours travels as a plain ``RuntimeError`` with the original type name in its text.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "contexta_error"

    message: str
    code: str
    details: Mapping[str, Any] | None
    retryable: bool
    cause: BaseException | None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        retryable: bool | None = None,
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = self.default_code if code is None else code
        self.details = MappingProxyType(json_safe(details)) if details else None
        self.retryable = is_transient(cause) if retryable is None else retryable
        self.cause = cause
        if cause is not None:
            self.__cause__ = cause

    def __str__(self) -> str:
        if self.code == self.default_code:
            return self.message
        return f"{self.message} [{self.code}]"

    def to_dict(self) -> dict[str, Any]:
        """Return the error as JSON data.

        Keys in order: ``code``, ``message``, ``details`` (dict or None), ``retryable``, and,
        only when something caused this error, ``causes``: a list of ``{"type", "message"}``
        (``code`` too for our own), the nearest first.
        """
        shown: dict[str, Any] = {
            "code": self.code,
            "message": json_safe(self.message),
            "details": dict(self.details) if self.details else None,
            "retryable": self.retryable,
        }
        causes = [_describe(cause) for cause in _chain(self)]
        if causes:
            shown["causes"] = causes
        return shown

    def __reduce__(self) -> tuple[Any, ...]:
        state = dict(self.__dict__)
        state["details"] = dict(self.details) if self.details else None
        state["cause"] = _portable(self.cause)
        return _rebuild, (type(self), self.message), state

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        state = dict(state or {})
        details = state.pop("details", None)
        self.__dict__.update(state)
        self.details = MappingProxyType(details) if details else None
        self.__cause__ = self.cause

    def __copy__(self) -> Self:
        build, args, state = self.__reduce__()
        twin: Self = build(*args)
        twin.__setstate__({**state, "cause": self.cause})
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()


def is_transient(exc: BaseException | None) -> bool:
    """Tell whether the failure behind ``exc`` may pass by itself.

    True for timeouts, lock contention and the errnos of a busy or full device, and for one
    of our errors that says so itself.
    """
    if exc is None:
        return False
    if isinstance(exc, ContextaError):
        return exc.retryable
    if isinstance(exc, TimeoutError | BlockingIOError | InterruptedError):
        return True
    if isinstance(exc, OSError):
        return exc.errno in _TRANSIENT_ERRNOS
    # sqlite3 cannot be imported here for one name; its busy error names itself.
    text = _text_of(exc)
    return "database is locked" in text or "database table is locked" in text


def _rebuild(cls: type[ContextaError], message: str) -> ContextaError:
    # Subclasses may ask for more arguments; what they keep comes back with the state.
    error = cls.__new__(cls)
    ContextaError.__init__(error, message)
    return error


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current = error.__cause__
    while current is not None and current not in chain and len(chain) < _MAX_CAUSES:
        chain.append(current)
        current = current.__cause__
    return chain


def _describe(cause: BaseException) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": type(cause).__name__}
    if isinstance(cause, ContextaError):
        shown["code"] = cause.code
        shown["message"] = json_safe(cause.message)
    else:
        shown["message"] = _text_of(cause)
    return shown


def _portable(cause: BaseException | None) -> BaseException | None:
    if cause is None or isinstance(cause, ContextaError):
        return cause
    return RuntimeError(f"{type(cause).__name__}: {_text_of(cause)}")


def _text_of(cause: BaseException) -> str:
    try:
        text: str = json_safe(str(cause))
    except Exception:  # a foreign __str__ may raise anything
        return f"<{type(cause).__name__}>"
    return text
