"""Bridges between Contexta and other libraries, each imported only when asked for.

Sinks send what is captured elsewhere: `otel`, `mlflow`. Training adapters write what a
library's training says into a run: `sklearn`, `lightning`, `transformers`, `keras`,
`xgboost`, `lightgbm`, `optuna`. `dataframes`, `export`, `html` and `notebook` hand results
on.

Every subpackage imports without the library it is for. Where that is missing, construction
raises `contexta.errors.DependencyError`, whose message names the extra to install.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["dataframes", "export", "html", "mlflow", "notebook", "otel"]


def __getattr__(name: str) -> Any:
    """Import a listed subpackage when it is first looked up."""
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
