"""Local-first observability for machine-learning systems.

``Contexta`` opens a workspace: log runs into it, ask it questions.
``ContextaError`` is the root of every error that this library raises.

This module runs on every import of any part, so it stays lazy: the names
below load on first use.
"""

from pkgutil import extend_path
from typing import TYPE_CHECKING, Any

__path__ = extend_path(__path__, __name__)

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.contract.errors import ContextaError

    __version__: str

__all__ = ["Contexta", "ContextaError", "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name == "Contexta":
        from contexta.client import Contexta

        return Contexta
    if name == "ContextaError":
        from contexta.contract.errors import ContextaError

        return ContextaError
    if name == "__version__":
        from importlib.metadata import version

        return version("contexta")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
