"""The tracer, meter and logger that a sink uses, found when they are first needed."""

from __future__ import annotations

from typing import Any

from contexta.adapters._vendor import missing
from contexta.adapters.otel._ids import ChosenIds


class Scope:
    """One instrumentation scope of the given or global providers.

    A provider that the program has yet to set up is looked for again with each record.

    Raises:
        DependencyError: code `otel_api_not_ready`.
    """

    def __init__(
        self, name: str, tracer_provider: Any, meter_provider: Any, logger_provider: Any
    ) -> None:
        try:
            import opentelemetry.metrics
            import opentelemetry.trace  # noqa: F401 - fails where only the namespace is there
            from opentelemetry import metrics, trace
        except ImportError as error:
            raise missing(
                "OTelSink", "opentelemetry-api", "otel", "otel_api_not_ready", error
            ) from error
        self.trace: Any = trace
        self.metrics: Any = metrics
        self._name = name
        self._given = (tracer_provider, meter_provider, logger_provider)
        self._tracer: Any = None
        self._meter: Any = None
        self._logger: Any = None

    def tracer_provider(self) -> Any:
        """Return the given provider, or the global one of this moment."""
        given = self._given[0]
        return self.trace.get_tracer_provider() if given is None else given

    def meter_provider(self) -> Any:
        """Return the given provider, or the global one of this moment."""
        given = self._given[1]
        return self.metrics.get_meter_provider() if given is None else given

    def tracer(self) -> Any:
        """Return the tracer of this scope."""
        if self._tracer is None:
            tracer = self.tracer_provider().get_tracer(self._name)
            if is_kind(tracer, getattr(self.trace, "ProxyTracer", None)):
                return tracer  # no provider was set up yet
            generator = getattr(tracer, "id_generator", None)
            ours = generator is None or isinstance(generator, ChosenIds)
            if self.knows(tracer, "Tracer") and not ours:
                tracer.id_generator = ChosenIds(generator)
            self._tracer = tracer
        return self._tracer

    def meter(self) -> Any:
        """Return the meter of this scope; a proxy of the API follows later providers itself."""
        if self._meter is None:
            self._meter = self.meter_provider().get_meter(self._name)
        return self._meter

    def logger(self) -> Any:
        """Return the logger of the given logger provider, or None without one."""
        if self._logger is None and self._given[2] is not None:
            self._logger = self._given[2].get_logger(self._name)
        return self._logger

    def knows(self, instance: Any, base: str) -> bool:
        """Say whether `instance` is of the API's class `base`, and takes all that it takes."""
        module = self.trace if base in ("Tracer", "Span") else self.metrics
        return is_kind(instance, getattr(module, base, None))

    def flush(self, timeout_ms: int) -> bool:
        """Have the providers export what they hold; say whether all of them did in time."""
        done = True
        for provider in (self.tracer_provider(), self.meter_provider(), self._given[2]):
            flush = getattr(provider, "force_flush", None)
            if flush is not None:
                done = flush(timeout_ms) is not False and done
        return done


def is_kind(instance: Any, base: Any) -> bool:
    """Say whether the type of `instance` derives from `base`, whatever the instance claims.

    Stand-ins of tests claim to be instances and take only the arguments that they know.
    """
    return isinstance(base, type) and issubclass(type(instance), base)
