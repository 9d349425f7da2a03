"""Errors of the server, and the status that each error of ours is answered with."""

from __future__ import annotations

from typing import Any

from contexta.contract.errors import (
    ConfigurationError,
    ContextaError,
    InterpretationError,
    LifecycleError,
    NotFoundError,
    RenderingError,
    StoreError,
    SurfaceError,
    ValidationError,
)


class HttpError(SurfaceError):
    """A request that is refused; ``status`` is the status of the answer."""

    default_code = "http_bad_request"

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str = "http_bad_request",
        details: dict[str, Any] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.status = status
        self.headers = headers


def not_found(message: str, details: dict[str, Any] | None = None) -> HttpError:
    """Return the error of a path or thing that is not there: 404, ``http_not_found``."""
    return HttpError(message, status=404, code="http_not_found", details=details)


def bad_request(message: str, details: dict[str, Any] | None = None) -> HttpError:
    """Return the error of a request that cannot be meant: 400, ``http_bad_request``."""
    return HttpError(message, details=details)


# The first class that fits decides; what the asker can mend comes before what the disk did.
_STATUS: tuple[tuple[type[BaseException], int], ...] = (
    (NotFoundError, 404),
    (LookupError, 404),
    (ValidationError, 400),
    (ConfigurationError, 400),
    (RenderingError, 400),
    (LifecycleError, 503),
    (StoreError, 503),
    (InterpretationError, 400),
)
_CALL = "see list_runs()"


def status_of(error: BaseException) -> int:
    """Return the status of an answer that says ``error``."""
    if isinstance(error, HttpError):
        return error.status
    if isinstance(error, ContextaError):
        for kind, status in _STATUS:
            if isinstance(error, kind):
                return status
    return 500


def said(error: BaseException) -> tuple[str, str, dict[str, Any] | None]:
    """Return code, message and details that may leave the server.

    Of an error that is not ours nothing leaves: its text may hold paths or data.
    """
    if isinstance(error, ContextaError):
        shown = error.to_dict()
        message = str(shown["message"])
        if message.endswith(_CALL):  # of Python, at the end of what a service says
            message = message.removesuffix(_CALL) + "see /ui/runs, or /runs for data"
        return str(shown["code"]), message, shown["details"]
    return (
        "http_internal_error",
        "the server failed at this request; its log says where",
        None,
    )
