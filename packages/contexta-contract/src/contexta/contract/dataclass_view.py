"""Models and settings as the functions of :mod:`dataclasses` see them.

They were dataclasses in 1.0: scripts close a run with ``dataclasses.replace(run, status=...,
ended_at=...)``, change settings the same way, and print with ``dataclasses.asdict`` or ``pprint``.
All find a dataclass by two attributes, which are those of a real one with the same fields.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

from pydantic import BaseModel


class DataclassView:
    """One of the two attributes of a pydantic model; built when somebody asks for it.

    Args:
        attribute: ``__dataclass_fields__`` or ``__dataclass_params__``.
    """

    def __init__(self, attribute: str) -> None:
        self._attribute = attribute

    def __get__(self, instance: object, owner: type[BaseModel]) -> Any:
        return vars(_dataclass_like(owner))[self._attribute]


@cache
def _dataclass_like(model: type[BaseModel]) -> type:
    names = [(name, Any, None) for name in model.model_fields]
    return dataclasses.make_dataclass(model.__name__, names, frozen=True)
