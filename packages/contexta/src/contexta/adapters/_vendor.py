"""Say that a library is missing, in the same words everywhere."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from contexta.contract.errors import DependencyError


def base_class(*places: str) -> tuple[Any, ImportError | None]:
    """Return the first of these classes that can be imported, else `object` and the reason.

    Args:
        places: `module:Class`, the preferred one first.
    """
    cause: ImportError | None = None
    for place in places:
        module, _, name = place.partition(":")
        try:
            return getattr(import_module(module), name), None
        except ImportError as error:
            cause = cause or error
    return object, cause


def missing(
    what: str, library: str, extra: str, code: str, cause: BaseException
) -> DependencyError:
    """Return the error of an adapter whose library cannot be imported.

    Args:
        what: the class or function that was called.
        library: what has to be importable.
        extra: the extra of this distribution that installs it.
        code: stable code of the error.
        cause: why the import failed.
    """
    return DependencyError(
        f"{what} needs {library}, which cannot be imported ({cause}): "
        f"pip install contexta[{extra}]",
        code=code,
        details={"package": library, "extra": extra},
        cause=cause,
    )
