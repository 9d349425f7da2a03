"""Models to rows and back, with the digest that finds a flipped bit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from contexta.contract.errors import ContextaError, IntegrityError, ValidationError
from contexta.contract.wire import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Row, Table

    from contexta.contract.refs import StableRef

M = TypeVar("M")

_SECONDARY = ("stored_us", "revision", "payload", "digest")


@dataclass(frozen=True, slots=True)
class Parent:
    """An entity that must be stored before its child.

    Attributes:
        code: Error code when it is absent.
        field: Field of the child that names it; None there means no parent.
        table: Where it must be.
        detail: Key of the parent ref in the error details.
    """

    code: str
    field: str
    table: Table
    detail: str


@dataclass(frozen=True, slots=True)
class Entity(Generic[M]):
    """How one kind of model is stored.

    Attributes:
        kind: Name in errors and in the registry.
        table: Its table.
        model: The model class.
        ref_field: Field that holds its own ref.
        columns: Column name to the value for it, taken from a model.
        parents: Checked in this order on every put.
        child_detail: Key of the own ref in the details of a missing parent.
        has_status: Whether changes of `status` go to the history.
    """

    kind: str
    table: Table
    model: type[M]
    ref_field: str
    columns: Mapping[str, Callable[[Any], Any]]
    parents: tuple[Parent, ...] = ()
    child_detail: str = ""
    has_status: bool = False

    def ref_of(self, model: M) -> str:
        """Return the own ref of a model as text."""
        ref: StableRef = getattr(model, self.ref_field)
        return ref.text

    def check(self, model: object) -> M:
        """Return the model, or raise `ValidationError` `metadata_store_invalid_model`."""
        if not isinstance(model, self.model):
            raise ValidationError(
                f"Expected a {self.model.__name__}, got {type(model).__name__}.",
                code="metadata_store_invalid_model",
                details={"expected": self.model.__name__, "type": type(model).__name__},
            )
        return model

    def row(self, model: M, *, stored_us: int, revision: int) -> dict[str, Any]:
        """Return the column values of a model, digest included."""
        values: dict[str, Any] = {"ref": self.ref_of(model)}
        for name, read in self.columns.items():
            values[name] = read(model)
        values["stored_us"] = stored_us
        values["revision"] = revision
        values["payload"] = to_json(model)
        values["digest"] = row_digest(self.table.name, tuple(values.values()))
        return values

    def revise(self, values: dict[str, Any], revision: int) -> None:
        """Give the values of a row another revision, and the digest that goes with it."""
        values["revision"] = revision
        del values["digest"]
        values["digest"] = row_digest(self.table.name, tuple(values.values()))

    def model_of(self, row: Row[Any]) -> M:
        """Return the model of a row that was selected with all columns, in table order.

        Raises:
            IntegrityError: `metadata_row_damaged`, naming table and ref.
        """
        content = self.content_of(row)
        validate: Callable[[Any], M] = self.model.model_validate  # type: ignore[attr-defined]  # pydantic's
        try:
            return validate(content)
        except (ContextaError, ValueError, RecursionError) as error:
            raise _damaged(self, row, f"its payload is not a {self.kind}: {error}") from error

    def content_of(self, row: Row[Any]) -> dict[str, Any]:
        """Return the payload of a row that was selected with all columns, in table order.

        Raises:
            IntegrityError: `metadata_row_damaged`, naming table and ref.
        """
        if row_digest(self.table.name, tuple(row)[:-1]) != row.digest:
            raise _damaged(self, row, "its digest does not match its content")
        try:
            content = json.loads(row.payload)
        except (ValueError, RecursionError) as error:
            raise _damaged(self, row, f"its payload is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise _damaged(self, row, "its payload is not a JSON object")
        return content


def row_digest(table: str, values: tuple[Any, ...]) -> bytes:
    """Return 16 bytes over a table name and its column values, unambiguous and stable.

    Each value carries its type and length, so that no two rows share an encoding.
    """
    parts = [table]
    for value in values:
        if value is None:
            parts.append("n")
        elif isinstance(value, str):
            parts.append(f"s{len(value)}:{value}")
        else:
            parts.append(f"v{value!r}")
    return blake2b("|".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _damaged(entity: Entity[Any], row: Row[Any], reason: str) -> IntegrityError:
    table = entity.table.name.removeprefix("ledger_")
    return IntegrityError(
        f"The row of {str(row.ref)!r} in {table!r} is damaged: {reason}. Put it again, or "
        "restore a backup; other rows are unaffected.",
        code="metadata_row_damaged",
        details={"table": table, "ref": str(row.ref), "reason": reason},
    )
