"""Settings that are accepted but change nothing yet, each with the reason.

Scripts and files written for 1.0 keep running; whoever sets one of these to another
value than its default is told that it has no effect, instead of trusting it.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

import pydantic

INERT: Mapping[str, str] = MappingProxyType(
    {
        "capture.write_degraded_marker_on_partial_failure": "every known loss is recorded",
        "contract.compatibility_mode": "unknown fields are always kept, older versions upgraded",
        "contract.deterministic_serialization": "JSON is always written in canonical form",
        "contract.validation_mode": "every record is checked strictly when it is built",
        "interpretation.alert.stop_on_first_trigger": "every rule is evaluated",
        "interpretation.reports.include_completeness_notes": "reports always say what is missing",
        "interpretation.reports.include_evidence_summary": "reports always name their evidence",
        "interpretation.reports.include_lineage_summary": "reports show lineage where there is any",
        "retention.artifact_retention_mode": "artifacts are deleted only by an explicit plan",
        "retention.cache_ttl_days": "nothing is deleted by age",
        "retention.export_ttl_days": "nothing is deleted by age",
        "retention.records_compaction_enabled": "records.compact_small_parts decides",
        "retention.report_ttl_days": "nothing is deleted by age",
        "security.encryption_provider": "files are written unencrypted; encrypt the disk",
        "surfaces.html.enabled": "HTML is written when it is asked for",
        "surfaces.html.inline_charts": "pages always hold their charts",
        "surfaces.http.enabled": "the server runs when it is started, by `contexta serve http`",
        "surfaces.notebook.enabled": "notebook output is made when it is asked for",
    }
)
"""Dotted name of each setting without effect, and why."""

_quiet: ContextVar[bool] = ContextVar("contexta_config_quiet", default=False)


class ConfigWarning(UserWarning):
    """A setting or variable that has no effect."""


@contextmanager
def quiet() -> Iterator[None]:
    """Build sections without warnings: for values that no user wrote, such as a profile's."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def warn_if_inert(model: pydantic.BaseModel, section: str, *, stacklevel: int = 2) -> None:
    """Warn for each inert field of ``model`` that was set to something but its default."""
    if _quiet.get() or not section:
        return
    for name in sorted(model.model_fields_set):
        reason = INERT.get(f"{section}.{name}")
        if reason and getattr(model, name) != type(model).model_fields[name].default:
            warn_inert(f"{section}.{name}", stacklevel=stacklevel + 1)


def warn_inert(key: str, *, origin: str = "", stacklevel: int = 2) -> None:
    """Warn that one setting has no effect, naming where it came from."""
    source = f" (from {origin})" if origin else ""
    warnings.warn(
        f"{key}{source} has no effect yet: {INERT[key]}",
        ConfigWarning,
        stacklevel=stacklevel + 1,
    )
