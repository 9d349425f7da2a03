"""The field that closes most models: their extensions."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from contexta.contract._extensions._field_set import (
    ExtensionFieldSet,
    NoneAsEmpty,
    sort_extensions,
)

Extensions = Annotated[tuple[ExtensionFieldSet, ...], NoneAsEmpty, AfterValidator(sort_extensions)]
