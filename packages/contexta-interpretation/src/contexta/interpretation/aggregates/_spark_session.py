"""Sessions of Spark Connect, and what Spark raises."""

from __future__ import annotations

from typing import Any

from contexta.contract.errors import DependencyError
from contexta.interpretation.aggregates.errors import AggregateError


def open_session(url: str, timeout_seconds: float) -> Any:
    """Open a session of the server at ``url``.

    Whether the server answers is looked at first: the client of Spark would go on trying for
    ten minutes.

    Raises:
        DependencyError: ``aggregates_spark_missing``.
        AggregateError: ``aggregates_connection_failed``.
    """
    try:
        import grpc
        from pyspark.errors import PySparkException
        from pyspark.sql.connect.client import DefaultChannelBuilder
        from pyspark.sql.connect.session import SparkSession
    except ImportError as error:
        raise DependencyError(
            "questions to Spark need pyspark with Spark Connect; "
            "pip install 'contexta-interpretation[spark]'",
            code="aggregates_spark_missing",
            details={"extra": "contexta-interpretation[spark]"},
            cause=error,
        ) from error
    try:
        with DefaultChannelBuilder(url).toChannel() as channel:
            grpc.channel_ready_future(channel).result(timeout=timeout_seconds)
        return SparkSession.builder.remote(url).create()
    except grpc.FutureTimeoutError as error:
        reason = f"nothing within {timeout_seconds:g} seconds"
        raise _unconnected(url, reason, error) from error
    except (PySparkException, grpc.RpcError, ValueError) as error:
        raise _unconnected(url, told(error), error) from error


def spark_errors() -> tuple[type[Exception], ...]:
    """Return what Spark raises; a classic session also lets errors of its Java gateway through."""
    from pyspark.errors import PySparkException

    try:
        from py4j.protocol import Py4JError
    except ImportError:  # the small client of Spark Connect has no gateway
        return (PySparkException,)
    return (PySparkException, Py4JError)


def failed(what: str, error: Exception) -> AggregateError:
    """Build the error of a question that Spark refused."""
    return AggregateError(
        f"Spark could not answer {what}: {told(error)}",
        code="aggregates_engine_failed",
        details={"engine": "spark", "question": what},
        cause=error,
    )


def told(error: Exception) -> str:
    """Return what an error says, without the pages of the server's stack."""
    return str(error).partition("JVM stacktrace")[0].partition("\n\tat ")[0].strip()[:1_000]


def _unconnected(url: str, reason: str, error: Exception) -> AggregateError:
    return AggregateError(
        f"no Spark Connect server answers at {url!r}: {reason}",
        code="aggregates_connection_failed",
        details={"url": url},
        cause=error,
    )
