"""Read-only mappings that behave like dicts everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class FrozenMapping(dict[K, V]):
    """A dict that refuses every change with ``TypeError``.

    It is a real dict, so ``json.dumps``, pyarrow and pandas take it as it is; unlike
    ``types.MappingProxyType`` it can be pickled, deep-copied and, if its values can, hashed.
    Equal to any mapping with the same items.
    """

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(
            "this mapping is read-only; make a changed copy with dict(mapping) or {**mapping, ...}"
        )

    __setitem__ = _refuse
    __delitem__ = _refuse
    __ior__ = _refuse
    clear = _refuse
    pop = _refuse
    popitem = _refuse
    setdefault = _refuse
    update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]  # dict says that it has none
        return hash(frozenset(self.items()))

    def copy(self) -> dict[K, V]:
        """Return an ordinary, changeable dict with the same items."""
        return dict(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict[str, str]:
        # The fields that hold one bring their own rules; this only tells pydantic how to show it.
        return {"type": "any"}

    def __copy__(self) -> FrozenMapping[K, V]:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenMapping[K, V]:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMapping, (dict(self),)


EMPTY: FrozenMapping[str, Any] = FrozenMapping()


def freeze(value: Any) -> Any:
    """Return JSON data with read-only mappings and tuples in place of dicts and lists."""
    if isinstance(value, Mapping):
        return FrozenMapping((key, freeze(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    return value


def thaw(value: Any) -> Any:
    """Return JSON data with ordinary dicts and lists, as :mod:`json` would give it."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    return value
