"""The base of every model.

Annotations are evaluated here, not postponed: pydantic 2.11 looks up the one of
``__pydantic_extra__`` in the module of each subclass, where its name is unknown.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import ValidationError as PydanticError

from contexta.contract._fields._values import FrozenJson
from contexta.contract._frozen import EMPTY, FrozenMapping
from contexta.contract._model._building import build_lock
from contexta.contract._model._failures import error_of, problems_of, unknown_names
from contexta.contract._problems import Problem, ProblemsFound
from contexta.contract._refs._stable_ref import StableRef
from contexta.contract.dataclass_view import DataclassView
from contexta.contract.errors._contract import FrozenModelError, ValidationError

_new = object.__new__
# The slots themselves: models are frozen, and this is half the price of object.__setattr__.
_set_dict = BaseModel.__dict__["__dict__"].__set__
_set_fields_set = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_set_extra = BaseModel.__dict__["__pydantic_extra__"].__set__
_set_private = BaseModel.__dict__["__pydantic_private__"].__set__


class ContractModel(BaseModel):
    """A value of the schema: validated once, never changed, equal by content.

    Construct it with keywords or, in field order, positionally; every broken rule is reported
    in one ``ValidationError``. Names that are no field are an error there, for they are typos.
    Data that was read (:meth:`model_validate`) may hold fields that this version does not
    know: they are kept in ``model_extra`` and written back.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        # Building 25 validators costs more than most programs need; each is built at first use.
        defer_build=True,
        ser_json_inf_nan="strings",
        protected_namespaces=(),
    )
    __pydantic_extra__: dict[str, FrozenJson]

    # For dataclasses.replace, asdict and fields; they do not see fields of a newer release.
    __dataclass_fields__ = DataclassView("__dataclass_fields__")
    __dataclass_params__ = DataclassView("__dataclass_params__")

    # Fields added after 1.0: absent from the wire while empty, so that a 1.0 reader, which
    # refuses what it does not know, still reads everything that does not use them. Public, like
    # the name under which registries know the model, for the parts of the package that write.
    additive_fields: ClassVar[frozenset[str]] = frozenset()
    target_model: ClassVar[str] = ""
    _defaults: ClassVar[dict[str, Any]] = {}
    _all_names: ClassVar[set[str]] = set()

    def __init__(self, /, *args: Any, **fields: Any) -> None:
        if args:
            fields = self._bind(args, fields)
        try:
            self.__pydantic_validator__.validate_python(fields, self_instance=self)
        except PydanticError as exc:
            problems = problems_of(type(self), fields, exc)
        else:
            if not self.__pydantic_extra__:
                return
            problems = []
        raise error_of([*problems, *unknown_names(type(self), fields)], call=True)

    # Tells pydantic that this is still its own construction: nested models are then built
    # natively, without a call of this function for each.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # of pydantic's own

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls._all_names = set(cls.model_fields)
        cls._defaults = {
            name: None if field.is_required() else field.get_default(call_default_factory=True)
            for name, field in cls.model_fields.items()
        }

    @classmethod
    def model_rebuild(
        cls,
        *,
        force: bool = False,
        raise_errors: bool = True,
        _parent_namespace_depth: int = 2,
        _types_namespace: Any = None,
    ) -> bool | None:
        """Build the validator now instead of at first use; any number of threads may ask."""
        with build_lock():
            return super().model_rebuild(
                force=force,
                raise_errors=raise_errors,
                _parent_namespace_depth=_parent_namespace_depth + 1,
                _types_namespace=_types_namespace,
            )

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        """Check the rules between fields, adding problems to ``found``.

        ``values`` may lack any field: those that are bad by themselves are left out, and a
        rule that needs one says nothing.
        """

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        found: list[Problem] = []
        self._settle(self.__dict__, found)
        if found:
            raise ProblemsFound(found)
        return self

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Read a mapping; fields that this version does not know are kept.

        Raises:
            ValidationError: with every problem found.
        """
        if isinstance(obj, Mapping) and not isinstance(obj, dict):
            obj = dict(obj)
        try:
            return super().model_validate(obj, **options)
        except PydanticError as exc:
            problems = problems_of(cls, obj, exc)
        raise error_of(problems)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Read JSON text, like :meth:`model_validate`.

        Raises:
            SerializationError: the text is no JSON.
            ValidationError: with every problem found.
        """
        from contexta.contract.wire._reading import load_json

        return cls.model_validate(load_json(json_data, cls.__name__), **options)

    @classmethod
    def model_validate_strings(cls, obj: Any, **options: Any) -> Self:
        """Read a mapping of texts, like :meth:`model_validate`."""
        return cls.model_validate(obj, **options)

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the stored form, with field descriptions."""
        from contexta.contract.wire._json_schema import describe

        return describe(cls, super().model_json_schema(*args, **options))

    @classmethod
    def trusted(cls, **fields: Any) -> Self:
        """Build without any check, for data that this program made itself.

        The caller guarantees the stored form: refs as ``StableRef`` (``str`` where the field is
        text), timestamps of 27 characters, mappings as ``FrozenMapping`` sorted by key,
        sequences as tuples, every required field present. Anything else gives an object that
        breaks later. :meth:`model_validate` is the door for everybody else.
        """
        self = _new(cls)
        _set_dict(self, {**cls._defaults, **fields})
        _set_fields_set(self, cls._all_names)
        _set_extra(self, EMPTY)
        _set_private(self, None)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dict with every field, in declaration order, ``None`` included.

        Refs become text, mappings dicts, tuples lists; unknown fields come last.
        """
        values = self.__dict__
        plain = {name: _plain(values[name]) for name in self._defaults}
        if self.__pydantic_extra__:
            plain.update((name, _plain(v)) for name, v in self.__pydantic_extra__.items())
        return plain

    def to_json(self) -> str:
        """Return the canonical JSON text; see :func:`contexta.contract.to_json`."""
        from contexta.contract.wire._writing import to_json

        return to_json(self)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, with ``update`` applied and the whole validated again.

        Raises:
            ValidationError: the changed copy breaks a rule, or a name is no field.
        """
        if not update:
            return super().model_copy(deep=deep)
        unknown = unknown_names(type(self), update)
        if unknown:
            raise error_of(unknown, call=True)
        return self.model_validate({**self.to_dict(), **update})

    @classmethod
    def _bind(cls, args: tuple[Any, ...], fields: dict[str, Any]) -> dict[str, Any]:
        names = tuple(cls.model_fields)
        if len(args) > len(names):
            problem = Problem(
                "unknown_field",
                "$",
                f"{cls.__name__} takes at most {len(names)} positional values, got {len(args)}; "
                "pass them by name",
                {"model": cls.__name__},
            )
            raise error_of([problem], call=True)
        bound = dict(zip(names, args, strict=False))
        twice = [name for name in bound if name in fields]
        if twice:
            problem = Problem(
                "unknown_field",
                "$." + twice[0],
                f"{cls.__name__} got {', '.join(twice)} twice, by position and by name; "
                "pass it once",
                {"model": cls.__name__, "fields": twice},
            )
            raise error_of([problem], call=True)
        return {**bound, **fields}

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise self._frozen(name, "assigned")

    def __delattr__(self, name: str) -> NoReturn:
        raise self._frozen(name, "deleted")

    def _frozen(self, name: str, verb: str) -> ValidationError:
        return FrozenModelError(
            f"{type(self).__name__}.{name} cannot be {verb}: models never change; "
            f"make a changed copy with model_copy(update={{{name!r}: ...}})",
            code="model_frozen",
            details={"model": type(self).__name__, "field_name": name},
        )


def _plain(value: Any) -> Any:
    kind = value.__class__
    if kind is str or value is None or kind is int or kind is float or kind is bool:
        return value
    if kind is StableRef:
        return value.text
    if kind is FrozenMapping:
        return {key: _plain(item) for key, item in value.items()}
    if kind is tuple:
        return [_plain(item) for item in value]
    if isinstance(value, ContractModel):
        return value.to_dict()
    return value
