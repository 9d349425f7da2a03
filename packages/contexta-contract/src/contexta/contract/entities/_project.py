"""Projects: what runs belong to."""

from __future__ import annotations

from typing import ClassVar

from contexta.contract._fields._extensions import Extensions
from contexta.contract._fields._refs import ProjectRef
from contexta.contract._fields._text import Text
from contexta.contract._fields._values import TextMap, Timestamp
from contexta.contract._frozen import EMPTY
from contexta.contract._model._base import ContractModel
from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION


class Project(ContractModel):
    """A named body of work that runs, deployments and artifacts belong to."""

    target_model: ClassVar[str] = "project"

    project_ref: ProjectRef
    """``project:P``, the first component of every ref below it."""
    name: Text
    """Free text, as people write it."""
    created_at: Timestamp
    """When the project was first recorded, UTC."""
    description: Text | None = None
    """What it is for."""
    tags: TextMap = EMPTY
    """Labels, text to text."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""
