"""Environment snapshots: what the code ran on."""

from __future__ import annotations

from typing import Any, ClassVar

from contexta.contract._containment import inside, mismatch
from contexta.contract._fields._extensions import Extensions
from contexta.contract._fields._refs import EnvironmentRef, RunRef
from contexta.contract._fields._text import Text
from contexta.contract._fields._values import TextMap, Timestamp
from contexta.contract._frozen import EMPTY
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract._versions import DEFAULT_CONTRACT_SCHEMA_VERSION


class EnvironmentSnapshot(ContractModel):
    """Interpreter, platform, packages and variables of a run."""

    target_model: ClassVar[str] = "environment_snapshot"

    environment_snapshot_ref: EnvironmentRef
    """``environment:P.R.key``."""
    run_ref: RunRef
    """The run it belongs to."""
    captured_at: Timestamp
    """When it was taken, UTC."""
    python_version: Text
    """Such as ``3.12.4``."""
    platform: Text
    """Such as ``Linux-6.8-x86_64``."""
    packages: TextMap = EMPTY
    """Distribution name to version; the version may be empty."""
    environment_variables: TextMap = EMPTY
    """Variable to value, redacted before it gets here; values may be empty."""
    schema_version: Text = DEFAULT_CONTRACT_SCHEMA_VERSION
    """Version of the schema this object was written with."""
    extensions: Extensions = ()
    """Fields of other parties, sorted by namespace."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        ref, run = values.get("environment_snapshot_ref"), values.get("run_ref")
        if ref is None or run is None:
            return
        if not inside(ref, run) or len(ref.components) != len(run.components) + 1:
            found.append(
                mismatch(
                    "environment_snapshot_ref", ref, "run_ref", run, "context_ref_prefix_mismatch"
                )
            )
