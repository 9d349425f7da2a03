"""What the points of one series have in common."""

from __future__ import annotations

from typing import Any, NamedTuple


class SeriesContext(NamedTuple):
    """Where a series was captured; texts in normal form, or None where the scope has none."""

    run_ref: str
    project: str
    deployment_execution_ref: str | None = None
    stage_execution_ref: str | None = None
    batch_execution_ref: str | None = None
    sample_observation_ref: str | None = None
    operation_context_ref: str | None = None
    producer_ref: str = "sdk.python.local"
    schema_version: str = "1.0.0"
    trace_id: str | None = None
    session_id: str | None = None


class Series(NamedTuple):
    """A series: its context and the fields of the metric that do not change by point."""

    context: SeriesContext
    key: str
    value_type: str = "float"
    unit: str | None = None
    aggregation_scope: str = "step"
    tags: tuple[tuple[str, str], ...] = ()
    summary_basis: str | None = None
    subject_ref: str | None = None
    slice_ref: str | None = None

    def to_definition(self) -> dict[str, Any]:
        """Return the JSON document of a DEFINE frame; None values are left out."""
        named = {**self.context._asdict(), **self._asdict()}
        del named["context"], named["tags"]
        document = {name: value for name, value in named.items() if value is not None}
        if self.tags:
            document["tags"] = dict(self.tags)
        return document

    @classmethod
    def from_definition(cls, document: dict[str, Any]) -> Series:
        """Read the JSON document of a DEFINE frame; unknown names are ignored."""
        context = {k: document[k] for k in SeriesContext._fields if k in document}
        own = {
            k: document[k] for k in cls._fields if k in document and k not in ("context", "tags")
        }
        tags = tuple(sorted(document.get("tags", {}).items()))
        return cls(context=SeriesContext(**context), tags=tags, **own)
