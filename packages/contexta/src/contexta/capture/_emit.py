"""The emit methods that every scope has."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from contexta.capture import _checks as check
from contexta.capture._batches import BatchEmitMixin
from contexta.capture._ingest import register
from contexta.capture._nested import flat
from contexta.capture._point import LazyBatch, PointResult
from contexta.capture._salvage import degraded_result, without_bad_parts
from contexta.capture._span import Span
from contexta.capture.models import (
    ArtifactRegistrationEmission,
    EventEmission,
    MetricEmission,
    SpanEmission,
)
from contexta.capture.results import BatchCaptureResult, CaptureResult
from contexta.contract.errors import ContextaError, ValidationError
from contexta.contract.refs import StableRef

if TYPE_CHECKING:
    from contexta.capture._recorder import Recorder
    from contexta.store.records import SeriesContext

_time_ns = time.time_ns
_BASIS = "raw_observation"
_WITH_UNIT = object()  # no key that is a tuple, which is no key, equals a name with a unit
Moment = str | datetime


class EmitMixin(BatchEmitMixin):
    """Capture into the scope that this is mixed into.

    Calls work from any thread, task or forked worker. A value that cannot be
    taken is recorded as a degraded record and never raises; a closed scope
    raises `ClosedScopeError`.
    """

    __slots__ = ()

    _recorder: Recorder
    _context: SeriesContext
    _floats: dict[Any, tuple[Any, int]]
    _ints: dict[Any, tuple[Any, int]]

    def _target(self) -> SeriesContext:
        """Return where records go; raise `ClosedScopeError` when closed."""
        raise NotImplementedError

    def metric(
        self,
        key: str,
        value: Any,
        *,
        unit: str | None = None,
        aggregation_scope: str = "step",
        tags: Mapping[str, str] | None = None,
        summary_basis: str = _BASIS,
        step: int | None = None,
        epoch: float | None = None,
        timestamp: Moment | None = None,
    ) -> CaptureResult:
        """Capture one number; NaN, infinities and numpy or torch scalars are fine.

        When the call returns, the point survives a kill of the process and is
        visible to others; a power cut may take the last 50 ms, unless
        `capture.durability_mode` is `fsync`.

        Args:
            key: any printable text of at most 255 characters, for example `train/loss`.
            value: the number.
            unit: unit of the value, for example `ms`.
            aggregation_scope: `run`, `stage`, `operation`, `step` or `slice`.
            tags: dimensions of the series.
            summary_basis: how the value came about.
            step: training step, from any origin.
            epoch: epoch, may be fractional.
            timestamp: when it was observed; naive means UTC, default is now.
        """
        # The exact type checks cost less than the coercion that they avoid.
        kind = type(value)
        if (
            tags is None
            and timestamp is None
            and (kind is float or kind is int)
            and (step is None or type(step) is int)
            and (epoch is None or type(epoch) is float)
            and aggregation_scope == "step"
            and summary_basis == _BASIS
        ):
            name = key if unit is None else (key, unit, _WITH_UNIT)
            try:
                series = (self._floats if kind is float else self._ints).get(name)
                if series is None and (name, kind) in self._recorder.plain_series:
                    series = self._define_plain(key, unit, kind)
            except TypeError:
                series = None  # an unhashable key; the slow path names it
            if series is not None:
                now = _time_ns() // 1000
                # A series id means something to its own writer only, so both are kept together.
                append, identity = series
                try:
                    sequence = append(identity, now, value, step, epoch)
                except Exception as error:
                    return self._metric_failed(error, key, value, unit, step, epoch)
                return PointResult(self._context, key, value, unit, step, epoch, now, sequence)
        return self._metric_slow(
            key, value, unit, aggregation_scope, tags, summary_basis, step, epoch, timestamp
        )

    def _metric_slow(
        self,
        key: Any,
        value: Any,
        unit: Any,
        aggregation_scope: Any,
        tags: Any,
        summary_basis: Any,
        step: Any,
        epoch: Any,
        timestamp: Any,
    ) -> CaptureResult:
        context = self._target()
        said = {
            "unit": unit,
            "aggregation_scope": aggregation_scope,
            "tags": tags,
            "summary_basis": summary_basis,
            "step": step,
            "epoch": epoch,
            "timestamp": timestamp,
        }
        try:
            emission = MetricEmission(key, value, **said)
        except ContextaError as error:
            wrong = error
        else:
            return self._emit_metric(emission)
        kept = without_bad_parts(key, value, said, wrong)
        if kept is None:
            return self._recorder.rejected(context, "metric", key, wrong)
        return degraded_result(
            self._emit_metric(kept), lambda: self._recorder.rejected(context, "metric", key, wrong)
        )

    def _metric_failed(
        self, error: Exception, key: str, value: Any, unit: Any, step: Any, epoch: Any
    ) -> CaptureResult:
        """Handle an append that raised: a value out of range, or a plane that fails."""
        if isinstance(error, ValidationError) or not isinstance(error, ContextaError | OSError):
            # The packed form refused the value (an int beyond 64 bits): check it the long way.
            return self._metric_slow(key, value, unit, "step", None, _BASIS, step, epoch, None)
        from contexta.capture._build import metric_record

        record = metric_record(
            self._context,
            None,
            _time_ns() // 1000,
            key=key,
            value=value,
            unit=unit,
            aggregation_scope="step",
            tags={},
            summary_basis=_BASIS,
            step=step,
            epoch=epoch,
        )
        return self._recorder.lost(self._context, "metric", record, error)

    def _emit_metric(self, emission: MetricEmission) -> CaptureResult:
        context = self._target()
        try:
            return self._recorder.metric(context, emission, self._define_series)
        except (ValueError, OverflowError, TypeError) as error:
            wrapped = error if isinstance(error, ContextaError) else _out_of_range(error)
            return self._recorder.rejected(context, "metric", emission.key, wrapped)

    def _define_series(self, writer: Any, point: Mapping[str, Any]) -> int:
        """Intern the series of `point`, and open the fast path for it when it qualifies."""
        from contexta.capture._build import subject_of

        is_float = isinstance(point["value"], float)
        context = self._target()
        identity: int = writer.define_series(
            context,
            point["key"],
            value_type="float" if is_float else "int",
            unit=point["unit"],
            aggregation_scope=point["aggregation_scope"],
            tags=point["tags"],
            summary_basis=point["summary_basis"],
            subject_ref=subject_of(context),
            slice_ref=None,
        )
        plain = not point["tags"] and point["aggregation_scope"] == "step"
        if plain and point["summary_basis"] == _BASIS and self._recorder.fast:
            key, unit = point["key"], point["unit"]
            name = key if unit is None else (key, unit, _WITH_UNIT)
            self._recorder.remember_plain(name, float if is_float else int)
            self._open_fast(writer.append_point, is_float, name, identity)
        return identity

    def _define_plain(self, key: str, unit: str | None, kind: type) -> tuple[Any, int] | None:
        """Open the fast path for a metric that another scope has had; None when that fails.

        Its name was checked and redacted there, and came out as it went in.
        """
        if self._recorder.losses.pending:
            return None
        point: dict[str, Any] = {
            "key": key,
            "value": 0.0 if kind is float else 0,
            "unit": unit,
            "aggregation_scope": "step",
            "tags": {},
            "summary_basis": _BASIS,
        }
        try:
            writer = self._recorder.writer()
            identity = self._define_series(writer, point)
        except (ContextaError, OSError, ValueError, TypeError):
            return None  # the long way says what is wrong
        return writer.append_point, identity

    def _open_fast(self, append: Any, is_float: bool, name: Any, identity: int) -> None:
        raise NotImplementedError

    def log(
        self,
        values: Mapping[str, Any],
        *,
        step: int | None = None,
        epoch: float | None = None,
        timestamp: Moment | None = None,
    ) -> BatchCaptureResult:
        """Capture several values of one step: numbers as metrics, text as events.

        Nested mappings are flattened with `/` between the keys.
        """
        self._target()
        given: Any = values
        results: list[CaptureResult] = []
        if not isinstance(given, Mapping):
            error = _out_of_range(TypeError(f"log() takes a mapping, got {type(given).__name__}"))
            results.append(self._recorder.rejected(self._target(), "metric", "log", error))
            given = {}
        for key, value in flat(given):
            if isinstance(value, str):
                results.append(self.event(key, message=value, attributes={"step": step}))
            else:
                results.append(self.metric(key, value, step=step, epoch=epoch, timestamp=timestamp))
        return LazyBatch(tuple(results))

    def event(
        self,
        key: str,
        *,
        message: str,
        level: str = "info",
        attributes: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> CaptureResult:
        """Capture something that happened, in words."""
        context = self._target()
        try:
            emission = EventEmission(key, _as_text(message), level, attributes, tags)
        except ContextaError as error:
            return self._recorder.rejected(context, "event", key, error)
        return self._recorder.event(context, emission)

    def span(
        self,
        name: str,
        *,
        started_at: Moment | None = None,
        ended_at: Moment | None = None,
        status: str = "ok",
        span_kind: str = "operation",
        attributes: Mapping[str, Any] | None = None,
        linked_refs: Iterable[StableRef | str] | None = None,
        parent_span_id: str | None = None,
    ) -> Span:
        """Capture a stretch of time.

        Use it as `with scope.span("load"):` or as a decorator to time a block;
        both link to the enclosing span. A plain call captures the span at once:
        from `started_at` (default now) to `ended_at` (default `started_at`).
        """
        context = self._target()
        try:
            emission: SpanEmission | ContextaError = SpanEmission(
                name, started_at, ended_at, status, span_kind, attributes, linked_refs,
                parent_span_id,
            )  # fmt: skip
        except ContextaError as error:
            emission = error
        return Span(self, context, name, emission)

    def degraded(
        self,
        issue_key: str,
        summary: str,
        *,
        category: str = "capture",
        severity: str = "warning",
        attributes: Mapping[str, Any] | None = None,
    ) -> CaptureResult:
        """Capture that something is missing or wrong, so that readers can tell.

        Args:
            issue_key: stable name of the issue, for example `data.rows_dropped`.
            summary: one sentence for people.
            category: `capture`, `store`, `import`, `compatibility`, `verification`, `recovery`.
            severity: `warning` or `error`.
            attributes: facts, as JSON data.
        """
        context = self._target()
        problems = check.Problems("degraded")
        try:
            plain = check.attributes(problems, attributes)
            problems.raise_if_any()
            return self._recorder.degraded(
                context,
                issue_key,
                str(summary),
                category=category,
                severity=severity,
                attributes=plain,
            )
        except ContextaError as error:
            if self._recorder.dispatcher.raises and error.code == "capture_persistence_failed":
                raise
            return self._recorder.rejected(context, "degraded", issue_key, error)

    def register_artifact(
        self,
        artifact_kind: str,
        path: str | os.PathLike[str],
        *,
        artifact_ref: StableRef | str | None = None,
        attributes: Mapping[str, Any] | None = None,
        compute_hash: bool = True,
        allow_missing: bool = False,
        mode: str | None = None,
        wait: bool = True,
    ) -> CaptureResult:
        """Copy a file or folder into the artifact plane and bind it to this run.

        Args:
            artifact_kind: lower_snake text, for example `model_bundle`.
            path: file or folder; `~` is expanded.
            artifact_ref: chosen ref; default is a unique one.
            attributes: facts, as JSON data.
            compute_hash: say False only when local persistence is off; a stored
                body is always hashed.
            allow_missing: a missing path gives a DEGRADED result instead of an error.
            mode: `copy`, `move` or `adopt`; default is `artifacts.default_ingest_mode`.
            wait: False copies and hashes in the background, joined when the run closes.

        Raises:
            ValidationError: a bad argument, or the path is missing.
        """
        self._target()
        emission = ArtifactRegistrationEmission(
            artifact_kind, path, artifact_ref, attributes, compute_hash, allow_missing
        )
        return register(self, emission, mode=mode, wait=wait)

    def _register_staged(
        self, artifact_kind: str, path: str | os.PathLike[str], attributes: Mapping[str, Any]
    ) -> CaptureResult:
        """Copy what was written to a temporary place; only its name is told, not the place."""
        self._target()
        emission = ArtifactRegistrationEmission(artifact_kind, path, None, attributes)
        return register(self, emission, mode="copy", staged=True)


def _as_text(value: Any) -> Any:
    return value if isinstance(value, str) or value is None else str(value)


def _out_of_range(error: Exception) -> ContextaError:
    return ValidationError(str(error), code="capture_model_invalid_metric_value", cause=error)
