"""The common shape of result models: frozen, slotted, picklable, JSON-safe."""

from __future__ import annotations

import dataclasses
import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    NoReturn,
    Protocol,
    SupportsIndex,
    TypeVar,
    overload,
)

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


class _Printer(Protocol):
    """What IPython hands to ``_repr_pretty_``."""

    def text(self, text: str, /) -> None: ...


class _Shown:
    """How IPython shows a result, or several: as a card of HTML, and in plain words."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        from contexta.interpretation import fragments

        return fragments.to_html(self)

    def _repr_pretty_(self, printer: _Printer, _cycle: bool) -> None:
        from contexta.interpretation import fragments

        printer.text(fragments.to_text(self) or repr(self))

    def to_arrow(self) -> pyarrow.Table:
        """Return the rows as an Arrow table; see the module ``frames``."""
        from contexta.interpretation import frames

        return frames.to_arrow(self)  # type: ignore[arg-type]  # all subclasses are taken

    def to_pandas(self) -> pandas.DataFrame:
        """Return the rows as a pandas frame.

        Raises:
            DependencyError: pandas is not installed (``frames_library_missing``).
        """
        from contexta.interpretation import frames

        return frames.to_pandas(self)  # type: ignore[arg-type]

    def to_polars(self) -> polars.DataFrame:
        """Return the rows as a Polars frame.

        Raises:
            DependencyError: Polars is not installed (``frames_library_missing``).
        """
        from contexta.interpretation import frames

        return frames.to_polars(self)  # type: ignore[arg-type]


class FrozenDict(dict[str, Any]):
    """A read-only mapping with sorted keys that pickles, copies and hashes.

    ``types.MappingProxyType`` gives read-only views too, but can be neither pickled nor copied.
    """

    __slots__ = ()

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        """Copy ``values``; ``None`` is empty."""
        items = dict(values or {})
        super().__init__((key, items[key]) for key in sorted(items, key=str))

    def __reduce__(self) -> tuple[type[FrozenDict], tuple[dict[str, Any]]]:
        return (FrozenDict, (dict(self),))

    def __hash__(self) -> int:  # type: ignore[override]  # dict says that it has none
        return hash(tuple(self))

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError("this mapping is part of a result and read-only; copy it with dict(...)")

    __setitem__ = __delitem__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse


class Result(_Shown):
    """Base of every result model.

    Subclasses are ``@dataclass(frozen=True, slots=True)`` and name their sequence and mapping
    fields, so that lists become tuples and dicts become read-only mappings on construction.
    """

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    _sequences: ClassVar[tuple[str, ...]] = ()
    _mappings: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Show every kind of result in the same way."""
        super().__init_subclass__(**arguments)
        # IPython takes the ``__repr__`` that a dataclass makes before what a base class has.
        cls._repr_pretty_ = Result._repr_pretty_  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        """Freeze the fields named by ``_sequences`` and ``_mappings``."""
        for name in self._sequences:
            value = getattr(self, name)
            if not isinstance(value, (tuple, FrozenRows)):
                object.__setattr__(self, name, () if value is None else tuple(value))
        for name in self._mappings:
            value = getattr(self, name)
            if type(value) is not FrozenDict:
                object.__setattr__(self, name, FrozenDict(value))

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts and lists that ``json.dumps(..., allow_nan=False)`` accepts.

        A non-finite number becomes ``None`` and is named beside it: ``"value": None,
        "value_marker": "NaN"`` (also ``"Infinity"``, ``"-Infinity"``); for a list,
        ``"values_markers": {"2": "NaN"}`` by position.
        """
        fields = dataclasses.fields(self)
        return _jsonable_items((field.name, getattr(self, field.name)) for field in fields)


R = TypeVar("R", bound=Result)


class Results(_Shown, tuple[R, ...]):
    """Several results of one kind: a tuple that also knows how to be a table and a card.

    ``kind`` is their class, so that none of them still have their columns.
    """

    kind: type[R]

    def __new__(cls, items: Iterable[R], kind: type[R]) -> Results[R]:
        """Hold the items in their order."""
        found = super().__new__(cls, tuple(items))
        found.kind = kind
        return found

    def __reduce__(self) -> tuple[type[Results[R]], tuple[tuple[R, ...], type[R]]]:
        return (Results, (tuple(self), self.kind))

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> R: ...
    @overload
    def __getitem__(self, key: slice, /) -> Results[R]: ...
    def __getitem__(self, key: SupportsIndex | slice, /) -> R | Results[R]:
        """Return one item, or some of them."""
        if isinstance(key, slice):
            return Results(super().__getitem__(key), self.kind)
        return super().__getitem__(key)


class FrozenRows(_Shown, Sequence[Any]):
    """Base of read-only sequences of records that build their items when first looked at."""

    __slots__ = ()

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """Return the number of records by record type."""

    @abstractmethod
    def problems(self) -> tuple[Any, ...]:
        """Return the records that say that something is missing or went wrong."""


def nonfinite_marker(value: object) -> str | None:
    """Name a non-finite float, as the JSON wire form does; ``None`` for everything else."""
    if not isinstance(value, float) or math.isfinite(value):
        return None
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def jsonable(value: Any) -> Any:
    """Return ``value`` as JSON-safe plain data (see :meth:`Result.to_dict`)."""
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Mapping):
        return _jsonable_items((str(key), item) for key, item in value.items())
    if isinstance(value, Sequence | set | frozenset):
        return [jsonable(item) for item in value]
    return str(value)


def _jsonable_items(items: Iterator[tuple[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in items:
        out[name] = jsonable(value)
        marker = nonfinite_marker(value)
        if marker is not None:
            out[f"{name}_marker"] = marker
        elif isinstance(value, (tuple, list)):
            markers = {
                str(index): text
                for index, item in enumerate(value)
                if (text := nonfinite_marker(item)) is not None
            }
            if markers:
                out[f"{name}_markers"] = markers
    return out
